"""From a log to measurements: cut the rows, run the plan, and say of each value whether it is known.

One path for every command, so that a check and a report can never disagree.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from msgspec import Struct
from msgspec.structs import force_setattr, replace

from aiopsctl.context import facts_of, lacks
from aiopsctl.daily import Asked, remembers, sums_of
from aiopsctl.engine import local
from aiopsctl.engine.kept import Events, Kept, covered
from aiopsctl.engine.plan import Reduction, column_of, evaluate_all, in_order, reduction_of, reductions
from aiopsctl.events import CALENDAR, COLUMNS
from aiopsctl.facts import Setting
from aiopsctl.metric import Metric
from aiopsctl.result import Measurement, Reference, Slice
from aiopsctl.sources.coerce import dtype_of
from aiopsctl.sums import rows as every_row
from aiopsctl.where import check_by, predicate
from aiopsctl.window import Window

MIN_COVERAGE = 0.95
"""Where nothing else is said, a cost that is known for less of the calls is no cost of them (see `Metric.covers`)."""

WINDOW = "_window"
"""The column that numbers the windows of a scope: 0 is the window, 1 the one compared with."""

Told = Callable[[Metric, Slice], Reference]
"""References that are told by a saved baseline, in place of being measured."""

_EVER = Window()
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_Rows = Mapping[tuple[tuple[Any, ...], int], Mapping[str, Any]]


class Scope(Struct, frozen=True):
    """Which rows are looked at, how they are cut into slices, and what the config says that no log does.

    `min_coverage` is the share of the calls for which a cost must be known. `told` gives the references in place of a
    window of the log.
    """

    tz: ZoneInfo
    window: Window = _EVER
    reference: Window | None = None
    reference_name: str = "previous"
    by: tuple[str, ...] = ()
    where: str | None = None
    config: Any = None
    min_coverage: float = MIN_COVERAGE
    told: Told | None = None

    def __post_init__(self) -> None:
        """Cut once by a column that is named twice."""
        force_setattr(self, "by", tuple(dict.fromkeys(self.by)))


def measure(events: Events, metrics: Sequence[Metric], scope: Scope) -> list[Measurement]:
    """Return every metric of every slice, in the order of the metrics; slices are sorted.

    Raises `UsageError` for a column to group or filter by that does not exist.
    """
    check_by(scope.by)
    setting = Setting(scope.config, scope.tz, scope.by, scope.where)
    facts = facts_of(events, metrics, setting, _windows(scope), WINDOW)
    why = lacks(events, metrics, facts, setting)
    lacking = [m for m in metrics if why[m.name]]
    values: dict[str, _Rows] = {m.name: {} for m in metrics}
    values |= _values(events, [m for m in metrics if not why[m.name]], scope, facts)
    if scope.by and lacking and not _slices(events, scope) <= _seen(values):
        values |= _values(events, lacking, scope, facts)  # they are unknown, but tell of slices that others do not
    known = sorted(_seen(values), key=_order) or [(None,) * len(scope.by)]
    return [_measurement(m, key, values[m.name], scope, why[m.name]) for m in metrics for key in known]


def _values(
    events: Events, metrics: Sequence[Metric], scope: Scope, facts: Mapping[str, pl.DataFrame]
) -> dict[str, _Rows]:
    slices = (*scope.by, WINDOW)
    plan = reductions(metrics, slices)
    summed = {r.keys: frame for r, frame in zip(plan, sums(events, plan, scope), strict=True)}
    found = evaluate_all(((summed[reduction_of(m, slices, plan).keys], m) for m in metrics), slices, facts)
    return {m.name: _rows(frame, scope.by) for m, frame in zip(metrics, found, strict=True)}


def _windows(scope: Scope) -> list[Window]:
    return [scope.window] if scope.reference is None else [scope.window, scope.reference]


def _seen(values: Mapping[str, _Rows]) -> set[tuple[Any, ...]]:
    """Return the slices of the window in which at least one metric has a sample."""
    return {key for rows in values.values() for (key, window), row in rows.items() if window == 0 and row["n"]}


def _slices(events: Events, scope: Scope) -> set[tuple[Any, ...]]:
    """Return the slices of the window that have a row."""
    rows = Reduction((*scope.by, WINDOW), (), (), {column_of(every_row): every_row})
    (found,) = sums(events, [rows], replace(scope, reference=None))
    return set(found.select(scope.by).iter_rows())


def sums(events: Events, plan: list[Reduction], scope: Scope) -> list[pl.DataFrame]:
    """Return the sums of each reduction, of which the window is one of the slices; a row may be in both windows."""
    bare = [replace(r, slices=tuple(name for name in r.slices if name != WINDOW)) for r in plan]
    if isinstance(events, Kept) and remembers(events):
        asked = Asked(partial(_filtered, scope=scope), scope.tz, scope.where or "")
        kept = sums_of(events, asked, bare, _windows(scope))
    else:
        kept = [local.reduce_all(_parts(events, window, scope), bare) for window in _windows(scope)]
    return [_joined(each, reduction) for reduction, *each in zip(plan, *kept, strict=True)]


def _joined(windows: Sequence[pl.DataFrame], reduction: Reduction) -> pl.DataFrame:
    """Return the sums of several windows as one frame, each row with the number of its window."""
    numbered = (frame.with_columns(pl.lit(i, pl.Int8).alias(WINDOW)) for i, frame in enumerate(windows))
    return in_order(pl.concat(numbered, how="vertical_relaxed"), reduction)


def _parts(events: Events, window: Window, scope: Scope) -> Iterator[pl.LazyFrame]:
    """Yield the rows of a window in parts that memory may hold."""
    if not isinstance(events, Kept):
        yield _filtered(events, scope).filter(_inside(window))
        return
    if window.since or window.until:
        events = events.of(events.overlapping(window.since or _FIRST, window.until or _LAST))
    for part in events.parts():
        yield _filtered(part, scope).filter(_inside(window))


def prepared(events: Events, scope: Scope) -> pl.LazyFrame:
    """Return the rows of the windows with every canonical and calendar column, cut before anything is summed."""
    inside = _inside(scope.window)
    if scope.reference is not None:
        inside = inside | _inside(scope.reference)
    return _filtered(events, scope).filter(inside)


def _filtered(events: Events, scope: Scope) -> pl.LazyFrame:
    rows = complete(events).filter(predicate(scope.where)) if scope.where else complete(events)
    return rows.with_columns(calendar(scope.tz))


def complete(events: Events) -> pl.LazyFrame:
    """Return the events with the canonical columns that no row fills, as nulls."""
    missing = [name for name in COLUMNS if name not in events.columns]
    return events.lazy().with_columns(map(_nulls, missing))


@cache
def _nulls(name: str) -> pl.Expr:
    return pl.lit(None, dtype_of(COLUMNS[name])).alias(name)


def _inside(window: Window) -> pl.Expr:
    ts, inside = pl.col("ts"), pl.lit(value=True)
    if window.since is not None:
        inside = inside & (ts >= window.since)
    if window.until is not None:
        inside = inside & (ts < window.until)
    return inside


def calendar(tz: ZoneInfo) -> list[pl.Expr]:
    """Return the calendar columns of `ts` in a zone: instants (UTC) up to the hour, dates from the day on.

    NOTE: Python holds the two hours that a clock repeats in autumn to be equal, unless they are kept in UTC.
    """
    local_ts = pl.col("ts").dt.convert_time_zone(tz.key)
    day = local_ts.dt.date()
    found = {
        "minute": pl.col("ts").dt.truncate("1m"),
        "hour": local_ts.dt.truncate("1h").dt.convert_time_zone("UTC"),
        "day": day,
        "week": day.dt.truncate("1w"),
        "month": day.dt.truncate("1mo"),
        "quarter": day.dt.truncate("1q"),
        "weekday": local_ts.dt.weekday(),
    }
    return [found[name].alias(name) for name in CALENDAR]


def _rows(found: pl.DataFrame, by: tuple[str, ...]) -> _Rows:
    return {(tuple(row[f"by_{name}"] for name in by), row[f"by_{WINDOW}"]): row for row in found.iter_rows(named=True)}


def _order(key: tuple[Any, ...]) -> tuple[tuple[bool, Any], ...]:
    return tuple((part is None, "" if part is None else part) for part in key)


def _measurement(metric: Metric, key: tuple[Any, ...], rows: _Rows, scope: Scope, lack: str) -> Measurement:
    row = {} if lack else rows.get((key, 0), {})
    value = row.get("value")
    status, reason = "ok", None
    if value is None:
        status, reason = "unknown", lack or metric.lack or "no rows to compute it from"
    elif _is_partial(row, scope):
        status, reason = "unknown", f"cost is known for {row['coverage']:.1%} of the calls"
    elif metric.note and not (scope.window.is_month(scope.tz) or "month" in scope.by):
        reason = metric.note
    slice_ = labels(scope, key)
    before = scope.told(metric, slice_) if scope.told else _reference(None if lack else rows.get((key, 1)), scope)
    return Measurement(
        metric.name, slice_, value, row.get("low"), row.get("high"), row.get("n") or 0, metric.unit, before, status,
        reason, row.get("coverage"),
    )  # fmt: skip


def _reference(row: Mapping[str, Any] | None, scope: Scope) -> Reference | None:
    if scope.reference is None:
        return None
    row = row or {}
    value, low, high = (None if _is_partial(row, scope) else row.get(name) for name in ("value", "low", "high"))
    return Reference(
        scope.reference_name, value, low, high, row.get("n") or 0,
        iso(scope.reference.since, scope.tz), iso(scope.reference.until, scope.tz),
    )  # fmt: skip


def _is_partial(row: Mapping[str, Any], scope: Scope) -> bool:
    """Return whether a cost is known for too few of the calls to be a cost of all of them."""
    coverage = row.get("coverage")
    return coverage is not None and coverage < scope.min_coverage


_WEEKDAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def labels(scope: Scope, key: tuple[Any, ...]) -> Slice:
    """Return a slice as it is shown and written, by the columns that it is cut by."""
    return {name: label(name, part, scope.tz) for name, part in zip(scope.by, key, strict=True)}


def label(name: str, part: Any, tz: ZoneInfo) -> Any:  # noqa: PLR0911 - one line a kind
    """Return a part of a slice as it is shown and written: a month as `2026-09`, an instant with its offset."""
    match name, part:
        case "month", date():
            return f"{part:%Y-%m}"
        case "quarter", date():
            return f"{part.year}-Q{(part.month + 2) // 3}"
        case "week", date():
            return f"{part:%G-W%V}"
        case "weekday", int():
            return _WEEKDAYS[part]
        case _, datetime():
            return iso(part, tz)
        case _, date():
            return part.isoformat()
    return part


def iso(when: datetime | None, tz: ZoneInfo) -> str | None:
    """Return an instant as ISO 8601 with the offset of the zone."""
    return None if when is None else when.astimezone(tz).isoformat()


def has_times(events: Events) -> bool:
    """Return whether any row has a time."""
    return covered(events)[0] is not None


def newest(events: Events) -> datetime | None:
    """Return the time of the newest row, None where no row has one."""
    found = covered(events)[1]
    return found.astimezone(UTC) if found else None
