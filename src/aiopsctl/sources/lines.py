"""The guard between a JSONL log and Polars: every line becomes a row, or is rejected with its number and a reason.

Whole-line chunks are parsed in memory with an explicit schema. If the strict parse succeeds and gives as many rows as
there are lines, nothing was lost. Only where it fails are the culprits looked for, line by line; values always come
from Polars.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec
import polars as pl
from polars.exceptions import PanicException, PolarsError

from aiopsctl.sources.source import LINE

CHUNK_BYTES = 4 << 20
MAX_LINE_BYTES = 16 << 20
_BOM = b"\xef\xbb\xbf"
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE = re.compile(rb"(?<!\\)" + _HIGH + rb"(?!" + _LOW + rb")|(?<!" + _HIGH + rb")(?<!\\)" + _LOW)


@dataclass(frozen=True)
class Reject:
    """A line that is no event: its number from 1, the reason, and its length in bytes."""

    line: int
    reason: str
    length: int = 0
    text: bytes = b""


@dataclass
class Parsed:
    """Rows of one chunk, with their line numbers in `_line`, and the lines that gave none."""

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    replaced: int = 0


@dataclass(frozen=True)
class Chunk:
    """Whole lines, the number of the first of them, and the lines before it that were not kept."""

    data: bytes
    first: int
    rejects: tuple[Reject, ...] = ()


def chunks(stream: BinaryIO, size: int = CHUNK_BYTES, longest: int = MAX_LINE_BYTES) -> Iterator[Chunk]:
    """Yield whole-line chunks of a stream; memory is bounded by `size` and `longest`.

    A line over `longest` bytes is passed over and rejected. A compressed stream that breaks off gives the whole lines
    before the break, then one reject.
    """
    carry, line, skipping = b"", 1, 0
    broken = ""
    while True:
        block, broken = _read(stream, size)
        if not block:
            break
        if skipping:
            end = block.find(b"\n")
            if end < 0:
                skipping += len(block)
                continue
            yield Chunk(b"", line, (Reject(line, "too_long", skipping + end),))
            block, line, skipping = block[end + 1 :], line + 1, 0
        data = carry + block
        cut = data.rfind(b"\n") + 1
        if cut:
            yield Chunk(data[:cut], line)
            line += data.count(b"\n", 0, cut)
        carry = data[cut:]
        if len(carry) > longest:
            carry, skipping = b"", len(carry)
    if skipping:
        yield Chunk(b"", line, (Reject(line, "too_long", skipping),))
    elif carry and broken:
        yield Chunk(b"", line, (Reject(line, broken, len(carry), carry),))
    elif carry:
        yield Chunk(carry, line)
    elif broken:
        yield Chunk(b"", line, (Reject(line, broken),))


def _read(stream: BinaryIO, size: int) -> tuple[bytes, str]:
    try:
        return stream.read(size), ""
    except EOFError:
        return b"", "truncated_stream"
    except (OSError, zlib.error):
        return b"", "corrupt_stream"


def parse(chunk: Chunk, schema: Mapping[str, Any]) -> Parsed:
    """Return the rows of a chunk by the schema; wrong types fall back to String, bad lines are rejected.

    The schema of the rows is either `schema` or the same with String leaves.
    """
    if not chunk.data:
        return Parsed(pl.DataFrame(), list(chunk.rejects), len(chunk.rejects))
    data, replaced = _without_lone_surrogates(chunk.data)
    rows = _strict(data, schema)
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    if rows is not None and rows.height == count:
        return Parsed(rows.with_columns(pl.int_range(chunk.first, chunk.first + count).alias(LINE)), [], count, replaced)
    parsed = _line_by_line(data, chunk.first, schema)
    parsed.replaced = replaced
    return parsed


def _without_lone_surrogates(data: bytes) -> tuple[bytes, int]:
    """Replace escapes of half a character by U+FFFD: Polars would read them as NUL, silently."""
    if b"\\ud" not in data and b"\\uD" not in data:
        return data, 0
    return _LONE_SURROGATE.subn(rb"\\ufffd", data)


def _strict(data: bytes, schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """Return the rows, or None where Polars refuses. Only `{` may come first: other bytes are sniffed as compression."""
    if not data.startswith(b"{"):
        return None
    try:
        return pl.read_ndjson(data, schema=dict(schema))
    except (PolarsError, PanicException, OSError, ValueError):
        return None


def _line_by_line(data: bytes, first: int, schema: Mapping[str, Any]) -> Parsed:
    good: list[bytes] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    blank = 0
    torn = not data.endswith(b"\n")
    for offset, raw in enumerate(lines):
        line = raw.removeprefix(_BOM).strip(b" \t\r")
        if not line:
            blank += 1
            continue
        reason = _fault(line)
        if reason:
            last = torn and offset == len(lines) - 1 and reason == "not_json"
            rejects.append(Reject(first + offset, "torn_tail" if last else reason, len(raw), raw))
        else:
            good.append(line)
            numbers.append(first + offset)
    rows, refused = _typed_or_text(good, numbers, schema)
    rejects += [Reject(number, "not_readable", len(line), line) for number, line in refused]
    return Parsed(rows, sorted(rejects, key=lambda r: r.line), len(lines) - blank)


def _fault(line: bytes) -> str:
    """Return why a line is no JSON object, or an empty string."""
    try:
        value = msgspec.json.decode(line)
    except RecursionError:
        return "too_deep"
    except UnicodeDecodeError:
        return "not_utf8"
    except msgspec.DecodeError:
        return _syntax_fault(line)
    if not isinstance(value, dict):
        return "not_object"
    return "" if value else "empty_object"


def _syntax_fault(line: bytes) -> str:
    try:
        line.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    return "nul_block" if b"\0" in line else "not_json"


def _typed_or_text(
    lines: list[bytes], numbers: list[int], schema: Mapping[str, Any]
) -> tuple[pl.DataFrame, list[tuple[int, bytes]]]:
    """Return the rows of well-formed lines, typed if all fit, else as text; and the lines that even so are refused."""
    if not lines:
        return pl.DataFrame(), []
    data = b"\n".join(lines)
    for attempt in (schema, as_text(schema)):
        rows = _strict(data, attempt)
        if rows is not None and rows.height == len(lines):
            return rows.with_columns(pl.Series(LINE, numbers, pl.Int64)), []
    if len(lines) == 1:
        return pl.DataFrame(), [(numbers[0], lines[0])]
    half = len(lines) // 2
    parts = [_typed_or_text(lines[:half], numbers[:half], as_text(schema)),
             _typed_or_text(lines[half:], numbers[half:], as_text(schema))]  # fmt: skip
    frames = [rows for rows, _ in parts if rows.width]
    return pl.concat(frames) if frames else pl.DataFrame(), [line for _, refused in parts for line in refused]


def as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with every leaf a String, so that no type can be wrong."""
    return {name: _as_text(dtype) for name, dtype in schema.items()}


def _as_text(dtype: Any) -> Any:
    if isinstance(dtype, pl.Struct):
        return pl.Struct({f.name: _as_text(f.dtype) for f in dtype.fields})
    if isinstance(dtype, pl.List):
        return pl.List(_as_text(dtype.inner))
    return pl.String
