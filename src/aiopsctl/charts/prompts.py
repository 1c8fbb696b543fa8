"""The length of prompts over time, with the days on which a version of the prompt came into use."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import clean, number
from aiopsctl.result import Result

_FEWEST = 3
_MOST = 3


def _drawings(result: Result) -> Iterable[Drawing]:
    """Yield a picture of each slice that grew past the limit, of all calls where none did."""
    slices = [s for s in result.extra.get("prompts", {}).get("slices", ()) if len(s.get("curve") or ()) >= _FEWEST]
    grew = [s for s in slices if s["slice"] and s["status"] in ("warning", "critical")]
    for number_of, each in enumerate((grew or slices[:1])[:_MOST]):
        yield _drawing(each, number_of)


def _drawing(of: Mapping[str, Any], position: int) -> Drawing:
    days = [{"day": p["day"], "tokens": p["tokens"], "mean": p["rolling_tokens"]} for p in of["curve"]]
    began = of.get("began") or {}
    versions = [{"day": v["first_seen"], "version": v["prompt_version"]} for v in began.get("versions", ())]
    name = ", ".join(clean(value, 60) for value in of["slice"].values()) or "all calls"
    data = {"days": days, "versions": versions, "name": name}
    title = f"Input tokens of a call by day, {name}; dashed: the mean of the days before"
    return Drawing("prompts", f"prompts-{position + 1}" if position else "prompts", title, _alt(data), data)


def _alt(data: Data) -> str:
    known = [p for p in data["days"] if p["tokens"] is not None]
    first, last, low, high = style.ends(p["tokens"] for p in known)
    marks = "".join(f"; version {clean(v['version'], 40)} came on {v['day']}" for v in data["versions"])
    return (
        f"Line of the mean input tokens of {data['name']} over {len(known)} days, {known[0]['day']} to {known[-1]['day']}: "
        f"{style.reaches('tokens', first, last)}, lowest {number(low, 'tokens')}, highest {number(high, 'tokens')}{marks}."
    )


def spec(data: Data) -> Spec:
    """Return the specification: a faint line of the days, a strong one of the 30 days before each, rules for versions."""
    x = style.days(data["days"][0]["day"], data["days"][-1]["day"])
    y = {"type": "quantitative", "title": None, "axis": style.amounts("tokens"), "scale": {"zero": True}}
    layers: list[Spec] = [
        _line(data, "tokens", x, y, color=style.BLUE, strokeWidth=1.6),
    ]
    if sum(p["mean"] is not None for p in data["days"]) >= _FEWEST:
        layers += [_line(data, "mean", x, y, color=style.INK, strokeWidth=1.4, strokeDash=[5, 4])]
    for version in data["versions"]:
        row = {"values": [{"day": version["day"], "text": clean(version["version"], 24)}]}
        layers += [
            {"data": row, "mark": {"type": "rule", "color": style.INK, "strokeDash": [2, 3]}, "encoding": {"x": x}},
            {
                "data": row,
                "mark": style.beside(version["day"], data["days"][0]["day"], data["days"][-1]["day"]),
                "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "text"}},
            },
        ]
    return style.chart(layers)


def _line(data: Data, field: str, x: Spec, y: Spec, **mark: Any) -> Spec:
    return {
        "data": {"values": [{"day": p["day"], field: p[field]} for p in data["days"]]},
        "mark": {"type": "line", "invalid": "break-paths-show-path-domains", **mark}, "encoding": {"x": x, "y": y | {"field": field}},
    }  # fmt: skip


def _lines(data: Data) -> Iterable[Line]:
    yield "input tokens", [p["tokens"] for p in data["days"]]


PROMPTS = Chart("prompts", "prompt length over time, with versions", "scale prompts", _drawings, spec, _lines)
