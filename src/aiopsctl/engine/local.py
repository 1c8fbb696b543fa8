"""The local engine: Polars, lazy and streaming. All sums of a run are one scan."""

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import polars as pl

from aiopsctl.engine.plan import Reduction, aggregates
from aiopsctl.sums import GRAINS


def reduce(events: pl.LazyFrame, plan: Sequence[Reduction]) -> list[pl.DataFrame]:
    """Return the sums of each reduction over one shard of canonical events.

    `events` has the canonical columns that the reductions touch, and the calendar columns that they group by.
    """
    lazy = nw.from_native(events)
    return pl.collect_all([_one(lazy, reduction).to_native() for reduction in plan], engine="streaming")


def _one(events: nw.LazyFrame[pl.LazyFrame], reduction: Reduction) -> nw.LazyFrame[pl.LazyFrame]:
    derived = {name: GRAINS[name] for name in reduction.keys if name in GRAINS}
    frame = events.with_columns(**derived) if derived else events
    for key in reduction.required:
        frame = frame.filter(~nw.col(key).is_null())
    if not reduction.keys:
        return frame.select(*aggregates(reduction))
    return frame.group_by(*reduction.keys).agg(*aggregates(reduction))
