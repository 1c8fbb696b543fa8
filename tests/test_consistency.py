"""Token counts that contradict the rule of their format are counted, located, and kept as they are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.sources.read import read

CALL = {"ts": "2026-10-01T08:00:00Z", "request_id": "a", "user_id": "u"}
CACHED, REASONED, SUMMED = "cached_over_input", "reasoning_over_output", "total_is_not_sum"


def openai(**usage: Any) -> dict[str, Any]:
    """Return a chat completion of a usage."""
    return {"id": "c", "object": "chat.completion", "created": 1790841600, "model": "gpt-4o", "usage": usage}


def litellm(**usage: Any) -> dict[str, Any]:
    """Return a logging payload of a usage."""
    return {"id": "c", "call_type": "acompletion", "response_cost": 0.1, "startTime": 1790841600.0,
            "endTime": 1790841601.0, "model": "gpt-4o", "status": "success", **usage}  # fmt: skip


def helicone(**usage: Any) -> dict[str, Any]:
    """Return an exported request of a usage."""
    return {"request_id": "c", "request_created_at": "2026-10-01 08:00:00", "response_status": 200,
            "request_user_id": "u", "request_model": "gpt-4o", "provider": "OPENAI", **usage}  # fmt: skip


def codex(**usage: Any) -> dict[str, Any]:
    """Return a token count of a usage."""
    info = {"last_token_usage": usage, "total_token_usage": {"total_tokens": 5}}
    return {"timestamp": CALL["ts"], "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def found(path: Path, *records: Mapping[str, Any]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return the contradictions of a log by rule and format: how many rows, and the line of the first."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    a = read([str(path)]).account
    return {key: (rows, a.contradiction_places[key].rpartition(":")[2]) for key, rows in a.contradictions.items()}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (CALL | {"input_tokens": 500, "cache_read_tokens": 9000, "cache_write_tokens": 500}, (CACHED, "native")),
        (CALL | {"input_tokens": 500, "cache_read_tokens": 300, "cache_write_tokens": 201}, (CACHED, "native")),
        (CALL | {"input_tokens": 5, "output_tokens": 10, "reasoning_tokens": 11}, (REASONED, "native")),
        (CALL | {"input_tokens": 5, "output_tokens": 10, "total_tokens": 16}, (SUMMED, "native")),
        (CALL | {"input_tokens": 5, "output_tokens": 10, "total_tokens": "14"}, (SUMMED, "native")),
        (openai(prompt_tokens=5, completion_tokens=10, total_tokens=40), (SUMMED, "openai")),
        (openai(input_tokens=5, output_tokens=10, total_tokens=40), (SUMMED, "openai")),
        (openai(prompt_tokens=5, completion_tokens=1, prompt_tokens_details={"cached_tokens": 9}), (CACHED, "openai")),
        (openai(prompt_tokens=5, completion_tokens=1, completion_tokens_details={"reasoning_tokens": 2}),
         (REASONED, "openai")),
        (litellm(prompt_tokens=5, completion_tokens=10, total_tokens=40), (SUMMED, "litellm")),
        (helicone(prompt_tokens=5, completion_tokens=10, total_tokens=40), (SUMMED, "helicone")),
        (codex(input_tokens=5, output_tokens=10, total_tokens=40), (SUMMED, "codex")),
    ],
)  # fmt: skip
def test_a_broken_rule_is_located(tmp_path: Path, record: Mapping[str, Any], expected: tuple[str, str]) -> None:
    """A row that breaks a rule is counted under the rule and its format, at its line."""
    assert {expected: (1, "1")} == found(tmp_path / "log.jsonl", record)


@pytest.mark.parametrize(
    "record",
    [
        CALL | {"input_tokens": 10, "cache_read_tokens": 9, "cache_write_tokens": 1, "output_tokens": 3,
                "reasoning_tokens": 3, "total_tokens": 13},
        CALL | {"cache_read_tokens": 9, "reasoning_tokens": 3, "total_tokens": 13},
        CALL | {"input_tokens": 10, "total_tokens": 10},
        openai(prompt_tokens=8, total_tokens=8),
        litellm(prompt_tokens=5, completion_tokens=10, total_tokens=15),
        litellm(prompt_tokens=0, completion_tokens=0, total_tokens=40),
        helicone(prompt_tokens=5, completion_tokens=10, total_tokens=15, prompt_cache_read_tokens=20),
        codex(input_tokens=5, cached_input_tokens=5, output_tokens=10, reasoning_output_tokens=10, total_tokens=15),
    ],
)  # fmt: skip
def test_what_holds_or_is_not_said_breaks_no_rule(tmp_path: Path, record: Mapping[str, Any]) -> None:
    """A rule at its limit holds, a count that is not told contradicts nothing, and a repaired input is believed."""
    assert not found(tmp_path / "log.jsonl", record)


def test_rows_of_a_broken_rule_are_kept_and_told(tmp_path: Path) -> None:
    """Two rows of three break a rule: all are used, the document counts two, and a note names the first line."""
    bad, good = {"input_tokens": 1, "cache_read_tokens": 2}, {"input_tokens": 2, "cache_read_tokens": 2}
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(json.dumps(CALL | {"request_id": f"r{i}"} | row) + "\n" for i, row in enumerate((good, bad, bad)))
    )
    done = CliRunner().invoke(app, ["summary", str(log), "--isolated", "-f", "json"])
    data = json.loads(done.stdout)["data"]

    assert (3, {CACHED: 2}) == (data["rows_used"], data["contradictory_tokens"])
    assert "2 rows of native contradict themselves: more cached than input tokens" in done.stderr
    assert f"{log}:2" in done.stderr
