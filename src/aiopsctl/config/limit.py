"""A quantity as the limit of a metric: which unit suits which metric, and what it then means."""

from typing import Literal

from msgspec import Struct

from aiopsctl.config.quantity import Quantity
from aiopsctl.errors import UsageError

LimitKind = Literal["above", "below", "rise", "fall"]
LimitMode = Literal["absolute", "relative", "factor"]

ABSOLUTE: dict[str, dict[str, float]] = {
    "ratio": {"": 1, "%": 1},
    "ms": {"": 1, "ms": 1},
    "s": {"": 1, "ms": 1_000},
    "usd": {"": 1, "USD": 1},
    "tokens": {"": 1, "tokens": 1},
    "x": {"": 1, "x": 1},
    "score": {"": 1, "points": 1},
    "points": {"": 1, "points": 1},
}
"""A metric's unit -> the units that suit it, and what to divide by to get there."""

DIFFERENCE: dict[str, dict[str, float]] = {**ABSOLUTE, "ratio": {"": 1, "points": 100}, "x": {"": 1}}
"""The same for a difference of two values of the metric."""

PLAIN: dict[str, float] = {"": 1}

EXAMPLES: dict[str, str] = {
    "%": "20%",
    "points": "8 points",
    "x": "1.5x",
    "ms": "1500ms",
    "USD": "0.02 USD",
    "tokens": "2_000 tokens",
    "": "200",
}


class Limit(Struct, frozen=True):
    """Where a metric becomes bad.

    `absolute`: the value itself (`above`, `below`) or the difference to the reference, in the metric's unit;
    `relative`: the change as a share of the reference, 0.2 for 20 %;
    `factor`: the value over the reference, 1.5 for half as much again, 0.5 for half.
    """

    kind: LimitKind
    value: float
    mode: LimitMode


def as_limit(q: Quantity, metric_unit: str, kind: LimitKind) -> Limit:
    """Return `q` as a limit of a metric in `metric_unit`, or say which quantity would suit it."""
    if kind in ("above", "below"):
        return Limit(kind, _in_unit(q, metric_unit, kind, ABSOLUTE.get(metric_unit, PLAIN)), "absolute")
    if q.value <= 0:
        what = f"'{kind}: {q}' is not positive"
        raise UsageError(what, help=f"write how far it may {kind}, such as {kind}: 20%")
    if q.unit == "%":
        return Limit(kind, _change(q, kind), "relative")
    if q.unit == "x":
        return Limit(kind, _factor(q, kind), "factor")
    return Limit(kind, _in_unit(q, metric_unit, kind, DIFFERENCE.get(metric_unit, PLAIN)), "absolute")


def _in_unit(q: Quantity, metric_unit: str, kind: LimitKind, suits: dict[str, float]) -> float:
    if q.unit not in suits:
        what = f"'{kind}: {q}' does not suit a metric in {metric_unit}"
        raise UsageError(what, help=_suitable(suits, kind))
    if metric_unit == "ratio" and not q.unit and abs(q.value) > 1:
        raise UsageError(f"'{kind}: {q}' is more than the whole of a ratio", help=_suitable(suits, kind))
    return q.value / suits[q.unit]


def _change(q: Quantity, kind: LimitKind) -> float:
    if kind == "fall" and q.value > 1:
        raise UsageError(f"'{kind}: {q}' cannot happen", help="nothing falls by more than 100%")
    return q.value


def _factor(q: Quantity, kind: LimitKind) -> float:
    if kind == "rise" and q.value <= 1:
        raise UsageError(f"'{kind}: {q}' is no rise", help="a rise to half as much again is 1.5x")
    if kind == "fall" and q.value >= 1:
        raise UsageError(f"'{kind}: {q}' is no fall", help="a fall to half of the reference is 0.5x")
    return q.value


def _suitable(suits: dict[str, float], kind: LimitKind) -> str:
    units = [unit for unit in suits if unit] or [""]
    if kind in ("rise", "fall"):
        units = ["%", *units] if units != [""] else ["%"]
    return "write it as " + " or ".join(f"{kind}: {EXAMPLES[unit]}" for unit in units)
