"""How charts look: colours for light and dark, type, axes in the units that people read."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from aiopsctl.readable import number

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
WIDTH, HEIGHT = 440, 170
SIZE = 12

PAPER, INK, MUTED, GRID = "#ffffff", "#1f2328", "#57606a", "#e4e7eb"
BLUE, AMBER, RED, GREEN = "#0a5ec2", "#8a5a00", "#b3261e", "#1a6b3c"
TINT = "#f5f7f9"
SERIES = (BLUE, "#0f766e", "#b4530a", "#7c3aed", "#be185d", "#5f6b7a")
DARK = {
    PAPER: "#0f1419", INK: "#e6e9ec", MUTED: "#9ba6b2", GRID: "#2a323b", BLUE: "#6cb0ff", AMBER: "#e0b050", RED: "#ff8a80",
    GREEN: "#63cf93", TINT: "#171d24",
    "#0f766e": "#4fd1c0", "#b4530a": "#f5a35c", "#7c3aed": "#b79bff", "#be185d": "#ff8dbb", "#5f6b7a": "#a9b4c0",
}  # fmt: skip
"""Each colour in the dark."""

OTHER = "other"


def chart(layers: Iterable[Spec], **more: Any) -> Spec:
    """Return a specification of layers in the style of all charts."""
    return {"$schema": SCHEMA, "width": WIDTH, "height": HEIGHT, "layer": list(layers), "config": config()} | more


def config() -> Spec:
    """Return what all charts have in common."""
    return {
        "font": FONT, "background": None, "aria": False, "view": {"stroke": None}, "padding": {"left": 8, "right": 14, "top": 4, "bottom": 2}, "autosize": {"type": "fit-x"},
        "axis": {
            "labelColor": MUTED, "labelFontSize": SIZE, "titleColor": MUTED, "titleFontSize": SIZE, "titleFontWeight": 400,
            "gridColor": GRID, "domain": False, "ticks": False, "labelPadding": 6, "gridWidth": 1,
        },
        "axisX": {"grid": False, "domain": True, "domainColor": GRID},
        "legend": {
            "labelColor": INK, "labelFontSize": SIZE, "title": None, "orient": "top", "symbolType": "square", "symbolSize": 90,
            "labelLimit": 180, "offset": 4, "columnPadding": 12, "columns": 3,
        },
        "header": {"labelColor": INK, "labelFontSize": SIZE},
        "text": {"fontSize": SIZE - 1, "color": INK},
        "title": {"color": INK, "fontSize": SIZE + 2, "fontWeight": 600, "anchor": "start", "offset": 10},
    }  # fmt: skip


def days(first: str, last: str) -> Spec:
    """Return the axis of the days from one to another, with up to six of them named."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    step = max(1, -(-((end - begin).days + 1) // 6))
    step = -(-step // 7) * 7 if step > 3 else step
    named = [begin + timedelta(days=n) for n in range(0, (end - begin).days + 1, step)]
    return {
        "field": "day", "type": "temporal", "scale": {"type": "utc"}, "title": None,
        "axis": {"format": "%-d %b", "values": [instant(day) for day in named], "labelFlush": True, "labelOverlap": True},
    }  # fmt: skip


def instant(day: date) -> int:
    """Return a day as Vega takes it: milliseconds of its midnight, UTC."""
    return (day - date(1970, 1, 1)).days * 86_400_000


_LABELS = {
    "ratio": "format(datum.value * 100, ',~g') + ' %'",
    "usd": "(datum.value < 0 ? '-$' : '$') + format(abs(datum.value), ',~g')",
    "ms": "datum.value >= 10000 ? format(datum.value / 1000, ',~g') + ' s' : format(datum.value, ',~g') + ' ms'",
    "x": "format(datum.value, ',~g') + 'x'",
}


def amounts(unit: str) -> Spec:
    """Return the labels of an axis of values in a unit."""
    return {"tickCount": 4, "labelExpr": _LABELS.get(unit, "format(datum.value, ',~g')")}


def reaches(unit: str, first: float | None, last: float | None) -> str:
    """Return words for the two ends of a line."""
    return f"from {number(first, unit)} to {number(last, unit)}"


def ends(values: Iterable[float | None]) -> tuple[float, float, float, float]:
    """Return the first, the last, the lowest and the highest of the known values, of which there is at least one."""
    known = [value for value in values if value is not None]
    return known[0], known[-1], min(known), max(known)


def beside(day: str, first: str, last: str) -> Spec:
    """Return the mark of a text at a day: on the side of it that has room."""
    late = (
        2 * date.fromisoformat(day).toordinal()
        > date.fromisoformat(first).toordinal() + date.fromisoformat(last).toordinal()
    )
    side = {"align": "right", "dx": -5} if late else {"align": "left", "dx": 5}
    return {"type": "text", "baseline": "top", "fontWeight": 600, **side}
