"""Prices of calls: the cost of every call of a log, where it comes from, and what could not be priced.

Money is added as whole nano-dollars: a call's model cost is exact before it is rounded, half up, to one of them, and
the layers of a call add up to its total exactly.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

import polars as pl
from msgspec import Struct

from aiopsctl.events import COLUMNS
from aiopsctl.prices.cells import CELL, NAMES, UNRESOLVED, with_cells
from aiopsctl.prices.layers import (
    COUNTED,
    FITS,
    FROM_CACHE,
    IS_CALL,
    IS_OFF,
    KNOWN,
    REST,
    SOURCE,
    UNCHARGED,
    Mode,
    charged,
    needs_price,
    taken,
    totals,
    usd,
)
from aiopsctl.prices.rates import Book
from aiopsctl.prices.snapshot import Snapshot

_DTYPES = {
    "text": pl.String(), "int": pl.Int64(), "float": pl.Float64(), "bool": pl.Boolean(), "time": pl.Datetime("us", "UTC"),
}  # fmt: skip
_PARTS = ("model_cost_usd", "retrieval_cost_usd", "infra_cost_usd")
_ALWAYS = ("cost_usd", "model_cost_usd", "cost_source")
_READ = (
    "ts", "event", *NAMES, "status", "cache_hit", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "cost_usd", *_PARTS, "cost_source",
)  # fmt: skip


_FROM = "_source"
_KEYS = ("provider", "model", "reason")
_ROWS = 250_000
"""Rows that are priced at once: exact arithmetic takes ten times the memory of the events."""


class Priced(Struct, frozen=True):
    """Events with their costs, and how those came about; all numbers are of calls.

    `unpriced` has one row for each `provider`, `model` (that was asked for, else that answered) and `reason`, with its
    `calls`, most first. `sources` counts calls by `cost_source`. Of the calls that the table priced, `older` stand
    before the first dated change of their model's price, at the earliest rate that is known; `newer` were made after
    the day of the snapshot; `undated` have no time, and the latest rate; `at_standard` asked for a service tier for
    which the table has no rate at that time, and have the standard one. `contradictory` calls have recorded parts that
    do not add up to their recorded total; they are left as they are.
    """

    events: pl.DataFrame
    unpriced: pl.DataFrame
    sources: Mapping[str, int]
    snapshot: Snapshot
    older: int
    newer: int
    undated: int
    at_standard: int
    contradictory: int


def price(events: pl.DataFrame, book: Book, mode: Mode = "auto") -> Priced:
    """Return events with `cost_usd`, its parts and `cost_source`.

    `auto` takes the recorded cost of a call where there is one, else the price by its tokens. `recorded` and `priced`
    take the one or the other alone. A recorded cost of 0 with tokens is none, unless the application's own cache
    answered. What cannot be known is null, never 0; a failed call without an answer has no price and no source.
    """
    parts = [_priced(part, book, mode) for part in events.iter_slices(_ROWS)] or [_priced(events, book, mode)]
    return parts[0] if len(parts) == 1 else _together(parts)


def _together(parts: list[Priced]) -> Priced:
    """Return one answer for all slices of the events."""
    unpriced = pl.concat(part.unpriced for part in parts).group_by(_KEYS).agg(pl.col("calls").sum())
    numbers = ("older", "newer", "undated", "at_standard", "contradictory")
    return Priced(
        events=pl.concat((part.events for part in parts), how="diagonal"),
        unpriced=unpriced.sort("calls", *_KEYS, descending=[True, False, False, False]),
        sources={name: sum(part.sources[name] for part in parts) for name in parts[0].sources},
        snapshot=parts[0].snapshot,
        **{name: sum(getattr(part, name) for part in parts) for name in numbers},
    )


def _priced(events: pl.DataFrame, book: Book, mode: Mode) -> Priced:
    rows = _complete(events)
    if rows.select(needs_price(mode).any()).item():
        rows, cells = with_cells(rows, book)
        rows = charged(rows.join(cells, on=CELL, how="left", maintain_order="left"))
    else:
        rows = rows.with_columns(**UNRESOLVED, **UNCHARGED)
    rows = rows.with_columns(**taken(mode)).with_columns(**totals()).with_columns(SOURCE.alias(_FROM))
    kept = events.with_columns(_written(rows, events.columns))
    return Priced(kept, _unpriced(rows, mode), _sources(rows), book.snapshot, **_counts(rows, book.snapshot))


def _complete(events: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a price depends on; one that the log does not have is null, and its rows are calls."""
    absent = [COLUMNS[name] for name in _READ if name not in events.columns]
    default = {"event": "call"}
    return events.with_columns(
        pl.lit(default.get(column.name), _DTYPES[column.dtype]).alias(column.name) for column in absent
    ).select(_READ)


def _written(rows: pl.DataFrame, present: list[str]) -> list[pl.Series]:
    """Return the money columns in dollars: of calls as found, of other rows as they were; no empty layer is added."""
    found = rows.select(
        cost_usd=pl.when(pl.col("_total").is_not_null()).then("cost_usd").otherwise(_usd("_cost", "cost_usd")),
        model_cost_usd=_usd("_model", "model_cost_usd"),
        retrieval_cost_usd=_usd("_retrieval", "retrieval_cost_usd", unknown="retrieval_cost_usd"),
        infra_cost_usd=_usd("_infra", "infra_cost_usd", unknown="infra_cost_usd"),
        cost_source=_FROM,
    )
    return [each for each in found if each.name in (*present, *_ALWAYS) or each.null_count() < each.len()]


def _usd(nano: str, before: str, unknown: str | None = None) -> pl.Expr:
    """Return nano-dollars as dollars; where the call's total is unknown, the column named by `unknown`, or null."""
    return pl.when(~IS_CALL).then(before).when(KNOWN).then(usd(nano)).otherwise(unknown)


def _unpriced(rows: pl.DataFrame, mode: Mode) -> pl.DataFrame:
    model = pl.coalesce("model", "model_version").alias("model")
    reason = pl.lit("nothing recorded") if mode == "recorded" else _reason()
    calls = rows.filter(pl.col(_FROM) == "unpriced").select("provider", model, reason.alias("reason"))
    return (
        calls.group_by(_KEYS)
        .agg(calls=pl.len().cast(pl.Int64))
        .sort("calls", *_KEYS, descending=[True, False, False, False])
    )


def _reason() -> pl.Expr:
    """Return why a call has no price: the model, or else the call's own tokens."""
    return (
        pl.when(pl.col("input").is_null() & pl.col("output").is_null())
        .then("missing")
        .when(~COUNTED)
        .then(pl.lit("no tokens"))
        .when(~FITS)
        .then(pl.lit("cached tokens exceed the input"))
        .otherwise(
            pl.format(
                "no rate of {}", pl.when(pl.col("input").is_null()).then(pl.lit("input")).otherwise(pl.lit("output"))
            )
        )
    )


def _sources(rows: pl.DataFrame) -> dict[str, int]:
    of_each = (((pl.col(_FROM) == source) & IS_CALL).sum().alias(source) for source in COLUMNS["cost_source"].values)
    return rows.select(of_each).row(0, named=True)


def _counts(rows: pl.DataFrame, snapshot: Snapshot) -> dict[str, int]:
    by_table = IS_CALL & (pl.col(_FROM) == "priced") & pl.col("listed") & ~FROM_CACHE
    end = datetime.combine(snapshot.date + timedelta(days=1), time(), UTC)
    return rows.select(
        older=(by_table & pl.col("carried_back")).sum(),
        newer=(by_table & (pl.col("ts") >= end)).sum(),
        undated=(by_table & pl.col("ts").is_null()).sum(),
        at_standard=(by_table & pl.col("at_standard")).sum(),
        contradictory=(IS_CALL & (IS_OFF | (REST < 0))).sum(),
    ).row(0, named=True)
