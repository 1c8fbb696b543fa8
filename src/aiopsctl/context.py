"""What surrounds a measurement: the facts of its windows, and what a log lacks for a metric."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl.engine.kept import Events, covered
from aiopsctl.facts import Setting, lacking, tables
from aiopsctl.metric import Metric
from aiopsctl.window import Window, around


def facts_of(
    events: Events, metrics: Sequence[Metric], setting: Setting, windows: Sequence[Window], number: str
) -> dict[str, pl.DataFrame]:
    """Return the facts that the metrics need, for each of the windows; the column `number` tells which."""
    names = [name for metric in metrics for name in metric.facts]
    if not names:
        return {}
    span = covered(events)
    setting = replace(setting, features=_features(events))
    return tables(names, [_within(setting, window, *span) for window in windows], number)


def _features(events: Events) -> dict[str, frozenset[str]]:
    """Return the features that the log has feedback of, for each kind; feedback without a feature is of ""."""
    if "kind" not in events.columns:
        return {}
    feature = pl.col("feature") if "feature" in events.columns else pl.lit(None, pl.String)
    kinds = events.lazy().filter(pl.col("kind").is_not_null()).group_by("kind").agg(feature.fill_null("").unique())
    return {kind: frozenset(found) for kind, found in kinds.collect().iter_rows()}


def _within(setting: Setting, window: Window, oldest: Any, newest: Any) -> Setting:
    """Return the setting of one window: as far as the days of the log cover it, and where it ends."""
    if oldest is None:
        return replace(setting, since=window.since, until=window.until, end=window.until)
    first, last = (around("day", when, setting.tz) for when in (oldest, newest))
    return replace(
        setting,
        since=_inner(max, window.since, first.since),
        until=_inner(min, window.until, last.until),
        end=window.until or after(newest),
    )


def _inner(which: Any, bound: datetime | None, covered: datetime | None) -> datetime | None:
    return which(bound, covered) if bound and covered else bound or covered


def after(last: datetime) -> datetime:
    """Return the second after an instant, so that it is inside a half-open window."""
    return last.replace(microsecond=0) + timedelta(seconds=1)


def lacks(
    events: Events, metrics: Sequence[Metric], facts: Mapping[str, pl.DataFrame], setting: Setting
) -> dict[str, str]:
    """Return for each metric what it lacks: columns, kinds of rows anywhere in the log, a sense in the slices, or facts.

    Nothing is an empty string.
    """
    untold = missing(events, metrics)
    return {
        m.name: untold[m.name]
        or _uncut(m, setting.by)
        or lacking([name for name in m.facts if name not in m.optional], facts, setting)
        for m in metrics
    }


def missing(events: Events, metrics: Sequence[Metric]) -> dict[str, str]:
    """Return for each metric which columns, or kinds of rows, the log has none of; nothing is an empty string."""
    columns = frozenset(events.columns)
    kinds = _kinds(events) if "kind" in columns else frozenset()
    return {m.name: _missing(m, columns, kinds) for m in metrics}


def _kinds(events: Events) -> frozenset[str]:
    return frozenset(events.lazy().select(pl.col("kind").unique()).collect(engine="streaming")["kind"].drop_nulls())


def _uncut(metric: Metric, by: Sequence[str]) -> str:
    found = [name for name in by if name in metric.not_by]
    return f"it cannot be told by {' and '.join(found)}" if found else ""


def _missing(metric: Metric, columns: frozenset[str], kinds: frozenset[str]) -> str:
    missing = [column for column in metric.needs if column not in columns]
    if missing:
        return f"the log has no {' and no '.join(missing)}"
    if metric.kinds and not kinds.intersection(metric.kinds):
        return f"the log has no rows of kind {' or '.join(metric.kinds)}"
    return ""
