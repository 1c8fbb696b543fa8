"""Whether weekly values go one way: the slope of Theil and Sen, and Kendall's rank test against the weeks."""

from collections.abc import Sequence
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

ENOUGH = 8
"""So many weeks make a trend."""

_Z = 1.645
"""The normal quantile of 95 %: an autocorrelation that is smaller may be none."""

DEFINITIONS = {
    "slope_per_week": "median of the slopes between all pairs of complete weeks (Theil-Sen), low and high 95 %, as "
    "scipy.stats.theilslopes",
    "kendall_p": "Kendall's rank test of values against weeks (Mann-Kendall), two-sided, exact where no two values are equal",
    "p": "of the slope: kendall_p; where the lag-1 autocorrelation r of what the slope leaves is above 1.645 / sqrt(weeks), "
    "the larger of it and the normal approximation with the variance times (1 + r) / (1 - r) (Yue and Wang 2004)",
}


class Trend(Struct, frozen=True):
    """A slope per step with its 95 % interval, and the p-value of there being none.

    `kendall_p` takes neighbours for independent, `p` allows for their being alike.
    """

    slope: float
    low: float
    high: float
    p: float
    kendall_p: float


def trend(steps: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Return the trend of values over steps (weeks, of which some may be missing), None for fewer than `ENOUGH`."""
    if len(values) < ENOUGH:
        return None
    import numpy as np
    from scipy import stats

    x, y = np.asarray(steps, float), np.asarray(values, float)
    slope, _, low, high = stats.theilslopes(y, x, 0.95)
    p = 1.0 if np.ptp(y) == 0 else float(stats.kendalltau(x, y).pvalue)
    r = _autocorrelation(y - slope * x)
    widened = p if r <= _Z / sqrt(len(y)) else max(p, _widened(x, y, r))
    return Trend(float(slope), float(low), float(high), widened, p)


def _autocorrelation(rest: "Numbers") -> float:
    """Return the correlation of neighbours."""
    centred = rest - rest.mean()
    whole = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / whole if whole else 0.0


def _widened(x: "Numbers", y: "Numbers", r: float) -> float:
    """Return the p-value of Kendall's test by the normal approximation, its variance widened for autocorrelation."""
    import numpy as np

    n = len(y)
    s = float(np.sign(np.subtract.outer(y, y) * np.subtract.outer(x, x)).sum()) / 2
    _, ties = np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    z = max(abs(s) - 1, 0.0) / sqrt(variance * (1 + r) / (1 - r)) if variance else 0.0
    return erfc(z / sqrt(2))
