"""Facts: numbers that are in no log, such as revenue, forecast, or where the window ends.

A fact is declared once. It is a small table: one value for each value of a column of the sums (`key`), or one value for
all. A metric names the facts that it needs; they stand beside its summed rows before the value is taken.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from msgspec import Struct, field

from aiopsctl.events import OF_CALLS

NANO = 10**9
_FINER = ("minute", "hour", "day", "week", "weekday")


class Setting(Struct, frozen=True):
    """What surrounds a measurement: the config, the zone, the slices, and the window.

    `since` and `until` are the days of the window that the log covers, `end` is where the window ends, else the log.
    `features` are those for which the log has feedback of a kind, anywhere; "" is feedback without one.
    """

    config: Any
    tz: ZoneInfo
    by: tuple[str, ...] = ()
    where: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    end: datetime | None = None
    features: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def monthly(self) -> bool:
        """Whether the slices are no finer than months, so that what is known by month can be told of them."""
        return not set(self.by) & set(_FINER)

    @property
    def whole(self) -> bool:
        """Whether the slices are of the whole product, so that what is known of it can be told of them."""
        return not set(self.by) - {"month", "quarter"} and self.where is None


class Fact(Struct, frozen=True):
    """One fact: the column that it becomes, the column of the sums that it is told by, and where it comes from.

    `key` is empty where one value holds for all rows. `written` shows how a config gives it; it is empty for what
    follows from the window, and `lack` says why there may be none. `read` returns the values by key (`None` where there
    is no key). `of_product` says that it is told of the whole product, and so of no part of it.
    """

    name: str
    key: str
    dtype: pl.DataType
    meaning: str
    written: str
    read: Callable[[Setting], Mapping[Any, Any]]
    of_product: bool = False
    lack: str = "the log has no times"


def _tier_revenue(s: Setting) -> dict[str, int]:
    tiers = getattr(s.config, "tiers", {})
    return {name: round(tier.revenue.value * NANO) for name, tier in tiers.items() if tier.revenue is not None}


def _by_month(key: str, scale: int = 1) -> Callable[[Setting], dict[date, int]]:
    def read(s: Setting) -> dict[date, int]:
        given = getattr(s.config, key, {})
        return {
            date.fromisoformat(f"{month}-01"): round(getattr(value, "value", value) * scale)
            for month, value in given.items()
        }

    return read


def _product_mau(s: Setting) -> dict[date, int]:
    """Return the users of the whole product: of a tier or a country they are not known."""
    return _by_month("product_mau")(s) if set(s.by) <= {*OF_CALLS, "month"} else {}


def _month_shares(s: Setting) -> dict[date, float]:
    """Return which share of each calendar month the window covers."""
    if s.since is None or s.until is None:
        return {}
    since, until, found = s.since.astimezone(s.tz), s.until.astimezone(s.tz), {}
    first = since.date().replace(day=1)
    while _midnight(first, s.tz) < until:
        following = (first + timedelta(days=32)).replace(day=1)
        begins, ends = _midnight(first, s.tz), _midnight(following, s.tz)
        covered = min(ends, until).astimezone(UTC) - max(begins, since).astimezone(UTC)
        found[first] = covered / (ends.astimezone(UTC) - begins.astimezone(UTC))
        first = following
    return found


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=tz)


def _window_end(s: Setting) -> dict[None, datetime]:
    return {} if s.end is None else {None: s.end.astimezone(UTC)}


def _last_day(s: Setting) -> dict[None, date]:
    return {} if s.end is None else {None: (s.end - timedelta(microseconds=1)).astimezone(s.tz).date()}


def _whole_weeks(s: Setting) -> dict[date, bool]:
    """Return the calendar weeks, by their Monday, of which the window covers all seven days."""
    if s.since is None or s.until is None:
        return {}
    since, until, week = s.since.astimezone(s.tz), s.until.astimezone(s.tz), timedelta(days=7)
    monday = since.date() - timedelta(days=since.weekday())
    monday += week if _midnight(monday, s.tz) < since else timedelta()
    return {
        monday + week * i: True
        for i in range((until.date() - monday).days // 7)
        if _midnight(monday + week * (i + 1), s.tz) <= until
    }


tier_revenue = Fact(
    "tier_revenue", "tier_or_none", pl.Int64(), "revenue of a tier's users, in nano-dollars by user and month",
    "tiers: {pro: {revenue: 20 USD / month}}", _tier_revenue,
)  # fmt: skip
month_revenue = Fact(
    "month_revenue", "month", pl.Int64(), "revenue of the product, in nano-dollars by month",
    "revenue: {2026-11: 120_000 USD}", _by_month("revenue", NANO), of_product=True,
)  # fmt: skip
forecast = Fact(
    "forecast", "month", pl.Int64(), "forecast of the cost, in nano-dollars by month",
    "forecast: {2026-11: 18_400 USD}", _by_month("forecast", NANO), of_product=True,
)  # fmt: skip
product_mau = Fact(
    "product_mau", "month", pl.Int64(), "number of active users of the product, by month",
    "product_mau: {2026-11: 12_000}", _product_mau,
)  # fmt: skip
month_share = Fact("month_share", "month", pl.Float64(), "share of a month that the window covers", "", _month_shares)
window_end = Fact("window_end", "", pl.Datetime("us", "UTC"), "where the window ends, or the log", "", _window_end)
last_day = Fact("last_day", "", pl.Date(), "the last day of the window, or of the log", "", _last_day)
whole_week = Fact(
    "whole_week", "week", pl.Boolean(), "whether the window covers all of a week", "", _whole_weeks,
    lack="the window covers no whole week from Monday to Sunday",
)  # fmt: skip


def _features_with(*kinds: str) -> Callable[[Setting], Mapping[Any, Any]]:
    def read(s: Setting) -> dict[str, int]:
        return dict.fromkeys(sorted(frozenset().union(*(s.features.get(kind, frozenset()) for kind in kinds))), 1)

    return read


def _taking(name: str, *kinds: str) -> Fact:
    meaning = f"1 for features whose users ever gave {' or '.join(kinds)}"
    return Fact(name, "feature_or_none", pl.Int64(), meaning, "", _features_with(*kinds))


takes_corrections = _taking("takes_corrections", "correction")
takes_copy = _taking("takes_copy", "copy")
takes_share = _taking("takes_share", "share")
takes_follow_through = _taking("takes_follow_through", "copy", "share", "accept", "complete")

FACTS: dict[str, Fact] = {thing.name: thing for thing in list(globals().values()) if isinstance(thing, Fact)}
"""Every fact that is declared here, by its name."""


def table(fact: Fact, values: Mapping[Any, Any], **of: Any) -> pl.DataFrame:
    """Return a fact as a frame whose last column is the fact; the columns before it are what it is joined on."""
    columns: dict[str, Any] = {name: [value] * len(values) for name, value in of.items()}
    if fact.key:
        columns[fact.key] = pl.Series(list(values), dtype=_KEYS[fact.key])
    columns[fact.name] = pl.Series(list(values.values()), dtype=fact.dtype)
    return pl.DataFrame(columns)


_KEYS: dict[str, pl.DataType] = {
    "tier_or_none": pl.String(), "feature_or_none": pl.String(), "month": pl.Date(), "week": pl.Date(),
}  # fmt: skip


def tables(names: Iterable[str], settings: Sequence[Setting], window: str) -> dict[str, pl.DataFrame]:
    """Return the facts that are named, for each of the windows; `window` is the column that numbers them."""
    return {
        name: pl.concat(
            table(FACTS[name], FACTS[name].read(setting), **{window: i}).cast({window: pl.Int8})
            for i, setting in enumerate(settings)
        )
        for name in dict.fromkeys(names)
    }


def untold(facts: Iterable[str], config: Any) -> bool:
    """Return whether the config lacks any of the facts that only it can tell."""
    setting = Setting(config, ZoneInfo("UTC"))
    return any(FACTS[name].written and not FACTS[name].read(setting) for name in facts)


def lacking(facts: Iterable[str], found: Mapping[str, pl.DataFrame], setting: Setting) -> str:
    """Return why a metric lacks its facts, or an empty string."""
    for fact in (FACTS[name] for name in facts):
        if fact.key == "month" and not setting.monthly:
            return "what it needs is known by month: group by month, or not by time"
        if fact.of_product and not setting.whole:
            return f"the {fact.meaning.partition(',')[0]} is told of the whole: group by month, or not at all"
        if not found[fact.name].height:
            return (
                f"the config gives no {fact.meaning.partition(',')[0]}: {fact.written}" if fact.written else fact.lack
            )
    return ""
