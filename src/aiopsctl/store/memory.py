"""Sums of days that a store remembers: derived from its rows, and made again wherever they are missing or damaged."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import polars as pl
from msgspec import Struct

from aiopsctl.daily import DAY
from aiopsctl.store.disk import SUFFIX, Segment, StoreError, is_whole, make_folder, sha256, write, write_frame

_INDEX = "INDEX"
_FILES = 6
_KEYS = 400
_HOUR = 3600
"""So long sums stay that no index lists: another process may still be reading them."""


class _Index(msgspec.Struct):
    """Which file holds the sums of which days, and of which rows they are."""

    sha256: str = ""
    files: list[Segment] = msgspec.field(default_factory=list)
    days: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)

    def seal(self) -> str:
        """Return what tells that the index is as it was written."""
        return sha256(msgspec.json.encode((self.files, self.days)))


class Remembered(Struct, frozen=True):
    """Sums in a folder of their own, of one version of the program."""

    folder: Path

    def recall(self, key: str, marks: Mapping[str, str]) -> tuple[list[pl.DataFrame], set[str]]:
        """Return the sums of the days whose marks still hold, and the days of which there are none."""
        index = self._index(key)
        good = {
            day: index.days[day][0] for day, mark in marks.items() if day in index.days and index.days[day][1] == mark
        }
        frames = []
        for number in sorted(set(good.values())):
            days = [day for day, own in good.items() if own == number]
            frame = self._frame(key, index.files[number])
            if frame is None:
                good = {day: own for day, own in good.items() if own != number}
            else:
                frames.append(frame.filter(pl.col(DAY).is_in(days)))
        with suppress(OSError):
            os.utime(self.folder / key)
        return frames, set(marks) - set(good)

    def keep(self, key: str, marks: Mapping[str, str], sums: pl.DataFrame) -> None:
        """Remember the sums of days; where that cannot be, they are summed again next time."""
        folder = self.folder / key
        with suppress(StoreError, OSError):
            make_folder(folder)
            index = self._index(key)
            if len(index.files) >= _FILES:
                index, sums, marks = self._merged(key, index, sums, marks)
            index.files.append(write_frame(folder, "sums", sums))
            index.days.update({day: (len(index.files) - 1, mark) for day, mark in marks.items()})
            index.sha256 = index.seal()
            write(folder / _INDEX, msgspec.json.encode(index))
            self._sweep(folder, index)

    def _merged(
        self, key: str, index: _Index, sums: pl.DataFrame, marks: Mapping[str, str]
    ) -> tuple[_Index, pl.DataFrame, dict[str, str]]:
        """Return an index without files, and the sums of all days that it had with the new ones."""
        old = {day: mark for day, (_, mark) in index.days.items() if day not in marks}
        frames, lacking = self.recall(key, old)
        held = {day: mark for day, mark in old.items() if day not in lacking}
        return _Index(), pl.concat([*frames, sums]), held | dict(marks)

    def _index(self, key: str) -> _Index:
        try:
            found = msgspec.json.decode((self.folder / key / _INDEX).read_bytes(), type=_Index)
        except (OSError, msgspec.DecodeError):
            return _Index()
        return found if found.sha256 == found.seal() else _Index()

    def _frame(self, key: str, segment: Segment) -> pl.DataFrame | None:
        if not is_whole(self.folder / key, segment):
            return None
        try:
            return pl.read_parquet(self.folder / key / segment.name)
        except (OSError, pl.exceptions.PolarsError):
            return None

    def _sweep(self, folder: Path, index: _Index) -> None:
        names = {segment.name for segment in index.files}
        for path in folder.glob(f".*{SUFFIX}"):
            if path.name not in names and time.time() - path.stat().st_mtime > _HOUR:
                path.unlink(missing_ok=True)
        keys = sorted((each for each in self.folder.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
        for old in keys[:-_KEYS]:
            for path in old.iterdir():
                path.unlink(missing_ok=True)
            old.rmdir()
