"""Cost beside what the business expects of it: periods up to now, forecast, revenue."""

import polars as pl

from aiopsctl.facts import NANO
from aiopsctl.values.spread import FREEDOM, VARIANCE, VARIES, T
from aiopsctl.values.value import Value


def so_far(num: str, n: str, period: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per` of the current `period` (a Polars duration: `1d`, `1w`, `1mo`), up to the last day."""
    begins = pl.col("last_day").dt.truncate(period)
    current = (pl.col("day") >= begins) & (pl.col("day") <= pl.col("last_day"))
    parts = {"top": pl.col(num).filter(current).sum(), "size": pl.col(n).filter(current).sum()}
    return Value(
        parts, pl.col("top"), pl.col("size"), words=f"sum of {num} since the {period} of last_day began", per=per
    )


_EXPECTED = pl.col("forecast") * pl.col("month_share")


def over_forecast(num: str, n: str) -> Value:
    """Return `sum(num)` over the forecast, less 1, of the months that have one; a part of a month has that part of it."""
    planned = pl.col("forecast").is_not_null()
    parts = {
        "top": pl.col(num).filter(planned).sum(),
        "expected": _EXPECTED.sum(),
        "size": pl.col(n).filter(planned).sum(),
    }
    value = pl.col("top") / pl.col("expected") - 1
    return Value(parts, value, pl.col("size"), words=f"sum of {num} / sum of (forecast * month_share) - 1")


def overruns(num: str, n: str) -> Value:
    """Return how many of the latest months in a row lie above their forecast; unknown where the last has none."""
    is_over = (pl.col(num) > _EXPECTED).sort_by("month", descending=True)
    planned = pl.col("forecast").is_not_null().sort_by("month", descending=True)
    parts = {
        "run": is_over.fill_null(value=False).cast(pl.Int64).cum_min().sum(),
        "planned": planned.first(),
        "size": pl.col(n).filter(pl.col("forecast").is_not_null()).sum(),
    }
    value = pl.when(pl.col("planned")).then(pl.col("run"))
    return Value(parts, value, pl.col("size"), words=f"latest months in a row with {num} above forecast * month_share")


_COVERED = 0.95


def share_of_revenue(num: str, active: str) -> Value:
    """Return `sum(num)` over the revenue of the tiers' users, each counted for every month with `active` above 0.

    Unknown where less than 95 % of the cost is of tiers whose revenue is known, and where nobody pays. The interval is that of a ratio of
    sums over users (by month), as in `clustered`.
    """
    known, cost = pl.col("tier_revenue").is_not_null(), pl.col(num)
    paying = known & pl.col("user_id").is_not_null() & (pl.col(active) > 0)
    revenue = pl.when(paying).then(pl.col("tier_revenue") * pl.col("month_share")).otherwise(0.0)
    residual = (cost - cost.filter(known).sum() / revenue.sum() * revenue).filter(paying)
    parts = {
        "top": cost.filter(known).sum(),
        "all": cost.sum(),
        "covered": revenue.sum(),
        "units": paying.sum(),
        "users": pl.col("user_id").filter(paying & (pl.col("tier_revenue") > 0)).n_unique(),
        "squares": (residual**2).sum(),
        "fourths": (residual**4).sum(),
    }
    value = pl.when(pl.col("top") >= _COVERED * pl.col("all")).then(pl.col("top") / pl.col("covered"))
    half = pl.when(VARIES & (pl.col("units") > 1)).then(T * VARIANCE.sqrt())
    words = f"sum of {num} / sum of (tier_revenue * month_share) over users by month"
    low, high = (value - half).clip(0), value + half
    return Value(parts, value, pl.col("users"), low, high, "user_id", words, steps=[FREEDOM])


def revenue(n: str) -> Value:
    """Return the revenue of the product in US dollars; a part of a month has that part of it."""
    known = pl.col("month_revenue").is_not_null()
    parts = {
        "top": (pl.col("month_revenue") * pl.col("month_share")).sum(),
        "size": pl.col(n).filter(known).sum(),
    }
    return Value(parts, pl.col("top"), pl.col("size"), words="sum of (month_revenue * month_share)", per=NANO)
