"""Lines whose records and lists are not where the schema expects them: `"usage": "n/a"` costs the field, not the row."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl


def as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with every leaf a String, so that no type of a value can be wrong."""
    return {name: _as_text(dtype) for name, dtype in schema.items()}


def _as_text(dtype: Any) -> Any:
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _as_text(field.dtype) for field in dtype.fields})
    return pl.List(_as_text(dtype.inner)) if isinstance(dtype, pl.List) else pl.String


def fitted(lines: Sequence[bytes], schema: Mapping[str, Any]) -> tuple[list[bytes], dict[int, list[str]]]:
    """Return JSON objects with null where a value is no record or list though the schema says so.

    With them, for the place of each such line, its top-level fields of which that was so.
    """
    nested = {name: dtype for name, dtype in schema.items() if dtype.is_nested()}
    found = list(lines)
    misfits = {at: names for at, line in enumerate(lines) if (names := _misfits(line, nested))}
    for at, names in misfits.items():
        found[at] = _pruned_line(lines[at], {name: nested[name] for name in names})
    return found, misfits


def _misfits(line: bytes, nested: Mapping[str, Any]) -> list[str]:
    try:
        record = msgspec.json.decode(line)
    except RecursionError:
        return []
    return [name for name, dtype in nested.items() if not _fits(record.get(name), dtype)]


def _fits(value: Any, dtype: Any) -> bool:
    if value is None:
        return True
    if isinstance(dtype, pl.Struct):
        return isinstance(value, dict) and all(_fits(value.get(field.name), field.dtype) for field in dtype.fields)
    if isinstance(dtype, pl.List):
        return isinstance(value, list) and all(_fits(item, dtype.inner) for item in value)
    return True


def _pruned_line(line: bytes, nested: Mapping[str, Any]) -> bytes:
    """Return the line with what does not fit set to null; of a repeated key the first stays, as Polars has it."""
    try:
        record = json.loads(line, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    except (ValueError, RecursionError):  # a number of thousands of digits, or too deep: Polars refuses it too
        return line
    return json.dumps(record | {name: _pruned(record[name], dtype) for name, dtype in nested.items()}).encode()


def _pruned(value: Any, dtype: Any) -> Any:
    if isinstance(dtype, pl.Struct):
        inner = {field.name: field.dtype for field in dtype.fields}
        return {k: _pruned(v, inner.get(k)) for k, v in value.items()} if isinstance(value, dict) else None
    if isinstance(dtype, pl.List):
        return [_pruned(item, dtype.inner) for item in value] if isinstance(value, list) else None
    return value
