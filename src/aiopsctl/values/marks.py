"""What is counted once for each call that feedback is about, however often it is said, and what waits for it.

`marked_call` of the grain is the call that feedback names, empty for rows that are no feedback.
"""

from collections.abc import Sequence

import polars as pl
from msgspec.structs import replace

from aiopsctl.values.rates import rate, share
from aiopsctl.values.value import Value

_MARK = "marked_call"
_IS_MARKED = pl.col(_MARK) != ""
_US_IN_HOUR = 3.6e9


def distinct_rate(hits: str, den: str, *, where: str | None = None, cluster: str = "user_id") -> Value:
    """Return the number of distinct calls with `hits` above 0 over `sum(den)`, with the interval of `rate`.

    With `where`, a fact, only rows count for which it is known (features that have such feedback at all). A call counts
    for the first of its users.
    """

    def units(rows: pl.LazyFrame, slices: Sequence[str]) -> pl.LazyFrame:
        inside = rows if where is None else rows.filter(pl.col(where).is_not_null())
        marks = inside.filter(_IS_MARKED & (pl.col(hits) > 0)).unique(
            [*slices, _MARK], keep="first", maintain_order=True
        )
        both = [inside.with_columns(marks=0), marks.with_columns(pl.lit(0).alias(den), marks=1)]
        keys = list(dict.fromkeys((*slices, cluster)))
        return (
            pl.concat(both, how="vertical_relaxed").group_by(keys, maintain_order=True).agg(pl.col("marks", den).sum())
        )

    suffix = "" if where is None else " where they can have any"
    words = f"distinct calls with {hits} / sum of {den}{suffix}"
    return replace(rate("marks", den, cluster=cluster), units=units, words=words, ratio=None)


def sampled_share(hits: str, den: str) -> Value:
    """Return the number of distinct calls with `hits` above 0 over `sum(den)`, where calls were drawn one by one."""
    marks = (_IS_MARKED & (pl.col(hits) > 0)).sum()
    return share(marks, pl.col(den).sum(), f"distinct calls with {hits} / sum of {den}")


def waiting(sampled: str, done: str, base: str) -> Value:
    """Return how many distinct calls are `sampled` and not `done`; the sample are the calls of `base`, or those."""
    parts = {"waiting": _waits(sampled, done).sum(), "size": _size(base, sampled)}
    return Value(parts, pl.col("waiting"), pl.col("size"), words=f"distinct calls with {sampled} and without {done}")


def longest_wait(since: str, sampled: str, done: str, base: str) -> Value:
    """Return the hours from the oldest `since` of a call that waits to `window_end`, a fact; 0 where none waits."""
    oldest = pl.col(since).filter(_waits(sampled, done)).min()
    parts = {
        "waiting": _waits(sampled, done).sum(),
        "size": _size(base, sampled),
        "waited": (pl.col("window_end").first() - oldest).dt.total_microseconds(),
    }
    value = pl.when(pl.col("waiting") > 0).then(pl.col("waited")).otherwise(0)
    words = f"hours from the oldest {since} of a call without {done} to the end of the window"
    return Value(parts, value, pl.col("size"), words=words, per=_US_IN_HOUR)


def _waits(sampled: str, done: str) -> pl.Expr:
    return _IS_MARKED & (pl.col(sampled) > 0) & (pl.col(done) == 0)


def _size(base: str, sampled: str) -> pl.Expr:
    return pl.max_horizontal(pl.col(base).sum(), (_IS_MARKED & (pl.col(sampled) > 0)).sum())
