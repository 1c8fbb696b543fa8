"""Engagement: how many use the feature, how often, and whether they get done what they came for."""

from datetime import date

from aiopsctl import sums
from aiopsctl.events import OF_CALLS
from aiopsctl.metric import Metric
from aiopsctl.values import adopted, distinct, rate, stickiness

_ENGAGEMENT = "Dashboard Template / Engagement"
_THIS_WINDOW = "users of this window, which is no calendar month"
_TWO_DAYS = [
    {"ts": "2026-09-01T10:00:00Z", "user_id": "a"},
    {"ts": "2026-09-01T11:00:00Z", "user_id": "a"},
    {"ts": "2026-09-02T10:00:00Z", "user_id": "a"},
    {"ts": "2026-09-02T12:00:00Z", "user_id": "b"},
]

dau = Metric(
    name="dau",
    title="daily active users",
    dimension="satisfaction",
    unit="users",
    worse="lower",
    why="Whether people come back every day.",
    formula="mean over the days with a call of the distinct users with a call on that day",
    handbook=_ENGAGEMENT,
    grain=("day", "user_id"),
    sums={"calls": sums.calls},
    value=distinct("calls", per="day"),
    needs=("ts", "user_id"),
    example=(_TWO_DAYS, 1.5),
    dashboard="engagement",
)

wau = Metric(
    name="wau",
    title="weekly active users",
    dimension="satisfaction",
    unit="users",
    worse="lower",
    why="Whether people come back every week; steadier than days, for a feature of the working week.",
    formula="mean over the weeks (Monday to Sunday) with a call of the distinct users with a call in that week; "
    "a week that the window covers in part does not count",
    handbook=_ENGAGEMENT,
    grain=("week", "user_id"),
    sums={"calls": sums.calls},
    value=distinct("calls", per="week", where="whole_week"),
    needs=("ts", "user_id"),
    facts=("whole_week",),
    not_by=("minute", "hour", "day", "month", "weekday"),
    lack="no calls in a whole week from Monday to Sunday",
    example=(
        [
            {"ts": "2026-09-01T10:00:00Z", "user_id": "a"},
            {"ts": "2026-09-04T10:00:00Z", "user_id": "a"},
            {"ts": "2026-09-06T10:00:00Z", "user_id": "b"},
            {"ts": "2026-09-07T10:00:00Z", "user_id": "b"},
            {"ts": "2026-09-14T10:00:00Z", "user_id": "c"},
        ],
        1.5,
    ),
    given={"whole_week": {date(2026, 8, 31): True, date(2026, 9, 7): True}},
)

mau = Metric(
    name="mau",
    title="monthly active users",
    dimension="satisfaction",
    unit="users",
    worse="lower",
    why="How many people the feature reaches; flat while the product grows means that they leave.",
    formula="distinct users with a call in the window; a window that is no calendar month uses its own distinct users",
    handbook="How PMs Detect Drift",
    grain=("user_id",),
    sums={"calls": sums.calls},
    value=distinct("calls"),
    needs=("user_id",),
    note=_THIS_WINDOW,
    example=(_TWO_DAYS, 2),
    dashboard="engagement",
)

stickiness_ = Metric(
    name="stickiness",
    title="stickiness",
    dimension="satisfaction",
    unit="ratio",
    worse="lower",
    why="How much of a month's users come on a day: a habit, or a visit.",
    formula="dau / mau",
    handbook=_ENGAGEMENT,
    grain=("day", "user_id"),
    sums={"calls": sums.calls},
    value=stickiness("calls"),
    needs=("ts", "user_id"),
    note=_THIS_WINDOW,
    example=(_TWO_DAYS, 0.75),
)

adoption_rate = Metric(
    name="adoption-rate",
    title="adoption rate",
    dimension="satisfaction",
    unit="ratio",
    worse="lower",
    why="Which part of the product's users the feature reaches: usage flat while the product grows is users who leave.",
    formula="distinct users with a call in the window / distinct users with a call or any activity in it, whatever the "
    "feature; where the config has product_mau for its months, users with a call in the month / product_mau, months added",
    handbook=f"{_ENGAGEMENT}; How PMs Detect Drift",
    grain=("month", "user_id"),
    sums={"calls": sums.calls, "in_product": sums.in_product},
    base=("in_product",),
    across=OF_CALLS,
    value=adopted(),
    needs=("ts", "user_id"),
    facts=("product_mau",),
    optional=("product_mau",),
    note=_THIS_WINDOW,
    lack="no users with a call or activity",
    example=([*_TWO_DAYS, {"kind": "active", "user_id": "c"}], 0.25),
    given={"product_mau": {date(2026, 9, 1): 8}},
    dashboard="engagement",
)

ai_completion_rate = Metric(
    name="ai-completion-rate",
    title="AI task completion rate",
    dimension="satisfaction",
    unit="ratio",
    worse="lower",
    why="Of the tasks that the AI had a part in, how many users finished.",
    formula="completed / (completed + abandoned + redone by hand), of outcomes that name a request, trace or session",
    handbook=_ENGAGEMENT,
    sums={"completed": sums.ai_completed, "tasks": sums.ai_tasks},
    value=rate("completed", "tasks"),
    needs=("kind",),
    kinds=("complete", "abandon", "redo"),
    lack="no task outcomes that name a request, trace or session",
    example=(
        [
            *({"kind": "complete", "request_id": f"r{i}"} for i in range(3)),
            {"kind": "redo", "trace_id": "t1"},
            {"kind": "complete"},
        ],
        0.75,
    ),
    dashboard="engagement",
)
