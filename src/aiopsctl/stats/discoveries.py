"""P-values of many tests, corrected so that few of those that are called discoveries are none."""

from collections.abc import Sequence


def false_discoveries(p: Sequence[float]) -> list[float]:
    """Return p-values times their number over their rank, none above that of a larger one (Benjamini and Hochberg 1995)."""
    found, best = [0.0] * len(p), 1.0
    ranked = sorted(range(len(p)), key=lambda i: p[i])
    for rank, i in reversed(list(enumerate(ranked, start=1))):
        found[i] = best = min(best, p[i] * (len(p) / rank))
    return found
