"""The `vllm` format: two clocks, the queue, requests without an answer, and upstream's own summary of a real run."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, pick, read

from aiopsctl.sources.source import LINE
from aiopsctl.sources.vllm import SOURCE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
REAL = Path(__file__).parents[2] / "shared" / "data" / "vllm_bench" / "RTX4090_Llama-3.1-8B_requests.jsonl"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs the requests of a vLLM benchmark")


def request(**given: Any) -> dict[str, Any]:
    """Return a request: 12 s in the queue, the first token after 12.5 s, the last after 30 s."""
    return {
        "request_id": "bench-0", "input_toks": 2358, "output_toks": 531, "arrival_time": 1790841600.25,
        "queued_ts": 100.0, "scheduled_ts": 112.0, "first_token_ts": 112.5, "last_token_ts": 130.0,
    } | given  # fmt: skip


def test_durations_are_taken_from_the_queue_on_one_clock() -> None:
    """The time of day is the arrival's; latency and first token count from when the request was queued."""
    expected = [
        {
            "_line": 1, "event": "call", "ts": datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC),
            "request_id": "bench-0@1790841600.25", "status": "ok", "latency_ms": 30000, "ttft_ms": 12500,
            "input_tokens": 2358, "output_tokens": 531,
        }
    ]  # fmt: skip
    actual = read(SOURCE, request())

    assert expected == actual


def test_a_request_without_an_answer_has_no_durations() -> None:
    """Stamps that are 0 or missing are no times: neither a latency nor an end is known."""
    expected = [{}, {"ttft_ms": 12500}]
    rows = read(SOURCE, request(first_token_ts=0.0, last_token_ts=0.0), request(last_token_ts=None))
    actual = [pick(row, "latency_ms", "ttft_ms", "status") for row in rows]

    assert expected == actual


def test_requests_of_two_runs_are_not_the_same() -> None:
    """Every run counts its requests from 0, so the arrival is part of the identity."""
    expected = 2
    rows = read(SOURCE, request(), request(arrival_time=1790845200.5))
    actual = len({row["request_id"] for row in rows})

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (request(), True),
        ({"request_id": "r", "ts": "2026-10-01T08:00:00Z", "latency_ms": 5, "input_tokens": 1}, False),
        ({"ttft_s": 0.5, "end_to_end_latency_s": 2.0, "number_input_tokens": 1}, False),
    ],
)
def test_only_requests_of_the_benchmark_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """The requests are told by the names of their stamps."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample is claimed, and its three requests are calls, one of them without an answer."""
    records = [json.loads(each) for each in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = (True, [17500, 40000, None])
    actual = (SOURCE.detects(head(*records)), [row.get("latency_ms") for row in read(SOURCE, *records)])

    assert expected == actual


@needs_data
def test_a_real_run_gives_what_upstream_reported() -> None:
    """Mean, median and high quantiles are those of upstream's summary of the same run, to a tenth of a millisecond."""
    records = [json.loads(each) for each in REAL.read_text(encoding="utf-8").splitlines()]
    raw = pl.DataFrame(records).cast(pl.String).with_columns(pl.int_range(1, pl.len() + 1).alias(LINE))
    found = SOURCE.events(raw)
    expected = {
        "ttft_ms": [65456.6, 60110.9, 121121.7, 122739.2, 137356.3],
        "latency_ms": [86578.3, 83413.3, 141600.9, 148977.6, 153627.5],
    }
    actual = {
        name: [round(found[name].mean(), 1)]  # type: ignore[arg-type]
        + [round(found[name].quantile(q, "linear"), 1) for q in (0.5, 0.9, 0.95, 0.99)]  # type: ignore[arg-type]
        for name in expected
    }

    assert expected == actual


@needs_data
def test_all_requests_of_a_real_run_are_calls() -> None:
    """300 requests were sent and answered, with 257,239 tokens in and 195,753 out."""
    rows = read(SOURCE, *(json.loads(each) for each in REAL.read_text(encoding="utf-8").splitlines()))
    expected = (300, {"ok"}, 257239, 195753)
    actual = (
        len({row["request_id"] for row in rows}),
        {row["status"] for row in rows},
        sum(row["input_tokens"] for row in rows),
        sum(row["output_tokens"] for row in rows),
    )

    assert expected == actual
