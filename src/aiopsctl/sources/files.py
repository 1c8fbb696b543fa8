"""From the paths that a user names to streams of bytes: expanded by us, opened by exact name, never mapped into memory.

Polars maps JSONL files into memory (a log truncated under it kills the process), reads brackets in names as globs, and
hangs on a FIFO; so it is only ever given bytes.
"""

import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import BinaryIO

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.errors import UsageError, nearest
from aiopsctl.sources import meter
from aiopsctl.sources.inflate import WORDS, Broken, Inflated, Stream, inflated
from aiopsctl.sources.part import Bounded, Part

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".csv")
COMPRESSED = (".gz", ".zst")
WHOLE_BYTES = 512 << 20
"""The most that is read of a file which has to be read in one piece."""
_PARQUET = b"PAR1"
_FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}
_HARMLESS_BYTES, _HARMLESS_RATIO = 64 << 20, 100
_BLOCK_BYTES = 4 << 20
_SAMPLE_BYTES, _PACKED = 256 << 10, 8
"""By how many bytes the rows of a file are guessed, and how much longer inflated ones are."""


AGAIN = "copy it again from where it was written, or leave it out"
"""What to do about a damaged file."""


class GoneError(UsageError):
    """A file went away after it was found."""


class Input(Struct, frozen=True):
    """One file to read: its path (`-` is standard input), whether the user named it himself, and by what words.

    Of a plain file it may be a `part` alone that is read.
    """

    path: str
    named: bool = True
    asked: str = ""
    part: Part | None = None

    @property
    def shown(self) -> str:
        """The path as it may be printed."""
        return printable(self.path)


def printable(path: str) -> str:
    """Return a path with its control characters and undecodable bytes escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in path)


def expand(paths: Iterable[str]) -> list[Input]:
    """Return the files behind files, folders, globs and `-`, each once, in a stable order.

    Raises `UsageError` for a path that does not exist and for one that is no regular file.
    """
    found: dict[tuple[int, int] | str, Input] = {}
    for path in paths:
        for each in _expand_one(path):
            known = found.setdefault(_identity(each.path), each)
            if each.named and not known.named:
                found[_identity(each.path)] = replace(known, named=True)
    return list(found.values())


def _identity(path: str) -> tuple[int, int] | str:
    """Return what tells whether two paths are one file."""
    try:
        info = os.stat(path)
    except OSError:  # standard input, or a file that went away
        return path
    return (info.st_dev, info.st_ino)


def _expand_one(path: str) -> Iterator[Input]:
    if path == "-":
        yield Input("-", asked=path)
    elif os.path.isdir(path):
        yield from (Input(inside, named=False, asked=path) for inside in _walk(path))
    elif os.path.lexists(path):
        _require_regular(path)
        yield Input(path, asked=path)
    elif glob.has_magic(path):
        yield from (Input(inside, named=False, asked=path) for inside in _matches(path))
    else:
        raise UsageError(f"no such file: {printable(path)}", help=_near(path))


def _near(path: str) -> str:
    if "://" in path:
        return "nothing is read over the network: fetch it, and name the file"
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        return f"the folder {printable(folder)} does not exist either"
    near = nearest(os.path.basename(path), os.listdir(folder))
    return near or f"files, folders and globs are read; {printable(folder)} exists"


def _require_regular(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise _not_opened(path, error) from None
    if not stat.S_ISREG(mode):
        raise UsageError(f"{printable(path)} is no regular file", help="use - to read from standard input")


def _matches(pattern: str) -> Iterator[str]:
    """Yield the files that a glob matches, and the logs in the folders that it matches."""
    matches = sorted(set(_glob(pattern)))
    if not matches:
        raise UsageError(f"no file matches '{printable(pattern)}'", help="quote a glob, or name a folder")
    for match in matches:
        if os.path.isdir(match):
            yield from _walk(match)
        elif os.path.isfile(match):
            yield match


def _glob(pattern: str) -> list[str]:
    """Return what a glob matches. `**` does not follow links to folders, which may lead in circles."""
    parts = pattern.split(os.sep)
    if "**" not in parts:
        return glob.glob(pattern)
    at = parts.index("**")
    base = os.sep.join([*parts[:at], ""])
    rest = os.sep.join(parts[at + 1 :]) or "*"
    tops = glob.glob(base) if glob.has_magic(base) else [base]
    folders = [root for top in tops for root, _, _ in _folders(top or os.curdir)]
    return [found for folder in folders for found in _glob(os.path.normpath(os.path.join(glob.escape(folder), rest)))]


def _folders(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk a folder in a stable order, without what is hidden and without following links."""
    for root, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield root, folders, sorted(names)


def _walk(folder: str) -> Iterator[str]:
    """Yield the logs in a folder, told by their suffix."""
    for root, _, names in _folders(folder):
        paths = (os.path.join(root, name) for name in names if _is_log(name))
        yield from (path for path in paths if os.path.isfile(path))


def _is_log(name: str) -> bool:
    stem = name
    for suffix in COMPRESSED:
        stem = stem.removesuffix(suffix)
    return stem.endswith(SUFFIXES) and not name.startswith((".", "_"))


def is_parquet(each: Input) -> bool:
    """Return whether a file is Parquet, by its first bytes."""
    with open_raw(each) as file:
        return file.read(len(_PARQUET)) == _PARQUET


@contextmanager
def open_raw(each: Input) -> Iterator[BinaryIO]:
    """Open a file as it is; raise `UsageError` where it cannot be."""
    if each.path == "-":
        yield BytesIO(_standard_input())
        return
    with _open(each) as file:
        yield file


def _open(each: Input) -> BinaryIO:
    try:
        return meter.opened(each.path)
    except FileNotFoundError as error:
        raise _not_opened(each.path, error, GoneError) from None
    except OSError as error:
        raise _not_opened(each.path, error) from None


def _not_opened(path: str, error: OSError, kind: type[UsageError] = UsageError) -> UsageError:
    return kind(
        f"cannot open {printable(path)}: {error.strerror}", help="ls -l shows where it leads, and who may read it"
    )


@contextmanager
def open_bytes(each: Input) -> Iterator[Stream]:
    """Open the decompressed bytes of a file; compression is told by content, not by name.

    Raises `UsageError` for a compression that is not read. Reading raises `Broken` where a compressed stream breaks.
    """
    with open_raw(each) as file:
        start = file.read(8)
        file.seek(0)
        for signature, name in _FOREIGN.items():
            if start.startswith(signature):
                raise UsageError(f"{each.shown} is compressed with {name}", help="gzip and zstd are read")
        stream = inflated(file, start)
        yield stream if each.part is None else Bounded(stream, each.part)


def size_of(path: str) -> int:
    """Return the bytes of a file, 0 of one that went away."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def rows_about(each: Input) -> int:
    """Return about how many rows a file has: by the length of its first lines, of Parquet what it says; 0 if untold."""
    try:
        with open_raw(each) as raw, open_bytes(each) as stream:
            size = raw.seek(0, os.SEEK_END)
            start = stream.read(_SAMPLE_BYTES)
            packed = isinstance(stream, Inflated)
    except (UsageError, Broken, OSError):
        return 0
    if start.startswith(_PARQUET):
        return _promised(each)
    return size * (_PACKED if packed else 1) * (start.count(b"\n") or 1) // max(len(start), 1)


def _promised(each: Input) -> int:
    """Return how many rows a Parquet file says that it has: few bytes may be many rows."""
    with suppress(UsageError, pl.exceptions.PolarsError, pl.exceptions.PanicException), open_raw(each) as file:
        return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())
    return 0


def whole(each: Input) -> bytes:
    """Return all decompressed bytes of a file that can only be read in one piece.

    Raises `UsageError` for one that is damaged, or larger than a log in one piece can sensibly be.
    """
    with open_raw(each) as file:
        size = file.seek(0, os.SEEK_END)
    with open_bytes(each) as stream:
        inflates = isinstance(stream, Inflated)
        most = min(WHOLE_BYTES, max(_HARMLESS_BYTES, _HARMLESS_RATIO * size)) if inflates else WHOLE_BYTES
        blocks, length = [], 0
        while block := _block(stream, each):
            blocks.append(block)
            length += len(block)
            if length > most:
                raise UsageError(
                    f"{each.shown} is one JSON document of more than {most >> 20} MiB",
                    help="write one object per line, for example with: jq -c '.[]'",
                )
    return b"".join(blocks)


def _block(stream: Stream, each: Input) -> bytes:
    try:
        return stream.read(_BLOCK_BYTES)
    except Broken as broken:
        raise damaged(each, broken.reason) from None
    except OSError:
        raise damaged(each, "unreadable") from None


def damaged(each: Input, reason: str) -> UsageError:
    """Return the error of a file of which nothing can be believed."""
    return UsageError(f"{each.shown} is damaged: {WORDS[reason]}", help=AGAIN)


_kept: tuple[object, bytes] = (None, b"")


def _standard_input() -> bytes:
    """Return all of standard input; it can be read once, so it is kept."""
    global _kept  # noqa: PLW0603 - a stream of the process, read once
    if _kept[0] is not sys.stdin or sys.stdin is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "nothing on standard input", help="pipe a log into it: cat calls.jsonl | aiopsctl summary -"
            )
        _kept = (sys.stdin, sys.stdin.buffer.read())
    return _kept[1]
