"""What a chart declares, and which charts an answer has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.page import Drawing
from aiopsctl.result import Result

Data = Mapping[str, Any]
Spec = dict[str, Any]
Line = tuple[str, Sequence[float | None]]


@dataclass(frozen=True)
class Chart:
    """A chart: its name, what it shows, and what an answer `needs` to have, in words.

    `drawings` are the pictures that an answer has of it, each with its data. `spec` gives the Vega-Lite specification of
    one from its data, and `lines` the same as named rows of values, for where no picture can be.
    """

    name: str
    title: str
    needs: str
    drawings: Callable[[Result], Iterable[Drawing]]
    spec: Callable[[Data], Spec]
    lines: Callable[[Data], Iterable[Line]]


@cache
def charts() -> dict[str, Chart]:
    """Return every declared chart by name."""
    return {found.name: found for found in catalog.declared("aiopsctl.charts", Chart)}


def drawings(result: Result) -> list[Drawing]:
    """Return every picture that an answer has; of a report those on its page, else its most telling one first."""
    if result.page:
        return list(_on(result.page.parts))
    return [drawing for chart in charts().values() for drawing in chart.drawings(result)]


def _on(parts: Iterable[Any]) -> Iterable[Drawing]:
    for part in parts:
        yield from part.drawings
        yield from _on(part.parts)


def chosen(result: Result, name: str) -> Drawing:
    """Return the picture of a name, of a chart's name the first of it, and of no name the first of all.

    Raises `UsageError` where the answer has none, or none of that name.
    """
    found = drawings(result)
    if not found:
        needed = "; ".join(f"{chart.name}: {chart.needs}" for chart in charts().values())
        raise UsageError(f"this answer of {result.command} has no chart", help=f"charts need {needed}")
    for drawing in found:
        if name in ("", drawing.name, drawing.chart):
            return drawing
    known = tuple(dict.fromkeys(drawing.name for drawing in found))
    raise UsageError(
        f"no chart '{name}' in this answer", help=nearest(name, known) or f"charts here: {', '.join(known)}"
    )


def spec_of(drawing: Drawing) -> Spec:
    """Return the Vega-Lite specification of a picture."""
    return charts()[drawing.chart].spec(drawing.data)


def lines_of(drawing: Drawing) -> list[Line]:
    """Return a picture as named rows of values."""
    return list(charts()[drawing.chart].lines(drawing.data))
