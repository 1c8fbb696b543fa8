"""Quality: are the outputs useful and correct, by what users say and do."""

from aiopsctl import sums
from aiopsctl.metric import Metric
from aiopsctl.values import distinct_rate, rate

_SECTION = "What to Watch / 1. Quality"

thumbs_up_rate = Metric(
    name="thumbs-up-rate",
    title="thumbs-up rate",
    dimension="quality",
    dashboard="quality",
    unit="ratio",
    worse="lower",
    why="The plainest judgement of users; a slow fall is the first sign of drift.",
    formula="thumbs up / (thumbs up + thumbs down)",
    handbook=f"{_SECTION}; How PMs Detect Drift",
    sums={"up": sums.thumbs_up, "thumbs": sums.thumbs},
    value=rate("up", "thumbs"),
    needs=("kind", "value"),
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
    formula="distinct calls corrected / ok calls of the features that have corrections",
    handbook=_SECTION,
    grain=("feature_or_none", "corrected_call"),
    sums={"ok_calls": sums.ok_calls},
    value=distinct_rate("corrected_call", "ok_calls", within="feature_or_none"),
    needs=("kind",),
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
    example=([{"kind": "accept"}] * 3 + [{"kind": "reject"}], 0.25),
)

task_completion_rate = Metric(
    name="task-completion-rate",
    title="task completion rate",
    dimension="quality",
    dashboard="engagement",
    unit="ratio",
    worse="lower",
    why="What the feature is for: did the user finish the task with it.",
    formula="completed / (completed + abandoned + redone by hand)",
    handbook=_SECTION,
    sums={"completed": sums.completed, "tasks": sums.tasks},
    value=rate("completed", "tasks"),
    needs=("kind",),
    example=([{"kind": "complete"}] * 7 + [{"kind": "abandon"}] * 2 + [{"kind": "redo"}], 0.7),
)
