"""CSV and Parquet files as raw rows: every CSV cell is text until `coerce` reads it; a bad CSV line is rejected alone."""

import csv
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO
from typing import Any

import polars as pl

from aiopsctl.errors import UsageError
from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.lines import Parsed, Reject
from aiopsctl.sources.source import LINE

_ROWS = 250_000


def csv_rows(each: Input) -> Iterator[Parsed]:
    """Yield the rows of a CSV file, all columns text. Lines with too many or too few cells are rejected."""
    with files.open_bytes(each) as stream:
        data = stream.read()
    try:
        rows = pl.read_csv(data, infer_schema=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        yield _csv_by_line(data)
        return
    numbers = pl.int_range(2, rows.height + 2).alias(LINE)
    yield Parsed(rows.with_columns(numbers), [], rows.height)


def _csv_by_line(data: bytes) -> Parsed:
    """Read a CSV that has bad lines: the line number is that of the record's last line."""
    reader = csv.reader(StringIO(data.decode("utf-8", "replace"), newline=""))
    names = next(reader, [])
    good, numbers, rejects = [], [], []
    for cells in reader:
        if not cells:
            continue
        if len(cells) == len(names):
            good.append(cells)
            numbers.append(reader.line_num)
        else:
            reason = f"{len(cells)} cells instead of {len(names)}"
            rejects.append(Reject(reader.line_num, reason, sum(map(len, cells)), ",".join(cells).encode()))
    rows = pl.DataFrame(good, schema=dict.fromkeys(names, pl.String), orient="row")
    return Parsed(rows.with_columns(pl.Series(LINE, numbers, pl.Int64)), rejects, len(good) + len(rejects))


def parquet_rows(each: Input, schema: Mapping[str, Any]) -> Iterator[Parsed]:
    """Yield the rows of a Parquet file, of the columns that the schema names.

    Rows are counted as they are read, never from the footer. Raises `UsageError` where the file is damaged.
    """
    try:
        lazy = pl.scan_parquet(_origin(each), glob=False, hive_partitioning=False)
        lazy = lazy.select(name for name in lazy.collect_schema() if name in schema)
        offset = 0
        while (rows := lazy.slice(offset, _ROWS).collect()).height:
            numbers = pl.int_range(offset + 1, offset + rows.height + 1).alias(LINE)
            yield Parsed(rows.with_columns(numbers), [], rows.height)
            offset += rows.height
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise UsageError(f"{each.shown} is a damaged Parquet file") from None


def _origin(each: Input) -> Any:
    if each.path != "-":
        return each.path
    with files.open_bytes(each) as stream:
        return BytesIO(stream.read())
