"""Totals, counts, means and extremes."""

import polars as pl

from aiopsctl.values.spread import ENOUGH, VARIANCE, VARIES, T, clustered, student_t
from aiopsctl.values.value import Value


def mean(
    num: str, den: str, *, cluster: str = "user_id", per: float = 1,
    least: float | None = 0, most: float | None = None, n: str | None = None,
) -> Value:  # fmt: skip
    """Return `sum(num) / sum(den) / per` with the user-clustered t interval of a ratio of sums.

    The interval ends where the mean can be no less or no more (in the unit of the sums). `n` names the sum that is the
    sample size, where `den` is none (tokens, time).
    """
    size = pl.col("size")
    centre = pl.col("top") / size
    half = pl.when(ENOUGH & VARIES).then(T * VARIANCE.sqrt())
    low, high = (bound.clip(least, most) for bound in (centre - half, centre + half))
    parts = clustered(num, den, cluster) | {"counted": pl.col(n or den).sum()}
    return Value(parts, centre, pl.col("counted"), low, high, cluster, f"sum of {num} / sum of {den}", per)


def per_user(num: str, active: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per` over the number of users with `active` above 0, with the t interval over users."""
    user = pl.col("user_id").is_not_null() & (pl.col(active) > 0)
    parts = {"top": pl.col(num).sum(), "users": user.sum(), "deviation": pl.col(num).filter(user).std()}
    users = pl.col("users").cast(pl.Float64)
    half = pl.when(pl.col("deviation") > 0).then(student_t(users - 1) * pl.col("deviation") / users.sqrt())
    centre = pl.when(users > 0).then(pl.col("top") / users)
    low, high = (bound.clip(0) for bound in (centre - half, centre + half))
    words = f"sum of {num} / users with {active} above 0"
    return Value(parts, centre, users, low, high, "user_id", words, per)


def total(num: str, n: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per`, unknown where there is nothing to add (`n` is 0)."""
    parts = {"top": pl.col(num).sum(), "size": pl.col(n).sum()}
    value = pl.when(pl.col("size") > 0).then(pl.col("top"))
    return Value(parts, value, pl.col("size"), words=f"sum of {num}", per=per)


def count_beside(num: str, base: str) -> Value:
    """Return `sum(num)`, which is 0 where there is none; the sample are the events of `base`, or those counted."""
    parts = {"top": pl.col(num).sum(), "size": pl.col(base).sum()}
    return Value(parts, pl.col("top"), pl.max_horizontal("top", "size"), words=f"sum of {num}")


def count_of_last_day(num: str, base: str, at: str) -> Value:
    """Return `sum(num)` of the rows `at` most 24 hours before `window_end`, a fact; else as `count_beside`."""
    recent = pl.col(at) >= pl.col("window_end") - pl.duration(hours=24)
    parts = {"top": pl.col(num).filter(recent).sum(), "whole": pl.col(num).sum(), "size": pl.col(base).sum()}
    words = f"sum of {num} in the last 24 hours of the window"
    return Value(parts, pl.col("top"), pl.max_horizontal("whole", "size"), words=words)


def distinct(active: str, *, per: str | None = None) -> Value:
    """Return how many summed rows have `active` above 0; with `per`, their mean number for each value of it."""
    is_active = pl.col(active) > 0
    parts = {"rows": is_active.sum(), "size": pl.col(active).sum()}
    words = f"rows with {active} above 0"
    if per is None:
        return Value(parts, pl.col("rows"), pl.col("size"), words=words)
    parts["periods"] = pl.col(per).filter(is_active).n_unique()
    return Value(parts, pl.col("rows") / pl.col("periods"), pl.col("size"), words=f"{words} / number of {per}s")


def maximum(num: str, n: str, *, per: float = 1) -> Value:
    """Return the largest sum of any row; `n` names the sum that gives the sample size."""
    parts = {"largest": pl.col(num).max(), "size": pl.col(n).sum()}
    return Value(parts, pl.col("largest"), pl.col("size"), words=f"largest {num}", per=per)
