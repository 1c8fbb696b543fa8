"""The log of the `llm` tool (`llm logs --json`, or its table `responses`): every row is a call that was answered.

`duration_ms` is milliseconds, `datetime_utc` is UTC also where it names no zone. Calls that failed are not logged, so how
calls end is unknown, not ok. `token_details` keeps the provider's own counts: Anthropic's cached tokens come on top of
`input_tokens`, those of others are part of it. Prompt and response are not read with the log, and the
conversation's name never.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, first_of, shape

_SHAPE = frozenset({"id", "model", "prompt", "response", "conversation_id", "duration_ms", "datetime_utc"})
_READ = (
    "id", "model", "resolved_model", "conversation_id", "duration_ms", "datetime_utc", "input_tokens", "output_tokens",
    "token_details",
)  # fmt: skip
_PARTS = ("cached_tokens", "cachedContentTokenCount")
"""Cached tokens that are part of the input: OpenAI's and Gemini's."""

_READS, _WRITES = "cache_read_input_tokens", "cache_creation_input_tokens"
_HOURLY = "ephemeral_1h_input_tokens"
_REASONING = ("reasoning_tokens", "thoughtsTokenCount", "thinking_tokens")


def _detects(head: Head) -> bool:
    return head.names >= _SHAPE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    absent = (pl.lit(None, pl.String).alias(name) for name in _READ if name not in raw.columns)
    said = raw.with_columns(absent)
    said_time = pl.col("datetime_utc")
    on_top = pl.sum_horizontal(_detail(_READS), _detail(_WRITES))
    return said.select(
        LINE,
        "model",
        "output_tokens",
        event=pl.lit("call"),
        ts=pl.when(said_time.str.contains(r"(Z|[+-]\d\d:?\d\d)$")).then(said_time).otherwise(said_time + "Z"),
        request_id="id",
        session_id="conversation_id",
        provider=pl.col("model").str.extract(r"^([^/]+)/"),
        model_version="resolved_model",
        latency_ms="duration_ms",
        input_tokens=pl.col("input_tokens").cast(pl.Int64, strict=False) + on_top,
        cache_read_tokens=first_of(_detail(_READS), *(_detail(name) for name in _PARTS)),
        cache_write_tokens=_detail(_WRITES),
        cache_write_1h_tokens=_detail(_HOURLY),
        reasoning_tokens=first_of(*(_detail(name) for name in _REASONING)),
        _other=pl.lit(value=False),
    )


def _detail(name: str) -> pl.Expr:
    return pl.col("token_details").str.extract(rf'"{name}":\s*(\d+)').cast(pl.Int64)


SOURCE = Source(
    name="llm",
    title="Log of the llm command-line tool",
    detects=_detects,
    schema=shape(dict.fromkeys(_READ)),
    events=_events,
    texts={"prompt": (("prompt",),), "output": (("response",),)},
    sample="llm.json",
)
