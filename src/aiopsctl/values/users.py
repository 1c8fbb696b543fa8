"""What only shows when the sums are taken by user: who weighs most, who leaves."""

import polars as pl

from aiopsctl.values.quantiles import rank_of
from aiopsctl.values.spread import Z95, wilson
from aiopsctl.values.value import Value

_SHARE = pl.col("top") / pl.col("users")
_OF_SHARE = wilson(_SHARE, pl.col("users"), pl.lit(Z95))


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

    Where nobody activated, the share is of the users with a call.
    """
    activated = pl.col("activations") > 0
    anyone = activated.any()
    left = (pl.col("last_opt_out") > pl.col("last_activation")).fill_null(value=False)
    base = pl.when(anyone).then(activated).otherwise(pl.col("calls") > 0)
    gone = pl.when(anyone).then(activated & left).otherwise((pl.col("calls") > 0) & (pl.col("opt_outs") > 0))
    parts = {"top": gone.sum(), "users": base.sum()}
    return _share(parts, "users who left / users who activated")


def retained(days: int, *, settle: int, others: bool = False) -> Value:
    """Return the share of users in use `days` after they began, or later, of those who began long enough ago.

    Long enough is `days` and `settle` more before the end of the window. Users begin with their first activation; where
    nobody activated, with their first call. The `others` neither activated nor called, and begin when first active.
    """
    nobody = pl.col("first_activation").is_null().all()
    began = pl.coalesce("first_activation", pl.when(nobody).then("first_call"))
    if others:
        uses = pl.col("first_activation").is_not_null() | pl.col("first_call").is_not_null()
        began = pl.when(~uses).then("first_active")
    old = (began + pl.duration(days=days + settle) <= pl.col("window_end")).fill_null(value=False)
    stayed = (pl.col("last_in_use") >= began + pl.duration(days=days)).fill_null(value=False)
    parts = {"top": (old & stayed).sum(), "users": old.sum()}
    return _share(parts, f"users in use {days} days after they began, or later / users who began by then")


def adopted() -> Value:
    """Return the users with a call over the users of the product, of each month where the product's are given.

    Else, and where a month lacks its figure, all users in the log are the product's.
    """
    calls, given = pl.col("calls") > 0, pl.col("product_mau")
    parts = {
        "caller_months": calls.sum(),
        "product_months": given.filter(pl.col("month").is_first_distinct()).sum(),
        "is_given": given.is_not_null().all(),
        "callers": pl.col("user_id").filter(calls).n_unique(),
        "seen": pl.col("user_id").filter(pl.col("in_product") > 0).n_unique(),
    }
    top = pl.when("is_given").then("caller_months").otherwise("callers")
    users = pl.when(pl.col("seen") > 0).then(pl.when("is_given").then("product_months").otherwise("seen"))
    p = top / users
    low, high = wilson(p, users, pl.lit(Z95))
    return Value(parts, p, users, low, high, words="users with calls above 0 / users of the product", ordered=False)


def stickiness(active: str) -> Value:
    """Return the mean number of active users of a day over the number of users active at all."""
    is_active = pl.col(active) > 0
    parts = {
        "rows": is_active.sum(),
        "days": pl.col("day").filter(is_active).n_unique(),
        "users": pl.col("user_id").filter(is_active).n_unique(),
    }
    value = pl.col("rows") / pl.col("days") / pl.col("users")
    return Value(parts, value, pl.col("users"), words=f"users with {active} above 0, of a day / in all", ordered=False)


def _share(parts: dict[str, pl.Expr], words: str) -> Value:
    """Return `top / users` with Wilson's interval: users are independent."""
    return Value(parts, _SHARE, pl.col("users"), *_OF_SHARE, words=words)
