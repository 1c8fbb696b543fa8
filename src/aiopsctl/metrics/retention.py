"""Retention: do users who took the feature up stay longer than the others, and do they keep it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiopsctl import sums
from aiopsctl.events import CALENDAR, OF_CALLS
from aiopsctl.metric import Metric
from aiopsctl.values import opted_out, retained

_SECTION = "What to Watch / 4. User Satisfaction"
_SETTLE = 7
_FIRST = datetime(2026, 6, 1, 10, tzinfo=UTC)
_NOW = timedelta()


def _retention(days: int, *, others: bool = False) -> Metric:
    """Return the retention at a number of days of users who activated the feature, or of the `others`."""
    base = "first activation (activate, opt_in), or where nobody activated their first call"
    if others:
        base = "first active row, of users who neither activated nor called in the window"
    begin = "active" if others else "activate"
    return Metric(
        name=f"retention-{days}d-others" if others else f"retention-{days}d",
        title=f"{days}-day retention" + (" without AI" if others else ""),
        dimension="satisfaction",
        unit="ratio",
        worse="lower",
        why="What to set beside the retention of those who use the feature."
        if others
        else f"Whether those who took the feature up still come {days} days later.",
        formula=f"users with a call or active row {days} days (of 24 hours) after their start or later / users whose start "
        f"is {days + _SETTLE} days or more before the end of the window; the start is the {base}",
        handbook=_SECTION,
        grain=("user_id",),
        sums={
            "first_activation": sums.first_activation,
            "first_call": sums.first_call,
            "first_active": sums.first_active,
            "last_in_use": sums.last_in_use,
        },
        value=retained(days, settle=_SETTLE, others=others),
        needs=("ts", "user_id"),
        kinds=("active",) if others else (),
        facts=("window_end",),
        not_by=(*CALENDAR, *OF_CALLS) if others else CALENDAR,
        lack=f"no users{' without AI' if others else ''} began {days + _SETTLE} days or more before the end of the window",
        example=(_example(days, begin), 2 / 3),
        given={"window_end": {None: _FIRST + timedelta(days=days + _SETTLE)}},
        dashboard="engagement" if days == 30 and not others else None,
    )


def _example(days: int, begin: str) -> list[dict[str, Any]]:
    """Return three users old enough to count of whom two stay, one who is too young, and one of the other group."""

    def row(user: str, kind: str, after: timedelta = _NOW) -> dict[str, Any]:
        return {"ts": (_FIRST + after).isoformat(), "user_id": user, "kind": kind}

    due, second = timedelta(days=days), timedelta(seconds=1)
    return [
        *(row(user, begin) for user in "abc"),
        row("a", "active", due),
        row("b", "active", due - second),
        row("c", "active", due + timedelta(days=3)),
        row("young", begin, second),
        row("other", "activate" if begin == "active" else "active"),
    ]


retention_30d, retention_60d, retention_90d = (_retention(days) for days in (30, 60, 90))
retention_30d_others, retention_60d_others, retention_90d_others = (
    _retention(days, others=True) for days in (30, 60, 90)
)

opt_out_rate = Metric(
    name="opt-out-rate",
    title="opt-out rate",
    dimension="satisfaction",
    unit="ratio",
    worse="higher",
    why="Users who switched the feature on and then off again: it does not keep its promise.",
    formula="users whose last opt_out is later than their last activation / users who activated in the window; "
    "where nobody activated, users with a call who opted out / users with a call",
    handbook=f"{_SECTION}; Dashboard Template / Engagement",
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
    kinds=("activate", "opt_in", "opt_out"),
    example=(
        [
            *({"kind": "activate", "user_id": f"u{i}", "ts": "2026-09-01T10:00:00Z"} for i in range(4)),
            {"kind": "opt_out", "user_id": "u0", "ts": "2026-09-02T10:00:00Z"},
            {"kind": "opt_out", "user_id": "u1", "ts": "2026-09-02T10:00:00Z"},
            {"kind": "opt_in", "user_id": "u1", "ts": "2026-09-03T10:00:00Z"},
        ],
        0.25,
    ),
    dashboard="engagement",
)
