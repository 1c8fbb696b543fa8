"""Student's t: how probable more than a number is, and the number that is exceeded so rarely.

Our own, for importing `scipy.special` takes as long as importing Polars, and a check needs no more of it.
"""

from math import erfc, exp, gamma, inf, isinf, isnan, log, log1p, nan, pi, sqrt
from statistics import NormalDist

_MOST, _CLOSE, _TINY = 100_000, 4e-16, 1e-300
_MOST_STEPS, _NEAR, _ENDLESS = 100, 1e-9, 1e300
_LARGE = 20.0
_SERIES = (1 / 8, -1 / 192, 1 / 640, -17 / 14336, 31 / 18432)


def tail(t: float, dof: float) -> float:
    """Return how probable it is that Student's t is above a number; of infinitely many degrees of freedom, the normal."""
    if isnan(t) or not dof > 0:
        return nan
    if t < 0:
        return 1 - tail(-t, dof)
    if isinf(dof):
        return erfc(t / sqrt(2)) / 2
    odds = min(t * t / dof, _ENDLESS)
    inside, outside = odds / (1 + odds), 1 / (1 + odds)
    if outside < (dof + 2) / (dof + 5):
        return _height(t, dof) / _fraction(dof / 2, 0.5, outside, inside) / 2
    return 0.5 - _height(t, dof) / _fraction(0.5, dof / 2, inside, outside) / 2


def quantile(p: float, dof: float) -> float:
    """Return the number below which Student's t is with probability `p`, by Newton's method on logarithms."""
    if not (0 <= p <= 1 and dof > 0):
        return nan
    above = min(p, 1 - p)
    if p in (0, 0.5, 1):
        return {0: -inf, 0.5: 0.0, 1: inf}[p]
    t = -NormalDist().inv_cdf(above)
    for _ in range(0 if isinf(dof) else _MOST_STEPS):
        now = tail(t, dof)
        step = log(now / above) * now / _height(t, dof)
        t *= exp(step)
        if abs(step) < _NEAR:  # the next would be its square
            break
    return t if p > 0.5 else -t


def _height(t: float, dof: float) -> float:
    """Return t times the density there."""
    odds = min(t * t / dof, _ENDLESS)
    return _ratio(dof / 2) * sqrt(odds / pi / (1 + odds)) * exp(-dof / 2 * log1p(odds))


def _ratio(a: float) -> float:
    """Return gamma(a + 1/2) / gamma(a), of large numbers by its asymptotic series."""
    if a < _LARGE:
        return gamma(a + 0.5) / gamma(a)
    return sqrt(a) * exp(-sum(term / a ** (2 * i + 1) for i, term in enumerate(_SERIES)))


def _fraction(a: float, b: float, x: float, y: float) -> float:
    """Return x^a y^b / B(a, b) over the incomplete beta function of x = 1 - y (Didonato and Morris 1992, eq. 9)."""
    found = c = (a * y - b * x + 1) * a / (a + 1) or _TINY
    d = 0.0
    for m in range(1, _MOST):
        top = (a + m - 1) * (a + b + m - 1) * m * (b - m) * (x / (a + 2 * m - 1)) ** 2
        bottom = m + m * (b - m) * x / (a + 2 * m - 1) + (a + m) * (a * y - b * x + 1 + m * (1 + y)) / (a + 2 * m + 1)
        d = 1 / (bottom + top * d or _TINY)
        c = bottom + top / c or _TINY
        found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found
