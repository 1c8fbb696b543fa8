"""Sums of whole days, remembered: a window of ninety days is ninety sums, of which yesterday's alone is new.

Shards add, and a day is a shard. What is left of a window at its ends is summed from its rows.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.engine import local
from aiopsctl.engine.kept import Kept
from aiopsctl.engine.plan import Reduction, add
from aiopsctl.window import Window, around

DAY = "_kept_day"
"""The column of remembered sums that tells their day, as text."""

Span = tuple[datetime, datetime]
"""When a time begins, and when it has ended."""

MANY = 200_000
"""Below so many rows nothing is remembered: to sum them takes no longer than to find what was."""


class Asked(Struct, frozen=True):
    """How rows to sum are made of events, every calendar column with them, and what tells how they are filtered."""

    rows: Callable[[Kept], pl.LazyFrame]
    tz: ZoneInfo
    filtered: str


def remembers(events: object) -> bool:
    """Return whether the sums of days are remembered for these events."""
    return isinstance(events, Kept) and events.memory is not None and events.height >= MANY


def sums_of(
    events: Kept, asked: Asked, plan: Sequence[Reduction], windows: Sequence[Window]
) -> list[list[pl.DataFrame]]:
    """Return for each window the sums of each reduction."""
    parts = [_Cut.of(window, events, asked.tz) for window in windows]
    days = sorted({day for part in parts for day in part.days})
    by_day = _by_day(events, asked, plan, days)
    return [
        [
            _sum_of([*_of_days(frames, part), *rest], each)
            for frames, each, rest in zip(by_day, plan, _rest(events, asked, plan, part), strict=True)
        ]
        for part in parts
    ]


class _Cut(Struct, frozen=True):
    """A window as whole days, and as the time before and after them; `undated` rows belong to a window without bounds."""

    days: tuple[str, ...]
    ends: tuple[Span, ...]
    undated: bool

    @classmethod
    def of(cls, window: Window, events: Kept, tz: ZoneInfo) -> "_Cut":
        first, last = events.span
        undated = not window.bounded and any(shard.since is None for shard in events.shards)
        if first is None or last is None:
            return cls((), (), undated)
        since = max(window.since, first) if window.since else first
        until = (
            min(window.until, last + timedelta(microseconds=1)) if window.until else last + timedelta(microseconds=1)
        )
        if since >= until:
            return cls((), (), undated)
        return cls(*_whole_days(window, since, until, tz), undated)


def _whole_days(
    window: Window, since: datetime, until: datetime, tz: ZoneInfo
) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Return the days that lie in a window, and what of it lies in no whole day; days without rows count as whole."""
    days, ends, at = [], [], since
    while at < until:
        day = around("day", at, tz)
        if day.since is None or day.until is None:
            break
        begins = window.since is None or window.since <= day.since
        if begins and (window.until is None or window.until >= day.until):
            days.append(day.since.astimezone(tz).date().isoformat())
        else:
            ends.append((max(at, window.since or at), min(day.until, window.until or day.until)))
        at = day.until
    return tuple(days), tuple(ends)


def _by_day(events: Kept, asked: Asked, plan: Sequence[Reduction], days: Sequence[str]) -> list[list[pl.DataFrame]]:
    """Return for each reduction the sums of the days, from memory as far as they are there."""
    memory = events.memory
    if memory is None or not days:
        return [[] for _ in plan]
    marks = {day: _mark(events, day, asked.tz) for day in days}
    keys = [_key(each, asked) for each in plan]
    found = [memory.recall(key, marks) for key in keys]
    missing = sorted(set().union(*(lacking for _, lacking in found)))
    if not missing:
        return [frames for frames, _ in found]
    daily = [replace(each, slices=(*each.slices, DAY)) for each in plan]
    made = local.reduce_all(_rows_of(events, asked, missing), daily)
    result = []
    for key, (frames, lacking), new in zip(keys, found, made, strict=True):
        own = new.filter(pl.col(DAY).is_in(list(lacking)))
        if lacking:
            memory.keep(key, {day: marks[day] for day in lacking}, own)
        result.append([*frames, own])
    return result


def _rows_of(events: Kept, asked: Asked, days: Sequence[str]) -> Iterator[pl.LazyFrame]:
    """Yield the rows of days, each with its day, in parts that memory may hold."""
    spans = [_span(day, asked.tz) for day in days]
    ts = pl.col("ts")
    for part in events.of(shard for span in spans for shard in events.overlapping(*span)).parts():
        inside = asked.rows(part).filter((ts >= spans[0][0]) & (ts < spans[-1][1]))
        yield inside.with_columns(pl.col("day").cast(pl.String).alias(DAY)).filter(pl.col(DAY).is_in(list(days)))


def _span(day: str, tz: ZoneInfo) -> Span:
    """Return when a day begins and ends."""
    found = around("day", datetime.fromisoformat(day).replace(hour=12, tzinfo=tz), tz)
    if found.since is None or found.until is None:
        raise ValueError(day)
    return found.since, found.until


def _mark(events: Kept, day: str, tz: ZoneInfo) -> str:
    """Return what tells of which rows a day consists."""
    marks = sorted(shard.mark for shard in events.overlapping(*_span(day, tz)))
    return sha256(" ".join(marks).encode()).hexdigest()[:16]


def _key(reduction: Reduction, asked: Asked) -> str:
    told = (reduction.slices, reduction.grain, reduction.required, sorted(reduction.sums), asked.tz.key, asked.filtered)
    return sha256(repr(told).encode()).hexdigest()[:16]


def _rest(events: Kept, asked: Asked, plan: Sequence[Reduction], part: _Cut) -> list[list[pl.DataFrame]]:
    """Return the sums of what of a window lies in no whole day; of a window without days also where that is nothing."""
    ts = pl.col("ts")
    conditions = [(ts >= since) & (ts < until) for since, until in part.ends]
    conditions += [ts.is_null()] if part.undated else []
    if part.days and not conditions:
        return [[] for _ in plan]
    shards = [shard for end in part.ends for shard in events.overlapping(*end)]
    shards += [shard for shard in events.shards if part.undated and shard.since is None]
    rows = asked.rows(events.of(shards)).filter(pl.any_horizontal(pl.lit(value=False), *conditions))
    return [[sums] for sums in local.reduce(rows, plan)]


def _of_days(frames: Sequence[pl.DataFrame], part: _Cut) -> list[pl.DataFrame]:
    return [frame.filter(pl.col(DAY).is_in(list(part.days))).drop(DAY) for frame in frames]


def _sum_of(frames: Sequence[pl.DataFrame], reduction: Reduction) -> pl.DataFrame:
    """Return the sums of all days in the frames; one frame alone may have several days."""
    first, *rest = frames
    others = [frame.select(first.columns) for frame in rest] or [first.clear()]
    return add([first, *others], reduction)
