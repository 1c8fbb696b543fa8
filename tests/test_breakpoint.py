"""When a daily mean moved: the day, how surely, and whether overnight or slowly."""

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from aiopsctl.stats.breakpoint import Break, breakpoint_of
from aiopsctl.stats.breakpoints import breakpoints_of, dates_of

ONE_WEEKDAY = np.zeros(5)


def ratings(seed: int, days: int, drop: np.ndarray, size: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return daily means, sizes and weekdays of thumbs: 1,200 users of unlike activity and taste (mean 75 %, ICC 0.12).

    There is less on weekends, and whole days wander by 0.9 points.
    """
    rng = np.random.default_rng(seed)
    taste, activity = rng.beta(0.75 * 7.33, 0.25 * 7.33, 1200), rng.lognormal(0, 1.3, 1200)
    weekday = np.arange(days) % 7
    sizes = rng.poisson(size * np.where(weekday < 5, 1.8, 1) / 1.571)
    means = np.empty(days)
    for day, n in enumerate(sizes):
        own = taste[rng.choice(1200, n, p=activity / activity.sum())] - drop[day] + rng.normal(0, 0.009)
        means[day] = (rng.random(n) < own).mean()
    return means, sizes, weekday


def test_by_hand() -> None:
    """Squares about the mean of 2 are 22; a step before the fourth day takes 5 / 6 * 5^2 of them, any other less.

    So 7 / 6 are left with 3 degrees of freedom, and no other day comes within 7.35 times that variance.
    """
    found = breakpoint_of(np.array([0, 1, 0, 5, 4]), np.ones(5), ONE_WEEKDAY, least=1)
    expected = (3, 3, 3, 4.5 - 1 / 3, 7 / 6)

    assert found
    assert expected == pytest.approx((found.at, found.first, found.last, found.size, found.rest))


def test_days_count_by_their_events() -> None:
    """A day of few ratings that stands out is no break where the many say that nothing moved then."""
    mean, weight = np.array([1.0, 0.0, 0.0, 0.2, 0.2, 0.2]), np.array([1, 100, 100, 100, 100, 100])
    found = breakpoint_of(mean, weight, np.zeros(6), least=1)

    assert found
    assert found.at == 3


@pytest.mark.parametrize("seed", range(20))
def test_best_day_is_that_of_least_squares(seed: int) -> None:
    """The closed form finds the day, the step and the squares that a regression for each day finds."""
    rng = np.random.default_rng(seed)
    days = 60
    mean = rng.normal(size=days) + 2 * (np.arange(days) >= rng.integers(10, 50))
    weight, weekday = rng.integers(1, 50, days), np.arange(days) % 7
    root = np.sqrt(weight)
    fits = []
    for day in range(1, days):
        design = np.column_stack([np.eye(7)[weekday], np.arange(days) >= day])
        coefficients, squares, *_ = np.linalg.lstsq(design * root[:, None], mean * root, rcond=None)
        fits.append((squares[0], day, coefficients[-1]))
    squares, day, size = min(fits)
    found = breakpoint_of(mean, weight, weekday, least=1)

    assert found
    assert (day, pytest.approx(size), pytest.approx(squares)) == (found.at, found.size, found.rest)


@pytest.mark.parametrize(("days", "at"), [(60, 5), (60, 55), (27, 13)])
def test_no_date_near_the_ends(days: int, at: int) -> None:
    """A change has no date where fewer than 14 days lie on one side of it."""
    mean = (np.arange(days) >= at).astype(float)

    assert breakpoint_of(mean, np.ones(days), np.arange(days) % 7) is None


def test_no_date_where_nothing_moves() -> None:
    """A constant series has no break."""
    assert breakpoint_of(np.ones(60), np.ones(60), np.arange(60) % 7) is None


def test_chance_has_no_date() -> None:
    """Ratings that do not move are dated in 5 % of the cases at most."""
    found = [breakpoint_of(*ratings(seed, 60, np.zeros(60)), slopes=True) for seed in range(200)]

    assert sum(each is not None for each in found) <= 10


def test_weekends_are_no_break() -> None:
    """A rhythm of weeks neither makes a break nor hides one."""
    weekday = np.arange(56) % 7
    found = breakpoint_of((weekday > 4) * 3 + (np.arange(56) >= 30) * 1.0, np.ones(56), weekday)

    assert found
    assert (30, pytest.approx(1.0)) == (found.at, found.size)


def test_drop_overnight() -> None:
    """A drop of 5 points at 200 ratings a day is dated 28 days later: half within a day, 80 % within 3, 95 % covered."""
    drop = np.where(np.arange(84) < 56, 0, 0.05)
    found = [breakpoint_of(*ratings(seed, 84, drop), slopes=True) for seed in range(200)]
    errors = np.array([abs(each.at - 56) if each else 99 for each in found])
    covered = np.mean([each is not None and each.first <= 56 <= each.last for each in found])

    assert np.median(errors) <= 1
    assert np.mean(errors <= 3) >= 0.8
    assert covered >= 0.9


def test_slow_fall() -> None:
    """A fall of 10 points over eight weeks is told from a step, and where it began is covered."""
    drop = 0.10 * np.clip((np.arange(90) - 34) / 56, 0, 1)
    found = [breakpoint_of(*ratings(seed, 90, drop), slopes=True) for seed in range(100)]
    slow = [each for each in found if isinstance(each, Break) and each.slow]

    assert len(slow) >= 80
    assert np.mean([each.first <= 34 <= each.last for each in slow]) >= 0.9
    assert all(each.size < 0 for each in slow)


class TestSeveral:
    """Means that moved more than once."""

    @pytest.mark.parametrize(
        ("seed", "expected"), [(1, [24, 48, 72, 96]), (2, [72]), (3, [46, 96]), (4, [24, 72]), (5, [24, 48, 72])]
    )
    def test_as_ruptures(self, seed: int, expected: list[int]) -> None:
        """The breaks are those of ruptures 1.1.10: Pelt(model="l2", min_size=7, jump=1), penalty 6 ln n, scaled likewise."""
        rng = np.random.default_rng(seed)
        series = rng.normal(size=120) + np.repeat(rng.normal(0, 2, 5), 24)

        found = breakpoints_of(series, np.ones(120), np.zeros(120), ends=7)

        assert [each.at for each in found] == expected

    @pytest.mark.parametrize("seed", range(3))
    def test_no_other_days_cost_less(self, seed: int) -> None:
        """Of all ways to cut a series of unlike weights, none leaves fewer squares, each cut counted as so many."""
        rng = np.random.default_rng(seed)
        weight = rng.integers(1, 9, 36)
        series = rng.normal(size=36) / np.sqrt(weight) + np.repeat(rng.normal(0, 4, 4), 9)
        steps = np.diff(series) / np.sqrt(1 / weight[1:] + 1 / weight[:-1])
        noise = (1.4826 * np.median(abs(steps))) ** 2

        def cost(cuts: tuple[int, ...]) -> float:
            parts = [(series[a:b], weight[a:b]) for a, b in pairwise((0, *cuts, 36))]
            squares = sum(float((w * (x - np.average(x, weights=w)) ** 2).sum()) for x, w in parts)
            return squares / noise + 6 * len(cuts) * np.log(36)

        every = [c for n in range(4) for c in combinations(range(4, 33), n) if all(b - a >= 3 for a, b in pairwise(c))]
        found = breakpoints_of(series, weight, np.zeros(36), least=3, ends=4)

        assert tuple(each.at for each in found) == min(every, key=cost)

    def test_there_and_back(self) -> None:
        """A drop of 8 points for a month has two dates, each within 3 days; the first is that of the change downwards."""
        drop = np.where((np.arange(90) >= 30) & (np.arange(90) < 60), 0.08, 0)
        found = [dates_of(*ratings(seed, 90, drop), rose=False) for seed in range(30)]

        twice = [each for each in found if len(each.every) == 2]
        assert len(twice) >= 28
        errors = np.array([[abs(b.at - day) for b, day in zip(each.every, (30, 60), strict=True)] for each in twice])
        covered = [[b.first <= day <= b.last for b, day in zip(each.every, (30, 60), strict=True)] for each in twice]
        assert (errors <= 3).mean() >= 0.9
        assert np.mean(covered) >= 0.9
        assert all(each.most is each.every[0] for each in twice)

    def test_slow_fall_is_no_staircase(self) -> None:
        """A straight fall over eight weeks is one slope, not several steps."""
        drop = 0.10 * np.clip((np.arange(90) - 34) / 56, 0, 1)
        found = [dates_of(*ratings(seed, 90, drop, 2_000), rose=False) for seed in range(10)]

        assert all(len(each.every) == 1 and each.every[0].slow for each in found)

    def test_weekends_are_no_breaks(self) -> None:
        """A rhythm of weeks hides neither of two steps, and has no part in their sizes."""
        weekday, days = np.arange(84) % 7, np.arange(84)
        noise = np.random.default_rng(1).normal(0, 0.1, 84)
        found = breakpoints_of(3.0 * (weekday > 4) + (days >= 28) - 3 * (days >= 56) + noise, np.ones(84), weekday)

        assert [each.at for each in found] == [28, 56]
        assert [each.size for each in found] == pytest.approx([1, -3], abs=0.1)

    def test_wander_is_no_staircase(self) -> None:
        """A level that wanders from day to day has few breaks, and a straight line one."""
        walks = [np.random.default_rng(seed).normal(size=200).cumsum() for seed in range(10)]
        found = [len(breakpoints_of(walk, np.ones(200), np.zeros(200))) for walk in walks]

        assert np.mean(found) <= 3
        assert len(breakpoints_of(np.arange(90.0), np.ones(90), np.arange(90) % 7)) == 1

    def test_none(self) -> None:
        """Ratings that do not move, a constant, and a few days have no break."""
        assert not any(breakpoints_of(*ratings(seed, 90, np.zeros(90))) for seed in range(20))
        assert breakpoints_of(np.ones(60), np.ones(60), np.zeros(60)) == ()
        assert breakpoints_of(np.arange(10.0), np.ones(10), np.zeros(10)) == ()


@pytest.mark.parametrize(
    ("name", "people", "changes"),
    [("nile", 3, 1), ("quality_control_1", 5, 1), ("quality_control_3", 5, 1), ("quality_control_5", 0, 0)],
)
def test_where_people_see_changes(name: str, people: int, changes: int, shared_data: Path) -> None:
    """In series with one clear change, or none, each change is within 5 steps of what most people marked, and no other."""
    folder = shared_data / "tcpd"
    series = np.array(json.loads((folder / f"{name}.json").read_text())["series"][0]["raw"])
    marked = json.loads((folder / "annotations.json").read_text())[name].values()
    flat = np.ones(len(series))

    found = [each.at for each in breakpoints_of(series, flat, flat)]

    assert len(found) == changes
    assert sum(all(abs(at - mark) <= 5 for at, mark in zip(found, own, strict=True)) for own in marked if own) == people
