"""Times as logs write them: RFC 3339, zone-less ISO 8601, dates, and epoch numbers in s, ms, us or ns.

Nothing else is guessed: 01/10/2026 is no time. Epoch units follow from the magnitude: ten digits are seconds, thirteen
milliseconds, sixteen microseconds, nineteen nanoseconds.
"""

import polars as pl

_US = pl.Datetime("us")
_UTC = pl.Datetime("us", "UTC")
_EPOCHS = ((1e8, 1e10, 1e6), (1e11, 1e13, 1e3), (1e14, 1e16, 1.0), (1e17, 1e19, 1e-3))
_NUMBER = r"^\d{9,19}(\.\d+)?$"


def to_utc(column: str, dtype: pl.DataType, tz: str) -> pl.Expr:
    """Return the column as microseconds in UTC; null where it is no time. Zone-less times are read in `tz`."""
    raw = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return raw.dt.convert_time_zone("UTC").cast(_UTC) if dtype.time_zone else _localise(raw.cast(_US), tz)
    if dtype == pl.Date:
        return _localise(raw.cast(_US), tz)
    if dtype.is_numeric():
        return _epoch(raw)
    return _from_text(raw, tz) if dtype == pl.String else pl.lit(None, _UTC)


def is_zoneless(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return whether a value is a time without a zone."""
    raw = pl.col(column)
    if dtype == pl.String:
        named = raw.str.contains(r"(?i)(z|utc|gmt|[+\-\u2212]\d{2}:?\d{2})\s*$")
        return raw.is_not_null() & ~named & ~raw.str.contains(_NUMBER)
    return raw.is_not_null() & pl.lit(dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None))


def plain(column: str) -> pl.Expr:
    """Return text in RFC 3339 as UTC, null for every other spelling: the fast path."""
    return pl.col(column).str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")


def _from_text(raw: pl.Expr, tz: str) -> pl.Expr:
    text = (
        raw.str.strip_chars()
        .str.replace(r"^(\d{4}-\d{2}-\d{2}) +", "${1}T")
        .str.replace(r"(?i) *(utc|gmt)$", "Z")
        .str.replace(r"([+-]\d{2})(\d{2})$", "$1:$2")
    )
    stamped = text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")
    naive = [
        _localise(text.str.to_datetime(form, strict=False, time_unit="us"), tz)
        for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
    ]
    day = _localise(text.str.to_date("%Y-%m-%d", strict=False).cast(_US), tz)
    number = pl.when(text.str.contains(_NUMBER)).then(text)
    return pl.coalesce(stamped, *naive, day, _epoch_text(number))


def _epoch_text(number: pl.Expr) -> pl.Expr:
    whole = number.cast(pl.Int64, strict=False)
    return pl.when(whole.is_not_null()).then(_epoch(whole)).otherwise(_epoch(number.cast(pl.Float64, strict=False)))


def _epoch(number: pl.Expr) -> pl.Expr:
    found = pl.lit(None, pl.Int64)
    for low, high, to_us in _EPOCHS:
        scaled = number // round(1 / to_us) if to_us < 1 else (number * to_us).round()
        inside = (number >= low) & (number < high)
        found = pl.when(inside).then(scaled.cast(pl.Int64, strict=False)).otherwise(found)
    return found.cast(_US).dt.replace_time_zone("UTC")


def _localise(naive: pl.Expr, tz: str) -> pl.Expr:
    """Give zone-less times the zone: in a gap of daylight saving there is none, in a fold the earlier is taken."""
    local = naive.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")
