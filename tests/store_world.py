"""Logs that grow as real ones do, and what a store is held against: a reading of the same files."""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from polars.testing import assert_frame_equal

from aiopsctl.prices.apply import price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.store.store import Store

HOW = Reading()
COUNTED = (
    "files", "rows_read", "rows_rejected", "rows_duplicate", "rows_other", "sources", "reasons", "field_errors", "contradictions",
    "feedback_joined_ratio",
)  # fmt: skip


def by_store(folder: Path, *paths: Path) -> Log:
    """Return the log that a store gives."""
    return Store(folder).read([str(path) for path in paths], [], HOW, Book())


def by_logs(*paths: Path) -> Log:
    """Return the log that a reading gives, priced."""
    log = read([str(path) for path in paths])
    return Log(price(log.events.lazy().collect(), Book()).events, log.account)


def assert_equal(folder: Path, *paths: Path, plain: Log | None = None) -> None:
    """Assert that a store gives the rows and the account that a reading of the same files gives, or has given."""
    assert_same(by_store(folder, *paths), plain or by_logs(*paths))


def assert_same(ours: Log, plain: Log) -> None:
    """Assert that a log has the rows and the account of another, in any order."""
    events = plain.events.lazy().collect()
    columns = [name for name in events.columns if events[name].null_count() < events.height]
    assert sorted(ours.events.columns) == sorted(columns)
    if columns:
        rows = ours.events.lazy().select(columns).collect()
        assert_frame_equal(rows.sort(columns), events.select(columns).sort(columns))
    for name in COUNTED:
        assert getattr(ours.account, name) == getattr(plain.account, name), name


def lines(count: int, seed: int = 1, days: int = 10) -> list[bytes]:
    """Return lines of calls and feedback; some are repeated, rejected, or rate a call that comes later."""
    rng = random.Random(seed)
    made: list[tuple[float, object]] = []
    for i in range(count):
        ts = f"2026-09-{rng.randrange(days) + 1:02d}T{rng.randrange(24):02d}:00:{rng.randrange(60):02d}Z"
        tokens = rng.randrange(5000)
        call = {"ts": ts, "request_id": f"r{i}", "trace_id": f"t{i // 3}", "user_id": f"u{rng.randrange(9)}", "model": "gpt-4o",
                "feature": rng.choice("ab"), "input_tokens": tokens, "output_tokens": 9, "latency_ms": rng.randrange(900)}  # fmt: skip
        made.append((i, call))
        if rng.random() < 0.1:
            made.append((i + rng.randrange(-20, 60), call | {"input_tokens": tokens + rng.randrange(-1, 2)}))
        if rng.random() < 0.3:
            named = {"request_id": f"r{i}"} if rng.random() < 0.6 else {"trace_id": f"t{i // 3}"}
            made.append((i + rng.randrange(-30, 90), {"ts": ts, "kind": "thumb", "value": rng.randrange(2), **named}))
        if rng.random() < 0.03:
            bad = ("not json", '{"model": "no time"}', '{"ts": "2026-09-01T00:00:00Z", "latency_ms": "x"}')
            made.append((i, rng.choice(bad)))
    ordered = (each for _, each in sorted(made, key=lambda pair: pair[0]))
    return [(each if isinstance(each, str) else json.dumps(each)).encode() + b"\n" for each in ordered]


class Writer:
    """Writes a log as applications and shippers do."""

    def __init__(self, folder: Path, rng: random.Random, rest: Sequence[bytes]) -> None:
        self.folder, self.rng, self.rest = folder, rng, list(rest)
        self.log = folder / "app.jsonl"

    def append(self) -> None:
        """Write some lines."""
        with self.log.open("ab") as file:
            file.writelines(self._some())

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
        self._free().write_bytes(b"".join(self._some()))

    def touch(self) -> None:
        """Change nothing but the time of the last change."""
        if self.log.exists():
            os.utime(self.log)

    def _some(self) -> list[bytes]:
        count = self.rng.randrange(1, 60)
        now, self.rest = self.rest[:count], self.rest[count:]
        return now

    def _free(self) -> Path:
        return self.folder / f"old-{self.rng.randrange(10**9):09d}.jsonl"


STEPS: tuple[Callable[[Writer], None], ...] = (
    Writer.append, Writer.append, Writer.rotate, Writer.copy_and_truncate, Writer.compress, Writer.other_file, Writer.touch,
)  # fmt: skip
