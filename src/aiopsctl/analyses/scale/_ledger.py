"""Cost, calls and users of a log by whole days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from aiopsctl import sums
from aiopsctl.analyses.analysis import Asked
from aiopsctl.analyses.scale._days import Days
from aiopsctl.analyses.scale._drivers import Side
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import prepared

_NANO = 1e9
_MONTH = 30


@dataclass(frozen=True)
class Ledger:
    """What each day cost, and who called; `coverage` is the share of the calls whose cost is known, None without calls.

    `by_user` has a row for each day and user (null: not named), `by_feature` for each day and feature.
    """

    days: Days
    by_user: pl.DataFrame
    by_feature: pl.DataFrame
    coverage: float | None

    def costs(self, days: Iterable[date]) -> list[float]:
        """Return the cost of each day in dollars; a day without calls costs nothing."""
        found: dict[date, int] = dict(self.by_user.group_by("day").agg(pl.col("cost").sum()).iter_rows())
        return [found.get(day, 0) / _NANO for day in days]

    def users(self, days: Days) -> int | None:
        """Return how many users called on the days, None where no call names one."""
        named = _within(self.by_user, days).filter(pl.col("user_id").is_not_null() & (pl.col("calls") > 0))
        return named["user_id"].n_unique() or None

    def side(self, days: Days) -> Side:
        """Return the sums of a span of days, of calls whose cost is known."""
        own = _within(self.by_feature, days).group_by("feature_or_none").agg(pl.col("priced", "cost").sum())
        features = {name: (calls, cost / _NANO) for name, calls, cost in own.sort("feature_or_none").iter_rows()}
        cost, calls = sum(c for _, c in features.values()), sum(n for n, _ in features.values())
        return Side(cost, calls, self.users(days), features)

    def baseline(self) -> tuple[str, Days, float]:
        """Return the last calendar month that the days cover whole, else the last 30 days, and the cost of a month of it."""
        until = self.days.until.replace(day=1)
        since = (until - timedelta(days=1)).replace(day=1)
        if since >= self.days.since:
            month = Days(since, until)
            return f"{since:%Y-%m}", month, sum(self.costs(month))
        last = self.days.last(_MONTH)
        return f"last {len(last)} days", last, sum(self.costs(last)) * _MONTH / len(last)


def ledger(asked: Asked, days: Days) -> Ledger:
    """Return the sums of the log by day and user, and by day and feature."""
    wanted = {"calls": sums.calls, "cost": sums.cost, "priced": sums.priced_calls, "due": sums.due_calls}
    taken = {column_of(what): what for what in wanted.values()}
    plan = [Reduction((), ("day", key), ("day",), taken) for key in ("user_id", "feature_or_none")]
    rows: Any = prepared(asked.log.events, asked.scope).filter(pl.col("event") == "call")
    users, features = (
        _within(each.rename(dict(zip(taken, wanted, strict=True))), days) for each in local.reduce(rows, plan)
    )
    due = int(users["due"].sum())
    return Ledger(days, users, features, int(users["priced"].sum()) / due if due else None)


def _within(rows: pl.DataFrame, days: Days) -> pl.DataFrame:
    return rows.filter((pl.col("day") >= days.since) & (pl.col("day") < days.until))
