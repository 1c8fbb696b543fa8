"""An update of a store looks at the ids of the days that know one of the new ones, and at no others."""

import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import polars as pl
import pytest
from store_world import assert_equal, by_store, lines

from aiopsctl.store import affected, finish, hashes, update
from aiopsctl.store.disk import sha256, write_frame
from aiopsctl.store.manifest import Manifest, load
from aiopsctl.store.rows import EVENTS, PLACE, SCHEMA, read_rows


def call(day: int, request: str, tokens: int = 5) -> dict[str, Any]:
    """Return a call of a day of September."""
    ts = f"2026-09-{day:02d}T10:00:00Z"
    return {"ts": ts, "request_id": request, "model": "gpt-4o", "input_tokens": tokens, "output_tokens": 1}


def rating(day: int, request: str) -> dict[str, Any]:
    """Return feedback of a day of September."""
    return {"ts": f"2026-09-{day:02d}T11:00:00Z", "kind": "thumb", "value": 1, "request_id": request}


def append(log: Path, *rows: dict[str, Any] | bytes) -> None:
    """Append rows or lines to a log."""
    with log.open("ab") as file:
        file.writelines(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(
    ("new", "looked_at"),
    [
        ((call(3, "r9"),), {"2026-09-03"}),
        ((call(3, "r1", tokens=9),), {"2026-09-01", "2026-09-03"}),
        ((call(3, "r2"),), {"2026-09-02", "2026-09-03"}),
        ((rating(3, "r1"),), {"2026-09-01", "2026-09-03"}),
    ],
    ids=["new id", "repeated call", "call of older feedback", "feedback"],
)
def test_only_days_that_know_an_id_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: Iterable[dict[str, Any]], looked_at: set[str]
) -> None:
    """Rows of a day are read where it has new ones, a call that comes again, its feedback, or the call that is rated."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    append(log, call(1, "r1"), rating(2, "r2"), call(3, "r3"), call(4, "r4"))
    by_store(store, log)
    append(log, *new)
    opened: set[str] = set()

    def spied(module: ModuleType, name: str) -> None:
        real = getattr(module, name)

        def spy(*given: Any) -> Any:
            opened.update(given[-1])
            return real(*given)

        monkeypatch.setattr(module, name, spy)

    spied(affected, "scan_raw")
    spied(finish, "scan_raw")
    spied(finish, "raw_of")
    assert_equal(store, log)
    assert opened == looked_at


REPEATED = (call(1, "r1"), call(1, "r2", tokens=9), call(2, "r1", tokens=9), call(2, "r2"))


@pytest.mark.parametrize(
    ("held", "new"),
    [
        (REPEATED, (call(1, "r9"),)),
        (REPEATED, (call(2, "r9"),)),
        ((call(1, "r1"),), (call(2, "r9"), call(3, "r9", tokens=9))),
        ((*REPEATED, call(1, "r3")), (call(5, "r3", tokens=9),)),
        ((*REPEATED, call(2, "r3")), (call(5, "r3"),)),
        ((*REPEATED, call(3, "r4")), (rating(3, "r1"), rating(4, "r2"))),
    ],
    ids=["earlier day", "later day", "among the new", "seen from afar", "and kept", "rated"],
)
def test_calls_that_are_repeated_on_other_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: Iterable[dict[str, Any]], new: Iterable[dict[str, Any]]
) -> None:
    """Of a call that is there on two days one counts, whichever of the days is made anew, and for whatever reason."""
    monkeypatch.setattr(finish, "_AT_ONCE", 1)
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    append(log, *held)
    by_store(store, log)
    append(log, *new)

    assert_equal(store, log)


def test_hashes_of_another_function_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version hashed otherwise is hashed anew before anything is compared, and no log is read again."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    append(log, call(1, "r1"), rating(2, "r2"), call(3, "r3"))
    with monkeypatch.context() as patch:
        patch.setattr(hashes, "hashed", lambda name: pl.col(name).hash(seed=7))
        patch.setattr(update, "hashing", lambda: "another")
        by_store(store, log)
    append(log, call(4, "r1", tokens=9), call(4, "r2"), rating(5, "r3"))

    assert_equal(store, log)
    assert (load(store)[0].next_unit, load(store)[0].hashing) == (1, hashes.hashing())


def test_feedback_has_the_facts_of_the_call_that_counts(tmp_path: Path) -> None:
    """Of a call that was repeated on another day, late feedback takes what the record with the most tokens says."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    append(log, call(1, "r1"), call(2, "r1", tokens=9) | {"model": "gpt-4o-mini"})
    by_store(store, log)
    append(log, rating(3, "r1"))

    assert_equal(store, log)
    rated = by_store(store, log).events.lazy().filter(pl.col("event") == "feedback").collect()
    assert rated["model"].to_list() == ["gpt-4o-mini"]


def test_equal_ids_have_equal_hashes(tmp_path: Path) -> None:
    """However rows lie in memory or on disk, an id has one hash; that of a call is another than that of feedback."""
    ids = ["", "r", "é" * 9, "0123456789ab", "0123456789abc", "x" * 5000, None]
    frame = pl.DataFrame({"event": ["call"] * 7, "request_id": ids})
    frame.write_parquet(tmp_path / "ids.parquet")
    told = hashes.hashes(frame.columns)
    found = frame.select(told).to_series()
    pieces = pl.concat([frame[i : i + 1] for i in range(7)], rechunk=False)
    kept = pl.scan_parquet(tmp_path / "ids.parquet").select(told).collect(engine="streaming")

    assert found.null_count() == 1
    assert found.n_unique() == 7
    assert found.equals(pieces.select(told).to_series())
    assert found.equals(kept.to_series())
    others = frame.with_columns(event=pl.lit("feedback")).select(told).to_series()
    assert not set(found.drop_nulls()) & set(others.drop_nulls())


def as_format_1(store: Path) -> None:
    """Turn a store into what the version before wrote: every column in each segment, and no hashes."""
    held, _ = load(store)
    for day in held.days.values():
        for i, segment in enumerate(day.raw):
            rows = read_rows(store, [segment])
            absent = [pl.lit(None, SCHEMA[name]).alias(name) for name in EVENTS if name not in rows.columns]
            day.raw[i] = write_frame(store, "raw", rows.with_columns(absent).select(*EVENTS, *PLACE))
    told = msgspec.to_builtins(held) | {"format": 1}
    del told["hashing"]
    body = msgspec.json.encode(told)
    (store / "MANIFEST").write_bytes(msgspec.json.encode({"sha256": sha256(body), "manifest": msgspec.Raw(body)}))


def test_a_store_of_the_format_before_is_read_on(tmp_path: Path) -> None:
    """What an older version read stays, also of files that are gone, and gets its hashes when more is read."""
    log, store, rows = tmp_path / "app.jsonl", tmp_path / "store", lines(120, days=4)
    append(log, *rows[:80])
    by_store(store, log)
    as_format_1(store)
    assert (load(store)[0].format, load(store)[1]) == (1, "")
    assert_equal(store, log)

    append(log, *rows[80:])
    assert_equal(store, log)
    held, _ = load(store)
    assert (held.format, held.next_unit) == (Manifest().format, 1)
    assert all("_request_id" in read_rows(store, day.raw).columns for day in held.days.values())


def test_small_segments_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that grows often has few segments, with all of its rows."""
    monkeypatch.setattr(finish, "_MANY", 2)
    log, store, rows = tmp_path / "app.jsonl", tmp_path / "store", lines(60, days=1)
    for start in range(0, len(rows), 10):
        append(log, *rows[start : start + 10])
        by_store(store, log)
        assert all(len(day.raw) <= 3 for day in load(store)[0].days.values())

    assert_equal(store, log)
