"""Which rows repeat others, and which call feedback is about."""

from typing import Any

import polars as pl
import pytest

from aiopsctl.sources.join import FOUND, joined_ratio, with_call_facts, without_duplicates

NAMES = ("request_id", "trace_id", "session_id", "user_id")


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows as events."""
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("event", ["feedback", "activity"])
def test_repeated_feedback(name: str, event: str) -> None:
    """Feedback that says the same at the same time under the same name counts once, whichever id names it."""
    row = {"event": event, "ts": 1, "kind": "thumb", "value": 1.0, name: "a"}
    others = [row | change for change in ({"ts": 2}, {"kind": "star"}, {"value": 0.0}, {name: "b"}, {"event": "call"})]

    assert without_duplicates(events(row, row, *others, row)).rows() == events(row, *others).rows()


@pytest.mark.parametrize("lacks", ["ts", *NAMES])
def test_feedback_that_cannot_be_told_apart(lacks: str) -> None:
    """Feedback without a time, or without any name, may be of several people: all of it counts."""
    row = {"event": "feedback", "ts": 1, "kind": "thumb"} | ({"user_id": "u"} if lacks == "ts" else {lacks: None})
    row |= {"ts": None} if lacks == "ts" else {}

    assert without_duplicates(events(row, row)).height == 2
    assert without_duplicates(events(row, row).drop(lacks)).height == 2


def test_repeated_calls() -> None:
    """Of calls with one id that with most tokens stays, of those alike the first; calls without an id all stay."""
    row = {"event": "call", "request_id": "a", "input_tokens": 5, "output_tokens": None, "model": "first"}
    rows = [
        row, row | {"output_tokens": 2, "model": "second"}, row | {"input_tokens": 7, "model": "third"},
        row | {"input_tokens": None, "output_tokens": 7, "model": "fourth"},
        row | {"request_id": None}, row | {"request_id": None}, row | {"request_id": "b", "model": "other"},
        row | {"event": "feedback", "model": "rating"}, row | {"event": "feedback", "model": "rating"},
    ]  # fmt: skip

    assert without_duplicates(events(*rows))["model"].to_list() == [
        "second",
        "first",
        "first",
        "other",
        "rating",
        "rating",
    ]


def test_feedback_takes_what_its_calls_agree_on() -> None:
    """A call is found by its request, else its trace, else its session; of several only what they agree on is taken."""
    call = {"event": "call", "request_id": None, "trace_id": None, "session_id": None, "model": None, "feature": None}
    note = {**call, "event": "feedback"}
    rows = [
        call | {"request_id": "r", "trace_id": "t", "session_id": "s", "model": "m1", "feature": "f"},
        call | {"request_id": "q", "trace_id": "t", "session_id": "s", "model": "m2", "feature": "f"},
        call | {"request_id": "p", "trace_id": "u", "session_id": "s", "model": "m2", "feature": "g"},
        note | {"request_id": "r", "trace_id": "u"}, note | {"trace_id": "t"}, note | {"session_id": "s"},
        note | {"request_id": "gone", "trace_id": "u"}, note | {"request_id": "r", "model": "own"},
        note | {"trace_id": "gone"}, note,
    ]  # fmt: skip

    found = with_call_facts(events(*rows))

    assert found.filter(pl.col("event") == "feedback").select("model", "feature", FOUND).sort(FOUND, "model", "feature").rows() == [
        (None, None, None), (None, None, False), (None, None, True), (None, "f", True), ("m1", "f", True), ("m2", "g", True),
        ("own", "f", True),
    ]  # fmt: skip
    assert joined_ratio(found) == 5 / 6
    assert joined_ratio(events(note)) is None
