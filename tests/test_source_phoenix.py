"""The `phoenix` format: flat and nested attributes, Pandas' NaN, wrapped spans, root spans, and annotations."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read

from aiopsctl.sources.coerce import coerce
from aiopsctl.sources.phoenix import SOURCE
from aiopsctl.sources.source import LINE, Head

SAMPLES = Path(__file__).parents[1] / "sample_data" / "_formats"
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)
COUNT = "attributes.llm.token_count"


def span(**given: Any) -> dict[str, Any]:
    """Return a span of 2.5 s as a row of the dataframe; names of attributes are given with `__` for dots."""
    return {
        "name": "ChatCompletion", "span_kind": "LLM", "parent_id": None, "status_code": "OK", "status_message": "",
        "start_time": AT_EIGHT, "end_time": AT_EIGHT + timedelta(seconds=2.5),
        "context.span_id": "s1", "context.trace_id": "t1",
    } | {name.replace("__", "."): value for name, value in given.items()}  # fmt: skip


def note(**given: Any) -> dict[str, Any]:
    """Return an annotation as a row of the dataframe."""
    return {
        "span_id": "s1", "annotation_name": "correctness", "annotator_kind": "LLM", "result.label": "correct",
        "result.score": 0.85, "result.explanation": "a secret", "created_at": AT_EIGHT,
    } | {name.replace("__", "."): value for name, value in given.items()}  # fmt: skip


def raw(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Return rows as they come from a Parquet file: the columns that the schema names."""
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame([{name: row.get(name) for name in names} for row in rows], infer_schema_length=None)
    frame = frame.select(name for name in frame.columns if name in SOURCE.schema)
    return frame.with_columns(pl.int_range(1, pl.len() + 1).alias(LINE))


def parquet(*rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the canonical rows of a Parquet file, without nulls; no value may be refused."""
    coerced = coerce(SOURCE.events(raw(*rows)).remove("_other"), tz="UTC", timed=True)
    assert (coerced.rejects, coerced.field_errors) == ([], {})
    return [{name: value for name, value in row.items() if value is not None} for row in coerced.rows.to_dicts()]


def one(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one canonical row of a span."""
    (found,) = parquet(row)
    return found


def test_a_span_of_a_model_is_a_call() -> None:
    """Start and end give the latency, attributes the rest; what was said is not read."""
    row = span(
        attributes__llm__model_name="gpt-4o-mini",
        attributes__llm__provider="OpenAI",
        attributes__llm__prompt_template__version="v3",
        attributes__input__value="a secret",
        attributes__llm__cost__total=0.0002,
    )
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "s1", "trace_id": "t1", "model": "gpt-4o-mini",
        "provider": "openai", "prompt_version": "v3", "status": "ok", "latency_ms": 2500, "cost_usd": 0.0002,
    }  # fmt: skip
    actual = one(row)

    assert expected == actual


def test_numbers_that_pandas_writes_as_nan_are_missing() -> None:
    """Pandas has no missing whole numbers: counts are floats, and NaN where a span has none."""
    nan = float("nan")
    row = span() | {f"{COUNT}.prompt": 1200.0, f"{COUNT}.completion": nan, f"{COUNT}.prompt_details.cache_read": nan,
                    "attributes.llm.cost.total": nan}  # fmt: skip
    expected = {"input_tokens": 1200}
    actual = pick(one(row), "input_tokens", "output_tokens", "cache_read_tokens", "cost_usd")

    assert expected == actual


@pytest.mark.parametrize(("prompt", "expected"), [(2304, {"input_tokens": 2304}), (4, {"input_tokens": 2304})])
def test_prompt_tokens_include_the_cache(prompt: int, expected: dict[str, int]) -> None:
    """2,304 tokens of which 2,300 are cached stay; 4 tokens with 2,300 cached ones were counted without them."""
    row = span() | {f"{COUNT}.prompt": prompt, f"{COUNT}.prompt_details.cache_read": 2000,
                    f"{COUNT}.prompt_details.cache_write": 300}  # fmt: skip
    actual = pick(one(row), "input_tokens")

    assert expected == actual


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_attributes_of_json_are_flat_or_nested(shape: str) -> None:
    """The same attributes under dotted names and as records within records; metadata may be text."""
    flat = {"llm.model_name": "gpt-4o", "llm.token_count.prompt": 100, "llm.token_count.prompt_details.cache_read": 40,
            "user.id": "u1", "metadata": json.dumps({"feature": "chat"})}  # fmt: skip
    records = {"llm": {"model_name": "gpt-4o", "token_count": {"prompt": 100, "prompt_details": {"cache_read": 40}}},
               "user": {"id": "u1"}, "metadata": {"feature": "chat"}}  # fmt: skip
    record = {
        "name": "ChatCompletion", "span_kind": "LLM", "parent_id": None, "status_code": "OK",
        "start_time": "2026-10-01T08:00:00Z", "end_time": "2026-10-01T08:00:01.5Z",
        "context": {"span_id": "s1", "trace_id": "t1"}, "attributes": flat if shape == "flat" else records,
    }  # fmt: skip
    expected = {"model": "gpt-4o", "input_tokens": 100, "cache_read_tokens": 40, "user_id": "u1", "feature": "chat"}
    (row,) = read(SOURCE, record)
    actual = pick(row, *expected)

    assert expected == actual


def test_a_cost_of_zero_is_unknown() -> None:
    """A model without a price has the cost 0, which is no free call."""
    expected: dict[str, float] = {}
    actual = pick(one(span() | {f"{COUNT}.prompt": 10, "attributes.llm.cost.total": 0.0}), "cost_usd")

    assert expected == actual


@pytest.mark.parametrize(
    "given",
    [
        {
            "attributes.user": {"id": "u7"},
            "attributes.session": {"id": "s9"},
            "attributes.metadata": {"feature": "chat"},
        },
        {
            "attributes.user.id": "u7",
            "attributes.session.id": "s9",
            "attributes.metadata": '{"feature": "chat", "n": 1}',
        },
        {"attributes": {"user.id": "u7", "session": {"id": "s9"}, "metadata": {"feature": "chat"}}},
    ],
)
def test_attributes_may_stand_inside_of_dicts(given: dict[str, Any]) -> None:
    """Custom attributes stay dicts (or their JSON text) in one column, others have columns of their own."""
    expected = {"user_id": "u7", "session_id": "s9", "feature": "chat"}
    actual = pick(one(span() | given), *expected)

    assert expected == actual


def test_spans_that_are_no_model_are_passed_over() -> None:
    """Only spans of the kinds LLM and EMBEDDING are calls, in any case of letters."""
    kinds = ["CHAIN", "LLM", "TOOL", "EMBEDDING", "RETRIEVER", "llm", "AGENT", "UNKNOWN"]
    rows = [span(span_kind=kind, context__span_id=f"s{at}") for at, kind in enumerate(kinds)]
    expected = [1, 3, 5, 7, 8]
    actual = SOURCE.events(raw(*rows)).filter("_other")[LINE].to_list()

    assert expected == actual


def test_a_span_that_wraps_a_call_gives_way_to_it() -> None:
    """A framework and its client both record one call: the inner span stays, and an embedding under a model too."""
    rows = [
        span(context__span_id="s1", name="ChatOpenAI"),
        span(context__span_id="s2", parent_id="s1"),
        span(context__span_id="s3", parent_id="s2", span_kind="EMBEDDING"),
    ]
    expected = ["s2", "s3"]
    actual = [row["request_id"] for row in parquet(*rows)]

    assert expected == actual


def test_the_feature_is_the_root_that_a_call_is_under() -> None:
    """The root span names what the user did; a model that is itself the root names no feature."""
    rows = [
        span(context__span_id="r", span_kind="CHAIN", name="parcel-chat"),
        span(context__span_id="s1", parent_id="r"),
        span(context__span_id="s2", context__trace_id="t2"),
    ]
    expected = {"s1": "parcel-chat", "s2": None}
    actual = {row["request_id"]: row.get("feature") for row in parquet(*rows)}

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status_code": "OK"}, {"status": "ok"}),
        ({"status_code": "UNSET"}, {"status": "ok"}),
        ({"status_code": "ERROR"}, {"status": "error"}),
        (
            {"status_code": "ERROR", "events": [{"name": "exception", "attributes": {"exception.type": "openai.RateLimitError"}}]},
            {"status": "rate_limited", "error_type": "openai.RateLimitError"},
        ),
        (
            {"status_code": "ERROR", "events": [{"name": "exception", "attributes": {"exception": {"type": "APITimeoutError"}}}]},
            {"status": "timeout", "error_type": "APITimeoutError"},
        ),
    ],
)  # fmt: skip
def test_how_a_span_ended(given: dict[str, Any], expected: dict[str, str]) -> None:
    """A span without a status ended well; the type of a recorded exception says more than `ERROR`."""
    actual = pick(one(span() | given), "status", "error_type")

    assert expected == actual


def test_spans_of_the_rest_interface_are_read_as_json() -> None:
    """In JSON the context is a record, attributes are one map, and times are text."""
    record = {
        "name": "ChatCompletion", "span_kind": "LLM", "parent_id": None, "status_code": "ERROR", "status_message": "",
        "start_time": "2026-10-01T08:00:00+00:00", "end_time": "2026-10-01T08:00:01.200000+00:00",
        "context": {"trace_id": "t1", "span_id": "s1"},
        "attributes": {"llm.model_name": "gpt-4o", "llm.token_count.prompt": 10, "user.id": "u7", "input.value": "a secret"},
        "events": [{"name": "exception", "attributes": {"exception.type": "APIError", "exception.message": "a secret"}}],
    }  # fmt: skip
    expected = [
        {
            "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "s1", "trace_id": "t1", "model": "gpt-4o",
            "user_id": "u7", "status": "error", "error_type": "APIError", "latency_ms": 1200, "input_tokens": 10,
        }
    ]  # fmt: skip
    actual = read(SOURCE, record)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"kind": "eval", "value": 0.85, "category": "correctness"}),
        ({"annotator_kind": "CODE", "result.score": 0.0, "result.label": None}, {"kind": "eval", "value": 0.0, "category": "correctness"}),
        ({"annotator_kind": "HUMAN", "result.score": 0.6}, {"kind": "review", "value": 0.6, "category": "correctness"}),
        ({"result.score": None}, {"kind": "eval", "value": 1.0, "category": "correctness"}),
        ({"result.score": None, "result.label": "rude"}, {"kind": "eval", "category": "correctness"}),
    ],
)  # fmt: skip
def test_an_annotation_is_a_review_or_an_evaluation(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """People review, models and code evaluate; a label is a score where it is a known word and none is given."""
    actual = pick(one(note() | given), "kind", "value", "category")

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"result.score": 1.0, "result.label": "thumbs-up"}, ("thumb", 1.0)),
        ({"result.score": None, "result.label": "thumbs-down"}, ("thumb", 0.0)),
        ({"result.score": -1.0, "result.label": None}, ("thumb", 0.0)),
        ({"result.score": 4.0, "result.label": None}, ("review", 4.0)),
        ({"result.score": 1.0, "annotator_kind": "LLM"}, ("eval", 1.0)),
    ],
)
def test_feedback_of_people_is_a_thumb_where_name_and_score_are(
    given: dict[str, Any], expected: tuple[str, float]
) -> None:
    """`user_feedback` with 1, 0 or -1 is a thumb, joined to its call by the span; another scale is none."""
    row = one(note(annotation_name="user_feedback", annotator_kind="HUMAN") | given)
    actual = (row["kind"], row["value"])

    assert expected == actual
    assert row["request_id"] == "s1"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (set(span()), True),
        (set(note()), True),
        ({"span_kind", "start_time", "end_time", "status_code"}, False),
        ({"ts", "event", "kind", "request_id", "trace_id", "parent_id"}, False),
        ({"id", "traceId", "startTime", "endTime", "name"}, False),
    ],
)
def test_only_spans_and_annotations_are_claimed(names: set[str], expected: bool) -> None:  # noqa: FBT001 - a case
    """Both dataframes are told by the names of their columns."""
    actual = SOURCE.detects(Head("parquet", frozenset(names)))

    assert expected == actual


def test_the_samples_are_read_whole() -> None:
    """Of the sample's eight spans four are calls; its five annotations are two thumbs, a review and two evaluations."""
    spans, notes = (
        pl.read_parquet(SAMPLES / name).to_dicts() for name in (SOURCE.sample, "phoenix_annotations.parquet")
    )
    expected = (["a3", "b2", "b3", "c1"], ["thumb", "thumb", "review", "eval", "eval"])
    actual = ([row["request_id"] for row in parquet(*spans)], [row["kind"] for row in parquet(*notes)])

    assert expected == actual


def test_annotations_are_read_as_json_too() -> None:
    """The interface gives annotations with a nested result, and nothing is passed over."""
    record = {"id": "x", "span_id": "s1", "name": "tone", "annotator_kind": "HUMAN", "created_at": "2026-10-01T08:00:00Z",
              "result": {"label": "good", "score": None, "explanation": "a secret"}}  # fmt: skip
    expected = (True, [{"kind": "review", "value": 1.0, "category": "tone", "request_id": "s1"}], [])
    rows = [pick(row, "kind", "value", "category", "request_id") for row in read(SOURCE, record)]
    actual = (SOURCE.detects(head(record)), rows, others(SOURCE, record))

    assert expected == actual


def test_spans_and_annotations_may_come_together() -> None:
    """Small files of one format are read together: each row is what it is."""
    times = {"start_time": "2026-10-01T08:00:00Z", "end_time": "2026-10-01T08:00:02Z"}
    judged = note(created_at="2026-10-01T08:05:00Z", annotator_kind="CODE")
    expected = [(1, "call", 2000), (2, "feedback", None), (3, "call", 2000)]
    rows = read(SOURCE, span(**times), judged, span(**times, context__span_id="s2"))
    actual = [(row["_line"], row["event"], row.get("latency_ms")) for row in rows]

    assert expected == actual
