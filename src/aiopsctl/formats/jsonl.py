"""JSON lines: one measurement, or one verdict of a check, a line."""

from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.json import encode
from aiopsctl.result import Result


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the measurements, or the verdicts of a check, one JSON object a line."""
    items = result.measurements if result.checks is None else result.checks
    return "".join(f"{encode(item)}\n" for item in items)


FORMAT = Format("jsonl", (".jsonl", ".ndjson"), render)
