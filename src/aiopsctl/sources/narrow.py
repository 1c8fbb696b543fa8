"""Fields of a schema that no line of a chunk has: a parser need not look for them in every line.

To look for a field costs a parser the same whether a line has it or not, and short lines have few of those that a
format knows. That a chunk has none of the others is made sure, by a search for their names.
"""

import re
from collections.abc import Mapping, Sequence
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
    absent = _absent(data, schema)
    rows = pl.read_ndjson(data, schema={name: dtype for name, dtype in schema.items() if name not in absent})
    if not absent:
        return rows
    return rows.select(pl.lit(None, of).alias(name) if name in absent else name for name, of in schema.items())


def _absent(data: bytes, schema: Mapping[str, Any]) -> frozenset[str]:
    """Return fields of a schema that are in none of the lines, as far as it is worth while to know them."""
    head = data[:_HEAD_BYTES]
    absent = [name for name in schema if f'"{name}"'.encode() not in head]
    line = len(head) / max(head.count(b"\n"), 1)
    if len(absent) in (0, len(schema)) or line > _BYTES_A_FIELD * len(absent) or _any_of(absent, data):
        return frozenset()
    return frozenset(absent)


def _any_of(names: Sequence[str], data: bytes) -> bool:
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
