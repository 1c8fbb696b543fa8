"""When a daily mean moved: the day that splits a series best, into two levels or into a level and a slope.

Weighted least squares of the daily means on weekdays and one step (or one bend), each day weighted by its events. Its
gain is that of a cumulative sum of weighted residuals, in closed form for every day at once; the best day is its argmax.
"""

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

LEAST = 14
"""So many days are needed on either side of a date."""

CUT = 7.35
"""95 % quantile of the likelihood ratio of the day of a break: P(LR <= x) = (1 - exp(-x / 2))^2 (Hansen 2000)."""

_WORTH = 3.0
"""A break must explain so many times ln(days) variances of the noise; else the day of it is nothing but chance."""

_SLOWER = 2.0
"""A slope is told from a step where it explains so many variances of the noise more."""


class Break(Struct, frozen=True):
    """A break that begins with day `at` of the series, surely between `first` and `last` (95 %).

    `size` is that of the step, or that of each day where it is a slope (`slow`); `rest` are the squares it leaves,
    `explained` is the share of them that it took.
    """

    at: int
    first: int
    last: int
    size: float
    rest: float
    slow: bool = False
    explained: float = 0.0


def breakpoint_of(
    mean: "Numbers", weight: "Numbers", weekday: "Numbers", least: int = LEAST, *, slopes: bool = False
) -> Break | None:
    """Return the one break of a series of daily means, None where chance is enough or it is not `least` days from an end.

    `weight` is how many events a day has (above 0), `weekday` its day of the week (any labels; all alike: no weeks).
    With `slopes` it may be the day on which a level became a slope.
    """
    import numpy as np

    days = len(mean)
    if days < max(2 * least, 2):
        return None
    series, bent, spare = _beside_weeks(mean, weight, weekday, slopes=slopes)
    step, *slope = (_best(series, shape, spare) for shape in bent)
    found = step
    if slope and step.rest - slope[0].rest > _SLOWER * slope[0].rest / spare:
        found = replace(slope[0], slow=True)
    noise = found.rest / spare
    is_told = float(series @ series) - found.rest > _WORTH * np.log(days) * noise and found.size
    return found if is_told and least <= found.at <= days - least else None


def step_of(mean: "Numbers", weight: "Numbers", least: int) -> Break | None:
    """Return the one step that leaves least, `least` days from both ends, however little that is; None of too few days."""
    import numpy as np

    if len(mean) < max(2 * least, 2):
        return None
    series, (steps,), spare = _beside_weeks(mean, weight, np.zeros(len(mean)))
    return _best(series, steps, spare, least)


def _beside_weeks(
    mean: "Numbers", weight: "Numbers", weekday: "Numbers", *, slopes: bool = False
) -> "tuple[Numbers, list[Numbers], int]":
    """Return what weekdays leave of a series, of a step and of a bend on each day, and the degrees of freedom."""
    import numpy as np

    days = len(mean)
    weeks = (weekday[:, None] == np.unique(weekday)[None, :]).astype(float)
    root = np.sqrt(weight.astype(float))[:, None]
    basis, _ = np.linalg.qr(weeks * root)
    steps = np.tril(np.ones((days, days)))[:, 1:]
    shapes = [steps, steps.cumsum(axis=0)] if slopes else [steps]
    series, *bent = (each * root - basis @ (basis.T @ (each * root)) for each in (mean.astype(float)[:, None], *shapes))
    return series[:, 0], bent, max(days - weeks.shape[1] - 1, 1)


def _best(series: "Numbers", shapes: "Numbers", spare: int, least: int = 1) -> Break:
    """Return the shape that leaves least of a series, `least` days from both ends; both are what weekdays leave."""
    import numpy as np

    norm, along = (shapes**2).sum(axis=0), shapes.T @ series
    at = np.arange(1, len(series))
    usable = (norm > 1e-9 * float(norm.max())) & (at >= least) & (at <= len(series) - least)
    gain = np.where(usable, along**2 / np.where(usable, norm, 1.0), 0.0)
    best, whole = int(gain.argmax()), float(series @ series)
    rest = max(whole - float(gain[best]), 0.0)
    near = at[gain[best] - gain <= CUT * rest / spare]
    size = float(along[best] / norm[best]) if usable[best] else 0.0
    return Break(
        best + 1, int(near[0]), int(near[-1]), size, rest, explained=float(gain[best]) / whole if whole else 0.0
    )
