"""How probable more than a statistic is where nothing is to be found: of Kolmogorov and Smirnov, of chi-square, of Kendall.

Our own, for importing `scipy.stats` takes longer than all sums of a drift over a million calls. They are SciPy's to ten
digits at least.
"""

from math import erfc, exp, factorial, lgamma, log, pi, sqrt
from typing import Any

MANY = 5_000
"""From so large a sample on `kolmogorov` holds."""

_POINTS = 20_000
_FAR, _FARTHEST = 2.2, 370.0


def kolmogorov(n: int, gap: float) -> float:
    """Return how probable a larger distance from the distribution that `n` values (at least `MANY`) come from is.

    As SciPy's `kstwo`: where it is rare, twice that of one side (Smirnov; SciPy itself only estimates that of more than a
    million values), else by Pelz and Good's series (Simard and L'Ecuyer 2011).
    """
    if n * gap**2 >= _FARTHEST:
        return 0.0
    if n * gap**2 >= _FAR:
        return min(1.0, 2 * _one_sided(n, gap))
    return min(1.0, max(0.0, 1 - _pelz_good(n, gap)))


def _one_sided(n: int, gap: float) -> float:
    """Return how probable a larger distance to one side is: a sum over how many values lie below the gap.

    A term is a binomial probability, in the form that loses no digits (Loader 2000). Terms change little from one to the
    next, and vanish at both ends, so that every so many-th times the step is the sum of all.
    """
    import numpy as np

    step = max(1, n // _POINTS)
    below = np.arange(step, n * (1 - gap), step, dtype=float)
    above, shift = n - below, n * gap
    size = below * np.log1p(shift / below) + above * np.log1p(-shift / above)
    rest = _stirling(n) - _stirling(below) - _stirling(above)
    terms = np.exp(size + rest) * np.sqrt(n / (2 * pi * below * above)) * shift / (shift + below)
    return float(step * terms.sum())


def _stirling(n: Any) -> Any:
    """Return how far log n! is above Stirling's formula."""
    return (1 / 12 - (1 / 360 - 1 / 1260 / n**2) / n**2) / n


def _pelz_good(n: int, gap: float) -> float:
    """Return how probable a smaller distance is."""
    import numpy as np

    z = sqrt(n) * gap
    if z < 0.05:
        return 0.0
    steps = np.arange(int(16 * z / pi) + 1, 0, -1)
    half, whole = (pi * (steps - 0.5)) ** 2, (pi * steps) ** 2
    weights, others = np.exp(-half / (2 * z**2)), np.exp(-whole / (2 * z**2))
    second = 6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * half + (1 - 2 * z**2) * half**2
    third = (5 - 30 * z**2) * half**3 + (212 * z**4 - 60 * z**2) * half**2 + (135 * z**4 - 96 * z**6) * half
    third -= 30 * z**6 + 90 * z**8
    parts = (
        weights.sum() / z,
        weights @ (half - z**2) / (6 * z**4),
        weights @ second / (72 * z**7) - others @ whole / (36 * z**3),
        weights @ third / (6480 * z**10) + others @ ((3 * z**2 - whole) * whole) / (216 * z**6),
    )
    return sqrt(2 * pi) * float(sum(part / n ** (i / 2) for i, part in enumerate(parts)))


def chi_square(value: float, dof: int) -> float:
    """Return how probable more than a chi-square is, with whole degrees of freedom: a finite sum."""
    half = value / 2
    if half <= 0:
        return 1.0
    first, found = (1.0, 0.0) if dof % 2 == 0 else (1.5, erfc(sqrt(half)))
    powers = (first - 1 + i for i in range(dof // 2))
    return min(1.0, found + sum(exp(power * log(half) - half - lgamma(power + 1)) for power in powers))


def kendall(n: int, discordant: int) -> float:
    """Return how probable so few or so many discordant pairs of `n` are, of which no two are equal: by counting orders."""
    fewest = min(discordant, n * (n - 1) // 2 - discordant)
    orders = [1]
    for size in range(2, n + 1):
        most = min(len(orders) + size - 1, fewest + 1)
        orders = [sum(orders[max(0, at - size + 1) : at + 1]) for at in range(most)]
    return min(1.0, 2 * sum(orders[: fewest + 1]) / factorial(n))
