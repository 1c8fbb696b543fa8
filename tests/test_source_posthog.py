"""The `posthog` format: calls, units, the cache, surveys, evaluations, activity, and properties of any name."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read

from aiopsctl.sources.posthog import SOURCE
from aiopsctl.sources.source import LINE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def event(name: str, uuid: str = "e1", **properties: Any) -> dict[str, Any]:
    """Return an event; `ai_model` stands for `$ai_model`."""
    named = {f"${key}" if key.startswith(("ai_", "survey_")) else key: value for key, value in properties.items()}
    stamp = "2026-10-01T08:00:00.000Z"
    return {"uuid": uuid, "event": name, "distinct_id": "u7", "timestamp": stamp, "properties": named}


def generation(**properties: Any) -> dict[str, Any]:
    """Return a call of a model."""
    told = {"ai_trace_id": "t1", "ai_provider": "openai", "ai_model": "gpt-5-mini"}
    return event("$ai_generation", **told | properties)


def survey(answer: Any, uuid: str = "e1", **properties: Any) -> dict[str, Any]:
    """Return an answer to a survey about a trace."""
    told = {"survey_id": "thumbs", "survey_response_3fa9": answer, "ai_trace_id": "t1"}
    return event("survey sent", uuid, **told | properties)


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of an event."""
    (row,) = read(SOURCE, record)
    return row


def test_a_generation_is_a_call_with_durations_in_seconds() -> None:
    """Latency 1.84 and first token 0.31 are seconds; the person is the user; the event is the call's identity."""
    record = generation(
        ai_session_id="s1", ai_span_id="sp1", ai_span_name="parcel-chat", ai_latency=1.84, ai_time_to_first_token=0.31,
        ai_input_tokens=1200, ai_output_tokens=80, ai_total_cost_usd=0.00031, ai_http_status=200, ai_is_error=False,
        ai_input_cost_usd=0.0002, ai_input=[{"role": "user", "content": "a secret"}],
    )  # fmt: skip
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "e1", "trace_id": "t1", "session_id": "s1",
        "user_id": "u7", "feature": "parcel-chat", "provider": "openai", "model": "gpt-5-mini", "status": "ok",
        "http_status": 200, "latency_ms": 1840, "ttft_ms": 310, "input_tokens": 1200, "output_tokens": 80,
        "cost_usd": 0.00031,
    }  # fmt: skip
    actual = one(record)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ai_input_tokens": 3000}, 3000),
        ({"ai_input_tokens": 180}, 2480),
        ({"ai_input_tokens": 3000, "ai_provider": "anthropic"}, 5300),
        ({"ai_input_tokens": 3000, "ai_provider": "anthropic", "ai_cache_reporting_exclusive": False}, 3000),
        ({"ai_input_tokens": 3000, "ai_cache_reporting_exclusive": True}, 5300),
    ],
)
def test_whether_the_input_includes_the_cache_is_said_or_known(given: dict[str, Any], expected: int) -> None:
    """With 2,000 read and 300 written tokens: the flag decides, then the provider, then what is possible at all."""
    record = generation(ai_cache_read_input_tokens=2000, ai_cache_creation_input_tokens=300, **given)
    actual = one(record)["input_tokens"]

    assert expected == actual


def test_cache_writes_may_only_be_told_by_how_long_they_are_kept() -> None:
    """Without a sum of the writes it is that of its parts: 200 for five minutes and 100 for an hour."""
    parts = {"ai_cache_creation_5m_input_tokens": 200, "ai_cache_creation_1h_input_tokens": 100}
    expected = {"input_tokens": 310, "cache_write_tokens": 300, "cache_write_1h_tokens": 100}
    actual = pick(one(generation(ai_input_tokens=10, ai_cache_reporting_exclusive=True, **parts)), *expected)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"status": "ok"}),
        ({"ai_is_error": True, "ai_error": "Jane hit the limit"}, {"status": "error"}),
        ({"ai_is_error": True, "ai_http_status": 429}, {"status": "rate_limited", "http_status": 429}),
        ({"ai_is_error": "true", "ai_http_status": 200}, {"status": "error", "http_status": 200}),
        ({"ai_http_status": 504}, {"status": "timeout", "http_status": 504}),
    ],
)
def test_how_a_call_ended(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The HTTP status says more than the flag; the words of an error are not read."""
    actual = pick(one(generation(**given)), "status", "http_status", "error_type")

    assert expected == actual


def test_a_cost_of_zero_is_unknown() -> None:
    """PostHog has no price for every model, and writes 0."""
    expected: dict[str, float] = {}
    actual = pick(one(generation(ai_input_tokens=5, ai_total_cost_usd=0)), "cost_usd")

    assert expected == actual


def test_spans_and_traces_are_sums_of_calls() -> None:
    """`$ai_trace` and `$ai_span` repeat what generations say; an embedding is a call of its own."""
    names = ["$ai_generation", "$ai_trace", "$ai_span", "$ai_embedding"]
    records = [event(name, ai_trace_id="t1", ai_model="gpt-5-mini") for name in names]
    expected = [2, 3]
    actual = others(SOURCE, *records)

    assert expected == actual


@pytest.mark.parametrize(("answer", "expected"), [(1, 1.0), ("1", 1.0), (2, 0.0), ("2", 0.0)])
def test_a_thumb_is_1_for_up_and_2_for_down(answer: object, expected: float) -> None:
    """The answer to a survey about a trace is a thumb, joined to the trace."""
    told = {"event": "feedback", "kind": "thumb", "value": expected, "trace_id": "t1", "user_id": "u7"}
    actual = pick(one(survey(answer)), *told)

    assert told == actual


def test_a_survey_with_a_scale_is_no_thumb() -> None:
    """An answer of 4 shows that a survey has a scale, so its 2 is no thumb down."""
    records = [survey("4", survey_id="stars"), survey(2, survey_id="stars"), survey(2, survey_id="thumbs")]
    expected = [("survey", 4.0), ("survey", 2.0), ("thumb", 0.0)]
    actual = [(row["kind"], row["value"]) for row in read(SOURCE, *records)]

    assert expected == actual


def test_one_submission_is_one_thumb() -> None:
    """Every answered question sends an event with all answers so far: the first of a submission counts."""
    again = {"survey_submission_id": "sub1", "survey_response_77c0": "It was slow, 1 of 5"}
    records = [survey(2, survey_submission_id="sub1"), survey(2, **again), survey(2, survey_submission_id="sub2")]
    expected = ([1, 3], [2])
    actual = ([row["_line"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


def test_an_answer_in_words_is_no_thumb() -> None:
    """A follow-up in words is passed over, also where it begins with a number; the thumb after it still counts."""
    records = [survey("2 much text", survey_submission_id="sub1"), survey(1, survey_submission_id="sub1")]
    expected = ([1], [("thumb", 1.0)])
    actual = (others(SOURCE, *records), [(row["kind"], row["value"]) for row in read(SOURCE, *records)])

    assert expected == actual


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("$ai_metric", {"ai_metric_name": "accuracy", "ai_metric_value": "0.8"}, {"kind": "eval", "value": 0.8, "category": "accuracy"}),
        ("$ai_metric", {"ai_metric_name": "tone", "ai_metric_value": "good"}, {"kind": "eval", "value": 1.0, "category": "tone"}),
        ("$ai_metric", {"ai_metric_name": "tone", "ai_metric_value": "odd"}, {"kind": "eval", "category": "tone"}),
        (
            "$ai_evaluation",
            {"ai_evaluation_name": "on-topic", "ai_evaluation_result": False, "ai_target_event_id": "e9"},
            {"kind": "eval", "value": 0.0, "category": "on-topic", "request_id": "e9"},
        ),
        ("$ai_feedback", {"ai_feedback_text": "Jane says hi"}, {"kind": "survey"}),
    ],
)  # fmt: skip
def test_metrics_and_evaluations_are_feedback(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Metrics and evaluations have a name and a number; of feedback in words only that it was given is kept."""
    row = one(event(name, ai_trace_id="t1", **given))
    actual = pick(row, "kind", "value", "category", "request_id", "comment")

    assert expected == actual
    assert row["trace_id"] == "t1"


def test_what_users_do_elsewhere_is_activity_of_the_product() -> None:
    """Own events, views and clicks show an active user of no feature; technical events and shown surveys do not."""
    names = ["order placed", "$pageview", "$identify", "$feature_flag_called", "survey shown", "$screen"]
    records = [event(name) for name in names] + [event("order placed") | {"distinct_id": None}, event("survey sent")]
    expected = ([1, 2, 6, 8], [3, 4, 5, 7], {"event": "activity", "kind": "active", "user_id": "u7"})
    rows = read(SOURCE, *records)
    lines = [row["_line"] for row in rows]
    actual = (lines, others(SOURCE, *records), pick(rows[0], "event", "kind", "user_id", "feature"))

    assert expected == actual


def test_text_cannot_pass_for_a_property() -> None:
    """A prompt that quotes a property is no property; a name that stands twice with two values is not believed."""
    quoted = [{"role": "user", "content": 'set "$ai_model": "none" and "$ai_latency": 99, C:\\ '}]
    arguments = [{"name": "tool", "input": {"feature": "dark-mode"}}]
    expected = [{"model": "gpt-5-mini", "feature": "chat"}, {"model": "gpt-5-mini"}]
    rows = [
        one(generation(ai_input=quoted, feature="chat")),
        one(generation(ai_output_choices=arguments, feature="chat")),
    ]
    actual = [pick(row, "model", "feature", "latency_ms") for row in rows]

    assert expected == actual


def test_properties_may_be_json_text_or_a_record() -> None:
    """Exports write properties as an object, as its text, or (Parquet) as a record."""
    record = generation(ai_input_tokens=5)
    frame = pl.DataFrame([record]).with_columns(pl.lit(1).alias(LINE))
    expected = ["5", "5", 5.0]
    as_text = read(SOURCE, record | {"properties": json.dumps(record["properties"])})
    parquet = SOURCE.events(frame)["input_tokens"].to_list()
    actual = [str(one(record)["input_tokens"]), str(as_text[0]["input_tokens"]), *parquet]

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (event("$pageview"), True),
        ({"event": "launched", "properties": {}, "user_id": "u", "time": 1790841600}, False),
        ({"event": "call", "ts": "2026-10-01T08:00:00Z", "user_id": "u", "model": "m"}, False),
    ],
)
def test_only_events_of_posthog_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """An export is told by its event, person, properties and time."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """Of the sample's sixteen events four are calls, six feedback, two activity and four others."""
    records = [json.loads(each) for each in SAMPLE.read_text(encoding="utf-8").splitlines()]
    rows = read(SOURCE, *records)
    expected = ({"call": 4, "feedback": 6, "activity": 2}, [3, 7, 10, 16])
    counts = {name: sum(row["event"] == name for row in rows) for name in ("call", "feedback", "activity")}
    actual = (counts, others(SOURCE, *records))

    assert expected == actual
