"""The local engine: Polars, lazy and streaming. All sums of a run are one scan."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from aiopsctl.engine.plan import Reduction, add, aggregate
from aiopsctl.sums import GRAINS, Sum

_HELD = 8
"""So many sums are held before they are added."""


def reduce(events: pl.LazyFrame, plan: Sequence[Reduction]) -> list[pl.DataFrame]:
    """Return the sums of each reduction over one shard of canonical events.

    `events` has the canonical columns that the reductions touch, and the calendar columns that they group by.
    """
    return pl.collect_all([_one(events, reduction) for reduction in plan], engine="streaming")


def reduce_all(shards: Iterable[pl.LazyFrame], plan: Sequence[Reduction]) -> list[pl.DataFrame]:
    """Return the sums of each reduction over several shards, of which one at a time is in memory.

    What several sums of one scan need of it is held until the last of them has it: it must not be the whole log.
    """
    held: list[list[pl.DataFrame]] = []
    for shard in shards:
        held.append(reduce(shard, plan))
        if len(held) == _HELD:
            held = [_added(held, plan)]
    return held[0] if len(held) == 1 else _added(held, plan)


def _added(shards: Sequence[Sequence[pl.DataFrame]], plan: Sequence[Reduction]) -> list[pl.DataFrame]:
    return [add(each, reduction) for reduction, *each in zip(plan, *shards, strict=True)]


def _one(events: pl.LazyFrame, reduction: Reduction) -> pl.LazyFrame:
    derived = [_grain(name).alias(name) for name in reduction.keys if name in GRAINS]
    frame = events.with_columns(derived) if derived else events
    if reduction.required:
        frame = frame.filter(pl.col(key).is_not_null() for key in reduction.required)
    sums = [_sum(what).alias(column) for column, what in reduction.sums.items()]
    return frame.group_by(reduction.keys).agg(sums) if reduction.keys else frame.select(sums)


@cache
def _grain(name: str) -> pl.Expr:
    return _translated(GRAINS[name])


@lru_cache(maxsize=500)
def _sum(what: Sum) -> pl.Expr:
    return _translated(aggregate(what))


def _translated(expr: nw.Expr) -> pl.Expr:
    """Return the Polars expression that Narwhals makes of one of its own; once, for that takes as long as a small query."""
    listener = _Listener()
    nw.from_native(listener).select(expr)
    return listener.heard[0]


class _Listener(pl.LazyFrame):
    """A frame that hears what is selected of it."""

    heard: Sequence[pl.Expr] = ()

    def select(self, *exprs: Any, **_: Any) -> pl.LazyFrame:
        """Take down the expressions."""
        self.heard = exprs
        return self
