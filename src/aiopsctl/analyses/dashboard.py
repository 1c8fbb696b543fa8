"""The handbook's dashboard: its metrics with their change, their trend by day, and what the checks say of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from msgspec import to_builtins
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.checks.check import Check
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run, uncovered
from aiopsctl.context import after
from aiopsctl.measure import Scope, measure, newest
from aiopsctl.metric import Group, Metric
from aiopsctl.readable import DIFFER, moved
from aiopsctl.result import BREACH, STATUSES, Measurement, Point, Result, Tile, Verdict
from aiopsctl.sources.log import Log
from aiopsctl.views import oldest_of
from aiopsctl.window import Window, around, moment, previous

DAYS = 30
"""How many days the trend shows, at most."""

_CHANGE = "7d"
_WORST = tuple(sorted(STATUSES, key=lambda status: status == "skipped"))
"""The worst first; a slice that was skipped says nothing of those that were judged."""


def with_dashboard(shown: Result, log: Log, scope: Scope, checks: Sequence[Check], how: Run) -> Result:
    """Return a summary with the dashboard of its metrics: the verdicts are those of the checks.

    The change is against the reference of the scope, else of the last 7 days against the 7 before.
    """
    verdicts = run(checks, log, replace(how, explain=False)).checks or [] if checks and shown.data.rows_used else []
    return with_tiles(shown, log, scope, verdicts)


def with_tiles(shown: Result, log: Log, scope: Scope, verdicts: Sequence[Verdict]) -> Result:
    """Return a summary with the dashboard of its metrics, of verdicts that are known already."""
    tiles = _tiles(shown.measurements, log, scope, verdicts)
    breaches = tuple(v for v in verdicts if v.status in BREACH)
    return replace(shown, extra={**shown.extra, "dashboard": to_builtins(tiles)}, breaches=breaches)


def on_dashboard() -> list[Metric]:
    """Return the metrics of the dashboard, by group."""
    groups = get_args(Group)
    found = [metric for metric in catalog.metrics().values() if metric.dashboard]
    return sorted(found, key=lambda metric: groups.index(metric.dashboard))


def _tiles(found: Sequence[Measurement], log: Log, scope: Scope, verdicts: Sequence[Verdict]) -> list[Tile]:
    whole = {m.metric: m for m in found}
    metrics = [metric for metric in on_dashboard() if metric.name in whole]
    compared = whole if scope.reference or scope.told else _last_week(log, metrics, scope)
    trends = _trends(log, [metric for metric in metrics if whole[metric.name].value is not None], scope)
    return [
        _tile(metric, whole[metric.name], compared.get(metric.name), trends.get(metric.name, []), verdicts)
        for metric in metrics
    ]


def _tile(
    metric: Metric, m: Measurement, compared: Measurement | None, trend: list[Point], verdicts: Sequence[Verdict]
) -> Tile:
    own = [v for v in verdicts if v.metric == metric.name]
    worst = min(own, key=lambda v: _WORST.index(v.status), default=None)
    before = compared.reference if compared else None
    change = moved(compared.value, before.value, m.unit) if compared and before and compared.status == "ok" else None
    return Tile(
        str(metric.dashboard), metric.name, m.value, change,
        change_kind=None if change is None else "difference" if m.unit in DIFFER else "relative",
        against=before.name if before else None, trend=trend,
        status=worst.status if worst else None, check=worst.id if worst else None,
    )  # fmt: skip


def _last_week(log: Log, metrics: Sequence[Metric], scope: Scope) -> Mapping[str, Measurement]:
    """Return the last 7 days beside the 7 before, nothing where the window or the log is too short for them."""
    end = _end(log, scope)
    if end is None:
        return {}
    recent = Window(moment(_CHANGE, end, scope.tz), end)
    weekly = replace(
        scope, window=recent, reference=previous(_CHANGE, recent, scope.tz), reference_name=_CHANGE, by=(), told=None
    )
    too_short = scope.window.since and recent.since and scope.window.since > recent.since
    if too_short or uncovered(log, weekly):
        return {}
    return {m.metric: m for m in measure(log.events, metrics, weekly)}


def _trends(log: Log, metrics: Sequence[Metric], scope: Scope) -> Mapping[str, list[Point]]:
    """Return the values of each metric by day, of the last days of the window; a day without one is unknown."""
    end, oldest = _end(log, scope), oldest_of(log)
    if end is None or oldest is None:
        return {}
    last = (end - timedelta(microseconds=1)).astimezone(scope.tz).date()
    first = max(last - timedelta(days=DAYS - 1), _day(max(filter(None, (scope.window.since, oldest))), scope.tz))
    since = around("day", datetime(first.year, first.month, first.day, tzinfo=scope.tz), scope.tz).since
    window = Window(max(filter(None, (scope.window.since, since))), end)
    by_day = measure(log.events, metrics, replace(scope, window=window, reference=None, told=None, by=("day",)))
    known = {(m.metric, m.slice["day"]): m.value for m in by_day if m.status == "ok"}
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    return {metric.name: [Point(day, known.get((metric.name, day))) for day in days] for metric in metrics}


def _day(when: datetime, tz: ZoneInfo) -> date:
    return when.astimezone(tz).date()


def _end(log: Log, scope: Scope) -> datetime | None:
    last = newest(log.events)
    return None if last is None else scope.window.until or after(last)
