"""How far the means of a log moved between two windows, metric by metric and slice by slice.

The statistic is that of `stats/change.py`; here its sums are taken: by user and day, in whole numbers, on the engine.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from aiopsctl.engine.kept import Events
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import WINDOW, Scope, labels, sums
from aiopsctl.metric import Metric
from aiopsctl.readable import DIFFER
from aiopsctl.stats.change import Change, Days, Scale, Units, change
from aiopsctl.where import check_by

Key = tuple[tuple[str, Any], ...]
_GRAIN = ("day", "user_id")
_MOSTLY = 0.95


def changes(events: Events, metrics: Sequence[Metric], scope: Scope) -> dict[tuple[str, Key], Change]:
    """Return the change of every metric that is a mean of events, from the window compared with, by metric and slice.

    A slice is the items of its labels. Metrics that are no mean of events, and slices of one window only, are left out.
    """
    means = [metric for metric in metrics if metric.value.ratio]
    if not means or scope.reference is None:
        return {}
    check_by(scope.by)
    wanted = {column_of(metric.sums[name]): metric.sums[name] for metric in means for name in metric.value.ratio or ()}
    grain = tuple(name for name in _GRAIN if name not in scope.by)
    (rows,) = sums(events, [Reduction((*scope.by, WINDOW), grain, (), wanted)], scope)
    rows = rows.with_columns(pl.col(name).alias(f"by_{name}") for name in scope.by)
    found = {}
    for key, part in _slices(rows, scope.by):
        slice_ = tuple(labels(scope, key).items())
        for metric in means:
            own = _moved(part, metric)
            if own is not None:
                found[metric.name, slice_] = own
    return found


def _slices(rows: pl.DataFrame, by: Sequence[str]) -> Iterable[tuple[tuple[Any, ...], pl.DataFrame]]:
    if not by:
        return [((), rows)]
    return rows.partition_by([f"by_{name}" for name in by], as_dict=True).items()


def scale_of(metric: Metric) -> Scale:
    """Return how the change of a metric is measured: shares and scores by differences, all else by quotients."""
    return "difference" if metric.unit in DIFFER else "log"


def _moved(rows: pl.DataFrame, metric: Metric) -> Change | None:
    top, size = (column_of(metric.sums[name]) for name in metric.value.ratio or ())
    own = rows.select(WINDOW, "day", "user_id", top=pl.col(top) / metric.value.per, size=pl.col(size))
    return moved(own, scale_of(metric))


def moved(rows: pl.DataFrame, scale: Scale) -> Change | None:
    """Return how far a mean moved; `rows` have the window, `day`, `user_id`, numerator `top` and denominator `size`."""
    own = rows.with_columns(pl.col("size").cast(pl.Float64)).filter(pl.col("size") > 0)
    known = _by_user(own)
    unit = pl.coalesce("user_id", pl.col("day").cast(pl.String)) if known else pl.col("day").cast(pl.String)
    now, before = pl.col(WINDOW) == 0, pl.col(WINDOW) == 1
    units = (
        own.group_by(unit.alias("unit"), maintain_order=True)
        .agg(
            top=pl.col("top").filter(now).sum(),
            size=pl.col("size").filter(now).sum(),
            top_before=pl.col("top").filter(before).sum(),
            size_before=pl.col("size").filter(before).sum(),
        )
        .sort("unit")
    )
    return change(
        Units(*units.select("top", "size", "top_before", "size_before")), _days(own) if known else None, scale
    )


def _by_user(rows: pl.DataFrame) -> bool:
    """Return whether users are the units: nearly all events name theirs, and each window has more than one; else days."""
    named = rows.filter(pl.col("user_id").is_not_null())
    users = named.group_by(WINDOW).agg(pl.col("user_id").n_unique())["user_id"].to_list()
    several = len(users) == 2 and min(users) > 1
    return several and float(named["size"].sum()) >= _MOSTLY * float(rows["size"].sum())


def _days(rows: pl.DataFrame) -> Days:
    """Return the daily means of the window before, each with its variance over users."""
    residual = pl.col("top") - pl.col("top").sum() / pl.col("size").sum() * pl.col("size")
    days = (
        rows.filter(pl.col(WINDOW) == 1)
        .group_by("day")
        .agg(
            mean=pl.col("top").sum() / pl.col("size").sum(),
            variance=(residual**2).sum() / pl.col("size").sum() ** 2 * pl.len() / (pl.len() - 1).clip(1),
        )
        .select(pl.col("day").dt.weekday().alias("weekday"), "mean", "variance")
    )
    window = rows.filter(pl.col(WINDOW) == 0)["day"].n_unique()
    return Days(days["weekday"].to_list(), days["mean"].to_list(), days["variance"].to_list(), max(window, 1))
