"""What the next months will cost, in three scenarios, and what more users would cost."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from math import exp
from typing import Any

from msgspec import structs

from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.analyses.scale import _drivers, _scaling
from aiopsctl.analyses.scale._days import WHOLE_DAYS, Days, whole_days
from aiopsctl.analyses.scale._drivers import causes_between, drivers, new_features, spans
from aiopsctl.analyses.scale._ledger import Ledger, ledger
from aiopsctl.analyses.scale._scaling import curve, table
from aiopsctl.analyses.scale._spend_sections import sections
from aiopsctl.errors import UsageError
from aiopsctl.metrics.cost import cost_total
from aiopsctl.metrics.revenue import forecast_error, forecast_overruns
from aiopsctl.stats.spend import FEWEST_WEEKS, MOST_WEEKS, Model, Spend, Trial, backtest, model

SCENARIOS = {"conservative": 0.1, "expected": 0.5, "aggressive": 0.9}
_MOST_MONTHS = 24

DEFINITIONS = {
    "scenarios": "the 10 %, 50 % and 90 % quantiles of the forecast: what the cost stays below with that probability if the "
    "log's trend goes on; low and high are its 95 % interval",
    "model": f"log-linear trend of the costs of the last {MOST_WEEKS} whole weeks at most, at least {FEWEST_WEEKS}, spread over "
    "the days of the week as they were; weeks more than 3 robust standard deviations from the median line (Theil-Sen) are "
    "pulled to that edge and named; intervals of Student's t, wider where neighbouring weeks are alike",
    "backtest": "from each week of the log from the sixth on, four weeks forecast from the weeks before: mean absolute error "
    "of the expected cost, share of the four weeks between conservative and aggressive (80 % is right), and the error of who "
    "takes the four weeks before",
    "months": "calendar months; of the month that the log ends in, `so_far_usd` is spent and the rest is forecast",
    "over_plan": "expected / forecast of the config - 1; p_over_plan is how probable it is that the cost exceeds it",
}


def _run(asked: Asked) -> Answer:
    months, given = asked.options["months"], asked.options["users"]
    if not 1 <= months <= _MOST_MONTHS:
        raise UsageError(f"--months {months} cannot be forecast", help=f"write a number from 1 to {_MOST_MONTHS}")
    if given < 0:
        raise UsageError(f"--users {given} are no users", help="write how many users a month there are today")
    if asked.scope.by:
        raise UsageError(
            "--by: a forecast is of all rows together", help="--where cuts to a part: --where \"feature = 'x'\""
        )
    days = whole_days(asked)
    if days is None or not len(days):
        return Answer({"months": []}, refused="error: no forecast: the log covers no whole day")
    book = ledger(asked, days)
    if refused := _unknown(book, asked):
        return Answer({"months": []}, refused=refused)
    weeks = _weeks(book)
    own, why = _model(weeks)
    rows = [] if own is None else list(_months(own, book, months, asked))
    data = {
        "months": rows, "model": _said(own, weeks, days, why), "backtest": _tested(weeks, own),
        **_scaled(book, given), **_driven(book, asked), "plan": _planned(asked),
        "definitions": {**DEFINITIONS, "weeks": WHOLE_DAYS, **_scaling.DEFINITIONS, **_drivers.DEFINITIONS},
    }  # fmt: skip
    refused = "" if own else f"error: no forecast: {why}\n  help: what more users would cost can be said all the same"
    return Answer(data, tuple(sections(data)), rows or data["scaling"], tuple(_notes(data, months, weeks)), refused)


def _unknown(book: Ledger, asked: Asked) -> str:
    """Return why the costs of the log cannot be forecast, or an empty string."""
    needed = asked.scope.min_coverage
    if book.coverage is None:
        return "error: no forecast: the whole days of the log have no calls"
    if book.coverage < needed:
        return (
            f"error: no forecast: cost is known for {book.coverage:.1%} of the calls, of {needed:.0%} needed\n"
            "  help: prices: in the config gives a model a price; --map cost_usd=COLUMN says where a cost is recorded"
        )
    return ""


def _weeks(book: Ledger) -> list[list[float]]:
    """Return the daily costs of the whole weeks, from the last week without any cost on."""
    found = [book.costs(week) for week in book.days.weeks()]
    empty = [i for i, week in enumerate(found) if not sum(week)]
    return found[empty[-1] + 1 :] if empty else found


def _model(weeks: Sequence[Sequence[float]]) -> tuple[Model | None, str]:
    if len(weeks) < FEWEST_WEEKS:
        return None, f"{len(weeks)} whole weeks with costs up to the end of the log; it takes at least {FEWEST_WEEKS}"
    return model(weeks[-MOST_WEEKS:]), ""


def _months(own: Model, book: Ledger, months: int, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the forecast of each month: of the rest of the one that the log ends in, and of those that follow."""
    end = book.days.until
    first = end.replace(day=1)
    spans = [first] if end != first else []
    following = first if end == first else _next(first)
    for _ in range(months):
        spans.append(following)
        following = _next(following)
    for since in spans:
        spent = book.costs(Days(max(since, book.days.since), end)) if since < end else []
        until = _next(since)
        spend = own.days((max(since, end) - end).days, (until - end).days, sum(spent))
        yield _month(since, spend, sum(spent) if spent else None, asked)


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _month(since: date, spend: Spend, so_far: float | None, asked: Asked) -> dict[str, Any]:
    name = f"{since:%Y-%m}"
    plan = asked.config.forecast.get(name)
    value = plan.value if plan else None
    return {
        "month": name, **{f"{scenario}_usd": spend.at(p) for scenario, p in SCENARIOS.items()},
        "low_usd": spend.at(0.025), "high_usd": spend.at(0.975), "so_far_usd": so_far, "plan_usd": value,
        "over_plan": spend.mid / value - 1 if value else None, "p_over_plan": spend.over(value) if value else None,
    }  # fmt: skip


def _said(own: Model | None, weeks: Sequence[Any], days: Days, why: str) -> dict[str, Any]:
    ends = {"weeks": len(weeks[-MOST_WEEKS:]), "since": f"{days.since}", "until": f"{days.until}"}
    if own is None:
        names = ("growth_per_week", "low", "high", "unusual_weeks")
        return ends | dict.fromkeys(names) | {"reason": why}
    low, high = own.line.slope_interval()
    begin = days.until - timedelta(weeks=own.line.points)
    unusual = [f"{begin + timedelta(weeks=week)}" for week in own.pulled]
    return ends | {
        "since": f"{begin}", "growth_per_week": exp(own.line.slope) - 1, "low": exp(low) - 1, "high": exp(high) - 1,
        "unusual_weeks": unusual, "reason": None,
    }  # fmt: skip


def _tested(weeks: Sequence[Sequence[float]], own: Model | None) -> dict[str, Any]:
    """Return how well the model would have forecast the log's own past."""
    trials = backtest(weeks, SCENARIOS["conservative"], SCENARIOS["aggressive"]) if own else []
    if not trials:
        why = "there is no forecast" if own is None else "the log has no four weeks after the sixth"
        return {"forecasts": 0, "mape": None, "coverage": None, "mape_no_change": None, "reason": why, "trials": []}
    return {
        "forecasts": len(trials), "mape": _mean(abs(t.forecast / t.actual - 1) for t in trials),
        "coverage": _mean(float(t.low <= t.actual <= t.high) for t in trials),
        "mape_no_change": _mean(abs(t.before / t.actual - 1) for t in trials), "reason": None,
        "trials": [_trial(t) for t in trials],
    }  # fmt: skip


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _trial(trial: Trial) -> dict[str, Any]:
    said = structs.asdict(trial)
    return {"weeks": said.pop("origin")} | {f"{name}_usd": value for name, value in said.items()}


def _scaled(book: Ledger, given: int) -> dict[str, Any]:
    """Return the present users and cost, the curve of the log, and the handbook's table."""
    name, span, cost = book.baseline()
    counted = book.users(span)
    users = given or counted
    weeks = [week for week in book.days.weeks()[-MOST_WEEKS:] if sum(book.costs(week))]
    if counted is None:
        own, why = None, "the log names no users"
    else:
        own, why = curve([book.users(week) or 0 for week in weeks], [sum(book.costs(week)) for week in weeks])
    names = ("exponent", "low", "high", "factor", "factor_low", "factor_high", "weeks")
    return {
        "baseline": {"name": name, "users": users, "users_from": "option" if given else "log", "cost_usd": cost},
        "scaling_curve": (asdict(own) if own else dict.fromkeys(names)) | {"reason": why or None},
        "scaling": table(users, cost, own, why),
    }


def _driven(book: Ledger, asked: Asked) -> dict[str, Any]:
    first, last = spans(book.days)
    if len(book.days) < 2 * len(last) or len(last) < _drivers.SPAN:
        why = f"{len(book.days)} whole days; it takes 56 for a first and a last four weeks"
        return {"drivers": [], "causes": [], "new_features": [], "drivers_reason": why}
    before, after = book.side(first), book.side(last)
    found = drivers(before, after)
    return {
        "drivers": found, "causes": causes_between(first, last, asked) if found else [],
        "new_features": new_features(before, after) if found else [],
        "drivers_reason": None if found else "one of the spans has no costs",
    }  # fmt: skip


def _planned(asked: Asked) -> list[dict[str, Any]]:
    """Return the months of the log that the config has a forecast of, with their cost and by what share it was over."""
    from msgspec.structs import replace

    from aiopsctl.measure import measure

    if not asked.config.forecast:
        return []
    scope = replace(asked.scope, by=("month",), reference=None)
    found: dict[str, dict[str, Any]] = {}
    for m in measure(asked.log.events, [cost_total, forecast_error], scope):
        found.setdefault(str(m.slice["month"]), {})[m.metric] = m.value
    return [
        {"month": month, "plan_usd": asked.config.forecast[month].value, "cost_usd": row.get("cost-total"),
         "over": row["forecast-error"]}
        for month, row in found.items() if row.get("forecast-error") is not None
    ]  # fmt: skip


def _notes(data: dict[str, Any], months: int, weeks: Sequence[Any]) -> Iterator[str]:
    tested, fitted, made = data["backtest"], data["scaling_curve"], data["model"]
    if made["reason"] is None and tested["reason"]:
        yield f"backtest unknown: {tested['reason']}"
    for row in data["months"]:
        if row["so_far_usd"] is not None:
            yield f"of {row['month']} ${row['so_far_usd']:,.2f} are spent, and the rest is forecast"
    if tested["mape"] is not None and tested["mape"] > tested["mape_no_change"]:
        yield "in the log's past, taking the last four weeks for the next was nearer than the trend"
    if made["unusual_weeks"]:
        yield f"unusual weeks count less: {', '.join(made['unusual_weeks'])}"
    if made["reason"] is None and months * 30.4 > 7 * len(weeks):
        yield f"{months} months are forecast from {len(weeks)} weeks: the farther ones are more a scenario than a forecast"
    if fitted["reason"]:
        yield f"scaling curve unknown: {fitted['reason']}"
    if data["drivers_reason"]:
        yield f"drivers unknown: {data['drivers_reason']}"


ANALYSIS = Analysis(
    _run,
    options=(
        Option("--months", 3, "How many calendar months are forecast.", "N"),
        Option("--users", 0, "Monthly users of today, in place of those that the log names.", "N"),
    ),
    metrics=(cost_total, forecast_error, forecast_overruns),
)
