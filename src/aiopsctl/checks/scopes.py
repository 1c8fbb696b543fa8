"""What a check looks at: its window, the one that it compares with, and its rows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from aiopsctl import window as windows
from aiopsctl.checks.alarms import BUDGET
from aiopsctl.checks.baselines import Saved
from aiopsctl.config import Config, Mute
from aiopsctl.errors import UsageError
from aiopsctl.measure import MIN_COVERAGE, Scope, has_times, iso
from aiopsctl.sources.log import Log
from aiopsctl.views import oldest_of
from aiopsctl.where import all_of
from aiopsctl.window import Window

_COVERED = 0.1
"""A window before is not compared with when the log lacks more than this share of it at its beginning."""

_EVER = Window()


class Run(Struct, frozen=True):
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
    saved: Mapping[str, Saved] = field(default_factory=dict)
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


class Group(Struct, frozen=True):
    """Checks that look at the same rows in the same slices, and their window's name."""

    by: tuple[str, ...]
    where: str | None
    window: str
    compare: str | None


def scope_of(group: Group, log: Log, how: Run) -> Scope:
    """Return the rows that a group of checks looks at, and those that it compares them with."""
    timed = has_times(log.events)
    now = how.complete if how.complete and group.compare and windows.days_in(group.window) else how.now
    window = _within(windows.judged(group.window, now, how.tz), how.within) if timed else _EVER
    where = all_of(group.where, how.where)
    name = (group.compare or "previous").removeprefix("baseline:")
    saved = how.saved.get(name)
    told = saved.told(group.by, where, group.window, how.tz) if saved else None
    reference = _reference(group, window, log, how) if group.compare and timed and not told else None
    return Scope(how.tz, window, reference, name, group.by, where, how.config, how.min_coverage, told)


def _reference(group: Group, window: Window, log: Log, how: Run) -> Window:
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


def span_of_check(group: Group, scope: Scope) -> dict[str, object]:
    """Return the window of a check for its verdict: its name and dates, and whether it is part of a period."""
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


def hull(scopes: list[Scope], how: Run) -> Scope:
    """Return the scope that holds every row that any check judged."""
    since = [scope.window.since for scope in scopes]
    until = [scope.window.until for scope in scopes]
    whole = Window(
        None if None in since or not since else min(s for s in since if s),
        None if None in until or not until else max(u for u in until if u),
    )
    return Scope(how.tz, whole, where=how.where)
