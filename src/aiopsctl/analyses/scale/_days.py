"""The whole days that a log covers, and its weeks back from the last of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiopsctl.analyses.analysis import Asked
from aiopsctl.measure import newest
from aiopsctl.views import oldest_of

DAY = timedelta(days=1)
_COVERED = timedelta(hours=23)

WHOLE_DAYS = (
    "days count from the first to the last day of the log and the window of which at least 23 hours are covered; weeks are "
    "seven such days each, back from the last"
)


@dataclass(frozen=True)
class Days:
    """Whole days of the zone's calendar: from `since` up to, without, `until`."""

    since: date
    until: date

    def __len__(self) -> int:
        """Return how many there are."""
        return max((self.until - self.since).days, 0)

    def __iter__(self) -> Iterator[date]:
        """Go through them."""
        return (self.since + DAY * i for i in range(len(self)))

    def weeks(self) -> list["Days"]:
        """Return the whole weeks, the oldest first; the last ends where the days end."""
        n = len(self) // 7
        return [Days(self.until - 7 * DAY * (n - i), self.until - 7 * DAY * (n - i - 1)) for i in range(n)]

    def last(self, days: int) -> "Days":
        """Return the last of them."""
        return Days(max(self.since, self.until - DAY * days), self.until)


def whole_days(asked: Asked) -> Days | None:
    """Return the whole days of the log within the window, None where it has no times."""
    ends = _ends(asked)
    if ends is None:
        return None
    first, last = (when.astimezone(asked.scope.tz).replace(tzinfo=None) for when in ends)
    since, until = first.date(), last.date()
    midnight = datetime.min.time()
    if datetime.combine(since, midnight) + (DAY - _COVERED) < first:
        since += DAY
    if last - datetime.combine(until, midnight) >= _COVERED:
        until += DAY
    return Days(since, max(since, until))


def _ends(asked: Asked) -> tuple[datetime, datetime] | None:
    """Return from when to when rows are looked at, as far as the log reaches."""
    oldest, last, window = oldest_of(asked.log), newest(asked.log.events), asked.scope.window
    if oldest is None or last is None:
        return None
    return max(oldest, window.since or oldest), min(last, window.until or last)
