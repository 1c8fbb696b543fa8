"""What moved the cost between the first and the last four weeks of a log: users, usage, cost of a call, new features."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import log
from typing import Any

from msgspec.structs import replace

from aiopsctl.analyses.analysis import Asked
from aiopsctl.analyses.causes import causes
from aiopsctl.analyses.scale._days import DAY, Days
from aiopsctl.prices.weights import weights
from aiopsctl.window import Window, around

SPAN = 28
DEFINITIONS = {
    "drivers": "the first 28 whole days of the log against the last 28: cost = users x calls per user x cost per call (of calls whose cost is known), each "
    "with what it did to the cost (logarithmic mean of the two costs times the logarithm of its ratio; they add up to the "
    "change). `causes` splits cost per call, and tokens per call, by mix, tokens and price, as `cost --causes` does",
    "new_features": "features with cost in the last 28 days and no call in the first",
}


@dataclass(frozen=True)
class Side:
    """Sums of a span of days, of calls whose cost is known, also by feature; users are None where the log does not name them."""

    cost: float
    calls: int
    users: int | None
    features: Mapping[str, tuple[int, float]]


def drivers(before: Side, after: Side) -> list[dict[str, Any]]:
    """Return what each driver did to the cost, in dollars; together they are the change. Empty where a side has no cost."""
    if min(before.cost, after.cost) <= 0:
        return []
    parts = {"calls": (before.calls, after.calls)}
    if before.users and after.users:
        per = (before.calls / before.users, after.calls / after.users)
        parts = {"active users": (before.users, after.users), "calls per user": per}  # type: ignore[dict-item]
    ends = {**parts, "cost per call": (before.cost / before.calls, after.cost / after.calls)}
    ratio = after.cost / before.cost
    mean = (after.cost - before.cost) / log(ratio) if ratio != 1 else before.cost
    return [
        {"driver": name, "before": a, "after": b, "change": b / a - 1, "effect_usd": mean * log(b / a)}
        for name, (a, b) in ends.items()
    ]


def new_features(before: Side, after: Side) -> list[dict[str, Any]]:
    """Return the features that came, dearest first, with their share of the cost."""
    found = [
        {"feature": name or None, "cost_usd": cost, "share": cost / after.cost}
        for name, (_, cost) in after.features.items()
        if cost > 0 and not before.features.get(name, (0, 0.0))[0]
    ]
    return sorted(found, key=lambda each: (-each["cost_usd"], str(each["feature"])))


def spans(days: Days) -> tuple[Days, Days]:
    """Return the first and the last four weeks."""
    return Days(days.since, min(days.until, days.since + SPAN * DAY)), days.last(SPAN)


def causes_between(first: Days, last: Days, asked: Asked) -> list[dict[str, Any]]:
    """Return why cost and tokens of a call changed between two spans of days."""
    scope = replace(
        asked.scope, by=(), window=_window(last, asked), reference=_window(first, asked), reference_name="first 28 days"
    )
    weighing = weights(asked.log.events, asked.book, scope.window.since or asked.now)
    return [asdict(cause) | {"change": cause.change} for cause in causes(asked.log.events, scope, weighing)]


def _window(days: Days, asked: Asked) -> Window:
    return Window(*(_midnight(day, asked) for day in (days.since, days.until)))


def _midnight(day: date, asked: Asked) -> datetime | None:
    tz = asked.scope.tz
    return around("day", datetime(day.year, day.month, day.day, 12, tzinfo=tz), tz).since
