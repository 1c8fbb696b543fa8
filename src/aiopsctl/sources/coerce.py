"""Raw columns of any dtype into canonical ones: one set of rules for every format.

A value that breaks its column's rule is a field error: counted, located, and null. A row that cannot be placed (no
readable time, an unknown kind) is rejected, with its line and the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from aiopsctl.events import COLUMNS, Column
from aiopsctl.sources import classify, times
from aiopsctl.sources.chunks import Reject
from aiopsctl.sources.consistency import Contradiction, contradictions
from aiopsctl.sources.ratings import rating
from aiopsctl.sources.source import LINE, TOTAL

DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
}
_WORDS = {
    "status": {
        "success": "ok", "succeeded": "ok", "completed": "ok", "complete": "ok", "200": "ok",
        "failure": "error", "failed": "error", "incomplete": "ok",
        "timed_out": "timeout", "timedout": "timeout", "canceled": "cancelled",
        "429": "rate_limited", "rate-limited": "rate_limited", "ratelimited": "rate_limited",
        "content_filter": "filtered", "blocked": "filtered",
    },
}  # fmt: skip
_REASON = "_reason"
_NONE: frozenset[str] = frozenset()
_AS_WRITTEN = ("prompt", "output", "final_text", "comment", "tags")
"""Columns in which text that looks like a JSON object is what it should be."""


@dataclass
class Coerced:
    """Canonical rows of a chunk, the rows that were rejected, the values that were set to null, and what cannot be.

    `zoneless` is the line of the first time without a zone.
    """

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    field_errors: dict[str, tuple[int, int]] = field(default_factory=dict)
    zoneless: int | None = None
    contradictions: list[Contradiction] = field(default_factory=list)


def dtype_of(column: Column) -> pl.DataType:
    """Return the Polars dtype of a canonical column."""
    return DTYPES[column.dtype]


def empty() -> pl.DataFrame:
    """Return the canonical frame without rows."""
    return pl.DataFrame(schema={name: dtype_of(column) for name, column in COLUMNS.items()})


def coerce(raw: pl.DataFrame, *, tz: str, timed: bool) -> Coerced:
    """Return canonical rows from raw ones that have canonical names, any dtypes, and the column `_line`."""
    raw = _filled(raw)
    schema = raw.schema
    present = [COLUMNS[name] for name in raw.columns if name in COLUMNS and name != "ts"]
    ts, zoneless = _times(raw, tz)
    total = [pl.col(TOTAL).cast(pl.Int64, strict=False)] if TOTAL in schema else []
    as_they_are = _as_they_are(raw, present)
    columns = (pl.col(c.name) if c.name in as_they_are else _canonical(c, schema) for c in present)
    new = raw.select(LINE, *total, *columns).with_columns(ts)
    errors = _field_errors(raw, new, [column.name for column in present if column.name not in ("event", "kind")])
    faults = classify.faults(raw, new, timed=timed)
    new = new.with_columns(_derived(new, schema))
    if not faults:
        return _checked(new, [], errors, zoneless)
    reason = pl.coalesce(pl.when(rows).then(pl.lit(reason)) for rows, reason in faults)
    judged = new.with_columns(reason.alias(_REASON))
    rejects = [Reject(line, fault) for line, fault in judged.select(LINE, _REASON).drop_nulls().iter_rows()]
    return _checked(judged.filter(pl.col(_REASON).is_null()).drop(_REASON), rejects, errors, zoneless)


def _derived(new: pl.DataFrame, schema: pl.Schema) -> list[pl.Expr]:
    """Return what a row is and how a call ended, as far as not every row says so itself."""
    both = (("event", classify.event), ("status", classify.status))
    return [derived(schema) for name, derived in both if name not in new.columns or new[name].null_count()]


def _checked(
    rows: pl.DataFrame, rejects: list[Reject], errors: dict[str, tuple[int, int]], zoneless: int | None
) -> Coerced:
    return Coerced(rows.drop(TOTAL, strict=False), rejects, errors, zoneless, list(contradictions(rows)))


def _times(raw: pl.DataFrame, tz: str) -> tuple[pl.Series, int | None]:
    if "ts" not in raw.columns:
        return pl.Series("ts", [None] * raw.height, DTYPES["time"]), None
    ts, zoneless = times.read(raw["ts"], tz)
    return ts, None if zoneless is None else raw[LINE][zoneless]


def _filled(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the canonical columns in which a row has a value; words that are stored as codes become text."""
    known = (*COLUMNS, TOTAL)
    filled = raw.select(c for c in raw.columns if c == LINE or (c in known and raw[c].null_count() < raw.height))
    return filled.cast({pl.Categorical: pl.String, pl.Enum: pl.String})


def _as_they_are(raw: pl.DataFrame, present: Sequence[Column]) -> frozenset[str]:
    """Return the columns in which every value is canonical already: to look is cheaper than to write them again."""
    looks = {column.name: look for column in present if (look := _is_canonical(column, raw.schema)) is not None}
    return (
        frozenset(name for name, found in raw.select(**looks).row(0, named=True).items() if found) if looks else _NONE
    )


def _is_canonical(column: Column, schema: pl.Schema) -> pl.Expr | None:
    """Return whether all values of a column are as `_canonical` gives them, None where that is as much work."""
    raw = pl.col(column.name)
    if schema[column.name] != DTYPES[column.dtype] or column.name == "value":
        return None
    if column.values:
        return raw.is_in(column.values).all()
    if column.dtype == "text":
        found = (raw != "").all()
        return found if column.name in _AS_WRITTEN else found & ~raw.str.starts_with("{").any()
    if column.dtype == "int":
        return raw.is_between(int(column.low or 0), int(column.high or 0)).all()
    return raw.is_between(column.low, column.high).all() if column.dtype == "float" else None


def _canonical(column: Column, schema: pl.Schema) -> pl.Expr:
    dtype = schema[column.name]
    match column.dtype:
        case "text":
            found = _text(column, dtype)
        case "int":
            found = _whole(column, dtype)
        case "bool":
            found = _bool(pl.col(column.name), dtype)
        case _:
            found = _bounded(column, _number(column, dtype))
    if column.name == "value":
        kind = pl.col("kind").str.to_lowercase().str.strip_chars() if schema.get("kind") == pl.String else None
        found = rating(found, dtype, kind)
    return found.alias(column.name)


def _text(column: Column, dtype: pl.DataType) -> pl.Expr:
    text = _as_text(pl.col(column.name), dtype)
    filled = pl.when(text != "").then(text)
    if not column.values:
        return filled if column.name in _AS_WRITTEN else pl.when(~filled.str.starts_with("{")).then(filled)
    word = filled.str.to_lowercase().str.strip_chars()
    word = word.replace(_WORDS[column.name]) if column.name in _WORDS else word
    return pl.when(word.is_in(column.values)).then(word)


def _as_text(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a value as text: a whole number without its `.0`, a list of words with commas; of a record nothing."""
    if dtype.is_float():
        whole = pl.when(raw == raw.floor()).then(raw.cast(pl.Int64, strict=False).cast(pl.String))
        return pl.when(raw.is_finite()).then(pl.coalesce(whole, raw.cast(pl.String)))
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        return raw.cast(pl.List(pl.String)).list.join(",")
    if dtype == pl.Binary:
        return raw.map_batches(_decoded, return_dtype=pl.String)
    if dtype.is_nested() or dtype in (pl.Duration, pl.Object):
        return pl.lit(None, pl.String)
    return raw.cast(pl.String, strict=False)


def _decoded(column: pl.Series) -> pl.Series:
    """Return bytes as text, null where they are not UTF-8."""

    def text(value: bytes) -> str | None:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None

    return pl.Series(column.name, [None if value is None else text(value) for value in column], pl.String)


def _number(column: Column, dtype: pl.DataType) -> pl.Expr:
    """Return numbers; text must be a plain decimal (no thousands, no NaN, no infinity), a span of time counts as ms."""
    raw = pl.col(column.name)
    if dtype == pl.String:
        return raw.str.strip_chars().cast(pl.Float64, strict=False)
    if dtype == pl.Duration and column.unit == "ms":
        return raw.dt.total_microseconds() / 1000
    return raw.cast(pl.Float64, strict=False) if dtype.is_numeric() else pl.lit(None, pl.Float64)


def _bounded(column: Column, number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite() & number.is_between(column.low, column.high)).then(number)


def _whole(column: Column, dtype: pl.DataType) -> pl.Expr:
    raw = pl.col(column.name)
    if dtype.is_integer():
        return pl.when(raw.is_between(int(column.low or 0), int(column.high or 0))).then(raw).cast(pl.Int64)
    number = _bounded(column, _number(column, dtype))
    if column.unit == "ms":
        return (number + 0.5).floor().cast(pl.Int64)
    return pl.when(number == number.floor()).then(number).cast(pl.Int64)


def _bool(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return raw
    word = _as_text(raw, dtype).str.to_lowercase().str.strip_chars()
    return (
        pl.when(word.is_in(["true", "1", "1.0", "yes"])).then(pl.lit(value=True))
        .when(word.is_in(["false", "0", "0.0", "no"])).then(pl.lit(value=False))
    )  # fmt: skip


def _field_errors(raw: pl.DataFrame, new: pl.DataFrame, names: list[str]) -> dict[str, tuple[int, int]]:
    """Return, for each column with values that became null, how many and the first line."""
    unread = {name: lost for name in names if (lost := classify.lost(raw, new, name)) is not None}
    return {name: (int(lost.sum()), raw[LINE].filter(lost)[0]) for name, lost in unread.items()}
