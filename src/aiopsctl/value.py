"""The third step of a metric: a value, its sample size and its interval, over summed rows.

Each function returns expressions for one group of summed rows (a slice). The rows are small, so this is Polars on one
machine whichever engine made them. Intervals are 95 %, two-sided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import polars as pl

Z95 = 1.959963984540054
_NONE = pl.lit(None, pl.Float64)
_T95 = (1.210247, 0.707073, 0.169555, -0.319659, 0.101962)


@dataclass(frozen=True)
class Value:
    """What a slice says: `value`, `n` (the sample size) and the interval `low` to `high` (null: none).

    `parts` are taken over the summed rows of the slice, each once; the other four are arithmetic over the parts.
    `cluster` names the unit whose rows belong together (calls of one user are not independent); the sums are then
    taken at that grain too, and rows without it count in the value but not in the interval. `per` is how many of the
    sums' unit make one of the value's (nano-dollars in a dollar).
    """

    parts: Mapping[str, pl.Expr]
    value: pl.Expr
    n: pl.Expr
    low: pl.Expr = _NONE
    high: pl.Expr = _NONE
    cluster: str | None = None
    words: str = ""
    per: float = 1

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval at all, for some slices."""
        return self.low is not _NONE


def student_t(df: pl.Expr) -> pl.Expr:
    """Return the 97.5 % quantile of Student's t for `df` degrees of freedom, which may be fractions; null below 1.

    Its logarithm is a polynomial in 1/df, exact at infinity and fitted to scipy's: within 0.002 % everywhere.
    """
    log = reduce(lambda higher, c: (higher + c) / df, reversed(_T95), pl.lit(0.0))
    return pl.when(df >= 1).then(Z95 * log.exp())


def _clustered(num: str, den: str, cluster: str) -> dict[str, pl.Expr]:
    """Return the parts of a ratio of sums and of its cluster-robust variance (delta method): one row, one unit."""
    top, bottom = pl.col(num), pl.col(den)
    known = pl.col(cluster).is_not_null() & (bottom > 0)
    residual = (top - top.sum() / bottom.sum() * bottom).filter(known)
    return {
        "top": top.sum(),
        "size": bottom.sum(),
        "units": known.sum(),
        "covered": bottom.filter(known).sum(),
        "squares": (residual * residual).sum(),
        "fourths": (residual * residual * residual * residual).sum(),
    }


_ENOUGH = (pl.col("units") > 1) & (pl.col("covered") >= 0.95 * pl.col("size"))
"""Whether at least 95 % of the denominator belongs to known units, and there are two or more of them."""
_VARIANCE = pl.col("units") / (pl.col("units") - 1) * pl.col("squares") / pl.col("covered") / pl.col("covered")
_VARIES = pl.col("squares") > 1e-30 * pl.col("top") * pl.col("top")
"""Whether the units differ at all, by more than the error of a float: of units all alike the variance is not known."""
_T = pl.when(_VARIES).then(student_t(pl.col("squares") * pl.col("squares") / pl.col("fourths"))).otherwise(Z95)
"""The t quantile at data-driven degrees of freedom: few where few units dominate."""


def rate(num: str, den: str, *, known: str | None = None, cluster: str = "user_id") -> Value:
    """Return `sum(num) / sum(den)`, a share of events, with a Wilson interval widened by the design effect of users.

    Where `known` is named, the rate is unknown unless that sum is above 0.
    """
    size = pl.col("size")
    p = pl.col("top") / size
    plain = p * (1 - p) / size
    usable = _ENOUGH & (plain > 0)
    effect = pl.when(usable).then(pl.max_horizontal(_VARIANCE / plain, 1.0)).otherwise(1.0)
    low, high = _wilson(p, size / effect, pl.when(usable).then(_T).otherwise(Z95))
    parts = {**_clustered(num, den, cluster), "known": pl.col(known or den).sum()}
    return Value(parts, pl.when(pl.col("known") > 0).then(p), size, low, high, cluster, f"sum of {num} / sum of {den}")


def distinct_rate(mark: str, den: str, *, within: str) -> Value:
    """Return the number of distinct non-empty `mark` over `sum(den)` of those `within` that have a mark at all.

    The interval is Wilson's.
    """
    marked = pl.col(mark) != ""
    inside = pl.col(within).is_in(pl.col(within).filter(marked).implode())
    parts = {"marks": marked.sum(), "size": pl.col(den).filter(inside).sum()}
    p = pl.col("marks") / pl.col("size")
    low, high = _wilson(p, pl.col("size"), pl.lit(Z95))
    return Value(
        parts, p, pl.col("size"), low, high, words=f"distinct {mark} / sum of {den} where {within} has any"
    )  # fmt: skip


def _wilson(p: pl.Expr, n: pl.Expr, z: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the bounds of Wilson's score interval (Wilson 1927); exactly 0 and 1 where nothing or all counted."""
    n = n.cast(pl.Float64)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)).sqrt()
    low, high = (centre - half).clip(0, 1), (centre + half).clip(0, 1)
    return pl.when(p > 0).then(low).otherwise(0.0), pl.when(p < 1).then(high).otherwise(1.0)


def mean(
    num: str, den: str, *, cluster: str = "user_id", per: float = 1, least: float = 0, most: float | None = None
) -> Value:
    """Return `sum(num) / sum(den) / per` with the user-clustered t interval of a ratio of sums.

    The interval ends where the mean can be no less or no more.
    """
    size = pl.col("size")
    centre = pl.col("top") / size
    half = pl.when(_ENOUGH & _VARIES).then(_T * _VARIANCE.sqrt())
    low, high = (bound.clip(least, most) for bound in (centre - half, centre + half))
    return Value(_clustered(num, den, cluster), centre, size, low, high, cluster, f"sum of {num} / sum of {den}", per)


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
        "found": at(_rank(size, q)),
        "below": at((size * q - spread).floor()),
        "above": at((size * q + spread).ceil() + 1),
    }
    return Value(
        parts, pl.col("found"), pl.col("size"), pl.col("below"), pl.col("above"), per=per,
        words=f"smallest {column} that at least {q:.0%} of {number} do not exceed",
    )  # fmt: skip


def _rank(size: pl.Expr, share: float) -> pl.Expr:
    """Return `share` of `size`, rounded up to a whole number, without the error of a float."""
    part = Fraction(str(share))
    return (size * part.numerator + part.denominator - 1) // part.denominator


def user_quantile(num: str, active: str, q: float, *, per: float = 1) -> Value:
    """Return the smallest total of `num` that at least the share `q` of the active users does not exceed."""
    user = pl.col(active) > 0
    found = pl.col(num).filter(user).sort().head(_rank(user.sum(), q)).last()
    return Value(
        {"users": user.sum(), "found": found}, pl.col("found"), pl.col("users"), per=per,
        words=f"smallest {num} that at least {q:.0%} of users with {active} above 0 do not exceed",
    )  # fmt: skip


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
    heaviest = spent.sort(descending=True).head(_rank(user.sum(), share)).sum()
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
    low, high = _wilson(p, pl.col("users"), pl.lit(Z95))
    value = pl.when(pl.col("seen") > 0).then(p)
    return Value(parts, value, pl.col("users"), low, high, words="users who left / users who activated")
