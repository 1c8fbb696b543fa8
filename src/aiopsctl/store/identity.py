"""Which file is which: what was appended to, renamed, compressed, cut off or written anew since it was read.

A path, and an inode even less, says little: files are renamed, and inodes used again. What tells a file is what is in
it: the first bytes, and the last ones of what has been read.
"""

import os
from collections.abc import Iterable, Sequence

from msgspec import Struct

from aiopsctl.errors import UsageError
from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.inflate import Broken, Inflated
from aiopsctl.store.disk import sha256
from aiopsctl.store.manifest import Unit

_PRINT_BYTES = 4096
_BLOCK = 4 << 20


class Found(Struct):
    """What became of the sources: `same` units, those that `grew`, files that are `new`, and units that are `lost`.

    Beside a new file stands the unit whose place it took, where it did.
    """

    same: list[tuple[Unit, Input]]
    grew: list[tuple[Unit, Input]]
    new: list[tuple[Input, Unit | None]]
    lost: list[Unit]


def stat_of(path: str) -> tuple[int, int, int, int]:
    """Return device, inode, size and time of the last change of a file."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def prints(path: str, stop: int) -> tuple[str, str]:
    """Return the SHA-256 of a file's first bytes, and of those before a position."""
    with open(path, "rb") as file:
        head = file.read(min(_PRINT_BYTES, stop))
        file.seek(max(stop - _PRINT_BYTES, 0))
        return sha256(head), sha256(file.read(min(_PRINT_BYTES, stop)))


def tell(units: Sequence[Unit], inputs: Iterable[Input]) -> Found:
    """Return what became of each unit that was read, and which files are new."""
    by_path = {unit.path: unit for unit in units if not unit.gone}
    found = Found([], [], [], [])
    open_files: list[tuple[Input, Unit | None]] = []
    seen: set[int] = set()
    for each in inputs:
        unit = by_path.get(os.path.realpath(each.path))
        if unit is None:
            open_files.append((each, None))
            continue
        how = _compared(unit, each.path)
        if how == "other":
            open_files.append((each, unit))
            continue
        seen.add(unit.id)
        (found.same if how == "same" else found.grew).append((unit, each))
    missing = [unit for unit in units if unit.id not in seen]
    for each, before in open_files:
        moved = _moved(missing, each)
        if moved is None:
            found.new.append((each, before))
            continue
        missing.remove(moved)
        found.grew.append((moved, each))
    for unit in (unit for unit in missing if not unit.gone):
        sibling = _sibling(unit)
        if sibling:
            found.grew.append((unit, sibling))
        else:
            found.lost.append(unit)
    there = {unit.id for unit, _ in found.grew}
    found.new = [(each, None if before and before.id in there else before) for each, before in found.new]
    return found


def _compared(unit: Unit, path: str) -> str:
    """Return whether a file is the `same` as when it was read, `grew`, or is an `other` one."""
    now = stat_of(path)
    if now == (unit.device, unit.inode, unit.size, unit.modified_ns):
        return "same"
    return "grew" if _continues(unit, path, now[2]) else "other"


def _continues(unit: Unit, path: str, size: int) -> bool:
    """Return whether a file begins with what was read of a unit; of one that cannot grow, whether it is the same."""
    may_be = size >= unit.stop if unit.grows else size == unit.stop
    return unit.stop > 0 and may_be and prints(path, unit.stop) == (unit.head, unit.tail)


def _moved(missing: Sequence[Unit], each: Input) -> Unit | None:
    """Return the unit whose content a file has under another name, plain or compressed by now."""
    if each.path == "-":
        return None
    size = os.stat(each.path).st_size
    for unit in missing:
        if _continues(unit, each.path, size):
            return unit
    plain = [unit for unit in missing if unit.grows and unit.stop]
    if not plain or not is_compressed(each):
        return None
    return next((u for u in plain if _inflated_prints(each.path, u.stop) == (u.head, u.tail)), None)


def is_compressed(each: Input) -> bool:
    """Return whether a file is read by inflating it."""
    try:
        with files.open_bytes(each) as stream:
            return isinstance(stream, Inflated)
    except UsageError:
        return False


def _inflated_prints(path: str, stop: int) -> tuple[str, str]:
    """Return the prints of inflated bytes; of a stream that ends before them there are none."""
    head, tail, left = b"", b"", stop
    try:
        with files.open_bytes(Input(path)) as stream:
            while left and (block := stream.read(min(_BLOCK, left))):
                head += block[: max(_PRINT_BYTES - len(head), 0)]
                tail = (tail + block)[-_PRINT_BYTES:]
                left -= len(block)
    except (Broken, UsageError):
        return "", ""
    return ("", "") if left else (sha256(head[:stop]), sha256(tail))


def _sibling(unit: Unit) -> Input | None:
    """Return the file beside a unit's old place that holds what was read of it, though no path names it: rotated."""
    folder, name = os.path.split(unit.path)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    for other in names:
        path = os.path.join(folder, other)
        if other != name and other.startswith(name) and os.path.isfile(path):
            each = Input(path, named=False, asked=unit.asked)
            if _moved([unit], each):
                return each
    return None
