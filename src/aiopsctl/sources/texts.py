"""What people and models wrote, taken from the lines of a log in a second pass: text is not read with the log.

For other passes it is read line by line; with events it is kept where `--with-text` asks for it, as a sample.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl.sources.mapping import at, insert
from aiopsctl.sources.opening import Opened
from aiopsctl.sources.source import FILE_BITS, LINE, Source

A_DAY = 300
"""Of so many calls, and as much feedback, of a day the text is kept: enough to compare weeks, and no more to hold."""

CHARACTERS = 2_000
"""So much of a text is kept."""

_OF = {"prompt": "call", "output": "call", "comment": "feedback"}
_SCATTER, _RING = 2_654_435_761, 2**32
Reread = Callable[[Opened], Iterator[pl.DataFrame]]
"""Reads a file once more: raw rows by the schema of its format, with their lines."""


def texts(
    names: Sequence[str], wanted: pl.DataFrame, opened: Sequence[Opened], reread: Reread
) -> Iterator[pl.DataFrame]:
    """Yield texts by line, of the wanted lines (`LINE`) that have any of them, as far as formats tell where they are."""
    files = set((wanted[LINE] // 2**FILE_BITS).to_list())
    for one in opened:
        told = {name: paths for name in names if (paths := one.source.texts.get(name, ()))}
        if one.number in files and told:
            nothing: dict[str, Any] = {}
            schema = reduce(insert, (path for paths in told.values() for path in paths), nothing)
            source = replace(one.source, schema=schema)
            for rows in reread(replace(one, source=source)):
                found = rows.join(wanted, on=LINE, how="semi").select(LINE, *(_text(n, source, rows) for n in names))
                yield found.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in names))


def _text(name: str, source: Source, rows: pl.DataFrame) -> pl.Expr:
    there = [at(path, rows.schema) for path in source.texts.get(name, ()) if path[0] in rows.columns]
    flat = [found.cast(pl.String) for found, dtype in there if not dtype.is_nested()]
    return pl.coalesce(*flat, pl.lit(None, pl.String)).alias(name)


def with_texts(events: pl.DataFrame, opened: Sequence[Opened], reread: Reread) -> pl.DataFrame:
    """Return events with the beginnings of prompts, outputs and comments, of up to `A_DAY` calls and feedback a day.

    They are drawn by their lines, the same in every run. A text of a line that says several things is left out.
    """
    if not {LINE, "ts"} <= set(events.columns):
        return events
    own = events.filter(pl.col("event").is_in(list(_OF.values())) & pl.col(LINE).is_unique())
    place = (pl.col(LINE) * _SCATTER % _RING).rank("ordinal").over(pl.col("ts").dt.date(), "event")
    wanted = own.select(LINE, "event", place=place).filter(pl.col("place") <= A_DAY).select(LINE, "event")
    clipped = [
        found.with_columns(pl.col(name).str.slice(0, CHARACTERS) for name in _OF)
        for found in texts(tuple(_OF), wanted.select(LINE), opened, reread)
    ]
    if not wanted.height or not sum(found.height for found in clipped):
        return events
    told = pl.concat(clipped).unique(LINE, keep="first", maintain_order=True).join(wanted, on=LINE)
    own_text = [pl.when(pl.col("event") == event).then(name).alias(name) for name, event in _OF.items()]
    return events.join(told.select(LINE, *own_text), on=LINE, how="left", maintain_order="left")
