"""How far the reading of files is, in bytes as they lie on the disk, for whoever wants to watch."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Meter:
    """Counts what is read of some files; a file that is read again counts once."""

    def __init__(self) -> None:
        self.total = 0
        self._reached: dict[str, int] = {}

    @property
    def done(self) -> int:
        """The bytes that have been read."""
        return sum(self._reached.copy().values())

    def expect(self, paths: Iterable[str]) -> None:
        """Say which files will be read."""
        self.total = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))

    def reached(self, path: str, place: int) -> None:
        """Say that a file has been read up to a place."""
        self._reached[path] = max(self._reached.get(path, 0), place)


class _Counted(FileIO):
    """A file that tells its meter how far it is read."""

    def __init__(self, path: str, meter: Meter) -> None:
        super().__init__(path)
        self._path, self._meter = path, meter

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        """Fill a buffer, and tell how far that is."""
        found = super().readinto(buffer)
        self._meter.reached(self._path, self.tell())
        return found


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what is read inside."""
    meter = Meter()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def expect(paths: Iterable[str]) -> None:
    """Say which files will be read, where anyone watches."""
    if meter := _current.get():
        meter.expect(paths)


def opened(path: str) -> BinaryIO:
    """Open a file to be read, counted where anyone watches."""
    meter = _current.get()
    return open(path, "rb") if meter is None else BufferedReader(_Counted(path, meter))
