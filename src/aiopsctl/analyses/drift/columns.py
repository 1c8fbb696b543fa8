"""What goes in and comes out: how far the distribution of each watched column is from what it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from aiopsctl import sums
from aiopsctl.analyses.drift.moves import POINTS, SCORES, SIZES, UNDATED, Gate, Series, alone, judged
from aiopsctl.analyses.drift.tails import TAILED, Tail, beyond, quantile, tail_of
from aiopsctl.engine.kept import Events, only
from aiopsctl.engine.plan import Reduction
from aiopsctl.measure import WINDOW, Scope
from aiopsctl.measure import sums as taken
from aiopsctl.result import BREACH
from aiopsctl.stats import distance
from aiopsctl.stats.change import holm
from aiopsctl.sums import Sum, count, is_call, is_ok, known, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

TVD = Gate(0.10, 0.20)
"""The share of the traffic that must have moved."""

_READ = {"star": "value"}
"""Columns that are read under another name."""

_CATEGORY_EVENTS = 200
_KEPT = 0.01
_GRAIN = ("day", "user_id")


@dataclass(frozen=True)
class Number:
    """A column of numbers: the grain that it is counted at, what is counted, what is added up for its mean, its unit."""

    key: str
    counted: Sum
    top: Sum
    unit: float = 1.0
    kind: str = "numeric"
    gate: Gate = SIZES


NUMBERS: Mapping[str, Number] = {
    "input_tokens": Number("input_tokens", sums.calls_with_input, sums.input_tokens),
    "output_tokens": Number("output_tokens", sums.calls_with_output, sums.output_tokens),
    "latency_ms": Number("latency_ms", count(is_ok & known("latency_ms")), total("latency_ms", is_ok)),
    "ttft_ms": Number("ttft_ms", count(is_ok & known("ttft_ms")), total("ttft_ms", is_ok)),
    "cost_usd": Number("cost_nano", sums.priced_calls, sums.cost, 1e9),
    "star": Number("value", sums.stars, sums.star_points, 1e6, "ordinal", SCORES),
}
CATEGORIES = (
    "query_type", "language", "model", "model_version", "prompt_version", "feature", "country", "tier", "provider", "status",
)  # fmt: skip

APPLY = (
    "psi", "js_distance", "hellinger", "wasserstein", "wasserstein_normalized", "ks", "ks_p", "chi2", "chi2_p",
    "cramers_v", "tvd",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column in both windows: the values that occur (ascending), how often, and the mean or share that is tested.

    `mover` is the category whose share moved most, `tests` how many categories it was chosen from.
    """

    name: str
    kind: str
    values: Sequence[Any]
    before: "Numbers"
    after: "Numbers"
    series: Series
    mover: Any = None
    tests: int = 1
    tail: Tail | None = None

    @property
    def p(self) -> float | None:
        """The p-value of the mean, or of the share that moved most times the number of shares; None where none."""
        p = self.series.p(0)
        return None if p is None else min(1.0, self.tests * p)

    @property
    def level(self) -> str:
        """How far the column moved, by its gate alone."""
        if self.kind != "categorical" or not (self.before.sum() and self.after.sum()):
            return self.series.level
        return TVD.level(0.0, distance.tvd(self.before, self.after), 0)

    @property
    def blind(self) -> str:
        """Why a critical change is not ruled out, else an empty string."""
        return self.series.blind(TVD.critical if self.kind == "categorical" else None)

    def distances(self) -> dict[str, float | None]:
        """Return every distance, None where it does not apply."""
        found: dict[str, float | None] = dict.fromkeys(APPLY)
        if not (self.before.sum() and self.after.sum()):
            return found
        before, after = self.before, self.after
        if self.kind != "categorical":
            found |= self._of_numbers()
        if self.kind != "numeric":
            test = distance.chi2(before, after)
            found |= {"chi2": test.statistic, "chi2_p": test.p, "cramers_v": distance.cramers_v(before, after)}
            found["tvd"] = distance.tvd(before, after)
        else:
            edges = distance.deciles(*self._numbers()[:2])
            before, after = (distance.binned(self._numbers()[0], side, edges) for side in (before, after))
        return found | {name: getattr(distance, name)(before, after) for name in APPLY[:3]}

    def _numbers(self) -> "tuple[Numbers, Numbers, Numbers]":
        import numpy as np

        return np.asarray(self.values, float), self.before, self.after

    def _of_numbers(self) -> dict[str, float | None]:
        numbers = self._numbers()
        test, far = distance.ks(*numbers), distance.wasserstein(*numbers)
        spread = distance.spread(*numbers[:2])
        return {
            "wasserstein": far, "wasserstein_normalized": far / spread if spread else None, "ks": test.statistic,
            "ks_p": test.p,
        }  # fmt: skip


def columns(events: Events, scope: Scope) -> list[dict[str, Any]]:
    """Return an object for every watched column that the log fills, with p-values corrected for their number (Holm)."""
    found = _columns(events, scope, [*NUMBERS, *CATEGORIES])
    every = [(column.name, of) for column in found for of in (column, column.tail) if of]
    tested = {(name, type(of)): of.p for name, of in every if of.p is not None}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    return [
        _told(column, corrected.get((column.name, Column)), corrected.get((column.name, Tail)), events, scope)
        for column in found
    ]


def _columns(events: Events, scope: Scope, names: Sequence[str]) -> list[Column]:
    names = [name for name in names if _READ.get(name, name) in events.columns]
    plan = [Reduction((WINDOW,), (_key(name),), (_key(name),), {"n": _counted(name)}, ordered=False) for name in names]
    counts = {name: _sides(rows, _key(name)) for name, rows in zip(names, taken(events, plan, scope), strict=True)}
    counts = {name: sides for name, sides in counts.items() if len(sides[0])}
    movers = {name: _mover(*sides) for name, sides in counts.items() if name in CATEGORIES}
    limits = {name: limit for name in TAILED if name in counts and (limit := quantile(*counts[name][:2])) is not None}
    wanted: dict[str, Sum] = {}
    for name in counts:
        top, size = _mean(name, movers.get(name))
        wanted |= {f"top_{name}": top, f"size_{name}": size}
        if name in limits:
            wanted[f"beyond_{name}"] = beyond(_key(name), _counted(name), limits[name])
    if not wanted:
        return []
    (rows,) = taken(events, [Reduction((WINDOW,), _GRAIN, (), wanted)], scope)
    return [_column(name, sides, rows, movers.get(name), limits.get(name)) for name, sides in counts.items()]


def _key(name: str) -> str:
    return NUMBERS[name].key if name in NUMBERS else name


def _counted(name: str) -> Sum:
    return NUMBERS[name].counted if name in NUMBERS else sums.calls


def _mean(name: str, mover: Any) -> tuple[Sum, Sum]:
    """Return the numerator and the denominator of what is tested: a mean, or the share of one category."""
    import narwhals.stable.v2 as nw

    if name in NUMBERS:
        return NUMBERS[name].top, NUMBERS[name].counted
    return count(is_call & (nw.col(name) == mover)), count(is_call & known(name))


def _sides(rows: pl.DataFrame, key: str) -> "tuple[list[Any], Numbers, Numbers]":
    """Return the values that occur, ascending, with their counts before and after."""
    found = (
        rows.filter(pl.col("n") > 0)
        .group_by(key)
        .agg(before=pl.col("n").filter(pl.col(WINDOW) == 1).sum(), after=pl.col("n").filter(pl.col(WINDOW) == 0).sum())
        .sort(key)
    )
    return found[key].to_list(), found["before"].to_numpy(), found["after"].to_numpy()


def _mover(values: Sequence[Any], before: "Numbers", after: "Numbers") -> Any:
    """Return the category whose share moved most."""
    shifts = abs(after / max(after.sum(), 1) - before / max(before.sum(), 1))
    return values[int(shifts.argmax())]


def _column(
    name: str, sides: "tuple[list[Any], Numbers, Numbers]", rows: pl.DataFrame, mover: Any, limit: float | None
) -> Column:
    values, before, after = sides
    of = NUMBERS.get(name)
    unit = of.unit if of else 1.0
    own = rows.select(WINDOW, *_GRAIN, top=pl.col(f"top_{name}") / unit, size=pl.col(f"size_{name}"))
    if of is None:
        whole = max(before.sum(), 1), max(after.sum(), 1)
        kept = int(((before / whole[0] >= _KEPT) | (after / whole[1] >= _KEPT)).sum())
        return Column(
            name,
            "categorical",
            values,
            before,
            after,
            Series(own, "difference", POINTS, fewest=_CATEGORY_EVENTS),
            mover,
            max(kept, 1),
        )
    values = [value / unit for value in values] if of.key == "cost_nano" else values
    series = Series(own, "difference" if of.kind == "ordinal" else "log", of.gate)
    if limit is None:
        return Column(name, of.kind, values, before, after, series)
    far = rows.select(WINDOW, *_GRAIN, top=pl.col(f"beyond_{name}").cast(pl.Float64), size=pl.col(f"size_{name}"))
    return Column(name, of.kind, values, before, after, series, tail=tail_of(sides, far, limit))


def _told(column: Column, p: float | None, p_tail: float | None, events: Events, scope: Scope) -> dict[str, Any]:
    """Return a column as the answer has it: judged by its mean or share, and by its long end where that is worse."""
    numeric = column.kind != "categorical"
    status, reason = judged(column.series, column.level, p, lambda: _alone(column, events, scope), column.blind)
    series, by = column.series, "mean" if numeric else "share"
    tail = column.tail.told(p_tail) if column.tail else None
    dated = series
    if column.tail and tail and _rank(tail["status"]) > _rank(status):
        status, reason, by, dated = tail["status"], None, "tail", column.tail.series
    value, before = series.value, series.reference
    rose = None if value is None or before is None or value == before else value > before
    low, high = series.change.interval() if numeric and series.change and not series.lack else (None, None)
    share = {"value": column.mover, "share_before": before, "share_after": value}
    return {
        "column": column.name, "kind": column.kind, "status": status, "judged_by": by,
        "change": _change(column), "direction": None if rose is None or not numeric else "up" if rose else "down",
        "change_low": low, "change_high": high,
        "mean": value if numeric else None, "mean_reference": before if numeric else None,
        "moved": None if numeric else share, "n": int(column.after.sum()), "n_reference": int(column.before.sum()),
        "p": column.p, "p_adjusted": p, "detectable": series.detectable, **column.distances(), "tail": tail, "reason": reason,
        **(dated.dated() if status in BREACH else UNDATED),
    }  # fmt: skip


def _rank(status: str) -> int:
    return len(BREACH) - BREACH.index(status) if status in BREACH else 0


def _change(column: Column) -> float | None:
    """Return the effect: how far the mean moved (relative; of ordinals in their unit), or what share of traffic moved."""
    value, before = column.series.value, column.series.reference
    if value is None or before is None:
        return None
    if column.kind == "numeric":
        return (value - before) / before if before else None
    return value - before if column.kind == "ordinal" else distance.tvd(column.before, column.after)


def _alone(column: Column, events: Events, scope: Scope) -> str:
    """Return the one user or day that makes the change, in words, else an empty string."""
    if column.kind != "categorical":
        return column.series.alone()
    of_row = {"user_id": pl.col("user_id"), "day": pl.col("ts").dt.convert_time_zone(scope.tz.key).dt.date()}
    for key, who, _ in column.series.without():
        rest = _columns(only(events, of_row[key].ne_missing(who)), scope, [column.name])
        if all(each.level == "ok" for each in rest):
            return alone(key)
    return ""
