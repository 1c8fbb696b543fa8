"""Whether weekly values go one way, against SciPy."""

import numpy as np
import pytest
from scipy import stats

from aiopsctl.stats.trend import trend


@pytest.mark.parametrize("weeks", [8, 12, 26, 60])
@pytest.mark.parametrize("digits", [0, 6], ids=["ties", "no ties"])
def test_slope_and_p(weeks: int, digits: int) -> None:
    """The slope with its interval is that of Theil and Sen, and the p-value is Kendall's; weeks may be missing."""
    rng = np.random.default_rng(weeks)
    x = np.sort(rng.choice(2 * weeks, weeks, replace=False))
    y = np.round(0.1 * x + rng.normal(0, 2, weeks), digits)
    exact = "exact" if digits and weeks <= 33 else "asymptotic"
    slope, _, low, high = stats.theilslopes(y, x)

    found = trend(x.tolist(), y.tolist())

    assert found is not None
    assert (found.slope, found.low, found.high) == pytest.approx((slope, low, high))
    assert found.kendall_p == pytest.approx(stats.kendalltau(x, y, method=exact).pvalue)


def test_few_weeks() -> None:
    """Of seven weeks there is no trend."""
    assert trend(range(7), range(7)) is None
