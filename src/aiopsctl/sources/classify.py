"""What a canonical row is (call, feedback, activity), how a call ended, and why a row can be no event at all."""

from collections.abc import Container
from datetime import UTC, datetime

import polars as pl

from aiopsctl.events import ACTIVITY_KINDS
from aiopsctl.sources.source import LINE

EARLIEST, LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def event(present: Container[str]) -> pl.Expr:
    """Return what the row is: as it says, else by its kind, else a call."""
    if "kind" not in present:
        derived = pl.lit("call")
    else:
        derived = (
            pl.when(pl.col("kind").is_in(ACTIVITY_KINDS)).then(pl.lit("activity"))
            .when(pl.col("kind").is_not_null()).then(pl.lit("feedback"))
            .otherwise(pl.lit("call"))
        )  # fmt: skip
    return (pl.coalesce(pl.col("event"), derived) if "event" in present else derived).alias("event")


def status(present: Container[str]) -> pl.Expr:
    """Return how a call ended: as it says, else by its HTTP status or its error, bad news first; null where none tells."""
    options = [pl.col("status")] if "status" in present else []
    code, error = pl.col("http_status"), pl.col("error_type").str.to_lowercase()
    if "http_status" in present:
        options.append(
            pl.when(code == 429).then(pl.lit("rate_limited"))
            .when(code.is_in([408, 504])).then(pl.lit("timeout"))
            .when(code == 499).then(pl.lit("cancelled"))
            .when(code >= 400).then(pl.lit("error"))
        )  # fmt: skip
    if "error_type" in present:
        options.append(
            pl.when(error.str.contains("rate.?limit|429")).then(pl.lit("rate_limited"))
            .when(error.str.contains("time.?d?.?out|deadline")).then(pl.lit("timeout"))
            .when(error.is_not_null()).then(pl.lit("error"))
        )  # fmt: skip
    if "http_status" in present:
        options.append(pl.when(code.is_between(200, 299)).then(pl.lit("ok")))
    return (pl.coalesce(options) if options else pl.lit(None, pl.String)).alias("status")


def lost(raw: pl.DataFrame, new: pl.DataFrame, name: str) -> pl.Series | None:
    """Return which rows said something in a column that could not be read, None where all could."""
    if new[name].null_count() == raw[name].null_count():
        return None
    unread = given(raw, name) & new[name].is_null()
    return unread if unread.any() else None


def given(raw: pl.DataFrame, name: str) -> pl.Series:
    """Return which rows say something in a column."""
    said = raw[name].is_not_null()
    return said & (raw[name].str.strip_chars() != "") if raw[name].dtype == pl.String else said


def faults(raw: pl.DataFrame, new: pl.DataFrame, *, timed: bool) -> list[tuple[pl.Series, str]]:
    """Return which rows can be no event, and why: an unknown word, no place in time, or nothing said at all."""
    words = [(lost(raw, new, name), f"unknown_{name}") for name in ("event", "kind") if name in raw.columns]
    found = [(rows, reason) for rows, reason in words if rows is not None]
    ts = new["ts"]
    if not timed:
        found.append((~_says_something(raw), "empty"))
    elif ts.null_count():
        said = given(raw, "ts") if "ts" in raw.columns else pl.repeat(value=False, n=raw.height, eager=True)
        found += [(~said, "no_time"), (said & ts.is_null(), "bad_time")]
    found.append(((ts < EARLIEST) | (ts >= LATEST), "implausible_time"))
    return [(rows, reason) for rows, reason in found if rows.any()]


def _says_something(raw: pl.DataFrame) -> pl.Series:
    """Return which rows have any value but their line."""
    columns = raw.drop(LINE)
    if not columns.width:
        return pl.repeat(value=False, n=raw.height, eager=True)
    return columns.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
