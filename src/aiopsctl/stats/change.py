"""Whether a mean moved between two windows, by more than users and days explain.

One statistic for all means of events (shares, tokens, dollars): the difference of two ratios of sums, or the logarithm of
their quotient, with a variance that counts the events of one user as dependent over both windows (delta method, Deng et
al. 2018), and that adds how much whole days wander by themselves; referred to Student's t.
"""

from collections.abc import Sequence
from math import expm1, fsum, inf, log, sqrt
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from aiopsctl.stats.student import quantile, tail

if TYPE_CHECKING:
    import polars as pl

Scale = Literal["difference", "log"]
POWER = 0.84
"""The normal quantile of a power of 80 %."""

_WEEK = 7


class Units(Struct, frozen=True):
    """Sums of a numerator and a denominator by unit (a user), in the window and in the one before, in one order."""

    top: "pl.Series"
    size: "pl.Series"
    top_before: "pl.Series"
    size_before: "pl.Series"


class Days(Struct, frozen=True):
    """The days of the window before: weekday (1 to 7), mean, and the variance of that mean over its users.

    `window` is how many days the window has.
    """

    weekday: Sequence[float]
    mean: Sequence[float]
    variance: Sequence[float]
    window: int


class Change(Struct, frozen=True):
    """How far a mean moved: `delta` on its scale, its standard error, and the degrees of freedom of both."""

    delta: float
    error: float
    dof: float
    scale: Scale

    def p(self, harm: int) -> float:
        """Return the probability of so large a change by chance: in the harmful direction (1 up, -1 down), else in any."""
        if self.error == 0:
            return 0.0 if (self.delta * harm if harm else abs(self.delta)) > 0 else 1.0
        t = self.delta / self.error
        return tail(t * harm, self.dof) if harm else 2 * tail(abs(t), self.dof)

    def detectable(self, alpha: float) -> float:
        """Return the smallest change that would be seen 8 times in 10 at a one-sided level, on its scale."""
        if self.error == 0:
            return 0.0
        return (quantile(1 - alpha, self.dof) + POWER) * self.error

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the change: a difference, or a share of the mean before (0.2 is 20 % more)."""
        half = quantile((1 + confidence) / 2, self.dof) * self.error if self.error else 0.0
        ends = (self.delta - half, self.delta + half)
        return ends if self.scale == "difference" else (expm1(ends[0]), expm1(min(ends[1], 700)))


def change(units: Units, days: Days | None, scale: Scale) -> Change | None:
    """Return the change of a mean, or None where one of the windows has nothing, or a quotient none.

    Without `days`, or with fewer than two weeks of them, days are taken to differ by their users alone. A window of one
    unit does not say how far units differ: its error is infinite, so that nothing is believed of it.
    """
    n1, n0 = float(units.size.sum()), float(units.size_before.sum())
    if not (n1 > 0 and n0 > 0):
        return None
    m1, m0 = float(units.top.sum()) / n1, float(units.top_before.sum()) / n0
    if scale == "log" and not (m1 > 0 and m0 > 0):
        return None
    if min(int((size > 0).sum()) for size in (units.size, units.size_before)) < 2:
        return Change(_delta(m1, m0, scale), inf, 1.0, scale)
    c1, c0 = (1 / n1, 1 / n0) if scale == "difference" else (1 / (n1 * m1), 1 / (n0 * m0))
    parts = c1 * (units.top - m1 * units.size) - c0 * (units.top_before - m0 * units.size_before)
    squares = parts * parts
    total, fourths, count = float(squares.sum()), float((squares * squares).sum()), len(parts)
    by_user = total * count / (count - 1)
    wander, spare = _wander(days, m0 if scale == "log" else 1.0)
    by_day = wander * (1 / days.window + 1 / len(days.mean)) if days and wander else 0.0
    variance = by_user + by_day
    if variance == 0:
        return Change(_delta(m1, m0, scale), 0.0, inf, scale)
    dof_user = total * total / fourths if fourths else inf
    lost = by_user**2 / dof_user + (by_day**2 / spare if by_day else 0.0)
    return Change(_delta(m1, m0, scale), sqrt(variance), variance**2 / lost if lost else inf, scale)


def _delta(m1: float, m0: float, scale: Scale) -> float:
    return m1 - m0 if scale == "difference" else log(m1 / m0)


def _wander(days: Days | None, unit: float) -> tuple[float, int]:
    """Return by how much daily means vary beyond their users and weekdays, and the degrees of freedom of that."""
    if days is None or len(days.mean) < 2 * _WEEK:
        return 0.0, 1
    weeks: dict[float, list[float]] = {}
    for weekday, mean in zip(days.weekday, days.mean, strict=True):
        weeks.setdefault(weekday, []).append(mean / unit)
    squares = fsum((mean - fsum(own) / len(own)) ** 2 for own in weeks.values() for mean in own)
    spare = max(len(days.mean) - len(weeks), 1)
    by_users = fsum(days.variance) / len(days.variance) / unit**2
    return max(squares / spare - by_users, 0.0), spare


def cutoff(p: Sequence[float], level: float) -> float:
    """Return the largest of the p-values at which one of them is a discovery at a false discovery rate of `level`.

    Benjamini and Hochberg 1995; where there is none, what the smallest of them would have had to be.
    """
    ordered = sorted(p)
    found = [value for rank, value in enumerate(ordered, start=1) if value <= level * rank / len(ordered)]
    return found[-1] if found else level / max(len(ordered), 1)


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number: the smallest times all, the next times one fewer, and so on (Holm 1979)."""
    found, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        found[i] = worst
    return found
