"""Times as logs write them: RFC 3339, zone-less ISO 8601, dates, and epoch numbers in s, ms, us or ns.

Nothing else is guessed: 01/10/2026 is no time. Epoch units follow from the magnitude: ten digits are seconds, thirteen
milliseconds, sixteen microseconds, nineteen nanoseconds.
"""

import re
from collections.abc import Callable

import polars as pl

_US = pl.Datetime("us")
_UTC = pl.Datetime("us", "UTC")
_EPOCHS = ((1e8, 1e10, 1e6), (1e11, 1e13, 1e3), (1e14, 1e16, 1.0), (1e17, 1e19, 1e-3))
_NUMBER = r"^\d{9,19}(\.\d+)?$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_ZONED = r"(?i)(z|utc|gmt|:\d{2}([.,]\d+)? *[+\-\u2212]\d{2}(:?\d{2})?)$"
_SECOND = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_FRACTIONS = {0: "", 4: "[.][0-9]{3}", 7: "[.][0-9]{6}"}
_IN_UTC = re.compile(rf"{_SECOND}(|[.][0-9]{{3}}|[.][0-9]{{6}})(?:Z|[+]00:00)$")


def read(raw: pl.Series, tz: str) -> tuple[pl.Series, int | None]:
    """Return values as microseconds in UTC, null where one is no time, and the place of the first without a zone.

    Such times are read in `tz`.
    """
    dtype = raw.dtype
    if dtype == pl.String:
        return _from_text(raw, tz)
    zoneless = dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None)
    found = raw.to_frame().select(to_utc(raw.name, dtype, tz)).to_series()
    return found, found.is_not_null().arg_max() if zoneless else None


def to_utc(column: str, dtype: pl.DataType, tz: str) -> pl.Expr:
    """Return a column as microseconds in UTC; null where it is no time. Zone-less times are read in `tz`."""
    raw = pl.col(column)
    if dtype == pl.String:
        return raw.map_batches(lambda text: _from_text(text, tz)[0], return_dtype=_UTC, is_elementwise=True)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return raw.dt.convert_time_zone("UTC").cast(_UTC)
    if isinstance(dtype, (pl.Datetime, pl.Date)):
        return _localised(raw.cast(_US), tz)
    if dtype.is_numeric():
        return _epoch(raw.cast(pl.Float64) if dtype.is_decimal() else raw)
    return pl.when(pl.lit(value=False)).then(raw.is_null()).cast(_UTC).alias(column)


def _from_text(raw: pl.Series, tz: str) -> tuple[pl.Series, int | None]:
    """Read RFC 3339 at once, and then what is left by its spelling."""
    found = _alike(raw)
    if found is None:
        found = raw.to_frame().select(_stamped(pl.col(raw.name))).to_series()
    if found.null_count() == raw.null_count():
        return found, None
    left = pl.DataFrame({"at": (found.is_null() & raw.is_not_null()).arg_true()})
    left = left.with_columns(text=raw.gather(left["at"]).str.strip_chars()).with_columns(_spelling())
    zoneless: list[int] = []
    for (spelling,), rows in left.partition_by("spelling", as_dict=True).items():
        read = rows.select("at", time=_SPELLINGS[spelling](pl.col("text"), tz)).drop_nulls()
        found = found.scatter(read["at"], read["time"])
        if spelling in ("day", "local"):
            zoneless.extend(read["at"].head(1))
    return found, min(zoneless, default=None)


def _alike(raw: pl.Series) -> pl.Series | None:
    """Return times that are all in UTC and written as the first of them, None where one is not: Polars is fastest so."""
    first = _IN_UTC.match(raw[0] or "") if raw.len() else None
    if first is None or not raw.str.contains(f"^{_SECOND}{_FRACTIONS[len(first[1])]}(Z|[+]00:00)$").all(
        ignore_nulls=False
    ):
        return None
    digits = len(first[1])
    written = "%Y-%m-%dT%H:%M:%S" + (f".%{digits - 1}f" if digits else "")
    stamps = raw.str.head(19 + digits).str.to_datetime(written, strict=False, time_unit="us", cache=False)
    return None if stamps.null_count() else stamps.dt.replace_time_zone("UTC")


def _spelling() -> pl.Expr:
    text = pl.col("text")
    return (
        pl.when(text.str.contains(_NUMBER)).then(pl.lit("number"))
        .when(text.str.contains(_DAY)).then(pl.lit("day"))
        .when(text.str.contains(_ZONED)).then(pl.lit("zoned"))
        .otherwise(pl.lit("local"))
    ).alias("spelling")  # fmt: skip


def _zoned(text: pl.Expr, _: str) -> pl.Expr:
    """Read an instant whose zone is UTC or GMT by name, or an offset of hours alone, and one without seconds."""
    text = _plain_seconds(text.str.replace(r"(?i) *(utc|gmt)$", "Z"))
    text = text.str.replace(r"(:\d{2}(?:\.\d+)?) *([+\-\u2212]\d{2})$", "$1$2:00")
    return _stamped(text.str.replace(r"(?i)([T ]\d{2}:\d{2})(z|[+\-\u2212]\d{2}:?\d{2})$", "$1:00$2"))


def _local(text: pl.Expr, tz: str) -> pl.Expr:
    text = _plain_seconds(text).str.replace(r"([T ]\d{2}:\d{2})$", "$1:00")
    return _localised(_stamped(text + "Z").dt.replace_time_zone(None), tz)


def _plain_seconds(text: pl.Expr) -> pl.Expr:
    """Write the comma of `12:00:00,123` as a point."""
    return text.str.replace(r"(:\d{2}),(\d+)", "$1.$2")


def _day(text: pl.Expr, tz: str) -> pl.Expr:
    return _localised(text.str.to_date("%Y-%m-%d", strict=False).cast(_US), tz)


def _number(text: pl.Expr, _: str) -> pl.Expr:
    whole = text.cast(pl.Int64, strict=False)
    return pl.coalesce(_epoch(whole), pl.when(whole.is_null()).then(_epoch(text.cast(pl.Float64, strict=False))))


_SPELLINGS: dict[object, Callable[[pl.Expr, str], pl.Expr]] = {
    "number": _number, "day": _day, "zoned": _zoned, "local": _local,
}  # fmt: skip


def _stamped(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")


def _epoch(number: pl.Expr) -> pl.Expr:
    found = pl.lit(None, pl.Int64)
    for low, high, to_us in _EPOCHS:
        scaled = number // round(1 / to_us) if to_us < 1 else (number * to_us).round()
        inside = (number >= low) & (number < high)
        found = pl.when(inside).then(scaled.cast(pl.Int64, strict=False)).otherwise(found)
    return found.cast(_US).dt.replace_time_zone("UTC")


def _localised(naive: pl.Expr, tz: str) -> pl.Expr:
    """Give zone-less times the zone: in a gap of daylight saving there is none, in a fold the earlier is taken."""
    local = naive.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")
