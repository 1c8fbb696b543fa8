"""A column map: `latency_ms=duration:s` says where a canonical column is found, and in what unit.

The unit is the one that is written behind the colon, else the one that the column's own name ends in (`ttft_s`), else
the canonical column's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import COLUMNS
from aiopsctl.sources.source import LINE, Head, Source

_TO_MS = {"s": 1e3, "sec": 1e3, "secs": 1e3, "seconds": 1e3, "ms": 1.0, "millis": 1.0, "milliseconds": 1.0,
          "us": 1e-3, "micros": 1e-3, "ns": 1e-6, "nanos": 1e-6}  # fmt: skip
_TO_USD = {"usd": 1.0, "dollars": 1.0, "cents": 1e-2, "cent": 1e-2}
_UNITS = {"ms": _TO_MS, "usd": _TO_USD}


@dataclass(frozen=True)
class Mapped:
    """Where one canonical column is found: the raw name (dots lead into nested records) and what to multiply by."""

    column: str
    raw: str
    factor: float = 1.0

    @property
    def note(self) -> str:
        """What the map does to the unit, in words, or an empty string."""
        return f"{self.column} = {self.raw} x {self.factor:g}" if self.factor != 1 else ""


def parse(pairs: Sequence[str]) -> list[Mapped]:
    """Return the map of `CANONICAL=COLUMN[:UNIT]` pairs; raise `UsageError` for one that cannot be."""
    return [_pair(pair) for pair in pairs]


def _pair(pair: str) -> Mapped:
    column, found, raw = pair.partition("=")
    if not found or not raw:
        raise UsageError(f"--map {pair} is no pair", help="write CANONICAL=COLUMN, for example --map ts=timestamp")
    if column not in COLUMNS:
        raise UsageError(f"--map {pair}: '{column}' is no canonical column", help=nearest(column, tuple(COLUMNS)))
    units = _UNITS.get(COLUMNS[column].unit, {})
    name, colon, unit = raw.rpartition(":")
    if colon and unit in units:
        return Mapped(column, name, units[unit])
    ending = re.search(r"_([a-z]+)$", raw)
    return Mapped(column, raw, units.get(ending[1], 1.0) if ending else 1.0)


def apply(source: Source, mapping: Sequence[Mapped], head: Head) -> Source:
    """Return the format with mapped columns laid over what it reads by itself.

    Raises `UsageError` where a mapped column is not in the file's head.
    """
    if not mapping:
        return source
    steps = {m.column: _steps(m, head) for m in mapping}
    schema = dict(source.schema)
    for path in steps.values():
        _insert(schema, path)

    def events(raw: pl.DataFrame) -> pl.DataFrame:
        own = source.events(raw)
        taken = raw.select(LINE, *(_taken(m, steps[m.column], raw).alias(m.column) for m in mapping))
        if own.height == raw.height:
            return own.drop(m.column for m in mapping if m.column in own.columns).hstack(taken.drop(LINE))
        return own.drop(m.column for m in mapping if m.column in own.columns).join(taken, on=LINE, how="left")

    timed = source.timed or "ts" in steps
    return replace(source, schema=schema, events=events, timed=timed)


def _steps(mapped: Mapped, head: Head) -> tuple[str, ...]:
    if mapped.raw in head.names:
        return (mapped.raw,)
    path = tuple(mapped.raw.split("."))
    if path[0] not in head.names or (head.container in ("csv", "parquet") and len(path) > 1):
        known = sorted(head.names)
        raise UsageError(
            f"--map {mapped.column}={mapped.raw}: the log has no column '{mapped.raw}'",
            help=nearest(mapped.raw, tuple(known)) or f"its columns: {', '.join(known[:12])}",
        )
    return path


def _insert(schema: dict[str, Any], path: tuple[str, ...]) -> None:
    """Add a path of nested fields with a String leaf to a schema, keeping what is there."""
    name, *rest = path
    there = schema.get(name)
    if not rest:
        schema[name] = there if isinstance(there, (pl.Struct, pl.List)) else pl.String
        return
    inner = {f.name: f.dtype for f in there.fields} if isinstance(there, pl.Struct) else {}
    _insert(inner, tuple(rest))
    schema[name] = pl.Struct(inner)


def _taken(mapped: Mapped, path: tuple[str, ...], raw: pl.DataFrame) -> pl.Expr:
    if path[0] not in raw.columns:
        return pl.lit(None)
    found = pl.col(path[0])
    for step in path[1:]:
        found = found.struct.field(step)
    if mapped.factor == 1:
        return found
    return found.cast(pl.Float64, strict=False) * mapped.factor


def as_pairs(columns: Mapping[str, str]) -> list[str]:
    """Return a config's `columns:` as the pairs of the command line."""
    return [f"{column}={raw}" for column, raw in columns.items()]
