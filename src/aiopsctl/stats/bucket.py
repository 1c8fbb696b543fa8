"""What a rate limit does to calls: a replay through token buckets, with a queue before them.

A bucket holds some seconds of its limit, is full at the beginning, and is filled at the rate of its limit up to the brim.
A call goes through when every bucket holds what it takes. Calls queue in their order; one that would wait longer than it
may is dropped when it comes, takes nothing, and keeps nobody waiting.

Who waits depends on what those before did, so that calls are replayed one by one, but only where some may wait: as long
as nobody does, what a bucket lacks is a running maximum, and NumPy finds the next call that it may not suffice for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from math import ceil, inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[Any]

PATIENCE = 60.0
"""The longest wait before a call is dropped, in seconds."""
_MINUTE = 60.0
_TINY = 1e-9
_STAYS = 256
"""So many calls after the last that waited are replayed one by one before it is worth while to look far ahead."""
_AHEAD, _FARTHEST = 1024, 65_536
"""So many calls are looked at at once: first, and at most."""
_BLOCK = 4096


@dataclass(frozen=True)
class Replay:
    """What became of calls: `waits` are those of the calls that were delayed, in seconds, in rising order."""

    calls: int
    dropped: int
    waits: tuple[float, ...]

    @property
    def delayed(self) -> int:
        """How many calls had to wait."""
        return len(self.waits)

    @property
    def mean_wait(self) -> float | None:
        """The mean wait of the calls that waited."""
        return sum(self.waits) / len(self.waits) if self.waits else None

    @property
    def p95_wait(self) -> float | None:
        """The smallest wait that at least 95 % of the calls that waited do not exceed."""
        return self.waits[ceil(0.95 * len(self.waits)) - 1] if self.waits else None


@dataclass(frozen=True)
class _Bucket:
    """A bucket: what each call takes of it, what comes in each second, and what it holds.

    Sums that are rounded are less than `doubt` from what the replay one by one has, which alone decides what is nearer.
    """

    takes: "Numbers"
    rate: float
    size: float
    doubt: float


def replay(times: "ArrayLike", takes: "Sequence[ArrayLike]", limits: Sequence[float], burst: float = 60.0) -> Replay:
    """Return what limits by the minute do to calls.

    `times` are seconds in rising order; `takes` has for each limit (above 0) what each call takes of it, whole numbers.
    A bucket holds `burst` seconds of its limit; a call that takes more than that is dropped.
    """
    import numpy as np

    at = np.asarray(times, np.float64)
    buckets = [_bucket(at, np.asarray(own, np.int64), limit, burst) for own, limit in zip(takes, limits, strict=True)]
    one_by_one = _through_two if len(buckets) == 2 else _through
    waits: list[float] = []
    dropped, begin = 0, 0
    while begin < len(at):
        begin, busy = _quiet(at, buckets, begin)
        if busy == len(at):
            break
        begin, lost = one_by_one(at, buckets, begin, busy, waits)
        dropped += lost
    return Replay(len(at), dropped, tuple(sorted(waits)))


def _bucket(at: "Numbers", takes: "Numbers", limit: float, burst: float) -> _Bucket:
    rate = limit / _MINUTE
    span = float(at[-1] - at[0]) if len(at) else 0.0
    return _Bucket(takes, rate, rate * burst, 1e-6 * rate * burst + 1e-12 * (rate * span + float(takes.sum())))


def _quiet(at: "Numbers", buckets: Sequence[_Bucket], begin: int) -> tuple[int, int]:
    """Return the next call that may have to wait, behind the last before it that surely finds every bucket full.

    `begin` is a call that does. What is lacking before a call is how far what came in since then, less what was taken,
    is below the highest that it ever was: what came in at a full bucket is lost.
    """
    import numpy as np

    full, since, lacks, ahead = begin, at[begin], [0.0] * len(buckets), _AHEAD
    while begin < len(at):
        own = slice(begin, begin + ahead)
        passed = at[own] - since
        waits, brims = np.zeros(len(passed), bool), np.ones(len(passed), bool)
        for i, of in enumerate(buckets):
            takes = of.takes[own]
            lead = of.rate * passed - (takes.cumsum() - takes)
            highest = np.maximum.accumulate(np.concatenate(([lacks[i]], lead)))
            lack = highest[1:] - lead
            waits |= lack + takes > of.size - of.doubt
            brims &= lead > highest[:-1] + of.doubt
            lacks[i] = float(lack[-1] + takes[-1])
        first = int(waits.argmax()) if waits.any() else len(passed)
        full = max([full, *(begin + np.flatnonzero(brims[: first + 1])[-1:]).tolist()])
        if first < len(passed):
            return full, begin + first
        begin, since, ahead = begin + len(passed), at[own][-1], min(2 * ahead, _FARTHEST)
    return full, len(at)


def _through(at: "Numbers", buckets: Sequence[_Bucket], begin: int, busy: int, waits: list[float]) -> tuple[int, int]:
    """Replay calls one by one from `begin`, which finds every bucket full, until all are full again well after `busy`.

    Add the waits to `waits`; return the call that finds the buckets full, and how many were dropped.
    """
    rates, sizes, numbers = [of.rate for of in buckets], [of.size for of in buckets], range(len(buckets))
    levels, held, free, dropped, until = list(sizes), list(sizes), -inf, 0, busy + _STAYS
    for n, time, *takes in _calls(at, buckets, begin):
        since = max(time, free)
        pause, fits = 0.0, True
        for i in numbers:  # a loop of its own for each bucket and step takes four times as long
            held[i] = level = min(sizes[i], levels[i] + rates[i] * (since - free))
            pause = max(pause, (takes[i] - level) / rates[i])
            fits = fits and takes[i] <= sizes[i] + _TINY
        if n > until and time > free and held == sizes:
            return n, dropped
        wait = since - time + pause
        if not fits or wait > PATIENCE + _TINY:
            dropped += 1
            continue
        for i in numbers:
            levels[i] = min(sizes[i], held[i] + rates[i] * pause) - takes[i]
        free = since + pause
        if wait > _TINY:
            waits.append(wait)
            until = n + _STAYS
    return len(at), dropped


def _through_two(  # noqa: C901 - a call of min or max for each step takes twice as long
    at: "Numbers", buckets: Sequence[_Bucket], begin: int, busy: int, waits: list[float]
) -> tuple[int, int]:
    """Do what `_through` does, to the last bit, for two buckets: written out it takes a fourth of the time."""
    (rate, size), (other_rate, other_size) = ((of.rate, of.size) for of in buckets)
    level, other_level, free, dropped, until = size, other_size, -inf, 0, busy + _STAYS
    longest, brim, other_brim = PATIENCE + _TINY, size + _TINY, other_size + _TINY
    for n, time, take, other_take in _calls(at, buckets, begin):
        if time > free:
            since = time
            if (held := level + rate * (since - free)) > size:
                held = size
            if (other_held := other_level + other_rate * (since - free)) > other_size:
                other_held = other_size
            if n > until and held == size and other_held == other_size:
                return n, dropped
        else:
            since, held, other_held = free, level, other_level
        pause = (take - held) / rate
        if (other_pause := (other_take - other_held) / other_rate) > pause:
            pause = other_pause
        if pause < 0:
            pause = 0.0
        wait = since - time + pause
        if wait > longest or take > brim or other_take > other_brim:
            dropped += 1
            continue
        if (level := held + rate * pause) > size:
            level = size
        if (other_level := other_held + other_rate * pause) > other_size:
            other_level = other_size
        level, other_level, free = level - take, other_level - other_take, since + pause
        if wait > _TINY:
            waits.append(wait)
            until = n + _STAYS
    return len(at), dropped


def _calls(at: "Numbers", buckets: Sequence[_Bucket], begin: int) -> Iterator[tuple[Any, ...]]:
    """Yield the number of each call from `begin` on, its time, and what it takes of each bucket."""
    columns = [_each(column, begin) for column in (at, *(of.takes for of in buckets))]
    return zip(count(begin), *columns, strict=False)


def _each(numbers: "Numbers", begin: int) -> Iterator[Any]:
    """Yield numbers from `begin` on; some thousands at a time become numbers of Python."""
    blocks = (numbers[at : at + _BLOCK].tolist() for at in range(begin, len(numbers), _BLOCK))
    return chain.from_iterable(blocks)
