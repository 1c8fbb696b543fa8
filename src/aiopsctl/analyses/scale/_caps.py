"""What a limit of calls a month would have cut, exact from the sums of each user and month."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, fsum
from typing import Any

import polars as pl

from aiopsctl.analyses.scale._behaviour import NANO

CUT = (
    "calls beyond the limit, of each user in each calendar month; a month counts as far as the log covers it. The money "
    "is the user's mean cost of a call in that month times the calls cut: sum of cost / calls * (calls - limit)"
)


def nearest_rank(values: Sequence[int], q: float) -> int:
    """Return the smallest of some values, in any order, that at least the share `q` of them does not exceed."""
    return sorted(values)[max(ceil(Fraction(str(q)) * len(values)), 1) - 1]


def cut(months: pl.DataFrame, limit: pl.Expr) -> dict[str, Any]:
    """Return what a limit of calls cuts: `users_hit`, `user_months_hit`, `calls_cut`, `saved_usd`.

    `months` is of `by_month`; `limit` gives the calls that a user may make in a month, null where there is no limit.
    """
    over = (pl.col("calls") - limit).clip(lower_bound=0)
    hit = months.with_columns(_over=over).filter(pl.col("_over") > 0).sort("user_id", "month")
    saved = fsum(cost * over / calls for cost, over, calls in hit.select("cost", "_over", "calls").iter_rows())
    return {
        "users_hit": hit["user_id"].n_unique(), "user_months_hit": hit.height, "calls_cut": int(hit["_over"].sum()),
        "saved_usd": saved / NANO,
    }  # fmt: skip
