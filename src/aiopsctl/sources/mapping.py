"""A column map: `latency_ms=duration:s` says where a canonical column is found, and in what unit.

The unit is the one that is written behind the colon, else the one that the column's own name ends in (`ttft_s`), else
the canonical column's. Of times it is how they are written, as `strftime` has it: `ts=when:%m/%d/%Y %H:%M`.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources.source import LINE, Head, Source

_TO_MS = {"s": 1e3, "sec": 1e3, "secs": 1e3, "seconds": 1e3, "ms": 1.0, "millis": 1.0, "milliseconds": 1.0,
          "us": 1e-3, "micros": 1e-3, "ns": 1e-6, "nanos": 1e-6}  # fmt: skip
_TO_USD = {"usd": 1.0, "dollars": 1.0, "cents": 1e-2, "cent": 1e-2}
_UNITS = {"ms": _TO_MS, "usd": _TO_USD}
Path = tuple[str, ...]
_SHOWN = 12
"""How many columns an error names: a line's worth."""


class Mapped(Struct, frozen=True):
    """Where one canonical column is found: the raw name (dots lead into nested records) and what to multiply by.

    `written` is how its times are written, where they are not as usual.
    """

    column: str
    raw: str
    factor: float = 1.0
    written: str = ""


def parse(pairs: Sequence[str]) -> list[Mapped]:
    """Return the map of `CANONICAL=COLUMN[:UNIT]` pairs, the last of each column; raise `UsageError` for a wrong one."""
    return list({mapped.column: mapped for mapped in map(_pair, pairs)}.values())


def _pair(pair: str) -> Mapped:
    column, found, raw = pair.partition("=")
    if not found or not raw:
        raise UsageError(f"--map {pair} is no pair", help="write CANONICAL=COLUMN, for example --map ts=timestamp")
    if column not in COLUMNS:
        raise UsageError(f"--map {pair}: '{column}' is no canonical column", help=nearest(column, tuple(COLUMNS)))
    name, _, written = raw.partition(":%")
    if written and COLUMNS[column].dtype == "time":
        return Mapped(column, name, written=_checked(f"%{written}", pair))
    units = _UNITS.get(COLUMNS[column].unit, {})
    name, colon, unit = raw.rpartition(":")
    if colon and unit in units:
        return Mapped(column, name, units[unit])
    ending = re.search(r"_([a-z]+)$", raw)
    return Mapped(column, raw, units.get(ending[1], 1.0) if ending else 1.0)


def _checked(written: str, pair: str) -> str:
    """Return how times are written, or raise `UsageError` where nothing can be read so."""
    example = "write the whole of it, for example --map 'ts=when:%m/%d/%Y %H:%M:%S'"
    try:
        pl.Series(["1"]).str.to_datetime(written, strict=False)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"--map {pair}: no times are written as {written}", help=example) from error
    return written


def require_found(mapping: Sequence[Mapped], found: Container[Mapped], names: Sequence[str]) -> None:
    """Raise `UsageError` for a mapped column that is in no file, with the nearest of the names that are."""
    for mapped in mapping:
        if mapped not in found:
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            raise UsageError(
                f"--map {mapped.column}={mapped.raw}: the log has no column '{mapped.raw}'",
                help=nearest(mapped.raw, tuple(names)) or f"its columns: {shown}",
            )


def paths(head: Head) -> dict[str, Path]:
    """Return the names that a map can use, with their paths: those at the top level, and in records within them."""
    found = {".".join(path): path for record in head.records for path in _inside(record)}
    return found | {name: (name,) for name in head.names}


def path_of(raw: str, head: Head, there: Mapping[str, Path]) -> Path | None:
    """Return the path of a name, None where it has none; what a table's cells hold is not known before they are read."""
    if raw in there or head.container in ("jsonl", "json"):
        return there.get(raw)
    columns = [name for name in head.names if raw.startswith(f"{name}.")]
    longest = max(columns, key=len, default="")
    return (longest, *raw[len(longest) + 1 :].split(".")) if longest else None


def _inside(record: Mapping[str, Any]) -> Iterator[Path]:
    for name, value in record.items():
        yield (name,)
        yield from ((name, *path) for path in _inside(_as_record(value)))


def _as_record(value: Any) -> Mapping[str, Any]:
    """Return a record, also one that is written as JSON text; of all else an empty one."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def apply(source: Source, steps: Mapping[Mapped, Path]) -> Source:
    """Return the format with mapped columns, found at their paths, laid over what it reads by itself."""
    if not steps:
        return source
    texts = {mapped.column: (path,) for mapped, path in steps.items() if mapped.column in TEXT}
    steps = {mapped: path for mapped, path in steps.items() if mapped.column not in TEXT}
    schema = reduce(insert, steps.values(), source.schema)
    columns = [mapped.column for mapped in steps]

    def events(raw: pl.DataFrame) -> pl.DataFrame:
        own = source.events(raw)
        taken = raw.select(LINE, *(_taken(mapped, path, raw.schema) for mapped, path in steps.items()))
        rest = own.drop(columns, strict=False)
        if own[LINE].equals(raw[LINE]):
            return rest.hstack(taken.drop(LINE))
        return rest.join(taken, on=LINE, how="left", maintain_order="left")

    return replace(
        source, schema=schema, events=events, timed=source.timed or "ts" in columns, texts={**source.texts, **texts}
    )


def insert(schema: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a schema with a path, keeping what is there: a format's records get a field more, all else is text."""
    name, *rest = path
    there = schema.get(name)
    if isinstance(there, pl.Struct) and rest:
        inner = insert({f.name: f.dtype for f in there.fields}, tuple(rest))
        return {**schema, name: pl.Struct(inner)}
    return {**schema, name: there if isinstance(there, (pl.Struct, pl.List)) else pl.String}


def at(path: Path, schema: pl.Schema) -> tuple[pl.Expr, pl.DataType]:
    """Return what is at a path, through records and through JSON text, and its dtype; null where nothing can be."""
    name, *rest = path
    found, dtype = pl.col(name), schema[name]
    for number, step in enumerate(rest):
        if not isinstance(dtype, pl.Struct):
            return _in_text(found, dtype, rest[number:]), pl.String()
        fields: dict[str, Any] = {field.name: field.dtype for field in dtype.fields}
        if step not in fields:
            return pl.lit(None, pl.String), pl.String()
        found, dtype = found.struct.field(step), fields[step]
    return found, dtype


def _in_text(found: pl.Expr, dtype: pl.DataType, steps: Sequence[str]) -> pl.Expr:
    """Return what JSON text has at a path, as text; a record in it may be JSON text again."""
    if dtype != pl.String:
        return pl.lit(None, pl.String)
    for step in steps:
        if "\\" in step or ("'" in step and '"' in step):
            raise UsageError(
                f"--map cannot look for '{step}' within JSON text", help="its marks cannot be written in a path"
            )
        mark = '"' if "'" in step else "'"
        found = found.str.json_path_match(f"$[{mark}{step}{mark}]")
    return found


def _taken(mapped: Mapped, path: Path, schema: pl.Schema) -> pl.Expr:
    """Return a mapped column, in the canonical unit; text that is no number stays as it is, to be reported."""
    found, dtype = at(path, schema)
    if mapped.written and not dtype.is_temporal():
        zone = "Z" if "%z" in mapped.written else ""
        read = found.cast(pl.String).str.to_datetime(mapped.written, time_unit="us", strict=False)
        return pl.coalesce(read.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{zone}"), found.cast(pl.String)).alias(mapped.column)
    if mapped.factor == 1 or dtype.is_temporal():
        return found.alias(mapped.column)
    if dtype.is_numeric():
        return (found * mapped.factor).alias(mapped.column)
    scaled = found.cast(pl.Float64, strict=False) * mapped.factor
    return pl.coalesce(scaled.cast(pl.String), found).alias(mapped.column)
