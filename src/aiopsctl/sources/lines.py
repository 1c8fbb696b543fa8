"""The guard between a JSONL log and Polars: every line becomes a row, or is rejected with its number and a reason.

Whole-line chunks are parsed in memory with an explicit schema. If the strict parse succeeds and gives as many rows as
there are lines, nothing was lost. Only where it fails are the culprits looked for, line by line; values always come
from Polars.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from aiopsctl.sources import narrow
from aiopsctl.sources.chunks import Chunk, Reject
from aiopsctl.sources.fault import fault
from aiopsctl.sources.misfit import as_text, fitted
from aiopsctl.sources.source import LINE
from aiopsctl.sources.surrogates import without_lone_surrogates

_THREADS, _AHEAD_BYTES = 2, 20 << 20
"""So many chunks are parsed at once, and so much of a log is parsed, or waits for it, ahead of what is worked on."""

_BOM, _BLANK = b"\xef\xbb\xbf", b" \t\r"


@dataclass
class Parsed:
    """Rows of a chunk with their line numbers in `_line`, the lines that gave none, and what was lost of the rows.

    A field error is how often a field was lost, and the first line.
    """

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    field_errors: dict[str, tuple[int, int]] = field(default_factory=dict)


def parse_ahead(found: Iterable[Chunk], schema: Mapping[str, Any]) -> Iterator[Parsed]:
    """Yield what `parse` makes of each chunk, in order; the next ones are parsed while the caller works on this one."""
    waiting: deque[tuple[Future[Parsed], int]] = deque()
    ahead = 0
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        for chunk in found:
            waiting.append((pool.submit(parse, chunk, schema), len(chunk.data)))
            ahead += len(chunk.data)
            while ahead > _AHEAD_BYTES:
                parsed, size = waiting.popleft()
                ahead -= size
                yield parsed.result()
        while waiting:
            yield waiting.popleft()[0].result()


def parse(chunk: Chunk, schema: Mapping[str, Any]) -> Parsed:
    """Return the rows of a chunk by the schema; wrong types fall back to String, bad lines are rejected.

    The schema of the rows is either `schema` or the same with String leaves.
    """
    if not chunk.data:
        return Parsed(pl.DataFrame(), list(chunk.rejects))
    data, lone = _without_lone_surrogates(chunk)
    rows = _strict(data, (schema, as_text(schema)))
    if rows is not None and rows.height <= chunk.count:
        numbers = _numbers(chunk) if rows.height == chunk.count else _numbers_of_filled(data, chunk)
        if numbers.len() == rows.height:
            return Parsed(rows.with_columns(numbers), list(chunk.rejects), lone)
    return _line_by_line(data, chunk, schema, lone)


def _numbers(chunk: Chunk) -> pl.Series:
    if len(chunk.runs) == 1:
        first, count = chunk.runs[0]
        return pl.int_range(first, first + count, eager=True).alias(LINE)
    return pl.Series(LINE, list(chunk.numbers()), pl.Int64)


def _numbers_of_filled(data: bytes, chunk: Chunk) -> pl.Series:
    """Return the numbers of the lines that are not blank."""
    numbered = zip(chunk.numbers(), data.removesuffix(b"\n").split(b"\n"), strict=True)
    return pl.Series(LINE, [number for number, line in numbered if line.strip(_BLANK)], pl.Int64)


def _without_lone_surrogates(chunk: Chunk) -> tuple[bytes, dict[str, tuple[int, int]]]:
    data, places = without_lone_surrogates(chunk.data)
    if not places:
        return data, {}
    line = next(islice(chunk.numbers(), data.count(b"\n", 0, places[0]), None))
    return data, {"lone_surrogate": (len(places), line)}


def _strict(data: bytes, schemas: Iterable[Mapping[str, Any]]) -> pl.DataFrame | None:
    """Return the rows by the first schema that fits, or None where Polars refuses.

    Only `{` may come first: other bytes are sniffed as compression. Where a line is no JSON, no schema fits.
    """
    if not data.startswith(b"{"):
        return None
    for schema in schemas:
        try:
            return narrow.parsed(data, schema)
        except (PolarsError, PanicException, OSError, ValueError) as error:
            if str(error).startswith("error parsing line"):
                return None
    return None


def _line_by_line(data: bytes, chunk: Chunk, schema: Mapping[str, Any], lone: dict[str, tuple[int, int]]) -> Parsed:
    good: list[bytes] = []
    numbers: list[int] = []
    rejects = list(chunk.rejects)
    for number, raw in zip(chunk.numbers(), data.removesuffix(b"\n").split(b"\n"), strict=True):
        line = raw.removeprefix(_BOM).strip(_BLANK)
        reason = _fault(line) if line else ""
        if reason:
            torn = number in chunk.torn and reason == "not_json"
            rejects.append(Reject(number, "torn_tail" if torn else reason, len(raw), raw))
        elif line:
            good.append(line)
            numbers.append(number)
    rows, refused, lost = _rows(good, numbers, schema)
    rejects += [Reject(number, "not_readable", len(line), line) for number, line in refused]
    return Parsed(rows, sorted(rejects, key=lambda reject: reject.line), lost | lone)


def _fault(line: bytes) -> str:
    """Return why a line is no JSON object, or an empty string; Polars nests deeper than the check does."""
    why = fault(line)
    return "" if why == "too_deep" and _strict(line, ({"": pl.String},)) is not None else why


def _rows(
    lines: list[bytes], numbers: list[int], schema: Mapping[str, Any]
) -> tuple[pl.DataFrame, list[tuple[int, bytes]], dict[str, tuple[int, int]]]:
    """Return the rows of well-formed lines, the lines that are refused even so, and the fields that were lost.

    Lines are taken as typed, else as text, else without the records and lists that should be none.
    """
    if not lines:
        return pl.DataFrame(), [], {}
    rows = _strict(b"\n".join(lines), (schema, as_text(schema)))
    if rows is not None and rows.height == len(lines):
        return rows.with_columns(pl.Series(LINE, numbers, pl.Int64)), [], {}
    fitting, misfits = fitted(lines, schema)
    rows, refused = _accepted(fitting, numbers, as_text(schema))
    lost: dict[str, tuple[int, int]] = {}
    for number, name in ((numbers[at], name) for at in misfits if numbers[at] not in refused for name in misfits[at]):
        count, first = lost.get(name, (0, number))
        lost[name] = (count + 1, first)
    return rows, [(number, line) for number, line in zip(numbers, lines, strict=True) if number in refused], lost


def _accepted(lines: list[bytes], numbers: list[int], schema: Mapping[str, Any]) -> tuple[pl.DataFrame, set[int]]:
    """Return the rows of the lines that Polars takes, and the numbers of the others, found by halving."""
    rows = _strict(b"\n".join(lines), (schema,))
    if rows is not None and rows.height == len(lines):
        return rows.with_columns(pl.Series(LINE, numbers, pl.Int64)), set()
    if len(lines) == 1:
        return pl.DataFrame(), {numbers[0]}
    half = len(lines) // 2
    parts = [_accepted(lines[:half], numbers[:half], schema), _accepted(lines[half:], numbers[half:], schema)]
    frames = [rows for rows, _ in parts if rows.width]
    return pl.concat(frames) if frames else pl.DataFrame(), parts[0][1] | parts[1][1]
