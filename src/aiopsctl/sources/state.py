"""Rows that depend on other rows, though a log is read in chunks: formats say how far theirs have to be seen together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

import polars as pl

from aiopsctl.batches import batches
from aiopsctl.sources.lines import Parsed
from aiopsctl.sources.source import FILE_BITS, LINE, Source

TOGETHER_BYTES = 64 << 20
"""How much of what is parsed is kept in memory for a format that asks for all: its events take about five times that."""


AT_ONCE_ROWS = 50_000
"""So many rows are looked at together by formats that ask for nothing else."""


def with_state(found: Iterable[Parsed], source: Source) -> Iterator[tuple[Parsed, pl.DataFrame]]:
    """Yield parsed rows as the format wants them, each with the earlier rows that they depend on."""
    carried = pl.DataFrame()
    for parsed in _together(found) if source.together else found:
        yield parsed, carried
        if source.carries and parsed.rows.height:
            rows = pl.concat([carried, parsed.rows], how="diagonal_relaxed")
            carried = source.carries(rows.filter(pl.col(LINE) // 2**FILE_BITS == rows[LINE][-1] >> FILE_BITS))


def events_of(raw: pl.DataFrame, before: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return the events of raw rows, read behind those that they depend on."""
    if not before.height:
        return source.events(raw)
    found = source.events(pl.concat([before, raw], how="diagonal_relaxed"))
    return found.filter(pl.col(LINE) >= raw[LINE][0])


def gathered(found: Iterable[Parsed]) -> Iterator[Parsed]:
    """Yield parsed rows with small frames of one schema put together: what is made of a frame has a price of its own."""
    for _, alike in groupby(found, lambda parsed: parsed.rows.schema):
        for held in batches(alike, lambda parsed: parsed.rows.height, AT_ONCE_ROWS):
            yield _one(held, "vertical")


def _together(found: Iterable[Parsed]) -> Iterator[Parsed]:
    """Yield all rows at once, or as many as memory is given for."""
    for held in batches(found, lambda parsed: int(parsed.rows.estimated_size()), TOGETHER_BYTES):
        yield _one(held, "diagonal_relaxed")


def _one(held: Sequence[Parsed], how: Literal["vertical", "diagonal_relaxed"]) -> Parsed:
    """Return what was parsed as one."""
    if len(held) == 1:
        return held[0]
    errors: dict[str, tuple[int, int]] = {}
    for each in held:
        for name, (count, line) in each.field_errors.items():
            before, first = errors.get(name, (0, line))
            errors[name] = (before + count, first)
    rows = [each.rows for each in held if each.rows.height] or [pl.DataFrame()]
    rejects = [reject for each in held for reject in each.rejects]
    return Parsed(pl.concat(rows, how=how, rechunk=True), rejects, errors)
