"""Where ids are: of all rows of a store only the hashes of one id are read, a part of them at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from aiopsctl.store.disk import Segment
from aiopsctl.store.manifest import Manifest
from aiopsctl.store.rows import SCHEMA, scan

_AT_ONCE = 4_000_000
"""So many hashes are compared at once: memory is bounded so."""

_PATH = "_path"


@dataclass(frozen=True)
class Where:
    """Finds rows of a store by a column of whole numbers: the hashes of an id, which are in one of `HASHES`, or lines."""

    folder: Path
    manifest: Manifest

    def known(self, hash_: str, wanted: pl.Series) -> tuple[pl.DataFrame, set[str]]:
        """Return which of some hashes any row has, and the days of those rows."""
        found = list(self._rows(hash_, wanted.unique()))
        return self._told(pl.concat(found) if found else self._none(hash_))

    def repeated(self, hash_: str, wanted: pl.Series) -> tuple[pl.DataFrame, set[str]]:
        """Return which of some hashes several rows have, and the days of those rows."""
        found = [rows.filter(pl.col(hash_).is_duplicated()) for rows in self._rows(hash_, wanted.unique())]
        return self._told(pl.concat(found) if found else self._none(hash_))

    def repeated_anywhere(self, hash_: str) -> pl.DataFrame:
        """Return the hashes that several rows have, of all."""
        parts = 1 + sum(segment.rows for _, segment in self._segments()) // _AT_ONCE
        return pl.concat(self._repeated(hash_, part, parts) for part in range(parts))

    def _repeated(self, hash_: str, part: int, parts: int) -> pl.DataFrame:
        own = self._scan().select(hash_).filter(pl.col(hash_) % parts == part).collect(engine="streaming").to_series()
        own = own.sort()  # half the time and memory of grouping
        return own.filter(own == own.shift()).unique().to_frame()

    def _rows(self, hash_: str, wanted: pl.Series) -> Iterator[pl.DataFrame]:
        """Yield the rows with one of some hashes, each with its file; equal hashes come together."""
        parts = -(-wanted.len() // _AT_ONCE)
        for part in range(parts):
            some = wanted.alias(hash_).to_frame().lazy().filter(pl.col(hash_) % parts == part)
            yield self._scan().select(hash_, _PATH).join(some, on=hash_, how="semi").collect(engine="streaming")

    def _told(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, set[str]]:
        names = {Path(path).name for path in rows[_PATH].unique()}
        return rows.select(pl.first()).unique(), {day for day, segment in self._segments() if segment.name in names}

    def _none(self, hash_: str) -> pl.DataFrame:
        return pl.DataFrame(schema={hash_: SCHEMA[hash_], _PATH: pl.String})

    def _segments(self) -> list[tuple[str, Segment]]:
        return [(name, segment) for name, day in self.manifest.days.items() for segment in day.raw]

    def _scan(self) -> pl.LazyFrame:
        return scan(self.folder, [segment for _, segment in self._segments()], path=_PATH)
