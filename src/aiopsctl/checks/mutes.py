"""Checks that are known to fail: silenced for a reason and a time, and printed all the same."""

from collections.abc import Sequence
from datetime import date

import polars as pl
from msgspec.structs import replace

from aiopsctl.config import Mute
from aiopsctl.result import BREACH, Slice, Verdict
from aiopsctl.where import predicate


def muted(verdict: Verdict, mutes: Sequence[Mute], today: date) -> Verdict:
    """Return a verdict that fails as muted, where a mute holds today; one whose mute has ended says so."""
    if verdict.status not in (*BREACH, "unknown"):
        return verdict
    own = [m for m in mutes if m.check == verdict.id and _covers(m.where, verdict.slice)]
    holding = next((m for m in own if today < m.until), None)
    if holding:
        why = f"{holding.reason}, until {holding.until}; {verdict.status}: {verdict.reason}"
        return replace(verdict, status="muted", reason=why)
    ended = max((m.until for m in own), default=None)
    return replace(verdict, reason=f"{verdict.reason}; its mute ended {ended}") if ended else verdict


def _covers(where: str | None, slice: Slice) -> bool:
    """Return whether a condition holds for a slice; what the slice does not say is unknown, and holds for none."""
    if where is None:
        return True
    condition = predicate(where)
    if not set(condition.meta.root_names()) <= set(slice):
        return False
    return bool(pl.DataFrame([slice]).filter(condition).height)
