"""When a daily mean moved: the day, how surely, and whether overnight or slowly."""

import numpy as np
import pytest

from aiopsctl.stats.breakpoint import Break, breakpoint_of

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
