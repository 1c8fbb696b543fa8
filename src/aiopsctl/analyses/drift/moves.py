"""Whether a mean moved between two windows: by more than its gate, by more than chance, and not by one user or day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import expm1, inf, isfinite
from typing import Any

import polars as pl

from aiopsctl.changes import moved
from aiopsctl.measure import WINDOW
from aiopsctl.stats.breakpoint import Break
from aiopsctl.stats.breakpoints import dates_of
from aiopsctl.stats.change import Change, Scale

ALPHA = 0.01
"""A p-value above it, after correction for the number of tests, is no sign of a change."""

EVENTS, USERS, DOF, RARE_EVENTS = 100, 20, 8, 10
"""The fewest events and users of each window, degrees of freedom, and events of a rare kind in one of the windows."""

"""The statuses of what drifted, the worst first."""

_MOSTLY = 0.95
_ANY = 10.0
_NOW, _BEFORE = pl.col(WINDOW) == 0, pl.col(WINDOW) == 1


@dataclass(frozen=True)
class Gate:
    """The smallest change that is a warning, and critical: a difference, or a share of what was before.

    `times` is how often what was before it must be besides: a rare rate that doubles may still be next to nothing.
    """

    warning: float
    critical: float
    relative: bool = False
    times: tuple[float, float] = (0.0, 0.0)

    def level(self, before: float, after: float, harm: int) -> str:
        """Return `critical`, `warning` or `ok` for a change in the harmful direction (1 up, -1 down, 0 any)."""
        size = (after - before) * harm if harm else abs(after - before)
        if self.relative:
            if not before:
                return "ok"
            size /= abs(before)
        for name, least, times in (
            ("critical", self.critical, self.times[1]),
            ("warning", self.warning, self.times[0]),
        ):
            if size >= least and after >= times * before:
                return name
        return "ok"

    def worst(self, before: float) -> float:
        """Return the smallest change that is critical: a difference, or a share of what was before."""
        return self.critical if self.relative else max(self.critical, (self.times[1] - 1) * before)


POINTS = Gate(0.03, 0.05)
RARE = Gate(0.005, 0.01, times=(1.5, 2.0))
SIZES = Gate(0.10, 0.20, relative=True)
SCORES = Gate(0.15, 0.30)
TAIL = Gate(0.025, 0.05, times=(1.5, 2.0))
"""Of the share beyond what was the 95th percentile: one and a half times the 5 %, and twice."""

TICKETS = Gate(0.50, 1.00, relative=True)


@dataclass(frozen=True)
class Series:
    """A mean by window, day and user: `rows` have the columns of `_window`, `day`, `user_id`, `top` and `size`."""

    rows: pl.DataFrame
    scale: Scale
    gate: Gate
    harm: int = 0
    single_days: bool = True
    fewest: int = EVENTS

    @cached_property
    def sums(self) -> tuple[float, float, float, float]:
        """Numerator and denominator of the window, then of the one before."""
        found = self.rows.select(
            pl.col(name).filter(side).sum().cast(pl.Float64).alias(f"{name}{i}")
            for i, side in enumerate((_NOW, _BEFORE)) for name in ("top", "size")
        )  # fmt: skip
        first, second, third, fourth = found.row(0)
        return first, second, third, fourth

    @property
    def n(self) -> int:
        """The events of the window."""
        return int(self.sums[1])

    @property
    def n_reference(self) -> int:
        """The events of the window before."""
        return int(self.sums[3])

    @property
    def value(self) -> float | None:
        """The mean of the window."""
        return self.sums[0] / self.sums[1] if self.sums[1] else None

    @property
    def reference(self) -> float | None:
        """The mean of the window before."""
        return self.sums[2] / self.sums[3] if self.sums[3] else None

    @property
    def level(self) -> str:
        """How far the mean moved, by its gate alone."""
        if self.value is None or self.reference is None:
            return "ok"
        return self.gate.level(self.reference, self.value, self.harm)

    @cached_property
    def change(self) -> Change | None:
        """The change with its error; None where a window is empty."""
        return moved(self.rows, self.scale)

    @cached_property
    def lack(self) -> str:
        """Why nothing can be said, else an empty string."""
        if min(self.n, self.n_reference) < self.fewest:
            return f"{min(self.n, self.n_reference):,} events in one of the windows, {self.fewest} are needed"
        known = self.rows.filter(pl.col("user_id").is_not_null() & (pl.col("size") > 0))
        if float(known["size"].sum()) >= _MOSTLY * (self.sums[1] + self.sums[3]):
            users = known.group_by(WINDOW).agg(pl.col("user_id").n_unique())["user_id"].min()
            if isinstance(users, int) and users < USERS:
                return f"{users} users in one of the windows, {USERS} are needed"
        if self.gate is RARE and max(self.sums[0], self.sums[2]) < RARE_EVENTS:
            return f"fewer than {RARE_EVENTS} such events in both windows"
        return ""

    def p(self, harm: int) -> float | None:
        """Return the p-value of a change, None where there is too little data for one."""
        if self.lack or self.change is None or self.change.dof < DOF:
            return None
        return self.change.p(harm)

    @property
    def detectable(self) -> float | None:
        """The smallest change that would be seen 8 times in 10: a difference, or a share of what was before."""
        if self.lack or self.change is None:
            return None
        size = self.change.detectable(ALPHA)
        found = size if self.scale == "difference" else expm1(min(size, 700))
        return found if isfinite(size) else None

    def blind(self, least: float | None = None) -> str:
        """Return why a critical change (by the gate, or of `least`) is not ruled out, else an empty string.

        It is not where the 95 % interval of the change reaches so far.
        """
        low, high = self.change.interval() if self.change else (-inf, inf)
        worst = {1: high, -1: -low}.get(self.harm, max(high, -low))
        if worst < (self.gate.worst(self.reference or 0.0) if least is None else least):
            return ""
        shown = (
            f"{worst:.2f}" if self.gate is SCORES else f"{worst * 100:.3g} {'%' if self.scale == 'log' else 'points'}"
        )
        return f"a change of {'any size' if worst > _ANY else shown} is not ruled out"

    def alone(self) -> str:
        """Return the user or the day without which the change is inside its gate, in words, else an empty string."""
        return next((alone(key) for key, _, rest in self.without() if rest.level == "ok"), "")

    def without(self) -> "Iterator[tuple[str, Any, Series]]":
        """Yield the series without the user, and without the day, that moves the mean most: column, value and the rest."""
        before = self.reference or 0.0
        for key in ("user_id", "day") if self.single_days else ("user_id",):
            pull = (pl.col("top") - before * pl.col("size")).sum().abs()
            own = self.rows.filter(_NOW & pl.col(key).is_not_null()).group_by(key).agg(pull=pull)
            if own.height > 1:
                who = own.sort(["pull", key], descending=[True, False])[key][0]
                yield key, who, replace(self, rows=self.rows.filter(pl.col(key).ne_missing(who)))

    def dated(self) -> dict[str, Any]:
        """Return the day on which the mean moved most, between which that surely was, how, and all days it moved on."""
        days = self.rows.group_by("day").agg(pl.col("top", "size").sum()).filter(pl.col("size") > 0).sort("day")
        mean, day = (days["top"] / days["size"]).to_numpy(), days["day"]
        rose = (self.value or 0.0) > (self.reference or 0.0)
        found = dates_of(mean, days["size"].to_numpy(), day.dt.weekday().to_numpy(), rose=rose)
        if found.most is None:
            return UNDATED
        most = _date(found.most, day)
        return {
            "changed_at": most["at"], "changed_between": most["between"], "changed_slowly": most["slowly"],
            "changes_at": [_date(each, day) for each in found.every],
        }  # fmt: skip


UNDATED: dict[str, Any] = dict.fromkeys(("changed_at", "changed_between", "changed_slowly", "changes_at"))


def _date(found: Break, day: pl.Series) -> dict[str, Any]:
    return {
        "at": day[found.at].isoformat(), "between": [day[found.first].isoformat(), day[found.last].isoformat()],
        "slowly": found.slow, "size": found.size,
    }  # fmt: skip


def alone(key: str) -> str:
    """Return what a single user or day is called."""
    return f"one {key.removesuffix('_id')} alone"


def judged(series: Series, level: str, p: float | None, alone: Callable[[], str], blind: str) -> tuple[str, str | None]:
    """Return the status and its reason; `level` is that of the size alone, `p` corrected for the number of tests.

    `alone` says which one user or day makes the change, and is asked only where there is one; `blind` says why it would
    not have been seen.
    """
    if series.lack:
        return "unknown", series.lack
    if level == "ok" or (p is not None and p > ALPHA):
        return ("unknown", blind) if blind else ("ok", None)
    if one := alone():
        return "ok", f"{one} makes the change"
    return (level, None) if p is not None else ("unknown", "a few users or days are nearly all there is")
