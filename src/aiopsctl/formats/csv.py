"""CSV (RFC 4180), one row a measurement or verdict, full precision; text cannot become a spreadsheet formula."""

import csv
from io import StringIO
from typing import Any

from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.words import clean
from aiopsctl.result import Result

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the measurements, or the verdicts of a check, as CSV with a header."""
    items: list[Any] = result.measurements if result.checks is None else result.checks
    slices = list(dict.fromkeys(name for item in items for name in item.slice))
    own = ["metric"] if result.checks is None else ["id", "metric"]
    columns = [*own, *slices, "value", "low", "high", "n", "unit", "reference", "status", "reason"]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(column) for column in columns])
    for item in items:
        writer.writerow([_cell(_value(item, column, slices)) for column in columns])
    return out.getvalue()


def _value(item: Any, column: str, slices: list[str]) -> Any:
    if column in slices:
        return item.slice.get(column)
    if column == "reference":
        return None if item.reference is None else item.reference.value
    return getattr(item, column)


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMAT = Format("csv", (".csv",), render)
