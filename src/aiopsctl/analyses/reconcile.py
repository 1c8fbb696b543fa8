"""Recorded costs beside those that the price table gives, by model: where a gateway, a contract or the table is wrong."""

from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl.measure import Scope, prepared
from aiopsctl.prices.rates import Book
from aiopsctl.prices.reconcile import Reconciled, reconcile
from aiopsctl.readable import number, plural
from aiopsctl.result import Result, Section
from aiopsctl.sources.log import Log
from aiopsctl.views import refused

_NOTHING = (
    "error: nothing to reconcile: no call has both a recorded cost and a price\n"
    "  help: --map cost_usd=COLUMN says where a cost is recorded; prices: in the config gives a model a price"
)


def reconciled(result: Result, log: Log, scope: Scope, book: Book) -> Result:
    """Return a result with the comparison of the calls in scope, which are those that its costs are measured on."""
    calls = prepared(log.events, scope).filter(pl.col("event") == "call").select(log.events.columns).collect()
    found = reconcile(calls, book)
    models, left_out = found.models.to_dicts(), found.uncompared.to_dicts()
    extra = {
        "calls": calls.height,
        "compared": found.total["calls"],
        "models": models,
        "total": found.total,
        "uncompared": left_out,
        "prices": str(book.snapshot),
    }
    answer = replace(
        result, extra=result.extra | {"reconcile": extra}, sections=_sections(found, calls.height), records=models
    )
    return answer if models or result.exit_code else refused(answer, _NOTHING)


def _sections(found: Reconciled, calls: int) -> tuple[Section, ...]:
    rows = [*found.models.to_dicts(), {"provider": "total", "model": "", **found.total}]
    compared = Section(
        f"model cost, recorded and priced: {found.total['calls']:,} of {plural(calls, 'call')} compared",
        ("provider", "model", "calls", "recorded", "priced", "difference", "ratio"),
        tuple(_row(row) for row in rows),
        right=("recorded", "priced", "difference", "ratio"),
    )
    left_out = Section(
        "calls that cannot be compared", ("provider", "model", "calls", "why"),
        tuple((row["provider"], row["model"], row["calls"], row["reason"]) for row in found.uncompared.to_dicts()),
    )  # fmt: skip
    return (*((compared,) if found.models.height else ()), *((left_out,) if left_out.rows else ()))


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    money = (number(row[name], "usd") for name in ("recorded_usd", "priced_usd", "difference_usd"))
    ratio = None if row["ratio"] is None else number(row["ratio"], "x")
    return (row["provider"], row["model"], row["calls"], *money, ratio)
