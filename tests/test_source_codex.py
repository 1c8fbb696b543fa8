"""The `codex` format: increments of usage, repeats, what stands on lines before, and lines that are no call."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, others, pick, read

from aiopsctl.sources.codex import SOURCE
from aiopsctl.sources.join import without_duplicates
from aiopsctl.sources.source import LINE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
REAL = Path(__file__).parents[2] / "shared" / "data" / "tracelab_example" / "codex" / "trace.json"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs the example session of TraceLab")

META = {
    "timestamp": "2026-10-01T09:00:00Z",
    "type": "session_meta",
    "payload": {"id": "s1", "model_provider": "openai"},
}


def context(turn: str = "turn-1", model: str = "gpt-5.4") -> dict[str, Any]:
    """Return the line that opens a turn."""
    payload = {"turn_id": turn, "model": model, "cwd": "/home/dev/secret-project", "user_instructions": "be brief"}
    return {"timestamp": "2026-10-01T09:00:01Z", "type": "turn_context", "payload": payload}


def event(kind: str, **given: Any) -> dict[str, Any]:
    """Return a line of an event."""
    return {"timestamp": "2026-10-01T09:00:05Z", "type": "event_msg", "payload": {"type": kind} | given}


def usage(total: int, **last: int) -> dict[str, Any]:
    """Return a line of usage: the session's sum, and what the last request used."""
    return event(
        "token_count", info={"total_token_usage": {"total_tokens": total}, "last_token_usage": last}, rate_limits=None
    )


def test_the_last_usage_is_a_call() -> None:
    """The increment is the call, never the sum; cached tokens are part of the input, reasoning of the output."""
    last = {"input_tokens": 9917, "cached_input_tokens": 9600, "output_tokens": 94, "reasoning_output_tokens": 11}
    expected = [
        {
            "_line": 3, "event": "call", "ts": datetime(2026, 10, 1, 9, 0, 5, tzinfo=UTC), "request_id": "turn-1:19779",
            "trace_id": "turn-1", "session_id": "s1", "provider": "openai", "model": "gpt-5.4", "status": "ok",
            "input_tokens": 9917, "cache_read_tokens": 9600, "output_tokens": 94, "reasoning_tokens": 11,
        }
    ]  # fmt: skip
    actual = read(SOURCE, META, context(), usage(19779, **last))

    assert expected == actual


def test_a_repeated_usage_is_one_call_also_in_the_next_turn() -> None:
    """Usage is repeated when rate limits change, and at the start of a turn: the sum says that nothing is new."""
    first, second = usage(120, input_tokens=100, output_tokens=20), usage(250, input_tokens=110, output_tokens=20)
    rows = read(SOURCE, META, context(), first, first, context("turn-2"), first, second)
    expected = ["turn-1:120", "turn-1:120", "turn-1:120", "turn-2:250"]
    actual = [row["request_id"] for row in rows]

    assert expected == actual
    assert without_duplicates(pl.DataFrame(rows))["_line"].to_list() == [3, 7]


def test_the_model_is_that_of_the_turn() -> None:
    """A model that is changed within a session holds from its turn on."""
    rows = read(
        SOURCE,
        META,
        context(model="gpt-5.4"),
        usage(120, input_tokens=100, output_tokens=20),
        context("turn-2", "gpt-5.4-mini"),
        usage(250, input_tokens=110, output_tokens=20),
    )
    expected = [("gpt-5.4", "turn-1"), ("gpt-5.4-mini", "turn-2")]
    actual = [(row["model"], row["trace_id"]) for row in rows]

    assert expected == actual


def test_nothing_is_carried_from_one_file_into_the_next() -> None:
    """Small files are read together: a file without its own context has no session and no model."""
    info = {"last_token_usage": {"input_tokens": "5", "output_tokens": "1"}, "total_token_usage": {"total_tokens": "6"}}
    count = {"timestamp": "2026-10-01T09:00:05Z", "type": "event_msg", "payload": {"type": "token_count", "info": info}}
    raw = pl.DataFrame([META, context(), count, count], schema=SOURCE.schema, strict=False)
    found = SOURCE.events(raw.with_columns(pl.Series(LINE, [1, 2, 3, 2**40 + 1])))
    expected = [("s1", "gpt-5.4", "turn-1:6"), (None, None, "2026-10-01T09:00:05Z:6")]
    actual = found.remove("_other").select("session_id", "model", "request_id").rows()

    assert expected == actual


def test_a_session_that_continues_another_keeps_its_own_identity() -> None:
    """A continued session repeats the earlier one's lines, its `session_meta` among them: the first one is its own."""
    earlier = {**META, "payload": {"id": "s0", "model_provider": "openai"}}
    (row,) = read(SOURCE, META, earlier, context(), usage(120, input_tokens=100, output_tokens=20))
    expected = "s1"
    actual = row["session_id"]

    assert expected == actual


def test_an_estimate_of_the_context_is_no_call() -> None:
    """Rate limits alone, and a usage that has only a total (after the context was compacted), are passed over."""
    limits = event("token_count", info=None, rate_limits={"primary": {"used_percent": 11.0}})
    zero = usage(5000, input_tokens=0, output_tokens=0, total_tokens=5000)
    expected = [1, 2, 3, 4]
    actual = others(SOURCE, META, context(), limits, zero)

    assert expected == actual


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("usage_limit_exceeded", {"status": "rate_limited", "error_type": "usage_limit_exceeded"}),
        ("context_window_exceeded", {"status": "error", "error_type": "context_window_exceeded"}),
        (
            {"http_connection_failed": {"http_status_code": 504}},
            {"status": "timeout", "http_status": 504, "error_type": "http_connection_failed"},
        ),
    ],
)
def test_an_error_of_the_model_is_a_failed_call(info: Any, expected: dict[str, Any]) -> None:
    """Errors of a request to the model are calls that failed, by their name; their words are not read."""
    (row,) = read(SOURCE, META, context(), event("error", message="Sorry, Jane", codex_error_info=info))
    actual = pick(row, "status", "http_status", "error_type", "input_tokens")

    assert expected == actual


def test_errors_of_the_sandbox_and_text_are_no_calls() -> None:
    """What went wrong on this side, messages, tools and the ends of turns are passed over."""
    records = [
        META,
        event("error", message="x", codex_error_info="sandbox_error"),
        event("error", message="x"),
        event("agent_message", message="Done"),
        event("task_complete", turn_id="turn-1"),
        {"timestamp": "2026-10-01T09:00:05Z", "type": "response_item", "payload": {"type": "message", "content": []}},
    ]
    expected = [1, 2, 3, 4, 5, 6]
    actual = others(SOURCE, *records)

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (META, True),
        (event("token_count"), True),
        ({"timestamp": "2026-10-01T09:00:00Z", "type": "assistant", "sessionId": "s", "message": {}}, False),
        ({"timestamp": "2026-10-01T09:00:00Z", "type": "webhook", "payload": {}}, False),
    ],
)
def test_only_rollouts_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """A rollout is told by the three names of its lines and by their types."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has four calls, two of them repeated or failed lines besides, and ten other lines."""
    records = [json.loads(each) for each in SAMPLE.read_text(encoding="utf-8").splitlines()]
    rows = read(SOURCE, *records)
    expected = ([6, 7, 8, 12, 13, 16], 4, 10)
    actual = (
        [row["_line"] for row in rows],
        without_duplicates(pl.DataFrame(rows)).height,
        len(others(SOURCE, *records)),
    )

    assert expected == actual


@needs_data
def test_a_real_session_adds_up_to_its_own_sum() -> None:
    """The calls of a real session are 95,819 input, 79,488 cached and 1,912 output tokens, as its last line says."""
    parts = re.split(r"^===== record \d+ =====\n", REAL.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    records = [json.loads(part) for part in parts]
    rows = read(SOURCE, *records)
    expected = {"calls": 9, "other": 63, "models": {"gpt-5.4"}, "turns": 3,
                "input_tokens": 95819, "cache_read_tokens": 79488, "output_tokens": 1912, "reasoning_tokens": 581}  # fmt: skip
    sums = {name: sum(row[name] for row in rows) for name in list(expected)[4:]}
    actual = {
        "calls": len(rows),
        "other": len(others(SOURCE, *records)),
        "models": {row["model"] for row in rows},
        "turns": len({row["trace_id"] for row in rows}),
    } | sums

    assert expected == actual
