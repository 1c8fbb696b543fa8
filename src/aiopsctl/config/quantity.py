"""A number with its unit, as people write it: `20%`, `8 points`, `1500ms`, `18_400 USD`."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from aiopsctl.errors import UsageError, nearest

LARGEST = 10**15
LONGEST = 40

UNITS: dict[str, tuple[str, Decimal]] = {
    "": ("", Decimal(1)),
    "%": ("%", Decimal("0.01")),
    "point": ("points", Decimal(1)),
    "points": ("points", Decimal(1)),
    "x": ("x", Decimal(1)),
    "ms": ("ms", Decimal(1)),
    "s": ("ms", Decimal(1_000)),
    "min": ("ms", Decimal(60_000)),
    "h": ("ms", Decimal(3_600_000)),
    "d": ("ms", Decimal(86_400_000)),
    "USD": ("USD", Decimal(1)),
    "USD / month": ("USD / month", Decimal(1)),
    "token": ("tokens", Decimal(1)),
    "tokens": ("tokens", Decimal(1)),
}
"""Each unit as written -> the unit that is kept, and how many of it one is."""

WRITABLE = ("%", "points", "x", "ms", "s", "min", "h", "d", "USD", "USD / month", "tokens")

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(?:nan|inf|infinity)", re.IGNORECASE)
_EXAMPLES = "write a number with its unit, such as 20%, 1500ms, 8 points, 5x or 18_400 USD"


@dataclass(frozen=True)
class Quantity:
    """A value with a unit: `%` (0.2 is 20 %), `points`, `x`, `ms` (every time), money, `tokens` or none."""

    value: float
    unit: str
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the quantity as it was written."""
        return self.text or f"{self.value:g}{self.unit}"


def quantity(text: str) -> Quantity:
    """Return the quantity that `text` writes.

    >>> quantity("20%")
    Quantity(value=0.2, unit='%', text='20%')
    >>> quantity("3s")
    Quantity(value=3000.0, unit='ms', text='3s')
    """
    written = text.strip()
    number = _NUMBER.match(written)
    if number is None or len(written) > LONGEST:
        raise _no_quantity(written)
    unit = _unit(written, written[number.end() :])
    kept, scale = UNITS[unit]
    value = Decimal(number.group().replace("_", "")) * scale
    if abs(value) > LARGEST:
        raise UsageError(f"'{written}' is too large", help=f"the largest number is {LARGEST:_}")
    return Quantity(float(value), kept, written)


def _unit(written: str, rest: str) -> str:
    if re.match(r"[,._0-9]|[eE][-+0-9]", rest):
        raise UsageError(f"'{written}' is not a plain number", help="write it as 1500, 0.25 or 18_400")
    unit = re.sub(r"\s*/\s*", " / ", rest.strip())
    if unit not in UNITS:
        raise UsageError(f"unknown unit '{unit}'", help=_right_unit(unit))
    return unit


def _right_unit(unit: str) -> str:
    other_case = [known for known in WRITABLE if known.lower() == unit.lower()]
    if other_case:
        return f"did you mean '{other_case[0]}'?"
    return nearest(unit, WRITABLE) or f"units: {', '.join(WRITABLE)}"


def _no_quantity(written: str) -> UsageError:
    shown = written if len(written) <= LONGEST else f"{written[:LONGEST]}…"
    if _NOT_FINITE.fullmatch(written):
        return UsageError(f"'{shown}' is not a finite number", help=_EXAMPLES)
    return UsageError(f"'{shown}' is not a quantity", help=_EXAMPLES)
