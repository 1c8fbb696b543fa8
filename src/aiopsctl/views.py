"""What the look-commands answer: measurements of a log in a window, with the account of its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from msgspec.structs import replace

from aiopsctl import catalog, sums
from aiopsctl.context import after
from aiopsctl.engine.kept import covered
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import WINDOW, Scope, iso, measure, newest
from aiopsctl.measure import sums as sums_of
from aiopsctl.metric import Metric
from aiopsctl.readable import clean, plural
from aiopsctl.result import Data, Result, Span
from aiopsctl.sources.log import Account, Log

_ROWS = column_of(sums.rows)
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
    counted = _counted(log, scope)
    rows = _by(counted, "event", pl.col("event").is_not_null())
    total = sum(rows.values())
    is_call = pl.col("event") == "call"
    unpriced = counted[column_of(sums.unpriced_calls)].sum()
    return Data(
        files=a.files, rows_read=a.rows_read, rows_used=total, rows_rejected=a.rows_rejected,
        rows_duplicate=a.rows_duplicate, rows_filtered=log.events.height - total + a.rows_other,
        calls=rows.get("call", 0), feedback=rows.get("feedback", 0), activity=rows.get("activity", 0),
        unpriced_calls=int(unpriced or 0), feedback_joined_ratio=a.feedback_joined_ratio,
        fields_rejected=sum(a.field_errors.values()), rejected=dict(sorted(a.reasons.items())),
        sources=dict(sorted(a.sources.items())), cost_sources=_by(counted, "cost_source", is_call),
        unpriced_models=_by(counted, "model", is_call & (pl.col("cost_source") == "unpriced")), prices=a.prices,
        contradictory_tokens=_by_rule(a.contradictions),
    )  # fmt: skip


def _by_rule(found: Mapping[tuple[str, str], int]) -> dict[str, int]:
    rules = sorted({rule for rule, _ in found})
    return {rule: sum(rows for (own, _), rows in found.items() if own == rule) for rule in rules}


def _counted(log: Log, scope: Scope) -> pl.DataFrame:
    """Return the rows in scope by event, source of the cost, and model, and the calls among them without a price.

    What was counted once of a log is remembered: a report asks the same of its whole window many times.
    """
    key = (scope.window, scope.reference, scope.where, scope.tz)
    if key not in log.counted:
        taken = {column_of(what): what for what in (sums.rows, sums.unpriced_calls)}
        by = Reduction(("event", "cost_source", "model", WINDOW), (), (), taken)
        (log.counted[key],) = sums_of(log.events, [by], scope)
    return log.counted[key]


def _by(counted: pl.DataFrame, column: str, where: pl.Expr) -> dict[str, int]:
    """Return the rows that meet a condition by the values of a column, most first; those without a value are left out."""
    found = counted.filter(where & pl.col(column).is_not_null()).group_by(column).agg(pl.col(_ROWS).sum())
    return dict(found.sort([_ROWS, column], descending=[True, False]).iter_rows())


def span_of(log: Log, scope: Scope) -> Span:
    """Return the window of the answer; where it was not asked for, what the log covers."""
    since, until = scope.window.since, scope.window.until
    end = until or _after(newest(log.events))
    return Span(iso(since or oldest_of(log), scope.tz), iso(end, scope.tz), scope.tz.key)


def oldest_of(log: Log) -> datetime | None:
    """Return the time of the oldest row, None where no row has one."""
    return covered(log.events)[0]


def nothing_found(log: Log, scope: Scope) -> str:
    """Return why no row is left: what was asked for, and what the log does cover."""
    if not log.events.height:
        return _no_events(log.account)
    covered, asked = span_of(log, Scope(scope.tz)), span_of(log, scope)
    where = f" where {scope.where}" if scope.where else ""
    times = f"{short(covered.since)} to {short(covered.until)}" if covered.since else "none of them with a time"
    lines = [
        f"error: no rows between {short(asked.since)} and {short(asked.until)} ({scope.tz.key}){where}",
        f"  found: {plural(log.events.height, 'row')}, {times}",
        f"  help: {_way_out(scope, timed=covered.since is not None)}",
    ]
    return "\n".join(lines)


def _no_events(read: Account) -> str:
    names = [*(each.path for each in read.read), *filter(None, [read.empty])]
    files = clean(names[0]) if read.files == 1 and names else plural(read.files, "file")
    help = "name a log with rows in it: JSON lines, a JSON array, CSV or Parquet, also as .gz or .zst"
    if read.rows_rejected:
        help = "--rejects FILE saves the place of each, and the reason"
    elif read.rows_other:
        help = "its rows are neither calls nor feedback; aiopsctl doctor says what it is taken for"
    return f"error: no events in {files} ({plural(read.rows_rejected, 'row')} rejected)\n  help: {help}"


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
