"""When a change is an alarm: past its limit, and by more than chance explains at a yearly budget of false alarms.

A check that runs every day for a year over many series looks thousands of times, so 0.05 would be red every day. The
budget is spread over the year and over two families, the whole and its slices; within a family the p-values are corrected
for their number (Benjamini and Hochberg 1995). Windows of changes end with a complete day, so that the looks are at most
365, however often the check is run; and as windows of neighbouring days are nearly the same, red days come in runs.
"""

from collections.abc import Mapping, Sequence
from math import expm1, inf, log1p

from msgspec import Struct

from aiopsctl.checks.check import LEVELS, Check
from aiopsctl.config import Limit
from aiopsctl.result import Measurement
from aiopsctl.stats.change import Change, Scale, cutoff

HARM = {"rise": 1, "fall": -1}
BUDGET: Mapping[str, float] = {"warning": 12, "critical": 1}
"""False alarms that are expected in a year in which nothing changes, for all checks together."""

_RUN = 3
"""How many red days a false alarm lasts on average, for windows of 7 and 28 days share most of their days."""

_LOOKS = 365 / _RUN
_FAMILIES = 2


class Bar(Struct, frozen=True):
    """The p-value below which a change is believed, by level.

    `cutoffs` hold after correction for all series of the family, `plain` for one of them that stands alone.
    """

    cutoffs: Mapping[str, float]
    plain: Mapping[str, float]


class Evidence(Struct, frozen=True):
    """What speaks for a change being no chance: its statistic, and the bar that it has to pass."""

    change: Change
    bar: Bar

    def p(self, kind: str) -> float:
        """Return the p-value in the direction of a limit."""
        return self.change.p(HARM[kind])

    def believed(self, level: str, kind: str) -> bool:
        """Return whether chance does not explain the change."""
        return self.p(kind) <= self.bar.cutoffs[level]

    def detectable(self, level: str, kind: str) -> float:
        """Return the smallest change that would have been seen, in the metric's unit or as a share of what was before."""
        size = self.change.detectable(self.bar.plain[level])
        if self.change.scale == "difference" or size == inf:
            return size
        return expm1(size) if kind == "rise" else -expm1(-size)

    def sees(self, level: str, limit: Limit, before: float) -> bool:
        """Return whether a change as large as the limit would have been seen."""
        return self.change.detectable(self.bar.plain[level]) <= gate(limit, self.change.scale, before)


def gate(limit: Limit, scale: Scale, before: float) -> float:
    """Return a limit of a change on the scale of its statistic; what cannot be is infinite."""
    share = {"relative": limit.value, "factor": abs(limit.value - 1), "absolute": 0.0}[limit.mode]
    if scale == "difference":
        return limit.value if limit.mode == "absolute" else share * abs(before)
    share = share or (limit.value / abs(before) if before else inf)
    if limit.kind == "rise":
        return log1p(share)
    return -log1p(-share) if share < 1 else inf


def level_of_a_day(level: str, budget: Mapping[str, float] = BUDGET) -> float:
    """Return the false discovery rate that a family may have on one day."""
    return budget[level] / _FAMILIES / _LOOKS


def limits_of_change(check: Check) -> list[tuple[str, Limit]]:
    """Return the limits of a check that ask for evidence, the worst level first."""
    if check.judge is not None:
        return []
    return [(level, limit) for level in LEVELS for limit in check.limits.get(level, ()) if limit.kind in HARM]


def bars(tests: Sequence[tuple[Check, Measurement, Change]], budget: Mapping[str, float] = BUDGET) -> dict[bool, Bar]:
    """Return the bar of each family: of slices (True) and of the whole (False); all tests of a run stand together."""
    families: dict[bool, list[float]] = {False: [], True: []}
    for check, m, change in tests:
        kinds = sorted({limit.kind for _, limit in limits_of_change(check)})
        families[bool(m.slice)] += [change.p(HARM[kind]) for kind in kinds]
    shares = {level: level_of_a_day(level, budget) for level in LEVELS}
    return {
        sliced: Bar(
            {level: cutoff(p, share) for level, share in shares.items()},
            {level: share / max(len(p), 1) for level, share in shares.items()},
        )
        for sliced, p in families.items()
    }


def in_words(size: float, m: Measurement, scale: Scale) -> str:
    """Return a size of change as people read it: points, or per cent."""
    if size == inf:
        return "none"
    if scale == "log":
        return f"{size * 100:.3g} %"
    return f"{size * (100 if m.unit == 'ratio' else 1):.3g} points"
