"""Spans of time: what users write (`7d`, `2026-09`, `2026-09-01..2026-10-01`) as half-open windows in one zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiopsctl.errors import UsageError

_AGO = re.compile(r"^(\d+)(m|h|d|w)$")
_STEPS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MONTH, _WEEK, _DAY = re.compile(r"^(\d{4})-(\d{2})$"), re.compile(r"^(\d{4})-W(\d{2})$"), re.compile(r"^\d{4}-\d{2}-\d{2}$")
_GRAMMAR = "7d, 36h, 2026-11-01, 2026-11, 2026-W46, 2026-11-01T08:00Z, today, yesterday, this-month, last-month"


@dataclass(frozen=True)
class Window:
    """From `since` up to but not including `until`; None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def bounded(self) -> bool:
        """Whether rows are cut at all."""
        return self.since is not None or self.until is not None

    def is_month(self, tz: ZoneInfo) -> bool:
        """Return whether the window is exactly one calendar month of the zone."""
        if self.since is None or self.until is None:
            return False
        first = self.since.astimezone(tz)
        return first == _midnight(first.date().replace(day=1), tz) and self.until == _next_month(first.date(), tz)


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name (`local`: that of the machine), or raise `UsageError`."""
    if name == "local":
        local = datetime.now().astimezone().tzinfo
        key = getattr(local, "key", None) or _etc_localtime()
        return ZoneInfo(key) if key else ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"unknown time zone '{name}'", help="write an IANA name: UTC, Europe/Berlin, America/New_York") from None


def _etc_localtime() -> str:
    """Return the IANA name behind /etc/localtime, or an empty string."""
    from pathlib import Path

    target = str(Path("/etc/localtime").resolve())
    return target.partition("zoneinfo/")[2]


def moment(text: str, now: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant that a text names: the beginning of a period, or a span before `now`."""
    ago = _AGO.match(text)
    if ago:
        return now - int(ago[1]) * _STEPS[ago[2]]
    if text == "now":
        return now
    begin = _period(text, now, tz)
    if begin:
        return begin[0]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no time", help=f"write one of: {_GRAMMAR}") from None
    return (found if found.tzinfo else found.replace(tzinfo=tz)).astimezone(UTC)


def span(text: str, now: datetime, tz: ZoneInfo) -> Window:
    """Return the window of a range `A..B`, of a word for a period (`2026-09`, `yesterday`), or of a span (`7d`)."""
    if ".." in text:
        since, _, until = text.partition("..")
        window = Window(moment(since, now, tz) if since else None, moment(until, now, tz) if until else None)
        if window.since and window.until and window.since >= window.until:
            raise UsageError(f"the range {text} is empty: it ends before it begins")
        return window
    period = _period(text, now, tz)
    return Window(*period) if period else Window(moment(text, now, tz), now)


def _period(text: str, now: datetime, tz: ZoneInfo) -> tuple[datetime, datetime] | None:
    today = now.astimezone(tz).date()
    try:
        if text in ("today", "yesterday"):
            day = today if text == "today" else today - timedelta(days=1)
            return _midnight(day, tz), _midnight(day + timedelta(days=1), tz)
        if text in ("this-month", "last-month"):
            day = today.replace(day=1) if text == "this-month" else (today.replace(day=1) - timedelta(days=1)).replace(day=1)
            return _midnight(day, tz), _next_month(day, tz)
        if month := _MONTH.match(text):
            day = date(int(month[1]), int(month[2]), 1)
            return _midnight(day, tz), _next_month(day, tz)
        if week := _WEEK.match(text):
            day = date.fromisocalendar(int(week[1]), int(week[2]), 1)
            return _midnight(day, tz), _midnight(day + timedelta(days=7), tz)
        if _DAY.match(text):
            day = date.fromisoformat(text)
            return _midnight(day, tz), _midnight(day + timedelta(days=1), tz)
    except ValueError:
        raise UsageError(f"'{text}' is no date of the calendar") from None
    return None


def judged(name: str, now: datetime, tz: ZoneInfo) -> Window:
    """Return the window that a check judges: `day`, `week` and `month` up to now, or a span such as `7d`."""
    today = (now - timedelta(microseconds=1)).astimezone(tz).date()
    first = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}.get(name)
    return Window(_midnight(first, tz), now) if first else span(name, now, tz)


def previous(name: str, window: Window, tz: ZoneInfo) -> Window:
    """Return the window before: as long, or of a month the same days of the month before."""
    if window.since is None or window.until is None:
        raise UsageError("only a window with a beginning and an end has a previous one", help="give --since")
    length = window.until - window.since
    if name != "month":
        return Window(window.since - length, window.since)
    first = window.since.astimezone(tz).date()
    before = _midnight((first - timedelta(days=1)).replace(day=1), tz)
    return Window(before, min(before + length, window.since))


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tz).astimezone(UTC)


def _next_month(day: date, tz: ZoneInfo) -> datetime:
    return _midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1), tz)
