"""The `anthropic` format: messages flat and wrapped, failed requests, and the results of message batches."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read

from aiopsctl.events import TEXT
from aiopsctl.sources.anthropic import SOURCE, UNTIMED
from aiopsctl.sources.source import Source

SAMPLES = Path(__file__).parents[1] / "sample_data" / "_formats"
TS = "2026-10-01T08:00:00Z"
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def message(**given: Any) -> dict[str, Any]:
    """Return a message."""
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Bonjour"}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20, "service_tier": "standard"},
    } | given  # fmt: skip


def failed(**given: Any) -> dict[str, Any]:
    """Return the envelope of a request that got no message."""
    return {"ts": TS, "request": {"model": "claude-sonnet-4-5"}, "response": None} | given


def result(kind: str, **given: Any) -> dict[str, Any]:
    """Return a line of a batch's results."""
    return {"custom_id": "row-1", "result": {"type": kind} | given}


def one(record: dict[str, Any], source: Source = SOURCE) -> dict[str, Any]:
    """Return the one row of a record."""
    (row,) = read(source, record)
    return row


def test_a_flat_message_with_a_time_is_a_call() -> None:
    """A message with the application's fields beside its own gives one call that ended well."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "msg_1", "provider": "anthropic",
        "model": "claude-sonnet-4-5-20250929", "model_version": "claude-sonnet-4-5-20250929", "status": "ok",
        "finish_reason": "end_turn", "service_tier": "standard", "input_tokens": 100, "output_tokens": 20,
        "feature": "chat", "latency_ms": 1500,
    }  # fmt: skip
    actual = one(message(ts=TS, feature="chat", latency=1.5))

    assert expected == actual


def test_cached_tokens_come_on_top_of_the_input() -> None:
    """4 fresh, 2000 read and 300 written tokens (200 for an hour) are an input of 2304; thinking is part of the output."""
    usage = {
        "input_tokens": 4, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 300, "output_tokens": 900,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens_details": {"thinking_tokens": 640},
    }  # fmt: skip
    expected = {
        "input_tokens": 2304, "cache_read_tokens": 2000, "cache_write_tokens": 300,
        "cache_write_1h_tokens": 200, "output_tokens": 900, "reasoning_tokens": 640,
    }  # fmt: skip
    actual = pick(one(message(ts=TS, usage=usage)), *expected)

    assert expected == actual


@pytest.mark.parametrize("place", [("response",), ("body",), ("response", "body")])
def test_a_wrapped_message_is_told_from_its_envelope(place: tuple[str, ...]) -> None:
    """The model asked for is the request's, the model that answered the message's, wherever the message is."""
    inner: dict[str, Any] = message()
    for step in reversed(place):
        inner = {step: inner}
    request = {"model": "claude-sonnet-4-5", "metadata": {"user_id": "u1"}, "messages": []}
    record = {"timestamp": TS, "feature": "chat", "elapsed_ms": 900, "request": request} | inner
    expected = {
        "ts": AT_EIGHT, "feature": "chat", "latency_ms": 900, "user_id": "u1", "model": "claude-sonnet-4-5",
        "model_version": "claude-sonnet-4-5-20250929", "input_tokens": 100,
    }  # fmt: skip
    actual = pick(one(record), *expected)

    assert expected == actual


def test_a_refusal_is_filtered() -> None:
    """A message that stopped with a refusal has the status `filtered`, also in a batch."""
    expected = ["filtered", "filtered"]
    actual = [
        one(message(ts=TS, stop_reason="refusal"))["status"],
        one(result("succeeded", message=message(stop_reason="refusal")), UNTIMED)["status"],
    ]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"status": 429, "response": {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}},
            {"status": "rate_limited", "http_status": 429, "error_type": "rate_limit_error"},
        ),
        (
            {"error": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}},
            {"status": "error", "error_type": "overloaded_error"},
        ),
        (
            {"error": "InternalServerError: Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error'}}"},
            {"status": "error", "http_status": 529, "error_type": "overloaded_error"},
        ),
        ({"status_code": 504}, {"status": "timeout", "http_status": 504}),
        ({"error": "anthropic.APITimeoutError: Request timed out."}, {"status": "timeout", "error_type": "APITimeoutError"}),
        ({"error": "Patient John Smith"}, {"status": "error", "error_type": "error"}),
    ],
)  # fmt: skip
def test_a_failed_request_is_told_by_the_inner_type(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Errors come inside an object whose own type is `error`: the inner type is the name; words are never kept."""
    actual = pick(one(failed(**given)), "status", "http_status", "error_type")

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (result("succeeded", message=message()), {"status": "ok", "request_id": "msg_1", "input_tokens": 100}),
        (
            result("errored", error={"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}),
            {"status": "error", "error_type": "invalid_request_error"},
        ),
        (result("errored"), {"status": "error"}),
        (result("canceled"), {"status": "cancelled"}),
        (result("expired"), {"status": "timeout", "error_type": "expired"}),
    ],
)
def test_a_result_of_a_batch_is_a_call_without_a_time(record: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every result of a batch is a call of the batch tier; one that was not processed in time is a timeout."""
    row = one(record, UNTIMED)
    told = ("status", "error_type", "request_id", "input_tokens")
    actual = pick(row, "service_tier", "ts", *told)

    assert {"service_tier": "batch"} | expected == actual


def test_events_of_a_stream_and_lines_of_the_application_are_no_calls() -> None:
    """Parts of a streamed message and other lines of the application are passed over, and counted."""
    records = [
        message(ts=TS),
        {"ts": TS, "type": "message_start", "message": message()},
        {"ts": TS, "type": "content_block_delta", "delta": {"text": "Bon"}},
        {"ts": TS, "level": "error", "error": "cache is down"},
    ]
    expected = [2, 3, 4]
    actual = others(SOURCE, *records)

    assert expected == actual


def test_no_text_is_in_the_schema() -> None:
    """No field that holds what people or models wrote is parsed, wherever it is."""
    wrote = {*TEXT, "messages", "content", "input", "system", "text"}
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


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (message(ts=TS), (True, True)),
        (message(), (False, True)),
        ({"timestamp": TS, "response": message()}, (True, True)),
        (failed(response={"type": "error", "error": {"type": "overloaded_error"}}), (True, True)),
        (result("expired"), (False, True)),
        ({"type": "assistant", "timestamp": TS, "sessionId": "s", "uuid": "l", "message": message()}, (False, False)),
        ({"custom_id": "row-1", "params": {"model": "claude-sonnet-4-5"}}, (False, False)),
        ({"ts": TS, "response": {"object": "chat.completion", "usage": {}}}, (False, False)),
        ({"ts": TS, "feature": "chat", "model": "claude-sonnet-4-5", "input_tokens": 1}, (False, False)),
        ({"ts": TS, "type": "message", "usage": {}}, (False, False)),
    ],
)
def test_only_messages_are_claimed(record: dict[str, Any], expected: tuple[bool, bool]) -> None:
    """Messages with a time of the application are of the first format, all others of the one without times."""
    actual = (SOURCE.detects(head(record)), UNTIMED.detects(head(record)))

    assert expected == actual


@pytest.mark.parametrize(
    ("source", "calls", "passed"), [(SOURCE, [1, 2, 3, 4, 5, 6], [7]), (UNTIMED, [1, 2, 3, 4, 5], [])]
)
def test_the_samples_are_read_whole(source: Source, calls: list[int], passed: list[int]) -> None:
    """Each sample is claimed by its format, and every record but the event of a stream is a call."""
    records = [json.loads(line) for line in (SAMPLES / source.sample).read_text(encoding="utf-8").splitlines()]
    expected = (True, calls, passed)
    actual = (
        source.detects(head(*records)),
        [row["_line"] for row in read(source, *records)],
        others(source, *records),
    )

    assert expected == actual
