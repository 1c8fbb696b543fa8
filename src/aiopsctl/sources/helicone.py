"""Helicone's export of requests (JSON, JSONL, or the CSV with twelve columns), with the feedback and scores on them.

Latency is from request to response where both times are there, else `delay_ms`; times without a zone are UTC. Cost is in
dollars; 0 is written for a model without a price and is unknown, as are 0 tokens, 0 ms to the first token and the user
`undefined`. A request that names another one's answer as its `cache_reference_id` was answered from Helicone's own cache:
it is free and has no tokens. All others have a reference of zeros, or none.

Whether prompt tokens include the cached ones depends on the provider: Anthropic's do not, and neither does a count that
is smaller than its cached part. Below 100 the status is Helicone's own: -3 is cancelled by the client, -2 a timeout.

A rating is a thumb, at the time that it was given where that is told; newer exports have it among the scores. Each other
score is an `eval` at the time of its request. Custom properties are a map of any names: `feature` and `environment` are
looked into, and Helicone's own for session and session name. Bodies are never read.
"""

import polars as pl

from aiopsctl.sources import _export as export
from aiopsctl.sources.source import LINE, TOTAL, Head, Source, first_of, shape

_SAID: dict[str, tuple[str, ...]] = {
    "request_id": ("request_id", "response_id"),
    "started": ("request_created_at",),
    "ended": ("response_created_at",),
    "delay": ("delay_ms", "latency"),
    "ttft": ("time_to_first_token",),
    "code": ("response_status",),
    "user_id": ("request_user_id", "helicone_user"),
    "country": ("country_code",),
    "provider": ("provider",),
    "model": ("model_override", "request_model", "model", "response_model"),
    "model_version": ("response_model",),
    "prompt_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("prompt_cache_read_tokens",),
    "cache_write_tokens": ("prompt_cache_write_tokens",),
    "cost": ("costUSD", "cost", "cost_usd"),
    "prompt_id": ("prompt_id",),
    "prompt_version": ("prompt_version",),
    "reference": ("cache_reference_id",),
    "rating": ("feedback_rating",),
    "rated": ("feedback_created_at",),
    "scores": ("scores",),
    "properties": ("request_properties", "properties"),
}
"""What a request says, and the names that say it."""

_NAMES = export.names(_SAID)
_SHAPE = frozenset({"request_created_at", "response_status", "request_user_id"})
_IDS = frozenset({"request_id", "response_id"})
_TOKENS = ("prompt_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_NOBODY = ("undefined", "null")
_NO_REFERENCE = "00000000-0000-0000-0000-000000000000"
_RATING = "helicone-score-feedback"
_BOOLEAN = r"-hcone-bool$"
_SCORE = r'"[^"\\]+"\s*:\s*(?:\{\s*"value"\s*:\s*)?(?:-?\d[\d.eE+-]*|true|false)'
_HTTP = 100


def _detects(head: Head) -> bool:
    return head.names >= _SHAPE and bool(head.names & _IDS)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    found = (
        export.said(export.flat(raw, _NAMES), _SAID)
        .with_columns(
            pl.col("user_id").replace(dict.fromkeys(_NOBODY)),
            pl.col("provider").str.to_lowercase(),
            *(export.number(pl.col(name)) for name in (*_TOKENS, "cost", "code")),
            session_id=export.text_in(pl.col("properties"), "(?i:helicone-session-id)"),
            cached=pl.col("reference").is_not_null() & (pl.col("reference") != _NO_REFERENCE),
        )
        .with_columns(pl.col("cached").fill_null(value=False))
    )
    rows = pl.concat([_calls(found), _thumbs(found), _evaluations(found)], how="diagonal_relaxed")
    return rows.with_columns(_other=pl.lit(value=False)).sort(LINE, maintain_order=True)


def _calls(found: pl.DataFrame) -> pl.DataFrame:
    used, cached = pl.sum_horizontal("prompt_tokens", "output_tokens") > 0, pl.col("cached")
    apart = pl.col("provider") == "anthropic"
    prompt = export.whole_input(*(pl.col(name) for name in ("prompt_tokens", *_TOKENS[2:])), apart=apart)
    return found.select(
        LINE,
        *("request_id", "session_id", "user_id", "country", "provider", "model", "model_version"),
        event=pl.lit("call"),
        ts=export.utc(pl.col("started")),
        feature=export.text_in(pl.col("properties"), "(?i:feature)", "(?i:helicone-session-name)"),
        environment=export.text_in(pl.col("properties"), "(?i:environment|env)"),
        prompt_version=export.versioned(pl.col("prompt_id"), pl.col("prompt_version")),
        status=_status(),
        http_status=pl.when(pl.col("code") >= _HTTP).then("code"),
        latency_ms=first_of(export.milliseconds("started", "ended"), _positive("delay")),
        ttft_ms=_positive("ttft"),
        cache_hit="cached",
        input_tokens=pl.when(used | cached).then(prompt),
        output_tokens=pl.when(used | cached).then("output_tokens"),
        cache_read_tokens=pl.when(used).then("cache_read_tokens"),
        cache_write_tokens=pl.when(used).then("cache_write_tokens"),
        cost_usd=pl.when((pl.col("cost") != 0) | cached).then("cost"),
        **{TOTAL: pl.when(used & (prompt == pl.col("prompt_tokens"))).then(export.number(pl.col("total_tokens")))},
    )


def _positive(name: str) -> pl.Expr:
    said = export.number(pl.col(name))
    return pl.when(said > 0).then(said)


def _status() -> pl.Expr:
    """Return how a call ended where that is no HTTP status: what Helicone saw of the connection."""
    code = pl.col("code")
    return (
        pl.when(code == -3).then(pl.lit("cancelled"))
        .when(code == -2).then(pl.lit("timeout"))
        .when(code < 0).then(pl.lit("error"))
    )  # fmt: skip


def _thumbs(found: pl.DataFrame) -> pl.DataFrame:
    """Return ratings: from the feedback on the request, else from the scores."""
    scored = export.number_in(pl.col("scores"), _RATING, rf'{_RATING}"\s*:\s*\{{\s*"value')
    value = first_of(pl.col("rating"), scored.cast(pl.Int64).cast(pl.String))
    time = first_of(pl.when(pl.col("rating").is_not_null()).then("rated"), pl.col("started"))
    return found.filter(value.is_not_null()).select(*_about(), kind=pl.lit("thumb"), ts=export.utc(time), value=value)


def _evaluations(found: pl.DataFrame) -> pl.DataFrame:
    """Return the scores of each request, a row each."""
    rows = found.with_columns(pair=pl.col("scores").str.extract_all(_SCORE)).explode("pair").drop_nulls("pair")
    name = pl.col("pair").str.extract(r'^"([^"]+)"')
    value = pl.col("pair").str.extract(r"([^:\s{]+)$").replace({"true": "1", "false": "0"})
    return rows.filter(name != _RATING).select(
        *_about(),
        kind=pl.lit("eval"),
        ts=export.utc(pl.col("started")),
        category=name.str.replace(_BOOLEAN, ""),
        value=value,
    )


def _about() -> list[pl.Expr]:
    """Return what feedback says of its call."""
    return [pl.col(LINE), pl.lit("feedback").alias("event"), *map(pl.col, ("request_id", "session_id", "user_id"))]


SOURCE = Source(
    name="helicone",
    title="Helicone requests",
    detects=_detects,
    schema=shape(dict.fromkeys(_NAMES)),
    events=_events,
    sample="helicone.jsonl",
)
