"""What the look-commands answer: measurements of a log in a window, with the account of its rows."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from aiopsctl import catalog, events
from aiopsctl.errors import UsageError
from aiopsctl.measure import Scope, iso, measure, newest, prepared
from aiopsctl.metric import Metric
from aiopsctl.result import Data, Measurement, Result, Span
from aiopsctl.sources.log import Log

def metrics_of(command: str, names: Sequence[str] = ()) -> list[Metric]:
    """Return the metrics that a command shows, or those that are named. Raises `UsageError` for an unknown one."""
    if names:
        return [catalog.metric(name) for name in names]
    return [m for m in catalog.metrics().values() if command == "summary" or m.dimension == command]


def view(command: str, metrics: Sequence[Metric], log: Log, scope: Scope) -> Result:
    """Return the answer of a look-command: exit code 3 where no row is in the window or every metric is unknown."""
    found = measure(log.events, metrics, scope)
    data = account(log, scope)
    notes = list(log.account.notes)
    code = 0
    if not data.rows_used:
        code = 3
        notes.append(nothing_found(log, scope))
    elif all(m.status == "unknown" for m in found):
        code = 3
        notes.append(f"nothing to show for {command}: every metric of it is unknown in this log")
    return Result(command, code, span_of(log, scope), data, _ordered(found), by=scope.by, notes=notes)


def _ordered(found: list[Measurement]) -> list[Measurement]:
    order = {"latency": 0, "quality": 1, "cost": 2, "satisfaction": 3}
    return sorted(found, key=lambda m: order[catalog.metric(m.metric).dimension])


def account(log: Log, scope: Scope) -> Data:
    """Return what became of every row read, and count the events within the scope."""
    a = log.account
    used = (
        prepared(log.events, scope)
        .group_by("event")
        .agg(pl.len(), pl.col("cost_usd").is_null().sum().alias("unpriced"))
        .collect()
    )
    rows = dict(used.select("event", "len").iter_rows())
    total = sum(rows.values())
    return Data(
        files=a.files, rows_read=a.rows_read, rows_used=total, rows_rejected=a.rows_rejected,
        rows_duplicate=a.rows_duplicate, rows_filtered=log.events.height - total + a.rows_other,
        calls=rows.get("call", 0), feedback=rows.get("feedback", 0), activity=rows.get("activity", 0),
        unpriced_calls=_unpriced(log, scope), feedback_joined_ratio=a.feedback_joined_ratio,
        fields_rejected=sum(a.field_errors.values()), rejected=dict(sorted(a.reasons.items())),
        sources=dict(sorted(a.sources.items())),
    )  # fmt: skip


def _unpriced(log: Log, scope: Scope) -> int:
    import narwhals.stable.v2 as nw

    rows = nw.from_native(prepared(log.events, scope)).select(events.unpriced_calls.row.sum().alias("n"))
    return int(rows.to_native().collect().item() or 0)


def span_of(log: Log, scope: Scope) -> Span:
    """Return the window of the answer; where it was not asked for, what the log covers."""
    since, until = scope.window.since, scope.window.until
    ts = log.events["ts"] if "ts" in log.events.columns else pl.Series([], dtype=pl.Datetime("us", "UTC"))
    oldest, latest = ts.min(), ts.max()
    if since is None and isinstance(oldest, datetime):
        since = oldest
    if until is None and isinstance(latest, datetime):
        until = latest
    return Span(iso(since, scope.tz), iso(until, scope.tz), scope.tz.key)


def nothing_found(log: Log, scope: Scope) -> str:
    """Return why no row is left: what was asked for, and what the log does cover."""
    if not log.events.height:
        return f"error: no events in {log.account.files} files ({log.account.rows_rejected:,} rows rejected)"
    covered = span_of(log, Scope(scope.tz))
    asked = span_of(log, scope)
    where = f" with {scope.where}" if scope.where else ""
    lines = [
        f"error: no rows between {_short(asked.since)} and {_short(asked.until)} ({scope.tz.key}){where}",
        f"  found: {log.events.height:,} rows, {_short(covered.since)} to {_short(covered.until)}",
        "  help:  leave --since and --until away, or count back from the newest row with --now data",
    ]
    return "\n".join(lines)


def _short(when: str | None) -> str:
    return "?" if when is None else when[:16].replace("T", " ")


def now_of(log: Log, clock: datetime) -> datetime:
    """Return the instant just after the newest row, so that it is inside a half-open window; else the clock."""
    last = newest(log.events)
    if last is None:
        return clock
    from datetime import timedelta

    return last + timedelta(microseconds=1)


def require_metrics(metrics: Sequence[Metric]) -> None:
    """Raise `UsageError` where there is no metric to show."""
    if not metrics:
        raise UsageError("no metric to show", help="aiopsctl explain lists all metrics")
