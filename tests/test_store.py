"""A store answers what the logs would, and reads of them only what is new."""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from aiopsctl.prices.apply import price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.store.store import Store

HOW = Reading()


def by_store(folder: Path, *paths: Path) -> Log:
    """Return the log that a store gives."""
    return Store(folder).read([str(path) for path in paths], [], HOW, Book())


def by_logs(*paths: Path) -> Log:
    """Return the log that a reading gives, priced."""
    log = read([str(path) for path in paths])
    return Log(price(log.events, Book()).events, log.account)


def told(log: Log) -> dict[str, object]:
    """Return the account of a log, whatever the order of its files."""
    found = asdict(log.account) | {"prices": None, "examples": sorted(log.account.examples)}
    return found | {
        "read": sorted(asdict(each)["path"] for each in log.account.read),
        "contradictions": log.account.contradictions,
    }


def assert_equal(folder: Path, *paths: Path) -> None:
    """Assert that a store gives the rows and the account that a reading of the same files gives."""
    ours, plain = by_store(folder, *paths), by_logs(*paths)
    columns = [name for name in plain.events.columns if plain.events[name].null_count() < plain.events.height]
    assert sorted(ours.events.collect_schema().names()) == sorted(columns)
    rows = ours.events.lazy().select(columns).collect()
    assert_frame_equal(rows.sort(columns), plain.events.select(columns).sort(columns))
    for name in (
        "rows_read",
        "rows_rejected",
        "rows_duplicate",
        "rows_other",
        "reasons",
        "field_errors",
        "sources",
        "feedback_joined_ratio",
        "files",
    ):
        assert getattr(ours.account, name) == getattr(plain.account, name), name


def lines(count: int, seed: int = 1) -> list[bytes]:
    """Return lines of calls and feedback of ten days; some are repeated, rejected, or rate a call that comes later."""
    rng = random.Random(seed)
    made: list[tuple[float, dict[str, object] | str]] = []
    for i in range(count):
        day, request = rng.randrange(10), f"r{i}"
        ts = f"2026-09-{day + 1:02d}T{rng.randrange(24):02d}:00:{rng.randrange(60):02d}Z"
        call = {"ts": ts, "request_id": request, "trace_id": f"t{i // 3}", "user_id": f"u{rng.randrange(9)}", "model": "gpt-4o",
                "feature": rng.choice("ab"), "input_tokens": rng.randrange(5000), "output_tokens": 9, "latency_ms": rng.randrange(900)}  # fmt: skip
        made.append((i, call))
        if rng.random() < 0.1:
            made.append(
                (i + rng.randrange(-20, 60), call | {"input_tokens": call["input_tokens"] + rng.randrange(-1, 2)})
            )  # type: ignore[operator]
        if rng.random() < 0.3:
            named = {"request_id": request} if rng.random() < 0.6 else {"trace_id": f"t{i // 3}"}
            made.append((i + rng.randrange(-30, 90), {"ts": ts, "kind": "thumb", "value": rng.randrange(2), **named}))
        if rng.random() < 0.03:
            made.append(
                (
                    i,
                    rng.choice(
                        ("not json", '{"model": "no time"}', '{"ts": "2026-09-01T00:00:00Z", "latency_ms": "x"}')
                    ),
                )
            )
    return [
        (each if isinstance(each, str) else json.dumps(each)).encode() + b"\n"
        for _, each in sorted(made, key=lambda m: m[0])
    ]


class Writer:
    """Writes a log as applications and shippers do."""

    def __init__(self, folder: Path, rng: random.Random, rest: list[bytes]) -> None:
        self.folder, self.rng, self.rest = folder, rng, rest
        self.log = folder / "app.jsonl"

    def append(self) -> None:
        """Write some lines."""
        count = self.rng.randrange(1, 60)
        now, self.rest = self.rest[:count], self.rest[count:]
        with self.log.open("ab") as file:
            file.writelines(now)

    def rotate(self) -> None:
        """Rename the log away and begin a new one."""
        if self.log.exists():
            self.log.rename(self._free())
        self.append()

    def copy_and_truncate(self) -> None:
        """Copy the log away and cut it off."""
        if self.log.exists():
            shutil.copy(self.log, self._free())
            self.log.write_bytes(b"")
        self.append()

    def compress(self) -> None:
        """Compress a log that was rotated away."""
        old = sorted(self.folder.glob("old-*.jsonl"))
        if old:
            path = self.rng.choice(old)
            Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()

    def other_file(self) -> None:
        """Write some lines to a file of their own."""
        count = self.rng.randrange(1, 40)
        now, self.rest = self.rest[:count], self.rest[count:]
        self._free().write_bytes(b"".join(now))

    def touch(self) -> None:
        """Change nothing but the time of the last change."""
        if self.log.exists():
            os.utime(self.log)

    def _free(self) -> Path:
        return self.folder / f"old-{self.rng.randrange(10**9):09d}.jsonl"


STEPS: tuple[Callable[[Writer], None], ...] = (
    Writer.append, Writer.append, Writer.rotate, Writer.copy_and_truncate, Writer.compress, Writer.other_file, Writer.touch,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_every_step_gives_what_a_reading_gives(tmp_path: Path, seed: int) -> None:
    """Appended to, rotated, cut off, compressed: each row is there once, with its call's facts, as if read at once."""
    rng = random.Random(seed)
    (tmp_path / "logs").mkdir()
    writer = Writer(tmp_path / "logs", rng, lines(500, seed))
    writer.append()
    while writer.rest:
        rng.choice(STEPS)(writer)
        assert_equal(tmp_path / "store", tmp_path / "logs")
