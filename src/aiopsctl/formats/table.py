"""Tables for a terminal, or for a pipe: off a terminal nothing is cut."""

from io import StringIO
from typing import TYPE_CHECKING

from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.tabular import STYLES, Column, Table, closing, header, tables
from aiopsctl.result import Result

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

_NATURAL = 100_000


def render(result: Result, look: Look) -> str:
    """Return the result as text; columns that find no room are dropped by rank, and a line says so."""
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, width=look.width or _NATURAL, height=100, force_terminal=look.color, no_color=not look.color,
        color_system="standard" if look.color else None, markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    for i, line in enumerate(header(result)):
        console.print(Text(line, style="bold" if i == 0 else "dim"), soft_wrap=look.width is None)
    for table in tables(result):
        _print(console, table, look)
    for line in closing(result):
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _print(console: "Console", table: Table, look: Look) -> None:
    if not any(rows for _, rows in table.groups):
        return
    shown = list(range(len(table.columns)))
    hidden: list[str] = []
    while look.width is not None and not look.wide and _width(console, table, shown) > look.width:
        droppable = [i for i in shown if table.columns[i].rank]
        if not droppable:
            break
        worst = max(droppable, key=lambda i: (table.columns[i].rank, i))
        shown.remove(worst)
        hidden.append(table.columns[worst].name)
    console.print()
    console.print(_rich(table, shown), soft_wrap=look.wide)
    if hidden:
        console.print(f"{len(hidden)} columns hidden ({', '.join(hidden)}): --wide")
    console.print()


def _width(console: "Console", table: Table, shown: list[int]) -> int:
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(max_width=_NATURAL), _rich(table, shown)).maximum


def _rich(table: Table, shown: list[int]) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for i in shown:
        _add(rich, table.columns[i])
    for title, rows in table.groups:
        if title:
            rich.add_row(Text(title.upper(), style="bold cyan"))
        for row in rows:
            style = STYLES.get(row.status, "")
            rich.add_row(*(Text(row.cells[i], style=style if i == 0 else "") for i in shown))
        rich.add_section()
    return rich


def _add(rich: "RichTable", column: Column) -> None:
    rich.add_column(column.name, justify="right" if column.right else "left", no_wrap=column.rank != 1 or column.right,
                    overflow="fold")  # fmt: skip


FORMAT = Format("table", (".txt",), render, human=True)
