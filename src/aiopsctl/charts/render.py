"""From a specification to SVG: with colours that follow light and dark, and words for who cannot see it."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.util import find_spec
from typing import Any

from aiopsctl.charts import style
from aiopsctl.charts.chart import spec_of
from aiopsctl.errors import UsageError
from aiopsctl.page import Drawing

HINT = "pip install 'aiopsctl[report]' gives the package that draws charts"
_PADDED = {"left": 16, "right": 16, "top": 12, "bottom": 12}
_ROOT = re.compile(r"^<svg [^>]*?width=\"([\d.]+)\" height=\"([\d.]+)\"[^>]*>")
_SPOKEN = re.compile(r' (?:role|aria-[a-z]+|pointer-events|class|stroke-miterlimit)="[^"]*"')
_ID = re.compile(r"( id=\"|url\(#)([^\")]+)([\")])")
_EMPTY = re.compile(r'<path d="M0,0h0v0h0Z"></path>|<path d="M0,0h0v0h0Z"/>|<g></g>| transform="translate\(0,0\)"')


@cache
def can_draw() -> bool:
    """Return whether the package that draws is installed."""
    return find_spec("vl_convert") is not None


def colors(scope: str = "", scheme: Mapping[str, str] = style.DARK) -> str:
    """Return rules that turn each colour of a picture into its own for the dark; they are stronger than its attributes."""
    return "".join(
        f"{scope}[{attribute}='{light}']{{{attribute}:{dark}}}"
        for light, dark in scheme.items() for attribute in ("fill", "stroke")
    )  # fmt: skip


def inline(drawing: Drawing, key: str) -> str:
    """Return a picture as an element of a page; `key` keeps its ids apart from those of others."""
    width, height, body = _drawn(spec_of(drawing), key)
    head = f'<svg class="chart" role="img" aria-labelledby="{key}-alt" viewBox="0 0 {width} {height}">'
    return f'{head}<title id="{key}-alt">{escape(drawing.alt)}</title>{body}</svg>'


def standalone(drawing: Drawing) -> str:
    """Return a picture as a file of its own, with its title in it."""
    spec = spec_of(drawing)
    title = {"text": drawing.title, "limit": style.WIDTH, "frame": "group"}
    width, height, body = _drawn(spec | {"title": title, "padding": _PADDED}, "chart")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title alt" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
    )
    words = f'<title id="title">{escape(drawing.title)}</title><desc id="alt">{escape(drawing.alt)}</desc>'
    dark = f"<style>@media (prefers-color-scheme:dark){{{colors()}}}</style>"
    paper = f'<rect width="{width}" height="{height}" fill="{style.PAPER}"/>'
    return f"{head}{words}{dark}{paper}{body}</svg>\n"


def _drawn(spec: Mapping[str, Any], key: str) -> tuple[str, str, str]:
    """Return width, height and the inside of a picture; what it says to screen readers is said once, by its words."""
    if not can_draw():
        raise UsageError("charts cannot be drawn here", help=HINT)
    import vl_convert

    svg = vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[])
    root = _ROOT.match(svg)
    assert root, "what the package draws begins with its size"  # noqa: S101 - says it to the type checker
    body = svg[root.end() :].removesuffix("</svg>")
    body = _EMPTY.sub("", _SPOKEN.sub("", body))
    ids = dict.fromkeys(re.findall(r' id="([^"]+)"', body))
    own = {
        id: f"{key}-{position}" for position, id in enumerate(ids, 1)
    }  # those of the package count on, picture by picture
    body = _ID.sub(lambda m: f"{m[1]}{own[m[2]]}{m[3]}", body)
    return root[1], root[2], body
