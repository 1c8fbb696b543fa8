"""The third step of a metric: a value, its sample size and its interval, over summed rows.

Each function returns expressions for one group of summed rows (a slice). The rows are small, so this is Polars on one
machine whichever engine made them. Intervals are 95 %, two-sided.
"""

from dataclasses import dataclass
from fractions import Fraction

import polars as pl

Z95 = 1.959963984540054
_NONE = pl.lit(None, pl.Float64)


@dataclass(frozen=True)
class Value:
    """What a slice says: `value`, `n` (the sample size) and the interval `low` to `high` (null: none).

    `cluster` names the unit whose rows belong together (calls of one user are not independent); the sums are then
    taken at that grain too, and rows without it count in the value but not in the interval.
    """

    value: pl.Expr
    n: pl.Expr
    low: pl.Expr = _NONE
    high: pl.Expr = _NONE
    cluster: str | None = None
    words: str = ""


def student_t(df: pl.Expr) -> pl.Expr:
    """Return the 97.5 % quantile of Student's t for `df` degrees of freedom; null below 2.

    Cornish-Fisher expansion in 1/df (Abramowitz and Stegun 26.7.5): within 0.1 % from df 4 on.
    """
    z, v = Z95, df
    return pl.when(df >= 2).then(  # noqa: PLR2004 - below two degrees of freedom the expansion says nothing
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


@dataclass(frozen=True)
class _Clustered:
    """Linearised variance of a ratio of sums and its degrees of freedom, from rows of one unit each."""

    variance: pl.Expr
    df: pl.Expr
    enough: pl.Expr


def _clustered(num: pl.Expr, den: pl.Expr, cluster: str) -> _Clustered:
    """Return the cluster-robust variance of `sum(num) / sum(den)` (delta method, G/(G-1) corrected).

    `enough` holds where at least 95 % of the denominator belongs to known units and there are two or more of them.
    """
    known = pl.col(cluster).is_not_null() & (den > 0)
    residual = (num - num.sum() / den.sum() * den).filter(known)
    units = known.sum()
    covered = den.filter(known).sum()
    variance = units / (units - 1) * (residual**2).sum() / covered**2
    df = (residual**2).sum() ** 2 / (residual**4).sum()
    return _Clustered(variance, df, (units > 1) & (covered >= 0.95 * den.sum()))


def rate(num: str, den: str, *, known: str | None = None, cluster: str = "user_id") -> Value:
    """Return `sum(num) / sum(den)`, a share of events, with a Wilson interval widened by the design effect of users.

    Where `known` is named, the rate is unknown unless that sum is above 0.
    """
    size = pl.col(den).sum()
    p = pl.col(num).sum() / size
    c = _clustered(pl.col(num), pl.col(den), cluster)
    plain = p * (1 - p) / size
    usable = c.enough & (plain > 0) & (c.df >= 2)  # noqa: PLR2004 - as in student_t
    effect = pl.when(usable).then(pl.max_horizontal(c.variance / plain, 1.0)).otherwise(1.0)
    z = pl.when(usable).then(student_t(c.df)).otherwise(Z95)
    low, high = _wilson(p, size / effect, z)
    value = p if known is None else pl.when(pl.col(known).sum() > 0).then(p)
    return Value(value, size, low, high, cluster, f"sum of {num} / sum of {den}")


def distinct_rate(mark: str, den: str, *, within: str) -> Value:
    """Return the number of distinct non-empty `mark` over `sum(den)` of those `within` that have a mark at all.

    The interval is Wilson's.
    """
    marked = pl.col(mark) != ""
    inside = pl.col(within).is_in(pl.col(within).filter(marked).implode())
    size = pl.col(den).filter(inside).sum()
    p = marked.sum() / size
    low, high = _wilson(p, size, pl.lit(Z95))
    return Value(p, size, low, high, words=f"distinct {mark} / sum of {den} where {within} has any")


def _wilson(p: pl.Expr, n: pl.Expr, z: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the bounds of Wilson's score interval (Wilson 1927)."""
    n = n.cast(pl.Float64)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)).sqrt()
    return (centre - half).clip(0, 1), (centre + half).clip(0, 1)


def mean(num: str, den: str, *, cluster: str = "user_id", per: float = 1) -> Value:
    """Return `sum(num) / sum(den) / per` with the user-clustered t interval of a ratio of sums."""
    size = pl.col(den).sum()
    centre = pl.col(num).sum() / size
    c = _clustered(pl.col(num), pl.col(den), cluster)
    half = pl.when(c.enough).then(student_t(c.df) * c.variance.sqrt())
    return Value(centre / per, size, (centre - half) / per, (centre + half) / per, cluster, f"sum of {num} / sum of {den}")


def per_user(num: str, active: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per` over the number of users with `active` above 0, with the t interval over users."""
    user = pl.col("user_id").is_not_null() & (pl.col(active) > 0)
    users = user.sum()
    spent = pl.col(num).filter(user)
    half = student_t((users - 1).cast(pl.Float64)) * spent.std() / users.sqrt()
    centre = pl.when(users > 0).then(pl.col(num).sum() / users)
    return Value(
        centre / per, users, (centre - half) / per, (centre + half) / per, "user_id",
        f"sum of {num} / users with {active} above 0",
    )  # fmt: skip


def total(num: str, n: str, *, per: float = 1) -> Value:
    """Return `sum(num) / per`, unknown where there is nothing to add (`n` is 0)."""
    size = pl.col(n).sum()
    return Value(pl.when(size > 0).then(pl.col(num).sum() / per), size, words=f"sum of {num}")


def distinct(active: str, *, per: str | None = None) -> Value:
    """Return how many summed rows have `active` above 0; with `per`, their mean number for each value of it."""
    rows = (pl.col(active) > 0).sum()
    if per is None:
        return Value(rows.cast(pl.Float64), pl.col(active).sum(), words=f"rows with {active} above 0")
    periods = pl.col(per).filter(pl.col(active) > 0).n_unique()
    return Value(rows / periods, pl.col(active).sum(), words=f"rows with {active} above 0 / number of {per}s")


def maximum(num: str, n: str, *, per: float = 1) -> Value:
    """Return the largest sum of any row; `n` names the sum that gives the sample size."""
    return Value(pl.col(num).max() / per, pl.col(n).sum(), words=f"largest {num}")


def counted_quantile(column: str, number: str, q: float, *, per: float = 1) -> Value:
    """Return the smallest value of `column` that at least the share `q` of the counted events does not exceed.

    `number` counts the events at each value, so the quantile is exact. The interval is that of order statistics
    (binomial ranks by the normal approximation); a bound is null where the sample has no rank for it.
    """
    part = Fraction(str(q))
    size = pl.col(number).sum()
    reached = pl.col(number).sort_by(column).cum_sum()
    ordered = pl.col(column).sort_by(column)

    def at(rank: pl.Expr) -> pl.Expr:
        found = ordered.filter(reached >= rank).first()
        return pl.when((rank >= 1) & (rank <= size)).then(found / per)

    needed = (size * part.numerator + part.denominator - 1) // part.denominator
    spread = Z95 * (size * (q * (1 - q))).sqrt()
    low, high = (size * q - spread).floor(), (size * q + spread).ceil() + 1
    words = f"smallest {column} that at least {q:.0%} of {number} do not exceed"
    return Value(at(needed), size, at(low), at(high), words=words)


def user_quantile(num: str, active: str, q: float, *, per: float = 1) -> Value:
    """Return the smallest total of `num` that at least the share `q` of the active users does not exceed."""
    user = pl.col(active) > 0
    part = Fraction(str(q))
    users = user.sum()
    rank = (users * part.numerator + part.denominator - 1) // part.denominator
    ordered = pl.col(num).filter(user).sort()
    return Value(
        pl.when(users > 0).then(ordered.head(rank).last() / per), users,
        words=f"smallest {num} that at least {q:.0%} of users with {active} above 0 do not exceed",
    )  # fmt: skip


def largest_over_mean(num: str, active: str) -> Value:
    """Return the largest total of any active user over the mean total of active users."""
    spent = pl.col(num).filter(pl.col(active) > 0)
    return Value(
        spent.max() / spent.mean(), (pl.col(active) > 0).sum(),
        words=f"largest {num} of a user / mean {num} of users with {active} above 0",
    )  # fmt: skip


def top_share(num: str, active: str, share: float) -> Value:
    """Return the part of the total that the top `share` of active users (rounded up to whole users) account for."""
    part = Fraction(str(share))
    spent = pl.col(num).filter(pl.col(active) > 0)
    users = (pl.col(active) > 0).sum()
    top = (users * part.numerator + part.denominator - 1) // part.denominator
    return Value(
        spent.sort(descending=True).head(top).sum() / spent.sum(), users,
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
    size = base.sum()
    seen = (pl.col("activations") + pl.col("opt_outs")).sum() > 0
    p = gone.sum() / size
    low, high = _wilson(p, size, pl.lit(Z95))
    return Value(pl.when(seen).then(p), size, low, high, words="users who left / users who activated")
