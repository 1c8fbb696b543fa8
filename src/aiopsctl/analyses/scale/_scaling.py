"""How cost grows with users: the curve of the log, and the handbook's table."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log10
from typing import Any

from aiopsctl.stats.line import fit
from aiopsctl.stats.student import quantile

TARGETS = (1_000, 10_000, 100_000)
REALISTIC = 1.3
OPTIMISED = ((0, 1.0, 1.0), (1, 1.0, 1.1), (2, 0.8, 0.9), (3, 0.6, 0.8))
"""The handbook's cost of a user beside that of one today, from and to, at 1x, 10x, 100x and 1,000x the users."""
FEWEST_WEEKS = 8
LEAST_SPREAD = 1.5

DEFINITIONS = {
    "scaling_curve": "cost = factor x users^exponent, fitted to the logarithms of the cost and the distinct users of whole "
    f"weeks (least squares, 95 % intervals). Where the busiest week has less than {LEAST_SPREAD} times the users of the "
    "quietest one, or the interval of the exponent reaches 0, it is unknown. Days are not used: on a quiet day the same users do less. What grew along with the users "
    "(prompts, features) is part of the exponent",
    "scaling": "the cost of a month at so many monthly users: naive is 1:1; realistic 1.3 times that, and optimised 1.0 to 1.1, "
    "0.8 to 0.9 and 0.6 to 0.8 of it at 10, 100 and 1,000 times the users, are the handbook's (between these in a straight "
    "line over the logarithm of the users; beyond, as at the end); fitted is the log's own curve",
    "baseline": "users and cost of the last calendar month that the log covers whole, else of the last 30 days (of fewer days, their cost is raised to 30); --users N "
    "puts N in place of the users",
}


@dataclass(frozen=True)
class Curve:
    """Cost as a power of users; `low` and `high` are the interval of the exponent."""

    exponent: float
    low: float
    high: float
    factor: float
    factor_low: float
    factor_high: float
    weeks: int


def curve(users: Sequence[int], costs: Sequence[float]) -> tuple[Curve | None, str]:
    """Return the curve through the users and costs of weeks, or why there is none."""
    if len(users) < FEWEST_WEEKS:
        return None, f"{len(users)} whole weeks; a curve takes at least {FEWEST_WEEKS}"
    if min(users) <= 0 or min(costs) <= 0:
        return None, "a week has no known users or no costs"
    if max(users) < LEAST_SPREAD * min(users):
        return None, (
            f"weekly users hardly vary: from {min(users):,} to {max(users):,}, {max(users) / min(users):.2f} times; "
            f"a curve takes {LEAST_SPREAD} times"
        )
    line = fit([log(each) for each in users], [log(each) for each in costs])
    if line is None:
        return None, "too few weeks"
    low, high = line.slope_interval()
    if low <= 0:
        return None, f"cost does not follow users: the exponent is {line.slope:.2f}, between {low:.2f} and {high:.2f}"
    at_one, half = line.at(0), quantile(0.975, line.dof) * line.error_at(0)
    factor, least, most = (exp(min(max(each, -700), 700)) for each in (at_one, at_one - half, at_one + half))
    return Curve(line.slope, low, high, factor, least, most, line.points), ""


def table(users: int | None, cost: float | None, own: Curve | None, why: str) -> list[dict[str, Any]]:
    """Return what a month would cost at the handbook's numbers of users."""
    return [_row(target, users, cost, own, why) for target in TARGETS]


def _row(target: int, users: int | None, cost: float | None, own: Curve | None, why: str) -> dict[str, Any]:
    names = ("naive", "realistic", "optimised_low", "optimised_high", "fitted", "fitted_low", "fitted_high")
    row: dict[str, Any] = {"users": target, "multiple": None, **dict.fromkeys(f"{name}_usd" for name in names)}
    if not users or cost is None:
        return row | {"reason": "the users of today are not known: --users N" if not users else "no cost is known"}
    multiple = target / users
    if multiple <= 1:
        return row | {"multiple": multiple, "reason": "no more than the users of today"}
    low, high = _optimised(multiple)
    times = {"naive": 1.0, "realistic": REALISTIC, "optimised_low": low, "optimised_high": high}
    row |= {"multiple": multiple} | {f"{name}_usd": cost * multiple * each for name, each in times.items()}
    if own is not None:
        powers = {"fitted": own.exponent, "fitted_low": own.low, "fitted_high": own.high}
        row |= {f"{name}_usd": cost * exp(min(log(multiple) * power, 700)) for name, power in powers.items()}
    return row | {"reason": None if own else f"fitted unknown: {why}"}


def _optimised(multiple: float) -> tuple[float, float]:
    """Return the handbook's cost of a user with optimisations, beside that of one today: from and to."""
    at = min(log10(multiple), OPTIMISED[-1][0])
    before = max(each for each in OPTIMISED if each[0] <= at)
    after = min(each for each in OPTIMISED if each[0] >= at)
    part = (at - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0.0
    return before[1] + part * (after[1] - before[1]), before[2] + part * (after[2] - before[2])
