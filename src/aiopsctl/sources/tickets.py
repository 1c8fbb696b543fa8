"""A table of support tickets, one row each: when it was opened, its category, and who opened it where that is known.

The ticket's own id becomes a tag, so that two tickets of a user on one day stay two. Subjects and texts are not read.
"""

import polars as pl

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape

_TIMES = ("created_at", "created", "opened_at", "opened")
_IDS = ("ticket_id", "id")
_CATEGORIES = ("category", "topic")
_USERS = ("user_id", "requester_id")
_OF_EVENTS = frozenset({"ts", "event", "kind", "model", "latency_ms", "input_tokens", "score"})
_OWN = tuple(
    name for name in COLUMNS
    if name not in (*TEXT, "ts", "event", "kind", "category", "user_id", "tags", "value", "status")
)  # fmt: skip


def _detects(head: Head) -> bool:
    told = all(not head.names.isdisjoint(names) for names in (_TIMES, _IDS, _CATEGORIES))
    return told and head.names.isdisjoint(_OF_EVENTS)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(
        LINE,
        *(name for name in _OWN if name in raw.columns),
        event=pl.lit("feedback"),
        kind=pl.lit("ticket"),
        ts=_one(raw, _TIMES),
        category=_one(raw, _CATEGORIES),
        user_id=_one(raw, _USERS),
        tags=_one(raw, _IDS),
        _other=pl.lit(value=False),
    )


def _one(raw: pl.DataFrame, names: tuple[str, ...]) -> pl.Expr:
    """Return the first of several spellings of a column."""
    found = [pl.col(name) for name in names if name in raw.columns]
    return first_of(*found) if found else pl.lit(None, pl.String)


SOURCE = Source(
    name="tickets",
    title="a table of support tickets with time, category and user",
    detects=_detects,
    schema=shape(dict.fromkeys((*_TIMES, *_IDS, *_CATEGORIES, *_USERS, *_OWN))),
    events=_events,
    rank=8,
    sample="tickets.csv",
)
