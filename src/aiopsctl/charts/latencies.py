"""How long the calls of each feature took, and the limits of its class."""

from collections.abc import Iterable
from typing import Any

from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import clean, number
from aiopsctl.result import Result

_MOST = 8
_ROW = 40


def _drawings(result: Result) -> Iterable[Drawing]:
    found = [each for each in result.extra.get("distributions", ()) if each["bins"]][:_MOST]
    if found:
        features = [each | {"feature": _name(each)} for each in found]
        data = {"features": features}
        yield Drawing(
            "latency",
            "latency",
            "How long calls took, by feature, beside the limits of its class",
            _alt(features),
            data,
        )


def _name(of: dict[str, Any]) -> str:
    return "all calls" if of["feature"] is None else clean(of["feature"], 40)


def _alt(features: Iterable[dict[str, Any]]) -> str:
    parts = []
    for of in features:
        limits = [
            f"{q} limit {number(of[f'{q}_limit_ms'], 'ms')}" for q in ("p50", "p95") if of[f"{q}_limit_ms"] is not None
        ]
        shown = f"{of['feature']} p50 {number(of['p50_ms'], 'ms')}, p95 {number(of['p95_ms'], 'ms')}"
        parts.append(f"{shown} ({', '.join(limits) or 'without a limit'})")
    return f"Distributions of latency: {'; '.join(parts)}."


def spec(data: Data) -> Spec:
    """Return the specification: a row a feature, its calls on a logarithmic scale, its p95, and the limit of that."""
    names = [of["feature"] for of in data["features"]]
    bins = [
        {"feature": of["feature"], "ms": b["ms"], "share": b["calls"] / max(each["calls"] for each in of["bins"])}
        for of in data["features"] for b in of["bins"]
    ]  # fmt: skip
    marks = [
        {"feature": of["feature"], "ms": of[key], "mark": words}
        for of in data["features"]
        for key, words in (("p95_ms", "p95"), ("p95_limit_ms", "limit of p95")) if of[key]
    ]  # fmt: skip
    ends = [row["ms"] for row in (*bins, *marks) if row["ms"]]
    scale = {"type": "log", "domain": [max(1, min(ends) * 0.9), max(ends) * 1.15], "nice": False}
    axis = style.amounts("ms") | {
        "tickCount": 5,
        "grid": True,
        "values": [10, 100, 1000, 10_000, 100_000, 1_000_000],
        "labelExpr": _TIME,
    }
    x = {"field": "ms", "type": "quantitative", "title": None, "scale": scale, "axis": axis}
    y = {"field": "share", "type": "quantitative", "title": None, "axis": None, "scale": {"domain": [0, 1]}}
    tones = {"domain": ["p95", "limit of p95"], "range": [style.INK, style.RED]}
    rows = {"field": "feature", "type": "nominal", "sort": names, "title": None,
            "header": {"labelAngle": 0, "labelAlign": "left", "labelPadding": 6, "labelLimit": 120}}  # fmt: skip
    every = [row | {"kind": "bin"} for row in bins] + [row | {"kind": "mark"} for row in marks]
    config = style.config() | {"autosize": {"type": "pad"}}
    widest = max(len(name) for name in names)
    return {"$schema": style.SCHEMA, "config": config} | {
        "data": {"values": every}, "facet": {"row": rows}, "spacing": 6,
        "spec": {"width": style.WIDTH - min(120, 10 + 7 * widest), "height": _ROW, "layer": [
            {"transform": [{"filter": "datum.kind == 'bin'"}], "encoding": {"x": x, "y": y},
             "mark": {"type": "area", "color": style.BLUE, "opacity": 0.3, "interpolate": "monotone", "line": {"color": style.BLUE, "strokeWidth": 1.2}}},
            {"transform": [{"filter": "datum.kind == 'mark'"}], "mark": {"type": "rule", "strokeWidth": 2},
             "encoding": {"x": x, "color": {"field": "mark", "type": "nominal", "scale": tones, "legend": {"symbolType": "stroke", "symbolStrokeWidth": 2}},
                          "strokeDash": {"field": "mark", "type": "nominal", "scale": {"domain": tones["domain"], "range": [[1, 0], [4, 3]]}}}},
        ]},
    }  # fmt: skip


_TIME = "datum.value < 1000 ? datum.value + ' ms' : format(datum.value / 1000, ',~g') + ' s'"


def _lines(data: Data) -> Iterable[Line]:
    for of in data["features"]:
        yield of["feature"], [b["calls"] for b in of["bins"]]


LATENCIES = Chart(
    "latency", "how long calls took, by feature, beside the limits of its class", "latency", _drawings, spec, _lines
)
