"""One chart of an answer as SVG: its most telling one, or the one of a name (`-o chart:NAME=FILE.svg`)."""

from aiopsctl.charts.chart import chosen
from aiopsctl.charts.render import standalone
from aiopsctl.formats.format import Format, Look
from aiopsctl.result import Result


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the first chart of the answer."""
    return one(result, "")


def one(result: Result, name: str) -> str:
    """Return the chart of a name; `UsageError` where the answer has none of it, or nothing here can draw."""
    return standalone(chosen(result, name))


FORMAT = Format("chart", (".svg",), render, named=one, of_file=True, pictures=True)
