"""What users say of the calls: feedback of every kind, and support tickets.

Feedback names its call, trace or session, and leaves feature, model and language to be taken from there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from aiopsctl.demo.calls import Call
from aiopsctl.demo.faults import RATINGS_FALL, Window
from aiopsctl.demo.planted import dealt
from aiopsctl.demo.rows import Row, known, person, stamp

TICKETS = 0.009


@dataclass(frozen=True)
class Signal:
    """A share of some features' calls that brings feedback, of one of the kinds each.

    `key` is what the feedback names (call, trace or session), `delay_s` about how long after the answer.
    """

    share: float
    kinds: dict[str, float]
    features: tuple[str, ...]
    key: str = "request_id"
    delay_s: int = 60


@dataclass(frozen=True)
class Given:
    """A piece of feedback about a call."""

    kind: str
    call: Call
    key: str
    ts: datetime


WRITTEN = ("draft", "search-answer")
READ = ("search-answer", "doc-analysis")

SIGNALS = (
    Signal(0.30, {"accept": 68, "reject": 32}, ("autocomplete",), delay_s=2),
    Signal(0.45, {"thumb": 1}, ("draft",)),
    Signal(0.22, {"thumb": 1}, READ),
    Signal(0.12, {"star": 1}, ("doc-analysis", "nightly-digest"), delay_s=900),
    Signal(0.12, {"correction": 1}, ("draft",), delay_s=240),
    Signal(0.14, {"copy": 4, "share": 1}, WRITTEN, delay_s=40),
    Signal(0.12, {"complete": 81, "abandon": 12, "redo": 7}, (*WRITTEN, "doc-analysis"), delay_s=400),
    Signal(0.008, {"flag": 1}, (*WRITTEN, "doc-analysis")),
    Signal(0.003, {"escalation": 1}, READ, delay_s=600),
    Signal(0.020, {"review": 1}, (*WRITTEN, "doc-analysis"), delay_s=40_000),
    Signal(0.040, {"eval": 1}, READ, key="trace_id", delay_s=9_000),
    Signal(0.030, {"survey": 1}, WRITTEN, key="session_id", delay_s=900),
    Signal(0.025, {"csat": 1}, (*WRITTEN, "doc-analysis"), key="session_id", delay_s=1_200),
    Signal(0.020, {"nps": 1}, (*WRITTEN, "autocomplete"), key="session_id", delay_s=2_000),
)

THUMBS_UP = {"draft": RATINGS_FALL.usual, "search-answer": 0.82, "doc-analysis": 0.80}

VALUES: dict[str, Callable[[Random], float]] = {
    "star": lambda rng: rng.choices([5, 4, 3, 2, 1], [40, 35, 15, 7, 3])[0],
    "correction": lambda rng: round(rng.betavariate(1.6, 6), 2),
    "nps": lambda rng: rng.choices([10, 9, 8, 7, 6, 4, 2], [22, 26, 22, 14, 8, 5, 3])[0],
    "csat": lambda rng: rng.choices([5, 4, 3, 2, 1], [45, 34, 13, 5, 3])[0],
    "survey": lambda rng: rng.choices([5, 4, 3, 2, 1], [42, 33, 15, 6, 4])[0],
    "review": lambda rng: rng.choices([1.0, 0.75, 0.5, 0.25], [55, 28, 12, 5])[0],
    "eval": lambda rng: round(rng.betavariate(14, 2.5), 3),
}
CATEGORIES: dict[str, dict[str, float]] = {
    "flag": {"wrong": 55, "irrelevant": 35, "inappropriate": 10},
    "escalation": {"wrong": 70, "inappropriate": 30},
    "review": {"accuracy": 50, "completeness": 30, "tone": 20},
    "survey": {"completed": 85, "abandoned": 15},
    "ticket": {"accuracy": 40, "how-to": 25, "latency": 20, "billing": 15},
}
COMMENTS = {
    "thumb": (
        "too formal for a short reply", "left out the second question", "not what I asked for", "too long",
        "got the date wrong", "the tone is off", "made up a source", "answers in the wrong language",
    ),
    "accuracy": ("the answer was wrong", "the summary contradicts the document", "it quotes an old price"),
    "how-to": ("how do I turn the digest off?", "where are my old drafts?", "can I use my own templates?"),
    "latency": ("the analysis takes very long today", "drafts are slow in the afternoon"),
    "billing": ("what does the team plan cost?", "please send the invoice again"),
}  # fmt: skip


def feedback(rng: Random, calls: list[Call], span: Window, falls: Window | None) -> list[Row]:
    """Return the feedback within the span on calls that people saw; in `falls` the ratings fall."""
    answered = [call for call in calls if call.ending.status == "ok" and not call.ask.automated]
    given = sorted((each for each in _given(rng, answered) if each.ts in span), key=lambda each: each.ts)
    thumbs = _thumbs(rng, given, falls)
    return [_feedback_row(rng, each, thumbs) for each in given]


def tickets(rng: Random, calls: list[Call], span: Window) -> list[Row]:
    """Return support tickets: those on accuracy and latency name a call, the others only a user."""
    people = [call for call in calls if not call.ask.automated and not call.failed]
    said = [(call.ask.ts + timedelta(hours=rng.uniform(0.2, 5)), call) for call in people if rng.random() < TICKETS]
    said.sort(key=lambda each: each[0])
    return [_ticket(rng, call, moment) for moment, call in said if moment in span]


def _given(rng: Random, calls: list[Call]) -> Iterator[Given]:
    asked: set[tuple[str | None, str]] = set()
    for call in calls:
        for signal in SIGNALS:
            if call.ask.feature.name not in signal.features or rng.random() >= signal.share:
                continue
            kind = rng.choices(list(signal.kinds), list(signal.kinds.values()))[0]
            once = (call.ask.session_id, kind)
            if signal.key != "session_id" or once not in asked:
                asked.add(once)
                yield Given(kind, call, signal.key, call.ask.ts + _delay(rng, call, signal.delay_s))


def _delay(rng: Random, call: Call, usual_s: int) -> timedelta:
    return timedelta(milliseconds=call.latency_ms, seconds=1 + usual_s * rng.uniform(0.3, 1.8))


def _thumbs(rng: Random, given: list[Given], falls: Window | None) -> dict[str, bool]:
    """Return which rated calls got a thumb up, by request."""
    ups: dict[str, bool] = {}
    for feature, usual in THUMBS_UP.items():
        rated = [each for each in given if each.kind == "thumb" and each.call.ask.feature.name == feature]
        fall = falls if feature == RATINGS_FALL.feature else None
        shares = [usual + (RATINGS_FALL.change * fall.passed(each.ts) if fall else 0) for each in rated]
        answers = dealt(rng, shares)
        ups |= {each.call.request_id: up for each, up in zip(rated, answers, strict=True)}
    return ups


def _feedback_row(rng: Random, given: Given, thumbs: dict[str, bool]) -> Row:
    kind, call = given.kind, given.call
    keys = {"request_id": call.request_id, "trace_id": call.trace_id, "session_id": call.ask.session_id}
    up = thumbs[call.request_id] if kind == "thumb" else None
    value = VALUES[kind](rng) if kind in VALUES else None
    return known({
        "event": "feedback", given.key: keys[given.key], "ts": stamp(given.ts), "user_id": call.ask.user.id,
        "kind": kind, "value": value if up is None else int(up), "category": _category(rng, kind),
        "comment": rng.choice(COMMENTS["thumb"]) if up is False and rng.random() < 0.06 else None,
    })  # fmt: skip


def _category(rng: Random, kind: str) -> str | None:
    shares = CATEGORIES.get(kind)
    return rng.choices(list(shares), list(shares.values()))[0] if shares else None


def _ticket(rng: Random, call: Call, moment: datetime) -> Row:
    category = str(_category(rng, "ticket"))
    about_call = category in ("accuracy", "latency")
    return known({
        "event": "feedback", "request_id": call.request_id if about_call else None, "ts": stamp(moment),
        "kind": "ticket", "category": category, **person(call.ask.user),
        "comment": rng.choice(COMMENTS[category]) if rng.random() < 0.3 else None,
    })  # fmt: skip
