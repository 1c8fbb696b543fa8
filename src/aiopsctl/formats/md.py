"""Markdown tables that GitHub and GitLab render; nothing from a log can open a link, an image or a row."""

from aiopsctl.formats.cells import Row, Table
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.md_page import beside, code, escape, line, report
from aiopsctl.formats.tabular import closing, header, next_command, tables
from aiopsctl.result import Result


def render(result: Result, look: Look) -> str:
    """Return the result as Markdown."""
    if result.page:
        return report(result.page, look.beside)
    title, *account = header(result)
    parts = [f"## {escape(title)}", escape("; ".join(account)), *(_table(table) for table in tables(result))]
    parts += [escape(line) for line in closing(result)]
    command = next_command(result)
    parts += [f"next: {code(command)}"] if command else []
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(table: Table) -> str:
    if not any(rows for _, rows in table.groups):
        return ""
    grouped = any(title for title, _ in table.groups)
    names = ([""] if grouped else []) + [escape(column.name) for column in table.columns]
    rule = (["---"] if grouped else []) + ["---:" if column.right else "---" for column in table.columns]
    lines = [line(names), line(rule)]
    for title, rows in table.groups:
        lines += [line(([escape(title)] if grouped else []) + _cells(row)) for row in rows]
    told = [row for _, rows in table.groups for row in rows if row.below]
    lines += (
        ["", *(f"- {escape(', '.join(row.cells[1:3]))}: {escape('; '.join(row.below))}" for row in told)]
        if told
        else []
    )
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    return [escape(cell) for cell in row.cells]


FORMAT = Format("md", (".md", ".markdown"), render, human=True, beside=beside)
