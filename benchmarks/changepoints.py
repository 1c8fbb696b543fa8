"""How well the dates of `drift` agree with people who marked the changes of a series, beside published methods.

    python benchmarks/changepoints.py [--data ../shared/data/tcpd] [--least 7] [--ends 7] [--penalty 6]

The series of the Turing Change Point Dataset (van den Burg and Williams 2020) that have one value a time, each marked by
five people. F1 and covering are the paper's: a change is found within 5 steps, the first step is a change that all agree
on, precision is of the changes that anyone marked, recall the mean over people. The published scores are those of the
paper's repository (TCPDBench, `analysis/output/scores`, default settings); that of no change at all is computed here, too,
and must be the published one.
"""

import argparse
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np

from aiopsctl.stats.breakpoint import breakpoint_of
from aiopsctl.stats.breakpoints import PENALTY, SHORTEST, breakpoints_of

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "tcpd"
MARGIN = 5
METHODS = ("AMOC", "BINSEG", "PELT", "BOCPD", "ZERO")

PUBLISHED = {
    "bank": ((0.6667, 0.4000, 0.4000, 0.0465, 1.0000), (0.9673, 0.5095, 0.5095, 0.0482, 1.0000)),
    "businv": ((0.4545, 0.3704, 0.3704, 0.2703, 0.5882), (0.5736, 0.5616, 0.6028, 0.4631, 0.4609)),
    "children_per_woman": ((0.6175, 0.6175, 0.6175, 0.6368, 0.5075), (0.7983, 0.7983, 0.7983, 0.7583, 0.4291)),
    "construction": ((0.5161, 0.7091, 0.7091, 0.6341, 0.6957), (0.5252, 0.4662, 0.4227, 0.3953, 0.5746)),
    "gdp_argentina": ((0.8889, 0.8889, 0.8889, 0.9474, 0.8235), (0.6675, 0.6675, 0.6675, 0.6303, 0.7371)),
    "gdp_iran": ((0.4915, 0.4915, 0.4915, 0.6222, 0.6517), (0.4840, 0.4773, 0.4773, 0.5202, 0.5826)),
    "global_co2": ((0.9286, 0.9286, 0.7536, 0.7536, 0.8462), (0.7431, 0.7482, 0.6377, 0.6396, 0.7583)),
    "jfk_passengers": ((0.7755, 0.7755, 0.7755, 0.4368, 0.7234), (0.8393, 0.8393, 0.8393, 0.5412, 0.6298)),
    "nile": ((1.0000, 1.0000, 1.0000, 1.0000, 0.8235), (0.8801, 0.8801, 0.8801, 0.8880, 0.7581)),
    "quality_control_1": ((1.0000, 1.0000, 1.0000, 0.8000, 0.6667), (0.9924, 0.9924, 0.9924, 0.8869, 0.5031)),
    "quality_control_3": ((1.0000, 1.0000, 1.0000, 1.0000, 0.6667), (0.9956, 0.9956, 0.9956, 0.9967, 0.5003)),
    "quality_control_5": ((1.0000, 1.0000, 1.0000, 1.0000, 1.0000), (1.0000, 1.0000, 1.0000, 1.0000, 1.0000)),
    "shanghai_license": ((0.8679, 0.8679, 0.8679, 0.7132, 0.6364), (0.9197, 0.9197, 0.9197, 0.8558, 0.5471)),
    "unemployment_nl": ((0.5663, 0.8764, 0.7730, 0.6834, 0.5663), (0.5066, 0.6692, 0.6484, 0.4951, 0.5066)),
    "usd_isk": ((0.7854, 0.6565, 0.6565, 0.6094, 0.4887), (0.8528, 0.7348, 0.7303, 0.6717, 0.4363)),
}
"""By series: F1 and covering of `METHODS`."""


def matched(marked: Iterable[int], found: Iterable[int]) -> int:
    """Return how many marked changes have a found one within the margin, each found one taken once."""
    left, hits = set(found), 0
    for mark in sorted(marked):
        near = min(left, key=lambda at: (abs(at - mark), at), default=None)
        if near is not None and abs(near - mark) <= MARGIN:
            left.remove(near)
            hits += 1
    return hits


def f1(people: Sequence[Sequence[int]], found: Sequence[int]) -> float:
    """Return the F1 of found changes against those that people marked."""
    own, sets = {0, *found}, [{0, *marks} for marks in people]
    precision = matched(set().union(*sets), own) / len(own)
    recall = fmean(matched(marks, own) / len(marks) for marks in sets)
    return 2 * precision * recall / (precision + recall)


def covering(people: Sequence[Sequence[int]], found: Sequence[int], length: int) -> float:
    """Return how much of each marked segment its best found one shares, by length, averaged over people."""
    own = segments(found, length)
    return fmean(
        sum(len(part) * max(len(part & each) / len(part | each) for each in own) for part in segments(marks, length))
        / length
        for marks in people
    )


def segments(changes: Sequence[int], length: int) -> list[set[int]]:
    """Return the steps between changes."""
    ends = sorted({0, *changes, length})
    return [set(range(begin, end)) for begin, end in pairwise(ends)]


def several(series: "np.ndarray", least: int, ends: int, penalty: float) -> list[int]:
    """Return what the search for several changes finds, each step with the same weight and of no weekday."""
    flat = np.ones(len(series))
    return [each.at for each in breakpoints_of(series, flat, flat, least, ends, penalty)]


def single(series: "np.ndarray", least: int) -> list[int]:
    """Return the one change, in level or into a slope, if any."""
    flat = np.ones(len(series))
    found = breakpoint_of(series, flat, flat, least, slopes=True)
    return [found.at] if found else []


def series_of(folder: Path) -> Mapping[str, "np.ndarray"]:
    """Return the series with one value a time and none missing."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text())
        if told.get("n_dim") == 1:
            found[told["name"]] = np.array(told["series"][0]["raw"], float)
    return found


def main() -> None:
    """Print F1 and covering by series, and their means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=BESIDE)
    parser.add_argument("--least", type=int, default=SHORTEST)
    parser.add_argument("--ends", type=int, default=SHORTEST)
    parser.add_argument("--penalty", type=float, default=PENALTY)
    asked = parser.parse_args()
    marked = json.loads((asked.data / "annotations.json").read_text())
    names = ("several", "single", *METHODS)
    table: dict[str, list[list[float]]] = {"F1": [], "covering": []}
    print(f"{'':<20}{'steps':>6}  changes found")
    every = series_of(asked.data)
    began = time.perf_counter()
    founds = {
        name: (several(x, asked.least, asked.ends, asked.penalty), single(x, asked.least)) for name, x in every.items()
    }
    took = time.perf_counter() - began
    for name, found in founds.items():
        people, length = list(marked[name].values()), len(every[name])
        print(f"{name:<20}{length:>6}  {found[0]}")
        published = PUBLISHED[name]
        none = f1(people, []), covering(people, [], length)
        assert all(abs(own - scores[-1]) < 1e-4 for own, scores in zip(none, published, strict=True)), (name, none)
        table["F1"].append([*(f1(people, each) for each in found), *published[0]])
        table["covering"].append([*(covering(people, each, length) for each in found), *published[1]])
    for what, rows in table.items():
        print(f"\n{what:<20}{''.join(f'{each:>9}' for each in names)}")
        for name, row in zip(every, rows, strict=True):
            print(f"{name:<20}{''.join(f'{value:>9.3f}' for value in row)}")
        print(f"{'mean':<20}{''.join(f'{fmean(column):>9.3f}' for column in zip(*rows, strict=True))}")
    print(f"\n{took:.2f} s for {len(every)} series, {sum(map(len, every.values()))} steps")


if __name__ == "__main__":
    main()
