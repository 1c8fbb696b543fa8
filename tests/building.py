"""Builds canonical events from what a test wants to say of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from aiopsctl.events import ACTIVITY_KINDS, COLUMNS
from aiopsctl.sources.coerce import dtype_of

NOON = "2026-09-01T12:00:00Z"


def events(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Return rows as canonical events, with the columns that any of them names, and `ts` and `event` always.

    A row without `ts` is of noon; `event` follows from `kind`: none is a call.
    """
    whole = [{"ts": NOON, "event": _event(row.get("kind"))} | dict(row) for row in rows]
    names = {"ts", "event"}.union(*whole)
    columns = [column for name, column in COLUMNS.items() if name in names]
    assert len(columns) == len(names), f"no canonical columns: {sorted(names - set(COLUMNS))}"
    return pl.DataFrame(
        [pl.Series(c.name, [_read(c.name, row.get(c.name)) for row in whole], dtype_of(c)) for c in columns]
    )


def _event(kind: str | None) -> str:
    if kind is None:
        return "call"
    return "activity" if kind in ACTIVITY_KINDS else "feedback"


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name == "ts" and isinstance(value, str) else value
