"""What a log format declares, and what is known of a file before it is read."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import polars as pl
from msgspec import Struct, field

Container = Literal["jsonl", "json", "csv", "parquet"]
LINE = "_line"
"""Column of every raw and canonical frame on its way in: the line (JSONL, CSV) or record (JSON, Parquet), from 1."""

TOTAL = "_total_tokens"
"""Column of a format that states input plus output of a call; it is compared with them, and goes no further."""
FILE_BITS = 40
"""Lines have numbers that are unique in a run: the file's number times 2**40, plus the line's."""


class Head(Struct, frozen=True):
    """The beginning of a file: its container, the names at the top level, and the first records where they are JSON.

    `inside` is the key under which a JSON document keeps its records, where it does.
    """

    container: Container
    names: frozenset[str]
    records: tuple[Mapping[str, Any], ...] = ()
    inside: str = ""


class Source(Struct, frozen=True):
    """A log format.

    `detects` says from the head whether a file is of this format; formats are asked by `rank`, then by name.
    `schema` is what Polars parses of a raw record: an explicit dtype for each field, String wherever writers differ.
    `events` turns raw rows (with the column `_line`) into rows of canonical columns of any dtype, keeping `_line`; a raw
    row may become several events or none. `coerce` then gives them their canonical dtypes. A row with `_other` is no
    event and is counted as passed over; with `trace` for its `event` it tells what other events of its trace may lack
    (see `traces.py`).
    `timed` is false for formats that carry no time of the call.
    A log is read in chunks. Where rows depend on rows before them, `carries` returns the few of a file's rows so far
    that later ones need; they are put before the next chunk, and their events are not counted again. Where rows depend
    on any others, `together` asks for all at once, as far as memory allows (see `state.py`).
    `texts` are the paths of texts that are no more than what was written. They are read only by a second pass (see
    `texts.py`): to tell how much a correction changed, and where text is asked for.
    """

    name: str
    title: str
    detects: Callable[[Head], bool]
    schema: Mapping[str, Any]
    events: Callable[[pl.DataFrame], pl.DataFrame]
    rank: int = 1
    timed: bool = True
    carries: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    together: bool = False
    texts: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    sample: str = ""


def text(*path: str) -> pl.Expr:
    """Return a field of a nested record by its path, as it was parsed; the name of the last step is its alias."""
    first, *rest = path
    found = pl.col(first)
    for step in rest:
        found = found.struct.field(step)
    return found


def first_of(*options: pl.Expr) -> pl.Expr:
    """Return the first of several spellings of a field that has a value."""
    return pl.coalesce(*options)


def shape(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a raw schema from nested dicts, with String leaves: `{"usage": {"input": None}}`; a list wraps one item."""
    return {name: _dtype(inner) for name, inner in fields.items()}


def _dtype(inner: Any) -> Any:
    if inner is None:
        return pl.String
    if isinstance(inner, list):
        return pl.List(_dtype(inner[0]))
    if isinstance(inner, Mapping):
        return pl.Struct(shape(inner))
    return inner
