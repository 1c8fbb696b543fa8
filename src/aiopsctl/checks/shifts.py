"""What came, went or moved among the calls at a time: models, prompts, providers, features, languages."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any

import polars as pl

from aiopsctl.result import Shift
from aiopsctl.stats.breakpoint import breakpoint_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

WATCHED = ("model", "model_version", "prompt_version", "provider", "feature", "language")
NEAR = timedelta(days=3)
MOVED = 0.10
"""A share that moved by less is no news, unless the value is new or gone."""

_NEWS = 0.01
_MISSED = 5
"""A value is new, or gone, where so many calls of it would have been expected on the other side."""

_SURE = 3
_MOST = 10


def shifts(calls: Mapping[str, pl.DataFrame], around: date | None) -> list[Shift]:
    """Return what came, went or moved by 10 points within 3 days of a date, or at any time, the largest first.

    `calls` has for each dimension the number of calls by value and day: columns of its name, `day` and `calls`.
    """
    found = [shift for name, rows in calls.items() for shift in _of(name, rows)]
    near = [s for s in found if around is None or abs(date.fromisoformat(s.at) - around) <= NEAR]
    return sorted(near, key=lambda s: (-abs(s.share_after - s.share_before), WATCHED.index(s.dimension)))[:_MOST]


def _of(dimension: str, rows: pl.DataFrame) -> Iterable[Shift]:
    by_day = rows.group_by("day").agg(whole=pl.col("calls").sum()).filter(pl.col("whole") > 0).sort("day")
    days, whole = by_day["day"].to_list(), by_day["whole"].to_numpy()
    least = _NEWS * float(whole.sum()) / max(len(days), 1)
    for key, own in rows.filter(pl.col("calls") > 0).partition_by(dimension, as_dict=True, maintain_order=True).items():
        if own["calls"].sum() < least:
            continue
        series = by_day.join(own, on="day", how="left").sort("day")["calls"].fill_null(0).to_numpy()
        at = _moved(series, whole)
        if at is not None and (shares := _shares(series, whole, at)):
            yield Shift(dimension, key[0], days[at].isoformat(), *shares)


def _moved(series: "Numbers", whole: "Numbers") -> int | None:
    """Return the day since which a value is there, or no longer, or has another share."""
    seen = series.nonzero()[0]
    first, end = int(seen[0]), int(seen[-1]) + 1
    share = series.sum() / whole[first:end].sum()
    if first and share * whole[:first].sum() >= _MISSED:
        return first
    if end < len(whole) and share * whole[end:].sum() >= _MISSED:
        return end
    found = breakpoint_of(series / whole, whole, whole * 0, least=1)
    return found.at if found else None


def _shares(series: "Numbers", whole: "Numbers", at: int) -> tuple[float, float] | None:
    """Return the shares before a day and since, None where they are alike."""
    n0, n1 = float(whole[:at].sum()), float(whole[at:].sum())
    before, after = float(series[:at].sum()) / n0, float(series[at:].sum()) / n1
    p = float(series.sum()) / (n0 + n1)
    is_sure = abs(after - before) > _SURE * sqrt(p * (1 - p) * (1 / n0 + 1 / n1))
    is_news = abs(after - before) >= MOVED or (min(before, after) == 0 and max(before, after) >= _NEWS)
    return (before, after) if is_sure and is_news else None
