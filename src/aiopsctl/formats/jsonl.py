"""JSON lines: one measurement, one verdict of a check, or one record of an analysis, a line."""

from typing import Any

from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.json import encode
from aiopsctl.result import Result


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the records of an analysis, the verdicts of a check or the measurements, one JSON object a line."""
    items: list[Any] = result.measurements if result.checks is None else [*result.checks]
    items = items if result.records is None else result.records
    return "".join(f"{encode(item)}\n" for item in items)


FORMAT = Format("jsonl", (".jsonl", ".ndjson"), render)
