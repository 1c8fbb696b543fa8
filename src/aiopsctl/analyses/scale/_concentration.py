"""How unevenly cost is spread over users: quantiles, shares of the heaviest, Lorenz curve, Gini coefficient."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Any

from aiopsctl.analyses.scale._behaviour import NANO
from aiopsctl.analyses.scale._caps import nearest_rank

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
HEAVIEST = (0.01, 0.05, 0.1, 0.2, 0.5)
_POINTS = 100


def quantiles(costs: Sequence[int]) -> dict[str, float]:
    """Return quantiles of the cost of a user, and the mean, in dollars; `costs` are in nano-dollars."""
    found = {name: nearest_rank(costs, q) / NANO for name, q in QUANTILES.items()}
    return found | {"mean": float(Fraction(sum(costs), len(costs) * NANO))}


def gini(costs: Sequence[int]) -> float | None:
    """Return the Gini coefficient: 0 where all users cost the same, towards 1 where one costs all; null without cost.

    It is half the mean absolute difference of two users over the mean: 2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n,
    with x in rising order and i from 1.
    """
    n, total = len(costs), sum(costs)
    if not total:
        return None
    weighted = sum(i * cost for i, cost in enumerate(sorted(costs), 1))
    return float(Fraction(2 * weighted, n * total) - Fraction(n + 1, n))


def lorenz(costs: Sequence[int]) -> list[dict[str, float]]:
    """Return the Lorenz curve as at most 101 points: the part of the cost that the cheapest part of users makes."""
    n, total = len(costs), sum(costs)
    if not total:
        return []
    sums = [0, *accumulate(sorted(costs))]
    ranks = [ceil(Fraction(i * n, min(n, _POINTS))) for i in range(min(n, _POINTS) + 1)]
    return [{"users_share": rank / n, "cost_share": sums[rank] / total} for rank in ranks]


def heaviest(costs: Sequence[int]) -> list[dict[str, Any]]:
    """Return what the heaviest parts of the users make of the cost; a part is rounded up to whole users."""
    ordered, total = sorted(costs, reverse=True), sum(costs)
    found = []
    for part in HEAVIEST:
        users = ceil(Fraction(str(part)) * len(costs))
        own = sum(ordered[:users])
        found.append(
            {"part": part, "users": users, "cost_usd": own / NANO, "cost_share": own / total if total else None}
        )
    return found
