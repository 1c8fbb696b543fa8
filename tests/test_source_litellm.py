"""The `litellm` format: logging payloads and rows of the spend logs, in JSON and CSV."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import head, others, pick, read

from aiopsctl.sources import detect
from aiopsctl.sources.litellm import SOURCE
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read as read_files

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
EPOCH = 1790841600  # 2026-10-01 08:00 UTC
AT_EIGHT = datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC)
NOTHING = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "response_cost": 0}


def payload(**given: Any) -> dict[str, Any]:
    """Return a logging payload: 1.5 s long, not streamed."""
    return {
        "id": "chatcmpl-1", "trace_id": "t1", "call_type": "acompletion", "status": "success", "model": "gpt-4o",
        "model_group": "smart", "custom_llm_provider": "openai", "response_cost": 0.002, "prompt_tokens": 1200,
        "completion_tokens": 80, "total_tokens": 1280, "startTime": EPOCH + 0.25, "endTime": EPOCH + 1.75,
        "completionStartTime": EPOCH + 1.75, "cache_hit": None, "request_tags": [], "end_user": "u1", "metadata": {},
        "messages": [{"role": "user", "content": "a secret"}], "response": {"object": "chat.completion"},
        "error_information": {"error_code": "", "error_class": "", "error_message": ""},
    } | given  # fmt: skip


def row(**given: Any) -> dict[str, Any]:
    """Return a row of the spend logs, streamed: the first token after 0.4 s."""
    return {
        "request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": "88dc", "spend": 0.002, "model": "gpt-4o",
        "prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280, "startTime": "2026-10-01 08:00:00.250",
        "endTime": "2026-10-01 08:00:01.750", "completionStartTime": "2026-10-01 08:00:00.650", "user": "owner",
        "end_user": "", "cache_hit": "False", "request_tags": "[]", "session_id": "s1", "status": "success",
        "custom_llm_provider": "openai", "team_id": "support", "metadata": "{}", "messages": "{}",
    } | given  # fmt: skip


def failed(**given: Any) -> dict[str, Any]:
    """Return the payload of an attempt that failed."""
    error = {"error_code": "429", "error_class": "RateLimitError", "error_message": "a secret", "traceback": "a secret"}
    return payload(status="failure", error_information=error | given, **NOTHING)


def one(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one row of a record."""
    (found,) = read(SOURCE, record)
    return found


def test_a_payload_is_a_call() -> None:
    """Times are seconds since 1970; what is not streamed has no first token, and no retries are known."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "chatcmpl-1", "trace_id": "t1", "user_id": "u1",
        "provider": "openai", "model": "gpt-4o", "status": "ok", "latency_ms": 1500, "input_tokens": 1200,
        "output_tokens": 80, "cost_usd": 0.002,
    }  # fmt: skip
    actual = one(payload())

    assert expected == actual


def test_a_row_of_the_spend_logs_is_a_call() -> None:
    """Datetimes without a zone are UTC; without an end user the owner of the key is the user."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "chatcmpl-1", "session_id": "s1",
        "user_id": "owner", "tenant": "support", "provider": "openai", "model": "gpt-4o", "status": "ok",
        "latency_ms": 1500, "ttft_ms": 400, "cache_hit": False, "input_tokens": 1200, "output_tokens": 80,
        "cost_usd": 0.002,
    }  # fmt: skip
    actual = one(row())

    assert expected == actual


@pytest.mark.parametrize("metadata", ["as an object", "as text"])
def test_metadata_is_an_object_or_its_text(metadata: str) -> None:
    """Retries, cached and reasoning tokens, prompt and team are in the metadata, which the table has as text."""
    inside = {
        "attempted_retries": 2, "user_api_key_team_id": "support", "user_api_key_user_id": "owner",
        "prompt_management_metadata": {"prompt_id": "greet", "prompt_integration": "langfuse"},
        "usage_object": {
            "prompt_tokens": 1200, "prompt_tokens_details": {"cached_tokens": 900, "cache_creation_tokens": 200},
            "completion_tokens_details": {"reasoning_tokens": 64}, "cache_read_input_tokens": None,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 150},
        },
    }  # fmt: skip
    expected = {
        "retries": 2, "tenant": "support", "user_id": "owner", "prompt_version": "greet", "input_tokens": 1200,
        "cache_read_tokens": 900, "cache_write_tokens": 200, "cache_write_1h_tokens": 150, "reasoning_tokens": 64,
    }  # fmt: skip
    record = payload(end_user="", metadata=inside if metadata == "as an object" else json.dumps(inside))
    actual = pick(one(record), *expected)

    assert expected == actual


def test_one_part_of_the_usage_has_two_names() -> None:
    """Where Anthropic's name and OpenAI's are both there, with a 0 in one of them, the part is not zero."""
    usage = {"cache_read_input_tokens": 0, "prompt_tokens_details": {"cached_tokens": 900}}
    expected = 900
    actual = one(payload(metadata={"usage_object": usage}))["cache_read_tokens"]

    assert expected == actual


def test_prompt_tokens_below_their_cached_part_are_without_it() -> None:
    """Prompt tokens include the cached ones, but 12 cannot include 900 read and 100 written: 1012 were sent."""
    usage = {"cache_read_input_tokens": 900, "cache_creation_input_tokens": 100}
    expected = 1012
    actual = one(payload(prompt_tokens=12, metadata={"usage_object": usage}))["input_tokens"]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"response_cost": 0}, {"input_tokens": 1200, "output_tokens": 80}),
        ({"response_cost": 0, "cache_hit": False}, {"input_tokens": 1200, "output_tokens": 80, "cache_hit": False}),
        ({"response_cost": 0, "cache_hit": True},
         {"input_tokens": 1200, "output_tokens": 80, "cache_hit": True, "cost_usd": 0.0}),
        (NOTHING, {}),
        (NOTHING | {"status": "failure"}, {"cost_usd": 0.0}),
        ({"response_cost": 0, "status": "failure"}, {"input_tokens": 1200, "output_tokens": 80}),
    ],
)  # fmt: skip
def test_zeros_are_unknown(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A cost of 0 is a model without a price, and 0 tokens an unknown usage; the cache is free, and so is a failure without tokens."""
    actual = pick(one(payload(**given)), "input_tokens", "output_tokens", "cache_hit", "cost_usd")

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"status": "rate_limited", "http_status": 429, "error_type": "RateLimitError"}),
        ({"error_code": "408", "error_class": "Timeout"}, {"status": "timeout", "http_status": 408, "error_type": "Timeout"}),
        ({"error_code": "", "error_class": "Timeout"}, {"status": "timeout", "error_type": "Timeout"}),
        ({"error_code": "500", "error_class": ""}, {"status": "error", "http_status": 500}),
        ({"error_code": "", "error_class": ""}, {"status": "error"}),
        ({"error_code": "None", "error_class": "APIConnectionError"}, {"status": "error", "error_type": "APIConnectionError"}),
        ({"error_code": "400", "error_class": "ContentPolicyViolationError"},
         {"status": "filtered", "http_status": 400, "error_type": "ContentPolicyViolationError"}),
    ],
)  # fmt: skip
def test_a_failure_is_told_by_code_and_class(given: dict[str, str], expected: dict[str, Any]) -> None:
    """The code is the HTTP status, the class the kind of error; the message is never read."""
    actual = pick(one(failed(**given)), "status", "http_status", "error_type")

    assert expected == actual


def test_the_table_has_its_errors_in_the_metadata() -> None:
    """A failed row has code and class in its metadata; a row that went well has no HTTP status there."""
    error = {"error_code": "504", "error_class": "Timeout", "error_message": "a secret"}
    expected = [{"status": "timeout", "http_status": 504, "error_type": "Timeout"}, {"status": "ok"}]
    metadata = json.dumps({"error_information": error})
    rows = read(SOURCE, row(status="failure", metadata=metadata), row(metadata=metadata))
    actual = [pick(found, "status", "http_status", "error_type") for found in rows]

    assert expected == actual


def test_a_latency_is_stated_where_there_is_no_end() -> None:
    """`request_duration_ms` counts only without both times."""
    expected = [1500, 700]
    rows = read(SOURCE, row(request_duration_ms=9), row(endTime="", request_duration_ms=700))
    actual = [found["latency_ms"] for found in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"request_tags": ["chat", "User-Agent: openai-python/2.1"]}, {"feature": "chat", "tags": "chat"}),
        ({"request_tags": '["chat", "User-Agent: curl"]'}, {"feature": "chat", "tags": "chat"}),
        ({"request_tags": ["eu", "beta"]}, {"tags": "eu,beta"}),
        ({"request_tags": ["eu", "feature:chat"]}, {"feature": "chat", "tags": "eu,feature:chat"}),
        ({"request_tags": ["eu"], "metadata": {"spend_logs_metadata": {"feature": "chat"}}}, {"feature": "chat", "tags": "eu"}),
        ({"request_tags": ["User-Agent: curl"]}, {}),
    ],
)  # fmt: skip
def test_the_feature_is_in_the_metadata_or_a_tag(given: dict[str, Any], expected: dict[str, str]) -> None:
    """Metadata and a tag that says `feature` name it, else the only tag does; the user agent's tags are none."""
    actual = pick(one(payload(**given)), "feature", "tags")

    assert expected == actual


def test_requests_that_manage_are_no_calls() -> None:
    """Uploading a file is passed over; retrieving a batch is a call where its cost is settled there."""
    records = [
        payload(call_type="acreate_file", **NOTHING),
        payload(call_type="aretrieve_batch"),
        payload(call_type="aembedding", **NOTHING),
    ]
    expected = ([2, 3], [1])
    actual = ([found["_line"] for found in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


def test_no_text_is_kept() -> None:
    """Messages and the words of errors are in no column."""
    expected = False
    actual = "secret" in str(read(SOURCE, payload(), failed()))

    assert expected == actual


def test_csv_says_the_same(tmp_path: Path) -> None:
    """In a dump of the table as CSV everything is text, and times without a zone are UTC."""
    path = tmp_path / "spend.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([row(), row().values()])
    expected = one(row()) | {"_line": 1}
    (found,) = read_files([str(path)], how=Reading(tz="Asia/Tokyo")).events.to_dicts()
    actual = {"_line": 1} | {name: value for name, value in found.items() if value is not None}

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (payload(), "litellm"),
        (payload(response={"type": "message", "role": "assistant", "model": "claude", "usage": {}}), "litellm"),
        (row(), "litellm"),
        ({"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "usage": {}}, "openai"),
        ({"ts": "2026-10-01", "request_id": "r", "model": "gpt-4o", "spend": 1}, "native"),
    ],
)
def test_payloads_are_told_from_the_objects_inside(record: dict[str, Any], expected: str) -> None:
    """A payload holds the provider's response, which other formats would claim."""
    source = detect.claimed(head(record))
    actual = source.name if source else ""

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """Seven of the sample's records are calls, and the upload of a file is passed over."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = ([1, 2, 3, 4, 5, 6, 7], [8])
    actual = ([found["_line"] for found in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


@pytest.mark.parametrize(("provider", "window"), [("openai", None), ("groq", 86_400)])
def test_limits_of_the_provider(provider: str, window: int | None) -> None:
    """Limits are in the payload's headers; in which time requests are granted is known of Groq alone."""
    headers = {
        "x_ratelimit_limit_requests": 500,
        "x_ratelimit_remaining_requests": 499,
        "x_ratelimit_limit_tokens": 30_000,
    }
    more = {"llm_provider-x-ratelimit-remaining-tokens": "29990", "llm_provider-x-ratelimit-limit-requests": "500"}
    found = one(payload(custom_llm_provider=provider, hidden_params={"additional_headers": headers | more}))
    names = ("limit_requests", "remaining_requests", "limit_tokens", "limit_requests_window_s")

    assert tuple(found.get(name) for name in names) == (500, 499, 30_000, window)
