"""Spans of time: what users write (`7d`, `2026-09`, `2026-09-01..2026-10-01`) as half-open windows in one zone.

Days and weeks are those of the zone's calendar, so `7d` ends at the clock time at which it began, also where the clocks
change in between; hours and minutes are hours and minutes.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from aiopsctl.errors import UsageError

_AGO = re.compile(r"([0-9]{1,6})([mhdw])")
_STEPS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MONTH, _WEEK, _DAY = (
    re.compile(p) for p in ("([0-9]{4})-([0-9]{2})", "([0-9]{4})-W([0-9]{2})", "([0-9]{4}-[0-9]{2}-[0-9]{2})")
)
_WORDS = {"today": "day", "yesterday": "day", "this-month": "month", "last-month": "month"}
_GRAMMAR = "7d, 36h, 2026-11-01, 2026-11, 2026-W46, 2026-11-01T08:00Z, today, yesterday, this-month, last-month"


class Window(Struct, frozen=True):
    """From `since` up to but not including `until`; None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def bounded(self) -> bool:
        """Whether rows are cut at all."""
        return self.since is not None or self.until is not None

    def is_month(self, tz: ZoneInfo) -> bool:
        """Return whether the window is exactly one calendar month of the zone."""
        return self.since is not None and self == around("month", self.since, tz)


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name (`local`: that of the machine), or raise `UsageError`."""
    if name == "local":
        return ZoneInfo(_etc_localtime() or "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone '{name}'", help="write an IANA name: UTC, Europe/Berlin, America/New_York"
        ) from None


def _etc_localtime() -> str:
    """Return the IANA name behind TZ or /etc/localtime, or an empty string."""
    import os
    from pathlib import Path

    named = os.environ.get("TZ", "").lstrip(":")
    try:
        return ZoneInfo(named).key if named else Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def moment(text: str, now: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant that a text names: the beginning of a period, or a span before `now`."""
    try:
        return _moment(text, now, tz)
    except OverflowError:
        raise UsageError(f"'{text}' lies outside the calendar") from None


def _moment(text: str, now: datetime, tz: ZoneInfo) -> datetime:
    if ago := _AGO.fullmatch(text):
        return _back(now, int(ago[1]) * _STEPS[ago[2]], tz, by_clock=ago[2] in "dw")
    if text == "now":
        return now
    period = _period(text, now, tz)
    if period and period.since:
        return period.since
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no time", help=f"write one of: {_GRAMMAR}") from None
    return (found if found.tzinfo else found.replace(tzinfo=tz)).astimezone(UTC)


def span(text: str, now: datetime, tz: ZoneInfo) -> Window:
    """Return the window of a range `A..B`, of a word for a period (`2026-09`, `yesterday`), or of a span (`7d`)."""
    since, dots, until = text.partition("..")
    if dots:
        window = Window(moment(since, now, tz) if since else None, moment(until, now, tz) if until else None)
    else:
        window = _period(text, now, tz) or Window(moment(text, now, tz), now)
    if not window.bounded or (window.since and window.until and window.since >= window.until):
        raise UsageError(f"the range {text} is empty", help="write it as SINCE..UNTIL; UNTIL is not included")
    return window


def _period(text: str, now: datetime, tz: ZoneInfo) -> Window | None:
    """Return the day, week or month that a text names, whole."""
    first = now.astimezone(tz)
    try:
        if text == "yesterday":
            first -= timedelta(days=1)
        elif text == "last-month":
            first = first.replace(day=1) - timedelta(days=1)
        elif month := _MONTH.fullmatch(text):
            first = datetime(int(month[1]), int(month[2]), 1, tzinfo=tz)
        elif week := _WEEK.fullmatch(text):
            first = datetime.combine(date.fromisocalendar(int(week[1]), int(week[2]), 1), time(), tz)
        elif _DAY.fullmatch(text):
            first = datetime.combine(date.fromisoformat(text), time(), tz)
        elif text not in _WORDS:
            return None
        return around(_kind(text), first, tz)
    except ValueError:
        raise UsageError(f"'{text}' is no date of the calendar") from None
    except OverflowError:
        raise UsageError(f"'{text}' lies outside the calendar") from None


def _kind(name: str) -> str:
    """Return `day`, `week` or `month` where a name is that of a period, else an empty string."""
    shapes = {"month": _MONTH, "week": _WEEK, "day": _DAY}
    written = next((kind for kind, shape in shapes.items() if name == kind or shape.fullmatch(name)), "")
    return _WORDS.get(name, written)


def around(kind: str, when: datetime, tz: ZoneInfo) -> Window:
    """Return the whole day, week or month of the zone that an instant lies in."""
    day = when.astimezone(tz).date()
    if kind == "month":
        first = day.replace(day=1)
        return Window(_midnight(first, tz), _midnight((first + timedelta(days=32)).replace(day=1), tz))
    first, days = (day - timedelta(days=day.weekday()), 7) if kind == "week" else (day, 1)
    return Window(_midnight(first, tz), _midnight(first + timedelta(days=days), tz))


def judged(name: str, now: datetime, tz: ZoneInfo) -> Window:
    """Return the window that a check judges: `day`, `week` and `month` up to now, or a span such as `7d`."""
    if name in ("day", "week", "month"):
        return Window(around(name, now - timedelta(microseconds=1), tz).since, now)
    return span(name, now, tz)


def last_midnight(now: datetime, tz: ZoneInfo, *, known_whole: bool) -> datetime:
    """Return the end of the last complete day; a day that is `known_whole` though it has not ended is complete."""
    day = around("day", now, tz)
    end = day.until if known_whole and day.since != now else day.since
    return end or now


def days_in(name: str) -> int:
    """Return how many whole days a span such as `28d` or `2w` has; 0 for all else."""
    found = _AGO.fullmatch(name)
    return int(found[1]) * {"d": 1, "w": 7}.get(found[2], 0) if found else 0


def same_weekdays(window: Window, days: int, tz: ZoneInfo) -> Window:
    """Return the window before of as many days and the same weekdays: whole weeks back, so that weekends cancel."""
    weeks = -(-days // 7)
    return _shifted(window, 7 * weeks, 7 * weeks, tz)


def lagged(window: Window, tz: ZoneInfo) -> Window:
    """Return the eight weeks that ended four weeks before the window ends: recent, and not yet part of a slow change."""
    return _shifted(Window(window.until, window.until), 84, 28, tz)


def _shifted(window: Window, first: int, last: int, tz: ZoneInfo) -> Window:
    since, until = (
        when and _back(when, timedelta(days=days), tz, by_clock=True)
        for when, days in ((window.since, first), (window.until, last))
    )
    return Window(since, until)


def is_partial(name: str, window: Window, tz: ZoneInfo) -> bool:
    """Return whether `name` is that of a day, week or month of which the window is only a part."""
    period = _within(name, window, tz)
    return period is not None and period != window


def _within(name: str, window: Window, tz: ZoneInfo) -> Window | None:
    """Return the period that `name` names, if the window lies inside one."""
    kind = _kind(name)
    if not kind or window.since is None or window.until is None:
        return None
    period = around(kind, window.since, tz)
    return period if period.until and window.until <= period.until else None


def previous(name: str, window: Window, tz: ZoneInfo) -> Window:
    """Return the window before: of a day, week or month the same part of the one before, else as long a time.

    A whole month has the whole month before it, however long; a part of one has the same days, as far as there are such.
    """
    if window.since is None or window.until is None:
        raise UsageError("only a window with a beginning and an end has a previous one", help="give --since")
    period = _within(name, window, tz)
    if period is None or period.since is None:
        length = _clock(window.until, tz) - _clock(window.since, tz)
        whole_days = length % timedelta(days=1) == timedelta(0)
        return Window(
            _back(window.since, length if whole_days else window.until - window.since, tz, by_clock=whole_days),
            window.since,
        )
    before = around(_kind(name), period.since - timedelta(microseconds=1), tz)
    if window == period or before.since is None:
        return before
    ahead = _clock(before.since, tz) - _clock(period.since, tz)
    since, until = (min(_at_clock(_clock(when, tz) + ahead, tz), period.since) for when in (window.since, window.until))
    return Window(since, until)


def _back(when: datetime, length: timedelta, tz: ZoneInfo, *, by_clock: bool) -> datetime:
    return _at_clock(_clock(when, tz) - length, tz) if by_clock else when - length


def _clock(when: datetime, tz: ZoneInfo) -> datetime:
    """Return what the clocks of the zone show."""
    return when.astimezone(tz).replace(tzinfo=None)


def _at_clock(shown: datetime, tz: ZoneInfo) -> datetime:
    return shown.replace(tzinfo=tz).astimezone(UTC)


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return _at_clock(datetime.combine(day, time()), tz)
