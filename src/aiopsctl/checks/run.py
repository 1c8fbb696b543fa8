"""Runs checks over a log: checks that share rows and slices share a measurement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiopsctl import window as windows
from aiopsctl.changes import Key, changes
from aiopsctl.checks.alarms import BUDGET, Bar, Evidence, bars, limits_of_change
from aiopsctl.checks.carriers import explained
from aiopsctl.checks.check import Check
from aiopsctl.checks.judge import has_limit, judge, verdict
from aiopsctl.checks.lasting import lasting
from aiopsctl.checks.mutes import muted
from aiopsctl.checks.onward import onward
from aiopsctl.checks.outcome import BREACH, exit_code, is_judged, monitor_code
from aiopsctl.config import Config, Mute
from aiopsctl.errors import UsageError
from aiopsctl.facts import untold
from aiopsctl.measure import MIN_COVERAGE, Scope, iso, measure, newest
from aiopsctl.readable import plural
from aiopsctl.result import STATUSES, Measurement, Result, Verdict
from aiopsctl.sources.log import Log
from aiopsctl.stats.change import Change
from aiopsctl.views import account, nothing_found, oldest_of, refused, span_of
from aiopsctl.window import Window

_COVERED = 0.1
"""A window before is not compared with when the log lacks more than this share of it at its beginning."""

_EVER = Window()
_VERDICTS = {0: "pass", 1: "breach", 2: "breach", 3: "not judged"}


@dataclass(frozen=True)
class Run:
    """What surrounds a run of checks: the clock, the zone, filters, and what makes it fail.

    `complete` is the end of the last complete day: windows of whole days that are compared end there.
    """

    now: datetime
    tz: ZoneInfo
    where: str | None = None
    within: Window = _EVER
    fail_on: str = "critical"
    strict: bool = False
    nagios: bool = False
    inputs: tuple[str, ...] = ()
    baselines: tuple[tuple[str, Window | str], ...] = ()
    mutes: tuple[Mute, ...] = ()
    config: Config | None = None
    complete: datetime | None = None
    min_coverage: float = MIN_COVERAGE
    explain: bool = True

    @property
    def budget(self) -> Mapping[str, float]:
        """The false alarms of a year, by level."""
        return BUDGET if self.config is None else {
            "warning": self.config.alarms.warnings, "critical": self.config.alarms.criticals,
        }  # fmt: skip

    def earlier(self, now: datetime) -> "Run":
        """Return the run as it would have been at an earlier time, whole days before."""
        days = round((self.now - now) / timedelta(days=1))
        complete = self.complete and windows.moment(f"{days}d", self.complete, self.tz)
        return replace(self, now=now, complete=complete)


@dataclass(frozen=True)
class _Group:
    """Checks that look at the same rows in the same slices, and their window's name."""

    by: tuple[str, ...]
    where: str | None
    window: str
    compare: str | None


def run(checks: Sequence[Check], log: Log, how: Run) -> Result:
    """Return the verdicts, in the order of the checks, and the exit code that follows from them."""
    groups: dict[_Group, list[Check]] = {}
    for check in checks:
        groups.setdefault(_Group(check.by, check.where, check.window, check.compare), []).append(check)
    seen = {group: _look(group, members, log, how) for group, members in groups.items()}
    tests = [test for group, members in groups.items() for check in members for test in seen[group].tests(check)]
    bar = bars(tests, how.budget)
    verdicts: dict[int, list[tuple[Verdict, Scope]]] = {}
    for group, members in groups.items():
        for check in members:
            own = _verdicts(check, group, log, seen[group], bar)
            scope = seen[group].scope
            verdicts[id(check)] = [(_finished(v, check, group, log, how, scope, bar), scope) for v in own]
    found_in = [each for check in checks for each in verdicts[id(check)]]
    ordered = explained(found_in, log.events, how.inputs) if how.explain else [v for v, _ in found_in]
    measurements = [m for each in seen.values() for m in each.found]
    return _result(ordered, checks, measurements, log, _hull([each.scope for each in seen.values()], how), how)


@dataclass(frozen=True)
class _Seen:
    """What was measured for the checks of a group, and how far the means among it moved, by metric and slice."""

    scope: Scope
    found: Sequence[Measurement]
    moved: Mapping[tuple[str, Key], Change]

    def change(self, m: Measurement) -> Change | None:
        """Return how far a measurement moved, where that can be said."""
        return self.moved.get((m.metric, tuple(m.slice.items())))

    def tests(self, check: Check) -> list[tuple[Check, Measurement, Change]]:
        """Return the changes that a check puts to the test: of slices with enough samples on both sides."""
        if not limits_of_change(check):
            return []
        own = [m for m in self.found if m.metric == check.metric.name and m.n >= check.min_samples]
        both = [m for m in own if m.reference and m.reference.n >= check.min_samples]
        return [(check, m, change) for m in both if (change := self.change(m)) is not None]


def _look(group: _Group, members: Sequence[Check], log: Log, how: Run) -> _Seen:
    scope = _scope(group, log, how)
    metrics = list({check.metric.name: check.metric for check in members}.values())
    moving = [metric for metric in metrics if any(c.metric is metric and limits_of_change(c) for c in members)]
    return _Seen(scope, measure(log.events, metrics, scope), changes(log.events, moving, scope))


def _verdicts(check: Check, group: _Group, log: Log, seen: _Seen, bar: Mapping[bool, Bar]) -> list[Verdict]:
    own = [_dated(m, log, seen.scope) for m in seen.found if m.metric == check.metric.name]
    if check.at is None and untold(check.metric.facts, seen.scope.config):
        return [verdict(check, replace(own[0], slice={}), "skipped", own[0].reason, None)]
    present = [m for m in own if m.n or (m.reference and m.reference.n)] or own[:1]
    moved = {id(m): change for m in present if limits_of_change(check) and (change := seen.change(m)) is not None}
    proofs = {key: Evidence(change, bar[bool(check.by)]) for key, change in moved.items()}
    found = _judged(check, present, uncovered(log, seen.scope), proofs)
    return [replace(v, window=_span(group, seen.scope)) for v in found]


def _finished(
    v: Verdict, check: Check, group: _Group, log: Log, how: Run, scope: Scope, bar: Mapping[bool, Bar]
) -> Verdict:
    """Return a verdict with what only failing ones have: since when, whether it is muted, and what to type next."""

    def judged(now: datetime) -> list[Verdict]:
        return _verdicts(check, group, log, _look(group, [check], log, how.earlier(now)), bar)

    if v.status in BREACH and check.lasts:
        v = lasting(v, check.lasts, how.now, how.tz, judged)
    v = muted(v, how.mutes, how.now.astimezone(how.tz).date())
    return replace(v, next=onward(v, scope, how.inputs)) if v.status in BREACH else v


def _judged(
    check: Check, found: list[Measurement], uncovered: str | None, proofs: Mapping[int, Evidence]
) -> list[Verdict]:
    empty = all(m.value is None for m in found) and check.classes
    if not check.by_class or empty:
        return [judge(check, m, uncovered, proofs.get(id(m))) for m in found]
    limited = [judge(check, m, uncovered, proofs.get(id(m))) for m in found if has_limit(check, m)]
    if limited or any(check.classes.get(str(m.slice.get("feature"))) for m in found):
        return limited
    nothing = replace(found[0], slice={}, value=None, low=None, high=None, n=0)
    why = "no feature of the log has a class" if check.classes else "no feature has a class"
    return [
        verdict(
            check,
            nothing,
            "skipped" if check.at is None else "unknown",
            f"{why}; the config gives them: features: {{NAME: {{class: on-demand}}}}",
            None,
        )
    ]


def _dated(m: Measurement, log: Log, scope: Scope) -> Measurement:
    """Say of a value that is missing because the log ends before its window that it is so."""
    last, since = newest(log.events), scope.window.since
    if m.value is not None or last is None or since is None or last >= since:
        return m
    ends, begins = (when.astimezone(scope.tz) for when in (last, since))
    return replace(m, reason=f"no rows since {begins:%Y-%m-%d}: the newest is of {ends:%Y-%m-%d}")


def _scope(group: _Group, log: Log, how: Run) -> Scope:
    timed = "ts" in log.events.columns and log.events["ts"].null_count() < log.events.height
    now = how.complete if how.complete and group.compare and windows.days_in(group.window) else how.now
    window = _within(windows.judged(group.window, now, how.tz), how.within) if timed else _EVER
    where = " AND ".join(f"({w})" for w in (group.where, how.where) if w) or None
    reference = _reference(group, window, log, how) if group.compare and timed else None
    name = (group.compare or "previous").removeprefix("baseline:")
    return Scope(how.tz, window, reference, name, group.by, where, how.config, how.min_coverage)


def _reference(group: _Group, window: Window, log: Log, how: Run) -> Window:
    name = (group.compare or "").removeprefix("baseline:")
    known = {"lagged": "lagged", "previous": "previous", **dict(how.baselines)}
    relative = known.get(name, name)
    if isinstance(relative, Window):
        return relative
    if relative == "lagged":
        return windows.lagged(window, how.tz)
    if relative == "previous":
        return _previous(group.window, window, log, how.tz)
    if group.compare != name:
        named = ", ".join(n for n, _ in how.baselines) or "none"
        raise UsageError(f"unknown baseline '{name}'", help=f"baselines of the config: {named}")
    return windows.span(name, how.now, how.tz)


def _previous(name: str, window: Window, log: Log, tz: ZoneInfo) -> Window:
    """Return the window before: with the same weekdays where the log reaches back so far, else right before."""
    days, oldest = windows.days_in(name), oldest_of(log)
    if days and oldest:
        same = windows.same_weekdays(window, days, tz)
        if same.since and oldest < same.since + timedelta(days=1):
            return same
    return windows.previous(name, window, tz)


def _within(window: Window, outer: Window) -> Window:
    if outer.since is None or window.since is None or window.until is None:
        return window
    return Window(min(max(window.since, outer.since), window.until), window.until)


def _span(group: _Group, scope: Scope) -> dict[str, object]:
    since, until = (iso(when, scope.tz) for when in (scope.window.since, scope.window.until))
    partial = windows.is_partial(group.window, scope.window, scope.tz)
    return {"name": group.window, "since": since, "until": until, "partial": partial}


def uncovered(log: Log, scope: Scope) -> str | None:
    """Return why the window before cannot be compared with: the log does not reach back far enough."""
    before, oldest = scope.reference, oldest_of(log)
    if before is None or before.since is None or before.until is None or oldest is None:
        return None
    if oldest - before.since <= max((before.until - before.since) * _COVERED, timedelta(0)):
        return None
    begins, wanted = (when.astimezone(scope.tz) for when in (oldest, before.since))
    return f"the log begins {begins:%Y-%m-%d}, the window before on {wanted:%Y-%m-%d}"


def _hull(scopes: list[Scope], how: Run) -> Scope:
    """Return the scope that holds every row that any check judged."""
    since = [scope.window.since for scope in scopes]
    until = [scope.window.until for scope in scopes]
    whole = Window(
        None if None in since or not since else min(s for s in since if s),
        None if None in until or not until else max(u for u in until if u),
    )
    return Scope(how.tz, whole, where=how.where)


def _result(
    verdicts: list[Verdict], checks: Sequence[Check], measurements: list[Measurement], log: Log, hull: Scope, how: Run
) -> Result:
    counted = Counter(v.status for v in verdicts)
    code = exit_code(verdicts, checks, fail_on=how.fail_on, strict=how.strict)
    data = account(log, hull)
    code = monitor_code(verdicts, code, fail_on=how.fail_on) if how.nagios else code
    result = Result(
        "check", code, span_of(log, hull), data, measurements, verdicts,
        _VERDICTS[code], {status: counted[status] for status in STATUSES},
        notes=[*log.account.notes, *_stale(log, how), *_unjudged(verdicts)], fail_on=how.fail_on,
    )  # fmt: skip
    return (
        result
        if data.rows_used or result.verdict == "breach"
        else not_judged(log, hull, nothing_found(log, hull), result)
    )


def _unjudged(verdicts: Sequence[Verdict]) -> list[str]:
    """Say where a run without a breach rests on no judgement at all."""
    return [] if is_judged(verdicts) else ["no check was judged; see why beside each, or ask for it with --strict"]


def _stale(log: Log, how: Run) -> list[str]:
    last = newest(log.events)
    if last is None or how.now - last < timedelta(days=1):
        return []
    return [f"the newest row is {plural((how.now - last).days, 'day')} older than now; --now data counts back from it"]


def not_judged(log: Log, scope: Scope, why: str, found: Result | None = None) -> Result:
    """Return the answer of a check that can say nothing, with the reason for people."""
    counts = dict.fromkeys(STATUSES, 0)
    empty = Result(
        "check", 3, span_of(log, scope), account(log, scope), [], [], counts=counts, notes=list(log.account.notes)
    )
    return replace(refused(found or empty, why), verdict="not judged")
