"""Quality by what users do with the answer, without being asked."""

from aiopsctl import sums
from aiopsctl.metric import Metric
from aiopsctl.sums import Sum
from aiopsctl.values import distinct_rate, rate

_SECTION = "What to Watch / 1. Quality"
_SIGNALS = "Building Feedback Loops / Designing Feedback Mechanisms"
_TASKS = [{"kind": "complete"}] * 7 + [{"kind": "abandon"}] * 2 + [{"kind": "redo"}]

task_completion_rate = Metric(
    name="task-completion-rate",
    title="task completion rate",
    dimension="quality",
    unit="ratio",
    worse="lower",
    why="What the feature is for: did the user finish the task with it.",
    formula="completed / (completed + abandoned + redone by hand)",
    handbook=_SECTION,
    sums={"completed": sums.completed, "tasks": sums.tasks},
    value=rate("completed", "tasks"),
    needs=("kind",),
    kinds=("complete", "abandon", "redo"),
    dashboard="quality",
    example=(_TASKS, 0.7),
)

abandon_rate = Metric(
    name="abandon-rate",
    title="abandon rate",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="Users who gave the task up.",
    formula="abandoned / (completed + abandoned + redone by hand)",
    handbook=_SECTION,
    sums={"abandoned": sums.abandoned, "tasks": sums.tasks},
    value=rate("abandoned", "tasks"),
    needs=("kind",),
    kinds=("complete", "abandon", "redo"),
    example=(_TASKS, 0.2),
)

redo_rate = Metric(
    name="redo-rate",
    title="redo rate",
    dimension="quality",
    unit="ratio",
    worse="higher",
    why="Users who did the task again by hand: the answer cost them time.",
    formula="redone by hand / (completed + abandoned + redone by hand)",
    handbook=_SECTION,
    sums={"redone": sums.redone, "tasks": sums.tasks},
    value=rate("redone", "tasks"),
    needs=("kind",),
    kinds=("complete", "abandon", "redo"),
    example=(_TASKS, 0.1),
)


def _implicit(name: str, title: str, why: str, kinds: tuple[str, ...], hits: Sum, worded: str) -> Metric:
    fact = f"takes_{name.replace('-', '_')}"
    return Metric(
        name=f"{name}-rate",
        title=f"{title} rate",
        dimension="quality",
        unit="ratio",
        worse="lower",
        why=why,
        formula=f"distinct calls {worded} / ok calls of the features that have any of these anywhere in the log",
        handbook=_SIGNALS,
        grain=("feature_or_none", "marked_call"),
        sums={"used": hits, "ok_calls": sums.ok_calls},
        value=distinct_rate("used", "ok_calls", where=fact),
        needs=("kind",),
        kinds=kinds,
        facts=(fact,),
        given={fact: {"draft": 1}},
        example=(
            [
                *({"request_id": f"r{i}", "feature": "draft", "status": "ok"} for i in range(10)),
                {"request_id": "r10", "feature": "autocomplete", "status": "ok"},
                *({"kind": kind, "request_id": "r1", "feature": "draft"} for kind in kinds),
                {"kind": kinds[0], "request_id": "r2", "feature": "draft"},
            ],
            0.2,
        ),
    )


copy_rate = _implicit(
    "copy", "copy", "Who copies an answer uses it; they say so without being asked.", ("copy",), sums.copies, "copied"
)
share_rate = _implicit("share", "share", "Who shares an answer vouches for it.", ("share",), sums.shares, "shared")
follow_through_rate = _implicit(
    "follow-through", "follow-through", "How often the answer was put to use, by any sign of it.",
    ("copy", "share", "accept", "complete"), sums.followed, "copied, shared, accepted or completed",
)  # fmt: skip
