"""Langfuse: observations, traces and scores, from the UI's export, the blob storage export, and a trace as one JSON.

The UI writes names in camelCase, the blob storage in snake_case; maps are objects in JSON, JSON text in CSV and maps in
Parquet; times without a zone are UTC. Only GENERATION and EMBEDDING observations are calls, and one that wraps another
of its type (a framework and its client, both instrumented) gives way to the inner one where both are read together. All
other observations are passed over. So are rows of the traces export, but what they say of user, session, name and tags
goes to the observations and scores of the trace: the older observations export does not have it.

Usage is a map of any names. Langfuse keeps the cached part apart from `input`, so the input is the sum of all names with
`input` in them; where `total` is `input` and `output` alone, the parts are inside of them instead. The cost is in
dollars; 0 is written for a model without a price, and is unknown. Latency is from start to end; where it is only stated
it is in seconds. An error is read for its class and code alone, never for its words. Scores are feedback.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from aiopsctl.sources import _export as export
from aiopsctl.sources._envelope import error_type
from aiopsctl.sources._langfuse_scores import SCORE, feedback
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape, text
from aiopsctl.sources.traces import TRACE

_OBSERVATION: dict[str, tuple[str, ...]] = {
    "request_id": ("id",),
    "trace_id": ("trace_id", "traceId"),
    "parent_id": ("parent_observation_id", "parentObservationId"),
    "user_id": ("user_id", "userId"),
    "session_id": ("session_id", "sessionId"),
    "environment": ("environment",),
    "type": ("type",),
    "query_type": ("name",),
    "feature": ("trace_name", "traceName"),
    "tags": ("tags", "traceTags"),
    "started": ("start_time", "startTime"),
    "ended": ("end_time", "endTime"),
    "answered": ("completion_start_time", "completionStartTime"),
    "latency": ("latency",),
    "ttft": ("time_to_first_token", "timeToFirstToken"),
    "level": ("level",),
    "said": ("status_message", "statusMessage"),
    "model": ("provided_model_name", "providedModelName", "model"),
    "prompt_name": ("prompt_name", "promptName"),
    "prompt_version": ("prompt_version", "promptVersion"),
    "usage": ("usage_details", "usageDetails"),
    "stated_input": ("inputUsage", "promptTokens"),
    "stated_output": ("outputUsage", "completionTokens"),
    "cost": ("total_cost", "totalCost", "calculatedTotalCost"),
    "costs": ("cost_details", "costDetails"),
}
"""What an observation says, and the names that say it."""

_TRACE: dict[str, tuple[str, ...]] = {
    "trace_id": ("id",),
    "user_id": ("user_id", "userId"),
    "session_id": ("session_id", "sessionId"),
    "feature": ("name",),
    "environment": ("environment",),
    "tags": ("tags",),
}
"""What a row of the traces export says."""

_OF_TRACE = {"userId": "userId", "sessionId": "sessionId", "traceName": "name", "traceTags": "tags"}
"""What an observation inside a trace takes from it, under the names of the observations export."""

_AS_SAID = ("trace_id", "parent_id", "user_id", "session_id", "environment", "query_type", "feature", "model")
_CALLS = ("GENERATION", "EMBEDDING")
_SOURCES = ("API", "ANNOTATION", "EVAL")
_STATUS = r"(?i)\b(?:error code|status(?:[ _]?code)?|http(?:/\d(?:\.\d)?)?)\b\W{0,3}([45]\d\d)\b"
_USAGE = {
    "input": "input",
    "output": "output",
    "total": "total",
    "all_input": ".*input.*",
    "all_output": ".*output.*",
    "read": ".*(cache_read|cached).*",
    "written": ".*cache_(creation|write).*",
    "written_1h": ".*cache_(creation|write).*1h.*",
    "reasoning": ".*reasoning.*",
}
"""What is added up of a call's usage, by the names in it."""

_SHAPES = (
    frozenset({"id", "trace_id", "type", "start_time", "parent_observation_id"}),
    frozenset({"id", "traceId", "type", "startTime", "parentObservationId"}),
    frozenset({"id", "traceId", "type", "startTime", "usageDetails"}),
    frozenset({"id", "timestamp", "trace_id", "name", "source", "data_type"}),
    frozenset({"id", "timestamp", "traceId", "name", "source", "dataType"}),
    frozenset({"id", "user_id", "session_id", "tags", "release"}),
    frozenset({"id", "userId", "sessionId", "tags", "release"}),
)
"""Names that tell observations (three ways to write them), scores, and traces."""


def _detects(head: Head) -> bool:
    if any(head.names >= each for each in _SHAPES):
        return True
    return "observations" in head.names and any(map(_is_trace, head.records))


def _is_trace(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a trace with its observations inside."""
    inside = record.get("observations")
    first = inside[0] if isinstance(inside, list) and inside else {}
    return isinstance(first, Mapping) and first.keys() >= {"id", "traceId", "type", "startTime"}


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([export.flat(raw, _NAMES), *_inside(raw)])
    source = pl.col("source").str.to_uppercase()
    observed = first_of(pl.col("start_time"), pl.col("startTime")).is_not_null() & pl.col("type").is_not_null()
    scored = ~observed & source.is_in(_SOURCES).fill_null(value=False)
    found = [
        _observations(rows.filter(observed)),
        feedback(rows.filter(scored)).with_columns(_other=pl.lit(value=False)),
    ]
    told = pl.concat([each.select(LINE) for each in found])
    found.append(_traces(rows.filter(~observed & ~scored).join(told, on=LINE, how="anti", maintain_order="left")))
    return pl.concat(found, how="diagonal_relaxed").sort(LINE, maintain_order=True)


def _inside(raw: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the observations and scores that are inside of traces, as rows like those of the other exports."""
    if not isinstance(raw.schema.get("trace"), pl.Struct):
        return []
    traces = raw.filter(pl.col("observations").is_not_null())
    about = (first_of(text("trace", field), pl.col(field)).alias(own) for own, field in _OF_TRACE.items())
    observations = traces.select(LINE, *about, item="observations").explode("item").drop_nulls("item")
    lists = (text("trace", "scores"), text("trace", "corrections"), pl.col("scores"), pl.col("corrections"))
    scores = pl.concat(traces.select(LINE, item=each).explode("item") for each in lists).drop_nulls("item")
    return [export.flat(each.unnest("item"), _NAMES) for each in (observations, scores)]


def _observations(rows: pl.DataFrame) -> pl.DataFrame:
    """Return calls, and with `_other` the observations that are none: no inference, or around an inner one."""
    found = export.said(rows, _OBSERVATION).with_columns(pl.col("type").str.to_uppercase())
    keys = ["trace_id", "type", "request_id"]
    inner = found.filter(pl.col("type").is_in(_CALLS)).select("trace_id", "type", request_id="parent_id", wraps=True)
    found = found.join(inner.drop_nulls("request_id").unique(keys), on=keys, how="left", maintain_order="left")
    found = found.hstack(export.sums_in(found["usage"], _USAGE))
    found = found.with_columns(failed=(pl.col("level").str.to_uppercase() == "ERROR").fill_null(value=False))
    found = found.with_columns(
        error_type=pl.when("failed").then(error_type(pl.col("said"))),
        http_status=pl.when("failed").then(pl.col("said").str.extract(_STATUS)),
    )
    return found.select(
        LINE,
        *_AS_SAID,
        "error_type",
        "http_status",
        event=pl.lit("call"),
        ts=export.utc(pl.col("started")),
        tags=_tags(),
        prompt_version=export.versioned(pl.col("prompt_name"), pl.col("prompt_version")),
        request_id="request_id",
        status=_status(),
        **_durations(),
        **_tokens(),
        cost_usd=_cost(),
        _other=~pl.col("type").is_in(_CALLS) | pl.col("wraps").is_not_null(),
    )


def _tags() -> pl.Expr:
    """Return labels with commas between them."""
    return pl.col("tags").str.replace_all(r'[\[\]"]', "").str.replace_all(r"\s*,\s*", ",").replace("", None)


def _status() -> pl.Expr:
    """Return how a call ended; null leaves it to its HTTP status or its error. One without an end has not ended."""
    told = pl.col("error_type").is_not_null() | pl.col("http_status").is_not_null()
    return (
        pl.when(pl.col("failed") & ~told).then(pl.lit("error"))
        .when(~pl.col("failed") & pl.col("ended").is_not_null()).then(pl.lit("ok"))
    )  # fmt: skip


def _durations() -> dict[str, pl.Expr]:
    """Return milliseconds. A stated first token that is later than the end is one of the exports in milliseconds."""
    took = export.milliseconds("started", "ended")
    stated = export.number(pl.col("ttft"))
    ttft = pl.when(stated * 1e3 > took).then(stated).otherwise(stated * 1e3)
    return {
        "latency_ms": first_of(took, export.number(pl.col("latency")) * 1e3),
        "ttft_ms": first_of(export.milliseconds("started", "answered"), ttft),
    }


def _tokens() -> dict[str, pl.Expr]:
    output, reasoning = _side("output", "input"), pl.col("reasoning")
    prompt = export.whole_input(_side("input", "output"), pl.col("read"), pl.col("written"))
    return {
        "input_tokens": first_of(prompt, _stated("stated_input")),
        "cache_read_tokens": pl.col("read"),
        "cache_write_tokens": pl.col("written"),
        "cache_write_1h_tokens": pl.col("written_1h"),
        "output_tokens": first_of(
            pl.when(reasoning > output).then(output + reasoning).otherwise(output), _stated("stated_output")
        ),
        "reasoning_tokens": reasoning,
    }


def _stated(side: str) -> pl.Expr:
    """Return the tokens that an export without the map states; 0 is also written where nothing is known."""
    stated = export.number(pl.col(side))
    return pl.when(pl.col("usage").is_null() & (stated > 0)).then(stated)


def _side(word: str, other: str) -> pl.Expr:
    """Return all tokens of one side; its parts are inside of the bare number where that and the other side are all."""
    bare, whole = pl.col(word), pl.col(f"all_{word}")
    rest = pl.col("total") - bare
    within = (rest == pl.col(other)) | (rest == pl.col(f"all_{other}"))
    return pl.when(within).then(bare).otherwise(whole)


def _cost() -> pl.Expr:
    stated = (export.number(pl.col("cost")), export.number_in(pl.col("costs"), "total"))
    return first_of(*(pl.when(each != 0).then(each) for each in stated))


def _traces(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what is no event: rows of traces, with what they say of the events in them."""
    return export.said(rows, _TRACE).with_columns(_tags(), event=pl.lit(TRACE), _other=pl.lit(value=True))


_NAMES = export.names(_OBSERVATION, _TRACE, SCORE)
_NESTED = [name for name in export.names(_OBSERVATION) if "_" not in name and name not in _OF_TRACE]
_SCORES = [dict.fromkeys(name for name in export.names(SCORE) if "_" not in name)]
_LISTS = {"scores": _SCORES, "corrections": _SCORES}

SOURCE = Source(
    name="langfuse",
    title="Langfuse observations, traces and scores",
    detects=_detects,
    schema=shape(
        {
            **dict.fromkeys(_NAMES),
            "trace": {**dict.fromkeys(("userId", "sessionId", "name", "tags")), **_LISTS},
            "observations": [dict.fromkeys(_NESTED)],
            **_LISTS,
        }
    ),
    events=_events,
    together=True,
    sample="langfuse.jsonl",
)
