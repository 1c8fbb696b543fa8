"""What is known by month, from a table beside the config: `month,forecast_usd,revenue_usd,product_mau`, as CSV."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiopsctl.config.problem import SHOWN
from aiopsctl.config.quantity import LARGEST, Quantity
from aiopsctl.errors import ConfigError, nearest

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_BYTES = 10 << 20


def _usd(number: float) -> Quantity:
    return Quantity(number, "USD", f"{number:.15g} USD")


COLUMNS: Mapping[str, tuple[str, Callable[[float], Any]]] = {
    "forecast_usd": ("forecast", _usd),
    "revenue_usd": ("revenue", _usd),
    "product_mau": ("product_mau", int),
}
"""The columns of the table, the key of the config that each fills, and what a number becomes there."""


def monthly(path: Path, shown: str) -> dict[str, dict[str, Any]]:
    """Return the values of a table by key of the config and by month; an empty cell says nothing.

    Raises `ConfigError` with every problem of the table, each at `file:line`.
    """
    try:
        if path.stat().st_size > _BYTES:
            raise ConfigError(f"error: {shown} is too large for a table of months")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            names = rows.fieldnames or ()
            found: dict[str, dict[str, Any]] = {}
            problems = [*_of_header(names, shown), *_read(rows, found, shown)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"error: cannot read the table of months: {_why(error)}\n  --> {shown}") from None
    if problems:
        raise ConfigError("\n".join(problems[:SHOWN]))
    return found


def _why(error: Exception) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "it is no CSV in UTF-8"


def _of_header(names: Any, shown: str) -> Iterator[str]:
    known = ("month", *COLUMNS)
    if "month" not in names:
        yield _problem("the table has no column 'month'", shown, 1, f"its columns are {', '.join(known)}")
    for name in names:
        if name not in known:
            yield _problem(
                f"unknown column '{name}'", shown, 1, nearest(str(name), known) or f"columns: {', '.join(known)}"
            )


def _read(rows: "csv.DictReader[str]", found: dict[str, dict[str, Any]], shown: str) -> Iterator[str]:
    """Fill in the values, and yield what is wrong with rows."""
    seen: set[str] = set()
    for row in rows:
        month = (row.get("month") or "").strip()
        if not _MONTH.fullmatch(month):
            yield _problem(f"'{month}' is not a month", shown, rows.line_num, "write it as 2026-11")
        elif month in seen:
            yield _problem(f"{month} stands twice", shown, rows.line_num, "write each month once")
        else:
            seen.add(month)
            yield from _cells(row, month, found, shown, rows.line_num)


def _cells(row: dict[str, Any], month: str, found: dict[str, dict[str, Any]], shown: str, line: int) -> Iterator[str]:
    for name, (key, kind) in COLUMNS.items():
        text = (row.get(name) or "").strip()
        try:
            number = float(text) if text else None
        except ValueError:
            number = -1.0
        if number is None:
            continue
        if not 0 <= number <= LARGEST or (kind is int and number != int(number)):
            yield _problem(f"'{text}' is no {name}", shown, line, "write a plain number, such as 18400")
        else:
            found.setdefault(key, {})[month] = kind(number)


def _problem(what: str, shown: str, line: int, help: str) -> str:
    return f"error: {what}\n  --> {shown}:{line}\n  help: {help}"
