"""Events that lie in Parquet: read as far as a question needs them, and the sums of their days remembered.

What a frame in memory is asked for, these answer too; only `lazy` does it without reading all rows of a column.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.batches import batches

PART_ROWS = 1_000_000
"""About so many rows are summed at once."""


class Memory(Protocol):
    """Remembers sums by day. A `key` says what was summed; a day's mark says of which rows."""

    def recall(self, key: str, marks: Mapping[str, str]) -> tuple[list[pl.DataFrame], set[str]]:
        """Return the sums of days (by the column `DAY`) whose marks still hold, and the days of which there are none."""

    def keep(self, key: str, marks: Mapping[str, str], sums: pl.DataFrame) -> None:
        """Remember the sums of days."""


class Shard(Struct, frozen=True):
    """Rows that never change: the mark that tells them from any others, their number, and the time that they cover."""

    mark: str
    rows: int
    since: datetime | None
    until: datetime | None


class Kept(Struct, frozen=True, dict=True):
    """Events in shards on disk; `columns` are those that any row fills, and `scan` opens the rows of some shards."""

    scan: Callable[[Sequence[Shard]], pl.LazyFrame]
    columns: Sequence[str]
    shards: Sequence[Shard]
    memory: Memory | None = None

    @cached_property
    def frame(self) -> pl.LazyFrame:
        """The rows, unread."""
        return self.scan(self.shards)

    def changed(self, how: Callable[[pl.LazyFrame], pl.LazyFrame]) -> "Kept":
        """Return events that are other than what is kept, of which no sums are remembered."""
        scan = self.scan
        return replace(self, scan=lambda shards: how(scan(shards)), memory=None)

    def of(self, shards: Iterable[Shard]) -> "Kept":
        """Return the events of some shards: what is not opened costs nothing."""
        own = set(shards)
        return replace(self, shards=[shard for shard in self.shards if shard in own])

    def parts(self) -> Iterator["Kept"]:
        """Yield all events in parts that memory may hold, at least one."""
        for shards in batches(self.shards, lambda shard: shard.rows, PART_ROWS) if self.shards else [[]]:
            yield replace(self, shards=shards)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(shard.rows for shard in self.shards)

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """The time of the oldest and of the newest row."""
        since = min((shard.since for shard in self.shards if shard.since), default=None)
        return since, max((shard.until for shard in self.shards if shard.until), default=None)

    @property
    def schema(self) -> pl.Schema:
        """The dtypes of the columns."""
        return self.frame.collect_schema()

    def collect_schema(self) -> pl.Schema:
        """Return the dtypes of the columns."""
        return self.schema

    def lazy(self) -> pl.LazyFrame:
        """Return the rows, unread."""
        return self.frame

    def collect(self) -> pl.DataFrame:
        """Return all rows in memory."""
        return self.frame.collect()

    def __getitem__(self, name: str) -> pl.Series:
        return self.frame.select(name).collect()[name]

    def filter(self, *conditions: Any) -> pl.DataFrame:
        """Return the rows that meet conditions."""
        return self.frame.filter(*conditions).collect(engine="streaming")

    def select(self, *columns: Any, **named: Any) -> pl.DataFrame:
        """Return columns of all rows."""
        return self.frame.select(*columns, **named).collect(engine="streaming")

    def overlapping(self, since: datetime, until: datetime) -> Iterable[Shard]:
        """Return the shards that have rows between two instants."""
        return (s for s in self.shards if s.since and s.until and s.since < until and s.until >= since)


Events = pl.DataFrame | Kept
"""Canonical events: in memory, or kept in Parquet."""


def only(events: Events, condition: pl.Expr) -> Events:
    """Return the events that meet a condition, unread where they are on disk; their `height` there is that of all."""
    return events.changed(lambda rows: rows.filter(condition)) if isinstance(events, Kept) else events.filter(condition)


def values(events: Events, name: str, where: pl.Expr | None = None) -> list[Any]:
    """Return the distinct values of a column, sorted; none where there is no such column."""
    if name not in events.columns:
        return []
    rows = events.lazy() if where is None else events.lazy().filter(where)
    return rows.select(pl.col(name).drop_nulls().unique().sort()).collect(engine="streaming").to_series().to_list()


def covered(events: Events) -> tuple[datetime | None, datetime | None]:
    """Return the time of the oldest and of the newest row, None where no row has one."""
    if isinstance(events, Kept):
        return events.span
    if "ts" not in events.columns:
        return None, None
    since, until = events["ts"].min(), events["ts"].max()
    return (since, until) if isinstance(since, datetime) and isinstance(until, datetime) else (None, None)
