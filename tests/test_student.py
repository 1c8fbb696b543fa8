"""Student's t is SciPy's, from the middle to the far tails, for few and many degrees of freedom and fractions of them."""

from math import inf, nan, pi

import numpy as np
import pytest
from scipy.special import betainc, ndtr, ndtri, stdtr, stdtrit

from aiopsctl.stats.student import quantile, tail

DOF = (0.5, 1, 1.5, 2, 3.7, 5, 10, 21.3, 39.9, 40.1, 57.15, 120.67, 500, 1e3, 1e4, 1e5, 1e6, 1e7)
PROBABILITIES = (1e-12, 1e-9, 1e-6, 1e-3, 0.025, 0.05, 0.2, 0.4)


@pytest.mark.parametrize("dof", DOF)
def test_tail(dof: float) -> None:
    """A tail as rare as 1e-12 of a probability, and rarer, is exact to 1e-12 of itself."""
    t = np.array([1e-3, 0.1, 0.5, 1, 1.5, 3**0.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8])

    assert [tail(each, dof) for each in t] == pytest.approx(stdtr(dof, -t).tolist(), rel=1e-12)
    assert [tail(-each, dof) for each in t] == pytest.approx(stdtr(dof, t).tolist(), rel=1e-12)


@pytest.mark.parametrize("dof", DOF[:-4])
def test_far_tail(dof: float) -> None:
    """A tail of what is hardly ever seen is the incomplete beta function's."""
    t = np.array([10, 20, 100, 1e4])
    expected = betainc(dof / 2, 0.5, dof / (dof + t * t)) / 2
    is_seen = expected > 1e-250

    assert [tail(each, dof) for each in t[is_seen]] == pytest.approx(expected[is_seen].tolist(), rel=1e-11)


@pytest.mark.parametrize("dof", DOF)
def test_quantile(dof: float) -> None:
    """Quantiles agree to 1e-10 on both sides, and their own tails are exact to 1e-12."""
    expected = stdtrit(dof, PROBABILITIES)

    assert [quantile(p, dof) for p in PROBABILITIES] == pytest.approx(expected.tolist(), rel=1e-10)
    assert [tail(-quantile(p, dof), dof) for p in PROBABILITIES] == pytest.approx(PROBABILITIES, rel=1e-12)
    assert [quantile(1 - p, dof) for p in (0.025, 0.25)] == pytest.approx(
        stdtrit(dof, [0.975, 0.75]).tolist(), rel=1e-10
    )


def test_cauchy() -> None:
    """With one degree of freedom the tail at 1 is a quarter, and near the middle it falls by t / pi."""
    assert tail(1, 1) == pytest.approx(0.25, rel=1e-15)
    assert tail(1e-9, 1) == pytest.approx(0.5 - 1e-9 / pi, rel=1e-15)


def test_normal() -> None:
    """With infinitely many degrees of freedom it is the normal distribution."""
    assert tail(3, inf) == pytest.approx(ndtr(-3), rel=1e-14)
    assert quantile(0.975, inf) == pytest.approx(ndtri(0.975), rel=1e-14)


def test_edges() -> None:
    """The middle is even, the ends are endless, and what is no number gives none."""
    assert (tail(0, 3), quantile(0.5, 3), quantile(1, 3), quantile(0, 3)) == (0.5, 0, inf, -inf)
    assert tail(inf, 3) == pytest.approx(0, abs=1e-300)
    assert [str(each) for each in (tail(nan, 3), tail(1, nan), tail(1, 0), quantile(nan, 3), quantile(0.9, 0))] == [
        "nan"
    ] * 5
