"""Breaches that must last: a check is judged again as of each day before, so no state is kept between runs."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from aiopsctl.result import BREACH, Verdict
from aiopsctl.window import moment

_LONGEST = 30
"""So many days back the beginning of a breach is looked for."""


def lasting(
    verdict: Verdict, days: int, now: datetime, tz: ZoneInfo, judged: Callable[[datetime], list[Verdict]]
) -> Verdict:
    """Return a breach with the day on which it began, or as `ok` where it has not lasted for `days` days.

    `judged` gives the verdicts of the same check as of another time.
    """
    began, lasted = now, 1
    while lasted < max(days, _LONGEST):
        earlier = moment("1d", began, tz)
        same = [v for v in judged(earlier) if v.slice == verdict.slice]
        if not any(v.status in BREACH for v in same):
            break
        began, lasted = earlier, lasted + 1
    if lasted < days:
        return replace(verdict, status="ok", reason=f"{verdict.reason}, for {lasted} of {days} days")
    return replace(verdict, breached_since=began.astimezone(tz).date().isoformat())
