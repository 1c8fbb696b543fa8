"""Recorded costs against the table's, model by model: where a gateway, a contract or the table is wrong."""

import polars as pl

from aiopsctl.prices.apply import price
from aiopsctl.prices.layers import NANO, usd
from aiopsctl.prices.rates import Book


def reconcile(events: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Return the model costs of calls that have a recorded cost and a price, by provider and model.

    Columns: `provider`, `model` (that was asked for, else that answered), `calls`, `recorded_usd`, `priced_usd`,
    `difference_usd` (recorded - priced) and `ratio` (recorded / priced, null for a price of 0); the largest difference
    comes first. Layers other than the model are left out of both sums.
    """
    recorded, priced = (price(events, book, mode).events for mode in ("recorded", "priced"))
    both = recorded.select(
        _column(recorded, "provider"),
        pl.coalesce(_column(recorded, "model"), _column(recorded, "model_version")).alias("model"),
        _nano("model_cost_usd").alias("recorded"),
        priced.select(_nano("model_cost_usd").alias("priced"))["priced"],
    ).filter(_is_call(recorded))
    sums = (
        both.drop_nulls(["recorded", "priced"])
        .group_by("provider", "model")
        .agg(pl.len().cast(pl.Int64).alias("calls"), pl.col("recorded", "priced").sum())
    )
    return sums.select(
        "provider",
        "model",
        "calls",
        recorded_usd=usd("recorded"),
        priced_usd=usd("priced"),
        difference_usd=usd(pl.col("recorded") - pl.col("priced")),
        ratio=pl.when(pl.col("priced") > 0).then(pl.col("recorded") / pl.col("priced")),
    ).sort(pl.col("difference_usd").abs(), "provider", "model", descending=[True, False, False])


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name)


def _is_call(frame: pl.DataFrame) -> pl.Expr:
    return pl.lit(frame["event"] == "call") if "event" in frame.columns else pl.lit(value=True)


def _nano(column: str) -> pl.Expr:
    return (pl.col(column) * NANO).round().cast(pl.Int64)
