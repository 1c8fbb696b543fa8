"""Compressed streams: what was inflated before a break is given first, then the break is told, with its reason.

`gzip` and Arrow drop what they inflated in the call that meets a break, some readers take a break for the end, and
some do not look at checksums.
"""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_RAW_BYTES = 256 << 10
_ZSTD_BYTES = 4 << 10
"""Small, because Arrow gives nothing of a call that meets a break."""


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end."""


class Broken(Exception):  # noqa: N818 - a state of the stream, not an error of the program
    """A stream cannot be read further.

    `truncated_stream`: it ends too early, and what came before is good. `corrupt_stream`: its checksum or its structure
    is wrong, and so nothing that came before can be trusted. `trailing_garbage`: something else follows its good end.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


WORDS = {
    "truncated_stream": "it breaks off",
    "corrupt_stream": "its checksum or its structure is wrong",
    "trailing_garbage": "something else follows its end",
    "unreadable": "it cannot be read",
}
"""Why a stream breaks off, for people."""


class Inflated:
    """A stream of inflated blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""
        self._broken: Broken | None = None

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes, less before the end or a break, and then none; raise `Broken` behind a break."""
        parts, have = [self._rest], len(self._rest)
        while have < size and (block := self._next()):
            parts.append(block)
            have += len(block)
        if self._broken and not have:
            raise self._broken
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size] if self._rest else data

    def _next(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except Broken as broken:
            self._broken = broken
            return b""


def inflated(file: BinaryIO, start: bytes) -> Stream:
    """Return the stream of a file that begins with `start`: inflated, or as it is."""
    if start.startswith(_GZIP):
        return Inflated(_gunzip(file))
    if start.startswith(_ZSTD) or start[1:4] == _ZSTD_SKIPPABLE:
        return Inflated(_unzstd(file))
    return file


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    """Yield what the members of a gzip file hold; zeros behind the last one are padding."""
    inflater, raw = zlib.decompressobj(31), b""
    while raw := raw or file.read(_RAW_BYTES):
        if inflater.eof:
            raw = raw.lstrip(b"\0")
            if not _GZIP.startswith(raw[:2]):
                raise Broken("trailing_garbage")
            inflater = zlib.decompressobj(31) if raw else inflater
            continue
        try:
            block = inflater.decompress(raw, _RAW_BYTES)
        except zlib.error:
            raise Broken("corrupt_stream") from None
        if block:
            yield block
        raw = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        if rest := inflater.flush():
            yield rest
        raise Broken("truncated_stream")


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Yield what the frames of a zstd file hold."""
    import pyarrow as pa

    stream = pa.input_stream(file, compression="zstd")
    try:
        while block := stream.read(_ZSTD_BYTES):
            yield block
    except OSError as error:
        raise Broken(_zstd_reason(str(error))) from None


def _zstd_reason(message: str) -> str:
    """Return why Arrow stopped; what follows the last frame is a cut as well, because the end of that frame is lost."""
    cut = "Truncated" in message or "Unknown frame descriptor" in message
    return "truncated_stream" if cut else "corrupt_stream"
