"""Reads records through a log format as a file would be read: parsed as JSON lines, turned into events, coerced."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import polars as pl

from aiopsctl.sources.chunks import chunks
from aiopsctl.sources.coerce import coerce
from aiopsctl.sources.lines import parse
from aiopsctl.sources.source import Head, Source


def read(source: Source, *records: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the canonical rows of records, each without its nulls; no record and no value may be refused."""
    coerced = coerce(_found(source, records).remove("_other"), tz="UTC", timed=source.timed)
    assert (coerced.rejects, coerced.field_errors) == ([], {})
    return [{name: value for name, value in row.items() if value is not None} for row in coerced.rows.to_dicts()]


def others(source: Source, *records: Mapping[str, Any]) -> list[int]:
    """Return the lines of the records that are passed over, once for each record (a span, where a line has many)."""
    return _found(source, records).filter("_other")["_line"].to_list()


def refused(source: Source, *records: Mapping[str, Any]) -> list[str]:
    """Return the columns in which a value was not believed."""
    return list(coerce(_found(source, records).remove("_other"), tz="UTC", timed=source.timed).field_errors)


def head(*records: Mapping[str, Any]) -> Head:
    """Return the head of a JSONL file of the records."""
    return Head("jsonl", frozenset(name for record in records for name in record), tuple(records))


def pick(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return some columns of a row; one that is null is left out."""
    return {name: row[name] for name in names if name in row}


def _found(source: Source, records: tuple[Mapping[str, Any], ...]) -> pl.DataFrame:
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    parsed = [parse(chunk, source.schema) for chunk in chunks(BytesIO(lines))]
    assert [reject for each in parsed for reject in each.rejects] == []
    return pl.concat([source.events(each.rows) for each in parsed])
