"""Rows of a store as they were read: canonical columns without text, by day, each with the place that it came from.

A segment has only the columns that a row of it fills, and the hashes of the ids beside them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources.coerce import dtype_of
from aiopsctl.sources.source import FILE_BITS, LINE
from aiopsctl.store.disk import Segment, write_frame
from aiopsctl.store.hashes import HASHES, hashes
from aiopsctl.store.manifest import Day, Manifest

NTH = "_nth"
"""Which of the events of its line a row is, from 0."""

CALL = pl.col("event") == "call"

UNIT = pl.col(LINE) // 2**FILE_BITS
"""The number of the source that a row is from."""

PLACE = (LINE, NTH)
EVENTS = {name: dtype_of(column) for name, column in COLUMNS.items() if name not in TEXT}
SCHEMA: dict[str, pl.DataType] = {
    **EVENTS, LINE: pl.Int64(), NTH: pl.Int64(), **dict.fromkeys(HASHES.values(), pl.UInt64()),
}  # fmt: skip
_DAY = "_day"
_ALWAYS = ("ts", "event", *PLACE)
_ENOUGH = 64 << 20
"""So many bytes of rows are held before they are written."""


def day_of(ts: pl.Expr) -> pl.Expr:
    """Return the name of the day that rows are kept in: that of UTC, "" without a time."""
    return ts.dt.date().cast(pl.String).fill_null("")


def days_of(rows: pl.LazyFrame) -> set[str]:
    """Return the names of the days of rows."""
    found = rows.select(pl.col("ts").dt.date().unique()).collect(engine="streaming")
    return set(found.select(day_of(pl.col("ts"))).to_series())


def by_day(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the rows of each day, in their order."""
    days = rows["ts"].dt.date()
    runs = days.rle().struct.unnest()
    if runs["value"].is_unique().all():
        ends = runs["len"].cum_sum()
        return {
            str(day or ""): rows[end - count : end] for (count, day), end in zip(runs.iter_rows(), ends, strict=True)
        }
    parts = rows.with_columns(days.alias(_DAY)).partition_by(_DAY, as_dict=True, include_key=False)
    return {str(day or ""): part for (day,), part in parts.items()}


def placed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of events that are kept, with `_nth`, which counts the events of a line."""
    apart = (frame[LINE].diff() > 0).all() or frame[LINE].is_unique().all()
    nth = pl.lit(0, pl.Int64) if apart else pl.int_range(pl.len(), dtype=pl.Int64).over(LINE)
    return frame.select(*(name for name in frame.columns if name in EVENTS), LINE, nth.alias(NTH))


def write_rows(folder: Path, rows: pl.DataFrame) -> Segment:
    """Write rows with the hashes of their ids; they are found by day and hash, so no bounds of columns are kept."""
    return write_frame(folder, "raw", filled(rows.with_columns(hashes(rows.columns))), statistics=False)


def filled(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that any row fills."""
    return rows.select(name for name in rows.columns if name in _ALWAYS or rows[name].null_count() < rows.height)


def rehash(folder: Path, days: Iterable[Day]) -> None:
    """Write the rows of days again, with the hashes of today."""
    for day in days:
        day.raw = [write_rows(folder, read_rows(folder, [segment])) for segment in day.raw]


class Spool:
    """Rows on their way to segments by day, written whenever they take much memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: dict[str, list[Segment]] = {}
        self._held: list[pl.DataFrame] = []
        self._size = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows that are `placed`."""
        self._held.append(rows)
        self._size += int(rows.estimated_size())
        if self._size > _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if not self._held:
            return
        rows = pl.concat(self._held, how="diagonal")
        self._held, self._size = [], 0
        for day, part in by_day(rows).items():
            self.written.setdefault(day, []).append(write_rows(self.folder, part))

    def drop(self, unit: int) -> int:
        """Take the rows of a source out again, and return how many they were."""
        self.flush()
        return sum(dropped(self.folder, segments, {unit}) for segments in self.written.values())


def dropped(folder: Path, segments: list[Segment], units: set[int]) -> int:
    """Replace segments by ones without the rows of some sources; return how many rows they had."""
    before = sum(segment.rows for segment in segments)
    kept = []
    for segment in segments:
        own = UNIT.is_in(list(units))
        if not scan(folder, [segment]).select(own.any()).collect().item():
            kept.append(segment)
        elif (rows := read_rows(folder, [segment]).filter(~own)).height:
            kept.append(write_rows(folder, rows))
    segments[:] = kept
    return before - sum(segment.rows for segment in kept)


def scan(
    folder: Path,
    segments: Iterable[Segment],
    schema: Mapping[str, pl.DataType] = SCHEMA,
    path: str | None = None,
) -> pl.LazyFrame:
    """Return the rows of segments, to be read as far as they are needed, with every column of a schema.

    `path` names a column with the file of each row.
    """
    paths = [folder / segment.name for segment in segments]
    if not paths:
        return pl.LazyFrame(schema={**schema, **({path: pl.String()} if path else {})})
    return pl.scan_parquet(paths, glob=False, schema=dict(schema), missing_columns="insert", include_file_paths=path)


def scan_raw(folder: Path, manifest: Manifest, days: Iterable[str] | None = None) -> pl.LazyFrame:
    """Return the rows of some days, or of all, as they were read."""
    return scan(folder, raw_of(manifest, days))


def raw_of(manifest: Manifest, days: Iterable[str] | None = None) -> list[Segment]:
    """Return the segments of some days, or of all, as they were read."""
    found = manifest.days.values() if days is None else [manifest.days[day] for day in days]
    return [segment for day in found for segment in day.raw]


def read_rows(folder: Path, segments: Iterable[Segment]) -> pl.DataFrame:
    """Return the rows of segments in memory, with the columns that any of them has."""
    frames = [pl.scan_parquet(folder / segment.name, glob=False) for segment in segments]
    return pl.concat(pl.collect_all(frames), how="diagonal") if frames else pl.DataFrame(schema=SCHEMA)
