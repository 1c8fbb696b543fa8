"""What a rate limit does to calls: a replay through token buckets, with a queue before them.

A bucket holds some seconds of its limit, is full at the beginning, and is filled at the rate of its limit up to the brim.
A call goes through when every bucket holds what it takes. Calls queue in their order; one that would wait longer than it
may is dropped when it comes, takes nothing, and keeps nobody waiting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, inf

PATIENCE = 60.0
"""The longest wait before a call is dropped, in seconds."""
_MINUTE = 60.0
_TINY = 1e-9


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


def replay(
    times: Iterable[float], takes: Sequence[Sequence[int]], limits: Sequence[float], burst: float = 60.0
) -> Replay:
    """Return what limits by the minute do to calls.

    `times` are seconds in rising order; `takes` has for each limit (above 0) what each call takes of it. A bucket
    holds `burst` seconds of its limit; a call that takes more than that is dropped.
    """
    rates = [limit / _MINUTE for limit in limits]
    sizes = [rate * burst for rate in rates]
    buckets = range(len(rates))
    levels, held, at, waits, dropped, calls = list(sizes), list(sizes), -inf, [], 0, 0
    for calls, (time, *needs) in enumerate(zip(times, *takes, strict=True), start=1):  # noqa: B007 - counts the calls
        since = max(time, at)
        pause, fits = 0.0, True
        for i in buckets:  # a loop of its own for each bucket and step takes four times as long
            need, rate, size = needs[i], rates[i], sizes[i]
            held[i] = level = min(size, levels[i] + rate * (since - at))
            pause = max(pause, (need - level) / rate)
            fits = fits and need <= size + _TINY
        wait = since - time + pause
        if not fits or wait > PATIENCE + _TINY:
            dropped += 1
            continue
        for i in buckets:
            levels[i] = min(sizes[i], held[i] + rates[i] * pause) - needs[i]
        at = since + pause
        if wait > _TINY:
            waits.append(wait)
    return Replay(calls, dropped, tuple(sorted(waits)))
