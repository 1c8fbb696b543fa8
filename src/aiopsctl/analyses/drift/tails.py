"""The long end of a column of numbers: how much of it lies beyond what 95 % did not exceed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aiopsctl.analyses.drift.moves import TAIL, Series, judged
from aiopsctl.sums import Sum

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

TAILED = ("input_tokens", "output_tokens", "latency_ms", "ttft_ms")
"""Columns of which the long end is looked at, not the mean alone."""

QUANTILE = 0.95
FEWEST = 400
"""So many events are needed in both windows: 20 are then expected beyond the quantile."""


@dataclass(frozen=True)
class Tail:
    """What was the 95th percentile, what it is now (None of nothing), and the share of the events beyond the former."""

    before: float
    now: float | None
    series: Series

    @cached_property
    def p(self) -> float | None:
        """The p-value of a larger share beyond; None where there is too little data."""
        return self.series.p(1)

    def told(self, p: float | None) -> dict[str, Any]:
        """Return the long end as the answer has it; `p` is corrected for the number of tests."""
        series = self.series
        status, reason = judged(series, series.level, p, series.alone, series.blind())
        low, high = series.change.interval() if series.change and not series.lack else (None, None)
        return {
            "quantile": QUANTILE, "status": status, "value": self.now, "value_reference": self.before,
            "share_beyond": series.value, "share_beyond_reference": series.reference, "change_low": low,
            "change_high": high, "p": self.p, "p_adjusted": p, "detectable": series.detectable, "reason": reason,
        }  # fmt: skip


def quantile(values: Sequence[Any], counts: "Numbers") -> float | None:
    """Return the smallest of counted values (ascending) that 95 % do not exceed, None of nothing."""
    import numpy as np

    ends = counts.cumsum()
    if not len(ends) or not ends[-1]:
        return None
    return float(values[int(np.searchsorted(ends, QUANTILE * ends[-1] - 1e-9))])


def beyond(key: str, counted: Sum, limit: float) -> Sum:
    """Return how many of the events that are counted lie beyond a limit."""
    import narwhals.stable.v2 as nw

    return Sum(nw.when(nw.col(key) > limit).then(counted.row).otherwise(nw.lit(0)))


def tail_of(sides: "tuple[Sequence[Any], Numbers, Numbers]", rows: "pl.DataFrame", before: float) -> Tail:
    """Return the long end of a column: its counted values, and its rows with how many of `size` are beyond (`top`)."""
    values, _, after = sides
    return Tail(before, quantile(values, after), Series(rows, "difference", TAIL, 1, fewest=FEWEST))
