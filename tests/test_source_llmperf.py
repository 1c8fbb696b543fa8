"""The `llmperf` format: a benchmark's individual responses."""

import json
from pathlib import Path
from typing import Any

import pytest
from reading import head, pick, read

from aiopsctl.sources.llmperf import SOURCE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
DATA = Path(__file__).parents[2] / "shared" / "data" / "llmperf"
PROVIDERS = ("anyscale_13b", "anyscale_7b", "bedrock_70b", "fireworks_70b", "groq_70b", "lepton_7b", "replicate_7b",
             "together_7b")  # fmt: skip


def request(**given: Any) -> dict[str, Any]:
    """Return one response of a benchmark."""
    return {
        "error_code": None, "error_msg": "", "inter_token_latency_s": 0.01, "ttft_s": 0.5575,
        "end_to_end_latency_s": 1.5284, "request_output_throughput_token_per_s": 98.8,
        "number_total_tokens": 701, "number_output_tokens": 151, "number_input_tokens": 550,
    } | given  # fmt: skip


def loaded(part: str, provider: str) -> Any:
    """Return a published file, or skip the test where it is not there."""
    path = DATA / part / f"{provider}.json"
    if not path.exists():
        pytest.skip("LLMPerf's published data is not at hand")
    return json.loads(path.read_text(encoding="utf-8"))


def test_seconds_become_milliseconds() -> None:
    """Durations are seconds upstream and whole milliseconds here; a request without an error code ended well."""
    expected = [
        {"_line": 1, "event": "call", "status": "ok", "latency_ms": 1528, "ttft_ms": 558, "input_tokens": 550,
         "output_tokens": 151},
    ]  # fmt: skip
    actual = read(SOURCE, request())

    assert expected == actual


def test_a_refused_request_has_no_measurements() -> None:
    """A 429 was never answered: its zeros are no durations, and its one token of nothing is no output."""
    refused = request(error_code=429, ttft_s=0, end_to_end_latency_s=0, number_output_tokens=1)
    expected = [
        {"_line": 1, "event": "call", "status": "rate_limited", "http_status": 429, "error_type": "429",
         "input_tokens": 550},
    ]  # fmt: skip
    actual = read(SOURCE, refused)

    assert expected == actual


def test_an_answer_that_failed_the_benchmark_keeps_its_durations() -> None:
    """An answer with too few tokens (-100) is an error, no HTTP status, and was measured."""
    expected = {"status": "error", "error_type": "-100", "latency_ms": 1528, "ttft_ms": 558}
    actual = pick(read(SOURCE, request(error_code=-100))[0], *expected, "http_status")

    assert expected == actual


def test_an_error_that_is_an_http_status_is_one() -> None:
    """A code between 100 and 599 is the HTTP status of the answer."""
    expected = {"status": "timeout", "http_status": 504, "error_type": "504"}
    actual = pick(read(SOURCE, request(error_code=504.0))[0], *expected)

    assert expected == actual


def test_generated_text_is_not_read() -> None:
    """Some runs carry what the model wrote; it is no part of the schema."""
    expected = False
    actual = "lorem" in str(read(SOURCE, request(GEN_TEXT="lorem ipsum")))

    assert expected == actual


def test_it_is_told_by_its_names() -> None:
    """The names of the benchmark's measurements are enough; names of other logs are not."""
    expected = (True, False)
    actual = (SOURCE.detects(head(request())), SOURCE.detects(head({"ts": "2026-10-01", "ttft_s": 1})))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has one request of each kind: answered, refused, answered too briefly."""
    expected = ["ok", "rate_limited", "error"]
    actual = [row["status"] for row in read(SOURCE, *json.loads(SAMPLE.read_text(encoding="utf-8")))]

    assert expected == actual


@pytest.mark.parametrize("provider", PROVIDERS)
def test_published_runs_have_upstreams_number_of_errors(provider: str) -> None:
    """Each published run has 150 requests, and as many failed as upstream's own summary says."""
    rows = read(SOURCE, *loaded("individual", provider))
    expected = (150, loaded("summary", provider)["results_number_errors"])
    actual = (len(rows), sum(row["status"] != "ok" for row in rows))

    assert expected == actual
