"""The busiest windows of calls against the limits of their provider, and the same calls at other limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import exp, log
from typing import TYPE_CHECKING, Any

import polars as pl

from aiopsctl.analyses.analysis import Asked
from aiopsctl.analyses.scale._limits import (
    BY_MINUTE,
    KINDS,
    MINUTE,
    SLICED,
    TYPED,
    Group,
    Kind,
    Limits,
    Other,
    limit_of,
)  # fmt: skip
from aiopsctl.analyses.scale._stated import Stated, row
from aiopsctl.measure import iso, prepared
from aiopsctl.stats.bucket import Replay, replay
from aiopsctl.stats.line import Line
from aiopsctl.stats.windows import Peak, peaks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MICRO = 1_000_000
_FARTHEST = timedelta(days=3653)

DEFINITIONS = {
    "peak": "the largest sum over any half-open window of so many seconds, wherever it begins (a true sliding window); "
    "`until` is the last call of the first such window. A call counts whole when it begins, refused ones too; tokens are "
    "input (those read from the provider's cache too) and output. Calls answered from the application's own cache, and "
    "those of a batch, are left out",
    "requests_10s": "Azure counts requests in slices of ten seconds, each with a sixth of the limit by the minute",
    "used": "peak / limit; `growth_to_limit` is limit / peak",
    "reached_on": "the day on which the peak meets the limit, if it grows from the end of the log as the calls of whole "
    "weeks have grown (log-linear trend over the last 26 weeks; 95 % interval, wider where neighbouring weeks are alike)",
    "replay": "calls in their order through token buckets that are full at the beginning and hold `burst_s` seconds of their "
    "limit: after a quiet time they let so much through at once, and then the limit. A call that would wait more than 60 s "
    "is dropped. Waits are those of the calls that waited. Limits by the day are not replayed",
}


@dataclass(frozen=True)
class Own:
    """Calls of a group, in the order of time, with the limits that hold for it, where those come from, and what headers say."""

    group: Group
    calls: pl.DataFrame
    limits: Limits
    source: str | None
    said: Stated

    @property
    def times(self) -> "NDArray[Any]":
        """When each call begins, in microseconds."""
        return self.calls["ts"].dt.epoch("us").to_numpy()

    def amount(self, name: str) -> "NDArray[Any]":
        """Return what each call takes: `requests`, `input`, `output`, or both kinds of `tokens`."""
        import numpy as np

        if name == "requests":
            return np.ones(self.calls.height, np.int64)
        of = self.calls["input"] + self.calls["output"] if name == "tokens" else self.calls[name]
        return of.to_numpy()

    @cached_property
    def peaks(self) -> Mapping[str, Peak | None]:
        """The busiest window of each kind of limit."""
        found: dict[str, Peak | None] = {}
        for seconds in {kind.seconds: None for kind in KINDS}:
            own = [kind for kind in KINDS if kind.seconds == seconds]
            most = peaks(self.times, (self.amount(kind.amount) for kind in own), seconds * _MICRO)
            found |= zip((kind.name for kind in own), most, strict=True)
        return found


def calls_of(asked: Asked) -> tuple[pl.LazyFrame, dict[str, int]]:
    """Return the calls that providers count, and how many others there are."""
    cached = pl.col("cache_hit").fill_null(value=False)
    batch = pl.col("service_tier").fill_null("").str.to_lowercase().is_in(["batch"])
    timeless = pl.col("ts").is_null()
    calls = (
        prepared(asked.log.events, asked.scope)
        .filter(pl.col("event") == "call")
        .with_columns(model=pl.coalesce("model", "model_version"))
    )
    others = {"from_own_cache": cached, "batch": batch & ~cached, "without_time": timeless & ~cached & ~batch}
    counted = calls.select(each.sum().alias(name) for name, each in others.items()).collect()
    return calls.filter(~(cached | batch | timeless)), counted.row(0, named=True)


def taken(calls: pl.LazyFrame) -> pl.DataFrame:
    """Return of each call, by time, as little as peaks take: whose it is, and its tokens."""
    tokens = (pl.col(f"{name}_tokens").fill_null(0).cast(pl.Int64).alias(name) for name in ("input", "output"))
    own = calls.select("ts", pl.col("provider", "model").cast(pl.Categorical), *tokens)
    return own.sort("ts", maintain_order=True).collect()


def against_limits(
    own: Own, trend: Line | None, why_no_trend: str, end: datetime, asked: Asked
) -> Iterator[dict[str, Any]]:
    """Yield the peak of each kind of a group against its limit, and when the limit is reached."""
    for kind in KINDS:
        found = own.peaks[kind.name]
        limit = limit_of(kind, own.group, own.limits)
        yield {
            "provider": own.group.provider, "model": own.group.model, "measure": kind.name, "window_s": kind.seconds,
            "peak": found.total if found else None,
            "until": iso(_instant(found.until), asked.scope.tz) if found else None,
            "limit": limit,
            **row(kind.name, own.said, None if limit is None else own.source, lambda when: iso(when, asked.scope.tz)),
            "used": found.total / limit if found and limit else None,
            "growth_to_limit": limit / found.total if found and limit else None,
            **_reached(found, limit, trend, why_no_trend, end),
            "reason": _why(kind, found, limit, own.group),
        }  # fmt: skip


def _instant(micro: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)


def _why(kind: Kind, found: Peak | None, limit: float | None, group: Group) -> str | None:
    if found is None:
        return (
            "the log has no calls of it"
            if kind.amount == "requests"
            else f"the log has no {kind.words.partition('/')[0]}"
        )
    if limit is not None:
        return None
    if kind.name == SLICED and not group.is_azure:
        return "only Azure limits requests in slices of ten seconds"
    option = f", or --{kind.of} N" if kind.of in TYPED else ""
    return f"no limit is given: providers: {{{group.key or 'NAME'}: {{{kind.of}: N}}}} in the config{option}"


def _reached(
    found: Peak | None, limit: float | None, trend: Line | None, why_no_trend: str, end: datetime
) -> dict[str, Any]:
    """Return the day on which a growing peak meets its limit, with its interval; an open end is None."""
    days: dict[str, Any] = dict.fromkeys(("reached_on", "reached_earliest", "reached_latest", "reached_reason"))
    if found is None or not limit:
        return days | {"reached_reason": "no peak or no limit"}
    if found.total >= limit:
        return days | {"reached_reason": "the peak is at the limit already"}
    if trend is None:
        return days | {"reached_reason": why_no_trend}
    low, high = trend.slope_interval()
    if low <= 0:
        return days | {"reached_reason": "the calls of the weeks do not grow by more than chance explains"}
    weeks = log(limit / found.total)
    expected, earliest, latest = (_day(end, weeks / slope) for slope in (trend.slope, high, low))
    far = None if expected else "not within ten years"
    return {"reached_on": expected, "reached_earliest": earliest, "reached_latest": latest, "reached_reason": far}


def _day(end: datetime, weeks: float) -> str | None:
    if weeks * 7 > _FARTHEST.days:
        return None
    return (end + timedelta(weeks=weeks)).date().isoformat()


def growth(trend: Line | None, why: str) -> dict[str, Any]:
    """Return by what share calls grow from week to week, with its interval."""
    if trend is None:
        return {"per_week": None, "low": None, "high": None, "weeks": None, "reason": why}
    low, high = trend.slope_interval()
    return {
        "per_week": exp(trend.slope) - 1, "low": exp(low) - 1, "high": exp(high) - 1, "weeks": trend.points, "reason": None,
    }  # fmt: skip


def replays(own: Own, tried: Sequence[Other], burst: float) -> Iterator[dict[str, Any]]:
    """Yield what would become of a group's calls at other limits; multiples are of its limits, else of its peaks."""
    base, of = {name: value for name, value in own.limits.items() if name in BY_MINUTE}, "limit"
    most = {name: found.total if (found := own.peaks[name]) else 0 for name in BY_MINUTE}
    if not base:
        base, of = {name: float(most[name]) for name in ("rpm", "tpm") if most[name]}, "peak"
    for other in tried:
        limits = other.of(base)
        done = _replayed(own, limits, most, burst)
        yield {
            "provider": own.group.provider, "model": own.group.model, "at": other.name,
            "of": of if other.times else None, **{name: limits.get(name) for name in BY_MINUTE}, "burst_s": burst, "calls": done.calls,
            "delayed": done.delayed, "mean_wait_s": done.mean_wait, "p95_wait_s": done.p95_wait, "dropped": done.dropped,
        }  # fmt: skip


def _replayed(own: Own, limits: Limits, most: Mapping[str, int], burst: float) -> Replay:
    """Replay the calls; where no minute takes more than a limit, a bucket of a minute is never empty: nobody waits."""
    if burst >= MINUTE and all(most[name] <= limit for name, limit in limits.items()):
        return Replay(own.calls.height, 0, ())
    micro = own.calls["ts"].dt.epoch("us")
    times = ((micro - micro[0]) / _MICRO).to_numpy()
    takes = [own.amount(BY_MINUTE[name].amount) for name in limits]
    return replay(times, takes, list(limits.values()), burst)
