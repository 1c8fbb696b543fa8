"""From the paths that a user names to streams of bytes: expanded by us, opened by exact name, never mapped into memory.

Polars maps JSONL files into memory (a log truncated under it kills the process), reads brackets in names as globs, and
hangs on a FIFO; so it is only ever given bytes.
"""

import glob
import gzip
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from aiopsctl.errors import UsageError, nearest

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".csv")
COMPRESSED = (".gz", ".zst")
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}


@dataclass(frozen=True)
class Input:
    """One file to read: its path (`-` is standard input), how it is shown, and whether the user named it himself."""

    path: str
    named: bool = True

    @property
    def shown(self) -> str:
        """The path as it may be printed: control characters and undecodable bytes escaped."""
        return self.path.encode("utf-8", "backslashreplace").decode()


def expand(paths: Iterable[str]) -> list[Input]:
    """Return the files behind files, folders, globs and `-`, each once, in a stable order.

    Raises `UsageError` for a path that does not exist and for one that is no regular file.
    """
    found: dict[tuple[int, int] | str, Input] = {}
    for path in paths:
        for each in _expand_one(path):
            found.setdefault(_identity(each.path), each)
    return list(found.values())


def _identity(path: str) -> tuple[int, int] | str:
    if path == "-":
        return path
    info = os.stat(path)
    return (info.st_dev, info.st_ino)


def _expand_one(path: str) -> Iterator[Input]:
    if path == "-":
        yield Input("-")
    elif os.path.isdir(path):
        yield from (Input(inside, named=False) for inside in _walk(path))
    elif os.path.lexists(path):
        _require_regular(path)
        yield Input(path)
    elif glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        if not matches:
            raise UsageError(f"no file matches '{path}'", help="quote a glob, or name a folder")
        for match in matches:
            if os.path.isfile(match):
                yield Input(match, named=False)
    else:
        raise UsageError(f"no such file: {path}", help=_near(path))


def _near(path: str) -> str:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        return f"the folder {folder} does not exist either"
    return nearest(os.path.basename(path), os.listdir(folder)) or f"files, folders and globs are read; {folder} exists"


def _require_regular(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise UsageError(f"cannot open {path}: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no regular file", help="use - to read from standard input")
    if not os.access(path, os.R_OK):
        raise UsageError(f"cannot open {path}: permission denied")


def _walk(folder: str) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(names):
            if _is_log(name) and os.path.isfile(os.path.join(root, name)):
                yield os.path.join(root, name)


def _is_log(name: str) -> bool:
    stem = name
    for suffix in COMPRESSED:
        stem = stem.removesuffix(suffix)
    return stem.endswith(SUFFIXES) and not name.startswith((".", "_"))


def magic(path: str) -> bytes:
    """Return the first bytes of a file, enough to tell what it is."""
    with open(path, "rb") as file:
        return file.read(8)


def is_parquet(start: bytes) -> bool:
    """Return whether the first bytes are those of a Parquet file."""
    return start.startswith(_PARQUET)


def open_bytes(each: Input) -> BinaryIO:
    """Return the decompressed bytes of a file as a stream; compression is told by content, not by name.

    Raises `UsageError` for a compression that is not read.
    """
    if each.path == "-":
        return BytesIO(_standard_input())
    start = magic(each.path)
    for signature, name in _FOREIGN.items():
        if start.startswith(signature):
            raise UsageError(f"{each.shown} is compressed with {name}", help="gzip and zstd are read")
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.open(each.path, "rb"))
    if start.startswith(_ZSTD):
        import pyarrow as pa

        return cast("BinaryIO", pa.input_stream(each.path, compression="zstd"))
    return open(each.path, "rb")


_stdin: bytes | None = None


def _standard_input() -> bytes:
    """Return all of standard input; it can be read once, so it is kept."""
    global _stdin  # noqa: PLW0603 - a stream of the process, read once
    if _stdin is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing on standard input", help="pipe a log into it: cat calls.jsonl | aiopsctl summary -")
        _stdin = sys.stdin.buffer.read()
    return _stdin


def exists(path: str) -> bool:
    """Return whether a file is there."""
    return Path(path).exists()
