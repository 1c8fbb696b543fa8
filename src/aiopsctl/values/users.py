"""What only shows when the sums are taken by user: who weighs most, who leaves."""

import polars as pl

from aiopsctl.values.quantiles import rank_of
from aiopsctl.values.spread import Z95, wilson
from aiopsctl.values.value import Value


def largest_over_mean(num: str, active: str) -> Value:
    """Return the largest total of any active user over the mean total of active users."""
    spent = pl.col(num).filter(pl.col(active) > 0)
    parts = {"largest": spent.max(), "top": spent.sum(), "users": (pl.col(active) > 0).sum()}
    return Value(
        parts, pl.col("largest") / (pl.col("top") / pl.col("users")), pl.col("users"),
        words=f"largest {num} of a user / mean {num} of users with {active} above 0",
    )  # fmt: skip


def top_share(num: str, active: str, share: float) -> Value:
    """Return the part of the total that the top `share` of active users (rounded up to whole users) account for."""
    user = pl.col(active) > 0
    spent = pl.col(num).filter(user)
    heaviest = spent.sort(descending=True).head(rank_of(user.sum(), share)).sum()
    return Value(
        {"heaviest": heaviest, "top": spent.sum(), "users": user.sum()},
        pl.col("heaviest") / pl.col("top"), pl.col("users"),
        words=f"{num} of the top {share:.0%} of users / {num} of all users",
    )  # fmt: skip


def opted_out() -> Value:
    """Return the share of users who activated and whose last opt-out is later than their last activation.

    Where nobody activated in the log, the share is of the users with a call. Unknown without any activity.
    """
    activated = pl.col("activations") > 0
    anyone = activated.any()
    left = (pl.col("last_opt_out") > pl.col("last_activation")).fill_null(value=False)
    base = pl.when(anyone).then(activated).otherwise(pl.col("calls") > 0)
    gone = pl.when(anyone).then(activated & left).otherwise((pl.col("calls") > 0) & (pl.col("opt_outs") > 0))
    parts = {
        "gone": gone.sum(),
        "users": base.sum(),
        "seen": (pl.col("activations") + pl.col("opt_outs")).sum(),
    }
    p = pl.col("gone") / pl.col("users")
    low, high = wilson(p, pl.col("users"), pl.lit(Z95))
    value = pl.when(pl.col("seen") > 0).then(p)
    return Value(parts, value, pl.col("users"), low, high, words="users who left / users who activated")
