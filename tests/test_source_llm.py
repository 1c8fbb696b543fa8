"""The `llm` format: times, the providers' own token details, and what is not read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, pick, read

from aiopsctl.sources.llm import SOURCE
from aiopsctl.sources.source import LINE, Head

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample


def logged(**given: Any) -> dict[str, Any]:
    """Return a logged response."""
    return {
        "id": "01res", "model": "gpt-4o-mini", "resolved_model": "gpt-4o-mini-2024-07-18", "prompt": "a secret",
        "system": None, "prompt_json": None, "options_json": {}, "response": "a secret", "response_json": None,
        "conversation_id": "01con", "duration_ms": 800, "datetime_utc": "2026-10-01T08:00:00.250000+00:00",
        "input_tokens": 1100, "output_tokens": 420, "token_details": None, "conversation_name": "a secret",
    } | given  # fmt: skip


def one(record: dict[str, Any]) -> dict[str, Any]:
    """Return the one row of a record."""
    (row,) = read(SOURCE, record)
    return row


def test_a_logged_response_is_a_call_of_unknown_end() -> None:
    """Only answers are logged, so nothing is known of failures; no text, nor the conversation's name, is in the row."""
    expected = {
        "_line": 1, "event": "call", "ts": datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC), "request_id": "01res",
        "session_id": "01con", "model": "gpt-4o-mini", "model_version": "gpt-4o-mini-2024-07-18", "latency_ms": 800,
        "input_tokens": 1100, "output_tokens": 420,
    }  # fmt: skip
    actual = one(logged())

    assert expected == actual


@pytest.mark.parametrize(
    "said", ["2026-10-01T08:00:00.250000", "2026-10-01T08:00:00.250000Z", "2026-10-01T10:00:00.25+02:00"]
)
def test_a_time_without_a_zone_is_utc(said: str) -> None:
    """`datetime_utc` is UTC by its name; older versions write it without a zone."""
    expected = datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC)
    actual = one(logged(datetime_utc=said))["ts"]

    assert expected == actual


OPENAI = {"prompt_tokens_details": {"cached_tokens": 1024}, "completion_tokens_details": {"reasoning_tokens": 384}}
ANTHROPIC = {"cache_creation_input_tokens": 300, "cache_read_input_tokens": 2000, "service_tier": "standard",
             "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}}  # fmt: skip
GEMINI = {"candidatesTokenCount": 200, "thoughtsTokenCount": 220, "cachedContentTokenCount": 700}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (OPENAI, {"input_tokens": 1100, "cache_read_tokens": 1024, "output_tokens": 420, "reasoning_tokens": 384}),
        (ANTHROPIC, {"input_tokens": 3400, "cache_read_tokens": 2000, "cache_write_tokens": 300,
                     "cache_write_1h_tokens": 200, "output_tokens": 420}),
        (GEMINI, {"input_tokens": 1100, "cache_read_tokens": 700, "output_tokens": 420, "reasoning_tokens": 220}),
        ({}, {"input_tokens": 1100, "output_tokens": 420}),
    ],
)  # fmt: skip
def test_details_are_in_the_terms_of_the_provider(details: dict[str, Any], expected: dict[str, int]) -> None:
    """Anthropic's cached tokens are added to the input, those of others are part of it; as an object or as its text."""
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
              "reasoning_tokens")  # fmt: skip
    actual = [pick(one(logged(token_details=said)), *tokens) for said in (details, json.dumps(details))]

    assert [expected, expected] == actual


def test_the_provider_is_the_prefix_of_the_model() -> None:
    """`anthropic/claude-sonnet-4-5` names its provider; a name alone does not."""
    expected = ["anthropic", None]
    actual = [one(logged(model=model)).get("provider") for model in ("anthropic/claude-sonnet-4-5", "gpt-4o")]

    assert expected == actual


def test_a_table_of_an_older_version_has_fewer_columns() -> None:
    """Tokens and the resolved model were added later: a table without them is read all the same."""
    cells = {name: str(value) for name, value in logged().items() if name not in ("resolved_model", "token_details")}
    cells = {name: value for name, value in cells.items() if not name.endswith("_tokens")}
    found = SOURCE.events(pl.DataFrame([cells]).with_columns(pl.lit(1).alias(LINE)))
    expected = (True, [("01res", None, None)])
    detected = SOURCE.detects(Head("csv", frozenset(cells)))
    actual = (detected, found.select("request_id", "input_tokens", "output_tokens").rows())

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (logged(), True),
        ({"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "usage": {}}, False),
        ({"ts": "2026-10-01T08:00:00Z", "model": "gpt-4o", "latency_ms": 800, "request_id": "r"}, False),
    ],
)
def test_only_logs_of_the_tool_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """The log is told by the names of its columns."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample is claimed, and its five responses are calls with 3,504 input tokens (14 + 1,100 + 2,340 + 50)."""
    records = json.loads(SAMPLE.read_text(encoding="utf-8"))
    rows = read(SOURCE, *records)
    expected = (True, 5, 3504)
    actual = (SOURCE.detects(head(*records)), len(rows), sum(row.get("input_tokens", 0) for row in rows))

    assert expected == actual
