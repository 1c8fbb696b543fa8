"""The manifest of a store: the one file that says what holds. It is written last, and only whole.

It lists each source as far as it was read, and the segments of each day; what it does not list is not there. Its last
state is kept beside it: where the manifest or a segment of it is damaged, the one before holds, and what has been read
since is read again.
"""

import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from aiopsctl.store.disk import SUFFIX, TEMPORARY, Segment, StoreError, is_whole, sha256, write

FORMAT = 2
_KNOWN = (1, FORMAT)
"""Format 1 had every column in each segment, and no hashes of ids: they are made when more is read."""

NAME, BEFORE = "MANIFEST", "MANIFEST.prev"
_SMALL = 64 << 20
_HOUR = 3600
"""So long a segment stays that no manifest lists: another process may still be reading it."""


class Unit(Struct):
    """A source file: what it was when it was read, how far it was read, and what became of its rows.

    `stop` is the byte up to which it was read, `line` the number of the line that follows. `head` and `tail` are the
    SHA-256 of its first bytes, and of those before `stop`. `grows` says that what is appended can be read alone; any
    other file is read whole. A file that is `gone` was read, and is there no more.
    """

    id: int
    path: str
    asked: str
    shown: str
    device: int
    inode: int
    size: int
    modified_ns: int
    stop: int
    line: int
    head: str
    tail: str
    source: str
    grows: bool = False
    gone: bool = False
    account: dict[str, Any] = field(default_factory=dict)


class Day(Struct):
    """A day of events (UTC; "" is without a time): as they were read, and as they are answered with.

    `duplicates` counts rows left out of the answer, `named` and `found` feedback that names a call and that found it;
    `since` and `until` are microseconds of the first and last event, `filled` the columns that any row fills; `money` is what pricing told of its calls.
    """

    raw: list[Segment] = field(default_factory=list)
    final: Segment | None = None
    duplicates: int = 0
    named: int = 0
    found: int = 0
    since: int | None = None
    until: int | None = None
    filled: list[str] = field(default_factory=list)
    money: dict[str, Any] = field(default_factory=dict)


class Manifest(Struct):
    """All that a store holds; `reading` and `pricing` tell by which rules it was read and priced, `paths` what is read.

    `hashing` tells by which function ids were hashed. `pruned` rows are forgotten.
    """

    format: int = FORMAT
    reading: str = ""
    zone: str = ""
    pricing: str = ""
    hashing: str = ""
    generation: int = 0
    next_unit: int = 0
    pruned: int = 0
    paths: list[str] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    days: dict[str, Day] = field(default_factory=dict)
    traces: dict[str, Segment] = field(default_factory=dict)

    def segments(self) -> list[Segment]:
        """Return every segment that holds."""
        days = [segment for day in self.days.values() for segment in (*day.raw, day.final) if segment]
        return [*days, *self.traces.values()]

    def copy(self) -> "Manifest":
        """Return a copy that can be changed."""
        return msgspec.json.decode(msgspec.json.encode(self), type=Manifest)


class _Sealed(Struct):
    sha256: str
    manifest: msgspec.Raw


def load(folder: Path, *, deep: bool = False) -> tuple[Manifest, str]:
    """Return the manifest that holds, an empty one where there is none, and what was found to be wrong.

    Raises `StoreError` for a store of a newer format, which is left alone.
    """
    problems = []
    for name in (NAME, BEFORE):
        path = folder / name
        if not path.exists():
            continue
        found = _opened(path)
        if found is None:
            problems.append(f"{name} is damaged")
        elif bad := _damaged(folder, found, deep=deep):
            problems.append(f"{bad} is damaged or missing")
        else:
            return found, "; ".join(problems)
    return Manifest(), "; ".join(problems)


def _damaged(folder: Path, found: Manifest, *, deep: bool) -> str:
    """Return the first segment that is not as it was written: by its size, and by its hash where that takes no time."""
    segments = found.segments()
    deep = deep or sum(segment.bytes for segment in segments) <= _SMALL
    return next((segment.name for segment in segments if not is_whole(folder, segment, deep=deep)), "")


def _opened(path: Path) -> Manifest | None:
    try:
        sealed = msgspec.json.decode(path.read_bytes(), type=_Sealed)
        body = bytes(sealed.manifest)
        if sha256(body) != sealed.sha256:
            return None
        written = msgspec.json.decode(body, type=dict[str, Any]).get("format")
        if isinstance(written, int) and written > FORMAT:
            raise StoreError(f"{path.parent} was written by a newer aiopsctl (format {written}, this one knows {FORMAT})",
                             help="use that version, or another --store")  # fmt: skip
        found = msgspec.json.decode(body, type=Manifest) if written in _KNOWN else None
    except (OSError, msgspec.DecodeError):
        return None
    return found


def save(folder: Path, manifest: Manifest) -> None:
    """Write a manifest: from then on it holds. What held before is kept beside it."""
    manifest.format = FORMAT
    manifest.generation += 1
    body = msgspec.json.encode(manifest)
    sealed = msgspec.json.encode(_Sealed(sha256(body), msgspec.Raw(body)))
    path = folder / NAME
    if path.exists() and _opened(path) is not None:
        write(folder / BEFORE, path.read_bytes())
    write(path, sealed)


def sweep(folder: Path, manifest: Manifest) -> None:
    """Delete what neither the manifest nor the one before it lists; the lock of the writer is held."""
    before = _opened(folder / BEFORE)
    kept = {segment.name for held in (manifest, before) if held for segment in held.segments()}
    for path in folder.glob(f".*{SUFFIX}"):
        if path.name not in kept and time.time() - path.stat().st_mtime > _HOUR:
            path.unlink(missing_ok=True)
    for path in folder.glob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
