"""Rows on disk while a log is read that memory should not hold: pieces of some columns, in the order of the log."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import polars as pl
from msgspec import Struct, field

from aiopsctl.events import TEXT
from aiopsctl.sources.join import same
from aiopsctl.sources.source import LINE
from aiopsctl.store.rows import EVENTS

ROW, SAME = "_row", "_same"
"""The number of a row in the order of the log, and a hash of what tells it from any other; null where nothing does."""

_OWN = {ROW: pl.Int64(), SAME: pl.UInt64(), LINE: pl.Int64()}


class Piece(Struct, frozen=True):
    """Rows in one file: calls, or what is none, numbered from `first` to `last`. `filled` are the columns that any fills."""

    path: Path
    calls: bool
    rows: int
    first: int
    last: int
    since: datetime | None
    until: datetime | None
    filled: frozenset[str]


class Pieces(Struct):
    """The pieces of one log, in a folder of their own."""

    folder: Path
    all: list[Piece] = field(default_factory=list)
    _rows: int = 0
    _names: Iterator[int] = field(default_factory=count)

    @property
    def columns(self) -> list[str]:
        """The canonical columns that any row fills, in their order."""
        filled = frozenset[str]().union(*(piece.filled for piece in self.all))
        return [name for name in EVENTS if name in filled]

    def add(self, events: pl.DataFrame) -> None:
        """Write the rows that follow."""
        rows = events.with_columns(pl.int_range(self._rows, self._rows + events.height).alias(ROW))
        self._rows += events.height
        is_call = rows["event"] == "call"
        for calls in (True, False):
            own = rows if calls and is_call.all() else rows.filter(is_call if calls else ~is_call)
            if own.height:
                self.all.append(self._written(own.with_columns(_same(own, calls=calls)), calls=calls))

    def scan(self, among: Iterable[Piece] | None = None) -> pl.LazyFrame:
        """Return the rows of pieces, to be read as far as they are needed."""
        paths = [piece.path for piece in (self.all if among is None else among)]
        schema = {name: EVENTS[name] for name in self.columns} | _OWN
        if not paths:
            return pl.LazyFrame(schema=schema)
        return pl.scan_parquet(paths, schema=schema, missing_columns="insert", extra_columns="ignore", glob=False)

    def change(self, how: Callable[[pl.DataFrame], pl.DataFrame], among: Iterable[Piece] | None = None) -> int:
        """Write pieces anew as they are changed, and return how many rows were left out."""
        chosen = {piece.path for piece in (self.all if among is None else among)}
        before = sum(piece.rows for piece in self.all)
        self.all = [self._changed(piece, how) if piece.path in chosen else piece for piece in self.all]
        self.all = [piece for piece in self.all if piece.rows]
        return before - sum(piece.rows for piece in self.all)

    def _changed(self, piece: Piece, how: Callable[[pl.DataFrame], pl.DataFrame]) -> Piece:
        rows = self.scan([piece]).collect()
        new = how(rows)
        if new is rows:
            return piece
        written = self._written(new, calls=piece.calls)
        piece.path.unlink()
        return written

    def _written(self, rows: pl.DataFrame, *, calls: bool) -> Piece:
        filled = [name for name in rows.columns if name not in TEXT and rows[name].null_count() < rows.height]
        path = self.folder / f"{next(self._names)}.parquet"
        rows.select(filled).write_parquet(path, compression="lz4")
        first, last, since, until = rows.select(
            first=pl.col(ROW).min(), last=pl.col(ROW).max(), since=pl.col("ts").min(), until=pl.col("ts").max()
        ).row(0)
        return Piece(path, calls, rows.height, first, last, since, until, frozenset(filled))


def _same(rows: pl.DataFrame, *, calls: bool) -> pl.Series:
    """Return the hashes by which repeated rows are looked for."""
    how = same(calls=calls).alias(SAME)
    names = how.meta.root_names()
    missing = [pl.lit(None, EVENTS[name]).alias(name) for name in dict.fromkeys(names) if name not in rows.columns]
    return rows.with_columns(missing).select(how).to_series()
