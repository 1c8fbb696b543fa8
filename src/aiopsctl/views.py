"""What the look-commands answer: measurements of a log in a window, with the account of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from aiopsctl import catalog, sums
from aiopsctl.context import after
from aiopsctl.measure import Scope, iso, measure, newest, prepared
from aiopsctl.metric import Metric
from aiopsctl.readable import plural
from aiopsctl.result import Data, Result, Span
from aiopsctl.sources.log import Log

_DIMENSIONS = ("latency", "quality", "cost", "satisfaction")


def metrics_of(command: str, names: Sequence[str] = ()) -> list[Metric]:
    """Return the metrics that are named, in that order, else those that a command shows, by dimension.

    Raises `UsageError` for an unknown name.
    """
    if names:
        return [catalog.metric(name) for name in dict.fromkeys(names)]
    shown = [m for m in catalog.metrics().values() if command in ("summary", m.dimension)]
    return sorted(shown, key=lambda m: _DIMENSIONS.index(m.dimension))


def view(command: str, metrics: Sequence[Metric], log: Log, scope: Scope) -> Result:
    """Return the answer of a look-command: exit code 3 where no row is in the window or every metric is unknown."""
    found = measure(log.events, metrics, scope)
    data = account(log, replace(scope, reference=None))
    result = Result(command, 0, span_of(log, scope), data, found, by=scope.by, notes=list(log.account.notes))
    if not data.rows_used:
        return refused(result, nothing_found(log, scope))
    if all(m.status == "unknown" for m in found):
        return refused(result, f"error: nothing to show for {command}: all of it is unknown in this log\n"
                               "  help: see why in the lines that begin with unknown")  # fmt: skip
    return result


def refused(result: Result, why: str) -> Result:
    """Return an answer that is not to be trusted: exit code 3, and the reason for people."""
    return replace(result, exit_code=3, notes=[*result.notes, why])


def account(log: Log, scope: Scope) -> Data:
    """Return what became of every row read, and count the events within the scope."""
    a = log.account
    used = prepared(log.events, scope).group_by("event").agg(pl.len()).collect()
    rows: dict[str, int] = dict(used.iter_rows())
    total = sum(rows.values())
    return Data(
        files=a.files, rows_read=a.rows_read, rows_used=total, rows_rejected=a.rows_rejected,
        rows_duplicate=a.rows_duplicate, rows_filtered=log.events.height - total + a.rows_other,
        calls=rows.get("call", 0), feedback=rows.get("feedback", 0), activity=rows.get("activity", 0),
        unpriced_calls=_unpriced(log, scope), feedback_joined_ratio=a.feedback_joined_ratio,
        fields_rejected=sum(a.field_errors.values()), rejected=dict(sorted(a.reasons.items())),
        sources=dict(sorted(a.sources.items())), cost_sources=_calls_by(log, scope, "cost_source"),
        unpriced_models=_calls_by(log, scope, "model", pl.col("cost_source") == "unpriced"), prices=a.prices,
        contradictory_tokens=_by_rule(a.contradictions),
    )  # fmt: skip


def _by_rule(found: Mapping[tuple[str, str], int]) -> dict[str, int]:
    rules = sorted({rule for rule, _ in found})
    return {rule: sum(rows for (own, _), rows in found.items() if own == rule) for rule in rules}


def _calls_by(log: Log, scope: Scope, column: str, where: pl.Expr | None = None) -> dict[str, int]:
    """Return the calls in scope by the values of a column, most first; calls without a value are left out."""
    rows = prepared(log.events, scope).filter((pl.col("event") == "call") & pl.col(column).is_not_null())
    rows = rows if where is None else rows.filter(where)
    counted = rows.group_by(column).agg(pl.len().alias("n")).collect().sort(["n", column], descending=[True, False])
    return dict(counted.iter_rows())


def _unpriced(log: Log, scope: Scope) -> int:
    import narwhals.stable.v2 as nw

    rows = nw.from_native(prepared(log.events, scope)).select(sums.unpriced_calls.row.sum().alias("n"))
    return int(rows.to_native().collect().item() or 0)


def span_of(log: Log, scope: Scope) -> Span:
    """Return the window of the answer; where it was not asked for, what the log covers."""
    since, until = scope.window.since, scope.window.until
    end = until or _after(newest(log.events))
    return Span(iso(since or oldest_of(log), scope.tz), iso(end, scope.tz), scope.tz.key)


def oldest_of(log: Log) -> datetime | None:
    """Return the time of the oldest row, None where no row has one."""
    found = log.events["ts"].min() if "ts" in log.events.columns else None
    return found if isinstance(found, datetime) else None


def nothing_found(log: Log, scope: Scope) -> str:
    """Return why no row is left: what was asked for, and what the log does cover."""
    if not log.events.height:
        return f"error: no events in {plural(log.account.files, 'file')} ({log.account.rows_rejected:,} rows rejected)"
    covered, asked = span_of(log, Scope(scope.tz)), span_of(log, scope)
    where = f" where {scope.where}" if scope.where else ""
    times = f"{short(covered.since)} to {short(covered.until)}" if covered.since else "none of them with a time"
    lines = [
        f"error: no rows between {short(asked.since)} and {short(asked.until)} ({scope.tz.key}){where}",
        f"  found: {plural(log.events.height, 'row')}, {times}",
        f"  help: {_way_out(scope, timed=covered.since is not None)}",
    ]
    return "\n".join(lines)


def _way_out(scope: Scope, *, timed: bool) -> str:
    if scope.where:
        return "leave --where away, or look at its values with --by"
    if not timed:
        return "leave --since and --until away, or say where the time is: --map ts=COLUMN"
    return "leave --since and --until away, or count back from the newest row with --now data"


def short(when: str | None) -> str:
    """Return an ISO 8601 time as people read it, to the minute."""
    return "?" if when is None else when[:16].replace("T", " ")


def now_of(log: Log, clock: datetime) -> datetime:
    """Return the second after the newest row, so that it is inside a half-open window; else the clock."""
    return _after(newest(log.events)) or clock


def _after(last: datetime | None) -> datetime | None:
    return None if last is None else after(last)
