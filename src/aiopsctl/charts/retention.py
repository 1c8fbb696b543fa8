"""Retention at 30, 60 and 90 days with its interval, beside that of users without the AI feature."""

from collections.abc import Iterable
from typing import Any

from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import interval, number
from aiopsctl.result import Result

_DAYS = (30, 60, 90)
_GROUPS = {"": "with AI", "-others": "without AI"}


def _drawings(result: Result) -> Iterable[Drawing]:
    """Yield the picture where retention is known; of several slices none."""
    found = {m.metric: m for m in result.measurements if not m.slice and m.value is not None}
    points = [
        {"days": f"{days} days", "group": words, "value": m.value, "low": m.low, "high": m.high, "n": m.n}
        for days in _DAYS for ending, words in _GROUPS.items() if (m := found.get(f"retention-{days}d{ending}"))
    ]  # fmt: skip
    if points:
        data = {"points": points}
        yield Drawing("retention", "retention", "Retention: users who still come", _alt(points), data)


def _alt(points: Iterable[dict[str, Any]]) -> str:
    parts = [
        f"{p['days']} {p['group']} {number(p['value'], 'ratio')} ({interval(p['low'], p['high'], 'ratio')}, of {p['n']:,} users)"
        for p in points
    ]
    return f"Retention with its 95 % interval: {'; '.join(parts)}."


def spec(data: Data) -> Spec:
    """Return the specification: a dot with its interval for each number of days and group."""
    groups = list(dict.fromkeys(p["group"] for p in data["points"]))
    y = {
        "field": "days",
        "type": "nominal",
        "title": None,
        "sort": [f"{days} days" for days in _DAYS],
        "axis": {"labelPadding": 8},
    }
    x = {"field": "value", "type": "quantitative", "title": None, "scale": {"domain": [0, 1]},
         "axis": style.amounts("ratio") | {"grid": True, "tickCount": 5}}  # fmt: skip
    colors = {"domain": groups, "range": [style.SERIES[i] for i in range(len(groups))]}
    color = {"field": "group", "type": "nominal", "scale": colors, "legend": {} if len(groups) > 1 else None}
    apart = {"field": "group", "sort": groups}
    values = {"values": list(data["points"])}
    return style.chart([
        {"data": values, "mark": {"type": "rule", "strokeWidth": 2},
         "encoding": {"y": y, "yOffset": apart, "x": x | {"field": "low"}, "x2": {"field": "high"}, "color": color}},
        {"data": values, "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
         "encoding": {"y": y, "yOffset": apart, "x": x, "color": color}},
    ], height={"step": 24})  # fmt: skip


def _lines(data: Data) -> Iterable[Line]:
    for group in dict.fromkeys(p["group"] for p in data["points"]):
        yield group, [p["value"] for p in data["points"] if p["group"] == group]


RETENTION = Chart("retention", "retention at 30, 60 and 90 days", "satisfaction", _drawings, spec, _lines)
