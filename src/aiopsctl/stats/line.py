"""A straight line through a series in time, with intervals that know that neighbours in time are alike.

Ordinary least squares; the residuals' correlation from one point to the next widens the errors as it does for a series of
the first order, by `(1 + r) / (1 - r)`. A line hides part of that correlation, about `(2 + 4 r) / n` (Kendall 1954, Marriott
and Pope 1954), which is added again; at least 0 and at most 0.8 is believed. Intervals are of Student's t with two degrees
of freedom less than there are points. A level that wanders and never returns is less certain still.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from msgspec import Struct

from aiopsctl.stats.student import quantile

_MOST_ALIKE, _VERY_FEW = 0.8, 5


class Line(Struct, frozen=True):
    """`y = level + slope * (x - centre)`; `noise` is the variance of a point around it, widened by `inflation`.

    `spread` is the sum of squares of x around its centre.
    """

    level: float
    slope: float
    centre: float
    spread: float
    noise: float
    inflation: float
    points: int
    residuals: tuple[float, ...]

    @property
    def dof(self) -> int:
        """Degrees of freedom."""
        return self.points - 2

    @property
    def slope_error(self) -> float:
        """The standard error of the slope."""
        return sqrt(self.noise * self.inflation / self.spread)

    def at(self, x: float) -> float:
        """Return the height of the line."""
        return self.level + self.slope * (x - self.centre)

    def error_at(self, x: float, points: float | None = None) -> float:
        """Return the standard error of the line at `x`; with `points`, that of the mean of so many new ones around it."""
        own = 0.0 if points is None else 1 / points
        around = own + 1 / self.points + (x - self.centre) ** 2 / self.spread
        return sqrt(self.noise * self.inflation * around)

    def slope_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the slope."""
        half = quantile((1 + confidence) / 2, self.dof) * self.slope_error
        return self.slope - half, self.slope + half


def fit(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the line through points in their order of time, None for fewer than three, or for x that do not differ."""
    n = len(x)
    if n < 3:
        return None
    centre, level = sum(x) / n, sum(y) / n
    spread = sum((each - centre) ** 2 for each in x)
    if spread <= 0:
        return None
    slope = sum((a - centre) * (b - level) for a, b in zip(x, y, strict=True)) / spread
    residuals = tuple(b - level - slope * (a - centre) for a, b in zip(x, y, strict=True))
    squares = sum(each * each for each in residuals)
    alike = _alike(sum(a * b for a, b in pairwise(residuals)) / squares, n) if squares else 0.0
    return Line(level, slope, centre, spread, squares / (n - 2), (1 + alike) / (1 - alike), n, residuals)


def _alike(seen: float, points: int) -> float:
    """Return the correlation of neighbours from the one seen in residuals; of very few points it is taken as seen."""
    whole = (points * seen + 2) / (points - 4) if points > _VERY_FEW else seen
    return min(max(whole, 0.0), _MOST_ALIKE)
