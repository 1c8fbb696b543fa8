"""Why a check is breached: since when its metric moved, what carries the move, and what else changed then."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl import catalog, window
from aiopsctl import sums as named
from aiopsctl.checks.onward import conditions, onward
from aiopsctl.checks.shifts import WATCHED, shifts
from aiopsctl.engine.kept import Events
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.events import CALENDAR
from aiopsctl.measure import WINDOW, Scope, sums
from aiopsctl.metric import Metric
from aiopsctl.result import BREACH, STATUSES, Carrier, Part, Verdict
from aiopsctl.stats.breakpoints import dates_of
from aiopsctl.stats.decompose import Segment, Sums, kitagawa, power
from aiopsctl.window import Window

MOST = 10
"""So many breaches are explained, the worst of them."""

DIMENSIONS = (
    "feature", "query_type", "provider", "model", "model_version", "prompt_version", "language", "country", "tier",
    "segment", "tenant", "environment",
)  # fmt: skip
_SAME = ("feature", "query_type", "provider", "model", "model_version", "prompt_version", "language")
"""What is held fixed for the rest: the change of the same model on the same work."""

_BEST = 3
_CALLS = column_of(named.calls)
_FEWEST = 30
"""A mean of fewer events before is none to compare with."""

Sides = tuple[dict[Any, Sums], dict[Any, Sums]]
"""Sums by value: before and after."""


def explained(judged: Sequence[tuple[Verdict, Scope]], events: Events, inputs: Sequence[str]) -> list[Verdict]:
    """Return the verdicts, of which the worst breaches say what carries them; `inputs` are as in `onward`."""
    breaches = [i for i, (v, _) in enumerate(judged) if v.status in BREACH]
    worst = set(sorted(breaches, key=lambda i: STATUSES.index(judged[i][0].status))[:MOST])
    return [_explained(v, scope, events, inputs) if i in worst else v for i, (v, scope) in enumerate(judged)]


def _explained(v: Verdict, scope: Scope, events: Events, inputs: Sequence[str]) -> Verdict:
    metric = catalog.metric(v.metric)
    narrowed = _narrowed(v, scope, metric)
    if narrowed is None or v.value is None:
        return v
    found = _Sums.of(events, metric, narrowed, [name for name in DIMENSIONS if name not in v.slice])
    if metric.value.ratio and not found.moved(v):
        return v
    v = found.dated(v) if metric.value.ratio else v
    around = date.fromisoformat(v.changed_at) if v.changed_at else None
    at_the_time = shifts(found.shares, around) if narrowed.reference else []
    v = replace(v, carriers=found.carriers(), changes=at_the_time)
    return replace(v, next=onward(v, replace(scope, reference=narrowed.reference), inputs))


def _narrowed(v: Verdict, scope: Scope, metric: Metric) -> Scope | None:
    """Return the scope of a verdict alone, with a window to compare with; None where there is nothing to explain."""
    bounded = scope.window.since is not None and scope.window.until is not None
    if not bounded or not (metric.value.ratio or metric.value.adds) or {"ts", *CALENDAR} & set(v.slice):
        return None
    before = scope.reference
    if before is None and metric.value.ratio:
        before = window.previous(v.window["name"], scope.window, scope.tz)
    return replace(scope, by=(), where=" AND ".join(conditions(v, scope)) or None, reference=before)


class _Sums(Struct, frozen=True):
    """The sums of a metric within a verdict: by dimension in both windows, by day, and the calls by value and day."""

    metric: Metric
    sides: dict[tuple[str, ...], Sides]
    days: pl.DataFrame
    shares: dict[str, pl.DataFrame]

    @classmethod
    def of(cls, events: Events, metric: Metric, scope: Scope, dimensions: Sequence[str]) -> "_Sums":
        """Take the sums: one pass over the two windows, one over all the days from the one to the other."""
        names = metric.value.ratio or (str(metric.value.adds),)
        columns = [column_of(metric.sums[name]) for name in names]
        wanted = {column_of(what): what for what in (*(metric.sums[name] for name in names), named.calls)}
        present = [name for name in dimensions if name in events.columns]
        same = tuple(name for name in _SAME if name in present)
        keys: list[tuple[str, ...]] = [(), *((name,) for name in present)]
        keys += [same] if len(same) > 1 and metric.value.ratio else []
        by_value = sums(events, [Reduction((WINDOW,), key, (), wanted) for key in keys], scope)
        sides = {key: _sides(rows, key, columns) for key, rows in zip(keys, by_value, strict=True)}
        watched = [name for name in WATCHED if name in present] if scope.reference else []
        plan = [Reduction((), ("day",), (), wanted)]
        plan += [Reduction((), (name, "day"), (), {_CALLS: named.calls}) for name in watched]
        whole = replace(scope, window=_hull(scope), reference=None)
        days, *shares = sums(events, plan, whole)
        days = days.select("day", top=columns[0], size=columns[-1]).filter(pl.col("size") > 0).sort("day")
        named_shares = {
            name: rows.select(name, "day", calls=_CALLS) for name, rows in zip(watched, shares, strict=True)
        }
        return cls(metric, sides, days, named_shares)

    def moved(self, v: Verdict) -> bool:
        """Return whether there is a change to explain: one that made the value what the limit is against."""
        before, after = self.sides[()]
        n0, n1 = (sum(n for _, n in side.values()) for side in (before, after))
        if n0 < _FEWEST or not n1:
            return False
        mean0, mean1 = (sum(x for x, _ in side.values()) / n for side, n in ((before, n0), (after, n1)))
        limit = v.limit or {}
        if limit.get("kind") in ("above", "below"):
            sign = 1 if limit["kind"] == "above" else -1
            return bool(sign * (mean0 / self.metric.value.per - limit["value"]) <= 0)
        return mean1 != mean0

    def dated(self, v: Verdict) -> Verdict:
        """Return a verdict with the day on which its metric moved, where one day can be told."""
        days = self.days
        mean = (days["top"] / days["size"]).to_numpy()
        before, after = self.sides[()]
        rose = sum(part.total for part in kitagawa(before, after).values()) > 0
        found = dates_of(mean, days["size"].to_numpy(), days["day"].dt.weekday().to_numpy(), rose=rose).most
        if found is None:
            return v
        at, first, last = (days["day"][i].isoformat() for i in (found.at, found.first, found.last))
        return replace(v, changed_at=at, changed_between=(first, last), changed_slowly=found.slow)

    def carriers(self) -> list[Carrier]:
        """Return the dimensions that tell most of the change, and what moved at the same mix of all that matters."""
        split = {key: found for key, sides in self.sides.items() if (found := self._carrier(key, *sides))}
        one = [found for key, found in split.items() if len(key) == 1]
        same = [replace(found, power=0.0, segments=[]) for key, (found, _) in split.items() if len(key) > 1]
        ordered = sorted(one, key=lambda each: (-round(each[0].power, 1), each[1]))
        return [carrier for carrier, _ in ordered[:_BEST]] + same

    def _carrier(
        self, key: tuple[str, ...], before: dict[Any, Sums], after: dict[Any, Sums]
    ) -> tuple[Carrier, int] | None:
        """Return how values split the change, and how few of them tell most; None where there is only one."""
        if len({*before, *after}) < 2:
            return None
        parts, alike = _ratio_parts(before, after) if self.metric.value.ratio else _sum_parts(before, after)
        strength, few = power(alike, {key: part.total for key, part in parts.items()})
        change, per = sum(part.total for part in parts.values()), self.metric.value.per
        top = sorted(parts.values(), key=lambda part: -part.total * (1 if change > 0 else -1))[:_BEST]
        mix, within = (_added([getattr(p, name) for p in parts.values()], per) for name in ("mix", "within"))
        shown = [_scaled(part, per) for part in top]
        return Carrier(", ".join(key), mix, within, change / per, strength, shown), few


def _sides(rows: pl.DataFrame, key: tuple[str, ...], columns: Sequence[str]) -> Sides:
    sides: Sides = ({}, {})
    for row in rows.iter_rows(named=True):
        value = row[key[0]] if len(key) == 1 else tuple(row[name] for name in key)
        if row[columns[0]] or row[columns[-1]]:
            sides[1 - row[WINDOW]][value] = (row[columns[0]], row[columns[-1]])
    return sides


def _hull(scope: Scope) -> Window:
    """Return the span from the window compared with to the window."""
    since = [w.since for w in (scope.window, scope.reference) if w and w.since]
    return Window(min(since), scope.window.until)


def _ratio_parts(before: dict[Any, Sums], after: dict[Any, Sums]) -> tuple[dict[Any, Part], dict[Any, float]]:
    """Return what each value did to a mean, and what it would have done if all means had moved alike."""
    split = kitagawa(before, after)
    within = sum(segment.within for segment in split.values())
    alike = {key: within * (s.share_before + s.share_after) / 2 for key, s in split.items()}
    return {key: _part(key, segment) for key, segment in split.items()}, alike


def _part(value: Any, s: Segment) -> Part:
    return Part(value, s.mix, s.within, s.total, s.share_before, s.share_after)


def _sum_parts(before: dict[Any, Sums], after: dict[Any, Sums]) -> tuple[dict[Any, Part], dict[Any, float]]:
    """Return what each value did to a sum, and what it would have if all had grown alike, or were equal."""
    all0, all1 = (sum(x for x, _ in side.values()) for side in (before, after))
    keys = list(dict.fromkeys((*before, *after)))
    old, new = ({key: side.get(key, (0, 0))[0] for key in keys} for side in (before, after))
    share0 = {key: old[key] / all0 if all0 else None for key in keys}
    parts = {
        key: Part(key, None, None, new[key] - old[key], share0[key], new[key] / all1 if all1 else None) for key in keys
    }
    usual = {key: 1 / len(keys) if share is None else share for key, share in share0.items()}
    return parts, {key: (all1 - all0) * usual[key] for key in keys}


def _added(parts: Sequence[float | None], per: float) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) / per if known else None


def _scaled(part: Part, per: float) -> Part:
    mix, within = (None if size is None else size / per for size in (part.mix, part.within))
    return replace(part, mix=mix, within=within, total=part.total / per)
