"""A log of many rows is put on disk as it is read, and answers what it would from memory."""

import gzip
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from store_world import HOW, assert_same, by_logs, lines
from test_store import SAMPLES, run

from aiopsctl import daily
from aiopsctl.cli import stored
from aiopsctl.prices.apply import price
from aiopsctl.prices.rates import Book
from aiopsctl.sources import chunks, state, tables
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.store import aside
from aiopsctl.store.aside import Aside

LOGS = sorted(path for path in (SAMPLES / "_formats").iterdir() if path.suffix in (".jsonl", ".json", ".parquet"))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write, compare and join a few rows at a time."""
    monkeypatch.setattr(aside, "_ROWS", 40)
    monkeypatch.setattr(aside, "_COMPARED", 100)
    monkeypatch.setattr(aside, "_JOINED", 30)


def by_disk(tmp_path: Path, *paths: Path, how: Reading = HOW) -> Log:
    """Return the log that is answered from disk."""
    folder = tmp_path / "aside"
    folder.mkdir()
    return Aside(folder, Book()).read([str(path) for path in paths], how)


@pytest.mark.parametrize("seed", range(3))
def test_rows_and_account_are_those_of_memory(tmp_path: Path, seed: int) -> None:
    """Repeated calls, late feedback and bad lines in two files come out as they do when all of it is in memory."""
    rows = lines(300, seed)
    logs = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for log, part in zip(logs, (rows[:250], rows[200:]), strict=True):
        log.write_bytes(b"".join(part) + b'{"ts": "2026-09-')
    ours, plain = by_disk(tmp_path, *logs), by_logs(*logs)

    assert_same(ours, plain)
    assert ours.account.rows_duplicate > 50
    assert ours.account == plain.account


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.name)
def test_every_format(tmp_path: Path, log: Path) -> None:
    """What a format tells of traces, spans and texts is told from disk too, and what was priced."""
    ours, plain = by_disk(tmp_path, log), read([str(log)])
    priced = price(plain.events.lazy().collect(), Book())

    assert_same(ours, Log(priced.events, plain.account))
    assert ours.money.sources == priced.sources
    assert_frame_equal(ours.money.unpriced.select("calls").sum(), priced.unpriced.select("calls").sum())


def test_the_sample(tmp_path: Path) -> None:
    """Calls, feedback, tickets and users of several files are joined as in memory."""
    logs = sorted(SAMPLES.glob("*.gz"))
    assert_same(by_disk(tmp_path, *logs), by_logs(*logs))


def test_a_broken_archive_gives_no_row(tmp_path: Path) -> None:
    """Of an archive whose checksum is wrong nothing is believed, and each of its rows is counted as rejected."""
    logs = tmp_path / "logs"
    logs.mkdir()
    packed = bytearray(gzip.compress(b"".join(lines(50))))
    packed[-8:-4] = b"\0\0\0\0"
    (logs / "a.jsonl.gz").write_bytes(packed)
    (logs / "b.jsonl").write_bytes(b"".join(lines(20, 2)))
    ours, plain = by_disk(tmp_path, logs), by_logs(logs)

    assert_same(ours, plain)
    assert ours.account == plain.account


def test_a_parquet_file_damaged_behind_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a Parquet file is believed that breaks off after rows were read; the other files are."""
    logs = tmp_path / "logs"
    logs.mkdir()
    rows = pl.DataFrame({"ts": ["2026-09-01T00:00:00Z"] * 9000, "request_id": [f"r{i}" for i in range(9000)]})
    rows.write_parquet(logs / "a.parquet", row_group_size=1000, compression="zstd")
    data = bytearray((logs / "a.parquet").read_bytes())
    middle = data.rindex(b"\x28\xb5\x2f\xfd")
    data[middle : middle + 200] = b"\xff" * 200
    (logs / "a.parquet").write_bytes(data)
    (logs / "b.jsonl").write_bytes(b"".join(lines(20, 2)))
    monkeypatch.setattr(tables, "_ROWS", 500)
    ours, plain = by_disk(tmp_path, logs), by_logs(logs)

    assert_same(ours, plain)
    assert "a.parquet is a damaged Parquet file" in "".join(ours.account.notes)
    assert {each.path.rpartition("/")[2]: each.rows for each in ours.account.read}["a.parquet"] == 0


def test_a_correction_is_sized_by_its_texts(tmp_path: Path) -> None:
    """A correction far from its call has its edited share: 5 edits of 13 letters."""
    call = {"ts": "2026-09-01T10:00:00Z", "request_id": "x1", "model": "gpt-4o", "output": "one two three"}
    edit = {"ts": "2026-09-03T10:00:00Z", "kind": "correction", "request_id": "x1", "final_text": "one two four"}
    log = tmp_path / "app.jsonl"
    log.write_bytes(json.dumps(call).encode() + b"\n" + b"".join(lines(90)) + json.dumps(edit).encode())
    found = by_disk(tmp_path, log).events.filter(pl.col("kind") == "correction")

    assert found["value"].to_list() == [pytest.approx(5 / 13)]
    assert found["model"].to_list() == ["gpt-4o"]


def test_contradictory_parts_are_counted_without_repeats(tmp_path: Path) -> None:
    """Calls whose layers of cost do not add up are counted once, also where the log holds them twice."""
    parts = {"model_cost_usd": 0.2, "retrieval_cost_usd": 0.1, "infra_cost_usd": 0.1}
    rows = [
        {"ts": "2026-09-01T00:00:00Z", "request_id": f"r{i}", "model": "m", "cost_usd": 1.0, **parts} for i in (1, 2, 1)
    ]
    log = tmp_path / "app.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert by_disk(tmp_path, log).money.contradictory == 2


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["cost", "--by", "feature", "--cost", "priced"],
        ["quality", "--where", "feature = 'a'", "--tz", "America/New_York"],
        ["cost", "--by", "user_id", "--pseudonymize"],
        ["summary"],
    ],
    ids=" ".join,
)
def test_commands_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Every figure is that of the log in memory, rejects included; the folder is in the system's place for such."""
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(lines(300, 5, days=28)) + b'{"ts": "2026-09-')
    monkeypatch.setenv("AIOPSCTL_PSEUDONYM_KEY", "k" * 32)
    plain = run(*words, log, "--isolated", "--max-rejected", "5%", "-f", "json", "--rejects", tmp_path / "plain")
    monkeypatch.setattr(stored, "MANY", 0)
    monkeypatch.setattr(daily, "MANY", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = run(*words, log, "--isolated", "--max-rejected", "5%", "-f", "json", "--rejects", tmp_path / "disk")

    assert found == plain
    assert (tmp_path / "disk").read_bytes() == (tmp_path / "plain").read_bytes()
    assert list(tmp_path.glob("aiopsctl-*/*.parquet"))


def test_only_pieces_with_repeats_are_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that a log has twice, far apart, leaves all other pieces as they are; a piece of nothing but repeats is gone."""
    rows = [{"ts": "2026-09-01T00:00:00Z", "request_id": f"r{i}", "model": "m"} for i in range(200)]
    one, two = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    one.write_text("".join(json.dumps(row) + "\n" for row in rows))
    two.write_text("".join(json.dumps(row) + "\n" for row in (*rows[:40], {**rows[0], "request_id": "new"})))
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 100)
    monkeypatch.setattr(state, "AT_ONCE_ROWS", 1)
    ours = by_disk(tmp_path, one, two)

    assert (ours.events.height, ours.account.rows_duplicate) == (201, 40)
    assert {path.name for path in (tmp_path / "aside").iterdir()} >= {"0.parquet"}
    assert_same(ours, by_logs(one, two))


def test_a_full_disk_leaves_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk takes no more, the log is read into memory, and nothing is left behind."""
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(lines(100)))
    words = ("latency", log, "--isolated", "-f", "json")
    plain = run(*words)
    monkeypatch.setattr(stored, "MANY", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)

    assert run(*words) == plain
    assert not list(tmp_path.glob("aiopsctl-*"))


def test_files_of_other_columns(tmp_path: Path) -> None:
    """What one file tells and another does not is put together, and null where it is not told."""
    one, two = tmp_path / "a.jsonl", tmp_path / "b.csv"
    one.write_text('{"ts": "2026-09-01T00:00:00Z", "model": "m", "latency_ms": 7}\n')
    two.write_text("ts,model,user_id\n2026-09-02T00:00:00Z,m,u1\n")
    ours = by_disk(tmp_path, one, two)

    assert ours.events.select("latency_ms", "user_id").rows() == [(7, None), (None, "u1")]
    assert_same(ours, by_logs(one, two))
