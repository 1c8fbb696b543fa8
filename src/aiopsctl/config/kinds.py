"""The kinds of values that keys share: shares, times, money, windows, months.

A kind has a title for messages, examples of what would be right, and a pattern, a least value or units.
"""

from math import inf, nextafter
from typing import Annotated

from msgspec import Meta

from aiopsctl.config.quantity import Quantity

Range = tuple[float, float]

# NOTE: a plain 1 might mean 1 % or all of it, so a plain share stays below it.
_BELOW_ONE = nextafter(1.0, 0.0)
_ANY: Range = (0.0, inf)


def says(description: str, examples: list[str] | None = None) -> Meta:
    """Return what a key is for, in the words that its help, its hover and its schema show."""
    return Meta(description=description, examples=examples)


def _quantity(title: str, examples: list[str], units: dict[str, Range]) -> Meta:
    return Meta(title=title, examples=examples, extra={"units": units})


def _text(title: str, examples: list[str], pattern: str) -> Meta:
    return Meta(title=title, examples=examples, pattern=pattern)


Share = Annotated[Quantity, _quantity("share", ["20%", "0.2"], {"%": (0.0, 1.0), "": (0.0, _BELOW_ONE)})]
Confidence = Annotated[
    Quantity, _quantity("confidence", ["95%", "0.95"], {"%": (0.5, _BELOW_ONE), "": (0.5, _BELOW_ONE)})
]
Time = Annotated[Quantity, _quantity("time", ["500ms", "3s"], {"ms": _ANY})]
Money = Annotated[Quantity, _quantity("sum of money", ["18_400 USD"], {"": _ANY, "USD": _ANY})]
MonthlyMoney = Annotated[
    Quantity,
    _quantity("monthly sum of money", ["20 USD / month"], {"": _ANY, "USD": _ANY, "USD / month": _ANY}),
]
Window = Annotated[str, _text("window", ["7d", "36h", "month"], r"^(?:[1-9][0-9]{0,3}[hdw]|day|week|month)$")]
Days = Annotated[str, _text("number of days", ["2d"], r"^[1-9][0-9]{0,3}d$")]
Month = Annotated[str, _text("month", ["2026-11"], r"^[0-9]{4}-(?:0[1-9]|1[0-2])$")]
Many = Annotated[int, Meta(ge=1)]
