"""A part of a plain file: the whole lines from one byte up to another."""

from dataclasses import dataclass
from typing import BinaryIO


@dataclass
class Part:
    """Where a part of a file begins and ends, in bytes, and the number of its first line; `lines` grows as it is read."""

    start: int
    stop: int
    first: int = 1
    lines: int = 0


class Bounded:
    """The stream of a part."""

    def __init__(self, file: BinaryIO, part: Part) -> None:
        file.seek(part.start)
        self.file, self.part, self.left = file, part, part.stop - part.start

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes of what is left, and count their lines."""
        block = self.file.read(min(size, self.left))
        self.left -= len(block)
        self.part.lines += block.count(b"\n")
        return block
