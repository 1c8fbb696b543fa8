"""Recorded HTTP exchanges with model providers, one a line: url, status, models, usage, error and headers.

A call is an exchange with a URL that runs a model (`_CALLS`); an assistant's run is one where it reports its usage. All
others are passed over. `date` is the provider's time in whole seconds; an exchange without it has no place in time.
`openai-processing-ms` is the latency as the provider sees it. The headers of a stream are sent before its answer, so a
stream has no latency. A recording that was copied keeps the provider's request id, and is one call. Limits are those of
the headers (see `_ratelimits.py`).

Usage is in each provider's own terms. Tokens of the cache come on top of the input at Anthropic and Bedrock, and are
part of it elsewhere; Gemini's thoughts come on top of its output. Cohere's `billed_units` leave out its own template,
of which its cached tokens are a part; its `tokens` are read.
"""

import polars as pl

from aiopsctl.sources import _ratelimits
from aiopsctl.sources._envelope import error_type
from aiopsctl.sources._paths import at_path, nested
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape, text

_SHAPE = frozenset({"method", "url", "status", "request_model", "response_model", "usage", "headers"})
_CALLS = (
    r"/(chat/)?completions$", r"/responses$", r"/embeddings$", r"/images/generations$",  # OpenAI and its like
    r"^/v1/messages$", r"/complete$",  # Anthropic, Aleph Alpha
    r"^/v\d/(chat|generate|embed|rerank)$",  # Cohere, Writer, Voyage
    r"^/api/(chat|generate|embed|embeddings)$",  # Ollama
    r"^/model/.+/(invoke|invoke-with-response-stream|converse|converse-stream)$",  # Bedrock
    r"/models/[^/]+:(generateContent|streamGenerateContent|embedContent|batchEmbedContents)$",  # Gemini
    r"^/endpoints/[^/]+/invocations", r"/predictions$",  # SageMaker, Replicate
    r"/generation/text(_stream)?$", r"/text/(generation|chat)(_stream)?$",  # watsonx
)  # fmt: skip
"""Paths of URLs that run a model."""

_RUN = r"/threads/[^/]+/runs"
_MODEL = (r"^/model/(?:.*/)?([^/]+)/", r"/models/([^/:]+):", r"/models/(.+)/predictions$", r"^/endpoints/([^/]+)/")
_PROVIDERS = {r"\.azure\.com$": "azure", r"\.amazonaws\.com$": "aws", r"\.googleapis\.com$": "google"}
"""Providers whose name is not the one in their host."""

_IDS = ("x-request-id", "request-id", "apim-request-id", "x-kong-request-id")
_PROCESSING = ("openai-processing-ms", "x-envoy-upstream-service-time")

_USAGE: dict[str, tuple[str, ...]] = {
    "input": ("prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount", "tokens.input_tokens"),
    "output": ("completion_tokens", "output_tokens", "outputTokens", "tokens.output_tokens"),
    "total": ("total_tokens",),
    "part": (
        "prompt_tokens_details.cached_tokens", "prompt_token_details.cached_tokens",
        "input_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cachedContentTokenCount", "cached_tokens",
    ),
    "read": ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
    "write": ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"),
    "write_1h": ("cache_creation.ephemeral_1h_input_tokens",),
    "reasoning": (
        "completion_tokens_details.reasoning_tokens", "completion_token_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
    ),
    "candidates": ("candidatesTokenCount",),
    "thoughts": ("thoughtsTokenCount",),
}  # fmt: skip
"""Spellings of what usage counts; `read` and `write` are no part of the input, `part` is."""


def _detects(head: Head) -> bool:
    return head.container in ("jsonl", "json") and head.names >= _SHAPE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    path = pl.col("url").str.extract(r"^\w+://[^/?]+([^?#]*)")
    found = raw.with_columns(
        *(_count(*paths).alias(name) for name, paths in _USAGE.items()),
        host=pl.col("url").str.extract(r"^\w+://([^/:?]+)").str.to_lowercase(),
        path=path.str.replace_all("(?i)%3A", ":").str.replace_all("(?i)%2F", "/"),
        streamed=(pl.col("stream") == "true") | text("headers", "content-type").str.contains("stream"),
    )
    failure = error_type(pl.col("error"))
    return found.select(
        LINE,
        event=pl.lit("call"),
        ts=_time(),
        request_id=first_of(*(text("headers", name) for name in _IDS), pl.concat_str("cassette", "seq", separator="#")),
        trace_id="cassette",
        provider=_provider(),
        model=first_of(pl.col("request_model"), _model(), pl.col("response_model")),
        model_version="response_model",
        status=pl.when(failure == "content_filter").then(pl.lit("filtered")),
        http_status="status",
        error_type=failure,
        latency_ms=pl.when(~pl.col("streamed").fill_null(value=False)).then(_processing()),
        input_tokens=_input_tokens(),
        cache_read_tokens=first_of(pl.col("read"), pl.col("part")),
        cache_write_tokens="write",
        cache_write_1h_tokens="write_1h",
        output_tokens=first_of(pl.col("output"), pl.col("candidates") + pl.col("thoughts").fill_null(0)),
        reasoning_tokens=first_of(pl.col("reasoning"), pl.col("thoughts")),
        cost_usd=pl.when(text("usage", "cost").cast(pl.Float64, strict=False) > 0).then(text("usage", "cost")),
        **_ratelimits.columns(lambda name: text("headers", name)),
        _other=_other(),
    )


def _count(*paths: str) -> pl.Expr:
    return first_of(*(at_path(path, "usage").cast(pl.Int64, strict=False) for path in paths))


def _time() -> pl.Expr:
    """Return the date of the answer, whatever weekday it says; one that cannot be read stays as it is, to be rejected."""
    said = text("headers", "date")
    date = said.str.extract(r"(\d\d? \w{3} \d{4} \d\d:\d\d:\d\d) GMT")
    date = date.str.to_datetime("%d %b %Y %H:%M:%S", strict=False)
    return first_of(date.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), said)


def _provider() -> pl.Expr:
    """Return who serves the model, by the name of the host; this machine is no provider."""
    host = pl.col("host")
    known = (pl.when(host.str.contains(ending)).then(pl.lit(name)) for ending, name in _PROVIDERS.items())
    return first_of(*known, host.str.extract(r"([\w-]+)\.[a-z]+$"))


def _model() -> pl.Expr:
    return first_of(*(pl.col("path").str.extract(pattern) for pattern in _MODEL))


def _processing() -> pl.Expr:
    """Return the milliseconds that the provider took; a header that was sent twice has them first."""
    return first_of(*(text("headers", name).str.extract(r"(\d+)") for name in _PROCESSING))


def _input_tokens() -> pl.Expr:
    """Return all input tokens; a usage that only has a total counts input alone."""
    whole = pl.col("input") + pl.sum_horizontal("read", "write")
    return first_of(whole, pl.when(pl.col("output").is_null()).then("total"))


def _other() -> pl.Expr:
    posted = (pl.col("method").str.to_uppercase() == "POST") & pl.col("path").str.contains("|".join(_CALLS))
    run = pl.col("path").str.contains(_RUN) & pl.col("input").is_not_null()
    return ~(posted | run).fill_null(value=False)


SOURCE = Source(
    name="cassette",
    title="Recorded HTTP exchanges with model providers",
    detects=_detects,
    schema=shape(
        {
            **dict.fromkeys(("method", "url", "status", "request_model", "response_model", "stream", "error")),
            **dict.fromkeys(("cassette", "seq")),
            "usage": nested(("cost", *(path for paths in _USAGE.values() for path in paths))),
            "headers": dict.fromkeys(("date", "content-type", *_IDS, *_PROCESSING, *_ratelimits.NAMES)),
        }
    ),
    events=_events,
    sample="cassette.jsonl",
)
