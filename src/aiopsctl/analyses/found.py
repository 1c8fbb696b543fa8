"""What a log holds that a first config is made of: features, tiers, a first baseline, and which checks it can answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiopsctl import catalog
from aiopsctl.checks.check import from_config, handbook
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.config import HANDBOOK_CLASSES, Config, Feature
from aiopsctl.measure import Scope, measure, newest
from aiopsctl.result import Verdict
from aiopsctl.sources.log import Log
from aiopsctl.views import account, now_of, oldest_of, short, span_of
from aiopsctl.window import Window, around


@dataclass(frozen=True)
class FoundFeature:
    """A feature, its calls, and its latency in milliseconds; None where the log has none."""

    name: str
    calls: int
    p50: float | None = None
    p95: float | None = None

    @property
    def class_(self) -> str | None:
        """The first of the handbook's classes whose limits the feature keeps; None without a latency."""
        if self.p50 is None or self.p95 is None:
            return None
        own = {"latency-p50": self.p50, "latency-p95": self.p95}
        limits = class_limits()
        fits = (name for name in HANDBOOK_CLASSES if all(own[m] <= of.get(name, own[m]) for m, of in limits.items()))
        return next(fits)


@dataclass(frozen=True)
class FirstBaseline:
    """Complete days at the end of a log: from `since` up to, without, `until`."""

    since: date
    until: date
    calls: int


@dataclass(frozen=True)
class Found:
    """What a log holds. `lacks` says for each metric with a limit why the log cannot answer it (empty: it can)."""

    rows: int
    since: str
    until: str
    features: list[FoundFeature]
    tiers: list[str]
    unpriced: Mapping[str, int]
    baseline: FirstBaseline | None
    lacks: Mapping[str, str]


def class_limits() -> dict[str, Mapping[str, float]]:
    """Return the handbook's limits of each class, by metric."""
    return {check.metric.name: check.of_class for check in handbook() if check.by_class}


def found(log: Log, tz: ZoneInfo, days: int, clock: datetime) -> Found:
    """Return what a log holds; its newest row is its now, and `days` is the longest that a baseline may be."""
    scope = Scope(tz)
    data, span = account(log, scope), span_of(log, scope)
    features = _features(log, tz)
    return Found(
        data.rows_used, short(span.since), short(span.until), features, list(_calls(log, tz, "tier")),
        data.unpriced_models, baseline_of(log, tz, days), _lacks(log, tz, features, clock),
    )  # fmt: skip


def _calls(log: Log, tz: ZoneInfo, column: str) -> dict[str, int]:
    """Return the values of a column with their calls, most calls first."""
    counted = measure(log.events, [catalog.metric("calls")], Scope(tz, by=(column,)))
    named = {str(m.slice[column]): int(m.value or 0) for m in counted if m.slice[column] is not None}
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def _features(log: Log, tz: ZoneInfo) -> list[FoundFeature]:
    metrics = [catalog.metric(name) for name in class_limits()]
    values = {
        (m.metric, str(m.slice["feature"])): m.value for m in measure(log.events, metrics, Scope(tz, by=("feature",)))
    }
    return [
        FoundFeature(name, calls, values.get(("latency-p50", name)), values.get(("latency-p95", name)))
        for name, calls in _calls(log, tz, "feature").items()
    ]


def baseline_of(log: Log, tz: ZoneInfo, days: int) -> FirstBaseline | None:
    """Return the last complete days of the log, `days` of them or as many as there are; None without any."""
    oldest, last = oldest_of(log), newest(log.events)
    if oldest is None or last is None:
        return None
    first, until = (when.astimezone(tz).date() for when in (oldest, last))
    if around("day", oldest, tz).since != oldest:
        first += timedelta(days=1)
    since = max(first, until - timedelta(days=days))
    if since >= until:
        return None
    window = Window(*(around("day", datetime(d.year, d.month, d.day, 12, tzinfo=tz), tz).since for d in (since, until)))
    (calls,) = measure(log.events, [catalog.metric("calls")], Scope(tz, window))
    return FirstBaseline(since, until, int(calls.value or 0)) if calls.value else None


def _lacks(log: Log, tz: ZoneInfo, features: list[FoundFeature], clock: datetime) -> dict[str, str]:
    """Return why each metric of the handbook's limits cannot be judged, from a run of them with the guessed classes."""
    guessed = {each.name: Feature(class_=each.class_) for each in features if each.class_}
    config = Config(features=guessed)
    checks = from_config(config, "")
    verdicts = run(checks, log, Run(now_of(log, clock), tz, config=config)).checks or []
    return {check.id: _lack([v for v in verdicts if v.id == check.id]) for check in checks}


def _lack(own: list[Verdict]) -> str:
    """Return why nothing of a check can be judged; too few samples so far, or no window before, is no such reason."""
    if any(v.value is not None and v.status != "unknown" for v in own):
        return ""
    return next((v.reason for v in own if v.reason), "no feature has a class with a limit")
