"""Runs checks over a log: checks that share rows and slices share a measurement."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiopsctl import catalog
from aiopsctl.checks.check import Check
from aiopsctl.checks.judge import has_limit, judge
from aiopsctl.errors import UsageError
from aiopsctl.measure import Scope, iso, measure
from aiopsctl.result import Measurement, Result, Verdict
from aiopsctl.sources.log import Log
from aiopsctl.views import account, nothing_found, span_of
from aiopsctl import window as windows
from aiopsctl.window import Window

BREACH = ("critical", "warning")
_COVERED = 0.1
"""A window before is not compared with when the log lacks more than this share of it at its beginning."""


@dataclass(frozen=True)
class Run:
    """What surrounds a run of checks: the clock, the zone, filters, and what makes it fail."""

    now: datetime
    tz: ZoneInfo
    where: str | None = None
    within: Window = Window()
    fail_on: str = "critical"
    strict: bool = False
    inputs: tuple[str, ...] = ()
    baselines: tuple[tuple[str, Window], ...] = ()


@dataclass(frozen=True)
class _Group:
    by: tuple[str, ...]
    where: str | None
    window: str
    compare: str | None


def run(checks: Sequence[Check], log: Log, how: Run) -> Result:
    """Return the verdicts, in the order of the checks, and the exit code that follows from them."""
    groups: dict[_Group, list[Check]] = {}
    for check in checks:
        groups.setdefault(_Group(check.by, check.where, check.window, check.compare), []).append(check)
    scopes = {group: _scope(group, log, how) for group in groups}
    verdicts: dict[int, list[Verdict]] = {}
    measurements: list[Measurement] = []
    for group, members in groups.items():
        scope = scopes[group]
        metrics = list({check.metric.name: check.metric for check in members}.values())
        found = measure(log.events, metrics, scope)
        measurements += found
        uncovered = _uncovered(log, scope)
        span = {"name": group.window, "since": iso(scope.window.since, how.tz), "until": iso(scope.window.until, how.tz)}
        for check in members:
            own = [m for m in found if m.metric == check.metric.name]
            verdicts[id(check)] = [replace(v, window=span) for v in _judged(check, own, uncovered)]
    ordered = [verdict for check in checks for verdict in verdicts[id(check)]]
    return _result(ordered, checks, measurements, log, _hull(list(scopes.values()), how), how)


def _judged(check: Check, found: list[Measurement], uncovered: str | None) -> list[Verdict]:
    if not check.by_class:
        return [judge(check, m, uncovered) for m in found]
    if not check.classes:
        why = "no feature has a class; name them in the config: features: {NAME: {class: on-demand}}"
        empty = replace(found[0], slice={}, value=None, low=None, high=None, n=0)
        return [replace(judge(check, empty, None), status="skipped", reason=why)]
    own = [m for m in found if check.classes.get(str(m.slice.get("feature"))) or check.limits]
    return [judge(check, m, uncovered) for m in own if has_limit(check, m)]


def _scope(group: _Group, log: Log, how: Run) -> Scope:
    timed = "ts" in log.events.columns and log.events["ts"].null_count() < log.events.height
    window = windows.judged(group.window, how.now, how.tz) if timed else Window()
    where = " AND ".join(f"({w})" for w in (group.where, how.where) if w) or None
    reference = None
    if group.compare and timed:
        reference = _reference(group, window, how)
    return Scope(how.tz, _within(window, how.within), reference, group.compare or "previous", group.by, where)


def _reference(group: _Group, window: Window, how: Run) -> Window:
    name = (group.compare or "").removeprefix("baseline:")
    if name == "previous":
        return windows.previous(group.window, window, how.tz)
    known = dict(how.baselines)
    if name in known:
        return known[name]
    if group.compare != name:
        raise UsageError(f"unknown baseline '{name}'", help=f"baselines of the config: {', '.join(known) or 'none'}")
    return windows.span(name, how.now, how.tz)


def _within(window: Window, outer: Window) -> Window:
    if outer.since is None or window.since is None:
        return window
    return Window(max(window.since, outer.since), window.until)


def _uncovered(log: Log, scope: Scope) -> str | None:
    """Return why the window before cannot be compared with: the log does not reach back far enough."""
    before = scope.reference
    if before is None or before.since is None or before.until is None or "ts" not in log.events.columns:
        return None
    oldest = log.events["ts"].min()
    if not isinstance(oldest, datetime):
        return None
    missing = oldest - before.since
    if missing <= max((before.until - before.since) * _COVERED, timedelta(0)):
        return None
    return f"the log begins {oldest:%Y-%m-%d}, the window before on {before.since.astimezone(scope.tz):%Y-%m-%d}"


def _hull(scopes: list[Scope], how: Run) -> Scope:
    """Return the scope that holds every row that any check looked at."""
    windows = [w for s in scopes for w in (s.window, s.reference) if w is not None]
    since = [w.since for w in windows]
    until = [w.until for w in windows]
    return Scope(
        how.tz,
        Window(
            None if None in since or not since else min(s for s in since if s),
            None if None in until or not until else max(u for u in until if u),
        ),
        where=how.where,
    )


def _result(
    verdicts: list[Verdict], checks: Sequence[Check], measurements: list[Measurement], log: Log, hull: Scope, how: Run
) -> Result:
    counts = Counter(v.status for v in verdicts)
    code = exit_code(verdicts, checks, how)
    data = account(log, hull)
    notes = list(log.account.notes)
    if not data.rows_used:
        notes.append(nothing_found(log, hull))
        code = 3
    named = [replace(v, next=_next(v, how)) if v.status in BREACH else v for v in verdicts]
    verdict = {0: "pass", 1: "breach", 3: "not judged"}[code]
    return Result(
        "check", code, span_of(log, hull), data, measurements, named, verdict, dict(sorted(counts.items())), notes=notes
    )


def exit_code(verdicts: Sequence[Verdict], checks: Sequence[Check], how: Run) -> int:
    """Return 1 for a breach at or above `fail_on`, else 3 where something could not be judged, else 0.

    Not judged: any unknown; skipped or blind where the check is required or the run strict; or nothing judged at all.
    """
    failing = {"critical": ("critical",), "warning": BREACH, "never": ()}[how.fail_on]
    statuses = [v.status for v in verdicts]
    if any(status in failing for status in statuses):
        return 1
    required = {check.id for check in checks if check.required}
    silent = [v for v in verdicts if v.status in ("skipped", "blind") and (how.strict or v.id in required)]
    judged_any = any(status in ("ok", *BREACH) for status in statuses)
    return 3 if "unknown" in statuses or silent or not judged_any else 0


def _next(verdict: Verdict, how: Run) -> str:
    """Return the command that shows the breach by day, ready to paste."""
    command = ["aiopsctl", catalog.metric(verdict.metric).dimension, *how.inputs, "--metrics", verdict.metric]
    conditions = [f"{k} = '{str(v).replace(chr(39), chr(39) * 2)}'" for k, v in verdict.slice.items() if v is not None]
    if conditions:
        command += ["--where", " AND ".join(conditions)]
    return shlex.join([*command, "--by", "day"])
