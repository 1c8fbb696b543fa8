"""What a store does where a log is broken late, long, unfinished, or damaged where it was read already."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from store_world import assert_equal, by_logs, by_store
from test_store import run

from aiopsctl.prices.rates import Book, Override
from aiopsctl.sources import chunks, state
from aiopsctl.sources.opening import Reading
from aiopsctl.store import memory, rows
from aiopsctl.store.manifest import load
from aiopsctl.store.memory import Remembered
from aiopsctl.store.store import Store

CALL = '{"ts": "2026-09-%02dT10:00:00Z", "request_id": "r%d", "model": "gpt-4o", "input_tokens": 7}\n'


def calls(*numbers: int) -> str:
    """Return lines of calls, each of a day of its own."""
    return "".join(CALL % (number % 28 + 1, number) for number in numbers)


def ids(store: Path, log: Path) -> list[str]:
    """Return the ids of what a store holds of a log."""
    return sorted(by_store(store, log).events.lazy().collect()["request_id"].to_list())


@pytest.mark.parametrize("enough", [1 << 10, rows._ENOUGH], ids=["written in between", "held"])
def test_an_archive_that_is_broken_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: int) -> None:
    """An archive whose checksum is wrong gives no row, though its rows were read before that could be known."""
    monkeypatch.setattr(rows, "_ENOUGH", enough)
    logs = tmp_path / "logs"
    logs.mkdir()
    packed = bytearray(gzip.compress(calls(*range(100, 9_000)).encode()))
    packed[-8:-4] = b"\0\0\0\0"
    (logs / "a.jsonl").write_text(calls(1, 2, 3))
    (logs / "b.jsonl.gz").write_bytes(packed)
    (logs / "c.jsonl").write_text(calls(4, 29))

    assert_equal(tmp_path / "store", logs)
    assert ids(tmp_path / "store", logs) == ["r1", "r2", "r29", "r3", "r4"]


def test_rows_do_not_pile_up_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows on their way to a store are written as soon as they take too much memory, and not before."""
    spool = rows.Spool(tmp_path)
    row = pl.DataFrame({name: [None] for name in rows.SCHEMA}, schema=rows.SCHEMA)
    size = row.estimated_size()
    monkeypatch.setattr(rows, "_ENOUGH", 2 * size)
    written = []
    for _ in range(6):
        spool.add(row)
        written.append(sum(segment.rows for segments in spool.written.values() for segment in segments))

    assert size > 0
    assert written == [0, 0, 3, 3, 3, 6]


def test_files_are_told_as_a_reading_tells_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, rejects and the time covered are told of each file: of what was appended too, and of many chunks of it."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 200)
    monkeypatch.setattr(state, "AT_ONCE_ROWS", 1)
    monkeypatch.setattr(chunks.chunks, "__defaults__", (200, chunks.MAX_LINE_BYTES, 1))
    log, store = tmp_path / "a.jsonl", tmp_path / "store"
    for part in (calls(5, 6), calls(9, 12, 2, 11, 7, 8, 10), "no JSON\n" + calls(4)):
        with log.open("a") as file:
            file.write(part)
        (told,) = by_store(store, log).account.read
        assert [told] == by_logs(log).account.read

    assert (told.rows, told.rejected, str(told.since)[:10], str(told.until)[:10]) == (10, 1, "2026-09-03", "2026-09-13")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.jsonl.gz"])
def test_a_file_that_was_only_touched(tmp_path: Path, name: str) -> None:
    """A file whose time changed, or its name, and not what is in it, is the one that was read; one that was cut is not."""
    log, store = tmp_path / name, tmp_path / "[a] store*"
    text = (
        calls(1, 2, 3)
        if "jsonl" in name
        else "ts,model,latency_ms\n2026-09-01T00:00:00Z,a,1\n2026-09-02T00:00:00Z,b,2\n"
    )
    log.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    rows = by_store(store, log).events.height
    os.utime(log, (0, 0))
    by_store(store, log)
    moved = log.rename(tmp_path / f"moved-{name}")
    by_store(store, moved)

    assert [(unit.id, unit.shown) for unit in load(store)[0].units] == [(0, str(moved))]
    assert by_store(store, moved).events.height == rows


def test_a_mapped_column_that_only_what_was_read_has(tmp_path: Path) -> None:
    """A mapped column need not be in what is new, neither in another file nor in lines that were appended."""
    logs, how = tmp_path / "logs", Reading(columns=("latency_ms=took",))
    logs.mkdir()
    (logs / "a.jsonl").write_text(calls(1).replace("input_tokens", "took"))
    (logs / "b.jsonl").write_text(calls(2).replace("input_tokens", "took"))
    heights = []
    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        with (logs / name).open("a") as file:
            file.write(calls(len(heights) + 3))
        heights.append(Store(tmp_path / "store").read([str(logs)], [], how, Book()).events.height)

    assert heights == [3, 4, 5]


@pytest.mark.parametrize("name", ["request_id", "trace_id"])
def test_a_correction_in_another_file(tmp_path: Path, name: str) -> None:
    """A correction has its edited share though its call lies in another file and was read before: 5 edits of 13 letters."""
    logs = tmp_path / "logs"
    logs.mkdir()
    row = {"ts": "2026-09-01T10:00:00Z", "latency_ms": 5, "output": "one two three", name: "x"}
    note = {"ts": "2026-09-03T10:00:00Z", "kind": "correction", "final_text": "one two four", name: "x"}
    for file, written in (("a", [row | {name: "y"}]), ("b", [row]), ("c", [note | {name: "z"}, note])):
        (logs / f"{file}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in written))
        assert_equal(tmp_path / "store", logs)
    found = by_store(tmp_path / "store", logs).events.lazy().collect()

    assert found["value"].drop_nulls().to_list() == [pytest.approx(5 / 13)]


def test_other_prices(tmp_path: Path) -> None:
    """Calls that a store holds are priced anew where the prices are others: 7 tokens at 10 USD a million are 70 micro-dollars."""
    log = tmp_path / "a.jsonl"
    log.write_text(calls(1).replace("gpt-4o", "mine"))

    def costs(*overrides: Override) -> list[float | None]:
        events = Store(tmp_path / "store").read([str(log)], [], Reading(), Book(overrides)).events.lazy().collect()
        return events["cost_usd"].to_list() if "cost_usd" in events.columns else [None]

    own = Override("mine", input=10.0)
    assert [costs(), costs(own), costs()] == [[None], [pytest.approx(7e-5)], [None]]


def test_forgotten_rows_are_told(tmp_path: Path) -> None:
    """How many rows are forgotten is told: calls of the 2nd, 3rd, 4th and 9th of September, before the 4th and before the 9th."""
    log, store = tmp_path / "a.jsonl", Store(tmp_path / "store")
    log.write_text(calls(1, 2, 3, 31, 8))
    by_store(store.folder, log)

    told = [store.prune(datetime(2026, 9, day, tzinfo=UTC)) for day in (4, 4, 9, 1)]
    assert told == [2, 0, 2, 0]
    assert ids(store.folder, log) == ["r8"]


def test_a_window_of_a_store(tmp_path: Path) -> None:
    """Of days that a store holds those of the window are answered with: calls of the 4th and 5th of six days; else all."""
    log, store = tmp_path / "a.jsonl", tmp_path / "store"
    log.write_text(calls(*range(1, 7)))
    window = ("--since", "2026-09-04", "--until", "2026-09-06", "--isolated", "--metrics", "calls", "-f", "json")

    found, plain = (json.loads(run("latency", log, *window, *words)) for words in (("--store", store), ()))

    assert (found["data"]["rows_used"], found["data"]["rows_filtered"]) == (2, 4)
    assert found["measurements"] == plain["measurements"]
    whole = json.loads(run("latency", log, "--isolated", "--store", store, "-f", "json"))["window"]
    assert (whole["since"][:10], whole["until"][:10]) == ("2026-09-02", "2026-09-07")


def test_tokens_that_contradict_each_other(tmp_path: Path) -> None:
    """Rows with more cached than input tokens are counted with their place, those that were read before too."""
    log, store = tmp_path / "a.jsonl", tmp_path / "store"
    for n in (1, 2):
        with log.open("a") as file:
            file.write(calls(n).replace('"model"', '"cache_read_tokens": 9, "model"'))
        assert_equal(store, log)
    account = by_store(store, log).account

    assert sum(account.contradictions.values()) == 2
    assert set(account.contradiction_places.values()) == {f"{log}:1"}


def test_models_without_a_price_come_by_their_calls(tmp_path: Path) -> None:
    """Of models without a price the one with most calls comes first, and of two alike the first by name, over all days."""
    log = tmp_path / "a.jsonl"
    models = ["few", "many", "many", "b", "b", "a", "a", "many"]
    log.write_text("".join((CALL % (n + 1, n)).replace("gpt-4o", model) for n, model in enumerate(models)))

    assert by_store(tmp_path / "store", log).money.unpriced.select("model", "calls").rows() == [
        ("many", 3), ("a", 2), ("b", 2), ("few", 1),
    ]  # fmt: skip


def test_a_long_line_without_its_end(tmp_path: Path) -> None:
    """A last line longer than what is looked at at once waits for its end as any other does."""
    log, store = tmp_path / "a.jsonl", tmp_path / "store"
    long = json.dumps({"ts": "2026-09-02T10:00:00Z", "request_id": "long", "text": "x" * 200_000})
    log.write_text(calls(1) + long[:-1])
    before = ids(store, log)
    log.write_text(calls(1) + long)

    assert (before, ids(store, log)) == (["r1"], ["long", "r1"])


def sums(day: str, value: int) -> pl.DataFrame:
    """Return sums of a day, as a check remembers them."""
    return pl.DataFrame({memory.DAY: [day], "calls": [value]})


def test_damaged_sums_are_summed_again(tmp_path: Path) -> None:
    """Of remembered sums, those of days that changed, or whose file is damaged, are missing; no others are."""
    kept = Remembered(tmp_path / "sums")
    kept.keep("key", {"a": "1"}, sums("a", 5))
    kept.keep("key", {"b": "1"}, sums("b", 7))
    both = {"a": "1", "b": "1"}

    def recalled(marks: dict[str, str]) -> tuple[list[int], set[str]]:
        frames, lacking = kept.recall("key", marks)
        return [value for frame in frames for value in frame["calls"]], lacking

    assert recalled(both) == ([5, 7], set())
    assert recalled({"a": "1", "b": "2"}) == ([5], {"b"})
    assert recalled({"c": "1"}) == ([], {"c"})
    for damage in (lambda data: b"x" * len(data), lambda data: data[:-1]):
        (path,) = [p for p in (tmp_path / "sums" / "key").glob(".sums-*") if pl.read_parquet(p)["calls"].item() == 7]
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        assert recalled(both) == ([5], {"b"})
        path.write_bytes(whole)


def test_remembered_sums_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of sums are merged, those that no index lists go after an hour, and so do the questions asked longest ago."""
    monkeypatch.setattr(memory, "_KEYS", 2)
    kept = Remembered(tmp_path / "sums")
    days = [f"d{number}" for number in range(20)]
    for number, day in enumerate(days):
        kept.keep("key", {day: "1"}, sums(day, number))
    for path in (tmp_path / "sums" / "key").iterdir():
        os.utime(path, (0, 0))
    kept.keep("key", {"last": "1"}, sums("last", 20))
    frames, lacking = kept.recall("key", dict.fromkeys([*days, "last"], "1"))

    assert sorted(value for frame in frames for value in frame["calls"]) == list(range(21))
    assert lacking == set()
    assert len(list((tmp_path / "sums" / "key").glob(".sums-*"))) <= memory._FILES

    os.utime(tmp_path / "sums" / "key", (0, 0))
    for key in ("second", "third"):
        kept.keep(key, {"a": "1"}, sums("a", 1))

    assert sorted(os.listdir(tmp_path / "sums")) == ["second", "third"]
