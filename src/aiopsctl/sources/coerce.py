"""Raw columns of any dtype into canonical ones: one set of rules for every format.

A value that breaks its column's rule is a field error: counted, located, and null. A row that cannot be placed (no
readable time, an unknown kind) is rejected, with its line and the reason.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from aiopsctl.events import ACTIVITY_KINDS, COLUMNS, EVENTS, FEEDBACK_KINDS, Column
from aiopsctl.sources import times
from aiopsctl.sources.lines import Reject
from aiopsctl.sources.source import LINE

DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
}
EARLIEST, LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_WORDS = {
    "status": {
        "success": "ok", "succeeded": "ok", "completed": "ok", "complete": "ok", "200": "ok",
        "failure": "error", "failed": "error", "incomplete": "ok",
        "timed_out": "timeout", "timedout": "timeout", "canceled": "cancelled",
        "429": "rate_limited", "rate-limited": "rate_limited", "ratelimited": "rate_limited",
        "content_filter": "filtered", "blocked": "filtered",
    },
}  # fmt: skip
_RATINGS = {
    "up": 1.0, "thumbs_up": 1.0, "positive": 1.0, "good": 1.0, "true": 1.0, "yes": 1.0,
    "down": 0.0, "thumbs_down": 0.0, "negative": 0.0, "bad": 0.0, "false": 0.0, "no": 0.0,
}  # fmt: skip


@dataclass
class Coerced:
    """Canonical rows of a chunk, the rows that were rejected, and the values that were set to null."""

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    field_errors: dict[str, tuple[int, int]] = field(default_factory=dict)
    zoneless: int = 0


def dtype_of(column: Column) -> pl.DataType:
    """Return the Polars dtype of a canonical column."""
    return DTYPES[column.dtype]


def empty() -> pl.DataFrame:
    """Return the canonical frame without rows."""
    return pl.DataFrame(schema={name: dtype_of(column) for name, column in COLUMNS.items()})


def coerce(raw: pl.DataFrame, *, tz: str, timed: bool) -> Coerced:
    """Return canonical rows from raw ones that have canonical names, any dtypes, and the column `_line`."""
    raw = _ratings(raw.select(c for c in raw.columns if c == LINE or (c in COLUMNS and raw[c].null_count() < raw.height)))
    present = [COLUMNS[name] for name in raw.columns if name != LINE]
    new = raw.select(LINE, *(_canonical(c, raw.schema[c.name], tz).alias(c.name) for c in present))
    new = _times(raw, new, tz)
    errors = _field_errors(raw, new, [c for c in present if c.dtype != "time"])
    zoneless = int(raw.select(times.is_zoneless("ts", raw.schema["ts"]).sum()).item()) if "ts" in raw.columns else 0
    for name in ("event", "kind", "ts", "status", "http_status", "error_type"):
        if name not in new.columns:
            new = new.with_columns(pl.lit(None, dtype_of(COLUMNS[name])).alias(name))
    new = new.with_columns(_event(), _status())
    verdict = _row_fault(raw, timed=timed)
    judged = new.with_columns(raw.select(LINE, verdict.alias("_fault"))["_fault"]).with_columns(
        pl.when(pl.col("_fault") == "").then(_placed(timed=timed)).otherwise("_fault").alias("_fault")
    )
    bad = judged.filter(pl.col("_fault") != "")
    rejects = [Reject(line, fault) for line, fault in bad.select(LINE, "_fault").iter_rows()]
    rows = judged.filter(pl.col("_fault") == "") if rejects else judged
    return Coerced(rows.drop("_fault"), rejects, errors, zoneless)


def _canonical(column: Column, dtype: pl.DataType, tz: str) -> pl.Expr:
    raw = pl.col(column.name)
    if dtype == pl.Null or (dtype.is_nested() and column.dtype != "text"):
        return pl.lit(None, dtype_of(column))
    match column.dtype:
        case "text":
            return _text(column, dtype)
        case "int":
            return _whole(column, dtype)
        case "float":
            return _bounded(column, _number(raw, dtype))
        case "bool":
            return _bool(raw, dtype)
        case "time":
            return times.plain(column.name) if dtype == pl.String else times.to_utc(column.name, dtype, tz)


def _text(column: Column, dtype: pl.DataType) -> pl.Expr:
    raw = pl.col(column.name)
    if dtype.is_float():
        text = pl.when(raw == raw.floor()).then(raw.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(
            raw.cast(pl.String)
        )
    elif dtype.is_nested():
        text = pl.lit(None, pl.String) if not isinstance(dtype, pl.List) else raw.cast(pl.List(pl.String)).list.join(",")
    else:
        text = raw.cast(pl.String, strict=False)
    filled = pl.when(text != "").then(text)
    if not column.values:
        return filled if column.name in ("prompt", "output") else pl.when(~filled.str.starts_with("{")).then(filled)
    word = filled.str.to_lowercase().str.strip_chars()
    word = word.replace(_WORDS[column.name]) if column.name in _WORDS else word
    return pl.when(word.is_in(column.values)).then(word)


def _number(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return numbers; text must be a plain decimal (no thousands, no NaN, no infinity)."""
    if dtype == pl.Boolean:
        return pl.lit(None, pl.Float64)
    if dtype == pl.String:
        trimmed = raw.str.strip_chars()
        plain = trimmed.str.contains(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")
        return pl.when(plain).then(trimmed).cast(pl.Float64, strict=False)
    return raw.cast(pl.Float64, strict=False)


def _bounded(column: Column, number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite() & number.is_between(column.low, column.high)).then(number)


def _whole(column: Column, dtype: pl.DataType) -> pl.Expr:
    raw = pl.col(column.name)
    if dtype.is_integer():
        return pl.when(raw.is_between(int(column.low or 0), int(column.high or 0))).then(raw).cast(pl.Int64)
    number = _bounded(column, _number(raw, dtype))
    if column.unit == "ms":
        return (number + 0.5).floor().cast(pl.Int64)
    return pl.when(number == number.floor()).then(number).cast(pl.Int64)


def _bool(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return raw
    word = raw.cast(pl.String, strict=False).str.to_lowercase()
    return pl.when(word.is_in(["true", "1"])).then(pl.lit(value=True)).when(word.is_in(["false", "0"])).then(
        pl.lit(value=False)
    )


def _ratings(raw: pl.DataFrame) -> pl.DataFrame:
    """Give words for ratings (`up`, `false`) their number, and -1 of a thumb the number 0."""
    if "value" not in raw.columns or "kind" not in raw.columns:
        return raw
    thumb = pl.col("kind").cast(pl.String).str.to_lowercase() == "thumb"
    dtype = raw.schema["value"]
    if dtype == pl.Boolean:
        return raw.with_columns(pl.col("value").cast(pl.Float64))
    if dtype == pl.String:
        word = pl.col("value").str.to_lowercase().str.strip_chars()
        text = {word: str(number) for word, number in _RATINGS.items()} | {"-1": "0", "-1.0": "0"}
        return raw.with_columns(pl.when(thumb).then(word.replace(text)).otherwise(pl.col("value")).alias("value"))
    if dtype.is_numeric():
        return raw.with_columns(pl.when(thumb & (pl.col("value") == -1)).then(0.0).otherwise("value").alias("value"))
    return raw


def _times(raw: pl.DataFrame, new: pl.DataFrame, tz: str) -> pl.DataFrame:
    """Take the whole ladder of spellings where the fast path left a time unread."""
    if "ts" not in raw.columns or raw.schema["ts"] != pl.String or not new["ts"].null_count():
        return new
    return new.with_columns(raw.select(times.to_utc("ts", pl.String(), tz).alias("ts")).to_series())


def _field_errors(raw: pl.DataFrame, new: pl.DataFrame, columns: list[Column]) -> dict[str, tuple[int, int]]:
    """Return, for each column with values that became null, how many and the first line."""
    bad = [
        (_given(column.name, raw.schema[column.name]) & new[column.name].is_null()).alias(column.name)
        for column in columns
    ]
    masks = raw.select(LINE, *bad)
    counts = masks.select(pl.col(column.name).sum() for column in columns).row(0) if columns else ()
    return {
        column.name: (count, masks.filter(column.name)[LINE][0])
        for column, count in zip(columns, counts, strict=True)
        if count and column.name not in ("event", "kind")
    }


def _given(name: str, dtype: pl.DataType) -> pl.Expr:
    given = pl.col(name).is_not_null()
    return given & (pl.col(name).str.strip_chars() != "") if dtype == pl.String else given


def _event() -> pl.Expr:
    kind = pl.col("kind")
    derived = (
        pl.when(kind.is_in(ACTIVITY_KINDS)).then(pl.lit("activity"))
        .when(kind.is_in(FEEDBACK_KINDS)).then(pl.lit("feedback"))
        .otherwise(pl.lit("call"))
    )  # fmt: skip
    return pl.coalesce(pl.col("event"), derived).alias("event")


def _status() -> pl.Expr:
    """Tell how a call ended from its HTTP status or error where it does not say so itself."""
    code, error = pl.col("http_status"), pl.col("error_type").str.to_lowercase()
    from_code = (
        pl.when(code == 429).then(pl.lit("rate_limited"))
        .when(code.is_in([408, 504])).then(pl.lit("timeout"))
        .when(code == 499).then(pl.lit("cancelled"))
        .when(code >= 400).then(pl.lit("error"))
        .when(code.is_between(200, 299)).then(pl.lit("ok"))
    )  # fmt: skip
    from_error = (
        pl.when(error.str.contains("rate.?limit|429")).then(pl.lit("rate_limited"))
        .when(error.str.contains("time.?d?.?out|deadline")).then(pl.lit("timeout"))
        .when(error.is_not_null()).then(pl.lit("error"))
    )  # fmt: skip
    return pl.coalesce(pl.col("status"), from_code, from_error).alias("status")


def _row_fault(raw: pl.DataFrame, *, timed: bool) -> pl.Expr:
    """Return why a raw row can be no event, or an empty string."""
    fault = pl.when(pl.lit(value=False)).then(pl.lit(""))
    for name, known in (("event", EVENTS), ("kind", FEEDBACK_KINDS + ACTIVITY_KINDS)):
        if name in raw.columns:
            word = pl.col(name).cast(pl.String).str.to_lowercase().str.strip_chars()
            fault = fault.when((word != "") & ~word.is_in(known)).then(pl.lit(f"unknown_{name}"))
    if timed and "ts" in raw.columns:
        fault = fault.when(~_given("ts", raw.schema["ts"])).then(pl.lit("no_time"))
    elif timed:
        fault = fault.when(pl.lit(value=True)).then(pl.lit("no_time"))
    return fault.otherwise(pl.lit(""))


def _placed(*, timed: bool) -> pl.Expr:
    """Return why a canonical row has no place in time, or an empty string."""
    ts = pl.col("ts")
    unread = ts.is_null() & pl.lit(timed)
    return (
        pl.when(unread).then(pl.lit("bad_time"))
        .when((ts < EARLIEST) | (ts >= LATEST)).then(pl.lit("implausible_time"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
