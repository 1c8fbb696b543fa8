"""Quality by what users say: ratings, corrections, flags, escalations."""

from datetime import UTC, date, datetime
from typing import Literal

from aiopsctl import sums
from aiopsctl.events import EXPLICIT
from aiopsctl.metric import Metric
from aiopsctl.sums import Sum
from aiopsctl.values import count_beside, count_of_last_day, distinct_rate, mean, rate, rate_of_last_days

_SECTION = "What to Watch / 1. Quality"
_SIGNALS = "Building Feedback Loops / Designing Feedback Mechanisms"
_DASHBOARD = "Dashboard Template / Quality"
_MICRO = 1e6
_TEN = [{"request_id": f"r{i}", "status": "ok"} for i in range(10)]
_ONCE_A_DAY = [
    {"kind": "thumb", "ts": f"2026-09-{day:02}T12:00:00Z", "value": value}
    for day, value in enumerate([1, 1, 0, 0, 0, 1, 1, 1, 0, 1], start=1)
]

thumbs_up_rate_7d = Metric(
    name="thumbs-up-rate-7d",
    title="thumbs-up rate, 7 days",
    dimension="quality",
    unit="ratio",
    worse="lower",
    why="How the feature is doing now; the longer rate shows whether that is new.",
    formula="thumbs up / (thumbs up + thumbs down), of the last 7 days of the window, the last one included",
    handbook=f"{_DASHBOARD}; {_SECTION}",
    sums={"up": sums.thumbs_up, "thumbs": sums.thumbs},
    value=rate_of_last_days("up", "thumbs", 7),
    needs=(
        "ts",
        "kind",
        "value",
    ),
    grain=("day",),
    kinds=("thumb",),
    facts=("last_day",),
    given={"last_day": {None: date(2026, 9, 10)}},
    dashboard="quality",
    example=(_ONCE_A_DAY, 4 / 7),
)

thumbs_up_rate = Metric(
    name="thumbs-up-rate",
    title="thumbs-up rate",
    dimension="quality",
    headline=True,
    dashboard="quality",
    unit="ratio",
    worse="lower",
    why="The plainest judgement of users; a slow fall is the first sign of drift.",
    formula="thumbs up / (thumbs up + thumbs down)",
    handbook=f"{_SECTION}; How PMs Detect Drift",
    sums={"up": sums.thumbs_up, "thumbs": sums.thumbs},
    value=rate("up", "thumbs"),
    needs=("kind", "value"),
    kinds=("thumb",),
    example=([{"kind": "thumb", "value": 1}] * 3 + [{"kind": "thumb", "value": 0}], 0.75),
)

correction_rate = Metric(
    name="correction-rate",
    title="correction rate",
    dimension="quality",
    dashboard="quality",
    unit="ratio",
    worse="higher",
    why="Users who edit the output more often are telling that it got worse.",
    formula="distinct calls corrected / ok calls of the features that have corrections anywhere in the log",
    handbook=_SECTION,
    grain=("feature_or_none", "marked_call"),
    sums={"corrections": sums.corrections, "ok_calls": sums.ok_calls},
    value=distinct_rate("corrections", "ok_calls", where="takes_corrections"),
    needs=("kind",),
    kinds=("correction",),
    facts=("takes_corrections",),
    given={"takes_corrections": {"draft": 1}},
    example=(
        [
            *({"request_id": f"r{i}", "feature": "draft", "status": "ok"} for i in range(8)),
            *({"request_id": f"s{i}", "feature": "never corrected", "status": "ok"} for i in range(5)),
            {"kind": "correction", "request_id": "r1", "feature": "draft"},
            {"kind": "correction", "request_id": "r1", "feature": "draft"},
            {"kind": "correction", "request_id": "r2", "feature": "draft"},
        ],
        0.25,
    ),
)

correction_size = Metric(
    name="correction-size",
    title="size of corrections",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="Whether users mend a comma or write it anew.",
    formula="mean edited share of the corrections that tell it: value, else 1 - Levenshtein similarity (distance / longer length) of output and final_text",
    handbook=_SIGNALS,
    sums={"edited": sums.edited, "sized": sums.sized_corrections},
    value=mean("edited", "sized", per=_MICRO, most=_MICRO),
    needs=(
        "kind",
        "value",
    ),
    kinds=("correction",),
    example=([*({"kind": "correction", "value": share} for share in (0.1, 0.3, 0.8)), {"kind": "correction"}], 0.4),
)

rejection_rate = Metric(
    name="rejection-rate",
    title="rejection rate",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="A suggestion dismissed is a suggestion that did not help.",
    formula="rejected / (accepted + rejected)",
    handbook=_SECTION,
    sums={"rejected": sums.rejected, "offered": sums.offered},
    value=rate("rejected", "offered"),
    needs=("kind",),
    kinds=(
        "accept",
        "reject",
    ),
    example=([{"kind": "accept"}] * 3 + [{"kind": "reject"}], 0.25),
)

star_mean = Metric(
    name="star-mean",
    title="mean stars",
    dimension="quality",
    unit="score",
    worse="lower",
    why="A rating with shades; read it beside the shares of the stars, for many 1 and 5 make a 3.",
    formula="sum of stars / ratings with stars, 1 to 5",
    handbook=_SECTION,
    sums={"points": sums.star_points, "stars": sums.stars},
    value=mean("points", "stars", per=_MICRO, least=1 * _MICRO, most=5 * _MICRO),
    needs=(
        "kind",
        "value",
    ),
    kinds=("star",),
    example=([{"kind": "star", "value": stars} for stars in (5, 5, 4, 1)], 3.75),
)


def _stars(stars: int, what: Sum, worse: Literal["higher", "lower", "neither"]) -> Metric:
    return Metric(
        name=f"star-{stars}-share",
        title=f"{stars} star{'s' if stars > 1 else ''}",
        dimension="quality",
        unit="ratio",
        worse=worse,
        why="One bar of the distribution of the stars.",
        formula=f"ratings of {stars} stars, halves rounded up / ratings with stars",
        handbook=_SECTION,
        sums={"of_these": what, "stars": sums.stars},
        value=rate("of_these", "stars"),
        needs=("kind", "value"),
        kinds=("star",),
        example=([{"kind": "star", "value": value} for value in (1, 2, 3, 4, 5, stars, stars, stars)], 0.5),
    )


star_1_share = _stars(1, sums.stars_1, "higher")
star_2_share = _stars(2, sums.stars_2, "higher")
star_3_share = _stars(3, sums.stars_3, "neither")
star_4_share = _stars(4, sums.stars_4, "lower")
star_5_share = _stars(5, sums.stars_5, "lower")

feedback_rate = Metric(
    name="feedback-rate",
    title="feedback rate",
    dimension="quality",
    unit="ratio",
    worse="lower",
    why="How many of the calls the ratings speak for.",
    formula="distinct calls with a thumb, star, correction, flag, escalation, survey or csat / ok calls",
    handbook=_SIGNALS,
    sums={"explicit": sums.explicit, "ok_calls": sums.ok_calls},
    value=distinct_rate("explicit", "ok_calls"),
    needs=("kind",),
    grain=("marked_call",),
    kinds=EXPLICIT,
    example=(
        [
            *_TEN,
            {"kind": "thumb", "value": 1, "request_id": "r1"},
            {"kind": "flag", "request_id": "r1"},
            {"kind": "star", "value": 4, "request_id": "r2"},
            {"kind": "copy", "request_id": "r3"},
        ],
        0.2,
    ),
)

flag_rate = Metric(
    name="flag-rate",
    title="flag rate",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="A flag says what is wrong: by category it says what to mend.",
    formula="distinct calls flagged / ok calls; by category, the calls count for each",
    handbook=_SIGNALS,
    sums={"flags": sums.flags, "ok_calls": sums.ok_calls},
    value=distinct_rate("flags", "ok_calls"),
    needs=("kind",),
    grain=("marked_call",),
    base=("ok_calls",),
    kinds=("flag",),
    example=(
        [
            *_TEN,
            {"kind": "flag", "category": "wrong", "request_id": "r1"},
            {"kind": "flag", "category": "irrelevant", "request_id": "r1"},
        ],
        0.1,
    ),
)

escalations = Metric(
    name="escalations",
    title="escalations",
    dimension="quality",
    unit="events",
    worse="higher",
    why="Each one is an output that somebody thought a human must see.",
    formula="number of escalations; n is the calls of the window",
    handbook=_SIGNALS,
    sums={"escalated": sums.escalations, "calls": sums.calls},
    value=count_beside("escalated", "calls"),
    needs=("kind",),
    base=("calls",),
    kinds=("escalation",),
    example=([*_TEN, *[{"kind": "escalation", "request_id": "r1"}] * 2, {"kind": "flag", "request_id": "r2"}], 2),
)

escalations_24h = Metric(
    name="escalations-24h",
    title="escalations, 24 hours",
    dimension="quality",
    unit="events",
    worse="higher",
    why="What has to be looked at today.",
    formula="number of escalations in the last 24 hours of the window; n is the calls of the window",
    handbook=_DASHBOARD,
    sums={"escalated": sums.escalations, "calls": sums.calls},
    value=count_of_last_day("escalated", "calls", "escalated_at"),
    needs=(
        "ts",
        "kind",
    ),
    grain=("escalated_at",),
    base=("calls",),
    kinds=("escalation",),
    facts=("window_end",),
    given={"window_end": {None: datetime(2026, 9, 2, 12, tzinfo=UTC)}},
    dashboard="quality",
    example=(
        [
            *_TEN,
            *(
                {"kind": "escalation", "ts": ts}
                for ts in ("2026-09-01T11:59:59Z", "2026-09-01T12:00:00Z", "2026-09-02T11:00:00Z")
            ),
        ],
        2,
    ),
)

escalation_rate = Metric(
    name="escalation-rate",
    title="escalation rate",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="Escalations beside how much the feature is used.",
    formula="distinct calls escalated / ok calls; by category, the calls count for each",
    handbook=_SIGNALS,
    sums={"escalated": sums.escalations, "ok_calls": sums.ok_calls},
    value=distinct_rate("escalated", "ok_calls"),
    needs=("kind",),
    grain=("marked_call",),
    base=("ok_calls",),
    kinds=("escalation",),
    example=(
        [*_TEN, *[{"kind": "escalation", "request_id": "r1"}] * 2, {"kind": "escalation", "request_id": "r2"}],
        0.2,
    ),
)
