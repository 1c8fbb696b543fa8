"""Satisfaction: do users say that they are happy, those with AI and those without, and do they ask for help."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from aiopsctl import sums
from aiopsctl.events import OF_CALLS
from aiopsctl.metric import Metric
from aiopsctl.values import mean, mean_gap, per_active_user, total

_SECTION = "What to Watch / 4. User Satisfaction"
_TICKETS = f"{_SECTION}; How PMs Detect Drift"
_MILLION = 1_000_000

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
    kinds=("nps",),
    example=([{"kind": "nps", "value": v} for v in (10, 9, 9, 8, 7, 6, 0, 10)], 25),
    dashboard="engagement",
)

csat = Metric(
    name="csat",
    title="CSAT",
    dimension="satisfaction",
    unit="score",
    worse="lower",
    why="How satisfied users say that they are, from 1 to 5.",
    formula="sum of the answers, 1 to 5 / number of answers",
    handbook=_SECTION,
    sums={"points": sums.csat_points, "answers": sums.csat_answers},
    value=mean("points", "answers", per=_MILLION, least=_MILLION, most=5 * _MILLION),
    needs=("kind", "value"),
    kinds=("csat",),
    example=([{"kind": "csat", "value": v} for v in (5, 4, 2, 4, 3)], 3.6),
)


def _by_use(
    whole: Metric,
    points: str,
    span: tuple[float, float],
    answers: Sequence[Mapping[str, Any]],
    means: tuple[float, float],
) -> tuple[Metric, Metric, Metric]:
    """Return a survey of users of the AI, of the others, and the gap between them; `means` are those of the example."""
    per = whole.value.per
    least, most = (bound * per for bound in span)
    own = replace(whole, grain=("user_id",), sums={**whole.sums, "calls": sums.calls}, needs=(*whole.needs, "user_id"), dashboard=None)  # fmt: skip
    users = replace(
        own, name=f"{whole.name}-users", title=f"{whole.title} of AI users",
        why="What those say who use the feature; beside those who do not, it is the feature's contribution.",
        formula=f"{whole.formula}; of users with a call in the window",
        value=mean(points, "answers", having="calls", per=per, least=least, most=most), example=(answers, means[0]),
        lack="no answers of users with a call",
    )  # fmt: skip
    others = replace(
        own, name=f"{whole.name}-non-users", title=f"{whole.title} without AI",
        why="What those say who do not use the feature: what the product is worth without it.",
        formula=f"{whole.formula}; of users without a call in the window", not_by=OF_CALLS,
        value=mean(points, "answers", lacking="calls", per=per, least=least, most=most), example=(answers, means[1]),
        lack="no answers of users without a call",
    )  # fmt: skip
    gap = replace(
        own, name=f"{whole.name}-gap", title=f"{whole.title} gap",
        why="Below zero, users of the feature are less happy than the others.",
        formula=f"{users.name} - {others.name}", not_by=OF_CALLS,
        value=mean_gap(points, "answers", between="calls", per=per, most=most - least),
        example=(answers, means[0] - means[1]), lack="no answers of users with a call, or none of users without",
    )  # fmt: skip
    return users, others, gap


def _answers(kind: str, with_ai: Sequence[int], without: Sequence[int]) -> list[dict[str, Any]]:
    """Return answers of users a, b, ... with a call each, and of users z, y, ... without any."""
    found: list[dict[str, Any]] = [{"user_id": user} for user in "abc"]
    found += ({"kind": kind, "value": v, "user_id": user} for user, v in zip("abc", with_ai, strict=True))
    found += ({"kind": kind, "value": v, "user_id": user} for user, v in zip("zy", without, strict=True))
    return found


nps_users, nps_non_users, nps_gap = _by_use(
    nps, "net", (-100, 100), _answers("nps", (10, 9, 0), (10, 7)), (100 / 3, 50)
)
csat_users, csat_non_users, csat_gap = _by_use(
    csat, "points", (1, 5), _answers("csat", (5, 4, 2), (4, 3)), (11 / 3, 3.5)
)

tickets = Metric(
    name="tickets",
    title="support tickets",
    dimension="satisfaction",
    unit="events",
    worse="higher",
    why="Users who ask for help could not help themselves; the category says with what.",
    formula="number of tickets in the window",
    handbook=_TICKETS,
    sums={"tickets": sums.tickets, "rows": sums.rows},
    base=("rows",),
    value=total("tickets", "rows"),
    needs=("kind",),
    kinds=("ticket",),
    example=([{"kind": "ticket"}, {"kind": "ticket", "category": "accuracy"}, {}], 2),
)

ticket_rate = Metric(
    name="ticket-rate",
    title="ticket rate",
    dimension="satisfaction",
    unit="per 1,000 users",
    worse="higher",
    why="Tickets grow with users; more for each user is a feature that got worse.",
    formula="1,000 * tickets, whoever filed them / distinct users with a call in the window; by category, all users with a call",
    handbook=_TICKETS,
    sums={"tickets": sums.tickets, "calls": sums.calls},
    base=("calls",),
    value=per_active_user("tickets", "calls", per=1 / 1_000),
    needs=("kind", "user_id"),
    kinds=("ticket",),
    lack="no users with a call",
    example=(
        [
            *({"user_id": user} for user in "abcd"),
            {"kind": "ticket", "user_id": "a"},
            {"kind": "ticket", "user_id": "z"},
        ],
        500,
    ),
    dashboard="engagement",
)
