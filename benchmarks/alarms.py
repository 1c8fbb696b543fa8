"""False alarms in a year without change, and days until a change is seen: `check` beside the rules that people copy.

    python benchmarks/alarms.py [--seed 1] [--years 1.0] [--volumes 200,2000,50000]

A year of daily looks at each series, by the statistic and the bar that `check` uses for rises and falls, over windows of 7
and 28 days against the eight weeks that ended four weeks before. 15 series of the whole and 135 slices share the budget of
12 warnings and 1 critical a year. `--years` scales the number of simulated years; seeds are those of the run.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import erfc, log, sqrt
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from alarms_world import Change, Day, days, steady

from aiopsctl.checks.alarms import BUDGET, level_of_a_day
from aiopsctl.stats.change import Days, Units, change, cutoff

WINDOWS, LAG, BASE, YEAR = (7, 28), 28, 56, 365
WARM = LAG + BASE
HEAD, SLICES = 15, 135
SERIES_YEARS = {200: 150, 2_000: 60, 50_000: 6}
CHANGES = {200: 150, 2_000: 40, 50_000: 8}
EPISODE = 7


@dataclass(frozen=True)
class Kind:
    """What a series is: which way is harm, and how large a change warns and is critical."""

    name: str
    tokens: bool
    harm: int
    gates: dict[str, float]


RATINGS = Kind("thumbs-up", tokens=False, harm=-1, gates={"warning": 0.03, "critical": 0.05})
TOKENS = Kind("input tokens", tokens=True, harm=1, gates={"warning": 0.10, "critical": 0.20})


@dataclass
class Year:
    """What each day of a series said: by window the p-value and the harmful change, and what other rules said."""

    p: list[tuple[float, ...]] = field(default_factory=list)
    harm: list[tuple[float, ...]] = field(default_factory=list)
    rules: dict[str, list[bool]] = field(default_factory=dict)
    covered: list[bool] = field(default_factory=list)


class Sums:
    """Sums by user over the last days, kept up to date day by day."""

    def __init__(self, users: int) -> None:
        self.top, self.size = np.zeros(users), np.zeros(users)

    def move(self, come: Day | None, go: Day | None) -> None:
        """Add a day, and take one away."""
        for day, sign in ((come, 1), (go, -1)):
            if day is not None:
                self.top[day.users] += sign * day.top
                self.size[day.users] += sign * day.size


def watched(series: Sequence[Day], kind: Kind, *, truth: bool = False) -> Year:
    """Return what a daily look says over the series, from the first day with a whole baseline."""
    users = 1 + max(int(day.users.max()) for day in series)
    windows, base = [Sums(users) for _ in WINDOWS], Sums(users)
    means, variances = (np.array([getattr(day, name) for day in series]) for name in ("mean", "variance"))
    weekdays = np.array([day.weekday for day in series])
    year = Year()
    for today, day in enumerate(series):
        for sums, length in zip(windows, WINDOWS, strict=True):
            sums.move(day, series[today - length] if today >= length else None)
        come, go = today - LAG, today - WARM
        base.move(series[come] if come >= 0 else None, series[go] if go >= 0 else None)
        if go < -1:
            continue
        first = go + 1
        own = slice(first, first + BASE)
        found = [_change(sums, base, Days(weekdays[own], means[own], variances[own], length), kind)
                 for sums, length in zip(windows, WINDOWS, strict=True)]  # fmt: skip
        year.p.append(tuple(each.p(kind.harm) for each in found))
        year.harm.append(tuple(kind.harm * (np.expm1(c.delta) if kind.tokens else c.delta) for c in found))
        if truth:
            year.covered += [low <= 0 <= high for low, high in (each.interval() for each in found)]
        else:
            _others(year, series, today, kind)
    return year


def _change(sums: Sums, base: Sums, days_: Days, kind: Kind):  # noqa: ANN202 - a Change
    seen = (sums.size > 0) | (base.size > 0)
    units = Units(sums.top[seen], sums.size[seen], base.top[seen], base.size[seen])
    found = change(units, days_, "log" if kind.tokens else "difference")
    assert found is not None
    return found


def _others(year: Year, series: Sequence[Day], today: int, kind: Kind) -> None:
    """Add what other rules say of a day: fixed limits, a z-test, KS and PSI."""
    now = _pooled(series[today - 6 : today + 1])
    before = _pooled(series[today - WARM + 1 : today - LAG + 1])
    day, month = _pooled(series[today : today + 1]), _pooled(series[today - 28 : today])
    moved = kind.harm * ((now.mean / before.mean - 1) if kind.tokens else now.mean - before.mean)
    for level, gate in kind.gates.items():
        _add(year, f"fixed, {level} gate", moved >= gate)
    _add(year, "z-test, day", _z(day, month, kind) < 0.05)
    _add(year, "KS, 7 days", _ks(now.counts, before.counts) < 0.05)
    _add(year, "PSI > 0.1, day", _psi(day.counts, before.counts) > 0.1)
    _add(year, "PSI > 0.1, 7 days", _psi(now.counts, before.counts) > 0.1)


def _add(year: Year, rule: str, fires: object) -> None:
    year.rules.setdefault(rule, []).append(bool(fires))


def _pooled(of: Sequence[Day]) -> Day:
    join = np.concatenate
    return Day(0, join([d.users for d in of]), join([d.top for d in of]), join([d.size for d in of]),
               np.sum([d.counts for d in of], axis=0))  # fmt: skip


def _z(one: Day, two: Day, kind: Kind) -> float:
    """Return the two-sided p of a test that takes every event for independent."""
    n1, n2 = one.size.sum(), two.size.sum()
    if kind.tokens:
        spread = one.mean**2 * (np.exp(0.5**2 + 0.9**2) - 1)
        error = sqrt(spread / n1 + spread / n2)
    else:
        pooled = (one.top.sum() + two.top.sum()) / (n1 + n2)
        error = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return erfc(abs(one.mean - two.mean) / error / sqrt(2))


def _ks(one: np.ndarray, two: np.ndarray) -> float:
    """Return the limiting p of the two-sample Kolmogorov-Smirnov statistic, from binned values."""
    n1, n2 = one.sum(), two.sum()
    distance = np.abs(np.cumsum(one) / n1 - np.cumsum(two) / n2).max()
    scaled = distance * sqrt(n1 * n2 / (n1 + n2))
    return (
        min(1.0, 2 * sum((-1) ** (k - 1) * np.exp(-2 * k * k * scaled**2) for k in range(1, 101)))
        if scaled > 0.2
        else 1
    )


def _psi(one: np.ndarray, two: np.ndarray) -> float:
    """Return the population stability index on the deciles of the second."""
    if len(two) > 2:
        edges = np.searchsorted(np.cumsum(two) / two.sum(), np.arange(0.1, 1, 0.1))
        cut = np.unique(np.concatenate(([0], edges + 1)))
        one, two = np.add.reduceat(one, cut), np.add.reduceat(two, cut)
    p, q = (np.maximum(each / each.sum(), 1e-4) for each in (one, two))
    return float(((p - q) * np.log(p / q)).sum())


def alone(year: Year, kind: Kind, level: str, series: int) -> list[bool]:
    """Return on which days a series fires at the bar of one that moves alone among `series` of its family."""
    bar = level_of_a_day(level) / (series * len(WINDOWS))
    return [
        any(p <= bar and harm >= kind.gates[level] for p, harm in zip(ps, harms, strict=True))
        for ps, harms in zip(year.p, year.harm, strict=True)
    ]


def together(years: Sequence[Year], kinds: Sequence[Kind], level: str) -> list[list[bool]]:
    """Return on which days each series of a family fires, at the bar of all of them."""
    fires: list[list[bool]] = [[] for _ in years]
    for today in range(len(years[0].p)):
        bar = cutoff([p for year in years for p in year.p[today]], level_of_a_day(level))
        for own, year, kind in zip(fires, years, kinds, strict=True):
            pairs = zip(year.p[today], year.harm[today], strict=True)
            own.append(any(p <= bar and harm >= kind.gates[level] for p, harm in pairs))
    return fires


def episodes(fires: Sequence[bool]) -> int:
    """Return how many runs of red days there are; those closer than a week are one."""
    red = [day for day, fired in enumerate(fires) if fired]
    return sum(1 for i, day in enumerate(red) if not i or day - red[i - 1] > EPISODE)


def simulate(
    rng: np.random.Generator, volume: int, kind: Kind, length: int, how: Change = steady, *, calm: bool = False
) -> list[Day]:
    """Return a series that begins early enough for a whole baseline; `how` counts from the first watched day."""
    return list(days(rng, volume, WARM + length, tokens=kind.tokens, change=lambda d: how(d - WARM), calm=calm))


def false_alarms(rng: np.random.Generator, volume: int, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return episodes a year of all 150 series without change, by level; and of each other rule."""
    kinds = [RATINGS if i % 2 == 0 else TOKENS for i in range(count)]
    pool = [watched(simulate(rng, volume, kind, YEAR), kind) for kind in kinds]
    ours = dict.fromkeys(BUDGET, 0.0)
    installations = max(1, min(4, round(600 / count)) if count < HEAD + SLICES else 1)
    for _ in range(installations):
        drawn = rng.permutation(count) if count >= HEAD + SLICES else rng.integers(0, count, HEAD + SLICES)
        for members in (drawn[:HEAD], drawn[HEAD : HEAD + SLICES]):
            for level in BUDGET:
                family, own = [pool[i] for i in members], [kinds[i] for i in members]
                ours[level] += sum(map(episodes, together(family, own, level))) / installations
    rules = {rule: 150 * sum(episodes(year.rules[rule]) for year in pool) / count for rule in pool[0].rules}
    return ours, rules


def detection(rng: np.random.Generator, volume: int, case: "Case", count: int) -> dict[str, list[float]]:
    """Return by rule the day on which each of `count` simulated changes is seen, infinite where it never is."""
    first: dict[str, list[float]] = {}
    for _ in range(count):
        year = watched(simulate(rng, volume, case.kind, 120, case.how), case.kind)
        said = {level: alone(year, case.kind, level, HEAD) for level in BUDGET} | year.rules
        for rule, fires in said.items():
            first.setdefault(rule, []).append(next((day + 1 for day, fired in enumerate(fires) if fired), float("inf")))
    return first


def told(rule: str, seen: Sequence[float], deadline: int) -> str:
    """Return a line: median and 90th percentile of the day, share ever, and share in time where there is a deadline."""
    median, late = (np.quantile(seen, q, method="higher") for q in (0.5, 0.9))
    shares = [sum(day <= last for day in seen) / len(seen) for last in (1e9, deadline)]
    in_time = f"   by day {deadline}: {shares[1]:.0%}" if deadline else ""
    return f"  {'check, ' + rule if rule in BUDGET else rule:<24}{median:>6.0f} ({late:.0f}) {shares[0]:>6.0%}{in_time}"


def decline(day: int) -> float:
    """Return a fall of 10 points in a straight line over eight weeks."""
    return -0.10 * min(max(day + 1, 0), 56) / 56


def drop(day: int) -> float:
    """Return a fall of 5 points overnight."""
    return -0.05 if day >= 0 else 0.0


def creep(day: int) -> float:
    """Return a growth of 20 % over 30 days."""
    return log(1 + 0.20 * min(max(day + 1, 0), 30) / 30)


@dataclass(frozen=True)
class Case:
    """A planted change, and by which day a warning (and a critical) is to have come, by events a day."""

    name: str
    kind: Kind
    how: Change
    warned: dict[int, int]
    critical: int = 0


CASES = (
    Case("75 -> 65 % over 8 weeks", RATINGS, decline, {200: 42, 2_000: 28, 50_000: 28}, 55),
    Case("-5 points overnight", RATINGS, drop, {200: 28, 2_000: 7, 50_000: 7}),
    Case("+20 % tokens in 30 days", TOKENS, creep, {200: 56, 2_000: 28, 50_000: 28}),
)


def coverage(rng: np.random.Generator, volume: int, count: int) -> float:
    """Return how often the 95 % interval of a change that did not happen holds zero."""
    held = [
        h
        for _ in range(count)
        for h in watched(simulate(rng, volume, RATINGS, 1, calm=True), RATINGS, truth=True).covered
    ]
    return sum(held) / len(held)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--volumes", default="200,2000,50000")
    asked = parser.parse_args()
    for volume in map(int, asked.volumes.split(",")):
        rng = np.random.default_rng([asked.seed, volume])
        print(f"\n{volume:,} events a day\n{'=' * 30}")
        held = coverage(rng, volume, max(4, round(asked.years * {200: 600, 2_000: 300, 50_000: 40}[volume])))
        print(f"95 % intervals hold no change (users alone differ): {held:.1%}")
        ours, rules = false_alarms(rng, volume, max(2, round(asked.years * SERIES_YEARS[volume])))
        print("false alarms a year, 150 series:")
        for rule, rate in ({f"check, {level}": rate for level, rate in ours.items()} | rules).items():
            print(f"  {rule:<24}{rate:>10,.1f}")
        for case in CASES:
            print(f"{case.name}: day seen, median (90th percentile), share ever")
            deadlines = {"warning": case.warned[volume], "critical": case.critical}
            for rule, seen in detection(rng, volume, case, max(2, round(asked.years * CHANGES[volume]))).items():
                print(told(rule, seen, deadlines.get(rule, 0)), flush=True)


if __name__ == "__main__":
    main()
