"""OpenAI objects as an application logs them: chat completions, responses, text completions and embeddings.

An object is found at the top level of a record, or under `response`, `body` or `response.body` (the output of a batch).
The other names at the top level are the application's envelope. A response's own `completed_at - created_at` is its
latency; where both are whole seconds only if the envelope has none. Without a time in the envelope `created` or
`created_at` is the time.

An object that is not finished (`queued`, `in_progress`, a chunk without usage) is no call yet, and is passed over, as
is a record that is neither an object nor an error. In a batch's output a request that failed has no object, and so no
time: such a file is of the second format, whose calls may have none. `prompt` and `conversation` are read inside a wrapped response only:
at the top level applications keep the text of the prompt under that name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from aiopsctl.sources._envelope import METADATA, TIMES, TOLD, Layout, at, status, within
from aiopsctl.sources.source import LINE, TOTAL, Head, Source, first_of, text

_OBJECT: dict[str, tuple[str, ...]] = {
    "ts": ("created", "created_at"),
    "request_id": ("id", "x_request_id", "_request_id", "request_id"),
    "user_id": ("safety_identifier", "user"),
    "service_tier": ("service_tier",),
    "input_tokens": ("usage.prompt_tokens", "usage.input_tokens"),
    "cache_read_tokens": ("usage.prompt_tokens_details.cached_tokens", "usage.input_tokens_details.cached_tokens"),
    "cache_write_tokens": (
        "usage.prompt_tokens_details.cache_write_tokens", "usage.input_tokens_details.cache_write_tokens",
    ),
    "output_tokens": ("usage.completion_tokens", "usage.output_tokens"),
    "reasoning_tokens": (
        "usage.completion_tokens_details.reasoning_tokens", "usage.output_tokens_details.reasoning_tokens",
    ),
}  # fmt: skip
"""Where an object has a canonical column: in a chat completion, then in a response."""

_REQUEST: dict[str, tuple[str, ...]] = {
    "model": ("model",),
    "user_id": ("safety_identifier", "user"),
    "service_tier": ("service_tier",),
}

_PLACES: tuple[tuple[str, ...], ...] = (("response", "body"), ("response",), ("body",), ())
"""Where an object may be; the last is the top level, which is the envelope at the same time."""

_WRAPPED = _PLACES[:-1]

_CALLS = ("chat.completion", "chat.completion.chunk", "response", "text_completion", "list")
"""Objects that are a call; a list is one of embeddings."""

_OWN = ("chat.completion", "chat.completion.chunk", "response", "text_completion")
"""Objects that are of this format beyond doubt."""

_BATCH = frozenset({"custom_id", "response", "error"})
"""Names of a line of a batch's output."""

_FILTERED = ("content_filter", "content_policy_violation")

_DETAILS = {"cached_tokens": None, "cache_write_tokens": None}
_FIELDS: dict[str, Any] = {
    **dict.fromkeys(
        (
            "id", "object", "created", "created_at", "completed_at", "model", "status", "status_code", "error",
            "service_tier", "user", "safety_identifier", "request_id", "x_request_id", "_request_id",
        )
    ),
    "metadata": dict.fromkeys(METADATA),
    "choices": [{"finish_reason": None}],
    "incomplete_details": {"reason": None},
    "usage": {
        **dict.fromkeys(("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens")),
        "prompt_tokens_details": _DETAILS, "input_tokens_details": _DETAILS,
        "completion_tokens_details": {"reasoning_tokens": None}, "output_tokens_details": {"reasoning_tokens": None},
    },
}  # fmt: skip
_LAYOUT = Layout(
    places=_PLACES,
    columns=_OBJECT,
    request=_REQUEST,
    fields=_FIELDS,
    nested={"prompt": {"id": None, "version": None}, "conversation": None},
)


def _detects(head: Head) -> bool:
    places = within(_PLACES, head, "object")
    told = bool(places) or head.names >= _BATCH
    return told and any(_is_openai(record, places) for record in head.records)


def _detects_batch(head: Head) -> bool:
    batch = (record.keys() >= _BATCH and not any(record.get(name) for name in TIMES) for record in head.records)
    return bool(head.records) and all(batch)


def _is_openai(record: Mapping[str, Any], places: Sequence[tuple[str, ...]]) -> bool:
    """Return whether a record is, or has at a place, an OpenAI object, or is a line of a batch's output."""
    if record.keys() >= _BATCH:
        return True
    found = (at(record, place) for place in places)
    return any(inner.get("object") in _OWN or _is_embedding(inner) for inner in found if isinstance(inner, dict))


def _is_embedding(inner: Mapping[str, Any]) -> bool:
    return inner.get("object") == "list" and inner.keys() >= {"data", "model", "usage"}


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    found = _LAYOUT.read(
        raw,
        SOURCE.schema,
        _shaped(),
        took=pl.when((_seconds("completed_at") % 1 + _seconds("created_at") % 1) > 0).then(_took()),
        custom_id=text("custom_id"),
        object=first_of(*_LAYOUT.everywhere("object")),
        total=first_of(*_LAYOUT.everywhere("usage.total_tokens")),
    ).with_columns(
        service_tier=pl.when(pl.col("custom_id").is_not_null()).then(pl.lit("batch")).otherwise("service_tier"),
        provider=first_of(pl.col("provider"), pl.lit("openai")),
    )
    filtered = (pl.col("finish_reason") == "content_filter") | pl.col("error_type").str.to_lowercase().is_in(_FILTERED)
    answered = pl.col("object").is_in(_CALLS) | pl.col("input_tokens").is_not_null()
    told = {TOTAL: pl.col("total"), "status": status(filtered=filtered, answered=answered)}
    return found.select(LINE, *TOLD, **told, _other=_other())


def _shaped() -> dict[str, list[pl.Expr]]:
    """Return canonical columns that take more than a path to find in an object."""
    return {
        "latency_ms": [_took()],
        "model_version": _model_version(),
        "finish_reason": _finish_reason(),
        "prompt_version": _prompt_version(),
        "session_id": _session_id(),
    }


def _took() -> pl.Expr:
    """Return the milliseconds from a response's creation to its completion."""
    return (_seconds("completed_at") - _seconds("created_at")) * 1e3


def _seconds(field: str) -> pl.Expr:
    return first_of(*_LAYOUT.everywhere(field)).cast(pl.Float64, strict=False)


def _other() -> pl.Expr:
    """Return whether a record is no call, or not yet: what is no object has to name a model, or be a failed request."""
    kind, usage = pl.col("object"), pl.col("input_tokens").is_not_null()
    unfinished = pl.col("word").is_in(["queued", "in_progress"]) | ((kind == "chat.completion.chunk") & ~usage)
    failed_request = pl.col("error").str.starts_with("{") | pl.col("requested") | pl.col("custom_id").is_not_null()
    evident = usage | pl.col("model").is_not_null() | failed_request.fill_null(value=False)
    call = pl.when(kind.is_not_null()).then(kind.is_in(_CALLS)).otherwise(evident)
    return unfinished.fill_null(value=False) | ~call


def _model_version() -> list[pl.Expr]:
    """Return the model of the object: at the top level it is the model that answered only in an object that is flat."""
    *nested, top = _LAYOUT.everywhere("model")
    return [*nested, pl.when(text("object").is_not_null() | text("usage").is_not_null()).then(top)]


def _finish_reason() -> list[pl.Expr]:
    choices = (
        found.list.get(0, null_on_oob=True).struct.field("finish_reason") for found in _LAYOUT.everywhere("choices")
    )
    return [*choices, *_LAYOUT.everywhere("incomplete_details.reason")]


def _prompt_version() -> list[pl.Expr]:
    parts = (("prompt", "id"), ("prompt", "version"))
    return [
        pl.concat_str([text(*place, *part) for part in parts], separator="@", ignore_nulls=True).replace("", None)
        for place in _WRAPPED
    ]


def _session_id() -> list[pl.Expr]:
    """Return a response's conversation: an object with an id, or the id alone."""
    found = [text(*place, "conversation") for place in _WRAPPED]
    return [first_of(each.str.extract(r'"id":\s*"([^"]+)"'), each) for each in found]


SOURCE = Source(
    name="openai",
    title="OpenAI objects logged by the application",
    detects=_detects,
    schema=_LAYOUT.schema({"custom_id": None}),
    events=_events,
    sample="openai.jsonl",
)

UNTIMED = Source(
    name="openai_batch",
    title="OpenAI batch output",
    detects=_detects_batch,
    schema=SOURCE.schema,
    events=_events,
    rank=0,
    timed=False,
    sample="openai_batch.jsonl",
)
