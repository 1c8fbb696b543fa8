"""Helps to read exports of services: flat records, whose maps are JSON text in one container and nested in another.

Times without a zone are UTC in all of them. Maps are read by their names alone: their values may be anything.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from aiopsctl.sources import times
from aiopsctl.sources.source import LINE, first_of

_LOCAL = r"^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$"
_NUMBER = r"-?\d[\d.]*(?:[eE][+-]?\d+)?"


def names(*tables: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return every name in tables of spellings once."""
    return list(dict.fromkeys(name for table in tables for names in table.values() for name in names))


def said(rows: pl.DataFrame, table: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Return what rows say under any of its spellings, the best first, by a table of them."""
    return rows.select(LINE, *(first_of(*map(pl.col, names)).alias(own) for own, names in table.items()))


def flat(raw: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return columns as text, whatever the container made of them: null where one is absent or empty."""
    found = (_text(name, raw.schema.get(name)) for name in names)
    return raw.select(LINE, *(pl.when(text != "").then(text).alias(name) for name, text in found))


def _text(name: str, dtype: pl.DataType | None) -> tuple[str, pl.Expr]:
    value = pl.col(name)
    if dtype is None:
        return name, pl.lit(None, pl.String)
    if isinstance(dtype, pl.Datetime):
        instant = value.dt.convert_time_zone("UTC") if dtype.time_zone else value
        return name, instant.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    if isinstance(dtype, pl.Map):
        return name, _map(value)
    if isinstance(dtype, pl.List):
        return name, value.cast(pl.List(pl.String)).list.join(",")
    return name, value.struct.json_encode() if isinstance(dtype, pl.Struct) else value.cast(pl.String, strict=False)


def _map(value: pl.Expr) -> pl.Expr:
    """Return a map of Parquet as the text of a JSON object."""
    pair = pl.format('"{}":{}', pl.element().struct.field("key"), pl.element().struct.field("value"))
    return pl.lit("{") + value.map.entries().list.eval(pair).list.join(",") + pl.lit("}")


def utc(time: pl.Expr) -> pl.Expr:
    """Return a time as text, with the zone UTC where it names none."""
    return time.str.replace(_LOCAL, "${1}T${2}Z")


def milliseconds(start: str, end: str) -> pl.Expr:
    """Return the milliseconds between the times of two columns; null where they are no times or in the wrong order."""
    first, last = (times.to_utc(name, pl.String(), "UTC") for name in (start, end))
    return pl.when(last >= first).then((last - first).dt.total_microseconds() / 1e3)


def number(said: pl.Expr) -> pl.Expr:
    """Return text as a number, null where it is none."""
    return said.str.strip_chars().cast(pl.Float64, strict=False)


def sums_in(maps: pl.Series, patterns: Mapping[str, str]) -> pl.DataFrame:
    """Return the sums of each map's numbers whose names match a pattern, a column each; null where no name does."""
    pair = pl.col("pair")
    index = maps.alias("pair").to_frame().with_row_index("_at")
    pairs = index.with_columns(pair.str.extract_all(rf'"[^"]*"\s*:\s*{_NUMBER}')).explode("pair").drop_nulls("pair")
    numbers = pairs.select(
        "_at", name=pair.str.extract(r'^"([^"]*)"'), number=number(pair.str.extract(rf":\s*({_NUMBER})$"))
    )
    chosen = numbers.select(
        "_at",
        *(
            pl.when(pl.col("name").str.contains(f"^(?:{names})$")).then("number").alias(own)
            for own, names in patterns.items()
        ),
    )
    sums = chosen.group_by("_at").agg(pl.when(pl.col(own).count() > 0).then(pl.col(own).sum()) for own in patterns)
    return index.select("_at").join(sums, on="_at", how="left", maintain_order="left").drop("_at")


def number_in(found: pl.Expr, *names: str) -> pl.Expr:
    """Return the first number that stands under one of the names, the best name first."""
    return first_of(*(number(found.str.extract(rf'"{name}"\s*:\s*"?({_NUMBER})')) for name in names))


def text_in(found: pl.Expr, *names: str) -> pl.Expr:
    """Return the first text that stands under one of the names (patterns), the best name first."""
    values = (found.str.extract(rf'"(?:{name})"\s*:\s*"([^"\\]+)"') for name in names)
    return first_of(*values)


def whole_input(said: pl.Expr, read: pl.Expr, written: pl.Expr, *, apart: pl.Expr | None = None) -> pl.Expr:
    """Return all input tokens: what was said, and the cached ones where they stand apart, or are more than the whole."""
    cached = pl.sum_horizontal(read, written)
    outside = (said < cached) if apart is None else (said < cached) | apart.fill_null(value=False)
    return pl.when(outside).then(said + cached).otherwise(said)


def versioned(name: pl.Expr, version: pl.Expr) -> pl.Expr:
    """Return a prompt's name and version as one text, of which either may be missing."""
    return pl.concat_str([name, version], separator="@", ignore_nulls=True).replace("", None)
