"""Our own tails of distributions, and the correction for many tests, against SciPy."""

import numpy as np
import pytest
from scipy import stats

from aiopsctl.stats.discoveries import false_discoveries
from aiopsctl.stats.tails import MANY, chi_square, kendall, kolmogorov


@pytest.mark.parametrize("n", [MANY, 7_777, 39_999, 120_001])
@pytest.mark.parametrize("z", [0.03, 0.1, 0.3, 0.6, 1.0, 1.483, 1.484, 2.0, 4.0, 9.0, 18.0, 30.0])
def test_kolmogorov(n: int, z: float) -> None:
    """The p-value of a gap is that of SciPy's distribution, near and far."""
    gap = z / n**0.5

    assert kolmogorov(n, gap) == pytest.approx(stats.kstwo.sf(gap, n), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("dof", [1, 2, 3, 6, 25, 400, 2_001])
@pytest.mark.parametrize("times", [0.0, 1e-3, 0.5, 1.0, 1.5, 4.0, 40.0])
def test_chi_square(dof: int, times: float) -> None:
    """The tail of chi-square is SciPy's, for even and odd degrees of freedom."""
    assert chi_square(times * dof, dof) == pytest.approx(stats.chi2.sf(times * dof, dof), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("n", [2, 3, 8, 12, 33])
def test_kendall(n: int) -> None:
    """The exact p-value of Kendall's test is SciPy's, from the order itself to its reverse."""
    rng = np.random.default_rng(n)
    orders = [np.arange(n), np.arange(n)[::-1], *(rng.permutation(n) for _ in range(8))]
    for order in orders:
        discordant = int((np.subtract.outer(order, order)[np.triu_indices(n, 1)] > 0).sum())

        assert kendall(n, discordant) == pytest.approx(stats.kendalltau(np.arange(n), order).pvalue, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_false_discoveries(n: int) -> None:
    """Corrected p-values are SciPy's, ties and ones included."""
    p = np.random.default_rng(n).choice([0.001, 0.02, 0.02, 0.3, 0.7, 1.0, 0.011], n)

    assert false_discoveries(p.tolist()) == pytest.approx(stats.false_discovery_control(p), rel=1e-15)
