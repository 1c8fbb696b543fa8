"""A part of a file: the whole lines from one byte up to another, of a compressed file of its inflated bytes."""

from typing import BinaryIO

from msgspec import Struct

from aiopsctl.sources.inflate import Stream

_BLOCK = 4 << 20


class Part(Struct):
    """Where a part of a file begins and ends, in bytes, and the number of its first line; `lines` grows as it is read.

    `left` is how much of it is still to be read, or was not there.
    """

    start: int
    stop: int
    first: int = 1
    lines: int = 0
    left: int = 0


class Bounded:
    """The stream of a part."""

    def __init__(self, file: Stream, part: Part) -> None:
        _skip(file, part.start)
        self.file, self.part = file, part
        part.left = part.stop - part.start

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes of what is left, and count their lines."""
        block = self.file.read(min(size, self.part.left))
        self.part.left -= len(block)
        self.part.lines += block.count(b"\n")
        return block


def _skip(file: "Stream | BinaryIO", size: int) -> None:
    if hasattr(file, "seek"):
        file.seek(size)
        return
    while size and (block := file.read(min(size, _BLOCK))):
        size -= len(block)
