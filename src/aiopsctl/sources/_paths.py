"""Dotted paths into nested records: as a schema, and as an expression."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from aiopsctl.sources.source import text


def nested(paths: Iterable[str]) -> dict[str, Any]:
    """Return the fields that dotted paths lead through, as `shape` takes them: `{"usage": {"input": None}}`."""
    fields: dict[str, Any] = {}
    for path in paths:
        inside = fields
        *steps, leaf = path.split(".")
        for step in steps:
            inside = inside.setdefault(step, {})
        inside[leaf] = None
    return fields


def at_path(path: str, *before: str) -> pl.Expr:
    """Return what a record has at a dotted path, behind the steps `before` it."""
    return text(*before, *path.split("."))
