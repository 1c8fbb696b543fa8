"""Where ids are: of all rows of a store only the hashes of one id are read, a part of them at once."""

from pathlib import Path

import polars as pl
from msgspec import Struct

from aiopsctl.store.disk import Segment
from aiopsctl.store.hashes import HASHES, met_twice
from aiopsctl.store.manifest import Manifest
from aiopsctl.store.rows import SCHEMA, scan

_AT_ONCE = 4_000_000
"""So many hashes are compared at once: memory is bounded so."""

_PATH = "_path"
REQUEST = HASHES["request_id"]


def request_hashes(calls: pl.LazyFrame) -> pl.Series:
    """Return the hashes of the requests of calls."""
    return calls.select(REQUEST).drop_nulls().collect(engine="streaming").to_series()


class Where(Struct, frozen=True):
    """Finds rows of a store by a column of whole numbers: the hashes of an id, which are in one of `HASHES`, or lines."""

    folder: Path
    manifest: Manifest

    def rows(self, hash_: str, wanted: pl.Series) -> pl.DataFrame:
        """Return one row for each that has one of some hashes: the hash, and where it is (`days` tells when)."""
        own = wanted.unique().alias(hash_).to_frame().lazy()
        empty = pl.DataFrame(schema={hash_: SCHEMA[hash_], _PATH: pl.String})
        parts = -(-wanted.len() // _AT_ONCE)
        found = [self._among(hash_, own.filter(pl.col(hash_) % parts == part)) for part in range(parts)]
        return pl.concat([empty, *found])

    def days(self, rows: pl.DataFrame) -> set[str]:
        """Return the days of `rows`."""
        names = {Path(path).name for path in rows[_PATH].unique()}
        return {day for day, segment in self._segments() if segment.name in names}

    def repeated_anywhere(self, hash_: str) -> pl.DataFrame:
        """Return the hashes that several rows have, of all."""
        parts = 1 + sum(segment.rows for _, segment in self._segments()) // _AT_ONCE
        return pl.concat(self._repeated(hash_, part, parts) for part in range(parts))

    def _repeated(self, hash_: str, part: int, parts: int) -> pl.DataFrame:
        own = self._scan().select(hash_).filter(pl.col(hash_) % parts == part).collect(engine="streaming").to_series()
        return met_twice(own).to_frame()

    def _among(self, hash_: str, wanted: pl.LazyFrame) -> pl.DataFrame:
        return self._scan().select(hash_, _PATH).join(wanted, on=hash_, how="semi").collect(engine="streaming")

    def _segments(self) -> list[tuple[str, Segment]]:
        return [(name, segment) for name, day in self.manifest.days.items() for segment in day.raw]

    def _scan(self) -> pl.LazyFrame:
        return scan(self.folder, [segment for _, segment in self._segments()], path=_PATH)
