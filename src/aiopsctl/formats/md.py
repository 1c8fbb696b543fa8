"""Markdown tables that GitHub and GitLab render; nothing from a log can open a link, an image or a row."""

import re

from aiopsctl.formats.cells import Row, Table
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.tabular import closing, header, next_command, tables
from aiopsctl.result import Result

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#!&~|@]|\$(?!\d)|(?<=www)\.|:(?=//)", re.IGNORECASE)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _SPECIAL.sub(lambda m: f"\\{m[0]}", text)


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the result as Markdown."""
    title, *account = header(result)
    parts = [f"## {escape(title)}", escape("; ".join(account)), *(_table(table) for table in tables(result))]
    parts += [escape(line) for line in closing(result)]
    command = next_command(result)
    parts += [f"next: {_code(command)}"] if command else []
    return "\n\n".join(part for part in parts if part) + "\n"


def _code(text: str) -> str:
    """Return a code span, with a fence longer than any run of backticks in the text."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def _table(table: Table) -> str:
    if not any(rows for _, rows in table.groups):
        return ""
    grouped = any(title for title, _ in table.groups)
    names = ([""] if grouped else []) + [escape(column.name) for column in table.columns]
    rule = (["---"] if grouped else []) + ["---:" if column.right else "---" for column in table.columns]
    lines = [_line(names), _line(rule)]
    for title, rows in table.groups:
        lines += [_line(([escape(title)] if grouped else []) + _cells(row)) for row in rows]
    told = [row for _, rows in table.groups for row in rows if row.below]
    lines += (
        ["", *(f"- {escape(', '.join(row.cells[1:3]))}: {escape('; '.join(row.below))}" for row in told)]
        if told
        else []
    )
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    return [escape(cell) for cell in row.cells]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


FORMAT = Format("md", (".md", ".markdown"), render, human=True)
