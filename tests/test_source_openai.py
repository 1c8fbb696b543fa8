"""The `openai` format: chat completions and responses, flat, wrapped, in a batch's output, and failed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read, refused

from aiopsctl.events import TEXT
from aiopsctl.sources.openai import SOURCE
from aiopsctl.sources.read import read as read_files

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
EPOCH = 1790841600  # 2026-10-01 08:00 UTC
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)
TS = "2026-10-01T08:00:00Z"


def chat(**given: Any) -> dict[str, Any]:
    """Return a chat completion."""
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": EPOCH, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": {"content": "Bonjour"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    } | given  # fmt: skip


def response(**given: Any) -> dict[str, Any]:
    """Return a responses object."""
    return {
        "id": "resp_1", "object": "response", "created_at": EPOCH, "status": "completed", "error": None,
        "incomplete_details": None, "model": "o4-mini-2025-04-16",
        "usage": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120},
    } | given  # fmt: skip


def failed(**given: Any) -> dict[str, Any]:
    """Return the envelope of a request that got no answer."""
    return {"ts": TS, "request": {"model": "gpt-4o"}, "response": None} | given


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of a record."""
    (row,) = read(SOURCE, record)
    return row


def test_a_chat_completion_alone_is_a_call() -> None:
    """A chat completion without any envelope gives a call: time, model, tokens, and that it ended well."""
    expected = [
        {
            "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "chatcmpl-1", "provider": "openai",
            "model": "gpt-4o-2024-08-06", "model_version": "gpt-4o-2024-08-06", "status": "ok",
            "finish_reason": "stop", "input_tokens": 100, "output_tokens": 20,
        }
    ]  # fmt: skip
    actual = read(SOURCE, chat())

    assert expected == actual


def test_cached_and_reasoning_tokens_are_parts_of_the_totals() -> None:
    """Cached, written and reasoning tokens stand beside the totals and are not added to them."""
    usage = {
        "prompt_tokens": 2000, "completion_tokens": 500,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 128, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 320, "audio_tokens": 0},
    }  # fmt: skip
    expected = {
        "input_tokens": 2000, "cache_read_tokens": 1024, "cache_write_tokens": 128,
        "output_tokens": 500, "reasoning_tokens": 320,
    }  # fmt: skip
    actual = pick(one(chat(usage=usage)), *expected)

    assert expected == actual


def test_a_response_spells_its_tokens_otherwise() -> None:
    """A responses object says `input_tokens` and `output_tokens`, with details of their own names."""
    usage = {
        "input_tokens": 2000, "input_tokens_details": {"cached_tokens": 1536},
        "output_tokens": 900, "output_tokens_details": {"reasoning_tokens": 640},
    }  # fmt: skip
    expected = {"input_tokens": 2000, "cache_read_tokens": 1536, "output_tokens": 900, "reasoning_tokens": 640}
    actual = pick(one(response(usage=usage)), *expected)

    assert expected == actual


def test_the_latency_of_a_response_is_its_own_where_the_envelope_has_none() -> None:
    """From `created_at` to `completed_at` of 8.25 s is a latency of 8250 ms."""
    expected = 8250
    actual = one(response(created_at=float(EPOCH), completed_at=EPOCH + 8.25))["latency_ms"]

    assert expected == actual


@pytest.mark.parametrize(
    ("name", "value"),
    [("latency_ms", 1500), ("duration_ms", "1500"), ("elapsed_ms", 1499.6), ("elapsed", 1.5), ("latency", "1.5"),
     ("duration", 1.5), ("latency_s", 1.5)],
)  # fmt: skip
def test_a_latency_is_in_the_unit_of_its_name(name: str, value: object) -> None:
    """Names with a unit have that unit; `elapsed`, `latency` and `duration` are seconds."""
    expected = 1500
    actual = one(response(completed_at=EPOCH + 9) | {name: value})["latency_ms"]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"created_at": EPOCH + 0.25, "completed_at": EPOCH + 2.75}, 2500),
        ({"created_at": EPOCH, "completed_at": EPOCH + 3}, 9999),
        ({"start_time": "2026-10-01T08:00:00Z", "end_time": "2026-10-01T08:00:01.5Z"}, 1500),
        ({"startTime": EPOCH + 0.5, "endTime": EPOCH + 1}, 500),
        ({"started_at": "2026-10-01T08:00:02Z", "ended_at": "2026-10-01T08:00:01Z"}, 9999),
        ({"start_time": "2026-10-01T08:00:00Z"}, 9999),
    ],
)
def test_start_and_end_go_before_a_stated_latency(given: dict[str, Any], expected: int) -> None:
    """Of the object or its envelope; not where they are in the wrong order, nor where they only know whole seconds."""
    actual = one(response() | {"latency_ms": 9999} | given)["latency_ms"]

    assert expected == actual


def test_a_latency_that_is_no_number_is_reported() -> None:
    """A latency such as `1:30` is no number of seconds: it is not believed, and not passed over in silence."""
    expected = ["latency_ms"]
    actual = refused(SOURCE, chat(elapsed="1:30"))

    assert expected == actual


@pytest.mark.parametrize("key", ["response", "body"])
def test_a_wrapped_object_is_told_from_its_envelope(key: str) -> None:
    """The model asked for is the request's, the model that answered the object's; the time is the envelope's."""
    record = {
        "timestamp": "2026-10-01T07:59:58Z", "feature": "chat", "user": "u1", "session_id": "s1", "ttft": 0.25,
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}, key: chat(),
    }  # fmt: skip
    expected = {
        "ts": datetime(2026, 10, 1, 7, 59, 58, tzinfo=UTC), "feature": "chat", "user_id": "u1", "session_id": "s1",
        "ttft_ms": 250, "model": "gpt-4o", "model_version": "gpt-4o-2024-08-06", "request_id": "chatcmpl-1",
    }  # fmt: skip
    actual = pick(one(record), *expected)

    assert expected == actual


def test_the_envelope_wins_over_metadata() -> None:
    """What the envelope says stands; `metadata` of the object, then of the request, fill what it does not say."""
    record = {
        "feature": "chat",
        "request": {"model": "gpt-4o", "metadata": {"feature": "r", "tier": "r", "prompt_version": "v9"}},
        "response": chat(metadata={"feature": "m", "tier": "pro", "language": "fr", "user_id": "u5"}),
    }
    expected = {"feature": "chat", "tier": "pro", "language": "fr", "user_id": "u5", "prompt_version": "v9"}
    actual = pick(one(record), *expected)

    assert expected == actual


def test_the_identity_that_the_application_gave_comes_first() -> None:
    """A `request_id` of the envelope is what feedback will name; else the object's id is, else the HTTP request's."""
    embeddings = {"object": "list", "data": [], "model": "e", "usage": {"prompt_tokens": 3}, "_request_id": "req_9"}
    expected = ["mine", "chatcmpl-1", "req_9"]
    actual = [
        row["request_id"]
        for row in read(
            SOURCE,
            {"request_id": "mine", "response": chat(_request_id="req_7")},
            chat(x_request_id="req_8"),
            {"ts": TS, "response": embeddings},
        )
    ]

    assert expected == actual


def test_a_managed_prompt_and_a_conversation_are_read_in_a_wrapped_response() -> None:
    """A prompt's id and version together are the prompt's version; a conversation, as object or id, is the session."""
    record = {"response": response(prompt={"id": "pmpt_a", "version": "3"}, conversation={"id": "conv_1"})}
    expected = [
        {"prompt_version": "pmpt_a@3", "session_id": "conv_1"},
        {"session_id": "conv_2"},
    ]
    rows = read(SOURCE, record, {"response": response(conversation="conv_2")})
    actual = [pick(row, "prompt_version", "session_id") for row in rows]

    assert expected == actual


def test_the_text_of_a_prompt_beside_the_object_is_not_read() -> None:
    """An application may log the prompt under `prompt`: the record is read, the text is not."""
    row = one({"prompt": "a secret", "output": "another", "messages": ["a secret"], "response": chat()})
    expected = False
    actual = "secret" in str(row)

    assert expected == actual


def test_no_text_is_in_the_schema() -> None:
    """No field that holds what people or models wrote is parsed, wherever it is."""
    wrote = {*TEXT, "messages", "content", "input", "instructions", "refusal", "message"}
    expected: set[str] = set()
    actual = wrote & _leaves(SOURCE.schema)

    assert expected == actual


def _leaves(fields: Mapping[str, Any]) -> set[str]:
    """Return the names of all fields that hold a value themselves."""
    found: set[str] = set()
    for name, dtype in fields.items():
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        found |= _leaves({f.name: f.dtype for f in inner.fields}) if isinstance(inner, pl.Struct) else {name}
    return found


@pytest.mark.parametrize("reason", ["length", "stop", "tool_calls"])
def test_an_answer_that_was_cut_is_still_an_answer(reason: str) -> None:
    """A call that stopped at its limit ended well; why it stopped is its `finish_reason`."""
    expected = {"status": "ok", "finish_reason": reason}
    actual = pick(one(chat(choices=[{"finish_reason": reason}])), *expected)

    assert expected == actual


def test_a_filtered_answer_is_filtered() -> None:
    """A finish reason or an error of the content filter gives the status `filtered`, whatever the HTTP status is."""
    refusal = {"code": "content_filter", "message": "...", "type": None, "param": "prompt"}
    expected = ["filtered", "filtered", "filtered"]
    rows = read(
        SOURCE,
        chat(choices=[{"finish_reason": "content_filter"}]),
        failed(status=400, error=refusal),
        failed(http_status=200, error=refusal),
    )
    actual = [row["status"] for row in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": "completed"}, {"status": "ok"}),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            {"status": "ok", "finish_reason": "max_output_tokens"},
        ),
        ({"status": "failed", "error": {"code": "server_error"}}, {"status": "error", "error_type": "server_error"}),
        (
            {"status": "failed", "error": {"code": "rate_limit_exceeded"}},
            {"status": "rate_limited", "error_type": "rate_limit_exceeded"},
        ),
        ({"status": "failed"}, {"status": "error"}),
        ({"status": "cancelled"}, {"status": "cancelled"}),
    ],
)
def test_a_response_says_how_it_ended(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """`incomplete` is an answer with a reason; `failed` is an error, or what its code says more precisely."""
    actual = pick(one(response(**given)), "status", "finish_reason", "error_type")

    assert expected == actual


def test_an_object_that_is_not_finished_is_passed_over() -> None:
    """A queued or running response and a chunk without usage are no call; the chunk that brings the usage is."""
    chunk = {"object": "chat.completion.chunk", "choices": []}
    last = chat(object="chat.completion.chunk", choices=[])
    records = [response(status="queued"), response(status="in_progress"), chat(usage=None) | chunk, last]
    expected = [1, 2, 3]
    actual = others(SOURCE, *records)

    assert expected == actual


def test_records_that_are_no_call_are_passed_over() -> None:
    """Stream events, other objects and lines of the application's own are counted, not taken for calls."""
    records = [
        chat(),
        {"type": "response.output_text.delta", "delta": "Bon"},
        {"object": "file", "id": "file-1", "status": "processed"},
        {"level": "error", "error": "cache is down", "status": 500, "ts": TS},
    ]
    expected = [2, 3, 4]
    actual = others(SOURCE, *records)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"status": 429, "error": {"message": "Rate limit", "type": "tokens", "code": "rate_limit_exceeded"}},
            {"status": "rate_limited", "http_status": 429, "error_type": "rate_limit_exceeded"},
        ),
        (
            {"status_code": 429, "error": {"message": "Quota", "type": "insufficient_quota", "code": None}},
            {"status": "rate_limited", "http_status": 429, "error_type": "insufficient_quota"},
        ),
        ({"status": "error", "http_status": 504}, {"status": "timeout", "http_status": 504}),
        (
            {"error": "openai.APITimeoutError: Request timed out."},
            {"status": "timeout", "error_type": "APITimeoutError"},
        ),
        ({"error": "Request timed out."}, {"status": "timeout", "error_type": "timeout"}),
        (
            {"exception": "RateLimitError: Error code: 429 - {'error': {'message': 'x', 'type': 'requests'}}"},
            {"status": "rate_limited", "http_status": 429, "error_type": "requests"},
        ),
        (
            {"error": {"code": "401", "message": "Access denied for john@example.com"}},
            {"status": "error", "http_status": 401, "error_type": "error"},
        ),
        ({"status": "error", "error": "Patient John Smith"}, {"status": "error", "error_type": "error"}),
        (
            {"http_status": 200, "error": "APIConnectionError: closed"},
            {"status": "error", "http_status": 200, "error_type": "APIConnectionError"},
        ),
        ({"error": "", "http_status": 200}, {"status": "ok", "http_status": 200}),
    ],
)
def test_a_failed_request_is_told_by_code_type_or_class(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """The HTTP status, the error's code, type or class tell how it failed; the words of an error are never kept."""
    actual = pick(one(failed(**given)), "status", "http_status", "error_type")

    assert expected == actual


def test_a_failed_request_has_no_model_that_answered() -> None:
    """Without an answer the model asked for is known, and no other."""
    expected = {"model": "gpt-4o"}
    actual = pick(one(failed(model="gpt-4o", error="Connection error.")), "model", "model_version")

    assert expected == actual


def test_a_batch_line_has_its_body_and_its_status_code() -> None:
    """The output of a batch holds the object in `response.body`; it is priced as a batch, whatever the object says."""
    body = chat(service_tier="default")
    record = {"id": "batch_req_1", "custom_id": "r1", "error": None,
              "response": {"status_code": 200, "request_id": "req_1", "body": body}}  # fmt: skip
    expected = {"request_id": "chatcmpl-1", "service_tier": "batch", "http_status": 200, "status": "ok"}
    actual = pick(one(record), *expected)

    assert expected == actual


def test_a_failed_batch_line_carries_its_error_in_the_body() -> None:
    """A batch request that failed has the error in its body, and the HTTP status beside it."""
    body = {"error": {"message": "Too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
    record = {"id": "batch_req_2", "custom_id": "r2", "error": None, "ts": TS,
              "response": {"status_code": 400, "request_id": "req_2", "body": body}}  # fmt: skip
    expected = {"status": "error", "http_status": 400, "error_type": "context_length_exceeded"}
    actual = pick(one(record), *expected)

    assert expected == actual


def test_a_failed_batch_line_without_a_time_is_a_call() -> None:
    """Of the sample's four requests two failed, one of which was never sent; none is rejected for having no time."""
    log = read_files([str(SAMPLE.with_name("openai_batch.jsonl"))])
    expected = [("ok", True), ("ok", True), ("error", False), ("error", False)]
    actual = log.events.select("status", pl.col("ts").is_not_null()).rows()

    assert (log.account.sources, log.account.rows_rejected) == ({"openai_batch": 1}, 0)
    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (chat(), True),
        (response(), True),
        ({"response": chat()}, True),
        ({"body": response()}, True),
        ({"id": "b", "custom_id": "r", "response": None, "error": {"code": "batch_expired"}}, True),
        ({"response": {"object": "list", "data": [], "model": "e", "usage": {"prompt_tokens": 1}}}, True),
        ({"ts": TS, "feature": "chat", "model": "gpt-4o", "input_tokens": 1, "request_id": "r"}, False),
        ({"id": "msg_1", "type": "message", "model": "claude", "usage": {"input_tokens": 1}}, False),
        ({"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o"}}, False),
        ({"custom_id": "r", "result": {"type": "succeeded", "message": {}}}, False),
        ({"response_model": "gpt-4o", "usage": {"prompt_tokens": 1, "total_tokens": 2}, "status": 200}, False),
        ({"resourceSpans": []}, False),
    ],
)
def test_only_openai_objects_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """Objects of OpenAI are told by their `object`, wherever they are; usage alone is not enough."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample is claimed, nine of its ten records are calls, and the response in progress is passed over."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = (True, [1, 2, 3, 4, 5, 6, 7, 9, 10], [8])
    actual = (
        SOURCE.detects(head(*records)),
        [row["_line"] for row in read(SOURCE, *records)],
        others(SOURCE, *records),
    )

    assert expected == actual
