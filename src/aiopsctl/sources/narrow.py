"""Fields of a schema that no line of a chunk has: a parser need not look for them in every line.

To look for a field costs a parser the same whether a line has it or not, and short lines have few of those that a
format knows. That a chunk has none of the others is made sure: by the number of its commas where lines are flat, which
takes next to nothing, else by a search for their names.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

_HEAD_BYTES = 32 << 10
"""So much of a chunk is looked at to tell which fields it has."""
_ESCAPED = re.compile(rb"\\u")
_BYTES_A_FIELD = 24
"""To look for a field in a line costs about as much as to search so many bytes of it for all names."""


def parsed(data: bytes, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return the rows of JSON lines by a schema, as Polars reads them; raise as Polars does where it does not."""
    head = data[: data.rfind(b"\n", 0, _HEAD_BYTES) + 1] or data[:_HEAD_BYTES]
    absent = frozenset(name for name in schema if f'"{name}"'.encode() not in head)
    narrow = {name: dtype for name, dtype in schema.items() if name not in absent}
    if not absent or not narrow:
        return pl.read_ndjson(data, schema=schema)
    if _looks_flat(head, narrow):
        rows = pl.read_ndjson(data, schema=narrow)
        if _told_by_all(rows, data):
            return _widened(rows, schema)
    if len(head) / max(head.count(b"\n"), 1) > _BYTES_A_FIELD * len(absent) or _any_of(absent, data):
        return pl.read_ndjson(data, schema=schema)
    return _widened(pl.read_ndjson(data, schema=narrow), schema)


def _widened(rows: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return rows with all columns of a schema, null where there are none."""
    return rows.select(_columns(tuple(schema.items()), frozenset(rows.columns)))


@lru_cache(maxsize=100)
def _columns(schema: tuple[tuple[str, Any], ...], present: frozenset[str]) -> list[pl.Expr]:
    """Return the columns of a schema; chunks of a log are alike, and to write down an expression takes longer than it runs."""
    return [pl.col(name) if name in present else pl.lit(None, of).alias(name) for name, of in schema]


def _looks_flat(head: bytes, names: Iterable[str]) -> bool:
    """Return whether lines have as many commas as stand between fields of these names, and none is said to be null."""
    fields = sum(head.count(f'"{name}":'.encode()) for name in names)
    return b"null" not in head and head.count(b",") == fields - head.count(b"{")


def _told_by_all(rows: pl.DataFrame, data: bytes) -> bool:
    """Return whether the values of rows are all that is told by the lines that they were read from, field by field.

    Of n fields n - 1 begin with a comma; any field more, a null, a list, a record or a text with a comma has one more.
    """
    values = sum(column.len() - column.null_count() for column in rows)
    return data.count(b",") == values - rows.height


def _any_of(names: Iterable[str], data: bytes) -> bool:
    """Return whether any of the names may be in JSON; a name can be spelled with escapes.

    NOTE: with its closing quote alone a name is found twice as fast as with both.
    """
    if b"\\" in data and _ESCAPED.search(data):
        return True
    try:
        text = pl.Series([data]).cast(pl.String)
    except PolarsError:
        return True
    return bool(text.str.contains("|".join(f'{re.escape(name)}"' for name in names))[0])
