"""A made-up product for a year: users who come and go, some far busier than others, weekdays, days that wander.

One series is a stream of ratings (thumbs) or of calls with tokens. What is kept of a day are its sums by user.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

USERS = {200: 1_200, 2_000: 10_000, 50_000: 100_000}
"""Concurrent users by events a day."""

MEAN, ICC = 0.75, 0.12
ACTIVITY, SESSION, LEAVING = 1.3, 2.0, 1 / 90
WEEKDAY, WEEKEND_POINTS = 1.8, 0.015
SHOCK, WANDER, PERSISTENCE = 0.009, 0.006, 0.97
TOKENS, USER_SPREAD, EVENT_SPREAD = 1_250.0, 0.5, 0.9
BINS = np.concatenate(([0], np.geomspace(20, 80_000, 240), [np.inf]))

Floats = NDArray[np.float64]
Change = Callable[[int], float]


@dataclass(frozen=True)
class Day:
    """One day of a series: its users, what they summed and how often; for tokens also how many fell into each bin."""

    weekday: int
    users: NDArray[np.int64]
    top: Floats
    size: Floats
    counts: Floats

    @property
    def mean(self) -> float:
        """The mean of the day."""
        return float(self.top.sum() / self.size.sum())

    @property
    def variance(self) -> float:
        """The variance of the mean over users."""
        residual = self.top - self.mean * self.size
        count = len(self.size)
        return float((residual**2).sum() / self.size.sum() ** 2 * count / max(count - 1, 1))


def steady(_day: int) -> float:
    """Return no change on any day."""
    return 0.0


def days(
    rng: np.random.Generator, volume: int, length: int, *, tokens: bool, change: Change = steady, calm: bool = False
) -> Iterator[Day]:
    """Yield the days of a series; `change` is added to the propensity, or to the logarithm of the tokens.

    `calm` days have no shocks, no wander and no weekends: users alone make them differ.
    """
    slots = USERS[volume]
    ids, following = np.arange(slots), slots
    activity, taste = _activity(rng, slots), _taste(rng, slots, tokens=tokens)
    wander = 0.0
    for day in range(length):
        gone = rng.random(slots) < LEAVING
        fresh = int(gone.sum())
        ids[gone] = np.arange(following, following + fresh)
        activity[gone], taste[gone] = _activity(rng, fresh), _taste(rng, fresh, tokens=tokens)
        following += fresh
        weekend = day % 7 >= 5
        wander = PERSISTENCE * wander + rng.normal(0, WANDER * np.sqrt(1 - PERSISTENCE**2))
        shift = change(day) + (0.0 if calm else wander + rng.normal(0, SHOCK) + (WEEKEND_POINTS if weekend else 0.0))
        size = _events(rng, activity, volume * (7 / (5 + 2 / WEEKDAY)) / (WEEKDAY if weekend and not calm else 1.0))
        here = size > 0
        yield _day(rng, day % 7 + 1, ids[here].copy(), size[here], taste[here], shift, tokens=tokens)


def _activity(rng: np.random.Generator, count: int) -> Floats:
    return rng.lognormal(0, ACTIVITY, count)


def _taste(rng: np.random.Generator, count: int, *, tokens: bool) -> Floats:
    if tokens:
        return rng.normal(0, USER_SPREAD, count)
    strength = 1 / ICC - 1
    return rng.beta(MEAN * strength, (1 - MEAN) * strength, count)


def _events(rng: np.random.Generator, activity: Floats, volume: float) -> NDArray[np.int64]:
    """Return the events of each user: sessions by chance, each of geometric size."""
    sessions = rng.poisson(activity / activity.sum() * volume / SESSION)
    size = sessions.copy()
    busy = sessions > 0
    size[busy] += rng.negative_binomial(sessions[busy], 1 / SESSION)
    return size


def _day(
    rng: np.random.Generator, weekday: int, users: NDArray[np.int64], size: NDArray[np.int64], taste: Floats,
    shift: float, *, tokens: bool,
) -> Day:  # fmt: skip
    if not tokens:
        top = rng.binomial(size, np.clip(taste + shift, 0, 1)).astype(float)
        return Day(weekday, users, top, size.astype(float), np.array([top.sum(), size.sum() - top.sum()]))
    owner = np.repeat(np.arange(len(users)), size)
    centre = np.log(TOKENS) - (USER_SPREAD**2 + EVENT_SPREAD**2) / 2
    values = np.floor(rng.lognormal(centre + taste[owner] + shift, EVENT_SPREAD))
    top = np.bincount(owner, weights=values, minlength=len(users))
    return Day(weekday, users, top, size.astype(float), np.histogram(values, BINS)[0].astype(float))
