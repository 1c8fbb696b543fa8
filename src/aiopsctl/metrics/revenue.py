"""Cost beside the business: what is spent so far, what was expected, and what the users pay."""

from datetime import date

from aiopsctl import sums
from aiopsctl.facts import NANO
from aiopsctl.metric import Metric, Threshold
from aiopsctl.values import over_forecast, overruns, revenue, share_of_revenue, so_far

_SECTION = "What to Watch / 2. Cost"
_ALERTS = f"{_SECTION} / Alert thresholds to set"
_DASHBOARD = "Dashboard Template / Cost"
_MONEY = {"cost": sums.cost, "priced": sums.priced_calls, "unpriced": sums.unpriced_calls}
_COVERS = ("priced", "unpriced")
_AUGUST, _SEPTEMBER, _OCTOBER = (date(2026, month, 1) for month in (8, 9, 10))
_WEEKS = [
    {"ts": f"2026-{day}T10:00:00Z", "cost_usd": cost}
    for day, cost in (
        ("08-31", 64),
        ("09-01", 32),
        ("09-13", 16),
        ("09-14", 8),
        ("09-15", 4),
        ("09-16", 2),
        ("09-17", 1),
    )
]
_MONTHS = [
    {"ts": f"2026-{month}-05T10:00:00Z", "cost_usd": cost} for month, cost in (("08", 90), ("09", 150), ("10", 70))
]
_PLANNED: dict[str, dict[date, float]] = {
    "forecast": {_AUGUST: 100 * NANO, _SEPTEMBER: 100 * NANO, _OCTOBER: 100 * NANO},
    "month_share": {_AUGUST: 1.0, _SEPTEMBER: 1.0, _OCTOBER: 0.5},
}


def _so_far(name: str, since: str, period: str, why: str, example: float) -> Metric:
    return Metric(
        name=f"cost-{name}",
        title=f"cost {name.replace('-', ' ')}",
        dimension="cost",
        unit="usd",
        worse="higher",
        why=why,
        formula=f"sum of the cost of the calls since {since} of the window's last day began, up to the window's end",
        handbook=_DASHBOARD,
        grain=("day",),
        sums=_MONEY,
        value=so_far("cost", "priced", period, per=NANO),
        covers=_COVERS,
        needs=("ts", "cost_usd"),
        facts=("last_day",),
        given={"last_day": {None: date(2026, 9, 16)}},
        example=(_WEEKS, example),
        dashboard="cost",
    )


cost_today = _so_far("today", "the day", "1d", "What runs up while nobody looks.", 2)
cost_this_week = _so_far("this-week", "the week (Monday)", "1w", "A bad day stands out of a week.", 14)
cost_this_month = _so_far("this-month", "the calendar month", "1mo", "What the next bill will begin with.", 62)

forecast_error = Metric(
    name="forecast-error",
    title="cost over forecast",
    dimension="cost",
    unit="ratio",
    worse="higher",
    why="Consistent overruns say that the model of usage is wrong.",
    formula="sum of cost / forecast of the same days - 1, over the months that have a forecast; "
    "of a month in part the window has that part of its forecast, by time",
    handbook=_SECTION,
    grain=("month",),
    sums=_MONEY,
    value=over_forecast("cost", "priced"),
    covers=_COVERS,
    needs=("ts", "cost_usd"),
    facts=("forecast", "month_share"),
    given=_PLANNED,
    example=(_MONTHS, 310 / 250 - 1),
    dashboard="cost",
)

forecast_overruns = Metric(
    name="forecast-overruns",
    title="months over forecast in a row",
    dimension="cost",
    unit="months",
    worse="higher",
    why="One month above the forecast is chance, three are a wrong forecast.",
    formula="number of the latest months in a row whose cost is above the forecast of the same days",
    handbook=_SECTION,
    grain=("month",),
    sums=_MONEY,
    value=overruns("cost", "priced"),
    covers=_COVERS,
    needs=("ts", "cost_usd"),
    facts=("forecast", "month_share"),
    given=_PLANNED,
    example=(_MONTHS, 2),
)

cost_share_of_revenue = Metric(
    name="cost-share-of-revenue",
    title="cost as a share of revenue",
    dimension="cost",
    unit="ratio",
    worse="higher",
    why="What a tier's users pay has to carry what their calls cost.",
    formula="sum of the cost of calls of a tier / (revenue of a user of the tier in a month, for each of its users and each "
    "month with a call of that user); of a month in part the window has that part of its revenue, by time",
    handbook=_ALERTS,
    grain=("tier_or_none", "month"),
    sums={**_MONEY, "calls": sums.calls},
    value=share_of_revenue("cost", "calls"),
    covers=_COVERS,
    needs=("ts", "cost_usd", "user_id", "tier"),
    facts=("tier_revenue", "month_share"),
    given={"tier_revenue": {"pro": 20 * NANO, "free": 0}, "month_share": {_SEPTEMBER: 0.5}},
    thresholds=(Threshold("above", _ALERTS, warning=0.2, critical=0.35, by=("tier",), window="month"),),
    example=(
        [
            {"user_id": "a", "tier": "pro", "cost_usd": 3},
            {"user_id": "a", "tier": "pro", "cost_usd": 1},
            {"user_id": "b", "tier": "pro", "cost_usd": 0.5},
            {"user_id": "c", "tier": "free", "cost_usd": 0.5},
        ],
        5 / 20,
    ),
    dashboard="cost",
)

product_revenue = Metric(
    name="revenue",
    title="revenue of the product",
    dimension="cost",
    unit="usd",
    worse="lower",
    why="Cost per user may grow as long as revenue grows as fast.",
    formula="sum of the revenue of the months of the window; of a month in part, that part of it, by time",
    handbook=_SECTION,
    grain=("month",),
    sums={"calls": sums.calls},
    value=revenue("calls"),
    needs=("ts",),
    facts=("month_revenue", "month_share"),
    given={"month_revenue": {_SEPTEMBER: 900 * NANO}, "month_share": {_SEPTEMBER: 1 / 3}},
    example=([{"user_id": "a"}, {"user_id": "b"}], 300),
)
