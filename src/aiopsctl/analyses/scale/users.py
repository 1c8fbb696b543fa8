"""Who makes the cost: how concentrated it is, what the heaviest users do, and what a cap would have saved."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from aiopsctl import sums
from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.analyses.scale import _concentration as concentration
from aiopsctl.analyses.scale._behaviour import MOST_USED, NANO, by_month, by_user, rows_of
from aiopsctl.analyses.scale._caps import CUT, cut, nearest_rank
from aiopsctl.analyses.scale._kinds import AUTOMATED, KINDS, LEAST_CALLS, Guess, as_data, guess
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.errors import UsageError
from aiopsctl.metrics import cost
from aiopsctl.readable import clean, number, plural
from aiopsctl.result import Section

CAPS = (
    (50, "occasional user, soft"), (200, "occasional user, hard"), (250, "regular user, soft"),
    (1_000, "regular user, hard"), (2_000, "power user, soft"), (10_000, "power user, hard"),
)  # fmt: skip
"""Limits of calls a month by type of user, from the handbook: Rate Limiting and Fair Use Policies."""

_OF_USAGE = {"p95": 0.95, "p99": 0.99}

DEFINITIONS = {
    "users": "distinct user_id with at least one call in the window; calls without user_id are counted apart",
    "cost_per_user": "of the sums of cost_usd by user, the smallest that at least that share of the users does not "
    "exceed; a call whose cost is unknown adds nothing",
    "gini": "2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n over the users' costs x in rising order, i from 1: half the "
    "mean absolute difference of two users over the mean",
    "lorenz": "the part of the cost that the cheapest part of the users makes, at 0 to 100 %, rounded up to whole users",
    "concentration": "the part of the cost that the dearest part of the users, rounded up to whole users, makes",
    "calls_per_day": "calls / days with a call",
    "hours": "hours of the day, of 24 in the zone of the run, in which the user ever called",
    "quiet_share": "the part of the calls in the 8 consecutive hours of the day that have the fewest; all alike is 1/3",
    "gap_cv": "standard deviation (of n) / mean of the times between consecutive calls of the user",
    "gap_minutes": "the most common time between consecutive calls in whole minutes, rounded; gap_share have it",
    "prompt_share": "calls with the user's most common prompt_hash / calls with a prompt_hash",
    "repeat_share": "1 - distinct prompt_hash / calls with a prompt_hash",
    "most_used": "the feature, model and query_type that most of the user's calls have, and their part of those that tell it",
    "input_over_median": "the user's mean input_tokens of a call / the median of that mean over all users",
    "calls_over_median": "the user's calls / the median user's calls",
    "sessions_at_once": "most distinct session_id within one calendar minute",
    "kind": f"the first of the rules of which all conditions hold; with fewer than {LEAST_CALLS} calls, unclear",
    "caps": CUT,
}
_SHOWN = (
    "calls", "active_days", "calls_per_day", "hours", "quiet_share", "gaps", "gap_cv", "gap_minutes", "gap_share",
    "prompt_share", "repeat_share", "features", "countries", "sessions_at_once", "input_tokens", "input_over_median",
    "calls_over_median",
)  # fmt: skip


def _run(asked: Asked) -> Answer:
    top = asked.options["top"]
    if top < 1:
        raise UsageError(f"--top {top} shows nobody", help="write how many of the heaviest users to show: --top 10")
    rows = rows_of(asked)
    users = by_user(asked)
    if why := _lack(users, asked):
        return Answer({}, refused=why)
    guesses = [guess(user) for user in users.iter_rows(named=True)]
    costs: list[int] = users["cost"].to_list()
    heaviest = _heaviest(users.head(top), guesses, sum(costs))
    nameless = _nameless(rows)
    data = {
        "users": users.height, "calls": users["calls"].sum(), "cost_usd": sum(costs) / NANO, **nameless,
        "cost_coverage": _coverage(users), "cost_per_user": concentration.quantiles(costs),
        "gini": concentration.gini(costs), "concentration": concentration.heaviest(costs),
        "lorenz": concentration.lorenz(costs), "heaviest": heaviest, "kinds": _kinds(users, guesses),
        "caps": _caps(by_month(asked), sum(costs)), "rules": as_data(), "definitions": DEFINITIONS,
    }  # fmt: skip
    records = [_record(row) for row in heaviest]
    return Answer(data, _sections(data), records, _notes(data, asked))


def _lack(users: pl.DataFrame, asked: Asked) -> str:
    """Return why there is nothing to say of the costs of users, else an empty string."""
    if not users.height:
        return "error: no call has a user_id\n  help: say where it is: --map user_id=COLUMN"
    share = _coverage(users)
    if not users["priced_calls"].sum() or share is None:
        return (
            "error: no call of a user has a known cost\n  help: --map cost_usd=COLUMN, or prices: in the config; "
            "aiopsctl doctor says what is missing"
        )
    if share < asked.scope.min_coverage:
        return (
            f"error: cost is known for {share:.1%} of the users' calls, less than {asked.scope.min_coverage:.0%}\n"
            "  help: prices: in the config gives a model a price; min_coverage: says how much is enough"
        )
    return ""


def _coverage(users: pl.DataFrame) -> float | None:
    priced, unpriced = (int(users[name].sum()) for name in ("priced_calls", "unpriced_calls"))
    return priced / (priced + unpriced) if priced + unpriced else None


def _nameless(rows: pl.LazyFrame) -> dict[str, Any]:
    """Return the calls without a user, and their cost."""
    plan = Reduction((), (), (), {column_of(what): what for what in (sums.calls, sums.cost)})
    (found,) = local.reduce(rows.filter(pl.col("user_id").is_null()), [plan])
    calls, spent = found.row(0)
    return {"calls_without_user": calls or 0, "cost_without_user_usd": (spent or 0) / NANO}


def _heaviest(users: pl.DataFrame, guesses: Sequence[Guess], total: int) -> list[dict[str, Any]]:
    return [
        {
            "user_id": row["user_id"], "cost_usd": row["cost"] / NANO if row["priced_calls"] else None,
            "cost_share": row["cost"] / total if total and row["priced_calls"] else None,
            **{name: row[name] for name in _SHOWN}, "most_used": _most_used(row), "kind": found.kind, "why": found.why, "evidence": found.evidence,
        }
        for row, found in zip(users.iter_rows(named=True), guesses, strict=False)
    ]  # fmt: skip


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a user as one flat row."""
    used = {
        f"{part}_{name}": of[key]
        for name, of in row["most_used"].items()
        for part, key in (("most_used", "value"), ("share_of", "share"))
    }
    rest = {name: value for name, value in row.items() if name != "most_used"}
    return rest | {"features": ", ".join(row["features"] or ())} | used


def _most_used(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the value that most calls of a user have, and their part of those that tell it; None where none does."""
    return {
        name: {"value": row[f"{name}s"][0] if row[f"{name}s"] else None, "share": row[f"{name}_share"]} for name in MOST_USED
    }  # fmt: skip


def _kinds(users: pl.DataFrame, guesses: Sequence[Guess]) -> list[dict[str, Any]]:
    """Return how many users of each kind there are among all of them, and what they cost."""
    of = users.select("calls", "cost").with_columns(kind=pl.Series([each.kind for each in guesses], dtype=pl.String))
    found = []
    for kind in KINDS:
        own = of.filter(kind=kind)
        found.append({"kind": kind, "automated": kind in AUTOMATED, "users": own.height, "calls": own["calls"].sum(),
                      "cost_usd": own["cost"].sum() / NANO})  # fmt: skip
    return found


def _caps(months: pl.DataFrame, total: int) -> list[dict[str, Any]]:
    """Return what each cap would have cut, the lowest first; none where no call has a time."""
    if not months.height:
        return []
    usage = months["calls"].to_list()
    levels = [*CAPS, *((nearest_rank(usage, q), f"{name} of user-months") for name, q in _OF_USAGE.items())]
    return [
        {"calls_per_month": limit, "basis": basis, **(found := cut(months, pl.lit(limit))),
         "saved_share": found["saved_usd"] * NANO / total if total else None}
        for limit, basis in sorted(levels)
    ]  # fmt: skip


def _notes(data: Mapping[str, Any], asked: Asked) -> tuple[str, ...]:
    found = []
    if data["calls_without_user"]:
        share = data["calls_without_user"] / (data["calls_without_user"] + data["calls"])
        found.append(f"{plural(data['calls_without_user'], 'call')} without user_id ({share:.1%}) left out")
    if asked.scope.by:
        found.append("--by cuts the measurements of the JSON; users are shown over the whole window")
    return tuple(found)


def _sections(data: Mapping[str, Any]) -> tuple[Section, ...]:
    gini = "?" if data["gini"] is None else f"{data['gini']:.2f}"
    median = data["cost_per_user"]["p50"]
    return (
        Section(
            f"cost of a user, of {data['users']:,}", ("", "cost", "over median"),
            tuple((name, number(usd, "usd"), _times(usd / median if median else None))
                  for name, usd in data["cost_per_user"].items()),
            right=("cost", "over median"),
        ),
        Section(
            f"what the heaviest users make of {number(data['cost_usd'], 'usd')} (Gini coefficient {gini})",
            ("heaviest", "users", "cost of them", "share"),
            tuple((f"{each['part']:.0%}".replace("%", " %"), each["users"], number(each["cost_usd"], "usd"),
                   number(each["cost_share"], "ratio")) for each in data["concentration"]),
            right=("cost of them", "share"),
        ),
        Section(
            "the heaviest users",
            ("user", "cost", "share", "calls", "a day", "days", "hours", "repeats", "input", "features"),
            tuple(_user(each) for each in data["heaviest"]), right=("cost", "share", "a day", "repeats", "input"),
            spare=("a day", "days", "hours", "input", "features"),
        ),
        Section(
            "who they may be: a guess", ("user", "kind", "what was seen"),
            tuple((each["user_id"], each["kind"], _seen(each)) for each in data["heaviest"]),
        ),
        Section(
            "what a cap on the calls of a user in a month would have saved",
            ("calls a month", "basis", "users hit", "calls cut", "saved", "of cost"),
            tuple((each["calls_per_month"], each["basis"], each["users_hit"], each["calls_cut"],
                   number(each["saved_usd"], "usd"), number(each["saved_share"], "ratio")) for each in data["caps"]),
            right=("saved", "of cost"),
        ),
    )  # fmt: skip


def _user(each: Mapping[str, Any]) -> tuple[Any, ...]:
    per_day = None if each["calls_per_day"] is None else f"{each['calls_per_day']:,.1f}"
    return (
        each["user_id"], number(each["cost_usd"], "usd"), number(each["cost_share"], "ratio"), each["calls"], per_day,
        each["active_days"], each["hours"], number(each["repeat_share"], "ratio"), _times(each["input_over_median"]),
        None if each["features"] is None else len(each["features"]),
    )  # fmt: skip


def _seen(each: Mapping[str, Any]) -> str:
    """Return what speaks for a guess, and what the user uses most."""
    told = [of for of in each["most_used"].values() if of["share"]]
    used = [f"{clean(of['value'], 40)} ({of['share'] * 100:.0f} %)" for of in told]
    return f"{each['evidence']}; mostly {', '.join(used)}" if used else each["evidence"]


def _times(value: float | None) -> str:
    return number(value, "x")


ANALYSIS = Analysis(
    _run,
    options=(Option("--top", 10, "How many of the heaviest users are shown.", "N"),),
    metrics=(
        cost.user_cost_p50, cost.user_cost_p90, cost.user_cost_p95, cost.user_cost_p99, cost.user_cost_over_mean,
        cost.top_1pct_cost_share,
    ),
)  # fmt: skip
