"""The `aider` format: the analytics log of a coding assistant."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import head, others, pick, read

from aiopsctl.sources.aider import SOURCE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
DATA = Path(__file__).parents[2] / "shared" / "data" / "aider_analytics" / "events_to_2025-02.jsonl.gz"
SENT = {
    "main_model": "deepseek/deepseek-chat", "edit_format": "diff", "prompt_tokens": 8100, "completion_tokens": 420,
    "total_tokens": 8520, "cost": 0.001251, "total_cost": 0.004,
}  # fmt: skip


def record(event: str, **properties: Any) -> dict[str, Any]:
    """Return one line of the log."""
    return {"event": event, "properties": properties, "user_id": "u1", "time": 1740816000}


def test_a_message_that_was_sent_is_a_call() -> None:
    """A sent message is a call: its own cost and not the session's, the edit format as the kind of request."""
    expected = [
        {
            "_line": 1, "ts": datetime(2025, 3, 1, 8, tzinfo=UTC), "event": "call", "user_id": "u1", "status": "ok",
            "query_type": "diff", "model": "deepseek/deepseek-chat", "provider": "deepseek", "input_tokens": 8100,
            "output_tokens": 420, "cost_usd": 0.001251,
        }
    ]  # fmt: skip
    actual = read(SOURCE, record("message_send", **SENT))

    assert expected == actual


def test_a_cost_of_zero_is_unknown() -> None:
    """Aider writes 0 for a model that it has no price for: no cost is known, as whole number or fraction."""
    expected = [None, None]
    rows = read(SOURCE, record("message_send", **SENT | {"cost": 0}), record("message_send", **SENT | {"cost": 0.0}))
    actual = [row.get("cost_usd") for row in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-3-5-sonnet-20241022", {"model": "claude-3-5-sonnet-20241022"}),
        ("openrouter/anthropic/claude-3.5-sonnet",
         {"model": "openrouter/anthropic/claude-3.5-sonnet", "provider": "openrouter"}),
        ("None", {}),
    ],
)  # fmt: skip
def test_the_provider_is_what_the_model_names_before_its_first_slash(name: str, expected: dict[str, str]) -> None:
    """A model without a prefix has no known provider, and `None` is no model."""
    actual = pick(read(SOURCE, record("message_send", **SENT | {"main_model": name}))[0], "model", "provider")

    assert expected == actual


def test_an_exception_is_a_failed_call_whose_words_are_not_read() -> None:
    """An exception stands in place of the sent message; its text may quote the prompt."""
    expected = {"event": "call", "status": "error", "error_type": "exception"}
    (row,) = read(SOURCE, record("message_send_exception", exception="Messages don't alternate: SYSTEM Act as ..."))
    actual = {name: value for name, value in row.items() if name not in ("_line", "ts", "user_id")}

    assert expected == actual


def test_a_start_is_activity() -> None:
    """Starting the program is activity of the user; the model that is configured for it is no fact of a call."""
    expected = [("activity", "active", None)] * 3
    starts = [
        record(event, main_model="o1", edit_format="diff") for event in ("launched", "cli session", "gui session")
    ]
    actual = [(row["event"], row["kind"], row.get("model")) for row in read(SOURCE, *starts)]

    assert expected == actual


def test_everything_else_is_passed_over() -> None:
    """Commands, exits and starts of a message are no events here: a start says not how the call ended."""
    expected = [1, 2, 3]
    actual = others(SOURCE, record("message_send_starting"), record("command_add"), record("exit", reason="done"))

    assert expected == actual


def test_it_is_told_by_its_events() -> None:
    """Product analytics of the same shape but other events are not claimed."""
    expected = (True, False)
    actual = (SOURCE.detects(head(record("launched"))), SOURCE.detects(head(record("$pageview"))))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has four calls (one failed), two starts, and four lines of no interest."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = ([1, 3, 5, 6, 7, 9], [2, 4, 8, 10])
    actual = ([row["_line"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual


def test_the_published_log_is_read_whole() -> None:
    """Of 16,038 published lines 2,668 are answered calls, 43 failed ones and 4,599 starts; nothing is refused."""
    if not DATA.exists():
        pytest.skip("Aider's published log is not at hand")
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    expected = ({("call", "ok"): 2668, ("call", "error"): 43, ("activity", None): 4599}, 8728)
    counts = Counter((row["event"], row.get("status")) for row in read(SOURCE, *records))
    actual = (dict(counts), len(others(SOURCE, *records)))

    assert expected == actual
