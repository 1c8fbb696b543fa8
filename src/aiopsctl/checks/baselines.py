"""A saved baseline: the numbers of a good period, kept to be compared with when its rows are gone.

Only measurements are kept: value, interval and sample size of each metric and slice, with what decided the number. So a
rise or a fall is judged from the values and intervals of both sides.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from aiopsctl.errors import UsageError
from aiopsctl.measure import Told, iso
from aiopsctl.metric import Metric
from aiopsctl.readable import plural
from aiopsctl.result import Reference, Slice
from aiopsctl.sums import GRAINS
from aiopsctl.window import span

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = ("previous", "lagged", "now")
_OLD = timedelta(days=180)
_FIRST_YEAR, _LAST_YEAR = 1900, 9000

Instant = Annotated[datetime, Meta(tz=True)]


class Kept(Struct, frozen=True):
    """What is kept of one slice."""

    slice: dict[str, Any]
    value: float
    low: float | None
    high: float | None
    n: Annotated[int, Meta(ge=0)]


class Entry(Struct, frozen=True):
    """One metric over the same rows in the same slices; `window` is the name of a check's window, None a given one."""

    metric: str
    unit: str
    by: tuple[str, ...]
    where: str | None
    window: str | None
    since: Instant | None
    until: Instant | None
    definition: str
    slices: tuple[Kept, ...]

    def __post_init__(self) -> None:
        """Refuse times that no zone can show."""
        _require_shown(self.since, self.until)


class Saved(Struct, frozen=True):
    """A saved baseline; `tz` is the zone that its windows and calendar slices are of."""

    version: Literal[1]
    name: str
    saved_at: Instant
    tz: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        """Refuse a time that no zone can show."""
        _require_shown(self.saved_at)

    def told(self, by: Sequence[str], where: str | None, window: str | None, tz: ZoneInfo) -> Told:
        """Return what gives the reference of each metric and slice of a scope.

        `window` is the name of the window that is compared, None where any will do. What is not kept, or was computed
        otherwise, has no value, and a reason.
        """
        known: dict[str, Callable[[Slice], Reference]] = {}

        def tell(metric: Metric, slice_: Slice) -> Reference:
            if metric.name not in known:
                known[metric.name] = self._of_metric(metric, by, where, window, tz)
            return known[metric.name](slice_)

        return tell

    def _of_metric(
        self, metric: Metric, by: Sequence[str], where: str | None, window: str | None, tz: ZoneInfo
    ) -> Callable[[Slice], Reference]:
        entry = self._entry(metric, by, where, window)
        reason = self._refusal(metric, entry, by, window)
        kept = {_key(each.slice): each for each in entry.slices} if entry and not reason else {}
        since, until = (iso(entry.since, tz), iso(entry.until, tz)) if entry else (None, None)

        def tell(slice_: Slice) -> Reference:
            own = kept.get(_key(slice_))
            value, low, high, n = (own.value, own.low, own.high, own.n) if own else (None, None, None, 0)
            return Reference(self.name, value, low, high, n, since, until, iso(self.saved_at, tz), reason)

        return tell

    def _entry(self, metric: Metric, by: Sequence[str], where: str | None, window: str | None) -> Entry | None:
        """Return the entry of the same rows and slices: of the same window first, then of the one that was given."""
        alike = [e for e in self.entries if e.metric == metric.name and sorted(e.by) == sorted(by) and e.where == where]
        fitting = [e for e in alike if window is None or e.window in (window, None)]
        return max(fitting, key=lambda e: e.window == window, default=None)

    def _refusal(self, metric: Metric, entry: Entry | None, by: Sequence[str], window: str | None) -> str | None:
        """Return why a metric cannot be compared at all, whatever the slice."""
        again = f"save it again: aiopsctl check --save-baseline {self.name} --force"
        if entry is None:
            cut = f" by {', '.join(by)}" if by else ""
            over = f" over {window}" if window else ""
            return f"baseline '{self.name}' has no {metric.name}{cut}{over} of these rows; {again}"
        if entry.definition != definition(metric):
            return f"{metric.name} was computed otherwise when baseline '{self.name}' was saved; {again}"
        return None


def _require_shown(*times: datetime | None) -> None:
    outside = [when for when in times if when is not None and not _FIRST_YEAR < when.year < _LAST_YEAR]
    if outside:
        message = f"{outside[0].isoformat()} lies outside the calendar"
        raise ValueError(message)


def _key(slice_: Mapping[str, Any]) -> str:
    return json.dumps(slice_, sort_keys=True)


def definition(metric: Metric) -> str:
    """Return a hash of what decides the number of a metric: the same in every run, another when the definition changes."""
    value = metric.value
    told = {
        "name": metric.name, "unit": metric.unit, "formula": metric.formula,
        "grain": {name: repr(GRAINS[name]) if name in GRAINS else name for name in metric.keys},
        "required": metric.grain,
        "sums": {name: (what.add, repr(what.row)) for name, what in metric.sums.items()},
        "value": (value.words, value.per, value.cluster, value.ratio), "covers": metric.covers,
        "facts": sorted(metric.facts), "base": metric.base, "across": metric.across if metric.base else (),
    }  # fmt: skip
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def is_name(text: str) -> bool:
    """Return whether a saved baseline may have this name: it is a file's, and nothing else that is compared with."""
    return _NAME.fullmatch(text) is not None and text not in _RESERVED and not _is_time(text)


def _is_time(text: str) -> bool:
    try:
        span(text, datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    except UsageError:
        return ".." in text
    return True


def require_name(text: str) -> None:
    """Raise `UsageError` for a name that no saved baseline may have."""
    if not is_name(text):
        help = "letters, digits, ., _ and -; not previous, lagged, or a time such as 2026-09"
        raise UsageError(f"'{text}' cannot be the name of a baseline", help=help)


def aged(saved: Saved, now: datetime) -> str | None:
    """Return a note where a baseline is so old that the product has moved on by itself."""
    ends = [entry.until for entry in saved.entries if entry.until is not None]
    age = now - min([saved.saved_at, *ends])
    if age <= _OLD:
        return None
    again = f"aiopsctl check --save-baseline {saved.name} --force"
    return f"baseline '{saved.name}' is {plural(age.days, 'day')} old; a newer one is saved by {again}"
