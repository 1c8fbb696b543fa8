"""By what rows may be chosen and cut: a condition in SQL, and the columns that it and a slice may name."""

import re
from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import CALENDAR, COLUMNS, TEXT
from aiopsctl.sources.coerce import empty


@lru_cache(maxsize=500)
def predicate(where: str) -> pl.Expr:
    """Return a filter from SQL, or raise `UsageError` for bad syntax, unknown columns and types that do not fit."""
    shown = f'--where "{where}"'
    _check_size(shown, where)
    try:
        condition = pl.sql_expr(where)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise UsageError(f"{shown} is no SQL condition", help=_EXAMPLE) from None
    if isinstance(condition, list):
        raise UsageError(f"{shown} is more than one condition", help="join them with AND or OR")
    for name in condition.meta.root_names():
        if name not in _SHOWN:
            known = nearest(name.lower(), _SHOWN) or "aiopsctl explain columns lists the columns"
            raise UsageError(f"--where: unknown column '{name}'", help=known)
    try:
        empty().lazy().filter(condition).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UsageError(f"{shown} cannot be: {str(error).splitlines()[0]}", help=_EXAMPLE) from None
    return condition


def _check_size(shown: str, where: str) -> None:
    """Raise `UsageError` for what the engine dies of or does not end with: no text, or too many steps."""
    if not where.isprintable() and any("\ud800" <= character <= "\udfff" for character in where):
        raise UsageError(f"{shown} is no text: it holds bytes that are not UTF-8", help=_EXAMPLE)
    steps = _STEP.findall(_LITERAL.sub("", where).lower())
    if len(steps) > _MOST_STEPS or steps.count("case") > _MOST_CASES:
        raise UsageError(
            "--where is too long to be looked at", help="write many values as one list: user_id IN ('a', 'b')"
        )


_LITERAL, _STEP = re.compile(r"'[^']*'"), re.compile(r"\b(?:and|or|not|case)\b|[-+*/%|]", re.IGNORECASE)
_MOST_STEPS, _MOST_CASES = 1000, 10
_EXAMPLE = "for example: feature = 'draft' AND latency_ms > 5000 AND ts >= DATE '2026-09-01'"
_SHOWN = tuple(name for name in COLUMNS if name not in TEXT)


def all_of(*conditions: str | None) -> str | None:
    """Return the SQL condition that all of those given are met, None where there is none."""
    return " AND ".join(f"({condition})" for condition in conditions if condition) or None


def check_by(by: Iterable[str]) -> None:
    """Raise `UsageError` for a column that cannot be grouped by."""
    known = _SHOWN + CALENDAR
    for name in by:
        if name not in known:
            raise UsageError(f"unknown column '{name}' to group by", help=nearest(name, known) or ", ".join(known))
