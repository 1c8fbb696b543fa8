"""Distances of two distributions and trends: against SciPy, published values and sums worked by hand."""

from math import log, sqrt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from aiopsctl.stats import distance
from aiopsctl.stats.trend import trend

SEEDS = range(4)


def counted(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the values that occur, ascending, and how often on each side."""
    values = np.unique(np.concatenate([before, after]))
    return values, *(np.array([(side == v).sum() for v in values]) for side in (before, after))


def samples(seed: int, sizes: tuple[int, int] = (700, 400)) -> tuple[np.ndarray, np.ndarray]:
    """Return whole numbers with ties, the later ones larger."""
    rng = np.random.default_rng(seed)
    return tuple(np.round(rng.lognormal(3 + 0.2 * i, 0.8, n)) for i, n in enumerate(sizes))  # type: ignore[return-value]


class TestNumbers:
    """Distances of numbers, from how often each value occurs."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test_wasserstein(self, seed: int) -> None:
        """The Wasserstein distance is SciPy's."""
        before, after = samples(seed)

        assert distance.wasserstein(*counted(before, after)) == pytest.approx(
            stats.wasserstein_distance(before, after), rel=1e-12
        )

    @pytest.mark.parametrize("sizes", [(700, 400), (300, 300), (12_000, 900), (20_000, 14_000)])
    def test_ks(self, sizes: tuple[int, int]) -> None:
        """The KS test is SciPy's, exact for small samples and asymptotic for large ones."""
        before, after = samples(1, sizes)
        expected = stats.ks_2samp(before, after)

        found = distance.ks(*counted(before, after))

        assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
        assert found.p == pytest.approx(expected.pvalue, rel=1e-9)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_deciles(self, seed: int) -> None:
        """Deciles of counted values are those of the values, as NumPy has them."""
        before, after = samples(seed)
        values, counts, _ = counted(before, after)

        assert distance.deciles(values, counts) == pytest.approx(np.quantile(before, np.arange(1, 10) / 10))

    def test_spread(self) -> None:
        """The standard deviation is that of the population."""
        before, after = samples(2)
        values, counts, _ = counted(before, after)

        assert distance.spread(values, counts) == pytest.approx(before.std(), rel=1e-12)

    def test_bins_are_open_at_the_ends(self) -> None:
        """A value on an edge lies above it, and values beyond the reference are in the first and the last bin."""
        found = distance.binned(np.array([-9.0, 1.0, 2.0, 99.0]), np.array([1, 2, 3, 4]), np.array([1.0, 2.0, 2.0]))

        assert found.tolist() == [1, 2, 7]

    @pytest.mark.parametrize("seed", SEEDS)
    def test_psi(self, seed: int) -> None:
        """The PSI over the reference's deciles is that of a histogram with open ends."""
        before, after = samples(seed)
        values, *sides = counted(before, after)
        edges = np.unique([-np.inf, *np.quantile(before, np.arange(1, 10) / 10), np.inf])
        p, q = (np.maximum(np.histogram(side, edges)[0] / len(side), 1e-4) for side in (before, after))
        inner = distance.deciles(values, sides[0])

        found = distance.psi(*(distance.binned(values, side, inner) for side in sides))

        assert found == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=1e-9)


class TestCategories:
    """Distances of categories, from how often each occurs."""

    def test_psi_by_hand(self) -> None:
        """A rate that falls from 75 to 60.3 % has a PSI of 0.1; an empty category counts as a ten-thousandth."""
        before = np.array([75, 25, 0])

        assert distance.psi(before[:2], np.array([603, 397])) == pytest.approx(0.1, abs=1e-3)
        assert distance.psi(np.array([100, 0]), np.array([50, 50])) == pytest.approx(
            -0.5 * log(0.5) + 0.4999 * log(0.5 / 1e-4)
        )

    @pytest.mark.parametrize("seed", SEEDS)
    def test_js(self, seed: int) -> None:
        """The Jensen-Shannon distance is SciPy's, to base 2."""
        before, after = np.random.default_rng(seed).integers(0, 50, (2, 7))

        assert distance.js_distance(before, after) == pytest.approx(jensenshannon(before, after, base=2), rel=1e-12)

    def test_ends(self) -> None:
        """What has nothing in common is at distance 1, what is alike at 0."""
        apart, alike = (np.array([3, 0]), np.array([0, 9])), (np.array([1, 3]), np.array([2, 6]))

        for of in (distance.js_distance, distance.hellinger, distance.tvd, distance.cramers_v):
            assert (of(*apart), of(*alike)) == pytest.approx((1, 0), abs=1e-7)

    def test_hellinger_and_tvd_by_hand(self) -> None:
        """Half and half against 9 to 1: 0.4 of the traffic moved."""
        before, after = np.array([5, 5]), np.array([90, 10])

        assert distance.tvd(before, after) == pytest.approx(0.4)
        assert distance.hellinger(before, after) == pytest.approx(sqrt(1 - (sqrt(0.45) + sqrt(0.05))))

    @pytest.mark.parametrize("seed", SEEDS)
    def test_chi2(self, seed: int) -> None:
        """The test is that of homogeneity, without Yates' correction; V is its size."""
        before, after = np.random.default_rng(seed).integers(1, 50, (2, 4))
        expected = stats.chi2_contingency([before, after], correction=False)

        found = distance.chi2(np.append(before, 0), np.append(after, 0))

        assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)
        assert distance.cramers_v(before, after) == pytest.approx(
            stats.contingency.association(np.array([before, after]), method="cramer"), rel=1e-12
        )

    def test_one_category(self) -> None:
        """Of one category there is nothing to test."""
        assert distance.chi2(np.array([5]), np.array([7])).p == 1


def test_js_that_nannyml_publishes(shared_data: Path) -> None:
    """With NannyML's bins (Doane's on the reference, one for what is beyond) the distance is the one that it publishes."""
    reference, chunk = (
        pl.read_parquet(shared_data / "nannyml_car_loan" / f"{name}.parquet")["debt_to_income_ratio"].to_numpy()[:rows]
        for name, rows in (("reference", None), ("analysis", 5_000))
    )
    edges = np.histogram_bin_edges(reference, "doane")
    edges[-1] = np.nextafter(edges[-1], np.inf)

    found = distance.js_distance(*(distance.binned(side, np.ones(len(side)), edges) for side in (reference, chunk)))

    assert found == pytest.approx(0.0316611, abs=5e-8)


class TestTrend:
    """Slopes of weekly values, and whether they go one way."""

    def test_fall_of_every_week(self) -> None:
        """Eight weeks that fall every week have the smallest p that eight weeks can have: 2 / 8!."""
        found = trend(range(8), [75, 74, 72, 71, 69, 68, 66.5, 65])

        assert found is not None
        assert found.p == pytest.approx(2 / 40_320)
        assert found.low <= found.slope <= found.high < 0

    @pytest.mark.parametrize("seed", SEEDS)
    def test_scipy(self, seed: int) -> None:
        """Slope, interval and, where neighbours are not alike, p are SciPy's."""
        y = np.random.default_rng(seed).normal(size=10)
        slope, _, low, high = stats.theilslopes(y, np.arange(10), 0.95)
        expected = stats.kendalltau(np.arange(10), y).pvalue

        found = trend(range(10), y.tolist())

        assert found is not None
        assert (found.slope, found.low, found.high) == pytest.approx((slope, low, high))
        assert found.p >= expected - 1e-12

    def test_alike_neighbours(self) -> None:
        """A slow wave is no trend: neighbours that are alike make the test stricter."""
        wave = [0.0, 1, 2, 3, 4, 5, 5.5, 5.6, 5.5, 5, 4.1, 3.2]
        plain = stats.kendalltau(np.arange(12), wave).pvalue

        found = trend(range(12), wave)

        assert found is not None
        assert found.p > plain

    def test_too_few(self) -> None:
        """Seven weeks are no trend."""
        assert trend(range(7), list(range(7))) is None

    def test_nothing_moves(self) -> None:
        """Equal values have no slope."""
        found = trend(range(8), [1.0] * 8)

        assert found is not None
        assert (found.slope, found.p) == (0, 1)
