"""Puts every call into its cell of prices, and resolves each cell that has calls once.

This is all the Python there is for a price: its work grows with the models and the changes of their prices that a log
covers, not with its calls.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from msgspec import Struct

from aiopsctl.prices.rates import Book, Cell, Entry, Name, cell, entry, latest

CELL = "_cell"
NAMES = ("provider", "model", "model_version", "service_tier")
_ENTRY = "_entry"
_HOURLY = "_hourly"
_AMOUNTS = (
    "input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "request", "retrieval", "infra",
)  # fmt: skip
_FACTS = {"missing": pl.String, "carried_back": pl.Boolean, "at_standard": pl.Boolean, "listed": pl.Boolean}
UNRESOLVED = {name: pl.lit(None, dtype) for name, dtype in (dict.fromkeys(_AMOUNTS, pl.Int128) | _FACTS).items()}
"""What a cell says, of calls that are put into none."""
_LONG_AGO = date(1, 1, 1)
_DAY_US = 86_400_000_000


class Cuts(Struct, frozen=True):
    """Where prices change: days, times of day, and sizes of the input; `undated` is the instant of calls without one.

    Parts are numbered from 0, which lies before the first cut.
    """

    days: Sequence[date]
    hours: Sequence[time]
    sizes: Sequence[int]
    undated: datetime

    def code(self) -> pl.Expr:
        """Return the number of each row's cell, from its entry, time and input."""
        when = pl.col("ts").fill_null(self.undated)
        day = _part(when, [datetime.combine(day, time(), UTC) for day in self.days])
        hour = (
            pl.when(_HOURLY).then(_part(when.cast(pl.Int64) % _DAY_US, [_us(hour) for hour in self.hours])).otherwise(0)
        )
        size = _part(pl.col("input_tokens").fill_null(0) - 1, self.sizes)  # a size begins above its threshold
        coded = (pl.col(_ENTRY) * (len(self.days) + 1) + day) * (len(self.hours) + 1) + hour
        return coded * (len(self.sizes) + 1) + size

    def inside(self, code: int) -> tuple[int, datetime, int]:
        """Return the entry of a cell, and an instant and a number of input tokens that lie in it."""
        rest, size = divmod(code, len(self.sizes) + 1)
        rest, hour = divmod(rest, len(self.hours) + 1)
        number, day = divmod(rest, len(self.days) + 1)
        on = self.days[day - 1] if day else _LONG_AGO
        at = self.hours[hour - 1] if hour else time()
        return number, datetime.combine(on, at, UTC), self.sizes[size - 1] + 1 if size else 0


def with_cells(calls: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return calls with the number of their cell, and the cells: rates, amounts and facts, one row each."""
    names = calls.select(NAMES).unique().sort(NAMES)
    entries = [entry(book, Name(*row)) for row in names.iter_rows()]
    cuts = cuts_of(entries)
    hourly = pl.Series(_HOURLY, [_has_hours(each) for each in entries], dtype=pl.Boolean)
    numbered = names.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_ENTRY), hourly)
    placed = (
        calls.join(numbered, on=NAMES, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(cuts.code().alias(CELL))
        .drop(_ENTRY, _HOURLY)
    )
    return placed, _resolved(placed[CELL].unique().sort(), entries, cuts)


def cuts_of(entries: Sequence[Entry]) -> Cuts:
    """Return where the prices of some entries change."""
    days = sorted({day for each in entries for day in each.days()})
    hours = sorted({hour for each in entries for hour in each.hours()})
    sizes = sorted({size for each in entries for size in each.sizes()})
    return Cuts(days, hours, sizes, latest(days))


def _has_hours(each: Entry) -> bool:
    return next(iter(each.hours()), None) is not None


def _resolved(codes: pl.Series, entries: Sequence[Entry], cuts: Cuts) -> pl.DataFrame:
    cells = [_cell(code, entries, cuts) for code in codes]
    amounts = [pl.Series(name, [getattr(each, name) for each in cells], dtype=pl.Int128) for name in _AMOUNTS]
    facts = [pl.Series(name, [getattr(each, name) for each in cells], dtype=dtype) for name, dtype in _FACTS.items()]
    return pl.DataFrame([codes.alias(CELL), *amounts, *facts])


def _cell(code: int, entries: Sequence[Entry], cuts: Cuts) -> Cell:
    number, when, input_tokens = cuts.inside(code)
    return cell(entries[number], when, input_tokens)


def _part(value: pl.Expr, cuts: Iterable[Any]) -> pl.Expr:
    """Return how many of the cuts a value has reached."""
    return pl.sum_horizontal(pl.lit(0, pl.Int64), *((value >= cut).cast(pl.Int64) for cut in cuts))


def _us(hour: time) -> int:
    return (datetime.combine(_LONG_AGO, hour) - datetime.combine(_LONG_AGO, time())) // timedelta(microseconds=1)
