"""What a file is, by its content: its container, the names in it, and the format that claims it."""

import csv
from collections.abc import Mapping
from functools import cache
from io import StringIO
from typing import Any

import msgspec
import polars as pl

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.source import Container, Head, Source

_HEAD_BYTES = 256 << 10
_HEAD_RECORDS = 50
_BOM = b"\xef\xbb\xbf"


@cache
def sources() -> dict[str, Source]:
    """Return every declared log format by name, in the order in which they are asked."""
    found = catalog.declared("aiopsctl.sources", Source)
    return {source.name: source for source in sorted(found, key=lambda s: (s.rank, s.name))}


def source_named(name: str) -> Source:
    """Return a format by its name, or raise `UsageError` with the nearest one."""
    if name not in sources():
        raise UsageError(f"unknown format '{name}'", help=nearest(name, tuple(sources())) or ", ".join(sources()))
    return sources()[name]


def head_of(each: Input) -> Head | None:
    """Return the head of a file, or None for an empty one.

    Raises `UsageError` for a file that is none of JSONL, JSON, CSV and Parquet.
    """
    if each.path != "-" and files.is_parquet(files.magic(each.path)):
        return Head("parquet", frozenset(parquet_columns(each)))
    with files.open_bytes(each) as stream:
        start = _beginning(stream)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{each.shown} is UTF-16", help=f"iconv -f UTF-16 -t UTF-8 {each.shown} > utf8.jsonl")
    text = start.removeprefix(_BOM).lstrip()
    if not text:
        return None
    if text.startswith(b"["):
        return _json_head(each, "json")
    records = _records(text)
    if records:
        return Head("jsonl", _names(records), tuple(records))
    if text.startswith(b"{"):
        return _json_head(each, "json")
    return _csv_head(each, text)


def _beginning(stream: Any) -> bytes:
    """Return the first bytes, at least one whole line where that fits in the longest line that is read."""
    start = b""
    try:
        while len(start) < _HEAD_BYTES or (b"\n" not in start and len(start) < 64 * _HEAD_BYTES):
            block = stream.read(_HEAD_BYTES)
            if not block:
                break
            start += block
    except (EOFError, OSError):
        pass
    return start


def _records(text: bytes) -> list[Mapping[str, Any]]:
    """Return the JSON objects among the first lines."""
    found = []
    for line in text.split(b"\n")[:_HEAD_RECORDS]:
        try:
            value = msgspec.json.decode(line.strip().removeprefix(_BOM))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(value, dict) and value:
            found.append(value)
    return found


def _names(records: list[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(name) for record in records for name in record)


def _json_head(each: Input, container: Container) -> Head:
    records = []
    for raw in json_elements(each)[:_HEAD_RECORDS]:
        value = msgspec.json.decode(raw)
        if isinstance(value, dict) and value:
            records.append(value)
    if not records:
        raise UsageError(f"{each.shown} holds JSON, but no objects in it", help="one object per call is expected")
    return Head(container, _names(records), tuple(records))


def json_elements(each: Input) -> list[bytes]:
    """Return the elements of a JSON array, or the one object of a JSON file, each as its own bytes on one line."""
    with files.open_bytes(each) as stream:
        data = stream.read().removeprefix(_BOM).strip()
    kind: Any = list[msgspec.Raw] if data.startswith(b"[") else msgspec.Raw
    try:
        decoded = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            f"{each.shown} is neither JSON nor JSON lines: {error}",
            help="expected one JSON object per line, a JSON array, CSV or Parquet",
        ) from None
    elements = decoded if isinstance(decoded, list) else [decoded]
    return [bytes(raw).replace(b"\n", b" ").replace(b"\r", b" ") for raw in elements]


def _csv_head(each: Input, text: bytes) -> Head:
    try:
        first = text.split(b"\n", 1)[0].decode().strip()
    except UnicodeDecodeError:
        first = ""
    names = next(csv.reader(StringIO(first)), [])
    if len(names) < 2 or not first.isprintable():  # noqa: PLR2004 - one column is no table of calls
        raise UsageError(
            f"{each.shown} is not a log that can be read",
            help="expected one JSON object per line, a JSON array, CSV with a header, or Parquet",
        )
    return Head("csv", frozenset(names))


def parquet_columns(each: Input) -> list[str]:
    """Return the column names of a Parquet file, or raise `UsageError` where it is damaged."""
    try:
        with open(each.path, "rb") as file:
            return list(pl.read_parquet_schema(file))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise UsageError(f"{each.shown} is a damaged Parquet file") from None


def detect(each: Input, head: Head, *, mapped: bool) -> Source:
    """Return the format of a file; one that only a column map makes readable counts as native.

    Raises `UsageError` that names the columns where no format claims the file.
    """
    for source in sources().values():
        if source.detects(head):
            return source
    if mapped:
        return sources()["native"]
    names = sorted(head.names)
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")  # noqa: PLR2004 - a line's worth
    raise UsageError(
        f"cannot tell the format of {each.shown}; its columns are: {shown}",
        help=f"map them, for example: --map ts={names[0]} (aiopsctl explain lists the canonical columns)",
    )
