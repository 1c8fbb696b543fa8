"""Cost: what a call, a user and the feature cost, and who causes it."""

from aiopsctl import sums
from aiopsctl.metric import Metric, Threshold
from aiopsctl.values import (
    Value,
    counted_quantile,
    largest_over_mean,
    maximum,
    mean,
    per_user,
    top_share,
    total,
    user_quantile,
)

_SECTION = "What to Watch / 2. Cost"
_ALERTS = f"{_SECTION} / Alert thresholds to set"
_TAIL = "From 100 Users to 100,000 / Tail User Cost Concentration"
_NANO = 1e9
_COVERED = {"priced": sums.priced_calls, "unpriced": sums.unpriced_calls}
_MONEY = {"cost": sums.cost, **_COVERED}
_SPENT = {**_MONEY, "calls": sums.calls}
_COVERS = ("priced", "unpriced")
_HUNDRED_USERS = [{"user_id": f"u{i}", "cost_usd": i / 100} for i in range(1, 101)]

cost_total = Metric(
    name="cost-total",
    title="total cost",
    dimension="cost",
    headline=True,
    dashboard="cost",
    unit="usd",
    worse="higher",
    why="The bill.",
    formula="sum of the cost of all calls, in all layers",
    handbook="Dashboard Template / Cost",
    sums=_MONEY,
    value=total("cost", "priced", per=_NANO),
    covers=_COVERS,
    needs=("cost_usd",),
    example=([{"cost_usd": 0.1}, {"cost_usd": 0.2}], 0.3),
)

_LAYERED = {"cost_usd": 0.1, "retrieval_cost_usd": 0.02, "infra_cost_usd": 0.01}


def _layer(
    name: str, title: str, why: str, formula: str, sums: dict[str, sums.Sum], needs: tuple[str, ...], example: float
) -> Metric:
    return Metric(
        name=f"cost-{name}",
        title=title,
        dimension="cost",
        unit="usd",
        worse="higher",
        why=why,
        formula=f"{formula}; cost-model, cost-retrieval and cost-infra add up to cost-total exactly",
        handbook=_SECTION,
        sums=_COVERED | sums,
        value=total("layer", "told", per=_NANO),
        covers=_COVERS,
        needs=("cost_usd", *needs),
        example=([_LAYERED, {"cost_usd": 0.2}], example),
    )


cost_model = _layer(
    "model", "model cost", "The part of the bill that another model, a shorter prompt or a cache can change.",
    "sum over calls of the cost without its retrieval and infrastructure parts, so that a cost without parts counts here",
    {"layer": sums.model_cost, "told": sums.priced_calls}, (), 0.27,
)  # fmt: skip
cost_retrieval = _layer(
    "retrieval", "retrieval cost", "What search, embeddings and the vector store add to a call.",
    "sum of the retrieval part of calls whose cost is known",
    {"layer": sums.retrieval_cost, "told": sums.calls_with_retrieval}, ("retrieval_cost_usd",), 0.02,
)  # fmt: skip
cost_infra = _layer(
    "infra", "infrastructure cost", "What hosting and logging add to a call.",
    "sum of the infrastructure part of calls whose cost is known",
    {"layer": sums.infra_cost, "told": sums.calls_with_infra}, ("infra_cost_usd",), 0.01,
)  # fmt: skip

cost_per_call = Metric(
    name="cost-per-call",
    title="cost per call",
    dimension="cost",
    headline=True,
    unit="usd",
    worse="higher",
    why="Rising cost per call usually means prompt bloat or longer context.",
    formula="sum of cost / calls whose cost is known",
    handbook=_SECTION,
    sums=_MONEY,
    value=mean("cost", "priced", per=_NANO),
    covers=_COVERS,
    needs=("cost_usd",),
    example=([{"cost_usd": 0.1}, {"cost_usd": 0.2}], 0.15),
)


def _cost_quantile(name: str, title: str, why: str, value: Value, example: float) -> Metric:
    return Metric(
        name=f"cost-per-call-{name}",
        title=title,
        dimension="cost",
        unit="usd",
        worse="higher",
        why=why,
        formula=f"{value.words}; costs are counted in four significant digits, so the relative error is at most 0.05 %",
        handbook=_SECTION,
        grain=("cost_nano",),
        sums=_MONEY,
        value=value,
        covers=_COVERS,
        needs=("cost_usd",),
        example=([{"cost_usd": cents / 100} for cents in range(1, 101)], example),
    )


cost_per_call_p50 = _cost_quantile(
    "p50", "median cost per call", "What the typical call costs, untouched by outliers.",
    counted_quantile("cost_nano", "priced", 0.5, per=_NANO), 0.5,
)  # fmt: skip
cost_per_call_p95 = _cost_quantile(
    "p95", "p95 cost per call", "What an expensive call costs.",
    counted_quantile("cost_nano", "priced", 0.95, per=_NANO), 0.95,
)  # fmt: skip
cost_per_call_p99 = _cost_quantile(
    "p99", "p99 cost per call", "The tail of the bill.",
    counted_quantile("cost_nano", "priced", 0.99, per=_NANO), 0.99,
)  # fmt: skip
cost_per_call_max = Metric(
    name="cost-per-call-max",
    title="dearest call",
    dimension="cost",
    unit="usd",
    worse="higher",
    why="One runaway call, or one wrong price, can be the whole bill.",
    formula="largest cost of a call",
    handbook=_SECTION,
    sums={**_MONEY, "dearest": sums.dearest},
    value=maximum("dearest", "priced", per=_NANO),
    covers=_COVERS,
    needs=("cost_usd",),
    example=([{"cost_usd": 0.02}, {"cost_usd": 9990.01}, {"cost_usd": None}], 9990.01),
)

cost_per_mau = Metric(
    name="cost-per-mau",
    title="cost per MAU",
    dimension="cost",
    dashboard="cost",
    unit="usd",
    worse="higher",
    why="Shows whether cost grows faster than the users, and so than the revenue.",
    formula="sum of cost / distinct users with a call in the window; "
    "a window that is no calendar month uses its own distinct users",
    handbook=_SECTION,
    sums=_SPENT,
    value=per_user("cost", "calls", per=_NANO),
    covers=_COVERS,
    needs=("cost_usd", "user_id"),
    thresholds=(Threshold("rise", _ALERTS, warning=0.2, critical=0.5, window="month"),),
    note="users of this window, which is no calendar month",
    example=([{"user_id": "a", "cost_usd": 3}, {"user_id": "a", "cost_usd": 1}, {"user_id": "b", "cost_usd": 2}], 3),
)


def _user_cost(q: float, why: str) -> Metric:
    return Metric(
        name=f"user-cost-p{q * 100:.0f}",
        title=f"user cost p{q * 100:.0f}",
        dimension="cost",
        unit="usd",
        worse="higher",
        why=why,
        formula=f"smallest cost of a user in the window that at least {q:.0%} of the active users do not exceed",
        handbook=_TAIL if q > 0.5 else _SECTION,
        grain=("user_id",),
        sums=_SPENT,
        value=user_quantile("cost", "calls", q, per=_NANO),
        covers=_COVERS,
        needs=("cost_usd", "user_id"),
        example=(_HUNDRED_USERS, q),
    )


user_cost_p50 = _user_cost(0.50, "What the typical user costs.")
user_cost_p90 = _user_cost(0.90, "Where the heavy users begin.")
user_cost_p95 = _user_cost(0.95, "What a heavy user costs; a soft limit lies near here.")
user_cost_p99 = _user_cost(0.99, "What the heaviest users cost; a hard limit lies near here.")

user_cost_over_mean = Metric(
    name="user-cost-over-mean",
    title="heaviest user over mean",
    dimension="cost",
    unit="x",
    worse="higher",
    why="One automated user can cost as much as a thousand people.",
    formula="largest cost of a user in the window / mean cost of the users active in it",
    handbook=_ALERTS,
    grain=("user_id",),
    sums=_SPENT,
    value=largest_over_mean("cost", "calls"),
    covers=_COVERS,
    needs=("cost_usd", "user_id"),
    thresholds=(Threshold("above", _ALERTS, warning=5, critical=20, window="month"),),
    example=([{"user_id": "a", "cost_usd": 1}, {"user_id": "b", "cost_usd": 2}, {"user_id": "c", "cost_usd": 9}], 2.25),
)

top_1pct_cost_share = Metric(
    name="top-1pct-cost-share",
    title="top 1 % of users",
    dimension="cost",
    unit="ratio",
    worse="higher",
    why="If the top 1 % of users make 40 % of the cost, a rate limit or a cap is missing.",
    formula="cost of the dearest 1 % of active users, rounded up to whole users / cost of all users",
    handbook=_SECTION,
    grain=("user_id",),
    sums=_SPENT,
    value=top_share("cost", "calls", 0.01),
    covers=_COVERS,
    needs=("cost_usd", "user_id"),
    example=([*({"user_id": f"u{i}", "cost_usd": 1} for i in range(99)), {"user_id": "x", "cost_usd": 101}], 0.505),
)
