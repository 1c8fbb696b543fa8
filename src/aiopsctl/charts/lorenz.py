"""The Lorenz curve of cost by user: which part of the cost the cheaper part of the users makes."""

from collections.abc import Iterable

from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import number
from aiopsctl.result import Result


def _drawings(result: Result) -> Iterable[Drawing]:
    found = result.extra.get("users")
    if found and found.get("lorenz"):
        points = [{"users": p["users_share"], "cost": p["cost_share"]} for p in found["lorenz"]]
        parts = {of["part"]: of["cost_share"] for of in found["concentration"]}
        data = {
            "points": points,
            "gini": found["gini"],
            "users": found["users"],
            "half": parts[0.5],
            "tenth": parts[0.1],
        }
        yield Drawing("lorenz", "lorenz", "Cost by user, from the cheapest to the dearest", _alt(data), data)


def _alt(data: Data) -> str:
    return (
        f"Lorenz curve of the cost of {data['users']:,} users: the dearer half makes {number(data['half'], 'ratio')} of the "
        f"cost, the dearest tenth {number(data['tenth'], 'ratio')}; the Gini coefficient is {data['gini']:.2f}, 0 where all "
        "cost the same."
    )


def spec(data: Data) -> Spec:
    """Return the specification: the curve below the line on which all users cost the same."""
    axis = style.amounts("ratio") | {"tickCount": 5}
    scale = {"domain": [0, 1], "nice": False}
    x = {"field": "users", "type": "quantitative", "title": "users, the cheapest first", "scale": scale, "axis": axis}
    y = {"field": "cost", "type": "quantitative", "title": "of the cost", "scale": scale, "axis": axis}
    even = {"values": [{"users": 0, "cost": 0}, {"users": 1, "cost": 1}]}
    encoding = {"x": x, "y": y}
    return style.chart([
        {"data": even, "mark": {"type": "line", "color": style.MUTED, "strokeDash": [5, 4], "strokeWidth": 1}, "encoding": encoding},
        {"data": {"values": data["points"]}, "mark": {"type": "area", "color": style.BLUE, "opacity": 0.12}, "encoding": encoding},
        {"data": {"values": data["points"]}, "mark": {"type": "line", "color": style.BLUE, "strokeWidth": 2}, "encoding": encoding},
        {
            "data": {"values": [{"users": 0.36, "cost": 0.44, "text": "all users cost the same"}]},
            "mark": {"type": "text", "color": style.MUTED, "align": "right"}, "encoding": encoding | {"text": {"field": "text"}},
        },
    ], height=220)  # fmt: skip


def _lines(data: Data) -> Iterable[Line]:
    yield "cost", [point["cost"] for point in data["points"]]


LORENZ = Chart("lorenz", "Lorenz curve of cost by user", "scale users", _drawings, spec, _lines)
