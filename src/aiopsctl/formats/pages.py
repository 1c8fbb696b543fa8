"""Any answer as a page: that of a report is its own, others are their tables and pictures."""

from collections.abc import Iterable

from aiopsctl.charts.chart import drawings
from aiopsctl.formats.cells import Table
from aiopsctl.formats.tabular import closing, header, next_command, tables
from aiopsctl.page import Page, Part, Section
from aiopsctl.readable import clean
from aiopsctl.result import STATUSES, Result

COMMAND = "command"
"""The column whose cells are to be typed."""

_SIGNED = {"✔": "ok", "▲": "warning", "✖": "critical", "?": "unknown", "○": "blind", "♪": "muted"}
_VERDICTS = {"breach": "critical", "drift": "critical", "pass": "ok", "no drift": "ok", "not judged": "unknown"}


def page(result: Result) -> Page:
    """Return the page of an answer."""
    if result.page:
        return result.page
    title, *account = header(result)
    found = [section for table in tables(result) for section in _sections(table)]
    shown = Part(result.command, tuple(_below(tables(result))), tuple(drawings(result)), tuple(found))
    command = next_command(result)
    onward = Part("next", sections=(Section("", (COMMAND,), ((command,),)),)) if command else None
    rest = Part("notes", tuple(clean(line, 2000) for line in closing(result))) if closing(result) else None
    facts = (title.removeprefix(f"aiopsctl {result.command}").strip(), *account)
    lead = closing(result)[-1] if result.verdict and closing(result) else ""
    parts = tuple(part for part in (shown, rest, onward) if part)
    return Page(f"aiopsctl {result.command}", result.verdict or "", lead, facts, parts=parts)


def _sections(table: Table) -> Iterable[Section]:
    columns = tuple(column.name for column in table.columns)
    right = tuple(column.name for column in table.columns if column.right)
    for title, rows in table.groups:
        if rows:
            yield Section(title, columns, tuple(row.cells for row in rows), right)


def _below(found: Iterable[Table]) -> Iterable[str]:
    """Yield what is said below the rows that have more to say than there is room for."""
    for table in found:
        for _, rows in table.groups:
            yield from (f"{', '.join(row.cells[1:3])}: {'; '.join(row.below)}" for row in rows if row.below)


def tone(text: str) -> str:
    """Return the status that a cell says, by its sign or its word, else an empty string."""
    first, _, rest = text.partition(" ")
    if first in _SIGNED and rest in STATUSES:
        return _SIGNED[first]
    return text if text in ("critical", "warning") else _VERDICTS.get(text, "")


def is_right(section: Section, at: int) -> bool:
    """Return whether a column stands right: numbers, and what has a unit."""
    return section.columns[at] in section.right or (
        bool(section.rows) and all(isinstance(row[at], int | float | None) for row in section.rows)
    )


def cell(value: object) -> str:
    """Return a value as text that is safe to show; it is escaped by the format."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:,}" if isinstance(value, int) else clean(value, 2000)
