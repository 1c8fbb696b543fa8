"""A stream of bytes as chunks of whole lines, each line with its number; memory is bounded, whatever a line is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from aiopsctl.sources.inflate import Broken, Stream

CHUNK_BYTES = 2 << 20
MAX_LINE_BYTES = 16 << 20
_FEW_LINES, _LARGE_BYTES = 4_000, 8 << 20
"""Chunks of fewer lines grow up to a size: what a chunk costs beside its bytes is the same for one line as for many."""

_LONG_BYTES = 500


@dataclass(frozen=True)
class Reject:
    """A line that is no event: its number from 1, the reason, and its length in bytes."""

    line: int
    reason: str
    length: int = 0
    text: bytes = b""


@dataclass(frozen=True)
class Chunk:
    """Whole lines, their numbers in runs (first, count), those without a newline, and rejects of lines not kept."""

    data: bytes
    runs: tuple[tuple[int, int], ...] = ()
    torn: frozenset[int] = frozenset()
    rejects: tuple[Reject, ...] = ()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(count for _, count in self.runs)

    def numbers(self) -> Iterator[int]:
        """Return the number of each line."""
        return chain.from_iterable(range(first, first + count) for first, count in self.runs)


def chunks(stream: Stream, size: int = CHUNK_BYTES, longest: int = MAX_LINE_BYTES, first: int = 1) -> Iterator[Chunk]:
    """Yield whole-line chunks of a stream; memory is bounded by `size` and `longest`.

    A line over `longest` bytes is passed over and rejected. A stream that breaks off gives the whole lines before the
    break, then one reject.
    """
    line, tail = first, _Tail(longest)
    while True:
        block, broken = read_block(stream, min(size, longest))
        if not block:
            break
        start, end, cut = 0, block.find(b"\n"), block.rfind(b"\n") + 1
        if not cut:
            tail.grow(block)
            continue
        if tail.length + end > longest:
            yield Chunk(b"", rejects=(Reject(line, "too_long", tail.length + end),))
            start, line, tail = end + 1, line + 1, _Tail(longest)
        if cut > start:
            data = b"".join((*tail.pieces, memoryview(block)[start:cut]))
            count = _newlines(data)
            yield Chunk(data, ((line, count),))
            line += count
            if count < _FEW_LINES and _LARGE_BYTES // 4 <= size < _LARGE_BYTES:
                size *= 2
        tail = _Tail(longest, block[cut:])
    yield from _ending(tail, line, broken)


def _newlines(data: bytes) -> int:
    """Return how many lines end in data; where they are long, to look for the next end is faster than at each byte."""
    at = data.find(b"\n", _LONG_BYTES)
    if at < _LONG_BYTES * 2:
        return data.count(b"\n")
    found, at = 0, data.find(b"\n")
    while at >= 0:
        found, at = found + 1, data.find(b"\n", at + 1)
    return found


class _Tail:
    """The beginning of a line whose end has not been read yet; beyond `longest` bytes only its length is kept."""

    def __init__(self, longest: int, beginning: bytes = b"") -> None:
        self.longest, self.length = longest, 0
        self.pieces: list[bytes] = []
        self.grow(beginning)

    def grow(self, piece: bytes) -> None:
        """Add what follows."""
        self.length += len(piece)
        self.pieces.append(piece)
        if self.length > self.longest:
            self.pieces.clear()


def read_block(stream: Stream, size: int) -> tuple[bytes, str]:
    """Return the next bytes of a stream, and why it breaks off where it does."""
    try:
        return stream.read(size), ""
    except Broken as broken:
        return b"", broken.reason
    except OSError:
        return b"", "unreadable"


def _ending(tail: _Tail, line: int, broken: str) -> Iterator[Chunk]:
    """Yield the last line where it lacks its newline, and the reject of a stream that broke off within it."""
    data = b"".join(tail.pieces)
    if tail.length > tail.longest:
        yield Chunk(b"", rejects=(Reject(line, "too_long", tail.length),))
    elif data and broken in ("", "trailing_garbage"):
        yield Chunk(data, ((line, 1),), frozenset({line}))
    elif broken:
        yield Chunk(b"", rejects=(Reject(line, broken, len(data), data),))
        return
    if broken:
        yield Chunk(b"", rejects=(Reject(line + bool(tail.length), broken),))


def of_records(records: Iterable[bytes], first: int = 1) -> Iterator[Chunk]:
    """Yield chunks of records that are one line each, without its newline."""
    rest = iter(records)
    while batch := list(_up_to(rest, CHUNK_BYTES)):
        yield Chunk(b"\n".join([*batch, b""]), ((first, len(batch)),))
        first += len(batch)


def _up_to(records: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield records up to a size in bytes, and the one that goes beyond it."""
    for record in records:
        yield record
        size -= len(record)
        if size < 0:
            return


def joined(found: Iterable[Chunk]) -> Iterator[Chunk]:
    """Yield chunks with small ones put together: each parse has a price of its own."""
    held: list[Chunk] = []
    size = 0
    for chunk in found:
        if held and size + len(chunk.data) > CHUNK_BYTES:
            yield _together(held)
            held, size = [], 0
        held.append(chunk)
        size += len(chunk.data)
    if held:
        yield _together(held)


def _together(held: Sequence[Chunk]) -> Chunk:
    if len(held) == 1:
        return held[0]
    return Chunk(
        b"".join(one.data + b"\n" if one.torn else one.data for one in held),
        tuple(chain.from_iterable(one.runs for one in held)),
        frozenset(chain.from_iterable(one.torn for one in held)),
        tuple(chain.from_iterable(one.rejects for one in held)),
    )
