"""Recorded costs against the table's, model by model: where a gateway, a contract or the table is wrong."""

from typing import Any

import polars as pl
from msgspec import Struct

from aiopsctl.prices.apply import price
from aiopsctl.prices.layers import NANO, usd
from aiopsctl.prices.rates import Book

_MODEL = ("provider", "model")
_BOTH = pl.col("recorded").is_not_null() & pl.col("priced").is_not_null()


class Reconciled(Struct, frozen=True):
    """Model costs as recorded and as priced; layers other than the model are in neither.

    `models` has a row for each `provider` and `model` (that was asked for, else that answered) of calls that have both:
    `calls`, `recorded_usd`, `priced_usd`, `difference_usd` (recorded - priced) and `ratio` (recorded / priced, null for
    a price of 0); the largest difference comes first. `total` is the same of all of them. `uncompared` counts the other
    `calls` by provider, model and `reason`, most first.
    """

    models: pl.DataFrame
    total: dict[str, Any]
    uncompared: pl.DataFrame


def reconcile(events: pl.DataFrame, book: Book) -> Reconciled:
    """Return the recorded and the priced model costs of calls, and how many calls cannot be compared."""
    recorded, priced = (price(events, book, mode).events for mode in ("recorded", "priced"))
    calls = recorded.select(
        _column(recorded, "provider"),
        pl.coalesce(_column(recorded, "model"), _column(recorded, "model_version")).alias("model"),
        _nano("model_cost_usd").alias("recorded"),
        priced.select(_nano("model_cost_usd").alias("priced"))["priced"],
        priced["cost_source"].is_null().alias("unbilled"),
    ).filter(_is_call(recorded))
    amounts = (pl.len().cast(pl.Int64).alias("calls"), pl.col("recorded", "priced").sum())
    both = calls.filter(_BOTH)
    models = both.group_by(_MODEL).agg(amounts).select(*_MODEL, *_compared())
    (total,) = both.select(amounts).select(_compared()).to_dicts()
    without_price = events.filter(_is_call(events)).filter(
        calls.select(pl.col("recorded").is_not_null() & pl.col("priced").is_null() & ~pl.col("unbilled")).to_series()
    )
    return Reconciled(
        models.sort(pl.col("difference_usd").abs(), *_MODEL, descending=[True, False, False]),
        total,
        _uncompared(calls, price(without_price, book, "priced").unpriced),
    )


def _compared() -> list[pl.Expr]:
    return [
        pl.col("calls"),
        usd("recorded").alias("recorded_usd"),
        usd("priced").alias("priced_usd"),
        usd(pl.col("recorded") - pl.col("priced")).alias("difference_usd"),
        pl.when(pl.col("priced") > 0).then(pl.col("recorded") / pl.col("priced")).alias("ratio"),
    ]


def _uncompared(calls: pl.DataFrame, unpriced: pl.DataFrame) -> pl.DataFrame:
    """Return the calls that lack a recorded cost, and those that lack a price with the reason that pricing gives."""
    reason = (
        pl.when("unbilled").then(pl.lit("failed without an answer"))
        .when(pl.col("recorded").is_null()).then(pl.lit("no recorded cost"))
    )  # fmt: skip
    lacking = calls.filter(~_BOTH).select(*_MODEL, reason=reason).drop_nulls("reason")
    counted = lacking.group_by(*_MODEL, "reason").agg(calls=pl.len().cast(pl.Int64))
    order = ["calls", *_MODEL, "reason"]
    return pl.concat([counted, unpriced.select(counted.columns)]).sort(order, descending=[True, False, False, False])


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name)


def _is_call(frame: pl.DataFrame) -> pl.Expr:
    return pl.lit(frame["event"] == "call") if "event" in frame.columns else pl.lit(value=True)


def _nano(column: str) -> pl.Expr:
    return (pl.col(column) * NANO).round().cast(pl.Int64)
