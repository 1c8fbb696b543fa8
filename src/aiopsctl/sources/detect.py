"""What a file is, by its content: its container, the names in it, and the format that claims it."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.sources import chunks, documents, files, tables
from aiopsctl.sources.files import Input
from aiopsctl.sources.source import Head, Source
from aiopsctl.sources.surrogates import without_lone_surrogates

_HEAD_BYTES = 256 << 10
_HEAD_RECORDS = 1000
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")
_TIME = re.compile(r"(?i)time|date|created|(^|_)(ts|at)$")
_EXPECTED = "expected one JSON object per line, a JSON array, CSV with a header, or Parquet"


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
    """Return the head of a file, or None for one that holds nothing.

    Raises `UsageError` for a file that is none of JSONL, JSON, CSV and Parquet.
    """
    if files.is_parquet(each):
        return Head("parquet", frozenset(tables.parquet_columns(each)))
    start = _beginning(each)
    if start.startswith(_UTF_16):
        raise UsageError(f"{each.shown} is UTF-16", help=f"iconv -f UTF-16 -t UTF-8 {each.shown} > utf8.jsonl")
    text, _ = without_lone_surrogates(start.removeprefix(_BOM).lstrip())
    if not text:
        return None
    if documents.separated(text):
        return _separated_head(each)
    records = list(_records(text))
    if not records and b"\r" in text.rstrip() and b"\n" not in text.rstrip():
        raise UsageError(
            f"{each.shown} ends its lines with CR alone", help=f"tr '\\r' '\\n' < {each.shown} > lines.jsonl"
        )
    document = _document_head(each, text, records) if text.startswith((b"[", b"{")) else None
    if document:
        return document
    if records:
        return Head("jsonl", _names(records), tuple(records))
    return _csv_head(each, text)


def _beginning(each: Input) -> bytes:
    """Return the first bytes of a file; where they hold no whole object, as many lines as are parsed at once."""
    with files.open_bytes(each) as stream:
        start, broken = chunks.read_block(stream, _HEAD_BYTES)
    if broken:
        raise files.damaged(each, broken)
    text = start.removeprefix(_BOM).lstrip()
    if len(start) < _HEAD_BYTES or text.startswith(b"[") or (text and b"{" not in text) or any(_records(text)):
        return start
    with files.open_bytes(each) as stream:
        return next((chunk.data for chunk in chunks.chunks(stream) if chunk.data.strip()), start)


def _records(text: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects among the first lines."""
    for line in text.split(b"\n"):
        try:
            value = msgspec.json.decode(line.strip().removeprefix(_BOM))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(value, dict) and value:
            yield value


def _names(records: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset().union(*records)


def _document_head(each: Input, text: bytes, records: Sequence[Mapping[str, Any]]) -> Head | None:
    """Return the head of a file that is one JSON document, or None where it is lines."""
    if text.startswith(b"["):
        if records and documents.is_whole(text.split(b"\n", 1)[0]):
            return None
        found = documents.first_of_array(text)
        if found:
            return Head("json", _names(found), tuple(found))
    elif records and not text.split(b"\n", 1)[0].rstrip().endswith((b"{", b"[", b",")):
        return _wrapped_head(records[0]) if len(records) == 1 and len(text) < _HEAD_BYTES else None
    try:
        found = documents.objects(documents.records(each)[:_HEAD_RECORDS])
    except UsageError:
        if records:
            return None
        raise
    if not found:
        raise UsageError(f"{each.shown} holds JSON, but no objects in it", help="one object per call is expected")
    wrapped = _wrapped_head(found[0]) if text.startswith(b"{") else None
    return wrapped or Head("json", _names(found), tuple(found))


def _separated_head(each: Input) -> Head:
    """Return the head of records with lines between them."""
    found = documents.objects(documents.records(each)[:_HEAD_RECORDS])
    if not found:
        raise UsageError(f"{each.shown} has separators, but no JSON object between them", help=_EXPECTED)
    return Head("json", _names(found), tuple(found))


def _wrapped_head(record: Mapping[str, Any]) -> Head | None:
    """Return the head of the records that a record wraps, None where it wraps none or is itself what a format reads."""
    inside = documents.wrapper(record)
    if not inside or claimed(Head("json", frozenset(record), (record,))):
        return None
    found = [value for value in record[inside][:_HEAD_RECORDS] if isinstance(value, dict)]
    return Head("json", _names(found), tuple(found), inside)


def _csv_head(each: Input, text: bytes) -> Head:
    try:
        first = text.split(b"\n", 1)[0].decode().strip()
        _, names = tables.header(first)
    except (UnicodeDecodeError, csv.Error):
        first, names = "", []
    if len(list(filter(None, names))) < 2 or not first.replace("\t", " ").isprintable():
        raise UsageError(f"{each.shown} is not a log that can be read", help=_EXPECTED)
    return Head("csv", frozenset(names))


def claimed(head: Head) -> Source | None:
    """Return the format that claims a file by its head."""
    return next((source for source in sources().values() if source.detects(head)), None)


def unclaimed(each: Input, head: Head) -> UsageError:
    """Return the error that names the columns of a file that no format claims."""
    names = sorted(filter(None, head.names))
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    time = next(filter(_TIME.search, names), names[0] if names else "TIME")
    return UsageError(
        f"cannot tell the format of {each.shown}; its columns are: {shown}",
        help=f"map them, for example: --map ts={time} (aiopsctl explain lists the canonical columns)",
    )
