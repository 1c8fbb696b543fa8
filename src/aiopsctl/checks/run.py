"""Runs checks over a log: checks that share rows and slices share a measurement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.changes import Key, changes
from aiopsctl.checks.alarms import Bar, Evidence, bars, limits_of_change
from aiopsctl.checks.check import Check
from aiopsctl.checks.judge import has_limit, judge, verdict
from aiopsctl.checks.lasting import lasting
from aiopsctl.checks.mutes import muted
from aiopsctl.checks.onward import onward
from aiopsctl.checks.outcome import exit_code, is_judged, monitor_code
from aiopsctl.checks.scopes import Group, Run, hull, scope_of, span_of_check, uncovered
from aiopsctl.facts import untold
from aiopsctl.measure import Scope, measure, newest
from aiopsctl.readable import plural
from aiopsctl.result import BREACH, STATUSES, Measurement, Result, Verdict
from aiopsctl.sources.log import Log
from aiopsctl.stats.change import Change
from aiopsctl.views import account, nothing_found, refused, span_of

_VERDICTS = {0: "pass", 1: "breach", 2: "breach", 3: "not judged"}


def run(checks: Sequence[Check], log: Log, how: Run) -> Result:
    """Return the verdicts, in the order of the checks, and the exit code that follows from them."""
    groups: dict[Group, list[Check]] = {}
    for check in checks:
        groups.setdefault(Group(check.by, check.where, check.window, check.compare), []).append(check)
    seen = {group: _look(group, members, log, how) for group, members in groups.items()}
    tests = [test for group, members in groups.items() for check in members for test in seen[group].tests(check)]
    bar = bars(tests, how.budget)
    verdicts: dict[int, list[tuple[Verdict, Scope]]] = {}
    for group, members in groups.items():
        for check in members:
            own = _verdicts(check, group, log, seen[group], bar)
            scope = seen[group].scope
            verdicts[id(check)] = [(_finished(v, check, group, log, how, scope, bar), scope) for v in own]
    judged = [each for check in checks for each in verdicts[id(check)]]
    ordered = _explained(judged, log, how) if how.explain else [v for v, _ in judged]
    measurements = [m for each in seen.values() for m in each.found]
    return _result(ordered, checks, measurements, log, hull([each.scope for each in seen.values()], how), how)


def _explained(judged: Sequence[tuple[Verdict, Scope]], log: Log, how: Run) -> list[Verdict]:
    if not any(v.status in BREACH for v, _ in judged):
        return [v for v, _ in judged]
    from aiopsctl.checks.carriers import explained

    return explained(judged, log.events, how.inputs)


class _Seen(Struct, frozen=True):
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
        own = [m for m in self.found if m.metric == check.metric.name and _is_enough(check, m)]
        return [(check, m, change) for m in own if (change := self.change(m)) is not None]


def _is_enough(check: Check, m: Measurement) -> bool:
    """Return whether a slice has enough samples on both sides for its change to be judged."""
    return min(m.n, m.reference.n if m.reference else 0) >= check.min_samples


def _look(group: Group, members: Sequence[Check], log: Log, how: Run) -> _Seen:
    scope = scope_of(group, log, how)
    metrics = list({check.metric.name: check.metric for check in members}.values())
    found = measure(log.events, metrics, scope)
    judged = {c.metric.name for c in members if limits_of_change(c) and any(_is_judged(c, m) for m in found)}
    return _Seen(scope, found, changes(log.events, [metric for metric in metrics if metric.name in judged], scope))


def _is_judged(check: Check, m: Measurement) -> bool:
    return m.metric == check.metric.name and (check.on_few_samples == "judge" or _is_enough(check, m))


def _verdicts(check: Check, group: Group, log: Log, seen: _Seen, bar: Mapping[bool, Bar]) -> list[Verdict]:
    own = [_dated(m, log, seen.scope) for m in seen.found if m.metric == check.metric.name]
    if check.at is None and untold(check.metric.facts, seen.scope.config):
        return [verdict(check, replace(own[0], slice={}), "skipped", own[0].reason, None)]
    present = [m for m in own if m.n or (m.reference and m.reference.n)] or own[:1]
    moved = {id(m): change for m in present if limits_of_change(check) and (change := seen.change(m)) is not None}
    proofs = {key: Evidence(change, bar[bool(check.by)]) for key, change in moved.items()}
    found = _judged(check, present, uncovered(log, seen.scope), proofs)
    return [replace(v, window=span_of_check(group, seen.scope)) for v in found]


def _finished(
    v: Verdict, check: Check, group: Group, log: Log, how: Run, scope: Scope, bar: Mapping[bool, Bar]
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
