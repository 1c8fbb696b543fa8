"""Why a mean moved: because the mix of its segments did, or because the segments themselves did.

The mean over all is the mean of its segments, weighted by their shares. Its change splits without a rest (Kitagawa 1955,
symmetric): of each segment the change of its share times its mean, and the change of its mean times its share, both at
the average of the two sides. A segment that is on one side only has the mean of that side on both: it is all mix.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct

K = TypeVar("K", bound=tuple[Hashable, ...])
H = TypeVar("H", bound=Hashable)
Sums = tuple[float, float]
"""What is averaged, and over how many: numerator and denominator."""


DEFINITIONS = {
    "mix": "of a segment the change of its share times its mean (average of both sides, from the average of all); of a "
    "dimension the sum over its segments (Kitagawa 1955, symmetric); mix and within add up to the change",
    "within": "of a segment the change of its mean times its share (average of both sides); a segment of one side is all mix",
}
"""What the parts of a change are."""


class Segment(Struct, frozen=True):
    """What one segment did to the mean; `mix` is taken around the average mean, so that it says who grew at whose cost."""

    mix: float
    within: float
    share_before: float
    share_after: float

    @property
    def total(self) -> float:
        """The whole contribution of the segment."""
        return self.mix + self.within


def kitagawa(before: Mapping[H, Sums], after: Mapping[H, Sums]) -> dict[H, Segment]:
    """Return the contribution of every segment to the change of the mean; together they are the change.

    Raises `ZeroDivisionError` where one side is empty: there is no mean to compare with.
    """
    pairs = _pairs(before, after)
    centre = (_mean(before) + _mean(after)) / 2
    return {
        key: Segment((w1 - w0) * ((m0 + m1) / 2 - centre), (w0 + w1) / 2 * (m1 - m0), w0, w1)
        for key, (w0, w1, m0, m1) in pairs.items()
    }


def power(alike: Mapping[H, float], totals: Mapping[H, float], most: int = 3) -> tuple[float, int]:
    """Return the share of a change that at most `most` segments tell, and how few of them tell two thirds of that.

    A segment tells what it did (`totals`) beyond what it would have done had all moved alike (`alike`, which with the
    rest adds up to no more than the change); so one segment that is everything tells nothing. After Adtributor
    (Bhagwan et al. 2014): explanatory power, then surprise, then succinctness.
    """
    change = sum(totals.values())
    if not change:
        return 0.0, 0
    beyond = sorted(((totals[key] - alike[key]) / change for key in totals), reverse=True)[:most]
    told = [size for size in beyond if size > 0]
    whole = sum(told)
    few = next((n for n in range(1, len(told) + 1) if sum(told[:n]) >= whole * 2 / 3), 0)
    return min(whole, 1.0), few


class Leaf(Struct, frozen=True):
    """A segment of the last level: how much weight its own change has."""

    weight: float
    before: float
    after: float


@dataclass
class Nested(Generic[K]):
    """A split by levels: the mix at each level, and the leaves, whose weighted changes are the rest."""

    mix: list[float]
    leaves: dict[K, Leaf] = field(default_factory=dict)

    @property
    def within(self) -> float:
        """What the segments of the last level did by themselves."""
        return sum(leaf.weight * (leaf.after - leaf.before) for leaf in self.leaves.values())


def nested(before: Mapping[K, Sums], after: Mapping[K, Sums], levels: int) -> Nested[K]:
    """Return the change of the mean by levels: mix of the first parts of the keys, mix of the second within those, ...

    The mixes and `within` add up to the change.
    """
    found = Nested[K]([0.0] * levels)
    _split(before, after, 0, 1.0, found)
    return found


def _split(before: Mapping[K, Sums], after: Mapping[K, Sums], level: int, weight: float, found: Nested[K]) -> None:
    parts = [_grouped(side, level) for side in (before, after)]
    for key, (w0, w1, m0, m1) in _pairs(*({k: _total(of) for k, of in part.items()} for part in parts)).items():
        found.mix[level] += weight * (w1 - w0) * (m0 + m1) / 2
        if not (w0 and w1):
            continue
        (inner0, inner1), own = [part[key] for part in parts], weight * (w0 + w1) / 2
        if level + 1 < len(found.mix):
            _split(inner0, inner1, level + 1, own, found)
        else:
            found.leaves[next(iter(inner0))] = Leaf(own, m0, m1)


def _grouped(side: Mapping[K, Sums], level: int) -> dict[Hashable, dict[K, Sums]]:
    groups: dict[Hashable, dict[K, Sums]] = {}
    for key, sums in side.items():
        groups.setdefault(key[level], {})[key] = sums
    return groups


def _pairs(before: Mapping[H, Sums], after: Mapping[H, Sums]) -> dict[H, tuple[float, float, float, float]]:
    """Return the shares and the means of each segment, before and after; an absent one has the mean of the other side."""
    all0, all1 = (sum(n for _, n in side.values()) for side in (before, after))
    found = {}
    for key in dict.fromkeys((*before, *after)):
        (x0, n0), (x1, n1) = before.get(key, (0.0, 0.0)), after.get(key, (0.0, 0.0))
        if n0 or n1:
            m0, m1 = (x0 / n0 if n0 else x1 / n1), (x1 / n1 if n1 else x0 / n0)
            found[key] = (n0 / all0, n1 / all1, m0, m1)
    return found


def _total(of: Mapping[K, Sums]) -> Sums:
    return sum(x for x, _ in of.values()), sum(n for _, n in of.values())


def _mean(side: Mapping[H, Sums]) -> float:
    return sum(x for x, _ in side.values()) / sum(n for _, n in side.values())
