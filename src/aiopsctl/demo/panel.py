"""What is asked of people: reviewers who grade a sample of the outputs, and users of the product without its AI."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from aiopsctl.demo.calls import Call
from aiopsctl.demo.faults import Window
from aiopsctl.demo.feedback import CATEGORIES, VALUES
from aiopsctl.demo.rows import Row, known, stamp

SAMPLED = 0.01
REVIEWED = ("draft", "search-answer", "doc-analysis")
USUAL_WAIT_H = 60
SURVEYS = {
    "nps": (0.5, {10: 14, 9: 20, 8: 24, 7: 18, 6: 11, 4: 8, 2: 5}),
    "csat": (0.4, {5: 32, 4: 38, 3: 18, 2: 8, 1: 4}),
}
"""The share of users without AI who answer, and how often they give which answer."""

_WHO = ("user_id", "tier", "country", "language")


def reviews(rng: Random, calls: list[Call], span: Window) -> list[Row]:
    """Return the calls sampled for review, and the grades of those that the reviewers came to: they run behind."""
    rows = []
    for call in calls:
        if call.ask.feature.name in REVIEWED and call.ending.status == "ok" and rng.random() < SAMPLED:
            sampled = call.ask.ts + timedelta(hours=1)
            graded = sampled + timedelta(hours=rng.expovariate(1 / USUAL_WAIT_H))
            rows += [_review(call, sampled)] if sampled in span else []
            rows += [_review(call, graded, rng)] if graded in span else []
    return rows


def _review(call: Call, moment: datetime, rng: Random | None = None) -> Row:
    """Return a row of kind `review`; without a value the call was sampled and waits."""
    shares = CATEGORIES["review"]
    graded: Row = {} if rng is None else {
        "value": VALUES["review"](rng), "category": rng.choices(list(shares), list(shares.values()))[0],
    }  # fmt: skip
    return known({"event": "feedback", "request_id": call.request_id, "ts": stamp(moment), "kind": "review", **graded})


def surveys(rng: Random, activity: list[Row], called: set[str]) -> Iterator[Row]:
    """Yield the answers of users who are active in the product and never call its AI."""
    last = {str(row["user_id"]): row for row in activity if row["user_id"] not in called}
    for row in last.values():
        for kind, (share, answers) in SURVEYS.items():
            if rng.random() < share:
                who = {name: row[name] for name in _WHO if name in row}
                value = rng.choices(list(answers), list(answers.values()))[0]
                yield {"event": "feedback", "ts": row["ts"], **who, "kind": kind, "value": value}
