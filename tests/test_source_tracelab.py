"""TraceLab: rounds of coding agents, and raw sessions in a file that people can read and JSON parsers cannot."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import head, pick, read

from aiopsctl.errors import UsageError
from aiopsctl.sources.read import read as read_files
from aiopsctl.sources.tracelab import SOURCE

FORMATS = Path(__file__).parents[1] / "sample_data" / "_formats"
SEGMENT = FORMATS / "tracelab_session.json"
REAL = Path(__file__).parents[2] / "shared" / "data" / "tracelab_example" / "codex" / "trace.json"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="needs the example session of TraceLab")


def event(kind: str, second: float) -> dict[str, Any]:
    """Return an event around a call."""
    return {"event_type": kind, "timestamp": f"2026-10-01T09:00:{second:06.3f}Z", "source": "x"}


def round_of(*events: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return a round of Claude Code."""
    return {
        "provider": "claude", "project": "secret", "session_id": "claude:s1", "round_index": 0, "round_id": "msg_1",
        "model": "claude-sonnet-4-5", "input_tokens_total": 2304, "prefix_tokens": 2000, "newly_append_tokens": 304,
        "claude_uncached_input_tokens": 4, "claude_cache_creation_input_tokens": 300, "output_tokens": 120,
        "claude_cache_read_input_tokens": 2000, "reasoning_output_tokens": None, "timing_events": list(events), "tools": [],
    } | given  # fmt: skip


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of a round."""
    (row,) = read(SOURCE, record)
    return row


def test_a_round_is_a_call() -> None:
    """The total is the whole input; latency is from the last input to the last output."""
    expected = {
        "_line": 1, "event": "call", "ts": datetime(2026, 10, 1, 9, 0, 2, tzinfo=UTC), "request_id": "msg_1",
        "session_id": "claude:s1", "provider": "anthropic", "model": "claude-sonnet-4-5", "status": "ok",
        "latency_ms": 1500, "input_tokens": 2304, "cache_read_tokens": 2000, "cache_write_tokens": 300, "output_tokens": 120,
    }  # fmt: skip
    inputs = event("tool_result", 1), event("tool_result", 2)
    actual = one(round_of(*inputs, event("text", 3), event("tool_call", 3.5), event("usage_report", 9)))

    assert expected == actual


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((event("text", 3), event("text", 4)), {"second": 3, "status": "ok"}),
        ((event("user_message", 1), event("usage_report", 2)), {"second": 1}),
        ((event("user_message", 1), event("text", 2), event("tool_result", 8), event("text", 3)),
         {"second": 1, "status": "ok", "latency_ms": 2000}),
        ((event("user_message", 2), event("text", 2)), {"second": 2, "status": "ok"}),
    ],
)  # fmt: skip
def test_a_span_that_is_not_seen_is_unknown(events: tuple[dict[str, Any], ...], expected: dict[str, Any]) -> None:
    """Without an input, or without an output, there is no latency, and an input behind the first output is no cause."""
    row = one(round_of(*events))
    actual = {"second": row["ts"].second} | pick(row, "status", "latency_ms")

    assert expected == actual


def test_codex_rounds_name_their_turn() -> None:
    """Models of Codex are OpenAI's; what it does not tell, such as cache writes, is no zero."""
    given = {
        "provider": "codex",
        "turn_id": "t1",
        "claude_cache_creation_input_tokens": None,
        "reasoning_output_tokens": 26,
    }
    expected = {"provider": "openai", "trace_id": "t1", "cache_read_tokens": 2000, "reasoning_tokens": 26}
    actual = pick(one(round_of(event("text", 1), **given)), *expected, "cache_write_tokens")

    assert expected == actual


def test_a_resumed_session_repeats_its_rounds() -> None:
    """Of the sample's five rounds one is told again in the session that resumed it."""
    log = read_files([str(FORMATS / SOURCE.sample)])
    expected = (5, 4, 1, {"tracelab": 1})
    actual = (log.account.rows_read, log.events.height, log.account.rows_duplicate, log.account.sources)

    assert expected == actual


def test_rounds_are_told_by_their_names() -> None:
    """A session's other rows are not claimed."""
    assert SOURCE.detects(head(round_of()))
    assert not SOURCE.detects(head({"provider": "claude", "session_id": "s", "round_id": "r"}))


def test_a_raw_session_is_read_behind_remarks_and_between_separators() -> None:
    """Records over several lines, one of which quotes a separator; all nine are accounted for by their number."""
    log = read_files([str(SEGMENT)])
    a = log.account
    expected = ({"codex": 1}, 9, 6, 1, 0)
    actual = (a.sources, a.rows_read, a.rows_other, a.rows_duplicate, a.rows_rejected)

    assert expected == actual
    assert log.events.select("session_id", "model", "input_tokens").rows() == [
        (row["session_id"], row["model"], row["input_tokens"]) for row in lines_of_codex()
    ]


def lines_of_codex() -> list[dict[str, Any]]:
    """Return the calls in the first nine lines of Codex' sample: the session is the same, the container another."""
    plain = [json.loads(line) for line in (FORMATS / "codex.jsonl").read_text().splitlines()[:9]]
    used = [
        line for line in plain if (line["payload"].get("info") or {}).get("last_token_usage", {}).get("input_tokens")
    ]
    totals = {line["payload"]["info"]["total_token_usage"]["total_tokens"]: line for line in reversed(used)}
    return [
        {
            "session_id": "sess-1",
            "model": "gpt-5.4",
            "input_tokens": line["payload"]["info"]["last_token_usage"]["input_tokens"],
        }
        for line in sorted(totals.values(), key=lambda line: line["timestamp"])
    ]


def test_a_record_that_is_no_json_is_rejected_by_its_number(tmp_path: Path) -> None:
    """A torn record costs itself alone, an empty one is none; line ends may be those of Windows."""
    path = tmp_path / "trace.json"
    whole = SEGMENT.read_text()
    torn = (
        whole.replace("===== record 0002 =====\n{", "===== record 0002 =====\n{{").rstrip("\n}")
        + "\n===== record 0010 =====\n"
    )
    path.write_text(torn.replace("\n", "\r\n"))

    log = read_files([str(path)])

    assert log.account.examples == [f"{path}:2 not_json", f"{path}:9 not_json"]
    assert (log.account.rows_read, log.account.rows_rejected, log.events.height) == (9, 2, 2)


def test_separators_without_a_record(tmp_path: Path) -> None:
    """A file of separators alone is an error that says so."""
    path = tmp_path / "trace.json"
    path.write_text("# remarks\n===== record 0001 =====\nnothing\n")

    with pytest.raises(UsageError, match="no JSON object"):
        read_files([str(path)])


@needs_data
def test_a_real_session_is_read_without_a_map() -> None:
    """72 records, 9 calls; its last record says 95,819 input, 79,488 cached, 1,912 output and 581 reasoning tokens."""
    log = read_files([str(REAL)])
    names = ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens")
    expected = ({"codex": 1}, 72, 63, 0, 9, (95_819, 79_488, 1_912, 581))
    a = log.account
    actual = (
        a.sources,
        a.rows_read,
        a.rows_other,
        a.rows_rejected,
        log.events.height,
        log.events.select(names).sum().row(0),
    )

    assert expected == actual
