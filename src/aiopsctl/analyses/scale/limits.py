"""Fair use: which limits of calls a month suit engaged users, who is near them, and whom they would have hurt."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from io import StringIO
from math import ceil
from typing import Any

import polars as pl

from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.analyses.scale._behaviour import NANO, by_month, by_user, rows_of
from aiopsctl.analyses.scale._caps import CUT, cut, nearest_rank
from aiopsctl.analyses.scale._kinds import AUTOMATED, guess
from aiopsctl.context import after
from aiopsctl.errors import UsageError
from aiopsctl.measure import label, newest
from aiopsctl.readable import cell, number, plural
from aiopsctl.result import Section
from aiopsctl.views import oldest_of

ENGAGED = 0.95
"""The quantile of calls a month that stands for a highly engaged user who abuses nothing."""

NOTIFY_AT = 0.8
"""The handbook tells users at 80 % of their limit."""

_MOST = 1e6
_FEW = 20
"""Of fewer user-months the heaviest one is what an engaged user does."""

_LIMITS = ("soft", "hard")
_FIELDS = ("user_id", "tier", "calls", "limit", "share")

DEFINITIONS = {
    "engaged_calls": f"the smallest number of calls that at least {ENGAGED:.0%} of the user-months do not exceed: a user "
    "with at least one call in a calendar month, in the months that the log covers from the first to the last day "
    "(else in all), without the users that `scale users` calls an automated loop or a scheduled job",
    "soft": "the soft limit of the tier in the config, else engaged_calls * --soft, rounded up",
    "hard": "the hard limit of the tier in the config, else engaged_calls * --hard, rounded up; a tier that has only "
    "one of the two in the config has no other",
    "tier": "the tier of the user's newest call of the month that has one",
    "month": "the calendar month, in the zone of the run, in which the run ends (--now, --until, or the newest row)",
    "notify": "users whose calls are at least notify_at * soft; notify_at is that of the tier, else 0.8",
    "over_soft": "users with more calls than soft; over_hard: with more than hard",
    "ordinary_users_hit": "users hit that `scale users` does not call an automated loop or a scheduled job",
    "months": CUT,
}


@dataclass(frozen=True)
class _Limit:
    """The limits of a tier in calls of a user a month, None where there is none, and where they come from."""

    tier: str | None
    soft: int | None
    hard: int | None
    notify_at: float
    basis: str

    @property
    def told_from(self) -> int | None:
        """The number of calls at which a user is told."""
        return None if self.soft is None else ceil(Fraction(str(self.notify_at)) * self.soft)


def _run(asked: Asked) -> Answer:
    soft, hard, top = (asked.options[name] for name in ("soft", "hard", "top"))
    if not 0 < soft <= hard < _MOST or top < 1:
        raise UsageError(
            f"--soft {soft:g} --hard {hard:g} --top {top} cannot be",
            help="limits are times what an engaged user does, and soft comes first: --soft 2 --hard 5",
        )
    rows = rows_of(asked)
    months = by_month(asked)
    if not months.height:
        return Answer({}, refused="error: no call has both a user_id and a time\n"
                                  "  help: say where they are: --map user_id=COLUMN --map ts=COLUMN")  # fmt: skip
    users = by_user(asked)
    robots = [user["user_id"] for user in users.iter_rows(named=True) if guess(user).kind in AUTOMATED]
    months = months.with_columns(automated=pl.col("user_id").is_in(robots))
    whole = _whole_months(asked)
    rule = _rule(months, whole, soft, hard)
    months = _with_limits(months, limits := _limits(asked, months, rule))
    current = _month_of(asked)
    near = _near(months.filter(month=current))
    unknown = _money_unknown(users, asked)
    data = {
        "month": label("month", current, asked.scope.tz), "rule": rule, "automated_users": len(robots),
        "tiers": [_tier(limit, months.filter(month=current)) for limit in limits], "users": near,
        "months": _cuts(months, whole, asked, money=not unknown), "definitions": DEFINITIONS,
    }  # fmt: skip
    listed = str(asked.options["notify_list"])
    files = {listed: _as_csv(near)} if listed else {}
    return Answer(data, _sections(data, top), near, _notes(data, rows, top), refused=unknown, files=files)


def _month_of(asked: Asked) -> date:
    """Return the month of the last moment of the run."""
    return (asked.now - timedelta(microseconds=1)).astimezone(asked.scope.tz).date().replace(day=1)


def _whole_months(asked: Asked) -> set[date]:
    """Return the months that rows cover from their first to their last day, as far as the window goes."""
    tz, window = asked.scope.tz, asked.scope.window
    first, last = oldest_of(asked.log), newest(asked.log.events)
    if first is None or last is None:
        return set()
    begin = max(first, window.since or first).astimezone(tz).date()
    end = (min(after(last), window.until or after(last)) - timedelta(microseconds=1)).astimezone(tz).date()
    found, month = set(), begin.replace(day=1)
    while month <= end:
        following = (month + timedelta(days=32)).replace(day=1)
        if begin <= month and following - timedelta(days=1) <= end:
            found.add(month)
        month = following
    return found


def _rule(months: pl.DataFrame, whole: set[date], soft: float, hard: float) -> dict[str, Any]:
    """Return what an engaged user does in a month, and the limits that follow."""
    ordinary = months.filter(~pl.col("automated"))
    in_whole = ordinary.filter(pl.col("month").is_in(list(whole)))
    base = in_whole if in_whole.height else ordinary
    engaged = nearest_rank(base["calls"].to_list(), ENGAGED) if base.height else None
    return {
        "quantile": ENGAGED, "engaged_calls": engaged, "user_months": base.height,
        "months": [f"{month:%Y-%m}" for month in base["month"].unique().sort()], "whole_months": bool(in_whole.height),
        "soft_times": soft, "hard_times": hard, "soft": engaged and ceil(engaged * soft),
        "hard": engaged and ceil(engaged * hard),
    }  # fmt: skip


def _limits(asked: Asked, months: pl.DataFrame, rule: Mapping[str, Any]) -> list[_Limit]:
    """Return the limits of every tier of the log: of the config where it has any, else of the rule."""
    found = []
    for tier in sorted(months["tier"].unique().to_list(), key=lambda name: (name is None, name)):
        own = asked.config.tiers.get(tier)
        notify_at = own.notify_at.value if own and own.notify_at else NOTIFY_AT
        if own and (own.soft or own.hard):
            found.append(_Limit(tier, own.soft, own.hard, notify_at, "config"))
        else:
            found.append(_Limit(tier, rule["soft"], rule["hard"], notify_at, "rule"))
    return found


def _with_limits(months: pl.DataFrame, limits: Sequence[_Limit]) -> pl.DataFrame:
    table = pl.DataFrame(
        [(each.tier, each.soft, each.hard, each.told_from) for each in limits], orient="row",
        schema={"tier": pl.String, "soft": pl.Int64, "hard": pl.Int64, "told_from": pl.Int64},
    )  # fmt: skip
    return months.join(table, on="tier", how="left", nulls_equal=True)


def _near(current: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the users of a month that are told of their limit, the nearest to it first."""
    near = current.filter(pl.col("calls") >= pl.col("told_from"))
    found = [
        {"user_id": row["user_id"], "tier": row["tier"], "calls": row["calls"], "limit": row["soft"],
         "share": row["calls"] / row["soft"], "hard": row["hard"], "automated": row["automated"]}
        for row in near.iter_rows(named=True)
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each["share"], -each["calls"], each["user_id"]))


def _tier(limit: _Limit, current: pl.DataFrame) -> dict[str, Any]:
    own = current.filter(pl.col("tier").eq_missing(pl.lit(limit.tier)))
    calls = pl.col("calls")
    return {
        "tier": limit.tier, "basis": limit.basis, "soft": limit.soft, "hard": limit.hard, "notify_at": limit.notify_at,
        "notify_calls": limit.told_from, "users": own.height,
        "notify": None if limit.told_from is None else own.filter(calls >= limit.told_from).height,
        "over_soft": None if limit.soft is None else own.filter(calls > limit.soft).height,
        "over_hard": None if limit.hard is None else own.filter(calls > limit.hard).height,
    }  # fmt: skip


def _cuts(months: pl.DataFrame, whole: set[date], asked: Asked, *, money: bool) -> list[dict[str, Any]]:
    """Return what each limit would have cut in each month, and of whom."""
    found = []
    for month in months["month"].unique().sort():
        own = months.filter(month=month)
        for name in _LIMITS:
            each = cut(own, pl.col(name))
            ordinary = cut(own.filter(~pl.col("automated")), pl.col(name))
            found.append({
                "month": label("month", month, asked.scope.tz), "whole": month in whole, "limit": name,
                "users": own.height, "users_hit": each["users_hit"], "ordinary_users_hit": ordinary["users_hit"],
                "calls": own["calls"].sum(), "calls_cut": each["calls_cut"],
                "ordinary_calls_cut": ordinary["calls_cut"],
                "cost_usd": own["cost"].sum() / NANO if money else None,
                "saved_usd": each["saved_usd"] if money else None,
            })  # fmt: skip
    return found


def _money_unknown(users: pl.DataFrame, asked: Asked) -> str:
    """Return why the money is unknown, else an empty string."""
    priced, unpriced = (int(users[name].sum()) for name in ("priced_calls", "unpriced_calls"))
    if priced and priced / (priced + unpriced) >= asked.scope.min_coverage:
        return ""
    share = f"{priced / (priced + unpriced):.1%}" if priced else "none"
    return (
        f"error: the money that limits cut is unknown: cost is known for {share} of the users' calls\n"
        "  help: --map cost_usd=COLUMN, or prices: in the config; aiopsctl doctor says what is missing"
    )


def _as_csv(near: Sequence[Mapping[str, Any]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_FIELDS)
    writer.writerows([cell(each[name]) for name in _FIELDS] for each in near)
    return out.getvalue()


def _notes(data: Mapping[str, Any], rows: pl.LazyFrame, top: int) -> tuple[str, ...]:
    nameless = rows.filter((pl.col("event") == "call") & pl.col("user_id").is_null()).select(pl.len()).collect().item()
    found = [f"{plural(nameless, 'call')} without user_id left out"] if nameless else []
    if not data["rule"]["whole_months"]:
        found.append("no month is covered from its first to its last day, so what an engaged user does is too low")
    if data["rule"]["user_months"] < _FEW:
        found.append(f"what an engaged user does is that of {plural(data['rule']['user_months'], 'user-month')} alone")
    if data["users"][top:]:
        found.append("--notify-list FILE writes all users to notify")
    return tuple(found)


def _sections(data: Mapping[str, Any], top: int) -> tuple[Section, ...]:
    rule, near = data["rule"], data["users"]
    engaged = "?" if rule["engaged_calls"] is None else f"{rule['engaged_calls']:,}"
    times = f" (soft {rule['soft_times']:g}x, hard {rule['hard_times']:g}x)"
    by_rule = any(each["basis"] == "rule" for each in data["tiers"])
    shown = near[:top]
    found = (
        Section(
            f"{data['month']}: an engaged user makes {engaged} calls a month{times if by_rule else ''}",
            ("tier", "soft", "hard", "from", "users", "to notify", "over soft", "over hard"),
            tuple((each["tier"], each["soft"], each["hard"], each["basis"], each["users"], each["notify"],
                   each["over_soft"], each["over_hard"]) for each in data["tiers"]),
        ),
        Section(
            "to notify" + (f": {len(shown)} of {len(near)}" if near[top:] else ""),
            ("user", "tier", "calls", "soft limit", "of it", "automated"),
            tuple((each["user_id"], each["tier"], each["calls"], each["limit"], number(each["share"], "ratio"),
                   "yes" if each["automated"] else "no") for each in shown),
            right=("of it",), spare=("soft limit",),
        ),
        Section(
            "what each limit would have cut", ("month", "limit", "users hit", "ordinary", "calls cut", "saved", "of"),
            tuple((each["month"] + ("" if each["whole"] else " (part)"), each["limit"], each["users_hit"],
                   each["ordinary_users_hit"], each["calls_cut"], number(each["saved_usd"], "usd"),
                   number(each["cost_usd"], "usd")) for each in data["months"]),
            right=("saved", "of"), spare=("of",),
        ),
    )  # fmt: skip
    return tuple(section for section in found if section.rows)


ANALYSIS = Analysis(
    _run,
    options=(
        Option("--soft", 2.0, "The soft limit, in times what an engaged user does in a month.", "TIMES"),
        Option("--hard", 5.0, "The hard limit, in times what an engaged user does in a month.", "TIMES"),
        Option("--top", 10, "How many of the users to notify are shown.", "N"),
        Option("--notify-list", "", "Write the users past notify_at of their soft limit to this CSV file.", "FILE"),
    ),
)
