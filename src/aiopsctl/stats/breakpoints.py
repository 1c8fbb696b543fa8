"""When a daily mean moved, more than once: the days that split a series into levels.

Optimal partitioning (Jackson et al. 2005; PELT finds the same): the weighted squares around the level of each segment, in
variances of the noise, plus a penalty for each segment, are as small as they can be. The noise is that of neighbouring
days, so that levels do not count as noise: the median of their absolute differences. A series with a break every four
weeks, or more, wanders: there it is that of neighbouring weeks, so that a wander or a trend is no staircase.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from aiopsctl.stats.breakpoint import CUT, LEAST, Break, breakpoint_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

SHORTEST = 7
"""A level between two others lasts so many days."""

PENALTY = 6.0
"""So many times ln(days) variances of the noise a break must explain: at 3, chance alone has three times as many."""

_WANDERS = 4
"""Levels that last fewer than so many times the shortest, on average, are no levels."""

_AS_NORMAL = 1.4826
_ROUNDS, _SEVERAL = 5, 2

DEFINITION = (
    "days that split the daily means, weighted by events and weekdays allowed for, into levels of at least "
    f"{SHORTEST} days: squares around the levels in variances of the noise (median absolute difference of neighbouring "
    f"days x {_AS_NORMAL} / sqrt(2); of weeks, where breaks are closer than {_WANDERS * SHORTEST} days) plus {PENALTY:g} ln(days) for each (optimal partitioning, as PELT with l2 cost); between: 95 % "
    f"by the likelihood ratio, the others held; {LEAST} days from both ends"
)


class Dates(Struct, frozen=True):
    """When a mean moved: the break that is most of the change, None where no day can be told, and all, in time order."""

    most: Break | None
    every: tuple[Break, ...]


def dates_of(mean: "Numbers", weight: "Numbers", weekday: "Numbers", *, rose: bool) -> Dates:
    """Return when a series of daily means moved, of which it is known that it did, and which way in all (`rose`).

    Either it bent into a slope on one day, or it has steps: whatever leaves least, each break counted by its penalty.
    """
    import numpy as np

    one = breakpoint_of(mean, weight, weekday, slopes=True)
    steps = breakpoints_of(mean, weight, weekday)
    if len(steps) < _SEVERAL:
        steps = (one,) if one else ()
    elif one and one.slow:
        series = _without_weeks(mean, weight, weekday, [each.at for each in steps])
        worth = PENALTY * float(np.log(len(mean))) * _variance(series, weight)
        if one.rest <= steps[0].rest + (len(steps) - 1) * worth:
            steps = (one,)
    same = [each for each in steps if each.size and (each.size > 0) == rose]
    if not same:
        return Dates(None, ())
    return Dates(max(same, key=lambda each: (abs(each.size), each.at)), steps)


def breakpoints_of(
    mean: "Numbers", weight: "Numbers", weekday: "Numbers", least: int = SHORTEST, ends: int = LEAST,
    penalty: float = PENALTY,
) -> tuple[Break, ...]:  # fmt: skip
    """Return the breaks of a series of daily means, in time order; of each the step, and the days it surely lies between.

    `weight` is how many events a day has (above 0), `weekday` its day of the week (any labels; all alike: no weeks).
    Levels last `least` days, the first and the last `ends`; a break must explain `penalty` ln(days) variances.
    """
    import numpy as np

    days = len(mean)
    if days < max(2 * ends, 2):
        return ()
    at: list[int] = []
    series, weight, worth = mean.astype(float), weight.astype(float), penalty * float(np.log(days))
    for _ in range(_ROUNDS):
        series = _without_weeks(mean, weight, weekday, at)
        noise = _variance(series, weight)
        found = _partition(series, weight / noise, worth, least, ends) if noise else []
        if len(found) * _WANDERS * least > days:
            noise = max(noise, _variance(*_by_blocks(series, weight, least)))
            found = _partition(series, weight / noise, worth, least, ends)
        if found == at:
            break
        at = found
    return _told(series, weight, at)


def _without_weeks(mean: "Numbers", weight: "Numbers", weekday: "Numbers", at: list[int]) -> "Numbers":
    """Return the means without what their weekday adds, as a regression on weekdays and levels has it."""
    import numpy as np

    weeks = (weekday[:, None] == np.unique(weekday)[None, :]).astype(float)
    if weeks.shape[1] < 2:
        return mean.astype(float)
    levels = np.searchsorted(np.asarray(at, int), np.arange(len(mean)), side="right")
    design = np.hstack([weeks, (levels[:, None] == np.arange(1, len(at) + 1)[None, :]).astype(float)])
    root = np.sqrt(weight.astype(float))
    fitted, *_ = np.linalg.lstsq(design * root[:, None], mean * root, rcond=None)
    rhythm = weeks @ fitted[: weeks.shape[1]]
    return np.asarray(mean - rhythm + np.average(rhythm, weights=weight))


def _variance(series: "Numbers", weight: "Numbers") -> float:
    """Return the variance of a mean of one event, from how much neighbours differ; 0 where none do."""
    import numpy as np

    steps = np.diff(series) / np.sqrt(1 / weight[1:] + 1 / weight[:-1])
    robust = _AS_NORMAL * float(np.median(abs(steps)))
    return robust**2 if robust > 0 else float((steps**2).mean())


def _by_blocks(series: "Numbers", weight: "Numbers", size: int) -> "tuple[Numbers, Numbers]":
    """Return the means and the weights of blocks of so many days, up to the last."""
    first = len(series) % size
    own, tops = (each[first:].reshape(-1, size).sum(axis=1) for each in (weight, weight * series))
    return tops / own, own


def _partition(series: "Numbers", weight: "Numbers", penalty: float, least: int, ends: int) -> list[int]:
    """Return where the segments begin, but the first, that cost least."""
    import numpy as np

    days = len(series)
    centred = series - np.average(series, weights=weight)
    count, top, square = (np.concatenate(([0.0], np.cumsum(weight * centred**power))) for power in (0, 1, 2))
    cost, back = np.full(days + 1, np.inf), np.zeros(days + 1, int)
    cost[0] = 0.0
    for end in (*range(ends, days - ends + 1), days):
        begin = np.arange(max(end - least, 0) + 1)
        inside = square[end] - square[begin] - (top[end] - top[begin]) ** 2 / (count[end] - count[begin])
        each = cost[begin] + inside + penalty
        back[end] = int(each.argmin())
        cost[end] = each[back[end]]
    found: list[int] = []
    end = int(back[days])
    while end:
        found.insert(0, end)
        end = int(back[end])
    return found


def _told(series: "Numbers", weight: "Numbers", at: list[int]) -> tuple[Break, ...]:
    """Return the breaks with their steps and how surely they are where they are, the others held."""
    import numpy as np

    bounds = [0, *at, len(series)]
    parts = [slice(begin, end) for begin, end in pairwise(bounds)]
    levels = [float(np.average(series[part], weights=weight[part])) for part in parts]
    rest = sum(
        float((weight[part] * (series[part] - level) ** 2).sum()) for part, level in zip(parts, levels, strict=True)
    )
    noise = rest / max(len(series) - len(parts), 1)
    found = []
    for i, day in enumerate(at):
        begin, end = bounds[i], bounds[i + 2]
        left = _left(series[begin:end], weight[begin:end])
        near = np.flatnonzero(left - left[day - begin - 1] <= CUT * noise) + begin + 1
        found.append(Break(day, int(near[0]), int(near[-1]), levels[i + 1] - levels[i], rest))
    return tuple(found)


def _left(series: "Numbers", weight: "Numbers") -> "Numbers":
    """Return the squares that two levels leave, for each day on which the second may begin."""
    import numpy as np

    centred = series - np.average(series, weights=weight)
    count, top = np.cumsum(weight)[:-1], np.cumsum(weight * centred)[:-1]
    whole = float((weight * centred**2).sum())
    return np.asarray(whole - top**2 / count - top**2 / (weight.sum() - count))
