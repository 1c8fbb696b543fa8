"""CSV and Parquet files as raw rows: every CSV cell is text until `coerce` reads it; a bad CSV record is rejected alone.

A CSV chunk is whole if Polars takes it and finds as many separators as there must be: it fills short records silently.
Only where that fails are the culprits looked for, record by record.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from itertools import chain
from typing import Any, BinaryIO

import polars as pl
from polars.exceptions import PanicException, PolarsError

from aiopsctl.errors import UsageError
from aiopsctl.sources import files
from aiopsctl.sources.chunks import MAX_LINE_BYTES, Chunk, Reject, chunks
from aiopsctl.sources.files import Input
from aiopsctl.sources.lines import Parsed
from aiopsctl.sources.source import LINE

_SEPARATORS = ",;\t"
_BOM = "\ufeff"
_SNIFFED = (b"\xef\xbb\xbf", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01", b"x\x9c", b"x\xda")
_ROWS, _BYTES, _SAMPLE = 100_000, 32 << 20, 100
"""So many rows of Parquet, or bytes of them, are worked on at once; how long they are is told by the first ones."""

_UNFINISHED = "open_quote"


def header(line: str) -> tuple[str, list[str]]:
    """Return the separator of a CSV and its column names, from its first line: the separator that gives most names."""
    line = line.removeprefix(_BOM).strip("\r\n")
    found = {each: next(csv.reader(StringIO(line), delimiter=each), []) for each in _SEPARATORS}
    separator = max(found, key=lambda each: len(found[each]))
    names = [name.strip() for name in found[separator]]
    return separator, [name if name not in names[:at] else f"{name}#{at + 1}" for at, name in enumerate(names)]


def csv_rows(each: Input) -> Iterator[Parsed]:
    """Yield the rows of a CSV file, all columns text. Records with too many or too few cells are rejected."""
    with files.open_bytes(each) as stream:
        found = chunks(stream)
        head = next(found, Chunk(b""))
        blank = len(head.data) - len(head.data.lstrip())
        names, _, rest = head.data[blank:].partition(b"\n")
        first = head.data.count(b"\n", 0, blank) + 2
        beginning = Chunk(rest, ((first, rest.count(b"\n")),), rejects=head.rejects)
        yield from _csv_chunks(chain([beginning], found), *header(names.decode("utf-8", "replace")))


def _csv_chunks(found: Iterable[Chunk], separator: str, names: Sequence[str]) -> Iterator[Parsed]:
    """Yield the rows of chunks of lines; a record that goes on in the next chunk waits for it."""
    held, first = b"", 0
    for chunk, last in _with_last(found):
        if not held and chunk.runs:
            first = chunk.runs[0][0]
        held += chunk.data
        final = last or bool(chunk.rejects)
        parsed, read = _csv_chunk(held, first, names, separator, final=final)
        first, held = first + held.count(b"\n", 0, read), held[read:]
        yield replace(parsed, rejects=[*parsed.rejects, *chunk.rejects])


def _with_last(found: Iterable[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Yield chunks, each with whether it is the last."""
    waiting = None
    for chunk in found:
        if waiting:
            yield waiting, False
        waiting = chunk
    if waiting:
        yield waiting, True


def _csv_chunk(data: bytes, line: int, names: Sequence[str], separator: str, *, final: bool) -> tuple[Parsed, int]:
    """Return the rows of a chunk, and how much of it was read."""
    cut = len(data) if final else _last_record(data)
    if not cut and len(data) < MAX_LINE_BYTES:
        return Parsed(pl.DataFrame()), 0
    rows = _whole_records(data[:cut], names, separator)
    if rows is None:
        return _record_by_record(data, line, names, separator, final=final)
    inside = _inside(rows, "\n") if b'"' in data else pl.repeat(0, rows.height, eager=True, dtype=pl.Int64)
    numbers = (inside.cum_sum() - inside).alias(LINE) + pl.int_range(line, line + rows.height, eager=True)
    return Parsed(rows.with_columns(numbers)), cut


def _last_record(data: bytes) -> int:
    """Return where the last whole record ends: behind a newline that has an even number of quotes before it."""
    end = data.rfind(b"\n") + 1
    quotes = data.count(b'"', 0, end)
    while quotes % 2:
        newline = data.rfind(b"\n", 0, data.rfind(b'"', 0, end)) + 1
        quotes -= data.count(b'"', newline, end)
        end = newline
    return end


def _whole_records(data: bytes, names: Sequence[str], separator: str) -> pl.DataFrame | None:
    """Return the rows if each has all its cells and there is no blank line, else None.

    Polars is not asked where it would take a lone CR for part of a cell, and the beginning for a mark or a compression.
    """
    if data.startswith(_SNIFFED) or data.count(b"\r") != data.count(b"\r\n"):
        return None
    try:
        rows = pl.read_csv(
            data, has_header=False, separator=separator, schema=dict.fromkeys(names, pl.String), raise_if_empty=False
        )
    except (PolarsError, PanicException):
        return None
    quoted = b'"' in data
    cells = data.count(separator.encode()) - (_inside(rows, separator).sum() if quoted else 0)
    ends = data.count(b"\n") + (not data.endswith(b"\n")) - (_inside(rows, "\n").sum() if quoted else 0)
    return rows if cells == rows.height * (len(names) - 1) and ends == rows.height else None


def _inside(rows: pl.DataFrame, character: str) -> pl.Series:
    """Return how often a character is inside the cells of each row."""
    found = (pl.col(name).str.count_matches(character, literal=True) for name in rows.columns)
    return rows.select(pl.sum_horizontal(found).cast(pl.Int64)).to_series()


def _record_by_record(
    data: bytes, first: int, names: Sequence[str], separator: str, *, final: bool
) -> tuple[Parsed, int]:
    """Read a chunk that has bad records; where quotes do not match only the line is lost on which they begin.

    What may go on in the next chunk is left unread.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    good: list[list[str]] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    lines, at, read = data.removesuffix(b"\n").split(b"\n"), 0, 0
    while at < len(lines):
        cells, taken, fault = _record(lines, at, len(names), separator)
        if fault == _UNFINISHED and not final and len(data) - read < MAX_LINE_BYTES:
            break
        record = b"\n".join(lines[at : at + taken])
        if fault:
            rejects.append(Reject(first + at, fault, len(record), record))
        elif cells:
            good.append(cells)
            numbers.append(first + at)
        at, read = at + taken, read + len(record) + 1
    rows = pl.DataFrame(good, schema=dict.fromkeys(names, pl.String), orient="row")
    return Parsed(rows.with_columns(pl.Series(LINE, numbers, pl.Int64)), rejects), min(read, len(data))


def _record(lines: Sequence[bytes], at: int, width: int, separator: str) -> tuple[list[str], int, str]:
    """Return the cells of the record that begins on a line, how many lines it takes, and why it is no record."""
    reader = csv.reader((lines[i].decode() + "\n" for i in range(at, len(lines))), strict=True, delimiter=separator)
    try:
        cells = next(reader)
    except UnicodeDecodeError:
        return [], 1, "not_utf8"
    except csv.Error as error:
        return [], 1, _UNFINISHED if "unexpected end" in str(error) else "not_csv"
    if not cells or (len(cells) == 1 and not cells[0].strip()):
        return [], reader.line_num, ""
    fault = "" if len(cells) == width else ("too_few_cells" if len(cells) < width else "too_many_cells")
    return cells, reader.line_num, fault


def parquet_columns(each: Input) -> list[str]:
    """Return the column names of a Parquet file, or raise `UsageError` where it is damaged."""
    with _parquet(each) as file:
        return list(pl.read_parquet_schema(file))


def parquet_rows(each: Input, schema: Mapping[str, Any]) -> Iterator[Parsed]:
    """Yield the rows of a Parquet file, of the columns that the schema names; no more are held than are worked on.

    Rows are counted as they are read, never from the footer. Raises `UsageError` where the file is damaged.

    NOTE: batches end without a word where a decoder of Polars panics; fewer rows than promised are taken for that.
    """
    names = [name for name in parquet_columns(each) if name in schema]
    done = 0
    with _parquet(each) as file:
        rows = pl.scan_parquet(file, glob=False, hive_partitioning=False)
        promised = rows.select(pl.len()).collect().item()
        for part in (rows.select(names) if names else rows).collect_batches(chunk_size=_ROWS):
            for some in part.iter_slices(_rows_at_once(part)):
                yield Parsed(some.with_columns(pl.int_range(done + 1, done + 1 + some.height).alias(LINE)))
                done += some.height
        if done < promised:
            raise PolarsError


def _rows_at_once(part: pl.DataFrame) -> int:
    """Return how many rows are worked on at once: codes of long text are short, and the text is not."""
    some = part.head(_SAMPLE).cast({pl.Categorical: pl.String, pl.Enum: pl.String})
    return max(_BYTES * some.height // max(int(some.estimated_size()), 1), 1)


@contextmanager
def _parquet(each: Input) -> Iterator[BinaryIO]:
    try:
        with files.open_raw(each) as file:
            yield file
    except (PolarsError, PanicException, OSError):
        raise UsageError(f"{each.shown} is a damaged Parquet file", help=files.AGAIN) from None
