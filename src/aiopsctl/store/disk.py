"""Files of a store: written whole or not at all, checked when they are opened, by one writer at a time.

A file is written under a temporary name in its own folder, synced, renamed, and the folder synced. Its name holds the
beginning of the SHA-256 of what is in it, so that nothing is ever written over; the manifest alone has a fixed name.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import polars as pl
from msgspec import Struct

from aiopsctl.errors import AiopsctlError

TEMPORARY, SUFFIX = ".tmp-", ".parquet"
"""Names begin with a dot: where a store lies among logs, it is not read as one."""

_LOCK, _STEP = "LOCK", 0.05
_DIGITS = 16


class StoreError(AiopsctlError):
    """A store cannot be read or written: commands answer from the logs."""


class Segment(Struct, frozen=True):
    """A Parquet file of a store: its name, which holds the beginning of its SHA-256, its bytes and its rows."""

    name: str
    bytes: int
    rows: int


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def make_folder(folder: Path) -> None:
    """Make a folder that its owner alone can look into; raise `StoreError` where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the store {folder}: {error.strerror}") from None


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, for its owner alone; raise `StoreError` where it cannot be."""
    temporary = path.parent / f"{TEMPORARY}{os.getpid()}-{time.monotonic_ns()}"
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_frame(folder: Path, kind: str, frame: pl.DataFrame, *, statistics: bool = True) -> Segment:
    """Write a frame as Parquet, where it is not there already, and return its segment.

    The lowest level of compression takes a fifth more of the disk than the default one, and a fifth less time.
    """
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1, statistics=statistics)
    data = buffer.getvalue()
    name = f".{kind}-{sha256(data)[:_DIGITS]}{SUFFIX}"
    segment = Segment(name, len(data), frame.height)
    if not is_whole(folder, segment, deep=True):
        write(folder / name, data)
    return segment


def is_whole(folder: Path, segment: Segment, *, deep: bool = False) -> bool:
    """Return whether a segment is there with its size and, looked at deeply, with what was written to it."""
    path = folder / segment.name
    try:
        if path.stat().st_size != segment.bytes:
            return False
        return not deep or segment.name.rpartition("-")[2].removesuffix(SUFFIX) == sha256(path.read_bytes())[:_DIGITS]
    except OSError:
        return False


@contextmanager
def locked(folder: Path, wait: float) -> Iterator[bool]:
    """Hold the lock of the writer; yield whether it could be had within so many seconds."""
    import fcntl

    try:
        handle = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(f"cannot lock the store {folder}: {error.strerror}") from None
    try:
        end = time.monotonic() + wait
        while not (held := _try(fcntl, handle)) and time.monotonic() < end:
            time.sleep(_STEP)
        yield held
    finally:
        os.close(handle)


def _try(fcntl: "object", handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined]
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: what is written is right without them
        return True
    return True
