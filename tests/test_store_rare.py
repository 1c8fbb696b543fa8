"""What seldom happens to a store: late corrections, broken archives, other rules, a lock that somebody else holds."""

import fcntl
import gzip
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from store_world import HOW, assert_equal, assert_same, by_logs, by_store, lines
from test_store import run

from aiopsctl import daily
from aiopsctl.prices.rates import Book
from aiopsctl.sources.files import Input
from aiopsctl.sources.opening import Reading
from aiopsctl.store import store as stores
from aiopsctl.store import update
from aiopsctl.store.disk import StoreError
from aiopsctl.store.store import Store

CALL = {"ts": "2026-09-01T10:00:00Z", "request_id": "r1", "model": "gpt-4o", "output": "one two three"}
CORRECTION = {"ts": "2026-09-03T10:00:00Z", "kind": "correction", "request_id": "r1", "final_text": "one two four"}


def written(path: Path, *rows: dict[str, object]) -> Path:
    """Append rows to a log."""
    with path.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


@pytest.mark.parametrize("rows", [(CALL, CORRECTION), (CORRECTION, CALL)], ids=["after", "before"])
def test_a_correction_is_sized_when_both_texts_are_there(tmp_path: Path, rows: tuple[dict[str, object], ...]) -> None:
    """A correction that comes days after its call, or before it, has its edited share, which needs both texts: 5 edits of 13 letters."""
    log = tmp_path / "app.jsonl"
    for row in rows:
        written(log, row)
        assert_equal(tmp_path / "store", log)
    found = by_store(tmp_path / "store", log).events.lazy().collect()

    assert found["value"].drop_nulls().to_list() == [pytest.approx(5 / 13)]


def test_a_broken_archive_gives_no_row(tmp_path: Path) -> None:
    """Of an archive whose checksum is wrong nothing is believed, and each of its rows is counted as rejected."""
    (tmp_path / "logs").mkdir()
    packed = bytearray(gzip.compress(b"".join(lines(50))))
    packed[-8:-4] = b"\0\0\0\0"
    (tmp_path / "logs" / "a.jsonl.gz").write_bytes(packed)
    (tmp_path / "logs" / "b.jsonl").write_bytes(b"".join(lines(20, 2)))

    assert_equal(tmp_path / "store", tmp_path / "logs")


def test_somebody_else_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process has the lock, a command waits, and then reads the logs."""
    monkeypatch.setattr(stores, "WAIT", 0.1)
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(lines(30)))
    by_store(store, log)
    with (store / "LOCK").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="in use"):
            by_store(store, log)
        for forgetting in (lambda: Store(store).forget(), lambda: Store(store).prune(stores.datetime.now(stores.UTC))):
            with pytest.raises(StoreError, match="in use"):
                forgetting()
        words = ("summary", log, "--isolated", "-f", "json")
        assert run(*words, "--store", store) == run(*words)


def test_other_rules_read_again(tmp_path: Path) -> None:
    """Rows read by another column map are read again; where a file is gone that cannot be, it is an error that says so."""
    (tmp_path / "logs").mkdir()
    for name in ("a", "b"):
        written(
            tmp_path / "logs" / f"{name}.jsonl",
            {"ts": "2026-09-01T00:00:00Z", "model": "m", "latency_ms": 5, "took": 7},
        )
    other = Reading(columns=("latency_ms=took",))

    def latencies(how: Reading) -> list[int]:
        found = Store(tmp_path / "store").read([str(tmp_path / "logs")], [], how, Book())
        return sorted(found.events["latency_ms"])

    assert (latencies(HOW), latencies(other), latencies(HOW)) == ([5, 5], [7, 7], [5, 5])
    (tmp_path / "logs" / "b.jsonl").unlink()
    assert latencies(HOW) == [5, 5]
    with pytest.raises(StoreError, match="cannot be read again"):
        latencies(other)


def test_pseudonyms_are_those_of_the_logs(tmp_path: Path) -> None:
    """With a key, ids are replaced as a reading replaces them."""
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(lines(40)))
    found = Store(tmp_path / "store").read([str(log)], [], Reading(pseudonym_key=b"key"), Book())

    assert all(user.startswith("u_") for user in found.events["user_id"].drop_nulls())


def test_sums_of_many_appends_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a day grows, the remembered sums are those of all its rows."""
    monkeypatch.setattr(daily, "MANY", 0)
    log, rows = tmp_path / "app.jsonl", lines(160, days=2)
    words = ("latency", log, "--isolated", "--metrics", "latency-p95,error-rate,calls", "-f", "json")
    for start in range(0, 160, 16):
        with log.open("ab") as file:
            file.writelines(rows[start : start + 16])
        assert run(*words, "--store", tmp_path / "store") == run(*words)


def test_rebuilt_from_what_is_there(tmp_path: Path) -> None:
    """`--rebuild` reads everything again, and forgets what came of files that are gone."""
    (tmp_path / "logs").mkdir()
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / "logs" / f"{name}.jsonl").write_bytes(b"".join(lines(20, seed)))
    run("ingest", tmp_path / "logs", "--isolated", "--store", tmp_path / "store")
    (tmp_path / "logs" / "a.jsonl").unlink()
    run("ingest", tmp_path / "logs", "--isolated", "--store", tmp_path / "store", "--rebuild")

    assert_equal(tmp_path / "store", tmp_path / "logs")


def test_parts_that_contradict_the_total_are_told(tmp_path: Path) -> None:
    """Calls whose layers of cost do not add up are noted as a reading notes them."""
    row = {
        "ts": "2026-09-01T00:00:00Z",
        "model": "m",
        "cost_usd": 1.0,
        "model_cost_usd": 0.2,
        "retrieval_cost_usd": 0.1,
        "infra_cost_usd": 0.1,
    }
    log = written(tmp_path / "app.jsonl", row, row)

    assert by_store(tmp_path / "store", log).money.contradictory == 2


def test_a_file_that_goes_away_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is rotated between the listing and the reading is found by its new name, once."""
    (tmp_path / "logs").mkdir()
    log, rotated = tmp_path / "logs" / "app.jsonl", tmp_path / "logs" / "old.jsonl"
    log.write_bytes(b"".join(lines(40)))
    by_store(tmp_path / "store", tmp_path / "logs")
    listed = update.files.expand

    def late(paths: list[str]) -> list[Input]:
        found = listed(paths)
        if log.exists():
            log.rename(rotated)
        return found

    monkeypatch.setattr(update.files, "expand", late)
    by_store(tmp_path / "store", tmp_path / "logs")
    monkeypatch.undo()

    assert_equal(tmp_path / "store", tmp_path / "logs")


def test_a_file_that_comes_back(tmp_path: Path) -> None:
    """A file that was gone and is there again under another name is known by what is in it."""
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "app.jsonl"
    log.write_bytes(b"".join(lines(40)))
    by_store(tmp_path / "store", tmp_path / "logs")
    log.rename(tmp_path / "away.jsonl")
    (tmp_path / "logs" / "other.jsonl").write_bytes(b"".join(lines(20, 2)))
    by_store(tmp_path / "store", tmp_path / "logs")
    (tmp_path / "away.jsonl").rename(tmp_path / "logs" / "back.jsonl")

    assert_equal(tmp_path / "store", tmp_path / "logs")


def test_a_day_of_nothing_but_repeats(tmp_path: Path) -> None:
    """A day whose only call turns out to repeat one of another day has no row left, and the call is there once."""
    log = written(
        tmp_path / "app.jsonl", {"ts": "2026-09-01T00:00:00Z", "request_id": "r", "model": "m", "input_tokens": 5}
    )
    assert_equal(tmp_path / "store", log)
    written(log, {"ts": "2026-09-02T00:00:00Z", "request_id": "r", "model": "m", "input_tokens": 9})
    assert_equal(tmp_path / "store", log)

    assert by_store(tmp_path / "store", log).events["input_tokens"].to_list() == [9]


@pytest.mark.parametrize("first", ["a.jsonl", "z.jsonl"], ids=["lines-first", "tables-first"])
def test_files_whose_rows_need_each_other(tmp_path: Path, first: str) -> None:
    """Spans and annotations of one format, in Parquet and in lines, and another log between them, are all in a store."""
    samples, logs = Path(__file__).parents[1] / "sample_data" / "_formats", tmp_path / "logs"
    logs.mkdir()
    for name in ("phoenix.parquet", "phoenix_annotations.parquet", "openai.jsonl"):
        shutil.copy(samples / name, logs)
    spans = pl.read_parquet(samples / "phoenix.parquet")
    ids = pl.col("parent_id", "context.span_id", "context.trace_id") + "-other"
    spans.with_columns(ids).write_ndjson(logs / first)

    found = by_store(tmp_path / "store", logs)

    assert_same(found, by_logs(logs))
    others = pl.read_parquet(logs / "phoenix_annotations.parquet").height + (logs / "openai.jsonl").read_bytes().count(
        b"\n"
    )
    assert (found.account.rows_read, found.account.rows_rejected) == (2 * spans.height + others, 0)
