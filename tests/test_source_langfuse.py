"""The `langfuse` format: observations of the UI and of the blob storage, traces, traces as JSON, and scores."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read, refused

from aiopsctl.sources.langfuse import SOURCE
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read as read_files

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
REAL = Path(__file__).parents[2] / "shared" / "data" / "langfuse_traces"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs traces of Langfuse as JSON")
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def observation(**given: Any) -> dict[str, Any]:
    """Return an observation of the blob storage export: 2.5 s long, with the columns of its trace."""
    return {
        "id": "g1", "trace_id": "t1", "project_id": "p1", "type": "GENERATION", "parent_observation_id": "",
        "start_time": "2026-10-01 08:00:00.000000", "end_time": "2026-10-01 08:00:02.500000", "level": "DEFAULT",
        "name": "answer", "provided_model_name": "gpt-4o", "usage_details": {"input": 100, "output": 20, "total": 120},
        "total_cost": 0.002, "user_id": "u1", "session_id": "s1", "trace_name": "chat", "tags": ["web", "beta"],
        "environment": "production", "prompt_name": "", "prompt_version": None,
    } | given  # fmt: skip


def exported(**given: Any) -> dict[str, Any]:
    """Return an observation of the UI's export."""
    return {
        "id": "g1", "traceId": "t1", "type": "GENERATION", "parentObservationId": "s1", "name": "answer",
        "startTime": "2026-10-01T08:00:00.000Z", "endTime": "2026-10-01T08:00:02.500Z", "level": "DEFAULT",
        "completionStartTime": "2026-10-01T08:00:00.400Z", "latency": 2.5, "timeToFirstToken": 0.4, "model": "gpt-4o",
        "usageDetails": {"input": 100, "output": 20, "total": 120}, "totalCost": 0.002, "userId": "u1",
        "traceName": "chat", "traceTags": ["web", "beta"], "promptName": "greet", "promptVersion": 3,
        "environment": "production", "helpfulness": [0.8],
    } | given  # fmt: skip


def score(**given: Any) -> dict[str, Any]:
    """Return a score of the blob storage export, given through the API."""
    return {
        "id": "x1", "timestamp": "2026-10-01 08:00:00.000000", "trace_id": "t1", "observation_id": "g1",
        "session_id": None, "name": "accuracy", "value": 0.5, "string_value": None, "data_type": "NUMERIC",
        "source": "API", "comment": "a secret", "environment": "production",
    } | given  # fmt: skip


def trace(**given: Any) -> dict[str, Any]:
    """Return a row of the traces export."""
    return {
        "id": "t1", "timestamp": "2026-10-01 08:00:00.000000", "name": "chat", "user_id": "u1", "session_id": "s1",
        "release": "r1", "bookmarked": False, "public": False, "tags": ["web"], "environment": "production",
    } | given  # fmt: skip


def one(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one row of a record."""
    (row,) = read(SOURCE, record)
    return row


def tokens(**usage: float) -> dict[str, Any]:
    """Return the tokens of a call with this usage."""
    parts = (
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
    )
    return pick(one(observation(usage_details=usage)), *parts)


def test_an_observation_of_the_blob_storage_is_a_call() -> None:
    """Times without a zone are UTC, the latency is from start to end, and the trace's name is the feature."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "g1", "trace_id": "t1", "user_id": "u1",
        "session_id": "s1", "feature": "chat", "query_type": "answer", "environment": "production",
        "tags": "web,beta", "model": "gpt-4o", "status": "ok", "latency_ms": 2500, "input_tokens": 100,
        "output_tokens": 20, "cost_usd": 0.002,
    }  # fmt: skip
    actual = one(observation())

    assert expected == actual


def test_an_observation_of_the_ui_says_the_same_in_camel_case() -> None:
    """The UI's export has no session, but the prompt and the first token; columns of scores are left aside."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "g1", "trace_id": "t1", "parent_id": "s1",
        "user_id": "u1", "feature": "chat", "query_type": "answer", "environment": "production", "tags": "web,beta",
        "model": "gpt-4o", "prompt_version": "greet@3", "status": "ok", "latency_ms": 2500, "ttft_ms": 400,
        "input_tokens": 100, "output_tokens": 20, "cost_usd": 0.002,
    }  # fmt: skip
    actual = one(exported())

    assert expected == actual


def test_only_inferences_are_calls() -> None:
    """Generations and embeddings are calls; spans, agents, tools and events are passed over."""
    kinds = ["SPAN", "GENERATION", "AGENT", "EMBEDDING", "TOOL", "EVENT"]
    records = [observation(id=kind, type=kind) for kind in kinds]
    expected = ([2, 4], [1, 3, 5, 6])
    actual = ([row["_line"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


def test_a_generation_around_another_gives_way_to_it() -> None:
    """A framework's generation repeats the one of the client under it; one of another trace or type does not."""
    records = [
        observation(id="outer"),
        observation(id="inner", parent_observation_id="outer"),
        observation(id="asks", trace_id="t2"),
        observation(id="vector", trace_id="t2", parent_observation_id="asks", type="EMBEDDING"),
        observation(id="stranger", trace_id="t3", parent_observation_id="asks"),
    ]
    expected = ["inner", "asks", "vector", "stranger"]
    actual = [row["request_id"] for row in read(SOURCE, *records)]

    assert expected == actual


def test_the_input_is_the_sum_of_its_parts() -> None:
    """Langfuse keeps cached and reasoning tokens apart: 176 + 1024 in, 80 + 64 out, 1344 in all."""
    expected = {"input_tokens": 1200, "cache_read_tokens": 1024, "output_tokens": 144, "reasoning_tokens": 64}
    actual = tokens(input=176, input_cached_tokens=1024, output=80, output_reasoning_tokens=64, total=1344)

    assert expected == actual


def test_parts_are_inside_where_the_total_says_so() -> None:
    """A total of 1050 is 1000 in and 50 out: the 950 cached tokens are among the 1000."""
    expected = {"input_tokens": 1000, "cache_read_tokens": 800, "cache_write_tokens": 150, "output_tokens": 50}
    actual = tokens(input=1000, cache_read_input_tokens=800, cache_creation_input_tokens=150, output=50, total=1050)

    assert expected == actual


def test_one_side_may_have_its_parts_inside_and_the_other_apart() -> None:
    """A total of 1200 is 100 + 900 in, apart, and 200 out with 150 of them for reasoning, inside."""
    expected = {"input_tokens": 1000, "cache_read_tokens": 900, "output_tokens": 200, "reasoning_tokens": 150}
    actual = tokens(input=100, input_cache_read=900, output=200, output_reasoning=150, total=1200)

    assert expected == actual


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input": 10, "cache_read_input_tokens": 90, "input_cache_creation_5m": 7, "input_cache_creation_1h": 3},
         {"input_tokens": 110, "cache_read_tokens": 90, "cache_write_tokens": 10, "cache_write_1h_tokens": 3}),
        ({"input": 190, "prompt_details.cache_read": 40, "output": 164, "completion_details.reasoning": 64},
         {"input_tokens": 190, "cache_read_tokens": 40, "output_tokens": 164, "reasoning_tokens": 64}),
        ({"input": 10, "input_cached_tokens": 90, "total": 15, "output": 5},
         {"input_tokens": 100, "cache_read_tokens": 90, "output_tokens": 5}),
        ({"input": 10, "prompt_details.cache_read": 40}, {"input_tokens": 50, "cache_read_tokens": 40}),
        ({"input": 10, "output": 5, "reasoning_tokens": 20}, {"input_tokens": 10, "output_tokens": 25, "reasoning_tokens": 20}),
        ({"input": 30, "total": 30}, {"input_tokens": 30}),
        ({}, {}),
    ],
)  # fmt: skip
def test_names_in_the_usage_are_told_by_their_words(usage: dict[str, int], expected: dict[str, int]) -> None:
    """Writes for five minutes and an hour add up; a part under a name of its own, larger than the whole, is outside."""
    actual = tokens(**usage)

    assert expected == actual


def test_usage_that_is_only_stated_is_taken_where_there_is_no_map() -> None:
    """Without a map the stated sums count; an empty map is an unknown usage, though zeros are stated beside it."""
    older = {name: value for name, value in exported(inputUsage=70, outputUsage=9).items() if name != "usageDetails"}
    expected = [{"input_tokens": 70, "output_tokens": 9}, {}]
    rows = read(SOURCE, older, exported(usageDetails={}, inputUsage=0, outputUsage=0))
    actual = [pick(row, "input_tokens", "output_tokens") for row in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"total_cost": 0}, {}),
        ({"total_cost": None, "cost_details": {"input": 0.001, "output": 0.002, "total": 0.003}}, {"cost_usd": 0.003}),
        ({"total_cost": 0, "cost_details": {"total": 1e-05}}, {"cost_usd": 0.00001}),
        ({"total_cost": None, "calculatedTotalCost": "0.004"}, {"cost_usd": 0.004}),
    ],
)
def test_a_cost_of_nothing_is_unknown(given: dict[str, Any], expected: dict[str, float]) -> None:
    """Langfuse writes 0 for a model without a price; the total of the details stands in for the total cost."""
    actual = pick(one(observation(**given)), "cost_usd")

    assert expected == actual


def test_latency_and_first_token_come_from_the_times() -> None:
    """Where they are only stated they are in seconds; a first token later than the end was written in milliseconds."""
    expected = [
        {"latency_ms": 2500, "ttft_ms": 250},
        {"latency_ms": 1500, "ttft_ms": 300},
        {"latency_ms": 2500, "ttft_ms": 350},
    ]
    rows = read(
        SOURCE,
        observation(completion_start_time="2026-10-01 08:00:00.250000", latency=9, time_to_first_token=9),
        observation(id="g2", end_time=None, latency=1.5, time_to_first_token=0.3),
        observation(id="g3", latency=2500, time_to_first_token=350),
    )
    actual = [pick(row, "latency_ms", "ttft_ms") for row in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"level": "WARNING", "status_message": "RateLimitError, retried"}, {"status": "ok"}),
        ({"end_time": None}, {}),
        ({"level": "ERROR", "status_message": ""}, {"status": "error"}),
        ({"level": "ERROR", "status_message": "RateLimitError: Error code: 429 - Ms Brown is over her limit"},
         {"status": "rate_limited", "http_status": 429, "error_type": "RateLimitError"}),
        ({"level": "ERROR", "status_message": "Request timed out."}, {"status": "timeout", "error_type": "timeout"}),
        ({"level": "ERROR", "status_message": "Ms Brown is unwell"}, {"status": "error", "error_type": "error"}),
        ({"level": "ERROR", "status_message": "got status code: 504"},
         {"status": "timeout", "http_status": 504, "error_type": "error"}),
    ],
)  # fmt: skip
def test_a_failed_call_is_told_by_its_level(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """How it failed is told by the code or class in its message, never by its words; without an end nothing is told."""
    actual = pick(one(observation(**given)), "status", "http_status", "error_type")

    assert expected == actual


def test_rows_of_traces_are_passed_over() -> None:
    """A trace is no call: its columns are those of its observations."""
    records = [trace(), observation()]
    expected = ([2], [1])
    actual = ([row["_line"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


def test_a_score_is_about_an_observation_of_a_trace() -> None:
    """A score names observation, trace and session; its name is the category, and its comment is not read."""
    expected = {
        "_line": 1, "event": "feedback", "kind": "eval", "ts": AT_EIGHT, "request_id": "g1", "trace_id": "t1",
        "environment": "production", "category": "accuracy", "value": 0.5,
    }  # fmt: skip
    actual = one(score())

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source": "EVAL"}, {"kind": "eval", "value": 0.5}),
        ({"source": "ANNOTATION", "value": 4}, {"kind": "review", "value": 4.0}),
        ({"name": "user-feedback", "value": 1}, {"kind": "thumb", "value": 1.0}),
        ({"name": "userFeedback", "value": -1}, {"kind": "thumb", "value": 0.0}),
        ({"name": "thumbs_up", "value": None, "string_value": "True", "data_type": "BOOLEAN"}, {"kind": "thumb", "value": 1.0}),
        ({"name": "stars", "value": 1}, {"kind": "star", "value": 1.0}),
        ({"name": "user-rating", "value": 4}, {"kind": "star", "value": 4.0}),
        ({"name": "user-feedback", "value": 4}, {"kind": "star", "value": 4.0}),
        ({"name": "user-feedback", "value": 80}, {"kind": "eval", "value": 80.0}),
        ({"name": "started", "value": 1}, {"kind": "eval", "value": 1.0}),
        ({"name": "thumbs", "value": 1, "source": "EVAL"}, {"kind": "eval", "value": 1.0}),
        ({"source": "ANNOTATION", "data_type": "CORRECTION", "value": 0, "string_value": "a secret"}, {"kind": "correction"}),
        ({"source": "ANNOTATION", "data_type": "TEXT", "value": 0, "string_value": "a secret"}, {"kind": "review"}),
        ({"source": "ANNOTATION", "data_type": "BOOLEAN", "value": "false"}, {"kind": "review", "value": 0.0}),
    ],
)  # fmt: skip
def test_a_score_is_what_its_giver_made_it(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """People's annotations are reviews, evaluators' scores evals; users' ratings come through the API, with numbers."""
    actual = pick(one(score(**given)), "kind", "value")

    assert expected == actual


def test_the_scale_of_users_is_told_by_all_values_of_a_name() -> None:
    """A 1 among 4 and 5 is one star, and no thumb up; a 1 among zeros is a thumb."""
    given = [("rating", 1), ("rating", 5), ("feedback", 1), ("feedback", 4), ("thumb", 1), ("thumb", 0)]
    expected = ["star", "star", "star", "star", "thumb", "thumb"]
    actual = [row["kind"] for row in read(SOURCE, *(score(name=name, value=value) for name, value in given))]

    assert expected == actual


def test_a_chosen_label_stands_behind_the_name() -> None:
    """Of a categorical score the number is the place of a label in a list: the label says what was meant."""
    expected = {"kind": "review", "value": 2.0, "category": "tone=curt"}
    row = one(score(name="tone", source="ANNOTATION", data_type="CATEGORICAL", value=2, string_value="curt"))
    actual = pick(row, "kind", "value", "category")

    assert expected == actual


def test_a_trace_as_json_holds_observations_scores_and_corrections() -> None:
    """Observations take user, session, name and tags from their trace; a trace without observations is passed over."""
    within = {
        "id": "x", "timestamp": "2026-10-01T08:01:00Z", "name": "output", "value": 0, "dataType": "CORRECTION",
        "source": "ANNOTATION", "traceId": "t1", "observationId": None, "longStringValue": "a secret",
    }  # fmt: skip
    own = {name: value for name, value in exported().items() if name not in ("userId", "traceName", "traceTags")}
    about = {"id": "t1", "userId": "u9", "sessionId": "s9", "name": "chat", "tags": ["web"], "input": "a secret"}
    record = {
        "trace": {**about, "scores": [within | {"dataType": "NUMERIC", "source": "EVAL"}], "corrections": [within]},
        "observations": [own, own | {"id": "s1", "type": "SPAN"}],
    }
    expected = (
        [
            ("call", {"user_id": "u9", "session_id": "s9", "feature": "chat", "tags": "web"}),
            ("feedback", {}),
            ("feedback", {}),
        ],
        [1, 2],
    )
    rows = read(SOURCE, record)
    actual = (
        [(row["event"], pick(row, "user_id", "session_id", "feature", "tags")) for row in rows],
        others(SOURCE, record, {"trace": about, "observations": []}),
    )

    assert expected == actual
    assert "secret" not in str(rows)


def test_a_trace_of_the_api_is_read_without_its_wrapper() -> None:
    """A trace may be the record itself, with its observations under it."""
    record = {"id": "t1", "userId": "u9", "sessionId": "s9", "name": "chat", "observations": [exported(userId=None)]}
    expected = {"user_id": "u9", "session_id": "s9", "feature": "chat"}
    actual = pick(one(record), *expected)

    assert expected == actual


def write_csv(path: Path, *records: Mapping[str, Any]) -> str:
    """Write records as Langfuse writes CSV: lists and maps as JSON text, null as an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(records[0])
        for record in records:
            rows.writerow(json.dumps(v) if isinstance(v, list | dict) else v for v in record.values())
    return str(path)


@pytest.mark.parametrize("record", [observation(), exported(), score()])
def test_csv_says_the_same(record: dict[str, Any], tmp_path: Path) -> None:
    """Lists and maps in the cells of a CSV are JSON text; times without a zone are UTC whatever the zone asked for."""
    expected = one(record) | {"_line": 1}
    log = read_files([write_csv(tmp_path / "export.csv", record)], how=Reading(tz="Asia/Tokyo"))
    (row,) = log.events.to_dicts()
    actual = {"_line": 1} | {name: value for name, value in row.items() if value is not None}

    assert expected == actual
    assert log.account.notes == []


def test_parquet_says_the_same(tmp_path: Path) -> None:
    """The blob storage's Parquet has maps, lists and times of their own types."""
    record = observation(usage_details={"input": 10, "input_cached_tokens": 90, "output": 5, "total": 105})
    usage = [{"key": name, "value": value} for name, value in record["usage_details"].items()]
    frame = pl.DataFrame([record | {"usage_details": usage}]).with_columns(
        pl.col("usage_details").cast(pl.Map(pl.String, pl.Int64)),
        pl.col("start_time", "end_time").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"),
    )
    frame.write_parquet(tmp_path / "export.parquet")
    expected = one(record) | {"_line": 1}
    (row,) = read_files([str(tmp_path / "export.parquet")]).events.to_dicts()
    actual = {"_line": 1} | {name: value for name, value in row.items() if value is not None}

    assert expected == actual


def test_a_value_that_is_no_number_is_no_score() -> None:
    """The API may give a label where a number should be: then nothing is counted, and nothing is lost."""
    expected: list[str] = []
    actual = refused(SOURCE, score(value="good", data_type="CATEGORICAL", string_value="good"))

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (observation(), True),
        (exported(), True),
        (score(), True),
        (trace(), True),
        ({"trace": {"id": "t1"}, "observations": [exported()]}, True),
        ({"id": "t1", "name": "chat", "observations": [exported()]}, True),
        ({"observations": [{"station": "Lyon", "celsius": 9}]}, False),
        ({"id": "1", "timestamp": "2026-10-01", "user_id": "u", "session_id": "s"}, False),
        ({"id": "1", "trace_id": "t", "startTime": 1.0, "endTime": 2.0, "call_type": "acompletion"}, False),
        ({"resourceSpans": []}, False),
    ],
)
def test_only_exports_of_langfuse_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """Each export is told by names that only it has together."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """Six of the sample's records are calls and four are scores; a span, a wrapper and a trace are passed over."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = ([2, 3, 4, 6, 7, 8, 10, 11, 12, 13], [1, 5, 9])
    actual = ([row["_line"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


@needs_data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("agno-2025-06-11", (2, 0, 826, 245, 0.0002709)),
        ("crewai-2025-07-11", (1, 2, 190, 164, 0.0001269)),
        ("google-adk-2025-08-28", (2, 2, 67, 9, 0.0000103)),
        ("koog-2025-08-26", (2, 0, 215, 125, 0.0017875)),
        ("langgraph-python-2025-08-22", (2, 2, 168, 66, 0.000234)),
        ("microsoft-agent-2025-12-17", (2, 3, 293, 106, 0.00028525)),
        ("pydantic-ai-2025-06-06", (1, 1, 31, 96, 0.0010375)),
        ("vercel-aisdk-2025-11-17", (1, 2, 62, 85, 0.0009275)),
    ],
)
def test_real_traces_are_counted_once(name: str, expected: tuple[float, ...]) -> None:
    """Calls, scores, tokens and cost of real traces: wrappers, and the sums on agents, are not counted again."""
    log = read_files([str(REAL / f"{name}.trace.json")])
    calls = log.events.filter(pl.col("event") == "call")
    actual = (
        calls.height,
        log.events.height - calls.height,
        calls["input_tokens"].sum(),
        calls["output_tokens"].sum(),
        round(calls["cost_usd"].sum(), 7),
    )

    assert expected == pytest.approx(actual, abs=1e-7)


@needs_data
def test_a_real_trace_gives_its_calls_user_and_session() -> None:
    """The trace says who it was, its only observation does not; the correction finds the call by the trace."""
    log = read_files([str(REAL / "pydantic-ai-2025-06-06.trace.json")])
    expected = {
        "user_id": "user_123", "session_id": "session_abc", "tags": "dev,pydantic-ai", "latency_ms": 4794,
        "feature": "pydantic-ai-qa-trace",
    }  # fmt: skip
    actual = pick(log.events.filter(pl.col("event") == "call").to_dicts()[0], *expected)

    assert expected == actual
    assert log.account.feedback_joined_ratio == 1
