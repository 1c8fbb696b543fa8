"""The mean of a log day by day: over the last so many days, against those before, and where it jumped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from aiopsctl.stats.breakpoint import step_of
from aiopsctl.stats.decompose import Sums

_SHORTEST = 3
"""A level lasts at least so many days with calls."""

_NOTHING: Sums = (0, 0)


@dataclass(frozen=True)
class Point:
    """A day: its own mean over `calls`, that of the days up to it, and how far that is above the mean of those before.

    What the log does not reach back for is None, as is the mean of no calls.
    """

    day: date
    tokens: float | None
    calls: int
    rolling_tokens: float | None
    change: float | None


def curve(days: Mapping[date, Sums], first: date, last: date, size: int) -> list[Point]:
    """Return a point for each day from `first` to `last`, rolling over `size` days; `days` has sums and counts."""
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    daily = [days.get(day, _NOTHING) for day in dates]
    tops, counts = ([0, *accumulate(each[i] for each in daily)] for i in (0, 1))

    def rolling(end: int) -> float | None:
        return None if end < size else _mean(tops[end] - tops[end - size], counts[end] - counts[end - size])

    points = []
    for end, (day, (tokens, calls)) in enumerate(zip(dates, daily, strict=True), start=1):
        now, before = rolling(end), rolling(end - size)
        change = now / before - 1 if now is not None and before else None
        points.append(Point(day, _mean(tokens, calls), int(calls), now, change))
    return points


def _mean(top: float, count: float) -> float | None:
    return top / count if count else None


@dataclass(frozen=True)
class Jump:
    """The day from which on a mean was another one, both means, and how much of the days' variance that explains."""

    day: date
    before: float
    after: float
    explained: float


def jump(days: Mapping[date, Sums], lengths: int = _SHORTEST) -> Jump | None:
    """Return the one break that fits the daily means best (least squares, weighted by calls), None of too few days.

    A slow rise has one, too: near its middle, and explaining less.
    """
    import numpy as np

    dates = sorted(day for day, (_, calls) in days.items() if calls)
    tops, counts = (np.array([days[day][i] for day in dates], float) for i in (0, 1))
    found = step_of(tops / counts, counts, lengths)
    if found is None:
        return None
    before, after = (float(tops[part].sum() / counts[part].sum()) for part in (slice(found.at), slice(found.at, None)))
    return Jump(dates[found.at], before, after, found.explained)
