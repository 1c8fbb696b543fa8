"""Claude Code sessions (`projects/<project>/<session>.jsonl`): the assistant's lines that carry usage are the calls.

One response is written as several lines, one for each block of its content and each partial state of a stream; they
share `message.id` and `requestId`, which together are the identity of the call. A response that stands in the main chain
and in a sub-agent's is that of the main chain, unless the other one counts more. Tokens are Anthropic's: the input is the
sum of what was read from the cache, written to it, and neither. Lines of sub-agents hold the same under `data.message`.

A line that reports an API error is a call that failed; it names no model, and its zeros count nothing. The attempts that
Claude Code repeated by itself are no calls of their own. Turns of the user, tools, summaries and snapshots are passed
over. There is no latency in the format. Project and folder may be private and are not read, so calls have no feature.
"""

import polars as pl

from aiopsctl.sources._paths import at_path, nested
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape

_INPUT = (
    "message.usage.input_tokens",
    "message.usage.cache_read_input_tokens",
    "message.usage.cache_creation_input_tokens",
)
"""The parts of the input: they do not overlap."""

_HOURLY = "message.usage.cache_creation.ephemeral_1h_input_tokens"
_OUTPUT, _TIER = "message.usage.output_tokens", "message.usage.service_tier"
_THINKING = "message.usage.output_tokens_details.thinking_tokens"
_FIELDS = (
    "type", "timestamp", "uuid", "requestId", "costUSD", "isSidechain", "isApiErrorMessage", "apiErrorStatus", "error",
    "message.id", "message.model", "message.stop_reason", *_INPUT, _HOURLY, _OUTPUT, _THINKING, _TIER,
)  # fmt: skip
"""What is read of a line."""

_SYNTHETIC = "<synthetic>"
"""The model of lines that Claude Code wrote itself."""


_SHAPES = (frozenset({"sessionId", "uuid", "message", "type"}), frozenset({"type", "summary", "leafUuid"}))


def _detects(head: Head) -> bool:
    """Claim files in which a line is a message of a session, or the summary of one."""
    shapes = [shape for shape in _SHAPES if head.names >= shape]
    return any(record.keys() >= shape for shape in shapes for record in head.records)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    found = raw.select(LINE, "sessionId", *(_either(path).alias(path) for path in _FIELDS)).with_columns(
        model=pl.col("message.model").replace(_SYNTHETIC, None),
        failed=(pl.col("isApiErrorMessage") == "true").fill_null(value=False),
        error=pl.col("error").str.extract(r"^([A-Za-z_]+)$"),
        aside=(pl.col("isSidechain") == "true").fill_null(value=False),
    )
    found = found.sort("aside", maintain_order=True)  # of equal records the first is kept
    return found.select(
        LINE,
        "model",
        event=pl.lit("call"),
        ts="timestamp",
        request_id=_request_id(),
        session_id="sessionId",
        provider=pl.when(pl.col("model").str.starts_with("claude")).then(pl.lit("anthropic")),
        service_tier=_answered(pl.col(_TIER)),
        status=_status(),
        http_status=pl.when("failed").then("apiErrorStatus"),
        error_type=pl.when("failed").then("error"),
        finish_reason=_answered(pl.col("message.stop_reason")),
        input_tokens=_answered(pl.sum_horizontal(_tokens(part) for part in _INPUT)),
        cache_read_tokens=_answered(_tokens(_INPUT[1])),
        cache_write_tokens=_answered(_tokens(_INPUT[2])),
        cache_write_1h_tokens=_answered(_tokens(_HOURLY)),
        output_tokens=_answered(_tokens(_OUTPUT)),
        reasoning_tokens=_answered(_tokens(_THINKING)),
        cost_usd=pl.when(pl.col("costUSD").cast(pl.Float64, strict=False) > 0).then("costUSD"),
        _other=_other(),
    )


def _either(path: str) -> pl.Expr:
    """Return a field of the line of a sub-agent that a line holds, else of the line itself."""
    return first_of(at_path(path, "data", "message"), at_path(path))


def _tokens(path: str) -> pl.Expr:
    return pl.col(path).cast(pl.Int64, strict=False)


def _answered(found: pl.Expr) -> pl.Expr:
    """Return what calls that were answered say: an error's zeros are no count."""
    return pl.when(~pl.col("failed")).then(found)


def _request_id() -> pl.Expr:
    """Return what the lines of one response share; a line without it stands for itself."""
    parts = pl.concat_str("message.id", "requestId", separator=":", ignore_nulls=True)
    return (
        pl.when(pl.col("message.id").is_not_null()).then(parts).otherwise(first_of(pl.col("requestId"), pl.col("uuid")))
    )


def _status() -> pl.Expr:
    """Return how a call ended; null leaves it to the HTTP status or the name of the error."""
    told = pl.col("apiErrorStatus").is_not_null() | pl.col("error").is_not_null()
    return pl.when(~pl.col("failed")).then(pl.lit("ok")).when(~told).then(pl.lit("error"))


def _other() -> pl.Expr:
    answered = pl.col(_INPUT[0]).is_not_null() & pl.col("message.model").ne_missing(_SYNTHETIC)
    of_assistant = (pl.col("type") == "assistant") | pl.col("type").is_null()
    return ~(of_assistant & (answered | pl.col("failed"))).fill_null(value=False)


SOURCE = Source(
    name="claude_code",
    title="Claude Code sessions",
    detects=_detects,
    schema=shape({"sessionId": None, **nested(_FIELDS), "data": {"message": nested(_FIELDS)}}),
    events=_events,
    together=True,
    sample="claude_code.jsonl",
)
