"""Quality by what reviewers and evaluators say, and what waits for them."""

from datetime import UTC, datetime
from typing import Any

from aiopsctl import sums
from aiopsctl.metric import Metric
from aiopsctl.values import longest_wait, mean, sampled_share, waiting

_SECTION = "What to Watch / 1. Quality"
_MICRO = 1e6
_FIVE: list[dict[str, Any]] = [{"request_id": f"r{i}", "status": "ok"} for i in range(5)]
_REVIEWS: list[dict[str, Any]] = [
    *_FIVE,
    {"kind": "review", "request_id": "r1", "ts": "2026-09-01T09:00:00Z"},
    {"kind": "review", "request_id": "r1", "ts": "2026-09-01T10:00:00Z", "value": 1, "category": "accuracy"},
    {"kind": "review", "request_id": "r1", "ts": "2026-09-01T10:00:00Z", "value": 0.5, "category": "tone"},
    {"kind": "review", "request_id": "r2", "ts": "2026-09-01T10:30:00Z"},
    {"kind": "review", "request_id": "r3", "ts": "2026-09-01T11:00:00Z"},
    {"kind": "review", "request_id": "r3", "ts": "2026-09-01T11:30:00Z"},
]

review_coverage = Metric(
    name="review-coverage",
    title="review coverage",
    dimension="quality",
    unit="ratio",
    worse="lower",
    why="Which share of the answers a human has judged; half a per cent can be enough.",
    formula="distinct calls with a graded review (kind review with a value) / ok calls",
    handbook=_SECTION,
    sums={"reviews": sums.reviews, "ok_calls": sums.ok_calls},
    value=sampled_share("reviews", "ok_calls"),
    needs=("kind",),
    grain=("marked_call",),
    kinds=("review",),
    example=(_REVIEWS, 0.2),
)

review_score = Metric(
    name="review-score",
    title="review score",
    dimension="quality",
    unit="score",
    worse="lower",
    why="What reviewers think of the answers; by category, the rubric.",
    formula="sum of the values of reviews / reviews with a value",
    handbook=_SECTION,
    sums={"points": sums.review_points, "reviews": sums.reviews},
    value=mean("points", "reviews", per=_MICRO, least=None),
    needs=(
        "kind",
        "value",
    ),
    kinds=("review",),
    example=(_REVIEWS, 0.75),
)

review_queue = Metric(
    name="review-queue",
    title="review queue",
    dimension="quality",
    unit="calls",
    worse="higher",
    why="Samples that wait teach nobody anything.",
    formula="distinct calls sampled for review in the window (kind review) and without a value from any review in it; n is the calls",
    handbook=f"Dashboard Template / Quality; {_SECTION}",
    sums={"samples": sums.samples, "reviews": sums.reviews, "calls": sums.calls},
    value=waiting("samples", "reviews", "calls"),
    needs=("kind",),
    grain=("marked_call",),
    kinds=("review",),
    dashboard="quality",
    example=(_REVIEWS, 2),
)

review_queue_age = Metric(
    name="review-queue-age",
    title="oldest in the review queue",
    dimension="quality",
    unit="hours",
    worse="higher",
    why="A queue that grows old is not being worked on.",
    formula="hours from the first sample of the call that has waited longest in the review queue to the end of the window; 0 where the log has reviews and none waits",
    handbook=f"Dashboard Template / Quality; {_SECTION}",
    sums={"samples": sums.samples, "reviews": sums.reviews, "calls": sums.calls, "first": sums.first_sample},
    value=longest_wait("first", "samples", "reviews", "calls"),
    needs=(
        "ts",
        "kind",
    ),
    grain=("marked_call",),
    kinds=("review",),
    facts=("window_end",),
    given={"window_end": {None: datetime(2026, 9, 1, 13, tzinfo=UTC)}},
    example=(_REVIEWS, 2.5),
)

eval_score = Metric(
    name="eval-score",
    title="evaluator score",
    dimension="quality",
    unit="score",
    worse="lower",
    why="What an automatic evaluator thinks of the answers; by category, of each evaluator.",
    formula="sum of the values of evaluations (kind eval) / evaluations with a value",
    handbook="From 100 Users to 100,000 / Evaluation Infrastructure at Scale",
    sums={"points": sums.eval_points, "evals": sums.evals},
    value=mean("points", "evals", per=_MICRO, least=None),
    needs=(
        "kind",
        "value",
    ),
    kinds=("eval",),
    example=([{"kind": "eval", "value": value} for value in (0.9, 0.7, 0.5)], 0.7),
)
