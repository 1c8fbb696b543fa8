"""Where a log is cut into chunks does not show, though rows depend on rows before them or on all others."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from aiopsctl.sources import chunks, state
from aiopsctl.sources.log import Log
from aiopsctl.sources.read import read

FORMATS = Path(__file__).parents[1] / "sample_data" / "_formats"


def put(path: Path, *records: Mapping[str, Any]) -> str:
    """Write records as JSON lines, and return the path."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def in_chunks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Read chunks of a size, and join none."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
    monkeypatch.setattr(state, "AT_ONCE_ROWS", 1)
    monkeypatch.setattr(chunks, "chunks", partial(chunks.chunks, size=size))


def at(second: int, kind: str, **payload: Any) -> dict[str, Any]:
    """Return a line of a Codex rollout."""
    return {"timestamp": f"2026-10-01T09:{second // 60:02}:{second % 60:02}Z", "type": kind, "payload": payload}


def usage(second: int, total: int, used: int) -> dict[str, Any]:
    """Return a line of usage: the session's sum, and what the last request used."""
    info = {
        "total_token_usage": {"total_tokens": total},
        "last_token_usage": {"input_tokens": used, "output_tokens": 1},
    }
    return at(second, "event_msg", type="token_count", info=info)


def rollout(name: str, padding: int = 0) -> list[dict[str, Any]]:
    """Return a session of three turns, whose last usage of a turn is repeated at the start of the next one."""
    says = at(9, "response_item", type="message", content="x" * padding)
    return [
        at(0, "session_meta", id=name, model_provider="openai"),
        at(1, "turn_context", turn_id=f"{name}a", model="gpt-5.4"), says, usage(2, 101, 100), says, usage(3, 302, 200), says,
        at(4, "turn_context", turn_id=f"{name}b", model="gpt-5.4-mini"), usage(5, 302, 200), says, usage(6, 603, 300),
        usage(6, 603, 300), says,
        at(7, "event_msg", type="task_started", turn_id=f"{name}c"), usage(8, 603, 300), says, usage(9, 1004, 400), says,
    ]  # fmt: skip


def expected(name: str) -> list[tuple[Any, ...]]:
    """Return session, turn, model, input and identity of the four calls of a session."""
    told = [
        ("a", "gpt-5.4", 100, 101),
        ("a", "gpt-5.4", 200, 302),
        ("b", "gpt-5.4-mini", 300, 603),
        ("c", "gpt-5.4-mini", 400, 1004),
    ]
    return [(name, name + turn, model, used, f"{name}{turn}:{total}") for turn, model, used, total in told]


def calls(log: Log) -> list[tuple[Any, ...]]:
    """Return session, turn, model, input and identity of all calls."""
    return log.events.select("session_id", "trace_id", "model", "input_tokens", "request_id").rows()


@pytest.mark.parametrize("size", [1, 150, 400, 1000, 5000])
def test_a_session_is_known_in_every_chunk(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Session, model, turn and sum are carried over any cut, and from no file into the next."""
    paths = [put(tmp_path / f"{name}.jsonl", *rollout(name)) for name in ("s1", "s2")]
    paths.append(
        put(
            tmp_path / "s3.jsonl",
            {"timestamp": "2026-10-01T09:00:00Z", "type": "compacted", "payload": {}},
            usage(9, 7, 6),
        )
    )

    in_chunks(monkeypatch, size)
    log = read(paths)

    alone = (None, None, None, 6, "2026-10-01T09:00:09Z:7")
    assert calls(log) == [*expected("s1"), *expected("s2"), alone]
    assert (log.account.rows_read, log.account.rows_other, log.account.rows_duplicate) == (38, 23, 6)


def test_a_session_of_more_than_a_chunk(tmp_path: Path) -> None:
    """The same for a file of five chunks as they are."""
    path = put(tmp_path / "s1.jsonl", *rollout("s1", padding=chunks.CHUNK_BYTES // 8 * 5))

    log = read([path])

    assert Path(path).stat().st_size > 4 * chunks.CHUNK_BYTES
    assert calls(log) == expected("s1")


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.jsonl")), ids=lambda path: path.name)
def test_chunks_do_not_show_in_any_format(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of every format is the same log in chunks of a line."""
    whole = read([str(path)])

    in_chunks(monkeypatch, 1)
    cut = read([str(path)])

    assert_frame_equal(whole.events, cut.events, check_column_order=False)
    assert whole.account == cut.account


def scored(name: str, value: int, **given: Any) -> dict[str, Any]:
    """Return a score of Langfuse that a user gave."""
    return {
        "id": "x", "timestamp": "2026-10-01 09:00:00.000000", "trace_id": f"t{value}", "observation_id": None,
        "name": name, "value": value, "data_type": "NUMERIC", "source": "API",
    } | given  # fmt: skip


def test_the_scale_of_a_rating_is_told_by_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stars stay stars in a chunk that has none but ones; what memory is not given for is told apart."""
    path = put(tmp_path / "scores.jsonl", *(scored("user-feedback", value) for value in (5, 3, 1, 1)))

    in_chunks(monkeypatch, 1)
    together = read([path]).events["kind"].to_list()
    monkeypatch.setattr(state, "TOGETHER_BYTES", 1)
    apart = read([path]).events["kind"].to_list()

    assert (together, apart) == (["star"] * 3, ["star", "star", "thumb"])


def test_an_inner_call_is_told_from_its_wrapper_over_any_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A framework's span and the client's within it are one call, also where they lie in two chunks."""

    def line(span: str, parent: str) -> dict[str, Any]:
        operation = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
        return {"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "t", "spanId": span, "parentSpanId": parent, "name": "chat", "attributes": operation,
            "startTimeUnixNano": "1790841600000000000", "endTimeUnixNano": "1790841601000000000",
        }]}]}]}  # fmt: skip

    path = put(tmp_path / "spans.jsonl", line("inner", "outer"), line("outer", ""))

    in_chunks(monkeypatch, 1)

    assert read([path]).events["request_id"].to_list() == ["inner"]
