"""Satisfaction and engagement: are users happy with the feature, and do they stay."""

from aiopsctl import sums
from aiopsctl.metric import Metric
from aiopsctl.values import distinct, mean, opted_out

_SECTION = "What to Watch / 4. User Satisfaction"
_ENGAGEMENT = "Dashboard Template / Engagement"
_TWO_DAYS = [
    {"ts": "2026-09-01T10:00:00Z", "user_id": "a"},
    {"ts": "2026-09-01T11:00:00Z", "user_id": "a"},
    {"ts": "2026-09-02T10:00:00Z", "user_id": "a"},
    {"ts": "2026-09-02T12:00:00Z", "user_id": "b"},
]

nps = Metric(
    name="nps",
    title="NPS",
    dimension="satisfaction",
    unit="points",
    worse="lower",
    why="Would users recommend the product with this feature in it.",
    formula="100 * (share of answers 9 and 10 - share of answers 0 to 6)",
    handbook=_SECTION,
    sums={"net": sums.net_promoters, "answers": sums.nps_answers},
    value=mean("net", "answers", least=-100, most=100),
    needs=("kind", "value"),
    example=([{"kind": "nps", "value": v} for v in (10, 9, 9, 8, 7, 6, 0, 10)], 25),
)

opt_out_rate = Metric(
    name="opt-out-rate",
    title="opt-out rate",
    dimension="satisfaction",
    dashboard="engagement",
    unit="ratio",
    worse="higher",
    why="Users who switched the feature on and then off again: it does not keep its promise.",
    formula="users whose last opt_out is later than their last activation / users who activated; "
    "where the log has no activations, / users with a call",
    handbook=_SECTION,
    grain=("user_id",),
    sums={
        "activations": sums.activations,
        "opt_outs": sums.opt_outs,
        "calls": sums.calls,
        "last_activation": sums.last_activation,
        "last_opt_out": sums.last_opt_out,
    },
    value=opted_out(),
    needs=("kind", "user_id"),
    example=(
        [
            *({"kind": "activate", "user_id": f"u{i}", "ts": "2026-09-01T10:00:00Z"} for i in range(4)),
            {"kind": "opt_out", "user_id": "u0", "ts": "2026-09-02T10:00:00Z"},
            {"kind": "opt_out", "user_id": "u1", "ts": "2026-09-02T10:00:00Z"},
            {"kind": "opt_in", "user_id": "u1", "ts": "2026-09-03T10:00:00Z"},
        ],
        0.25,
    ),
)

dau = Metric(
    name="dau",
    title="daily active users",
    dimension="satisfaction",
    dashboard="engagement",
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
    note="users of this window, which is no calendar month",
    example=(_TWO_DAYS, 2),
)
