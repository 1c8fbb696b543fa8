"""The `cassette` format: which exchanges are calls, each provider's own usage, dates, latency and errors."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import head, others, pick, read

from aiopsctl.sources.cassette import SOURCE
from aiopsctl.sources.chunks import chunks
from aiopsctl.sources.lines import parse

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
REAL = Path(__file__).parents[2] / "shared" / "data" / "api_cassettes" / "interactions.jsonl.gz"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs the recorded exchanges of openllmetry and llm")

CHAT = "https://api.openai.com/v1/chat/completions"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def exchange(**given: Any) -> dict[str, Any]:
    """Return a recorded exchange; headers are added to the ones that all have."""
    headers = {"content-type": "application/json", "date": "Thu, 01 Oct 2026 08:00:00 GMT"} | given.pop("headers", {})
    return {
        "source_repo": "example/app", "cassette": "tests/chat.yaml", "seq": 3, "method": "POST", "url": CHAT, "status": 200,
        "request_model": "gpt-4o-mini", "stream": None, "response_model": "gpt-4o-mini-2024-07-18", "usage": None, "error": None,
    } | given | {"headers": headers}  # fmt: skip


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of an exchange."""
    (row,) = read(SOURCE, record)
    return row


def test_an_exchange_with_a_model_is_a_call() -> None:
    """Host, date, processing time and usage give provider, time, latency and tokens."""
    record = exchange(
        headers={"openai-processing-ms": "498", "x-request-id": "req_1"},
        usage={"prompt_tokens": 23, "completion_tokens": 7, "total_tokens": 30},
    )
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "req_1", "trace_id": "tests/chat.yaml",
        "provider": "openai", "model": "gpt-4o-mini", "model_version": "gpt-4o-mini-2024-07-18", "status": "ok",
        "http_status": 200, "latency_ms": 498, "input_tokens": 23, "output_tokens": 7,
    }  # fmt: skip
    actual = one(record)

    assert expected == actual


DETAILS = {"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 64}}
RESPONSE = {"input_tokens_details": {"cached_tokens": 50}, "output_tokens_details": {"reasoning_tokens": 5}}
COHERE = {
    "billed_units": {"input_tokens": 377, "output_tokens": 90},
    "tokens": {"input_tokens": 577, "output_tokens": 90},
}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 1100, "completion_tokens": 70} | DETAILS, (1100, 1024, None, 70, 64)),
        ({"input_tokens": 72, "output_tokens": 14} | RESPONSE, (72, 50, None, 14, 5)),
        ({"prompt_tokens": 40, "completion_tokens": 300, "prompt_token_details": {"cached_tokens": 8}}, (40, 8, None, 300, None)),
        ({"prompt_tokens": 32, "completion_tokens": 3, "prompt_cache_hit_tokens": 30}, (32, 30, None, 3, None)),
        (
            {"input_tokens": 4, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 2000, "output_tokens": 50},
            (2304, 2000, 300, 50, None),
        ),
        ({"inputTokens": 28, "outputTokens": 26, "cacheReadInputTokens": 100, "totalTokens": 154}, (128, 100, None, 26, None)),
        ({"promptTokenCount": 5, "candidatesTokenCount": 877, "thoughtsTokenCount": 1058}, (5, None, None, 1935, 1058)),
        (COHERE | {"cached_tokens": 576}, (577, 576, None, 90, None)),
        ({"total_tokens": 12}, (12, None, None, None, None)),
        ({"output_tokens": 108}, (None, None, None, 108, None)),
        ({"readUnits": 6}, (None, None, None, None, None)),
    ],
)  # fmt: skip
def test_usage_is_in_the_terms_of_the_provider(usage: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    """Input includes the cache at every provider, output includes reasoning; a total without parts is input."""
    names = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    row = one(exchange(usage=usage))
    actual = tuple(row.get(name) for name in names)

    assert expected == actual


def test_cache_writes_for_an_hour_are_a_part_of_the_writes() -> None:
    """Anthropic splits its writes by how long they are kept."""
    split = {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 240}
    usage = {"input_tokens": 4, "cache_creation_input_tokens": 300, "output_tokens": 50, "cache_creation": split}
    expected = {"input_tokens": 304, "cache_write_tokens": 300, "cache_write_1h_tokens": 240}
    actual = pick(one(exchange(usage=usage)), *expected)

    assert expected == actual


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (CHAT, {"provider": "openai", "model": "asked"}),
        (
            "https://x.openai.azure.com/openai/deployments/chat/embeddings?api-version=1",
            {"provider": "azure", "model": "asked"},
        ),
        ("https://api.anthropic.com/v1/messages", {"provider": "anthropic", "model": "asked"}),
        ("https://api.mistral.ai/v1/chat/completions", {"provider": "mistral", "model": "asked"}),
        ("http://localhost:8000/v1/completions", {"model": "asked"}),
        ("http://127.0.0.1:11434/api/chat", {"model": "asked"}),
    ],
)
def test_the_provider_is_told_by_the_host(url: str, expected: dict[str, str]) -> None:
    """The name in the host is the provider, cloud hosts are theirs, and this machine is none."""
    actual = pick(one(exchange(url=url, request_model="asked")), "provider", "model")

    assert expected == actual


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{BEDROCK}/amazon.nova-lite-v1%3A0/converse-stream", "amazon.nova-lite-v1:0"),
        (
            f"{BEDROCK}/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.claude-v1%3A0/invoke",
            "us.claude-v1:0",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            "gemini-2.5-flash",
        ),
        ("https://api.replicate.com/v1/models/meta/llama-2-70b-chat/predictions", "meta/llama-2-70b-chat"),
        ("https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/my-llama/invocations", "my-llama"),
        ("https://api.replicate.com/v1/predictions", "served"),
    ],
)
def test_a_model_that_the_request_does_not_name_is_in_the_url(url: str, expected: str) -> None:
    """Bedrock, Gemini, Replicate and SageMaker have the model in the path; else it is the one that answered."""
    actual = one(exchange(url=url, request_model=None, response_model="served"))["model"]

    assert expected == actual


def test_exchanges_without_a_model_are_passed_over() -> None:
    """Telemetry, stores, listings and polls are no calls; an assistant's run is one where it reports its usage."""
    run = "https://api.openai.com/v1/threads/thread_1/runs/run_1"
    usage = {"prompt_tokens": 1118, "completion_tokens": 99}
    records = [
        exchange(url="https://telemetry.example.com/runs"),
        exchange(method="GET", url="https://api.openai.com/v1/models"),
        exchange(url="https://api.openai.com/v1/threads/thread_1/messages"),
        exchange(method="GET", url=run),
        exchange(method="GET", url=run, usage=usage),
        exchange(url="https://api.openai.com/v1/files"),
        exchange(method="post", url="https://api.voyageai.com/v1/rerank"),
    ]
    expected = [1, 2, 3, 4, 6]
    actual = others(SOURCE, *records)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"headers": {"openai-processing-ms": "498", "x-envoy-upstream-service-time": "510"}}, 498),
        ({"headers": {"x-envoy-upstream-service-time": "510"}}, 510),
        ({"headers": {"openai-processing-ms": ["9693", "proj_1"]}}, 9693),
        ({"stream": True, "headers": {"openai-processing-ms": "152"}}, None),
        ({"headers": {"openai-processing-ms": "152", "content-type": "text/event-stream; charset=utf-8"}}, None),
    ],
)
def test_a_stream_has_no_latency(given: dict[str, Any], expected: int | None) -> None:
    """The headers of a stream are sent before its answer: what they say is no latency. A header may come twice."""
    actual = one(exchange(**given)).get("latency_ms")

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"status": 429, "error": {"message": "Slow down, Jane", "type": "tokens", "code": "rate_limit_exceeded"}},
            {"status": "rate_limited", "http_status": 429, "error_type": "rate_limit_exceeded"},
        ),
        ({"status": 401, "error": {"code": "401", "message": "Jane"}}, {"status": "error", "http_status": 401, "error_type": "error"}),
        (
            {"error": {"message": "x", "code": "content_filter", "innererror": {"code": "Policy"}}},
            {"status": "filtered", "http_status": 200, "error_type": "content_filter"},
        ),
        ({"status": 504, "error": "upstream"}, {"status": "timeout", "http_status": 504, "error_type": "error"}),
    ],
)  # fmt: skip
def test_an_error_is_told_by_status_and_code(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A filtered prompt is no error even with status 200; the words of an error are never kept."""
    actual = pick(one(exchange(**given)), "status", "http_status", "error_type")

    assert expected == actual


def test_a_date_is_read_whatever_its_weekday() -> None:
    """Recordings are edited by hand: 1 October 2026 is a Thursday, and is read as such with a wrong weekday too."""
    expected = [AT_EIGHT, AT_EIGHT]
    dates = ("Thu, 01 Oct 2026 08:00:00 GMT", "Mon, 01 Oct 2026 08:00:00 GMT")
    actual = [one(exchange(headers={"date": date}))["ts"] for date in dates]

    assert expected == actual


def test_a_recording_without_a_request_id_is_told_by_its_place() -> None:
    """The provider's request id tells copies of a recording; without one a call is its file and its number."""
    expected = ["req_1", "req_2", "tests/chat.yaml#3"]
    rows = read(
        SOURCE, exchange(headers={"x-request-id": "req_1"}), exchange(headers={"request-id": "req_2"}), exchange()
    )
    actual = [row["request_id"] for row in rows]

    assert expected == actual


def test_a_cost_that_a_gateway_reports_is_read() -> None:
    """Gateways put dollars into usage; 0 is unknown."""
    expected = [7.159e-05, None]
    usage = {"prompt_tokens": 57, "completion_tokens": 17}
    actual = [one(exchange(usage=usage | {"cost": cost})).get("cost_usd") for cost in (7.159e-05, 0)]

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (exchange(), True),
        ({"url": CHAT, "status": 200, "method": "POST"}, False),
        (
            {"ts": "2026-10-01T08:00:00Z", "request": {}, "response": {"object": "chat.completion"}, "status": 200},
            False,
        ),
    ],
)
def test_only_recordings_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """A recording has url, status, models, usage and headers side by side."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has ten calls, and two other exchanges."""
    records = [json.loads(each) for each in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = (True, list(range(1, 11)), [11, 12])
    actual = (
        SOURCE.detects(head(*records)),
        [row["_line"] for row in read(SOURCE, *records)],
        others(SOURCE, *records),
    )

    assert expected == actual


@needs_data
def test_real_recordings_add_up() -> None:
    """Of 1,740 exchanges 1,175 are calls; the 77 without a date are not among the sums."""
    with gzip.open(REAL, "rb") as file:
        frames = [SOURCE.events(parse(chunk, SOURCE.schema).rows) for chunk in chunks(file)]
    (found,) = frames
    calls = found.remove("_other")
    dated = calls.drop_nulls("ts")
    expected = (1740, 1175, 1098, 372993, 60320, 0.00068239)
    tokens = [dated[name].sum() for name in ("input_tokens", "output_tokens")]
    cost = round(dated["cost_usd"].cast(float).sum(), 8)
    actual = (found.height, calls.height, dated.height, *tokens, cost)

    assert expected == actual


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "limit-requests": "30000",
                "remaining-requests": "29999",
                "reset-requests": "2ms",
                "limit-tokens": "150000",
            },
            (30_000, 60, 150_000),
        ),
        # 30 of 14,400 requests are there again after 180 s: all of them after a day
        ({"limit-requests": "14400", "remaining-requests": "14370", "reset-requests": "3m0s"}, (14_400, 86_400, None)),
        ({"limit-requests": "200", "remaining-requests": "199", "reset-requests": "7m12s"}, (200, 86_400, None)),
        ({"limit-requests": "120", "remaining-requests": "119", "reset-requests": "500"}, (120, 60, None)),
        ({"limit-req-10-second": "60", "limit-tokens-minute": "2000000"}, (60, 10, 2_000_000)),
        ({"limit-requests": "-1", "limit-tokens": "many"}, (None, None, None)),
    ],
)
def test_limits_are_those_of_the_headers(headers: dict[str, str], expected: tuple[int | None, ...]) -> None:
    """Requests are by the minute, unless they come back as slowly as those of a day; -1 is no limit."""
    row = one(exchange(headers={f"x-ratelimit-{name}": value for name, value in headers.items()}))
    actual = tuple(row.get(name) for name in ("limit_requests", "limit_requests_window_s", "limit_tokens"))

    assert expected == actual


def test_limits_of_anthropic() -> None:
    """Anthropic has names of its own, and says what is left, too."""
    said = {"requests-limit": "4000", "requests-remaining": "3999", "tokens-limit": "480000", "tokens-remaining": "470"}
    row = one(exchange(headers={f"anthropic-ratelimit-{name}": value for name, value in said.items()}))
    expected = {
        "limit_requests": 4000, "limit_requests_window_s": 60, "limit_tokens": 480_000, "remaining_requests": 3999,
        "remaining_tokens": 470,
    }  # fmt: skip

    assert pick(row, *expected) == expected
