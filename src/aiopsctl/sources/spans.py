"""Which rows each file of a run gave, and the time that they cover."""

import polars as pl
from msgspec import Struct, field

from aiopsctl.sources.log import FileRead
from aiopsctl.sources.opening import Opened
from aiopsctl.sources.source import FILE_BITS, LINE


class Spans(Struct):
    """Rows of each file by its number, with their first and last time as ISO 8601."""

    found: dict[int, tuple[int, str | None, str | None]] = field(default_factory=dict)

    def add(self, events: pl.DataFrame) -> None:
        """Count events by the file of their `_line`."""
        if LINE not in events.columns:
            return
        events = events[[LINE, "ts"]]  # to group by the file, Polars would copy all columns
        lines, file = events[LINE], pl.col(LINE) // 2**FILE_BITS
        span = (pl.len(), pl.col("ts").min().alias("since"), pl.col("ts").max().alias("until"))
        if events.height and lines.min() // 2**FILE_BITS == lines.max() // 2**FILE_BITS:
            found = events.select(file.first(), *span)
        else:
            found = events.group_by(file).agg(*span)
        told = found.with_columns(pl.col("since", "until").dt.to_string("iso:strict"))
        for number, rows, since, until in told.iter_rows():
            before, first, last = self.found.get(number, (0, None, None))
            self.found[number] = (
                before + rows,
                min(filter(None, (first, since)), default=None),
                max(filter(None, (last, until)), default=None),
            )

    def told(self, one: Opened, refused: int) -> FileRead:
        """Return what became of a file."""
        rows, since, until = self.found.get(one.number, (0, None, None))
        return FileRead(one.each.shown, one.source.name, rows, refused, since, until)
