"""Logs and configs that go wrong, as declarations: what lies where, and what must become of it. Generated, never stored."""

from torture import configs, files, lines, streams, tables, times, values
from torture.case import Case

CASES: tuple[Case, ...] = (
    *lines.CASES, *values.CASES, *times.CASES, *streams.CASES, *tables.CASES, *files.CASES, *configs.CASES,
)  # fmt: skip
"""Every case; the name of one is unique."""
