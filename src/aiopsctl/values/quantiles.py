"""Quantiles by counting: exact, and alike on every engine."""

from fractions import Fraction

import polars as pl

from aiopsctl.values.spread import Z95
from aiopsctl.values.value import Value


def counted_quantile(column: str, number: str, q: float, *, per: float = 1) -> Value:
    """Return the smallest value of `column` that at least the share `q` of the counted events does not exceed.

    `number` counts the events at each value, so the quantile is exact. The interval is that of order statistics
    (binomial ranks by the normal approximation); a bound is null where the sample has no rank for it.
    """
    size = pl.col(number).sum()
    reached = pl.col(number).sort_by(column).cum_sum()
    ordered = pl.col(column).sort_by(column)

    def at(rank: pl.Expr) -> pl.Expr:
        found = ordered.filter(reached >= rank).first()
        return pl.when((rank >= 1) & (rank <= size)).then(found)

    spread = Z95 * (size * (q * (1 - q))).sqrt()
    parts = {
        "size": size,
        "found": at(rank_of(size, q)),
        "below": at((size * q - spread).floor()),
        "above": at((size * q + spread).ceil() + 1),
    }
    return Value(
        parts, pl.col("found"), pl.col("size"), pl.col("below"), pl.col("above"), per=per,
        words=f"smallest {column} that at least {q:.0%} of {number} do not exceed",
    )  # fmt: skip


def rank_of(size: pl.Expr, share: float) -> pl.Expr:
    """Return `share` of `size`, rounded up to a whole number, without the error of a float."""
    part = Fraction(str(share))
    return (size * part.numerator + part.denominator - 1) // part.denominator


def user_quantile(num: str, active: str, q: float, *, per: float = 1) -> Value:
    """Return the smallest total of `num` that at least the share `q` of the active users does not exceed."""
    user = pl.col(active) > 0
    found = pl.col(num).filter(user).sort().head(rank_of(user.sum(), q)).last()
    return Value(
        {"users": user.sum(), "found": found}, pl.col("found"), pl.col("users"), per=per,
        words=f"smallest {num} that at least {q:.0%} of users with {active} above 0 do not exceed",
    )  # fmt: skip
