"""What each user does: how much, when, how regularly, how often the same. Sums by user, and values over them."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl
from msgspec.structs import replace

from aiopsctl import sums
from aiopsctl.analyses.analysis import Asked
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import prepared

NANO = 1_000_000_000
"""Nano-dollars in a dollar: sums of money are whole nano-dollars."""

QUIET_HOURS = 8
"""So many consecutive hours of the day a person sleeps or is away."""

_HOUR = "hour_of_day"
_CALLS = column_of(sums.calls)
_LAST = column_of(sums.last_in_use)


def _by(*grain: str) -> Reduction:
    return Reduction((), grain, grain, {_CALLS: sums.calls})


_ADDED = (
    sums.calls, sums.priced_calls, sums.unpriced_calls, sums.cost, sums.calls_with_input, sums.input_tokens,
    sums.last_in_use,
)  # fmt: skip
_DAYS = Reduction((), ("user_id", "day", "tier_or_none"), ("user_id",), {column_of(what): what for what in _ADDED})
"""What users and their months are added up from; a call without a time is of no day."""

_HOURS, _PROMPTS, _COUNTRIES = (_by("user_id", of) for of in (_HOUR, "prompt_hash", "country"))
_SESSIONS = _by("user_id", "minute", "session_id")
MOST_USED = ("feature", "model", "query_type")
"""What is told of a user by the value that most calls have."""

_PLAN = (_HOURS, _PROMPTS, _COUNTRIES, _SESSIONS, *(_by("user_id", name) for name in MOST_USED))


def rows_of(asked: Asked) -> pl.LazyFrame:
    """Return the rows of the window, without those that it is compared with."""
    return prepared(asked.log.events, replace(asked.scope, reference=None))


def by_month(asked: Asked) -> pl.DataFrame:
    """Return a row a user and calendar month: `user_id`, `month`, `tier`, `calls`, `priced_calls`, `cost` (nano-dollars).

    The tier is that of the user's newest call of the month that has one, null where none has.
    """
    found: pl.DataFrame = asked.once("months of users", lambda: _months(_days(asked)))
    return found


def _days(asked: Asked) -> pl.DataFrame:
    """Return the sums of each user, day and tier."""
    found: pl.DataFrame = asked.once("days of users", lambda: local.reduce(rows_of(asked), [_DAYS])[0])
    return found


def _added(days: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return the sums of days by other keys, of what has a call."""
    again = [getattr(pl.col(name), what.add)() for name, what in _DAYS.sums.items()]
    return _only_calls(days.drop_nulls(keys).group_by(keys).agg(again))


def _months(days: pl.DataFrame) -> pl.DataFrame:
    of_months = _added(days.with_columns(month=pl.col("day").dt.truncate("1mo")), "user_id", "month", "tier_or_none")
    newest = pl.col("tier_or_none").sort_by([_LAST, "tier_or_none"]).filter(pl.col("tier_or_none") != "").last()
    return (
        of_months.sort("user_id", "month", _LAST, "tier_or_none")
        .group_by("user_id", "month", maintain_order=True)
        .agg(
            newest.alias("tier"), pl.col(_CALLS).sum().alias("calls"),
            pl.col(column_of(sums.priced_calls)).sum().alias("priced_calls"),
            pl.col(column_of(sums.cost)).sum().alias("cost"),
        )
    )  # fmt: skip


def by_user(asked: Asked) -> pl.DataFrame:
    """Return a row a user with at least one call, the dearest first; what a log does not tell of a user is null.

    - `calls`, `priced_calls`, `unpriced_calls`, `cost` (nano-dollars), `active_days`, `calls_per_day` (on active days)
    - `hours`: hours of the day (0 to 24, of the zone) with a call; `quiet_share`: the part of the calls that lies in the
      eight consecutive hours of the day that have the fewest
    - `gaps`, `gap_cv` (standard deviation / mean of the gaps between calls), `gap_minutes`, `gap_share`: the most common
      gap in whole minutes, and the part of the gaps that have it
    - `prompt_share`: the part of the calls that have the user's most common prompt; `repeat_share`: the part whose
      prompt the user had sent before
    - `features`, `models`, `query_types` (most used first) and `feature_share`, `model_share`, `query_type_share`: the
      part of the calls that tell it which have the most used one; `countries`, `sessions_at_once` (most sessions in one minute)
    - `input_tokens` (mean), `input_over_median`, `calls_over_median` (times the median user)
    """
    found: pl.DataFrame = asked.once("users", lambda: _users(_days(asked), rows_of(asked), asked.scope.tz))
    return found


def _users(days: pl.DataFrame, rows: pl.LazyFrame, tz: ZoneInfo) -> pl.DataFrame:
    of_day = pl.col("ts").dt.convert_time_zone(tz.key).dt.hour().alias(_HOUR)
    parts = [_only_calls(each) for each in local.reduce(rows.with_columns(of_day), _PLAN)]
    found = _added(days, "user_id").drop(_LAST).rename(lambda name: name.removeprefix("sum_"))
    found = found.with_columns(
        input_tokens=pl.when(pl.col("calls_with_input") > 0).then(pl.col("input_tokens") / pl.col("calls_with_input"))
    ).drop("calls_with_input")
    for part in (*_parts(_added(days, "user_id", "day"), parts), _gaps(rows)):
        found = found.join(part, on="user_id", how="left")
    return found.with_columns(
        calls_per_day=pl.col("timed_calls") / pl.col("active_days"),
        input_over_median=pl.col("input_tokens") / pl.col("input_tokens").median(),
        calls_over_median=pl.col("calls") / pl.col("calls").median(),
    ).sort(["cost", "calls", "user_id"], descending=[True, True, False])


def _only_calls(summed: pl.DataFrame) -> pl.DataFrame:
    return summed.filter(pl.col(_CALLS) > 0)


def _parts(days: pl.DataFrame, summed: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    hours, prompts, countries, sessions, *used = summed
    calls = pl.col(_CALLS)
    at_once = sessions.group_by("user_id", "minute").agg(n=pl.len()).group_by("user_id")
    return [
        days.group_by("user_id").agg(active_days=pl.len(), timed_calls=calls.sum()),
        _hours(hours),
        prompts.group_by("user_id").agg(
            prompt_share=calls.max() / calls.sum(), repeat_share=1 - pl.len() / calls.sum()
        ),
        *(_used(rows, name) for rows, name in zip(used, MOST_USED, strict=True)),
        countries.group_by("user_id").agg(countries=pl.len()),
        at_once.agg(sessions_at_once=pl.col("n").max()),
    ]


def _used(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return of each user the values of a column, most used first, and the part of the calls that have the first."""
    calls = pl.col(_CALLS)
    ordered = rows.sort(["user_id", _CALLS, name], descending=[False, True, False])
    return ordered.group_by("user_id", maintain_order=True).agg(
        pl.col(name).alias(f"{name}s"), (calls.first() / calls.sum()).alias(f"{name}_share")
    )


def _hours(hours: pl.DataFrame) -> pl.DataFrame:
    """Return of each user the hours of the day with a call, and the part of the calls in the quietest of them."""
    at = [pl.col(_CALLS).filter(pl.col(_HOUR) == hour).sum().alias(str(hour)) for hour in range(24)]
    counted = hours.group_by("user_id").agg(at)
    stretches = [pl.sum_horizontal(str((first + i) % 24) for i in range(QUIET_HOURS)) for first in range(24)]
    every = [pl.col(str(hour)) for hour in range(24)]
    return counted.select(
        "user_id",
        hours=pl.sum_horizontal((each > 0).cast(pl.Int64) for each in every),
        quiet_share=pl.min_horizontal(stretches) / pl.sum_horizontal(every),
    )


def _gaps(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return how regular the gaps between a user's calls are, of users with at least two of them."""
    is_timed_call = (pl.col("event") == "call") & pl.col("user_id").is_not_null() & pl.col("ts").is_not_null()
    each = pl.col("ts").sort().diff().dt.total_milliseconds().drop_nulls()
    spread = pl.when(each.mean() > 0).then(each.std(ddof=0) / each.mean())
    found = rows.filter(is_timed_call).group_by("user_id").agg(gap=each, gap_cv=spread).collect()
    gaps, minutes = pl.col("gap").list, (pl.element() + 30_000) // 60_000
    return found.filter(gaps.len() > 0).select(
        "user_id", "gap_cv", gaps=gaps.len(), gap_minutes=gaps.eval(minutes.mode().min()).list.first(),
        gap_share=gaps.eval(minutes.unique_counts().max()).list.first() / gaps.len(),
    )  # fmt: skip
