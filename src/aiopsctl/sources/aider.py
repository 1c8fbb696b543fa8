"""Aider's analytics log (`--analytics-log`): calls, failed calls, and starts of the program.

`message_send` is a call that was answered; Aider writes it after it has counted the answer's tokens. A call that raised
an exception writes `message_send_exception` instead, never both, so it is a call with status `error`; it names no
model, and its text may quote the prompt and is not read. API errors that Aider handles by itself leave a
`message_send_starting` without either: whether that call failed, or was interrupted, the log does not say, so it is not
counted, and the error rate is a lower bound.

Aider writes cost 0 where it has no price for the model: with tokens that is an unknown cost, not a free call.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, shape, text

_CALLS = ("message_send", "message_send_exception")
_STARTS = ("launched", "cli session", "gui session")
_PROPERTIES = ("main_model", "edit_format", "prompt_tokens", "completion_tokens", "cost")
_SHAPE = frozenset({"event", "properties", "user_id", "time"})


def _detects(head: Head) -> bool:
    told = head.names >= _SHAPE
    return told and any(record.get("event") in (*_CALLS, *_STARTS) for record in head.records)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    event = pl.col("event")
    model = text("properties", "main_model").replace("None", None)
    cost = text("properties", "cost")
    return raw.select(
        LINE,
        "user_id",
        ts="time",
        event=pl.when(event.is_in(_CALLS)).then(pl.lit("call")).when(event.is_in(_STARTS)).then(pl.lit("activity")),
        kind=pl.when(event.is_in(_STARTS)).then(pl.lit("active")),
        status=event.replace_strict({"message_send": "ok", "message_send_exception": "error"}, default=None),
        error_type=pl.when(event == "message_send_exception").then(pl.lit("exception")),
        query_type=pl.when(event.is_in(_CALLS)).then(text("properties", "edit_format")),
        model=pl.when(event.is_in(_CALLS)).then(model),
        provider=pl.when(event.is_in(_CALLS)).then(model.str.extract(r"^([^/]+)/")),
        input_tokens=text("properties", "prompt_tokens"),
        output_tokens=text("properties", "completion_tokens"),
        cost_usd=pl.when(cost.cast(pl.Float64, strict=False) != 0).then(cost),
        _other=~event.is_in((*_CALLS, *_STARTS)).fill_null(value=False),
    )


SOURCE = Source(
    name="aider",
    title="Aider analytics log",
    detects=_detects,
    schema=shape({**dict.fromkeys(sorted(_SHAPE)), "properties": dict.fromkeys(_PROPERTIES)}),
    events=_events,
    sample="aider.jsonl",
)
