"""The cost of a call as expressions over its row: what its tokens cost, what is recorded, and how the layers add up.

The rows are calls joined with their cell (see `cells.py`). Money is whole nano-dollars, in columns that begin with `_`.
"""

from typing import Literal

import polars as pl

from aiopsctl.events import FAILED
from aiopsctl.prices.rates import PER_NANO

Mode = Literal["auto", "recorded", "priced"]

NANO = 10**9
_ROUNDING = 2
"""By how many nano-dollars three recorded parts may miss their recorded total, being rounded each for itself."""

IS_CALL = (pl.col("event") == "call").fill_null(value=False)
COUNTED = pl.col("input_tokens").is_not_null() | pl.col("output_tokens").is_not_null()
UNBILLED = pl.col("status").is_in(FAILED).fill_null(value=False) & (pl.col("output_tokens").fill_null(0) == 0)
"""Failed calls without an answer: providers do not bill them, so a recorded 0 is believed, and none is no gap."""

FROM_CACHE = pl.col("cache_hit").fill_null(value=False)
_ANY_TOKENS = pl.sum_horizontal("input_tokens", "output_tokens") > 0
_FLAT = (pl.col("input") == 0) & (pl.col("output") == 0)
FITS = pl.col("_plain") >= 0


def charged(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_priced`: the model's price in nano-dollars by tokens and request, null where it is not known."""
    read, written, hourly = _cached()
    output = pl.col("output_tokens").fill_null(0)
    reasoning = pl.min_horizontal(pl.col("reasoning_tokens").fill_null(0), output)
    exact = (
        _charge("_plain", "input")
        + _charge(read, "cache_read")
        + _charge(written - hourly, "cache_write")
        + _charge(hourly, "cache_write_1h")
        + _charge(output - reasoning, "output")
        + _charge(reasoning, "reasoning")
        + pl.col("request")
    )
    nano = ((exact + PER_NANO // 2) // PER_NANO).cast(pl.Int64)
    known = ~UNBILLED & FITS & (COUNTED | _FLAT)
    plain = pl.col("input_tokens").fill_null(0) - read - written
    return rows.with_columns(_plain=plain).with_columns(
        _priced=pl.when(FROM_CACHE & ~UNBILLED).then(0).when(known).then(nano)
    )


UNCHARGED = {"_plain": pl.lit(None, pl.Int64), "_priced": pl.lit(None, pl.Int64)}
"""What `charged` adds, of calls whose price nobody asks for."""


def needs_price(mode: Mode) -> pl.Expr:
    """Return whether a row is a call whose cost depends on its price; a recorded total is its cost, whatever the price."""
    if mode == "priced":
        return IS_CALL
    is_free = UNBILLED & _believed("model_cost_usd").is_null()
    return IS_CALL & _believed("cost_usd").is_null() & ~is_free


def _cached() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return tokens read from the cache, written to it, and of the latter those kept for an hour."""
    hourly = pl.col("cache_write_1h_tokens").fill_null(0)
    written = pl.coalesce("cache_write_tokens", hourly)
    return pl.col("cache_read_tokens").fill_null(0), written, pl.min_horizontal(hourly, written)


def _charge(tokens: pl.Expr | str, rate: str) -> pl.Expr:
    """Return tokens times their rate; no tokens cost nothing, even where the rate is not known."""
    count = pl.col(tokens) if isinstance(tokens, str) else tokens
    return pl.when(count == 0).then(pl.lit(0, pl.Int128)).otherwise(count.cast(pl.Int128) * pl.col(rate))


def taken(mode: Mode) -> dict[str, pl.Expr]:
    """Return what the mode takes, in nano-dollars: the recorded total and model's part, and each layer of the call."""
    none = pl.lit(None, pl.Int64)
    total, model = (none if mode == "priced" else _believed(name) for name in ("cost_usd", "model_cost_usd"))
    price = none if mode == "recorded" else pl.col("_priced")
    return {
        "_total": total,
        "_recorded": model,
        "_model": pl.coalesce(model, price),
        "_retrieval": _layer("retrieval", mode, total),
        "_infra": _layer("infra", mode, total),
    }


def _layer(name: str, mode: Mode, total: pl.Expr) -> pl.Expr:
    """Return a layer beside the model: as recorded, and as an override states it where no total is recorded."""
    recorded = _nano(f"{name}_cost_usd")
    stated = pl.when(total.is_null()).then((pl.col(name) // PER_NANO).cast(pl.Int64))
    return {
        "auto": pl.coalesce(recorded, stated),
        "recorded": recorded,
        "priced": pl.coalesce(stated, recorded),
    }[mode]


def _believed(column: str) -> pl.Expr:
    """Return a recorded cost; what was priced before is none, nor is 0 for tokens: so gateways write an unknown price."""
    unknown = (pl.col(column) == 0) & _ANY_TOKENS & ~FROM_CACHE & ~UNBILLED
    computed = pl.col("cost_source").is_in(["priced", "unpriced"]).fill_null(value=False)
    return pl.when(~unknown & ~computed).then(_nano(column))


def _nano(column: str) -> pl.Expr:
    return (pl.col(column) * NANO + 0.5).floor().cast(pl.Int64)


_OTHERS = pl.col("_retrieval").fill_null(0) + pl.col("_infra").fill_null(0)
REST = pl.col("_total") - _OTHERS
IS_OFF = ((pl.col("_recorded") - REST).abs() > _ROUNDING).fill_null(value=False)
_IS_RECORDED = pl.coalesce("_total", "_recorded").is_not_null()
KNOWN = pl.col("_cost").is_not_null()
SOURCE = (
    pl.when(~IS_CALL)
    .then("cost_source")
    .when(KNOWN & _IS_RECORDED)
    .then(pl.lit("recorded"))
    .when(KNOWN)
    .then(pl.lit("priced"))
    .when(~UNBILLED)
    .then(pl.lit("unpriced"))
)


def totals() -> dict[str, pl.Expr]:
    """Return the total of each call, and its model's part: of a recorded total, what the other layers leave."""
    rest = pl.when(REST >= 0).then(REST)
    left = pl.when(IS_OFF).then("_recorded").otherwise(rest)
    return {
        "_cost": pl.coalesce("_total", pl.col("_model") + _OTHERS),
        "_model": pl.when(pl.col("_total").is_null()).then("_model").otherwise(left),
    }


def usd(nano: str | pl.Expr) -> pl.Expr:
    """Return nano-dollars as the nearest dollars."""
    value = pl.col(nano) if isinstance(nano, str) else nano
    return (value / NANO).round(9)  # NOTE: Polars divides by multiplying with 1e-9, which misses the nearest by one bit
