"""Shares of events, with Wilson's interval widened by how alike the events of one user are."""

import polars as pl

from aiopsctl.values.spread import ENOUGH, VARIANCE, Z95, T, clustered, wilson
from aiopsctl.values.value import Value


def rate(num: str, den: str, *, known: str | None = None, cluster: str = "user_id") -> Value:
    """Return `sum(num) / sum(den)`, a share of events, with a Wilson interval widened by the design effect of users.

    Where `known` is named, the rate is unknown unless that sum is above 0.
    """
    size = pl.col("size")
    p = pl.col("top") / size
    plain = p * (1 - p) / size
    usable = ENOUGH & (plain > 0)
    effect = pl.when(usable).then(pl.max_horizontal(VARIANCE / plain, 1.0)).otherwise(1.0)
    low, high = wilson(p, size / effect, pl.when(usable).then(T).otherwise(Z95))
    parts = {**clustered(num, den, cluster), "known": pl.col(known or den).sum()}
    return Value(parts, pl.when(pl.col("known") > 0).then(p), size, low, high, cluster, f"sum of {num} / sum of {den}")


def distinct_rate(mark: str, den: str, *, within: str) -> Value:
    """Return the number of distinct non-empty `mark` over `sum(den)` of those `within` that have a mark at all.

    The interval is Wilson's.
    """
    marked = pl.col(mark) != ""
    inside = pl.col(within).is_in(pl.col(within).filter(marked).implode())
    parts = {"marks": marked.sum(), "size": pl.col(den).filter(inside).sum()}
    p = pl.col("marks") / pl.col("size")
    low, high = wilson(p, pl.col("size"), pl.lit(Z95))
    return Value(
        parts, p, pl.col("size"), low, high, words=f"distinct {mark} / sum of {den} where {within} has any"
    )  # fmt: skip
