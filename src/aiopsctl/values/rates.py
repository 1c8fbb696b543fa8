"""Shares of events, with Wilson's interval widened by how alike the events of one user are."""

from collections.abc import Sequence

import polars as pl
from msgspec.structs import replace

from aiopsctl.values.spread import ENOUGH, FREEDOM, VARIANCE, Z95, T, clustered, wilson
from aiopsctl.values.value import Value

_SIZE, _P, _PLAIN, _USABLE = (pl.col(name) for name in ("size", "p", "plain", "usable"))
_SHARE = pl.col("top") / _SIZE
_EFFECT = pl.when(_USABLE).then(pl.max_horizontal(VARIANCE / _PLAIN, 1.0)).otherwise(1.0)
_STEPS = (
    {"p": _SHARE, **FREEDOM},
    {"plain": _P * (1 - _P) / _SIZE},
    {"usable": ENOUGH & (_PLAIN > 0)},
    {"effective": _SIZE / _EFFECT, "z": pl.when(_USABLE).then(T).otherwise(Z95)},
)
_OF_RATE = wilson(_P, pl.col("effective"), pl.col("z"))
_OF_SHARE = wilson(_SHARE, _SIZE, pl.lit(Z95))


def rate(num: str, den: str, *, known: str | None = None, cluster: str = "user_id") -> Value:
    """Return `sum(num) / sum(den)`, a share of events, with a Wilson interval widened by the design effect of users.

    Where `known` is named, the rate is unknown unless that sum is above 0.
    """
    parts = {**clustered(num, den, cluster), "known": pl.col(known or den).sum()}
    value = pl.when(pl.col("known") > 0).then(_P)
    words = f"sum of {num} / sum of {den}"
    return Value(parts, value, _SIZE, *_OF_RATE, cluster, words, ratio=(num, den), steps=_STEPS)


def share(top: pl.Expr, size: pl.Expr, words: str, *, known: str | None = None) -> Value:
    """Return `top / size`, a share of units that are independent, with Wilson's interval.

    Where `known` is named, the share is unknown unless that sum is above 0.
    """
    parts = {"top": top, "size": size, "known": size if known is None else pl.col(known).sum()}
    value = pl.when(pl.col("known") > 0).then(_SHARE)
    return Value(parts, value, _SIZE, *_OF_SHARE, words=words)


def rate_of_last_days(num: str, den: str, days: int, *, cluster: str = "user_id") -> Value:
    """Return `rate(num, den)` of the last days of the window; `day` is of the grain, `last_day` a fact."""

    def units(rows: pl.LazyFrame, slices: Sequence[str]) -> pl.LazyFrame:
        recent = rows.filter(pl.col("day") > pl.col("last_day") - pl.duration(days=days))
        keys = list(dict.fromkeys((*slices, cluster)))
        return recent.group_by(keys, maintain_order=True).agg(pl.col(num, den).sum())

    value = rate(num, den, cluster=cluster)
    return replace(value, units=units, ratio=None, words=f"{value.words}, over the last {days} days of the window")
