"""The `claude_code` format: lines of one response, the cache, sub-agents, API errors, and lines that are no call."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read

from aiopsctl.sources.claude_code import SOURCE
from aiopsctl.sources.join import without_duplicates

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
REAL = Path(__file__).parents[2] / "shared" / "data" / "claude_code_log"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs the sessions of claude-code-log")


def line(**given: Any) -> dict[str, Any]:
    """Return a line of a session."""
    return {
        "type": "assistant", "uuid": "l1", "parentUuid": None, "sessionId": "s1", "timestamp": "2026-10-01T08:00:00.000Z",
        "cwd": "/home/dev/secret-project", "isSidechain": False, "version": "2.1.40", "requestId": "req_1",
        "message": message(),
    } | given  # fmt: skip


def message(**given: Any) -> dict[str, Any]:
    """Return a message of the assistant."""
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Done"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 4, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 300, "output_tokens": 50,
                  "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 240}},
    } | given  # fmt: skip


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of a line."""
    (row,) = read(SOURCE, record)
    return row


def test_a_line_of_the_assistant_is_a_call() -> None:
    """The input is the sum of what is fresh, read and written; project and folder are nowhere in the row."""
    expected = {
        "_line": 1, "event": "call", "ts": datetime(2026, 10, 1, 8, tzinfo=UTC), "request_id": "msg_1:req_1",
        "session_id": "s1", "provider": "anthropic", "model": "claude-sonnet-4-5-20250929", "status": "ok",
        "finish_reason": "end_turn", "input_tokens": 2304, "cache_read_tokens": 2000, "cache_write_tokens": 300,
        "cache_write_1h_tokens": 240, "output_tokens": 50,
    }  # fmt: skip
    actual = one(line())

    assert expected == actual


def test_lines_of_one_response_are_one_call() -> None:
    """Lines that share message and request are one call: the one with the most tokens stays."""
    early = message(usage={"input_tokens": 4, "cache_read_input_tokens": 2000, "output_tokens": 1})
    late = message(usage={"input_tokens": 4, "cache_read_input_tokens": 2000, "output_tokens": 90})
    rows = read(SOURCE, line(message=early), line(uuid="l2", message=late), line(uuid="l3", message=early))
    expected = [{"_line": 2, "output_tokens": 90}]
    kept = without_duplicates(pl.DataFrame(rows))
    actual = kept.select("_line", "output_tokens").to_dicts()

    assert expected == actual


def test_the_main_chain_goes_before_a_side_chain() -> None:
    """A response that a sub-agent's lines repeat is that of the main chain, unless they count more tokens."""
    more = message(usage={"input_tokens": 4, "cache_read_input_tokens": 2300, "output_tokens": 90})
    main, same = line(uuid="l2", isSidechain=False), line(uuid="l1", isSidechain=True)
    expected = [[2], [2]]
    kept = [
        without_duplicates(pl.DataFrame(read(SOURCE, *lines)))["_line"].to_list()
        for lines in ((same, main), (main, line(uuid="l1", isSidechain=True, message=more)))
    ]

    assert expected == kept


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "msg_1:req_1"),
        ({"requestId": None}, "msg_1"),
        ({"message": message(id=None)}, "req_1"),
        ({"message": message(id=None), "requestId": None}, "l1"),
    ],
)
def test_the_identity_of_a_call_is_what_its_lines_share(given: dict[str, Any], expected: str) -> None:
    """Message and request, or the one of them that is there, tell a call; without both a line is a call of its own."""
    actual = one(line(**given))["request_id"]

    assert expected == actual


def test_a_line_of_a_sub_agent_is_read_inside_its_progress() -> None:
    """A `progress` line holds the sub-agent's line: its model, tokens, time and identity are the call's."""
    inner = line(
        timestamp="2026-10-01T08:05:00Z", requestId="req_2", message=message(id="msg_2", model="claude-haiku-4-5")
    )
    outer = {"type": "progress", "uuid": "l9", "sessionId": "s1", "timestamp": "2026-10-01T08:05:01Z",
             "data": {"type": "agent_progress", "message": inner}}  # fmt: skip
    expected = {
        "ts": datetime(2026, 10, 1, 8, 5, tzinfo=UTC), "request_id": "msg_2:req_2", "session_id": "s1",
        "model": "claude-haiku-4-5", "input_tokens": 2304,
    }  # fmt: skip
    actual = pick(one(outer), *expected)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"apiErrorStatus": 429, "error": "rate_limit"}, {"status": "rate_limited", "http_status": 429, "error_type": "rate_limit"}),
        ({"apiErrorStatus": 529, "error": "server_error"}, {"status": "error", "http_status": 529, "error_type": "server_error"}),
        ({"error": "You have hit your limit, Jane"}, {"status": "error"}),
        ({}, {"status": "error"}),
    ],
)  # fmt: skip
def test_an_api_error_is_a_failed_call_without_model_and_tokens(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A line that reports an API error is a call that failed; its zeros count nothing, its words are not kept."""
    zeros = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    told = message(id="m9", model="<synthetic>", stop_reason="stop_sequence", usage=zeros)
    row = one(line(isApiErrorMessage=True, message=told, **given))
    names = (
        "model",
        "provider",
        "input_tokens",
        "output_tokens",
        "finish_reason",
        "status",
        "http_status",
        "error_type",
    )
    actual = pick(row, *names)

    assert expected == actual


def test_a_recorded_cost_is_read_and_zero_is_unknown() -> None:
    """Older lines carry `costUSD`; 0 for used tokens is no free call."""
    expected = [0.0214, None]
    actual = [one(line(costUSD=cost)).get("cost_usd") for cost in (0.0214, 0)]

    assert expected == actual


def test_a_model_of_another_maker_is_not_anthropics() -> None:
    """Claude Code can be pointed at other models, and may name none: the provider is told by the model alone."""
    expected = ["anthropic", None, None]
    models = ("claude-opus-4-5", "glm-4.6", None)
    actual = [one(line(message=message(model=model))).get("provider") for model in models]

    assert expected == actual


def test_other_lines_are_passed_over() -> None:
    """Turns of the user, summaries, repeated attempts, tools and lines that Claude Code wrote itself are no calls."""
    synthetic = message(model="<synthetic>", usage={"input_tokens": 0, "output_tokens": 0})
    records = [
        line(),
        line(type="user", message={"role": "user", "content": "hello"}, requestId=None),
        {"type": "summary", "summary": "Basket", "leafUuid": "l1"},
        {"type": "system", "subtype": "api_error", "uuid": "l4", "sessionId": "s1", "error": {"status": 529}},
        line(message=synthetic),
        {"type": "progress", "uuid": "l6", "sessionId": "s1", "data": {"type": "hook_progress"}},
        {"type": "file-history-snapshot", "messageId": "l7", "snapshot": {}},
    ]
    expected = [2, 3, 4, 5, 6, 7]
    actual = others(SOURCE, *records)

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (line(), True),
        ({"type": "summary", "summary": "Basket", "leafUuid": "l1"}, True),
        (message(), False),
        ({"timestamp": "2026-10-01T08:00:00Z", "type": "event_msg", "payload": {}}, False),
        ({"ts": "2026-10-01T08:00:00Z", "model": "claude-sonnet-4-5", "input_tokens": 1}, False),
    ],
)
def test_only_sessions_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """A session is told by lines with a session, an identity and a message, or by its summary."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has five lines of four calls, one of them failed, and five other lines."""
    records = [json.loads(each) for each in SAMPLE.read_text(encoding="utf-8").splitlines()]
    rows = read(SOURCE, *records)
    expected = ([3, 4, 6, 7, 8], 4, [1, 2, 5, 9, 10])
    actual = ([row["_line"] for row in rows], without_duplicates(pl.DataFrame(rows)).height, others(SOURCE, *records))

    assert expected == actual


@needs_data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("representative_messages", {"calls": 5, "input": 218, "output": 445, "other": 7}),
        ("session_b", {"calls": 1, "input": 20, "output": 35, "other": 2}),
        ("todowrite_examples", {"calls": 6, "input": 883, "output": 328, "other": 6}),
    ],
)
def test_real_sessions_are_read_whole(name: str, expected: dict[str, int]) -> None:
    """Every line of a real session is a call or another line, and tokens add up to those in the file."""
    records = [json.loads(each) for each in (REAL / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = read(SOURCE, *records)
    actual = {
        "calls": len(rows),
        "input": sum(row["input_tokens"] for row in rows),
        "output": sum(row["output_tokens"] for row in rows),
        "other": len(others(SOURCE, *records)),
    }

    assert expected == actual
