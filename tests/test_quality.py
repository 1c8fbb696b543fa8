"""What is 0 and what is unknown: feedback that a log never has, that a window lacks, and that belongs to no category."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from building import events

from aiopsctl import catalog
from aiopsctl.measure import Scope, measure
from aiopsctl.window import Window

SECOND, THIRD = (datetime(2026, 9, day, tzinfo=UTC) for day in (2, 3))
CALLS = [
    {"ts": f"2026-09-{day:02}T10:0{n}:00Z", "request_id": f"{feature}-{day}-{n}", "feature": feature, "status": "ok"}
    for day in (1, 2)
    for feature in ("draft", "search")
    for n in range(4)
]
GIVEN = [
    {"ts": "2026-09-01T11:00:00Z", "kind": kind, "request_id": "draft-1-0", "feature": "draft", "category": "wrong"}
    for kind in ("correction", "copy", "share", "flag", "escalation", "thumb")
]
REVIEWED = [{"ts": "2026-09-01T12:00:00Z", "kind": "review", "request_id": "draft-1-1", "feature": "draft", "value": 1}]
DAILY = [
    ("correction-rate", 0, 4), ("copy-rate", 0, 4), ("share-rate", 0, 4), ("follow-through-rate", 0, 4),
    ("flag-rate", 0, 8), ("escalation-rate", 0, 8), ("feedback-rate", 0, 8), ("review-coverage", 0, 8),
    ("escalations", 0, 8), ("escalations-24h", 0, 8), ("review-queue", 0, 8), ("review-queue-age", 0, 8),
]  # fmt: skip
"""What the second day says, on which nobody said anything, and of how many calls."""


def said(log: pl.DataFrame, *names: str, window: Window | None = None, by: tuple[str, ...] = ()) -> list[Any]:
    """Return the measurements of some metrics."""
    scope = Scope(ZoneInfo("UTC"), window=window or Window(), by=by)
    return measure(log, [catalog.metric(name) for name in names], scope)


@pytest.mark.parametrize(("name", "value", "n"), DAILY)
def test_none_in_a_window_is_zero(name: str, value: float, n: int) -> None:
    """Where the log has such feedback, a window without any says 0, of the calls that could have had it."""
    log = events(*CALLS, *GIVEN, *REVIEWED)

    (found,) = said(log, name, window=Window(SECOND, THIRD))

    assert (value, n, "ok") == (found.value, found.n, found.status)


@pytest.mark.parametrize(("name", "value", "n"), DAILY)
def test_none_ever_is_unknown(name: str, value: float, n: int) -> None:  # noqa: ARG001 - the same metrics
    """Where the log never has such feedback, nothing follows from its absence, and the reason says so."""
    (found,) = said(events(*CALLS, {"kind": "nps", "value": 9}), name)

    assert (None, "unknown") == (found.value, found.status)
    assert found.reason.startswith("the log has no rows of kind ")


def test_feature_without_such_feedback_is_unknown() -> None:
    """A feature that offers no corrections is no base of the correction rate, in any window."""
    log = events(*CALLS, *GIVEN)

    actual = {
        m.slice["feature"]: (m.value, m.n)
        for m in said(log, "correction-rate", "calls", by=("feature",))
        if m.metric == "correction-rate"
    }
    (overall,) = said(log, "correction-rate")

    assert actual == {"draft": (0.125, 8), "search": (None, 0)}
    assert (overall.value, overall.n) == (0.125, 8)


def test_calls_count_for_every_category() -> None:
    """By category, flags are a share of all calls; the category of a ticket is none of theirs."""
    flags = [
        {"kind": "flag", "request_id": f"draft-1-{n}", "category": category}
        for n, category in enumerate(["wrong", "wrong", "tone"])
    ]
    log = events(*CALLS, *flags, {"kind": "ticket", "request_id": "draft-1-3", "category": "billing"})

    actual = {m.slice["category"]: (m.value, m.n) for m in said(log, "flag-rate", by=("category",))}

    assert actual == {"wrong": (2 / 16, 16), "tone": (1 / 16, 16)}


def test_a_log_without_prices_is_unpriced() -> None:
    """Calls of which no cost is known are unpriced, all of them; failed calls need no price."""
    log = events({"status": "ok"}, {"status": "ok"}, {"status": "error"})

    (found,) = said(log, "unpriced-share")

    assert (found.value, found.n) == (1, 2)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", (0, 0)), ("tool_use", (0, 0)),
        ("length", (1, 0)), ("max_tokens", (1, 0)), ("MAX_TOKENS", (1, 0)), ("max_output_tokens", (1, 0)),
        ("content_filter", (0, 1)), ("content-filter", (0, 1)), ("refusal", (0, 1)), ("SAFETY", (0, 1)),
    ],
)  # fmt: skip
def test_words_of_providers(reason: str, expected: tuple[float, float]) -> None:
    """Every provider's word for an answer that was cut off, or withheld, is understood."""
    found = said(events({"finish_reason": reason}), "truncation-rate", "refusal-rate")

    assert expected == tuple(m.value for m in found)
