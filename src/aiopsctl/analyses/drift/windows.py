"""Which two windows are set beside each other where the user does not say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiopsctl.window import Window, around, lagged, previous

DAYS = timedelta(days=28)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A window and the one before, the name of that, and why it is this one."""

    window: Window
    reference: Window
    name: str
    why: str


def pair(asked: Window, oldest: datetime, complete: datetime, now: datetime, tz: ZoneInfo) -> Pair:
    """Return the windows: what is asked for, else the last 28 complete days, beside the best that the log reaches back to.

    That is the eight weeks that ended four weeks before the window ends, else the window before, else the first half of the
    log beside the second. `complete` is the end of the last complete day; of a log of less than two, the second half
    ends `now`.
    """
    first = _since(oldest, tz)
    window = Window(asked.since or complete - DAYS, asked.until if asked.since else complete)
    window = Window(window.since, window.until or complete)
    slow, near = lagged(window, tz), previous("", window, tz)
    begins = slow.since, near.since
    if window.since and window.until and window.until - window.since <= DAYS and _reaches(first, begins[0]):
        return Pair(window, slow, "lagged", "the eight weeks that ended four weeks before")
    if asked.since or _reaches(first, begins[1]):
        return Pair(
            window, near, "previous", f"the log begins {first:%Y-%m-%d}, too late for eight weeks that ended earlier"
        )
    whole_days = complete - first >= 2 * _DAY
    begin, end = (first, complete) if whole_days else (oldest, now)
    middle = begin + (end - begin) / 2
    middle = _since(middle, tz) if whole_days else middle
    return Pair(
        Window(middle, end), Window(begin, middle), "first half", "the log is too short for 28 days and 28 before"
    )


def _since(when: datetime, tz: ZoneInfo) -> datetime:
    return around("day", when, tz).since or when


def _reaches(first: datetime, begin: datetime | None) -> bool:
    return begin is not None and first <= begin
