"""How much the mean input of a call grew between two windows, and whether that is past the limit of its metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import expm1, isfinite, log1p

from aiopsctl.analyses.scale._curve import Jump, Point
from aiopsctl.analyses.scale._growth import Price
from aiopsctl.metrics.tokens import input_tokens
from aiopsctl.readable import number
from aiopsctl.result import Slice
from aiopsctl.stats.change import Change
from aiopsctl.stats.decompose import Sums

THRESHOLD = next(each for each in input_tokens.thresholds if each.kind == "rise")
LIMIT = THRESHOLD.warning or 0.0
LEVEL = 0.05
"""The false discovery rate of what is listed, and the level of what could have been seen."""


@dataclass(frozen=True)
class Version:
    """A version of a prompt, and the day of its first call."""

    feature: str
    prompt_version: str
    first_seen: date


@dataclass(frozen=True)
class Creep:
    """One slice: sums before and after, what speaks for a change, its parts, when it began, and what it costs.

    `began` is None where no rise is seen, `parts` where a side has no calls.
    """

    slice: Slice
    before: Sums
    after: Sums
    moved: Change | None
    parts: Mapping[str, float | None] | None
    began: Jump | None
    versions: tuple[Version, ...]
    price: Price
    calls_a_month: float
    points: Sequence[Point]

    @property
    def name(self) -> str:
        """The slice as people read it."""
        return ", ".join("(none)" if value is None else str(value) for value in self.slice.values()) or "all"

    @property
    def tokens(self) -> tuple[float | None, float | None]:
        """The mean before and after, None where no call tells its input."""
        before, after = (top / size if size else None for top, size in (self.before, self.after))
        return before, after

    @property
    def growth(self) -> float | None:
        """The change of the mean, as a share of what it was."""
        before, after = self.tokens
        return after / before - 1 if before and after is not None else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the growth."""
        found = self.moved.interval() if self.moved else None
        return found if found and all(map(isfinite, found)) else None

    @property
    def rises(self) -> bool:
        """Whether the whole interval of the growth is above nothing."""
        return self.interval is not None and self.interval[0] > 0

    @property
    def p(self) -> float:
        """The probability of such a rise by chance."""
        return self.moved.p(1) if self.moved else 1.0

    def cost(self, growth: float | None) -> float | None:
        """Return what a growth costs a month in dollars."""
        before, _ = self.tokens
        if growth is None or before is None or self.price.usd is None:
            return None
        return growth * before * self.calls_a_month * self.price.usd

    def judged(self, bar: float) -> tuple[str, str | None]:
        """Return the status by the largest p-value that is believed, and the reason where it is no plain one."""
        if self.growth is None:
            return "unknown", f"no call {'of the days before' if self.after[1] else 'since'} tells its input tokens"
        if self.moved is None:
            return "unknown", "all calls are of one user, or of one day"
        if self.growth > LIMIT:
            return ("warning", None) if self.p <= bar else ("unknown", "chance may explain the rise")
        seen = self.moved.detectable(LEVEL)
        if seen > log1p(LIMIT):
            return "blind", f"the smallest rise it could see is {number(expm1(min(seen, 9)), 'ratio')}"
        return "ok", None
