"""The limits that providers state in the headers of their answers: those of the newest answer of a model hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from aiopsctl.analyses.scale._limits import DAY, KINDS, MINUTE, SLICED, Group, Limits
from aiopsctl.readable import clean, plural
from aiopsctl.views import short

MISSING = "no call has the limits that providers send in the headers of their answers (limit_requests, limit_tokens)"
_WORDS = {kind.name: kind.words for kind in KINDS}
_BY_SECONDS = {MINUTE: "rpm", DAY: "rpd", 10: SLICED}
_SHOWN = 3

DEFINITIONS = {
    "limit_from": "option, config, or header: of a model without limits in the config or on the command line those of the "
    "newest answer that has any, at `limit_at`; `limit_by_header` is what it says in any case. Requests are by the "
    "minute where the log does not say in which time they are granted",
}


@dataclass(frozen=True)
class Stated:
    """What the newest headers of a model say: its limits by kind, and when each was said."""

    limits: dict[str, float] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)


def stated(calls: pl.LazyFrame) -> dict[Group, Stated]:
    """Return what the newest headers say, of each model that any speak of."""
    found: dict[Group, Stated] = {}
    for name in ("limit_requests", "limit_tokens"):
        newest = pl.col("ts", name, "limit_requests_window_s").sort_by("ts", maintain_order=True).last()
        of_models = calls.filter(pl.col(name) > 0).group_by("provider", "model").agg(newest).collect()
        for row in of_models.iter_rows(named=True):
            kind = _BY_SECONDS.get(row["limit_requests_window_s"] or MINUTE) if name == "limit_requests" else "tpm"
            if kind:
                said = found.setdefault(Group(row["provider"], row["model"], of_model=True), Stated())
                said.limits[kind], said.at[kind] = float(row[name]), row["ts"]
    return found


def differences(given: Sequence[tuple[Group, Limits, str]], said: Mapping[Group, Stated]) -> Iterable[str]:
    """Yield how limits that are given, with where they come from, differ from what headers say of the same models."""
    for group, limits, source in given:
        own = {g: s for g, s in said.items() if g.provider == group.provider and group.model in (None, g.model)}
        for kind, limit in limits.items():
            other = [(g, s) for g, s in own.items() if s.limits.get(kind, limit) != limit]
            if other:
                words = ", ".join(_words(g, s, kind) for g, s in other[:_SHOWN])
                more = f" and {plural(len(other) - _SHOWN, 'other model')}" if len(other) > _SHOWN else ""
                yield f"{clean(group.key)}: {_WORDS[kind]} {limit:,.0f} by {source}, but by header {words}{more}"


def _words(group: Group, of: Stated, kind: str) -> str:
    return f"{of.limits[kind]:,.0f} of {clean(group.model or 'no model', 40)} ({short(of.at[kind].isoformat())})"


def row(kind: str, said: Stated, source: str | None, iso: Any) -> dict[str, Any]:
    """Return where a limit comes from, when a header said it, and what that says."""
    return {
        "limit_from": source, "limit_at": iso(said.at[kind]) if source == "header" and kind in said.at else None,
        "limit_by_header": said.limits.get(kind),
    }  # fmt: skip
