"""Codex rollouts (`sessions/**/rollout-*.jsonl`): every `token_count` event that reports new usage is a call.

`last_token_usage` is what the last request used, `total_token_usage` the sum over the session; tokens read from the
cache are part of the input, and reasoning is part of the output. Codex repeats a `token_count` when only its rate limits
changed: lines with the same sum share the identity of the call. A usage of neither input nor output tokens is an
estimate of the context, no call. Errors of the model's API, where they are logged, are calls that failed.

Session, model and turn stand on lines before (`session_meta`, `turn_context`) and are carried forward to the calls, as
is the last sum. The time of a call is that of its end; there is no latency. Messages, tools and instructions are never
read.
"""

import polars as pl

from aiopsctl.sources.source import FILE_BITS, LINE, TOTAL, Head, Source, first_of, shape, text

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

_FILE = pl.col(LINE) // 2**FILE_BITS
"""The file of a line: small files are read together."""

_LIMITED = ("usage_limit_exceeded", "rate_limit_exceeded")


def _detects(head: Head) -> bool:
    told = head.names >= _SHAPE
    return told and any(record.keys() >= _SHAPE and record["type"] in _TYPES for record in head.records)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    found = _said(raw)
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


def _said(raw: pl.DataFrame) -> pl.DataFrame:
    """Return what each line says, with the session, turn and model that it is in."""
    kind, name = pl.col("type"), text("payload", "type")
    error = text("payload", "codex_error_info")
    return raw.select(
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


def _carries(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that name the session, and the last ones that name turn, model and a new sum with its turn."""
    line, kind = pl.col(LINE), pl.col("type")
    new = pl.lit(_said(raw).select(line.filter(_is_new()).last()).item(), pl.Int64)
    begins, turns = kind == "session_meta", text("payload", "turn_id").is_not_null()
    needed = raw.select(
        session=line.filter(begins & text("payload", "id").is_not_null()).first(),
        provider=line.filter(begins & text("payload", "model_provider").is_not_null()).first(),
        model=line.filter((kind == "turn_context") & text("payload", "model").is_not_null()).last(),
        turn=line.filter(turns).last(),
        new=new,
        turn_of_new=line.filter(turns & (line <= new)).last(),
    )
    return raw.filter(line.is_in([each for each in needed.row(0) if each is not None]))


def _first(found: pl.Expr, where: pl.Expr) -> pl.Expr:
    """Return the first of the lines: a session that continues another one repeats that one's lines after its own."""
    return pl.when(where).then(found).drop_nulls().first().over(_FILE)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False)


def _request_id() -> pl.Expr:
    """Return the turn (or session, or time) in which the session's sum was first reported, and the sum."""
    where = first_of(pl.col("turn"), pl.col("session"), pl.col("timestamp"))
    return pl.when(_is_new()).then(pl.concat_str(where, "total", separator=":")).forward_fill().over(_FILE)


def _is_new() -> pl.Expr:
    """Return whether a line reports a sum other than the one before it."""
    sums = pl.when("answered").then("total")
    return sums.is_not_null() & sums.ne_missing(sums.forward_fill().shift(1).over(_FILE))


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
    carries=_carries,
    sample="codex.jsonl",
)
