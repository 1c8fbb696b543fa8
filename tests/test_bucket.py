"""The replay through token buckets that looks ahead, against the loop that takes every call by itself."""

from collections.abc import Sequence
from math import inf

import numpy as np
import pytest

from aiopsctl.stats import bucket
from aiopsctl.stats.bucket import replay

SMALL = {"_STAYS": 0, "_AHEAD": 3, "_FARTHEST": 5, "_BLOCK": 4}
"""Blocks whose ends fall everywhere."""


def by_the_loop(
    times: Sequence[float], takes: Sequence[Sequence[int]], limits: Sequence[float], burst: float
) -> tuple[list[float], int]:
    """Return the waits and how many calls are dropped, as the definition has it: each call after the other."""
    rates = [limit / 60 for limit in limits]
    sizes = [rate * burst for rate in rates]
    levels, at, waits, dropped = list(sizes), -inf, [], 0
    for time, *needs in zip(times, *takes, strict=True):
        since = max(time, at)
        held = [min(s, level + r * (since - at)) for s, level, r in zip(sizes, levels, rates, strict=True)]
        pause = max(0.0, *((need - level) / r for need, level, r in zip(needs, held, rates, strict=True)))
        wait = since - time + pause
        if wait > 60 + 1e-9 or any(need > s + 1e-9 for need, s in zip(needs, sizes, strict=True)):
            dropped += 1
            continue
        levels = [min(s, level + r * pause) - need for s, level, r, need in zip(sizes, held, rates, needs, strict=True)]
        at = since + pause
        if wait > 1e-9:
            waits.append(wait)
    return sorted(waits), dropped


def a_log(seed: int, buckets: int) -> tuple[list[float], list[list[int]], list[float], float]:
    """Return calls with rushes, pauses and ties of time, limits from far too low to ample, and a burst."""
    rng = np.random.default_rng(seed)
    calls = int(rng.integers(1, 900))
    gaps = rng.exponential(rng.choice([0.1, 1, 8]), calls) * np.where(np.sin(np.arange(calls) / 40) > 0.5, 9, 1)
    gaps = [gaps, np.round(gaps), np.where(rng.random(calls) < 0.9, 0, 10 * gaps)][seed % 3]
    times = np.round(np.cumsum(gaps), 6)
    takes = [np.ones(calls, int), *(rng.integers(0, rng.choice([2, 10, 3000]), calls) for _ in range(buckets - 1))]
    load = rng.choice([0.3, 0.7, 0.95, 1, 3])
    limits = [max(float(np.ceil(own.sum() / (times[-1] + 1) * 60 / load)), 1.0) for own in takes]
    return times.tolist(), [own.tolist() for own in takes], limits, float(rng.choice([1, 10, 60, 300]))


@pytest.mark.parametrize("buckets", [1, 2, 3])
@pytest.mark.parametrize("blocks", [{}, SMALL], ids=["as it is", "small blocks"])
def test_as_the_loop(blocks: dict[str, int], buckets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits and drops are those of the loop to the last bit, whatever is looked at at once."""
    for name, value in blocks.items():
        monkeypatch.setattr(bucket, name, value)
    waited = 0
    for seed in range(30):
        log = a_log(seed, buckets)

        found = replay(*log)

        assert (list(found.waits), found.dropped) == by_the_loop(*log)
        waited += found.delayed > 0

    assert 5 < waited < 30


def test_a_bucket_that_just_suffices() -> None:
    """Calls that each take what just came in are delayed by nothing, over a hundred thousand calls."""
    found = replay(range(100_000), [[7] * 100_000], [7 * 60], burst=1)

    assert (found.delayed, found.dropped) == (0, 0)


def test_a_wait_of_a_microsecond() -> None:
    """One call a second is granted, and of two that are a microsecond closer the second waits for it."""
    found = replay([0.0, 1 - 1e-6, 10.0], [[1] * 3], [60], burst=1)

    assert found.waits == pytest.approx((1e-6,), rel=1e-6)


def test_far_apart() -> None:
    """A rush years after the last call finds a full bucket: of 5 calls at once 3 pass, and 2 wait 20 and 40 seconds."""
    found = replay([0.0, *[1e8] * 5], [[1] * 6], [3])

    assert found.waits == pytest.approx((20, 40))
    assert found.dropped == 0
