"""Whether weekly values go one way: the slope of Theil and Sen, and Kendall's rank test against the weeks."""

from collections.abc import Sequence
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from aiopsctl.stats.tails import kendall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

ENOUGH = 8
"""So many weeks make a trend."""

_EXACT = 33
"""Of more values than this Kendall's p-value is not exact."""

_Z95 = 1.959963984540054
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

    x, y = np.asarray(steps, float), np.asarray(values, float)
    slope, low, high = _slopes(x, y)
    p = _kendall(x, y)
    r = _autocorrelation(y - slope * x)
    widened = p if r <= _Z / sqrt(len(y)) else max(p, _widened(x, y, r))
    return Trend(slope, low, high, widened, p)


def _slopes(x: "Numbers", y: "Numbers") -> tuple[float, float, float]:
    """Return the median of the slopes between all pairs, and the 95 % interval (Sen 1968)."""
    import numpy as np

    later, earlier = np.tril_indices(len(x), -1)
    slopes = np.sort((y[later] - y[earlier]) / (x[later] - x[earlier]))
    reach = _Z95 * sqrt(_variance(y))
    low, high = max(round((len(slopes) - reach) / 2) - 1, 0), min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def _kendall(x: "Numbers", y: "Numbers") -> float:
    """Return the p-value of Kendall's test: exact for few values of which no two are equal, else by the normal approximation."""
    import numpy as np

    n, s = len(y), _concordance(x, y)
    discordant = round(n * (n - 1) / 2 - s) // 2
    if len(np.unique(y)) == n and n <= _EXACT:
        return kendall(n, discordant)
    variance = _variance(y)
    return erfc(abs(s) / sqrt(2 * variance)) if variance else 1.0


def _autocorrelation(rest: "Numbers") -> float:
    """Return the correlation of neighbours."""
    centred = rest - rest.mean()
    whole = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / whole if whole else 0.0


def _widened(x: "Numbers", y: "Numbers", r: float) -> float:
    """Return the p-value of Kendall's test by the normal approximation, its variance widened for autocorrelation."""
    variance = _variance(y)
    z = max(abs(_concordance(x, y)) - 1, 0.0) / sqrt(variance * (1 + r) / (1 - r)) if variance else 0.0
    return erfc(z / sqrt(2))


def _concordance(x: "Numbers", y: "Numbers") -> float:
    """Return by how many more pairs rise than fall."""
    import numpy as np

    return float(np.sign(np.subtract.outer(y, y) * np.subtract.outer(x, x)).sum()) / 2


def _variance(y: "Numbers") -> float:
    """Return the variance of that where nothing goes one way, equal values taken into account."""
    import numpy as np

    n = len(y)
    _, ties = np.unique(y, return_counts=True)
    return (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
