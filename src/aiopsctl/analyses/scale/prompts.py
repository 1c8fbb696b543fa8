"""Prompt-length creep: how much longer inputs became, since when, by what, and what that costs.

The last 30 days are set against the 30 before; the day that the log ends in counts as far as it goes.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl import sums
from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.analyses.scale import _growth
from aiopsctl.analyses.scale._creep import LEVEL, LIMIT, THRESHOLD, Creep, Version
from aiopsctl.analyses.scale._creep_shown import as_dict, records, sections
from aiopsctl.analyses.scale._curve import Jump, curve, jump
from aiopsctl.changes import changes
from aiopsctl.engine.plan import Reduction
from aiopsctl.errors import UsageError
from aiopsctl.events import CALENDAR
from aiopsctl.measure import WINDOW, Scope, iso, labels
from aiopsctl.measure import sums as summed
from aiopsctl.metrics.tokens import input_tokens
from aiopsctl.prices.weights import weights
from aiopsctl.stats.change import cutoff
from aiopsctl.stats.decompose import Sums
from aiopsctl.where import check_by
from aiopsctl.window import Window, around, days_in, moment

_DAYS = days_in(THRESHOLD.window)
_MONTH = 30
_NEAR = timedelta(days=2)
DEFINITIONS = {
    "tokens": "sum of input_tokens / calls that tell their input_tokens, in the window",
    "change": "tokens / tokens_before - 1, with the 95 % interval of a quotient of means that are dependent by user",
    "status": f"warning: rose by more than {LIMIT:.0%} ({THRESHOLD.origin}), and chance does not explain it at a false "
    f"discovery rate of {LEVEL:.0%} over all that is listed; unknown: rose so much, but chance may explain it, or there "
    "is nothing to compare; blind: too few users or days to see a rise as large as the limit 8 times in 10",
    "began": "where the whole interval of the change is above 0: the day from which on daily means lie higher, by the "
    "one break that fits both windows best (least squares, weighted by calls); explained: its share of the variance of "
    "the daily means, lower for a slow rise; versions: those first seen within two days of it",
    "parts": "what the change is made of, in tokens a call; they add up to it. mix_of_features, mix_of_languages within "
    "them, mix_of_models within those: other shares of the calls; template, context, user_input: system_tokens, "
    "context_tokens, user_tokens of features that log them for 95 % of their calls on both sides; rest: what else the "
    "input of those holds; prompt_versions: other shares of versions, of features that log no parts; not_logged: what "
    "changed within the versions of those. null: logged by no feature",
    "usd_per_token": "what an input token costs on average in the window, those read from a cache among them: model cost "
    "shared out by tokens, each kind weighted by what it costs beside a plain input token (price says by which ratios); data.cost_sources says "
    "whether costs are recorded or priced",
    "cost_usd_per_month": f"(tokens - tokens_before) x calls in {_MONTH} days at the rate of the window x usd_per_token",
    "curve": "of each day its mean, the mean of the last so many days up to it (rolling_tokens), and the change of that "
    "against as many days before; null where the log does not reach back so far",
}


@dataclass(frozen=True)
class _Summed:
    """Rows of sums: of both windows, of each day, and of each version of a prompt; all by slice."""

    windows: list[dict[str, Any]]
    days: list[dict[str, Any]]
    versions: list[dict[str, Any]]

    def by_slice(self, by: tuple[str, ...]) -> "dict[tuple[Any, ...], _Summed]":
        """Return the rows of each slice, and all for the empty key."""
        found: dict[tuple[Any, ...], _Summed] = {(): self}
        for name in ("windows", "days", "versions"):
            for row in getattr(self, name):
                own = found.setdefault(tuple(row[column] for column in by), _Summed([], [], []))
                getattr(own, name).append(row)
        return found


def _run(asked: Asked) -> Answer:
    by = asked.scope.by or ("feature",)
    check_by(by)
    if calendar := [name for name in by if name in CALENDAR]:
        raise UsageError(f"scale prompts is not cut by {calendar[0]}: it has days of its own", help="--by feature")
    scope = replace(_scope(asked, int(asked.options["days"])), by=by)
    rows = _sums(asked, scope)
    found = _creeps(asked, scope, rows)
    if found[0].growth is None:
        return Answer({"definitions": DEFINITIONS}, refused=_nothing(found[0], _days(rows.days, scope)))
    bar = cutoff([each.p for each in found], LEVEL)
    data = {
        "days": asked.options["days"], "limit": LIMIT, "window": _span(scope.window, scope),
        "window_before": _span(scope.reference or Window(), scope),
        "slices": [as_dict(each, bar) for each in found], "definitions": DEFINITIONS,
    }  # fmt: skip
    days = 0 if asked.scope.reference else int(asked.options["days"])
    return Answer(data, tuple(sections(found, by, bar, days)), records(found, by), tuple(_notes(rows, scope, days)))


def _scope(asked: Asked, size: int) -> Scope:
    """Return the two windows: those that `--compare` asks for, else the last days and as many before them."""
    scope = asked.scope
    if size < 1:
        raise UsageError(f"--days {size} is no number of days", help=f"the handbook's is {_DAYS}")
    if scope.reference is not None:
        return scope
    end = around("day", asked.now - timedelta(microseconds=1), scope.tz).until or asked.now
    since, before = (moment(f"{n * size}d", end, scope.tz) for n in (1, 2))
    first = scope.window.since or before
    window = Window(max(since, first), scope.window.until or end)
    return replace(
        scope, window=window, reference=Window(max(before, first), max(since, first)), reference_name="before"
    )


def _sums(asked: Asked, scope: Scope) -> _Summed:
    """Return the sums; days and versions are those of all that is asked for up to the end of the window."""
    events, by = asked.log.events, scope.by
    grain = tuple(name for name in _growth.LEVELS if name not in by)
    (windows,) = summed(events, [Reduction((*by, WINDOW), grain, (), _growth.WANTED)], scope)
    since = asked.scope.window.since if asked.scope.reference is None else None
    all_of_it = replace(scope, window=Window(since, scope.window.until), reference=None)
    named = tuple(name for name in ("feature_or_none", "prompt_version") if name not in by)
    days, versions = summed(
        events,
        [
            Reduction(by, ("day",), (), _growth.MEAN),
            Reduction(by, named, (), {"first": sums.first_call}),
        ],
        all_of_it,
    )
    return _Summed(
        windows.to_dicts(), days.drop_nulls("day").to_dicts(),
        versions.with_columns(pl.col("first").dt.convert_time_zone(scope.tz.key).dt.date()).drop_nulls("first").to_dicts(),
    )  # fmt: skip


def _creeps(asked: Asked, scope: Scope, rows: _Summed) -> list[Creep]:
    """Return the whole, then its slices, those with the largest input first."""
    events, by = asked.log.events, scope.by
    moved = changes(events, [input_tokens], replace(scope, by=())) | changes(events, [input_tokens], scope)
    weighing = weights(events, asked.book, scope.window.since or datetime(2026, 1, 1, tzinfo=UTC))
    days = _days(rows.days, scope)
    found = []
    for key, own in rows.by_slice(by).items():
        before, after = ([row for row in own.windows if row[WINDOW] == window] for window in (1, 0))
        slice_ = labels(scope, key) if key else {}
        change = moved.get((input_tokens.name, tuple(slice_.items())))
        daily = _daily(own.days)
        creep = Creep(
            slice_, _growth.means(before), _growth.means(after), change, None, None, (),
            _growth.price(after, weighing, scope.min_coverage), _a_month(after, days, scope),
            curve(daily, *days, int(asked.options["days"])) if days else (),
        )  # fmt: skip
        if creep.growth is not None:
            began = _began(daily, scope) if creep.rises else None
            creep = dataclasses.replace(
                creep, parts=_growth.parts(before, after), began=began, versions=_new(own.versions, began, days)
            )
        found.append(creep)
    whole, *slices = found
    return [whole, *sorted((s for s in slices if s.before[1] or s.after[1]), key=lambda s: (-s.after[0], s.name))]


def _days(rows: Sequence[Mapping[str, Any]], scope: Scope) -> tuple[date, date] | None:
    """Return the first day of the log and the last of the window."""
    if not rows:
        return None
    until = scope.window.until
    days = [row["day"] for row in rows]
    last = (until - timedelta(microseconds=1)).astimezone(scope.tz).date() if until else max(days)
    return min(days), max(last, min(days))


def _daily(rows: Iterable[Mapping[str, Any]]) -> dict[date, Sums]:
    found: dict[date, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["day"], []).append(row)
    return {day: _growth.means(own) for day, own in found.items()}


def _a_month(after: Sequence[Mapping[str, Any]], days: tuple[date, date] | None, scope: Scope) -> float:
    """Return the calls of 30 days, at the rate of the days of the window that the log covers."""
    if days is None:
        return 0.0
    first, last = days
    since = scope.window.since.astimezone(scope.tz).date() if scope.window.since else first
    return _growth.means(after)[1] / max((last - max(first, since)).days + 1, 1) * _MONTH


def _began(daily: Mapping[date, Sums], scope: Scope) -> Jump | None:
    """Return the jump upwards within the windows."""
    begins = [w.since.astimezone(scope.tz).date() for w in (scope.window, scope.reference) if w and w.since]
    found = jump({day: own for day, own in daily.items() if not begins or day >= min(begins)})
    return found if found and found.after > found.before else None


def _new(rows: Iterable[Mapping[str, Any]], began: Jump | None, days: tuple[date, date] | None) -> tuple[Version, ...]:
    """Return the versions that came into use when the rise began; those of the first day may be older."""
    seen: dict[tuple[str, str], date] = {}
    for row in rows:
        if row["prompt_version"] is not None:
            name = (row.get("feature_or_none") or row.get("feature") or "", row["prompt_version"])
            seen[name] = min(row["first"], seen.get(name, row["first"]))
    if began is None or days is None:
        return ()
    near = {name: day for name, day in seen.items() if abs(day - began.day) <= _NEAR and day > days[0]}
    return tuple(Version(*name, day) for name, day in sorted(near.items()))


def _nothing(whole: Creep, days: tuple[date, date] | None) -> str:
    if days is None:
        return "error: no row has a time, and so none is of the last days\n  help: --map ts=COLUMN says where it is"
    if not (whole.before[1] or whole.after[1]):
        why = "no call of these days tells its input tokens"
        return f"error: {why}\n  help: --map input_tokens=COLUMN says where they are"
    half = ((days[1] - days[0]).days + 1) // 2 if days else 0
    side = "days before" if whole.after[1] else "last days"
    help = f"--days {half} sets half of the log against the other" if half else "add the logs of the days before"
    return f"error: nothing to compare: no call of the {side} tells its input tokens\n  help: {help}"


def _notes(rows: _Summed, scope: Scope, size: int) -> Iterator[str]:
    """Yield what a reader should know of the windows; `size` is how many days they should have, 0 for any."""
    days, until = _days(rows.days, scope), scope.reference.until if scope.reference else None
    if not (size and days and until and scope.reference and scope.reference.since):
        return
    first = max(days[0], scope.reference.since.astimezone(scope.tz).date())
    covered = (until.astimezone(scope.tz).date() - first).days
    if covered < size:
        yield f"of the {size} days before, the log covers the last {covered}"


def _span(window: Window, scope: Scope) -> dict[str, str | None]:
    return {"since": iso(window.since, scope.tz), "until": iso(window.until, scope.tz)}


ANALYSIS = Analysis(
    _run,
    options=(Option("--days", _DAYS, "How many days are set against as many before.", "N"),),
    metrics=(input_tokens,),
)
