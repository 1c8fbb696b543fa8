"""What carries each drift, and what appeared, went or moved among the calls at that time; it may or may not be the cause."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from aiopsctl import catalog, sums
from aiopsctl.checks.carriers import explained
from aiopsctl.checks.shifts import WATCHED, shifts
from aiopsctl.engine.kept import Events
from aiopsctl.engine.plan import Reduction
from aiopsctl.measure import Scope, iso
from aiopsctl.measure import sums as taken
from aiopsctl.result import Reference, Shift, Verdict
from aiopsctl.window import Window

Told = Mapping[str, Any]


def verdicts(signals: Sequence[Told], events: Events, scope: Scope, inputs: Sequence[str]) -> list[Verdict]:
    """Return the signals that drifted with what carries them, what changed then, and the command that shows it."""
    ranges = replace(scope, reference_name="previous")  # so that the command names dates, whatever the window is called
    drifted = [s for s in signals if s["status"] in ("critical", "warning") and catalog.metric(s["metric"]).value.ratio]
    return explained([(_verdict(signal, ranges), ranges) for signal in drifted], events, inputs)


def _verdict(signal: Told, scope: Scope) -> Verdict:
    since, until = (iso(when, scope.tz) for when in (scope.window.since, scope.window.until))
    own = scope.reference or Window()
    before = Reference(
        scope.reference_name, signal["value_reference"], None, None, signal["n_reference"], iso(own.since, scope.tz),
        iso(own.until, scope.tz),
    )  # fmt: skip
    rose = signal["value"] > signal["value_reference"]
    return Verdict(
        id="drift", metric=signal["metric"], slice=signal["slice"], status=signal["status"], value=signal["value"], low=None,
        high=None, n=signal["n"], unit=signal["unit"], reference=before, limit={"kind": "rise" if rose else "fall"},
        window={"name": "week", "since": since, "until": until}, breached_since=None, reason=None, at=None, next=None,
    )  # fmt: skip


def carriers(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return how each drift splits by dimension, into mix and within; what the dimensions leave is named by all of them."""
    return [{"metric": v.metric, "slice": v.slice, **asdict(carrier)} for v in found for carrier in v.carriers]


def changes(found: Sequence[Verdict], events: Events, scope: Scope) -> list[dict[str, Any]]:
    """Return what moved within the slice of each drift within three days of its date, and in all calls at any time.

    What is of all calls has no metric.
    """
    own = [_change(shift, v.metric, v.slice) for v in found for shift in v.changes]
    return own + [_change(shift, None, {}) for shift in _of_all(events, scope)]


def _change(shift: Shift, metric: str | None, slice_: Mapping[str, Any]) -> dict[str, Any]:
    return {"metric": metric, "slice": dict(slice_), **asdict(shift)}


def _of_all(events: Events, scope: Scope) -> list[Shift]:
    since = [w.since for w in (scope.window, scope.reference) if w and w.since]
    whole = replace(scope, window=Window(min(since, default=None), scope.window.until), reference=None, by=())
    watched = [name for name in WATCHED if name in events.columns]
    plan = [Reduction((), (name, "day"), (name,), {"calls": sums.calls}) for name in watched]
    return shifts(dict(zip(watched, taken(events, plan, whole), strict=True)), None)
