"""What days will cost: a log-linear trend of whole weeks, spread over the days of the week.

The trend is a straight line through the logarithms of weekly costs. Weeks that lie far from the median line (Theil and
Sen: the median of the slopes between all pairs) are pulled to its edge first, so that one rush does not bend the trend.
What is forecast is the median; its uncertainty is that of the line and of the weeks around it, of Student's t.
"""

from collections.abc import Sequence
from itertools import combinations
from math import exp, log
from statistics import median

from msgspec import Struct

from aiopsctl.stats.line import Line, fit
from aiopsctl.stats.student import quantile, tail

FEWEST_WEEKS, MOST_WEEKS = 8, 26
HORIZON = 4
"""How many weeks a backtest forecasts: about a month."""
_FEWEST_TO_TEST = 6
_FAR = 3.0
_AS_NORMAL = 1.4826
_LEAST_SCALE = 0.01


class Spend(Struct, frozen=True):
    """A cost to come: its median, and how uncertain its logarithm is (Student's t); `certain` is spent already."""

    median: float
    error: float
    dof: int
    certain: float = 0.0

    def at(self, p: float) -> float:
        """Return the cost that is not exceeded with a probability."""
        return (
            self.certain + self.median * exp(min(quantile(p, self.dof) * self.error, 700)) if self.error else self.mid
        )

    @property
    def mid(self) -> float:
        """The expected cost: exceeded as likely as not."""
        return self.certain + self.median

    def over(self, plan: float) -> float:
        """Return how probable it is that the cost exceeds a plan."""
        rest = plan - self.certain
        if rest <= 0:
            return 1.0
        if not self.error or not self.median:
            return float(self.median > rest)
        return tail(log(rest / self.median) / self.error, self.dof)


class Model(Struct, frozen=True):
    """A trend of weeks; `shares` are those of the seven days of a week, `pulled` the weeks that were far from it.

    `smear` makes a sum of the medians of weeks: the mean of the weeks around the trend (Duan 1983).
    """

    line: Line
    shares: tuple[float, ...]
    smear: float
    pulled: tuple[int, ...]

    def days(self, first: int, last: int, certain: float = 0.0) -> Spend:
        """Return the cost from the day `first` after the weeks (0 is the next one) up to, without, `last`."""
        numbers = [7 * self.line.points + day for day in range(first, last)]
        places = [(number - 3) / 7 for number in numbers]
        total = sum(exp(self.line.at(x)) * self.shares[number % 7] for x, number in zip(places, numbers, strict=True))
        error = self.line.error_at(sum(places) / len(places), points=len(places) / 7)
        return Spend(total * self.smear, error, self.line.dof, certain)


def model(weeks: Sequence[Sequence[float]]) -> Model | None:
    """Return the model of whole weeks of daily costs, the oldest first; None where a week costs nothing, or too few are."""
    totals = [sum(week) for week in weeks]
    if len(totals) < 3 or min(totals) <= 0:
        return None
    logs = [log(total) for total in totals]
    near, pulled = _pulled(logs)
    line = fit(range(len(near)), near)
    if line is None:
        return None
    shares = tuple(
        sum(week[i] / total for week, total in zip(weeks, totals, strict=True)) / len(weeks) for i in range(7)
    )
    smear = sum(exp(each) for each in line.residuals) / len(line.residuals)
    return Model(line, shares, smear, pulled)


def _pulled(logs: Sequence[float]) -> tuple[list[float], tuple[int, ...]]:
    """Return the values with those far from the median line at its edge, and which those were."""
    slope = median((logs[j] - logs[i]) / (j - i) for i, j in combinations(range(len(logs)), 2))
    level = median(y - slope * x for x, y in enumerate(logs))
    away = [y - level - slope * x for x, y in enumerate(logs)]
    edge = _FAR * max(_AS_NORMAL * median(abs(each) for each in away), _LEAST_SCALE)
    near = [level + slope * x + min(max(each, -edge), edge) for x, each in enumerate(away)]
    return near, tuple(x for x, each in enumerate(away) if abs(each) > edge)


class Trial(Struct, frozen=True):
    """A forecast of weeks that have passed: from the weeks before `origin`, and what came."""

    origin: int
    forecast: float
    low: float
    high: float
    actual: float
    before: float
    """What as many weeks before had cost: the forecast of who forecasts no change."""


def backtest(weeks: Sequence[Sequence[float]], low: float, high: float) -> list[Trial]:
    """Return a forecast of four weeks from each week from the sixth on, with the interval between two quantiles."""
    found = []
    for origin in range(_FEWEST_TO_TEST, len(weeks) - HORIZON + 1):
        own = model(weeks[max(0, origin - MOST_WEEKS) : origin])
        if own is not None:
            spend = own.days(0, 7 * HORIZON)
            after, before = (sum(map(sum, part)) for part in (weeks[origin:][:HORIZON], weeks[:origin][-HORIZON:]))
            found.append(Trial(origin, spend.mid, spend.at(low), spend.at(high), after, before))
    return found
