"""A report as Markdown, with pictures beside it or lines of blocks, and what all Markdown is made of."""

import re
from collections.abc import Iterable

from aiopsctl.charts.chart import drawings, lines_of
from aiopsctl.charts.render import can_draw, standalone
from aiopsctl.formats.pages import COMMAND, cell, is_right
from aiopsctl.page import Drawing, Figure, Page, Part, Section
from aiopsctl.readable import sparkline
from aiopsctl.result import Result

_CELLS = 30
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#!&~|@]|\$(?!\d)|(?<=www)\.|:(?=//)", re.IGNORECASE)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _SPECIAL.sub(lambda m: f"\\{m[0]}", text)


def code(text: str) -> str:
    """Return a code span, with a fence longer than any run of backticks in the text."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def line(cells: list[str]) -> str:
    """Return a row of a table."""
    return "| " + " | ".join(cells) + " |"


def beside(result: Result, stem: str) -> dict[str, str]:
    """Return the pictures of a report as files, by the names that the Markdown gives them; none where none can be drawn."""
    if not (result.page and can_draw()):
        return {}
    return {_file(stem, drawing): standalone(drawing) for drawing in drawings(result)}


def _file(stem: str, drawing: Drawing) -> str:
    return f"{stem}-{drawing.name}.svg"


def report(page: Page, stem: str) -> str:
    """Return a report; pictures are links to files beside it, or lines of blocks where it has no name."""
    verdict = f"**{escape(page.status)}**: {escape(cell(page.lead))}" if page.status else ""
    facts = "  \n".join(escape(cell(fact)) for fact in page.facts)
    contents = "\n".join(f"- {escape(cell(part.title))}" for part in page.parts)
    parts = [f"# {escape(cell(page.title))}", verdict, facts, _figures(page.figures), contents]
    parts += [block for part in page.parts for block in _part(part, 2, stem)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figures(figures: Iterable[Figure]) -> str:
    rows = [line([escape(f.label), f.value, escape(f.change), escape(f.status)]) for f in figures]
    return (
        "\n".join([line(["at a glance", "value", "change", "check"]), line(["---", "---:", "---:", "---"]), *rows])
        if rows
        else ""
    )


def _part(part: Part, level: int, stem: str) -> Iterable[str]:
    yield f"{'#' * level} {escape(cell(part.title))}"
    yield from (escape(cell(sentence)) for sentence in part.text)
    for drawing in part.drawings:
        yield _picture(drawing, stem)
    for section in part.sections:
        yield f"{'#' * (level + 1)} {escape(cell(section.title))}" if section.title else ""
        yield table(section)
    for own in part.parts:
        yield from _part(own, level + 1, stem)


def _picture(drawing: Drawing, stem: str) -> str:
    if stem:
        return f"![{escape(cell(drawing.alt))}]({_file(stem, drawing).replace(' ', '%20')})"
    rows = [(cell(name), sparkline(values, _CELLS)) for name, values in lines_of(drawing)]
    shown = [f"- {escape(name)} {code(blocks)}" for name, blocks in rows if blocks]
    return "\n".join([f"**{escape(drawing.title)}**", "", *shown, "", escape(cell(drawing.alt))])


def table(section: Section) -> str:
    """Return a table; what is to be typed is code."""
    rule = ["---:" if is_right(section, at) else "---" for at in range(len(section.columns))]
    rows = [
        line([_typed(cell(value)) if name == COMMAND else escape(cell(value)) for name, value in zip(section.columns, row, strict=True)])
        for row in section.rows
    ]  # fmt: skip
    return "\n".join([line([escape(cell(name)) for name in section.columns]), line(rule), *rows])


def _typed(text: str) -> str:
    """Return what is to be typed as code of a cell, where a bar would end the cell even in code."""
    return code(text.replace("|", "\\|")) if text else ""
