"""Tables for a terminal, or for a pipe: off a terminal nothing is cut."""

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.formats.cells import Column, Row, Table
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.tabular import STYLES, closing, header, next_command, tables
from aiopsctl.readable import plural
from aiopsctl.result import Result

if TYPE_CHECKING:
    from rich.text import Text

_NATURAL = 100_000
_GAP = 2
_NARROWEST = 8
_NAMED = 5
_PLAIN = re.compile("[ -~\u2013─…✔▲✖○♪▁▂▃▄▅▆▇█]*")
"""Text of letters that are one cell wide, as nearly all is: rich, which knows all others, takes long to import."""


class _Line(Struct, frozen=True):
    """A line before it is painted: its parts, each with its style, over the style of all."""

    parts: tuple[tuple[str, str], ...] = ()
    style: str = ""

    @property
    def plain(self) -> str:
        """The text alone."""
        return "".join(text for text, _ in self.parts)


def _of(text: str, style: str = "") -> _Line:
    return _Line(((text, ""),), style)


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if _PLAIN.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def render(result: Result, look: Look) -> str:
    """Return the result as text; columns that find no room are dropped by rank, and a line says so."""
    room = _NATURAL if look.width is None or look.wide else look.width
    title, *account = header(result)
    lines = [_of(title, "bold"), *(_of(line, "dim") for line in account)]
    for table in tables(result, room):
        lines += [_Line(), *_lines(table, room)] if any(rows for _, rows in table.groups) else []
    ending = closing(result)
    lines += [_of(line) for line in (["", *ending] if ending else [])]
    command = next_command(result)
    last = [f"next: {command}"] if command else []  # unbroken: it is to be copied
    if look.color:
        return _painted(lines, last, room)
    folded = [part for line in lines for part in _fold(line.plain, room)]
    return "".join(f"{line.rstrip()}\n" for line in folded + last)


def _painted(lines: Sequence[_Line], last: Sequence[str], room: int) -> str:
    """Return the lines in colour, those that are too wide folded, and the last as they are."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=(out := StringIO()), width=_NATURAL, height=100, force_terminal=True, no_color=False, color_system="standard",
        markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    texts = [Text.assemble(*line.parts, style=line.style) for line in lines]
    folded = [part for text in texts for part in ([text] if text.cell_len <= room else _wrapped(text, room))]
    for text in [*folded, *map(Text, last)]:
        text.rstrip()
        console.print(text, soft_wrap=True)
    return out.getvalue()


class _Layout(Struct, frozen=True):
    """The columns that are shown, how wide each is, and whether what has no column stands beneath its row."""

    columns: tuple[tuple[int, Column, int], ...]
    beneath: bool = False

    @property
    def width(self) -> int:
        """The width of a line."""
        return sum(width for _, _, width in self.columns) + _GAP * (len(self.columns) - 1)


def _natural(table: Table, *, tall: bool) -> _Layout:
    """Return the layout with every column as wide as it wants to be."""
    cells = zip(*(row.cells for _, rows in table.groups for row in rows), strict=True)
    found = []
    for number, (column, texts) in enumerate(zip(table.columns, cells, strict=True)):
        own = column if tall else replace(column, tall=False)
        found.append((number, own, max(_cells(text) for text in (*_parts(own), *texts))))
    return _Layout(tuple(found))


def _laid_out(table: Table, room: int) -> _Layout:
    """Return the layout that fits: unbroken, else with names broken, columns dropped, words beneath or folded."""
    layout = _natural(table, tall=False)
    if layout.width <= room:
        return layout
    whole = _natural(table, tall=True)
    layout = _fitting(whole, room)
    if layout.width > room and any(column.under for column in table.columns):
        layout = _fitting(_with_words_beneath(whole, room), room)
    return _narrowed(layout, room)


def _with_words_beneath(layout: _Layout, room: int) -> _Layout:
    """Return the layout when columns that may stand beneath their row have gone: the widest, then by rank until it fits."""
    widest = max((each for each in layout.columns if each[1].under), key=lambda each: each[2])
    layout = _Layout(tuple(each for each in layout.columns if each is not widest), beneath=True)
    while layout.width > room and (under := [each for each in layout.columns if each[1].under]):
        worst = max(under, key=lambda each: (each[1].rank, each[0]))
        layout = replace(layout, columns=tuple(each for each in layout.columns if each is not worst))
    return layout


def _fitting(layout: _Layout, room: int) -> _Layout:
    """Return the layout when columns of the highest rank have gone until the rest fits."""
    while layout.width > room and any(column.rank for _, column, _ in layout.columns):
        worst = max(layout.columns, key=lambda each: (each[1].rank, each[0]))
        layout = replace(layout, columns=tuple(each for each in layout.columns if each is not worst))
    return layout


def _narrowed(layout: _Layout, room: int) -> _Layout:
    """Return the layout with columns of words made narrower, the widest first, until it fits."""
    while layout.width > room:
        words = [(w, number) for number, column, w in layout.columns if not column.right and w > _NARROWEST]
        if not words:
            break
        widest, at = max(words)
        second = max((w for w, _ in words if w < widest), default=_NARROWEST)
        narrow = widest - min(layout.width - room, max(widest - second, 1))
        layout = replace(layout, columns=tuple((n, c, narrow if n == at else w) for n, c, w in layout.columns))
    return layout


def _lines(table: Table, room: int) -> Iterator[_Line]:
    """Yield the lines of a table no wider than `room`, and what was left out."""
    layout = _laid_out(table, room)
    yield from _heading(layout)
    yield _of("─" * min(room, layout.width))
    for number, (title, rows) in enumerate(table.groups):
        yield from [_Line()] if number and not table.dense else []
        yield from [_of(title.upper(), "bold cyan")] if title else []
        for row in rows:
            yield from _row(row, layout)
            yield from _beneath(row, layout, room)
    shown = {number for number, _, _ in layout.columns}
    left_out = [(n, c) for n, c in enumerate(table.columns) if n not in shown]
    if hidden := [column.name for _, column in left_out if not (layout.beneath and column.under)]:
        named = [*hidden[:_NAMED], *([f"{len(hidden) - _NAMED} more"] if len(hidden) > _NAMED else [])]
        yield _of(f"{plural(len(hidden), 'column')} hidden ({', '.join(named)}): --wide shows all", "dim")


def _heading(layout: _Layout) -> Iterator[_Line]:
    names = [_joined(_parts(column), width) for _, column, width in layout.columns]
    height = max(map(len, names))
    for cells in zip(*([""] * (height - len(name)) + name for name in names), strict=True):
        yield _line(cells, layout, "bold", "bold")


def _parts(column: Column) -> list[str]:
    """Return the parts of a column's name that may stand on lines of their own."""
    words = column.name.split("-") if column.tall else [column.name]
    return [f"{word}-" for word in words[:-1]] + words[-1:]


def _joined(parts: Sequence[str], width: int) -> list[str]:
    """Return the parts of a name on as few lines as the width allows."""
    lines = [""]
    for part in parts:
        if len(lines[-1]) + len(part) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return lines


def _row(row: Row, layout: _Layout) -> Iterator[_Line]:
    """Yield the lines of a row: one, or more where words are folded."""
    cells = [_fold(row.cells[number], width) for number, _, width in layout.columns]
    height = max(map(len, cells))
    for parts in zip(*(cell + [""] * (height - len(cell)) for cell in cells), strict=True):
        yield _line(parts, layout, STYLES.get(row.status, ""), faint=row.faint)


def _line(
    cells: Sequence[str], layout: _Layout, first_style: str, style: str = "", faint: frozenset[int] = frozenset()
) -> _Line:
    parts = []
    for place, (cell, (number, column, width)) in enumerate(zip(cells, layout.columns, strict=True)):
        gap, space = " " * _GAP if place else "", " " * (width - _cells(cell))
        filled = f"{gap}{space}{cell}" if column.right else f"{gap}{cell}{space}"
        parts.append((filled, "dim" if number in faint else "" if place else first_style))
    return _Line(tuple(parts), style)


def _beneath(row: Row, layout: _Layout, room: int) -> Iterator[_Line]:
    """Yield what a row says in its own words, under its second column: what found no room, and what has no column."""
    indent = layout.columns[0][2] + _GAP
    shown = {column.name for _, column, _ in layout.columns}
    told = [said if layout.beneath and name not in shown else "" for name, said in row.under]
    rest = ", ".join(part for part in told[1:] if part)
    for part, style in (("".join(told[:1]), ""), *((part, "dim") for part in (rest, *row.below))):
        for line in _fold(part, max(room - indent, _NARROWEST)) if part else []:
            yield _Line(((" " * indent, ""), (line, style)))


def _fold(text: str, width: int) -> list[str]:
    """Return the lines of a text, broken between words, and within one where it alone is too long."""
    if _cells(text) <= width:
        return [text]
    from rich.text import Text

    return [line.plain for line in _wrapped(Text(text), width)]


def _wrapped(text: "Text", width: int) -> "list[Text]":
    from rich.console import Console

    return list(text.wrap(Console(file=StringIO(), width=width, height=100), width, overflow="fold"))


FORMAT = Format("table", (".txt",), render, human=True)
