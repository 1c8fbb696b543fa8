"""Totals, counts, means and extremes."""

import polars as pl

from aiopsctl.values.spread import (
    ENOUGH,
    FREEDOM,
    VARIANCE,
    VARIES,
    T,
    clustered,
    enough,
    freedom,
    student_t,
    variance,
    varies,
)
from aiopsctl.values.value import Value


def mean(
    num: str,
    den: str,
    *,
    cluster: str = "user_id",
    per: float = 1,
    least: float | None = 0,
    most: float | None = None,
    n: str | None = None,
    having: str = "",
    lacking: str = "",
) -> Value:
    """Return `sum(num) / sum(den) / per` with the user-clustered t interval of a ratio of sums.

    The interval ends where the mean can be no less or no more (in the unit of the sums). `n` names the sum that is the
    sample size, where `den` is none (tokens, time). Only units count that have a sum above 0 (`having`), or have none
    of it (`lacking`), where one is named.
    """
    among = pl.col(having) > 0 if having else pl.col(lacking) == 0 if lacking else pl.lit(value=True)
    size = pl.col("size")
    centre = pl.col("top") / size
    half = pl.when(ENOUGH & VARIES).then(T * VARIANCE.sqrt())
    low, high = (bound.clip(least, most) for bound in (centre - half, centre + half))
    where = f" where {having} is above 0" if having else f" where {lacking} is 0" if lacking else ""
    parts = clustered(num, den, cluster, among) | {"counted": pl.col(n or den).filter(among).sum()}
    words = f"sum of {num} / sum of {den}{where}"
    ratio = None if having or lacking else (num, den)
    return Value(parts, centre, pl.col("counted"), low, high, cluster, words, per, ratio=ratio, steps=[FREEDOM])


def mean_gap(num: str, den: str, *, between: str, most: float, cluster: str = "user_id", per: float = 1) -> Value:
    """Return the mean of units with `between` above 0 minus the mean of the others, of each `sum(num) / sum(den) / per`.

    The interval is Welch's of two independent means, each with its clustered variance and degrees of freedom; it ends
    at `most` either way.
    """
    has = pl.col(between) > 0
    parts = clustered(num, den, cluster, has, "with_") | clustered(num, den, cluster, ~has, "without_")
    with_, without = pl.col("with_variance"), pl.col("without_variance")
    df = (with_ + without) ** 2 / (with_**2 / freedom("with_") + without**2 / freedom("without_"))
    steps = [{"with_variance": variance("with_"), "without_variance": variance("without_")}, {"freedom": df}]
    known = enough("with_") & varies("with_") & enough("without_") & varies("without_")
    half = pl.when(known).then(student_t(pl.col("freedom")) * (with_ + without).sqrt())
    centre = pl.col("with_top") / pl.col("with_size") - pl.col("without_top") / pl.col("without_size")
    low, high = (bound.clip(-most, most) for bound in (centre - half, centre + half))
    size = pl.col("with_size") + pl.col("without_size")
    words = f"sum of {num} / sum of {den}, where {between} is above 0 minus where it is 0"
    return Value(parts, centre, size, low, high, cluster, words, per, steps=steps)


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


def per_active_user(num: str, active: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per` over the number of users with `active` above 0, where others may have some of `num` too.

    The interval is the t interval of a ratio over all known users; there is none where over 5 % of `num` have no user.
    """
    known = pl.col("user_id").is_not_null()
    one = (known & (pl.col(active) > 0)).cast(pl.Int64)
    top = pl.col(num)
    counted = known & ((one > 0) | (top > 0))
    residual = (top - top.sum() / one.sum() * one).filter(counted)
    parts = {
        "top": top.sum(),
        "size": one.sum(),
        "named": top.filter(known).sum(),
        "units": counted.sum(),
        "covered": one.sum(),
        "squares": (residual * residual).sum(),
        "fourths": (residual * residual * residual * residual).sum(),
    }
    is_known = (pl.col("units") > 1) & (pl.col("named") >= 0.95 * pl.col("top")) & VARIES
    half = pl.when(is_known).then(T * VARIANCE.sqrt())
    centre = pl.col("top") / pl.col("size")
    words = f"sum of {num} / users with {active} above 0"
    low, high = (centre - half).clip(0), centre + half
    return Value(parts, centre, pl.col("size"), low, high, "user_id", words, per, steps=[FREEDOM])


def total(num: str, n: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per`, unknown where there is nothing to add (`n` is 0)."""
    parts = {"top": pl.col(num).sum(), "size": pl.col(n).sum()}
    value = pl.when(pl.col("size") > 0).then(pl.col("top"))
    return Value(parts, value, pl.col("size"), words=f"sum of {num}", per=per, adds=num)


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


def distinct(active: str, *, per: str | None = None, where: str | None = None) -> Value:
    """Return how many summed rows have `active` above 0; with `per`, their mean number for each value of it.

    Only rows count for which `where` is true, where it is named.
    """
    is_active = pl.col(active) > 0
    if where:
        is_active = is_active & pl.col(where).fill_null(value=False)
    parts = {"rows": is_active.sum(), "size": pl.col(active).filter(is_active).sum()}
    words = f"rows with {active} above 0"
    if per is None:
        return Value(parts, pl.col("rows"), pl.col("size"), words=words, ordered=False)
    parts["periods"] = pl.col(per).filter(is_active).n_unique()
    mean = pl.col("rows") / pl.col("periods")
    return Value(parts, mean, pl.col("size"), words=f"{words} / number of {per}s", ordered=False)


def maximum(num: str, n: str, *, per: float = 1) -> Value:
    """Return the largest sum of any row; `n` names the sum that gives the sample size."""
    parts = {"largest": pl.col(num).max(), "size": pl.col(n).sum()}
    return Value(parts, pl.col("largest"), pl.col("size"), words=f"largest {num}", per=per)
