"""Anthropic Messages as an application logs them, and the results of message batches.

A message is found at the top level of a record, or under `response`, `body` or `response.body`; in a batch's results
under `result.message`. The other names at the top level are the application's envelope.

Anthropic's `input_tokens` are those that were neither read from the cache nor written to it: the input is the sum of the
three. `output_tokens` include thinking. A refusal is an answer that was filtered. A result of a batch that was not
processed within a day is a timeout, and everything in a batch has the service tier `batch`.

A message says neither when it was made nor how long it took. Both come from the envelope; where no envelope tells the
time (batch results never do), the file is of the second format, whose calls have no time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from aiopsctl.sources._envelope import METADATA, TIMES, TOLD, Layout, at, status, within
from aiopsctl.sources.source import LINE, Head, Source, first_of, text

_PLACES: tuple[tuple[str, ...], ...] = (("result", "message"), ("response", "body"), ("response",), ("body",), ())

_COLUMNS: dict[str, tuple[str, ...]] = {
    "request_id": ("id", "_request_id", "request_id"),
    "finish_reason": ("stop_reason",),
    "service_tier": ("usage.service_tier",),
    "cache_read_tokens": ("usage.cache_read_input_tokens",),
    "cache_write_tokens": ("usage.cache_creation_input_tokens",),
    "cache_write_1h_tokens": ("usage.cache_creation.ephemeral_1h_input_tokens",),
    "output_tokens": ("usage.output_tokens",),
    "reasoning_tokens": ("usage.output_tokens_details.thinking_tokens",),
}
"""Where a message has a canonical column."""

_INPUT = ("usage.input_tokens", "usage.cache_read_input_tokens", "usage.cache_creation_input_tokens")
"""The parts of the input: they do not overlap."""

_ENDS = {"errored": "error", "canceled": "cancelled", "expired": "timeout"}
"""How a request of a batch ended, and what that is here."""

_RESULTS = ("succeeded", *_ENDS)
_ERRORS = (
    "api_error", "authentication_error", "billing_error", "invalid_request_error", "not_found_error",
    "overloaded_error", "permission_error", "rate_limit_error", "request_too_large", "timeout_error",
)  # fmt: skip
_STREAMED = (
    "message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta",
    "content_block_stop", "ping",
)  # fmt: skip
"""Types of events of a stream: none of them is a call by itself."""

_FIELDS: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "type", "model", "stop_reason", "error", "request_id", "_request_id", "status", "status_code")
    ),
    "metadata": dict.fromkeys(METADATA),
    "usage": {
        **dict.fromkeys(("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")),
        "cache_creation": {"ephemeral_1h_input_tokens": None},
        "output_tokens_details": {"thinking_tokens": None},
        "service_tier": None,
    },
}
_LAYOUT = Layout(
    places=_PLACES,
    columns=_COLUMNS,
    request={"model": ("model",), "service_tier": ("service_tier",)},
    fields=_FIELDS,
    nested={},
)


def _detects(head: Head) -> bool:
    return any(_ours(head))


def _detects_timed(head: Head) -> bool:
    return any(record.get(name) for record in _ours(head) for name in TIMES)


def _ours(head: Head) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a head that are Anthropic's; that most files have none is told by their names alone."""
    places = within(_PLACES, head, "type")
    if places or "custom_id" in head.names:
        yield from (record for record in head.records if _is_anthropic(record, places))


def _is_anthropic(record: Mapping[str, Any], places: Sequence[tuple[str, ...]]) -> bool:
    """Return whether a record is, or has at a place, a message or an error of Anthropic's, or is a result of a batch."""
    if "custom_id" in record and at(record, ("result", "type")) in _RESULTS:
        return True
    return any(_is_message(inner) for inner in (at(record, place) for place in places) if isinstance(inner, dict))


def _is_message(inner: Mapping[str, Any]) -> bool:
    if inner.get("type") == "error":
        return at(inner, ("error", "type")) in _ERRORS
    return inner.get("type") == "message" and inner.get("role") == "assistant" and "usage" in inner


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    result = text("result", "type")
    found = _LAYOUT.read(
        raw,
        SOURCE.schema,
        {"input_tokens": [_input_tokens()], "model_version": _model_version()},
        errors=[text("result", "error")],
        type=first_of(*_LAYOUT.everywhere("type")),
        result=result,
    ).with_columns(
        word=first_of(pl.col("word"), pl.col("result").replace(_ENDS)),
        error_type=first_of(pl.col("error_type"), pl.when(pl.col("result") == "expired").then(pl.lit("expired"))),
        service_tier=pl.when(pl.col("result").is_not_null()).then(pl.lit("batch")).otherwise("service_tier"),
        provider=first_of(pl.col("provider"), pl.lit("anthropic")),
    )
    refused = pl.col("finish_reason") == "refusal"
    return found.select(LINE, *TOLD, status=status(filtered=refused, answered=_is_answer()), _other=_other())


def _input_tokens() -> pl.Expr:
    """Return all input tokens of the innermost message; null where it counts none."""
    parts = [[text(*place, *path.split(".")).cast(pl.Int64, strict=False) for path in _INPUT] for place in _PLACES]
    sums = [pl.when(own[0].is_not_null()).then(pl.sum_horizontal(own)) for own in parts]
    return first_of(*sums).cast(pl.String)


def _model_version() -> list[pl.Expr]:
    """Return the model that answered: at the top level that is one only in a message that is flat."""
    *nested, top = _LAYOUT.everywhere("model")
    return [*nested, pl.when(text("usage").is_not_null()).then(top)]


def _is_answer() -> pl.Expr:
    return (pl.col("type") == "message") | pl.col("input_tokens").is_not_null()


def _other() -> pl.Expr:
    """Return whether a record is no call: it has to be a message, a result of a batch, or a failed request."""
    failed = pl.col("error").str.starts_with("{") | pl.col("requested")
    told = pl.col("result").is_not_null() | pl.col("model").is_not_null() | failed.fill_null(value=False)
    return pl.col("type").is_in(_STREAMED).fill_null(value=False) | ~(_is_answer().fill_null(value=False) | told)


SOURCE = Source(
    name="anthropic",
    title="Anthropic messages logged by the application",
    detects=_detects_timed,
    schema=_LAYOUT.schema({"result": {"type": None, "error": None}}),
    events=_events,
    sample="anthropic.jsonl",
)

UNTIMED = Source(
    name="anthropic_batch",
    title="Anthropic message batch results, and messages logged without a time",
    detects=_detects,
    schema=SOURCE.schema,
    events=_events,
    timed=False,
    sample="anthropic_batch.jsonl",
)
