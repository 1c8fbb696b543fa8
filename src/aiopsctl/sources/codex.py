"""Codex rollouts (`sessions/**/rollout-*.jsonl`): every `token_count` event that reports new usage is a call.

`last_token_usage` is what the last request used, `total_token_usage` the sum over the session; tokens read from the
cache are part of the input, and reasoning is part of the output. Codex repeats a `token_count` when only its rate limits
changed: lines with the same sum share the identity of the call. A usage of neither input nor output tokens is an
estimate of the context, no call. Errors of the model's API, where they are logged, are calls that failed.

Session, model and turn stand on lines before (`session_meta`, `turn_context`) and are carried forward to the calls, as
far as lines are read together: in a file of many megabytes they may be unknown until they are said again. The time of a
call is that of its end; there is no latency. Messages, tools and instructions are never read.
"""

import polars as pl

from aiopsctl.sources.source import LINE, TOTAL, Head, Source, first_of, shape, text

_SHAPE = frozenset({"timestamp", "type", "payload"})
_TYPES = ("session_meta", "turn_context", "event_msg", "response_item", "compacted")
_USAGE = (
    "input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens",
)  # fmt: skip
_ERRORS = (
    "context_window_exceeded", "usage_limit_exceeded", "rate_limit_exceeded", "server_overloaded",
    "internal_server_error", "unauthorized", "bad_request", "http_connection_failed",
    "response_stream_connection_failed", "response_stream_disconnected", "response_too_many_failed_attempts",
)  # fmt: skip
"""Errors of a request to the model; others are of the sandbox or of Codex itself."""

_FILE = pl.col(LINE) // 2**40
"""The file of a line: small files are read together, and lines are numbered on from a multiple of 2**40 in each."""

_LIMITED = ("usage_limit_exceeded", "rate_limit_exceeded")


def _detects(head: Head) -> bool:
    return any(record.keys() >= _SHAPE and record["type"] in _TYPES for record in head.records)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    kind, name = pl.col("type"), text("payload", "type")
    error = text("payload", "codex_error_info")
    found = raw.select(
        LINE,
        "timestamp",
        *(text("payload", "info", "last_token_usage", part).alias(part) for part in _USAGE),
        stated=text("payload", "info", "last_token_usage", "total_tokens"),
        total=text("payload", "info", "total_token_usage", "total_tokens"),
        session=_first(text("payload", "id"), kind == "session_meta"),
        provider=_first(text("payload", "model_provider"), kind == "session_meta"),
        turn=text("payload", "turn_id").forward_fill().over(_FILE),
        model=pl.when(kind == "turn_context").then(text("payload", "model")).forward_fill().over(_FILE),
        counted=(kind == "event_msg") & (name == "token_count"),
        error=pl.when((kind == "event_msg") & (name == "error")).then(error.str.extract("([a-z_]+)")),
        code=error.str.extract(r'http_status_code":\s*(\d+)'),
    ).with_columns(answered=pl.col("counted") & (_number("input_tokens") + _number("output_tokens") > 0))
    failed = pl.col("error").is_in(_ERRORS).fill_null(value=False)
    return found.select(
        LINE,
        "model",
        "provider",
        "input_tokens",
        "output_tokens",
        event=pl.lit("call"),
        ts="timestamp",
        request_id=pl.when("answered").then(_request_id()),
        trace_id="turn",
        session_id="session",
        status=pl.when("answered")
        .then(pl.lit("ok"))
        .when(pl.col("error").is_in(_LIMITED))
        .then(pl.lit("rate_limited")),
        http_status=pl.when(failed).then("code"),
        error_type=pl.when(failed).then("error"),
        cache_read_tokens="cached_input_tokens",
        cache_write_tokens="cache_write_input_tokens",
        reasoning_tokens="reasoning_output_tokens",
        **{TOTAL: "stated"},
        _other=~(pl.col("answered").fill_null(value=False) | failed),
    )


def _first(found: pl.Expr, where: pl.Expr) -> pl.Expr:
    """Return the first of the lines: a session that continues another one repeats that one's lines after its own."""
    return pl.when(where).then(found).drop_nulls().first().over(_FILE)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False)


def _request_id() -> pl.Expr:
    """Return the turn (or session, or time) in which the session's sum was first reported, and the sum."""
    sums = pl.when("answered").then("total")
    new = sums.is_not_null() & sums.ne_missing(sums.forward_fill().shift(1).over(_FILE))
    where = first_of(pl.col("turn"), pl.col("session"), pl.col("timestamp"))
    return pl.when(new).then(pl.concat_str(where, "total", separator=":")).forward_fill().over(_FILE)


SOURCE = Source(
    name="codex",
    title="Codex rollouts",
    detects=_detects,
    schema=shape(
        {
            "timestamp": None,
            "type": None,
            "payload": {
                **dict.fromkeys(("type", "id", "model", "model_provider", "turn_id", "codex_error_info")),
                "info": {
                    "last_token_usage": dict.fromkeys((*_USAGE, "total_tokens")),
                    "total_token_usage": {"total_tokens": None},
                },
            },
        }
    ),
    events=_events,
    sample="codex.jsonl",
)
