"""What to sum for a set of metrics, how shards add, and what the sums are worth. Pure: no I/O, no engine.

1. sum:   on each shard, group by slice + grain and aggregate (`aggregates`); metrics with one grain share a group-by
2. add:   concatenate the small frames, group again, aggregate again (`add`)
3. value: group by slice, evaluate the value, its sample size and its interval (`evaluate`)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import narwhals.stable.v2 as nw
import polars as pl

from aiopsctl.events import Sum
from aiopsctl.metric import Metric


@dataclass(frozen=True)
class Reduction:
    """One group-by: its keys and the named sums to take. `required` keys may not be null."""

    keys: tuple[str, ...]
    required: tuple[str, ...]
    sums: dict[str, Sum] = field(default_factory=dict)


def reductions(metrics: Iterable[Metric], slices: Sequence[str]) -> list[Reduction]:
    """Return the group-bys that serve all the metrics: one for each distinct grain."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Reduction] = {}
    for metric in metrics:
        keys = _unique((*slices, *metric.keys))
        required = tuple(key for key in metric.grain if key not in slices)
        reduction = found.setdefault((keys, required), Reduction(keys, required))
        for name, what in metric.sums.items():
            reduction.sums[column_of(name, what)] = what
    return list(found.values())


def reduction_of(metric: Metric, slices: Sequence[str], among: Iterable[Reduction]) -> Reduction:
    """Return the reduction that holds the metric's sums."""
    (own,) = reductions([metric], slices)
    return next(r for r in among if (r.keys, r.required) == (own.keys, own.required))


def column_of(name: str, what: Sum) -> str:
    """Return the column of a sum: two metrics share it when they mean the same object by the same name."""
    return f"{name}@{id(what):x}"


def aggregates(reduction: Reduction) -> list[nw.Expr]:
    """Return the aggregations of a reduction over events; counts come out as Int64 on every engine."""
    return [_aggregate(what.row, what.add).alias(name) for name, what in reduction.sums.items()]


def _aggregate(row: nw.Expr, how: str) -> nw.Expr:
    if how == "sum":
        return row.sum().cast(nw.Int64)
    return row.min() if how == "min" else row.max()


def add(shards: Sequence[pl.DataFrame], reduction: Reduction) -> pl.DataFrame:
    """Return one frame of sums from those of the shards."""
    merged = pl.concat(shards, how="vertical_relaxed")
    if len(shards) == 1:
        return merged
    again = [getattr(pl.col(name), what.add)() for name, what in reduction.sums.items()]
    return merged.group_by(reduction.keys).agg(again) if reduction.keys else merged.select(again)


def evaluate(sums: pl.DataFrame, metric: Metric, slices: Sequence[str]) -> pl.DataFrame:
    """Return `value`, `n`, `low`, `high` and `coverage` of the metric for each slice that has rows.

    No data comes out as null, whether it began as null, NaN, infinity or a sample of size 0.
    """
    named = {column_of(name, what): name for name, what in metric.sums.items()}
    rows = sums.select(*slices, *(k for k in metric.keys if k not in slices), *named).rename(named)
    rows = rows.filter(pl.all_horizontal(pl.col(key).is_not_null() for key in metric.grain)) if metric.grain else rows
    v = metric.value
    covered = _NO_COVERAGE if metric.covers is None else _share(*metric.covers)
    found = rows.group_by(pl.lit(0).alias("_"), *slices).agg(
        value=v.value.cast(pl.Float64), n=v.n.cast(pl.Int64), low=v.low.cast(pl.Float64), high=v.high.cast(pl.Float64),
        coverage=covered,
    )  # fmt: skip
    is_known = pl.col("value").is_finite() & (pl.col("n") > 0)
    known = [
        pl.when(is_known & pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in ("value", "low", "high")
    ]
    return found.drop("_").with_columns(known)


_NO_COVERAGE = pl.lit(None, pl.Float64)


def _share(part: str, missing: str) -> pl.Expr:
    whole = pl.col(part).sum() + pl.col(missing).sum()
    return pl.when(whole > 0).then(pl.col(part).sum() / whole)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
