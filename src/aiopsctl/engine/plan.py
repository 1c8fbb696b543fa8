"""What to sum for a set of metrics, how shards add, and what the sums are worth. Pure: no I/O, no engine.

1. sum:   on each shard, group by slice + grain and aggregate (`aggregate`); metrics with one grain share a group-by
2. add:   concatenate the small frames, group again, aggregate again (`add`)
3. value: group by slice, evaluate the value, its sample size and its interval (`evaluate`)
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import narwhals.stable.v2 as nw
import polars as pl
from msgspec import Struct, field

from aiopsctl.metric import Metric
from aiopsctl.sums import Sum, name_of

_NONE: Mapping[str, pl.DataFrame] = MappingProxyType({})


class Reduction(Struct, frozen=True):
    """One group-by: its slices and grain, and the sums to take by column.

    `required` are keys that no metric can use as null, so that an engine need not sum such rows. `ordered` says that the
    sums are wanted in the order of the grain.
    """

    slices: tuple[str, ...]
    grain: tuple[str, ...]
    required: tuple[str, ...] = ()
    sums: dict[str, Sum] = field(default_factory=dict)
    ordered: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns to group by."""
        return (*self.slices, *self.grain)


def reductions(metrics: Iterable[Metric], slices: Sequence[str]) -> list[Reduction]:
    """Return the group-bys that serve all the metrics: one for each distinct grain."""
    sharing: dict[frozenset[str], list[Metric]] = {}
    for metric in metrics:
        sharing.setdefault(_grain(metric, slices), []).append(metric)
    return [_reduction(members, slices) for members in sharing.values()]


def _grain(metric: Metric, slices: Sequence[str]) -> frozenset[str]:
    return frozenset(metric.keys).difference(slices)


def _reduction(metrics: Sequence[Metric], slices: Sequence[str]) -> Reduction:
    grain = tuple(key for key in metrics[0].keys if key not in slices)
    required = tuple(key for key in grain if all(key in metric.grain for metric in metrics))
    sums = {column_of(what): what for metric in metrics for what in metric.sums.values()}
    return Reduction(tuple(slices), grain, required, sums, any(metric.value.ordered for metric in metrics))


def reduction_of(metric: Metric, slices: Sequence[str], among: Iterable[Reduction]) -> Reduction:
    """Return the reduction that holds the metric's sums."""
    grain = _grain(metric, slices)
    return next(r for r in among if grain == set(r.grain))


def column_of(what: Sum) -> str:
    """Return the column of a sum, which no canonical column can be mistaken for; equal in every run."""
    return f"sum_{name_of(what)}"


def aggregate(what: Sum) -> nw.Expr:
    """Return the aggregation of a sum over events; counts come out as Int64 on every engine."""
    if what.add == "sum":
        return what.row.sum().cast(nw.Int64)
    return what.row.min() if what.add == "min" else what.row.max()


def add(shards: Sequence[pl.DataFrame], reduction: Reduction) -> pl.DataFrame:
    """Return one frame of sums from those of the shards, in order."""
    merged = pl.concat(shards, how="vertical_relaxed")
    again = [getattr(pl.col(name), what.add)() for name, what in reduction.sums.items()]
    if not reduction.keys:
        return merged.select(again)
    if len(shards) > 1:
        merged = merged.group_by(reduction.keys).agg(again)
    return in_order(merged, reduction)


def in_order(sums: pl.DataFrame, reduction: Reduction) -> pl.DataFrame:
    """Return sums ordered by grain where that is wanted.

    The order makes the arithmetic over floats that follows come out alike, whatever the engine and the shards.
    """
    return sums.sort(reduction.grain) if reduction.grain and reduction.ordered else sums


def evaluate(
    sums: pl.DataFrame, metric: Metric, slices: Sequence[str], facts: Mapping[str, pl.DataFrame] = _NONE
) -> pl.DataFrame:
    """Return a row for each slice that has rows: the slices, then `value`, `n`, `low`, `high` and `coverage`.

    No data comes out as null, whether it began as null, NaN, infinity or a sample of size 0.
    """
    (found,) = evaluate_all([(sums, metric)], slices, facts)
    return found


def evaluate_all(
    pairs: Iterable[tuple[pl.DataFrame, Metric]], slices: Sequence[str], facts: Mapping[str, pl.DataFrame] = _NONE
) -> list[pl.DataFrame]:
    """Return what `evaluate` does, of many sums and metrics at once.

    The frames are small and many, so that planning and starting a query for each would cost more than running it.
    """
    frames = [_worth(sums.lazy(), metric, slices, facts) for sums, metric in pairs]
    return pl.collect_all(frames, optimizations=_FEW_STEPS, engine="in-memory")


_FEW_STEPS = pl.QueryOptFlags.none(projection_pushdown=True, simplify_expression=True, comm_subexpr_elim=True)
"""What pays on small frames, and keeps the order of rows, by which floats are added."""


def _worth(
    sums: pl.LazyFrame, metric: Metric, slices: Sequence[str], facts: Mapping[str, pl.DataFrame]
) -> pl.LazyFrame:
    """Return what the sums of a metric are worth.

    NOTE: `per` is a column of numbers, for Polars divides by one number as it multiplies by the inverse: a bit off.
    """
    keys = [pl.col(name).alias(f"by_{name}") for name in slices]
    v = metric.value
    covered = _NO_COVERAGE if metric.covers is None else _share(*metric.covers)
    rows = _summed(sums, metric, slices, facts)
    parts = (
        (rows if v.units is None else v.units(rows, slices))
        .with_columns(*keys)
        .group_by(pl.lit(0).alias("_"), *(f"by_{name}" for name in slices))
        .agg(coverage=covered, per=pl.len() * 0.0 + v.per, **v.parts)
    )
    value, low, high = (bound.cast(pl.Float64) / pl.col("per") for bound in (v.value, v.low, v.high))
    found = v.stepped(parts).select(
        *(f"by_{name}" for name in slices), value=value, n=v.n.cast(pl.Int64), low=low, high=high, coverage="coverage"
    )
    is_known = pl.col("value").is_finite() & (pl.col("n") > 0)
    return found.with_columns(
        pl.when(is_known & pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in ("value", "low", "high")
    )


def _summed(
    sums: pl.LazyFrame, metric: Metric, slices: Sequence[str], facts: Mapping[str, pl.DataFrame]
) -> pl.LazyFrame:
    """Return the rows of a metric: slices, grain, its sums by their names, and its facts."""
    rows = sums.drop_nulls(metric.grain) if metric.grain else sums
    named = [pl.col(column_of(what)).alias(name) for name, what in metric.sums.items()]
    keys = list(dict.fromkeys((*slices, *metric.keys)))
    found = rows.select(*keys, *named)
    across = [name for name in slices if name in metric.across]
    if metric.base and across:
        found = _spread(found, metric, keys, across)
    for name in metric.facts:
        *on, _ = facts[name].columns
        table = facts[name].lazy()
        found = found.join(table, on=on, how="left", maintain_order="left") if on else found.join(table, how="cross")
    return found


def _spread(rows: pl.LazyFrame, metric: Metric, keys: Sequence[str], across: Sequence[str]) -> pl.LazyFrame:
    """Return rows in which the base of a metric counts for every value of some columns that its other sums occur with."""
    again = {name: getattr(pl.col(name), what.add)() for name, what in metric.sums.items()}
    rest = [name for name in metric.sums if name not in metric.base]
    occurs = [pl.col(name) != 0 if metric.sums[name].add == "sum" else pl.col(name).is_not_null() for name in rest]
    values = rows.filter(pl.any_horizontal(occurs)).select(across).unique(maintain_order=True)
    base = (
        rows.group_by([name for name in keys if name not in across], maintain_order=True)
        .agg(**{name: again[name] for name in metric.base})
        .join(values, how="cross")
    )
    both = pl.concat([rows.drop(metric.base), base], how="diagonal")
    return both.group_by(keys, maintain_order=True).agg(**again)


_NO_COVERAGE = pl.lit(None, pl.Float64)


def _share(part: str, missing: str) -> pl.Expr:
    whole = pl.col(part).sum() + pl.col(missing).sum()
    return pl.when(whole > 0).then(pl.col(part).sum() / whole)
