"""One HTML file that needs nothing else: no script, nothing from elsewhere, light and dark, for screen and paper."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any

from aiopsctl.charts import style
from aiopsctl.charts.chart import lines_of
from aiopsctl.charts.render import HINT, can_draw, colors, inline
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.pages import COMMAND, cell, is_right, page, tone
from aiopsctl.page import Drawing, Part, Section
from aiopsctl.readable import BLOCKS, sparkline
from aiopsctl.result import Result

NAMES = {
    "paper": style.PAPER, "ink": style.INK, "muted": style.MUTED, "line": style.GRID, "tint": style.TINT, "link": style.BLUE,
    "ok": style.GREEN, "warning": style.AMBER, "critical": style.RED,
}  # fmt: skip
"""The colours of the page by name."""

_CELLS = 30
_SHORT = 28


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the result as a page of HTML."""
    from markupsafe import Markup

    numbers = count(1)

    def picture(drawing: Drawing) -> Any:
        return Markup(inline(drawing, f"c{next(numbers)}"))  # noqa: S704 - our own drawing, its words escaped

    own = page(result)
    css = Markup(_variables() + _text("page.css"))  # noqa: S704 - our own
    hint = "" if can_draw() or not _pictured(own.parts) else HINT
    shown = _template().render(
        page=own, css=css, hint=hint, picture=picture, can_draw=can_draw(), anchor=_anchors(), sparks=_sparks, shown=_shown,
        fit=_fit, cell=cell, tone=tone,
    )  # fmt: skip
    return f"{shown}\n"


@cache
def _template() -> Any:
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _text("page.html.jinja")
    )


def _text(name: str) -> str:
    return (files("aiopsctl.formats") / name).read_text(encoding="utf-8")


def _variables() -> str:
    """Return the colours as rules of the page: the light ones, and those of the dark on a screen."""
    light = "".join(f"--{name}:{color};" for name, color in NAMES.items())
    dark = "".join(f"--{name}:{style.DARK[color]};" for name, color in NAMES.items())
    own = colors(".chart ")
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}{own}}}\n"


def _anchors() -> Any:
    """Return a function that gives each part its place in the page, the same whenever it is asked."""
    given: dict[int, str] = {}
    return lambda part: given.setdefault(id(part), f"s{len(given) + 1}")


def _sparks(drawing: Drawing) -> list[tuple[str, str]]:
    return [(cell(name), sparkline(values, _CELLS)) for name, values in lines_of(drawing)]


def _pictured(parts: tuple[Part, ...]) -> bool:
    return any(part.drawings or _pictured(part.parts) for part in parts)


def _shown(section: Section) -> list[dict[str, Any]]:
    """Return the columns of a table with what their cells are."""
    return [
        {"name": cell(name), "right": is_right(section, at), "code": name == COMMAND}
        for at, name in enumerate(section.columns)
    ]


def _fit(value: object, column: Mapping[str, Any]) -> str:
    """Return how a cell takes its room: a number and a few words stay on one line, sentences get width."""
    text = cell(value)
    if column["code"]:
        return "code"
    if column["right"]:
        return "right"
    blocks = " blocks" if text.strip() and not text.strip(BLOCKS + " ") else ""
    return f"{'short' if len(text) <= _SHORT else 'long'}{blocks}"


FORMAT = Format("html", (".html", ".htm"), render, human=True, pictures=True)
