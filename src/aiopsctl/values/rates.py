"""Shares of events, with Wilson's interval widened by how alike the events of one user are."""

from collections.abc import Sequence

import polars as pl
from msgspec.structs import replace

from aiopsctl.values.spread import ENOUGH, FREEDOM, VARIANCE, Z95, T, clustered, wilson
from aiopsctl.values.value import Value


def rate(num: str, den: str, *, known: str | None = None, cluster: str = "user_id") -> Value:
    """Return `sum(num) / sum(den)`, a share of events, with a Wilson interval widened by the design effect of users.

    Where `known` is named, the rate is unknown unless that sum is above 0.
    """
    size, p, plain, usable = (pl.col(name) for name in ("size", "p", "plain", "usable"))
    effect = pl.when(usable).then(pl.max_horizontal(VARIANCE / plain, 1.0)).otherwise(1.0)
    steps = (
        {"p": pl.col("top") / size, **FREEDOM},
        {"plain": p * (1 - p) / size},
        {"usable": ENOUGH & (plain > 0)},
        {"effective": size / effect, "z": pl.when(usable).then(T).otherwise(Z95)},
    )
    low, high = wilson(p, pl.col("effective"), pl.col("z"))
    parts = {**clustered(num, den, cluster), "known": pl.col(known or den).sum()}
    value = pl.when(pl.col("known") > 0).then(p)
    words = f"sum of {num} / sum of {den}"
    return Value(parts, value, size, low, high, cluster, words, ratio=(num, den), steps=steps)


def share(top: pl.Expr, size: pl.Expr, words: str, *, known: str | None = None) -> Value:
    """Return `top / size`, a share of units that are independent, with Wilson's interval.

    Where `known` is named, the share is unknown unless that sum is above 0.
    """
    parts = {"top": top, "size": size, "known": size if known is None else pl.col(known).sum()}
    p = pl.col("top") / pl.col("size")
    low, high = wilson(p, pl.col("size"), pl.lit(Z95))
    return Value(parts, pl.when(pl.col("known") > 0).then(p), pl.col("size"), low, high, words=words)


def rate_of_last_days(num: str, den: str, days: int, *, cluster: str = "user_id") -> Value:
    """Return `rate(num, den)` of the last days of the window; `day` is of the grain, `last_day` a fact."""

    def units(rows: pl.LazyFrame, slices: Sequence[str]) -> pl.LazyFrame:
        recent = rows.filter(pl.col("day") > pl.col("last_day") - pl.duration(days=days))
        keys = list(dict.fromkeys((*slices, cluster)))
        return recent.group_by(keys, maintain_order=True).agg(pl.col(num, den).sum())

    value = rate(num, den, cluster=cluster)
    return replace(value, units=units, ratio=None, words=f"{value.words}, over the last {days} days of the window")
