"""How far texts are from other texts, and which words tell them apart, without embeddings."""

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any
from zlib import crc32

import polars as pl
from msgspec import Struct

from aiopsctl.stats.change import POWER
from aiopsctl.stats.distance import js_distance
from aiopsctl.stats.student import quantile, tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

_BITS = 14
BINS = 2**_BITS
"""Words, and runs of characters, are counted in so many bins, by a hash."""

RUN = 3
"""So many characters in a row are counted."""

PRIOR = 500.0
"""The weight of the prior, in words (Monroe et al. 2008)."""

_WORD = r"[\p{L}\p{M}\p{N}]+(?:['\x{2019}][\p{L}\p{M}]+)*"
_SCATTER = 0x9E3779B97F4A7C15
_LEAST_SPREAD = 1e-9
DEFINITIONS = {
    "text": "letters are lower-cased, each number is 0. js_distance is the square root of the mean Jensen-Shannon divergence (base "
    f"2) of words and of runs of {RUN} characters, each counted in {BINS:,} bins",
    "terms": f"z of the log-odds of a word, counted once a text, with an informative Dirichlet prior of {PRIOR:g} words in "
    "the proportions of both windows (Monroe, Colaresi and Quinn 2008)",
}


class Profile(Struct, frozen=True):
    """How often words and runs of characters occur in texts, by bin."""

    words: "Numbers"
    runs: "Numbers"

    def __add__(self, other: "Profile") -> "Profile":
        """Return the profile of both texts."""
        return Profile(self.words + other.words, self.runs + other.runs)

    def __sub__(self, other: "Profile") -> "Profile":
        """Return the profile without other texts of it."""
        return Profile(self.words - other.words, self.runs - other.runs)


def plain(texts: pl.Expr) -> pl.Expr:
    """Return texts as they are compared: lower case, numbers alike."""
    return texts.str.to_lowercase().str.replace_all(r"\p{N}+", "0")


def words(texts: pl.Series) -> pl.Series:
    """Return the words of each plain text."""
    return texts.str.extract_all(_WORD)


def profile(texts: pl.Series) -> Profile:
    """Return the profile of plain texts."""
    import numpy as np

    counted = words(texts).explode().drop_nulls().value_counts(name="n")
    word, n = counted.get_columns()
    bins = np.array([crc32(each.encode()) % BINS for each in word], np.int64)
    return Profile(np.bincount(bins, n.to_numpy(), BINS), _runs(texts))


def _runs(texts: pl.Series) -> "Numbers":
    """Return how often runs of characters occur, by bin; none reaches from one text into the next."""
    import numpy as np

    codes = np.frombuffer("\0".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    places = max(len(codes) - RUN + 1, 0)
    key, inside = np.zeros(places, np.uint64), np.ones(places, bool)
    for i in range(RUN):
        own = codes[i : i + places]
        key = (key << np.uint64(21)) + own
        inside &= own > 0
    bins = (key * np.uint64(_SCATTER)) >> np.uint64(64 - _BITS)
    return np.bincount(bins[inside].astype(np.int64), minlength=BINS).astype(float)


def apart(one: Profile, other: Profile) -> float:
    """Return the distance of two profiles, from 0 to 1; what has no words, or no runs, is not apart by them."""
    parts = [(one.words, other.words), (one.runs, other.runs)]
    far = [js_distance(a, b) ** 2 if a.sum() and b.sum() else 0.0 for a, b in parts]
    return sqrt(sum(far) / len(far))


class Moved(Struct, frozen=True):
    """How far weeks are from those before (`distance`), beside how far those are from one another (`usual`, each left out)."""

    distance: float
    usual: Sequence[float]

    @property
    def mean(self) -> float:
        """The usual distance."""
        return sum(self.usual) / len(self.usual)

    @property
    def error(self) -> float:
        """The standard deviation of one more distance beside the mean of the usual ones."""
        k = len(self.usual)
        spread = sqrt(sum((each - self.mean) ** 2 for each in self.usual) / (k - 1))
        return max(spread, _LEAST_SPREAD) * sqrt(1 + 1 / k)

    @property
    def p(self) -> float:
        """The probability of so large a distance by chance, by t with one degree of freedom less than weeks before."""
        return tail((self.distance - self.mean) / self.error, len(self.usual) - 1)

    def detectable(self, alpha: float) -> float | None:
        """Return by how much the distance must exceed the usual one to be seen 8 times in 10."""
        size = (quantile(1 - alpha, len(self.usual) - 1) + POWER) * self.error
        return size if isfinite(size) else None


def moved(now: Sequence[Profile], before: Sequence[Profile]) -> Moved:
    """Return how far the weeks of now are, on average, from those before, of which there are at least two."""
    first, *rest = before
    whole = sum(rest, first)
    far = [apart(week, whole) for week in now]
    return Moved(sum(far) / len(far), [apart(week, whole - week) for week in before])


def log_odds(now: "Numbers", before: "Numbers", prior: float = PRIOR) -> "Numbers":
    """Return z of the log-odds of each word, positive where it is more frequent now than before.

    `now` and `before` count the same words; the prior has the weight of `prior` words, in the proportions of both.
    A word beside which there is no other tells nothing: 0.
    """
    import numpy as np

    alpha = prior * (now + before) / (now.sum() + before.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = [np.log((own + alpha) / (own.sum() + prior - own - alpha)) for own in (now, before)]
        z = (odds[0] - odds[1]) / np.sqrt(1 / (now + alpha) + 1 / (before + alpha))
    return np.where(np.isfinite(z), z, 0.0)
