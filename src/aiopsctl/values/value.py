"""What the third step of a metric makes of a slice: a value, its sample size and its interval, as expressions.

Everything is taken over one group of summed rows. The rows are small, so this is Polars on one machine whichever engine
made them. Intervals are 95 %, two-sided.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TypeVar

import polars as pl
from msgspec import Struct

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
NONE = pl.lit(None, pl.Float64)


class Value(Struct, frozen=True):
    """What a slice says: `value`, `n` (the sample size) and the interval `low` to `high` (null: none).

    `parts` are taken over the summed rows of the slice, each once; the other four are arithmetic over the parts. What
    occurs in it many times is a step on the way: `steps` are over the parts and the steps before.
    `cluster` names the unit whose rows belong together (calls of one user are not independent); the sums are then
    taken at that grain too, and rows without it count in the value but not in the interval. `per` is how many of the
    sums' unit make one of the value's (nano-dollars in a dollar). `units` makes the rows that the parts are taken over
    of the summed ones, where they are others: from rows and the names of the slices to rows. `ratio` names numerator and
    denominator of a mean of events: two windows of it can be told apart by users and days (see `changes.py`). `adds` names the
    sum that the value is, where it is nothing else. It is not `ordered` where only whole numbers are added, which come out
    alike in whatever order the rows are.
    """

    parts: Mapping[str, pl.Expr]
    value: pl.Expr
    n: pl.Expr
    low: pl.Expr = NONE
    high: pl.Expr = NONE
    cluster: str | None = None
    words: str = ""
    per: float = 1
    units: Callable[[pl.LazyFrame, Sequence[str]], pl.LazyFrame] | None = None
    ratio: tuple[str, str] | None = None
    adds: str | None = None
    ordered: bool = True
    steps: Sequence[Mapping[str, pl.Expr]] = ()

    def stepped(self, parts: Frame) -> Frame:
        """Return the parts with what is derived of them, over which value, sample size and interval are."""
        return reduce(lambda frame, step: frame.with_columns(**step), self.steps, parts)

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval at all, for some slices."""
        return self.low is not NONE
