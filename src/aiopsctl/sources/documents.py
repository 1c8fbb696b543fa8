"""Logs that are one document: an array of records, one record over several lines, or records under a key.

There is one more for people to read: records over several lines, behind remarks (`#`) and between lines such as
`===== record 0001 =====`. The whole is no JSON, each record is.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aiopsctl.errors import UsageError
from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.surrogates import without_lone_surrogates

_BOM = b"\xef\xbb\xbf"
_SEPARATOR = re.compile(rb"^=+ record \d+ =+\s*?$", re.MULTILINE)
"""A line between records. No record has such a line: a line break within its texts is escaped."""

_BETWEEN = re.compile(r"[ \t\r\n,]*")
_WRAPPERS = ("data", "records", "rows", "items", "results", "events", "logs", "calls", "observations")
"""Keys under which exports and answers of APIs keep their records."""


def separated(text: bytes) -> bool:
    """Return whether a text, or its beginning, is of records with lines between them."""
    return text.startswith((b"#", b"=")) and _SEPARATOR.search(text) is not None


def records(each: Input, inside: str = "") -> list[bytes]:
    """Return the elements of an array, of the array under the key `inside`, or the one object; each on one line.

    Records with lines between them are returned as they are. Raises `UsageError` where the file is no JSON otherwise.
    """
    written = files.whole(each).removeprefix(_BOM).strip()
    if separated(written):
        return [_on_one_line(record) for record in _SEPARATOR.split(written)[1:]]
    whole, halves = without_lone_surrogates(written)
    data = whole
    try:
        if inside:
            data = bytes(msgspec.json.decode(data, type=dict[str, msgspec.Raw])[inside])
        found = msgspec.json.decode(data, type=list[msgspec.Raw]) if data.startswith(b"[") else [msgspec.Raw(data)]
        msgspec.json.decode(found[0] if found else b"0")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{each.shown} is neither JSON nor JSON lines: {error}",
            help="expected one JSON object per line (jq -c . writes it), a JSON array, CSV or Parquet",
        ) from None
    texts = [bytes(raw) for raw in found]
    return [_on_one_line(text) for text in (_as_written(texts, whole, written) if halves else texts)]


def _as_written(found: Iterable[bytes], whole: bytes, written: bytes) -> Iterator[bytes]:
    """Yield records as they were written: what stands for half a character is as long as it, and is counted later."""
    at = 0
    for text in found:
        at = whole.index(text, at)
        yield written[at : at + len(text)]
        at += len(text)


def _on_one_line(record: bytes) -> bytes:
    return record.replace(b"\n", b" ").replace(b"\r", b" ")


def objects(raw: Iterable[bytes]) -> list[Mapping[str, Any]]:
    """Return the objects with something in them."""
    return [value for value in map(_decoded, raw) if isinstance(value, dict) and value]


def _decoded(record: bytes) -> Any:
    try:
        return msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_whole(line: bytes) -> bool:
    """Return whether a line is a JSON value by itself."""
    return _decoded(line) is not None


def first_of_array(text: bytes) -> list[Mapping[str, Any]]:
    """Return the objects at the beginning of an array of which only the beginning is there."""
    decoder, found = json.JSONDecoder(), []
    rest = text.decode("utf-8", "ignore")
    at = 1
    try:
        while True:
            value, at = decoder.raw_decode(rest, _BETWEEN.match(rest, at).end())  # type: ignore[union-attr]  # matches always
            found.append(value)
    except (ValueError, RecursionError):
        return [value for value in found if isinstance(value, dict) and value]


def wrapper(record: Mapping[str, Any]) -> str:
    """Return the key under which a record keeps a list of records, or an empty string."""
    lists = (name for name in _WRAPPERS if isinstance(record.get(name), list) and record[name])
    return next((name for name in lists if isinstance(record[name][0], dict)), "")
