"""Rows of a store as they were read: canonical columns without text, by day, each with the place that it came from.

Every segment has every column, so that they can be scanned together.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources.coerce import dtype_of
from aiopsctl.sources.source import FILE_BITS, LINE
from aiopsctl.store.disk import Segment, write_frame
from aiopsctl.store.manifest import Manifest

NTH = "_nth"
"""Which of the events of its line a row is, from 0."""

UNIT = pl.col(LINE) // 2**FILE_BITS
"""The number of the source that a row is from."""

PLACE = (LINE, NTH)
EVENTS = {name: dtype_of(column) for name, column in COLUMNS.items() if name not in TEXT}
SCHEMA: dict[str, pl.DataType] = {**EVENTS, LINE: pl.Int64(), NTH: pl.Int64()}
_DAY = "_day"
_ENOUGH = 64 << 20
"""So many bytes of rows are held before they are written."""


def day_of(ts: pl.Expr) -> pl.Expr:
    """Return the name of the day that rows are kept in: that of UTC, "" without a time."""
    return ts.dt.date().cast(pl.String).fill_null("")


def whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Return events with every column of a segment; `_nth` counts the events of a line."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in EVENTS.items() if name not in frame.columns]
    nth = pl.lit(0, pl.Int64) if frame[LINE].is_unique().all() else pl.int_range(pl.len(), dtype=pl.Int64).over(LINE)
    return frame.with_columns(*missing, nth.alias(NTH)).select(list(SCHEMA))


class Spool:
    """Rows on their way to segments by day, written whenever they take much memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: dict[str, list[Segment]] = {}
        self._held: list[pl.DataFrame] = []
        self._size = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take the rows of `whole`."""
        self._held.append(rows)
        self._size += int(rows.estimated_size())
        if self._size > _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if not self._held:
            return
        rows = pl.concat(self._held).with_columns(day_of(pl.col("ts")).alias(_DAY))
        self._held, self._size = [], 0
        for (day,), part in rows.partition_by(_DAY, as_dict=True, include_key=False).items():
            self.written.setdefault(str(day), []).append(write_frame(self.folder, "raw", part))

    def drop(self, unit: int) -> int:
        """Take the rows of a source out again, and return how many they were."""
        self.flush()
        return sum(dropped(self.folder, segments, {unit}) for segments in self.written.values())


def dropped(folder: Path, segments: list[Segment], units: set[int]) -> int:
    """Replace segments by ones without the rows of some sources; return how many rows they had."""
    before = sum(segment.rows for segment in segments)
    kept = []
    for segment in segments:
        rows = scan(folder, [segment]).filter(~UNIT.is_in(list(units))).collect()
        if rows.height == segment.rows:
            kept.append(segment)
        elif rows.height:
            kept.append(write_frame(folder, "raw", rows))
    segments[:] = kept
    return before - sum(segment.rows for segment in kept)


def scan(folder: Path, segments: Iterable[Segment], schema: Mapping[str, pl.DataType] = SCHEMA) -> pl.LazyFrame:
    """Return the rows of segments, to be read as far as they are needed."""
    paths = [folder / segment.name for segment in segments]
    return pl.scan_parquet(paths, glob=False) if paths else pl.LazyFrame(schema=dict(schema))


def scan_raw(folder: Path, manifest: Manifest, days: Iterable[str] | None = None) -> pl.LazyFrame:
    """Return the rows of some days, or of all, as they were read."""
    found = manifest.days.values() if days is None else [manifest.days[day] for day in days]
    return scan(folder, [segment for day in found for segment in day.raw])
