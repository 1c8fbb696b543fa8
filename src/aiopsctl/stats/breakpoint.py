"""When a daily mean moved: the day that splits a series best in two levels.

Weighted least squares of the daily means on weekdays and one step, each day weighted by its events; the best step is the
argmax of a cumulative sum of weighted residuals, so every day is tried in one pass.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

LEAST = 14
"""So many days are needed on either side of a date."""

_CUT = 7.35
"""95 % quantile of the likelihood ratio of the day of a break: P(LR <= x) = (1 - exp(-x / 2))^2 (Hansen 2000)."""


@dataclass(frozen=True)
class Break:
    """A break before day `at` of the series, surely between `first` and `last` (95 %), by `size` in its unit."""

    at: int
    first: int
    last: int
    size: float


def breakpoint_of(mean: "Numbers", weight: "Numbers", weekday: "Numbers", least: int = LEAST) -> Break | None:
    """Return the one break of a series of daily means, None where it is not `least` days away from both ends.

    `weight` is how many events a day has (above 0), `weekday` its day of the week (any labels; all alike: no weeks).
    """
    import numpy as np

    days = len(mean)
    if days < 2 * least or days < 2:
        return None
    weeks = (weekday[:, None] == np.unique(weekday)[None, :]).astype(float)
    root = np.sqrt(weight.astype(float))[:, None]
    basis, _ = np.linalg.qr(weeks * root)
    steps = np.tril(np.ones((days, days)))[:, 1:] * root
    steps -= basis @ (basis.T @ steps)
    series = mean.astype(float) * root[:, 0]
    series -= basis @ (basis.T @ series)
    norm, along = (steps**2).sum(axis=0), steps.T @ series
    usable = norm > 1e-9 * float(weight.sum())
    gain = np.where(usable, along**2 / np.where(usable, norm, 1.0), 0.0)
    best = int(gain.argmax())
    if not least <= best + 1 <= days - least or gain[best] <= 0:
        return None
    spare = max(days - weeks.shape[1] - 1, 1)
    noise = max(float(series @ series - gain[best]), 0.0) / spare
    near = np.flatnonzero(gain[best] - gain <= _CUT * noise) + 1
    return Break(best + 1, int(near[0]), int(near[-1]), float(along[best] / norm[best]))
