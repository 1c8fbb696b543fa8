"""What the types cannot say of a check: its metric and columns exist, and its limits make sense together."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from aiopsctl.config.limit import Limit, LimitKind, as_limit
from aiopsctl.config.problem import KeyPath, Problem, named
from aiopsctl.config.quantity import Quantity
from aiopsctl.config.types import CLASS_LIMITS, Check, Limits
from aiopsctl.config.view import View
from aiopsctl.errors import UsageError
from aiopsctl.events import CALENDAR
from aiopsctl.window import span

KINDS: tuple[LimitKind, ...] = get_args(LimitKind)
LEVELS = ("warning", "critical")
RELATIVE = ("previous", "lagged")
"""What may be compared with that moves along with the window."""

NATURAL = {
    "": "count",
    "%": "ratio",
    "points": "score",
    "x": "x",
    "ms": "ms",
    "USD": "usd",
    "tokens": "tokens",
}
"""The unit of the metrics that a quantity is usually a limit of, for when the metric's is not known."""

# NOTE: whether a text is a range must not depend on the clock; what is relative to this now ends at it.
_SOME_NOW = datetime(9000, 1, 1, 12, tzinfo=UTC)


def check_problems(view: View) -> Iterator[Problem]:
    """Return what each rule sees in each check."""
    for name, check in view.settings.checks.items():
        for rule in CHECK_RULES:
            yield from rule(view, ("checks", name), check)


def metrics(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that the metrics exist."""
    known = view.known.metrics
    for number, metric in enumerate(check.metric or ()):
        if known is not None and metric and metric not in known:
            where = (*path, "metric", number)
            yield view.unknown("metric", metric, known, where, "aiopsctl explain lists them")


def columns(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that the columns exist."""
    known = view.known.columns
    for number, column in enumerate(check.by):
        if known is not None and column and column not in known and column not in CALENDAR:
            yield view.unknown("column", column, [*known, *CALENDAR], (*path, "by", number))


def something_to_judge(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that there is a limit, at each level that is written."""
    written = [level for level in LEVELS if view.written(*path, level)]
    if not written:
        what = f"{named(path)} has neither warning nor critical"
        yield Problem(what, view.key(*path), "add critical: {above: …}")
    for level in written:
        own = (*path, level)
        nothing_read = getattr(check, level) == Limits()
        if nothing_read and not any(key[:3] == own and len(key) > 3 for key in view.reading.keys):
            yield Problem(f"{named(own)} has no limit", view.key(*own), "write above, below, rise or fall")


def something_to_compare(view: View, path: KeyPath, _: Check) -> Iterator[Problem]:
    """See that what rises or falls does so from a reference."""
    if view.written(*path, "compare"):
        return
    for level in LEVELS:
        for kind in ("rise", "fall"):
            if view.written(*path, level, kind):
                what = f"'{kind}' without 'compare' in {named(path)}"
                yield Problem(what, view.key(*path, level, kind), "add compare: previous")


def reference(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that the reference exists: the period before, a baseline, or a range of dates."""
    if check.compare is None or check.compare in RELATIVE or is_range(check.compare):
        return
    name = check.compare.removeprefix("baseline:")
    if not view.written("baselines", name):
        known = [*RELATIVE, *view.members("baselines")]
        otherwise = "write previous, lagged, the name of a baseline, or a range such as 2026-09-01..2026-10-01"
        yield view.unknown("baseline", name, known, (*path, "compare"), otherwise)


def is_range(text: str) -> bool:
    """Whether `text` is a range with two ends, or the word for a period such as `2026-09`."""
    try:
        window = span(text, _SOME_NOW, ZoneInfo("UTC"))
    except (UsageError, OverflowError):
        return False
    return None not in (window.since, window.until) and window.until != _SOME_NOW


def limits(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that each limit suits each metric."""
    for level in LEVELS:
        for kind in KINDS:
            limit = getattr(getattr(check, level), kind, None)
            fault = _class_fault(view, check) if limit == "class" else _unit_fault(view, check, kind, limit)
            if fault:
                yield Problem(f"{fault[0]} in {named(path)}", view.value(*path, level, kind), fault[1])


def _class_fault(view: View, check: Check) -> tuple[str, str] | None:
    for metric in check.metric or ():
        exists = metric and (view.known.metrics is None or metric in view.known.metrics)
        if exists and metric not in CLASS_LIMITS:
            return f"'above: class' does not suit {metric}", f"classes limit {' and '.join(CLASS_LIMITS)}"
    return None


def _unit_fault(view: View, check: Check, kind: LimitKind, limit: Quantity | None) -> tuple[str, str] | None:
    if limit is None:
        return None
    for metric in check.metric or ("",):
        try:
            as_limit(limit, _unit(view, metric, limit), kind)
        except UsageError as error:
            whose = f" ({metric})" if metric else ""
            return f"{error.what}{whose}", error.help
    return None


def _unit(view: View, metric: str, limit: Quantity) -> str:
    known = view.known.metrics or {}
    return known.get(metric) or NATURAL.get(limit.unit, "count")


def warning_first(view: View, path: KeyPath, check: Check) -> Iterator[Problem]:
    """See that no warning lies beyond what is critical."""
    for kind in KINDS:
        warning, critical = (getattr(getattr(check, level), kind, None) for level in LEVELS)
        if not isinstance(warning, Quantity) or not isinstance(critical, Quantity):
            continue
        if _beyond(view, check, kind, warning, critical):
            what = f"warning '{kind}: {warning}' lies beyond critical '{kind}: {critical}' in {named(path)}"
            yield Problem(what, view.value(*path, "warning", kind), "a warning comes before")


def _beyond(view: View, check: Check, kind: LimitKind, warning: Quantity, critical: Quantity) -> bool:
    unit = _unit(view, next(iter(check.metric or ()), ""), warning)
    try:
        warned, breached = (_badness(as_limit(limit, unit, kind)) for limit in (warning, critical))
    except UsageError:
        return False
    return warned[0] == breached[0] and warned[1] > breached[1]


def _badness(limit: Limit) -> tuple[Literal["change", "absolute"], float]:
    """Return how far a limit lies towards the bad side, and on which scale that is."""
    if limit.mode == "factor":
        return "change", abs(limit.value - 1)
    if limit.mode == "relative":
        return "change", limit.value
    return "absolute", -limit.value if limit.kind == "below" else limit.value


CHECK_RULES = (metrics, columns, something_to_judge, something_to_compare, reference, limits, warning_first)
