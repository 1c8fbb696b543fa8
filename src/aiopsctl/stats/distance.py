"""How far two distributions are apart, from counts alone: how often each value occurs before and after.

Numbers are counted by value (ascending) or by bin, categories by name; so that all of it comes from sums.
"""

from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import TYPE_CHECKING, Any

from aiopsctl.stats.tails import MANY, chi_square, kolmogorov

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

FLOOR = 1e-4
"""A share that is smaller counts as this one in the PSI, which would be infinite for an empty bin."""

TENTHS = 10
_EXACT = 10_000
"""Up to so many values on either side the p-value of KS is exact, as SciPy has it."""

DEFINITIONS = {
    "binning": "psi, js_distance and hellinger of numbers: deciles of the reference (linear between values; bins closed "
    "on the left, open at both ends; equal deciles are one); of categories and ordinals: the union of values",
    "js_distance": "square root of the Jensen-Shannon divergence, logarithm to base 2 (0 to 1)",
    "psi": f"sum of (p - q) ln(p / q), shares below {FLOOR:g} count as {FLOOR:g}",
    "hellinger": "sqrt(sum (sqrt(p) - sqrt(q))^2 / 2)",
    "wasserstein": "area between the distribution functions of the values, in the unit of the column",
    "wasserstein_normalized": "wasserstein / population standard deviation (ddof 0) of the reference",
    "ks": "largest gap between the distribution functions of the values; ks_p two-sided, as scipy.stats.ks_2samp: exact "
    f"up to {_EXACT:,} values on either side, else asymptotic",
    "chi2": "chi-square for homogeneity of the two windows, without Yates' correction; rows are taken as independent",
    "cramers_v": "sqrt(chi2 / n)",
    "tvd": "half the sum of |p - q|: the share of the traffic that moved",
}
"""What each number is, where libraries differ."""


def deciles(values: "Numbers", counts: "Numbers") -> "Numbers":
    """Return the nine deciles of counted values (ascending), linear between neighbours."""
    import numpy as np

    present = counts > 0
    own, ends = values[present], counts[present].cumsum()
    steps = np.arange(1, TENTHS) * (int(ends[-1]) - 1)
    at, part = steps // TENTHS, (steps % TENTHS) / TENTHS
    low, high = (own[np.searchsorted(ends, rank, side="right")] for rank in (at, np.minimum(at + 1, ends[-1] - 1)))
    return np.asarray(low + (high - low) * part)


def binned(values: "Numbers", counts: "Numbers", edges: "Numbers") -> "Numbers":
    """Return how many lie below the first edge, from each edge up to the next, and from the last edge on."""
    import numpy as np

    inner = np.unique(edges)
    found = np.bincount(np.searchsorted(inner, values, side="right"), weights=counts, minlength=len(inner) + 1)
    return np.asarray(found)


def psi(before: "Numbers", after: "Numbers") -> float:
    """Return the population stability index of counts by bin."""
    import numpy as np

    p, q = (np.maximum(share, FLOOR) for share in _shares(before, after))
    return float(((q - p) * np.log(q / p)).sum())


def js_distance(before: "Numbers", after: "Numbers") -> float:
    """Return the Jensen-Shannon distance of counts by bin, from 0 to 1."""
    p, q = _shares(before, after)
    return sqrt(max(_divergence(p, (p + q) / 2) + _divergence(q, (p + q) / 2), 0.0) / log(2) / 2)


def _divergence(p: "Numbers", q: "Numbers") -> float:
    """Return the Kullback-Leibler divergence of shares, in nats; of shares that are nearly alike no digit is lost."""
    import numpy as np

    own = zip(p[p > 0].tolist(), q[p > 0].tolist(), strict=True)
    return float(np.sum([a * (log1p((a - b) / b) if 0.5 < a / b < 2 else log(a / b)) for a, b in own]))


def hellinger(before: "Numbers", after: "Numbers") -> float:
    """Return the Hellinger distance of counts by bin, from 0 to 1."""
    p, q = _shares(before, after)
    return float((((p**0.5 - q**0.5) ** 2).sum() / 2) ** 0.5)


def tvd(before: "Numbers", after: "Numbers") -> float:
    """Return the total variation distance of counts by category: the share that moved."""
    p, q = _shares(before, after)
    return float(abs(p - q).sum() / 2)


def wasserstein(values: "Numbers", before: "Numbers", after: "Numbers") -> float:
    """Return the Wasserstein distance of counted values (ascending), in their unit."""
    import numpy as np

    return float((abs(_gaps(before, after))[:-1] * np.diff(values)).sum())


def spread(values: "Numbers", counts: "Numbers") -> float:
    """Return the population standard deviation of counted values."""
    total = counts.sum()
    mean = (values * counts).sum() / total
    return float((((values - mean) ** 2 * counts).sum() / total) ** 0.5)


@dataclass(frozen=True)
class Test:
    """A statistic and its p-value."""

    statistic: float
    p: float


def ks(values: "Numbers", before: "Numbers", after: "Numbers") -> Test:
    """Return the two-sample Kolmogorov-Smirnov test of counted values (ascending)."""
    import numpy as np

    n0, n1 = int(before.sum()), int(after.sum())
    if max(n0, n1) <= _EXACT:
        from scipy.stats import ks_2samp

        found = ks_2samp(*(np.repeat(values, side.astype(int)) for side in (before, after)))
        return Test(float(found.statistic), float(found.pvalue))
    gap, size = float(abs(_gaps(before, after)).max()), round(n0 * n1 / (n0 + n1))
    if size >= MANY:
        return Test(gap, kolmogorov(size, gap))
    from scipy.stats import kstwo

    return Test(gap, float(np.clip(kstwo.sf(gap, size), 0, 1)))


def chi2(before: "Numbers", after: "Numbers") -> Test:
    """Return the chi-square test that both windows have the same categories; of one category there is nothing to test."""
    import numpy as np

    table = np.array([before, after], float)[:, before + after > 0]
    if table.shape[1] < 2:
        return Test(0.0, 1.0)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    found = float(((table - expected) ** 2 / expected).sum())
    return Test(found, chi_square(found, table.shape[1] - 1))


def cramers_v(before: "Numbers", after: "Numbers") -> float:
    """Return Cramér's V of two windows, from 0 to 1."""
    return float((chi2(before, after).statistic / (before.sum() + after.sum())) ** 0.5)


def _shares(before: "Numbers", after: "Numbers") -> "tuple[Numbers, Numbers]":
    return before / before.sum(), after / after.sum()


def _gaps(before: "Numbers", after: "Numbers") -> "Numbers":
    """Return the difference of the distribution functions at each value."""
    found: Numbers = after.cumsum() / after.sum() - before.cumsum() / before.sum()
    return found
