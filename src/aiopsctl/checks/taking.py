"""Takes a baseline: measures what the checks measure, over the same rows, in the same slices."""

from collections.abc import Sequence
from datetime import datetime

from aiopsctl import window as windows
from aiopsctl.checks.baselines import Entry, Kept, Saved, definition
from aiopsctl.checks.check import Check
from aiopsctl.checks.scopes import Run, hull
from aiopsctl.errors import UsageError
from aiopsctl.measure import Scope, has_times, measure
from aiopsctl.metric import Metric
from aiopsctl.readable import interval, number, plural
from aiopsctl.result import Measurement, Result, Section
from aiopsctl.sources.log import Log
from aiopsctl.views import account, nothing_found, refused, span_of
from aiopsctl.where import all_of
from aiopsctl.window import Window

_IDS = ("user_id", "session_id", "request_id", "trace_id", "parent_id")
_PASSING = ("ts", "minute", "hour", "day", "week", "month", "quarter")
_Group = tuple[tuple[str, ...], str | None, str]


def take(name: str, checks: Sequence[Check], log: Log, how: Run, at: datetime) -> tuple[Saved, Result]:
    """Return a baseline and what is shown of it; exit code 3 where there is no value to keep.

    Each check is measured over its own window, or over the one that was asked for. Raises `UsageError` for a check by
    ids, which a baseline keeps none of, or by days and other times, which never come again.
    """
    _require_lasting_slices(checks)
    groups: dict[_Group, dict[str, Metric]] = {}
    for check in checks:
        groups.setdefault((check.by, check.where, check.window), {})[check.metric.name] = check.metric
    scopes = [_scope(by, where, window, log, how) for by, where, window in groups]
    entries: list[Entry] = []
    every: list[Measurement] = []
    for (_, _, window), metrics, scope in zip(groups, groups.values(), scopes, strict=True):
        found = measure(log.events, list(metrics.values()), scope)
        every += found
        named = None if how.within.since else window
        entries += [_entry(metric, found, scope, named) for metric in metrics.values()]
    saved = Saved(1, name, at.astimezone(how.tz).replace(microsecond=0), how.tz.key, tuple(entries))
    return saved, _result(saved, every, log, hull(scopes, how))


def _require_lasting_slices(checks: Sequence[Check]) -> None:
    for check in checks:
        for column in check.by:
            if column in (*_IDS, *_PASSING):
                why = "ids of users and calls are not kept" if column in _IDS else "times never come again"
                help = "leave the check out: --check ID names those that are saved"
                raise UsageError(f"check '{check.id}' is by {column}, and a baseline cannot be: {why}", help=help)


def _scope(by: tuple[str, ...], where: str | None, window: str, log: Log, how: Run) -> Scope:
    over = how.within if how.within.since else windows.judged(window, how.now, how.tz)
    over = over if has_times(log.events) else Window()
    return Scope(how.tz, over, by=by, where=all_of(where, how.where), config=how.config, min_coverage=how.min_coverage)


def _entry(metric: Metric, found: Sequence[Measurement], scope: Scope, window: str | None) -> Entry:
    since, until = (w and w.astimezone(scope.tz) for w in (scope.window.since, scope.window.until))
    slices = tuple(
        Kept(m.slice, m.value, m.low, m.high, m.n)
        for m in found
        if m.metric == metric.name and m.value is not None and m.status == "ok"
    )
    return Entry(metric.name, metric.unit, scope.by, scope.where, window, since, until, definition(metric), slices)


def _result(saved: Saved, measurements: list[Measurement], log: Log, whole: Scope) -> Result:
    kept = {entry.metric for entry in saved.entries if entry.slices}
    rows = tuple(
        (entry.metric, _shown(each), "all rows" if entry.since is None else entry.window or "given", number(each.value, entry.unit),
         interval(each.low, each.high, entry.unit), each.n)
        for entry in saved.entries for each in entry.slices
    )  # fmt: skip
    columns = ("metric", "slice", "over", "value", "95 % interval", "n")
    section = Section("saved", columns, rows, right=("value", "95 % interval"))
    without = [m for m in dict.fromkeys(m.metric for m in measurements) if m not in kept]
    notes = [*log.account.notes]
    if without:
        notes.append(f"{plural(len(without), 'metric')} without a value, not kept: {', '.join(without)}")
    data = account(log, whole)
    result = Result(
        "check --save-baseline", 0, span_of(log, whole), data, measurements, notes=notes, sections=(section,),
        extra={"baseline": {"name": saved.name, "saved_at": saved.saved_at.isoformat(), "file": None}},
    )  # fmt: skip
    if not data.rows_used:
        return refused(result, nothing_found(log, whole))
    return (
        result if rows else refused(result, "error: no value to keep in a baseline: all of it is unknown in this log")
    )


def _shown(kept: Kept) -> str:
    return ", ".join(f"{name}={'none' if part is None else part}" for name, part in kept.slice.items()) or "all"
