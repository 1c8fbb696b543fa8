"""A metric by day: its line, its 95 % interval, the limits that it is judged by, and the day on which it moved."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from aiopsctl import catalog
from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import DIFFER, clean, number
from aiopsctl.result import Measurement, Result, Verdict

_FEWEST = 3
_FAR = 2.5
"""A limit farther above the line than this many times its highest value is told in words and not drawn."""

_TONES = {"warning": style.AMBER, "critical": style.RED}


def _drawings(result: Result) -> Iterable[Drawing]:
    """Yield a picture of each metric that is measured by day and by nothing else, or that the dashboard has by day."""
    verdicts = [*(result.checks or ()), *result.breaches]
    if "dashboard" in result.extra:
        yield from (_of_tile(tile, verdicts) for tile in _worst_first(result.extra["dashboard"]))
        return
    by_metric: dict[str, list[Measurement]] = {}
    for m in result.measurements:
        if tuple(m.slice) == ("day",):
            by_metric.setdefault(m.metric, []).append(m)
    for name, own in by_metric.items():
        rows = [
            {"day": m.slice["day"], "value": m.value, "low": m.low, "high": m.high} for m in own if m.status == "ok"
        ]
        if sum(row["value"] is not None for row in rows) >= _FEWEST:
            yield drawing(name, _filled(rows), verdicts)


def _worst_first(tiles: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    told = [tile for tile in tiles if sum(point["value"] is not None for point in tile["trend"]) >= _FEWEST]
    rank = {"critical": 0, "warning": 1}
    return sorted(told, key=lambda tile: rank.get(tile["status"], 2))


def _of_tile(tile: Mapping[str, Any], verdicts: Sequence[Verdict]) -> Drawing:
    rows = [{"day": p["since"], "value": p["value"], "low": None, "high": None} for p in tile["trend"]]
    return drawing(tile["metric"], rows, verdicts)


def _filled(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for every day between the first and the last: a day without a value breaks the line."""
    by_day = {date.fromisoformat(row["day"]).toordinal(): row for row in rows if row["day"]}
    nothing = {"value": None, "low": None, "high": None}
    span = range(min(by_day), max(by_day) + 1)
    return [by_day.get(n) or {"day": date.fromordinal(n).isoformat(), **nothing} for n in span]


def drawing(name: str, rows: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict], of: str = "") -> Drawing:
    """Return the picture of a metric from its days; limits and the day of a change are those of the verdicts."""
    metric = catalog.metric(name)
    own = [v for v in verdicts if v.metric == name and not v.slice]
    limits = _limits(name, own)
    moved = _movements([v for v in verdicts if v.metric == name and v.status != "ok"])
    data = {"metric": name, "unit": metric.unit, "days": list(rows), "limits": limits, "moved": moved}
    title = f"{metric.title[:1].upper()}{metric.title[1:]} by day{f', {clean(of)}' if of else ''}"
    return Drawing("daily", f"daily-{name}", title, _alt(metric.title, metric.unit, data), data)


def _movements(verdicts: Iterable[Verdict]) -> list[dict[str, str]]:
    """Return the days on which the metric moved, each with the slice in which it did."""
    found = {v.changed_at: ", ".join(clean(part, 30) for part in v.slice.values()) for v in verdicts if v.changed_at}
    return [{"day": day, "of": found[day]} for day in sorted(found)]


def _limits(name: str, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return the limits on the value itself: those that it was judged by, else those of its declaration."""
    judged = [
        v.limit for v in verdicts if v.limit and v.limit["mode"] == "absolute" and v.limit["kind"] in ("above", "below")
    ]
    if judged:
        found = {(of["kind"], of["value"]): v.status for v in verdicts for of in [v.limit] if of in judged and of}
        return [
            {"level": status if status in _TONES else "critical", "kind": kind, "value": value}
            for (kind, value), status in found.items()
        ]
    return [
        {"level": level, "kind": t.kind, "value": value}
        for t in catalog.metric(name).thresholds if not t.when and not t.by and t.kind in ("above", "below")
        for level in _TONES if (value := getattr(t, level)) is not None
    ]  # fmt: skip


def _alt(title: str, unit: str, data: Data) -> str:
    known = [row for row in data["days"] if row["value"] is not None]
    first, last, low, high = style.ends(row["value"] for row in known)
    limits = [f"the {of['level']} limit is {of['kind']} {number(of['value'], unit)}" for of in data["limits"]]
    moved = [f"{of['of'] or 'it'} moved on {of['day']}" for of in data["moved"]]
    line = (
        f"Line of {title} over {len(known)} days, {known[0]['day']} to {known[-1]['day']}: {style.reaches(unit, first, last)}, "
        f"lowest {number(low, unit)}, highest {number(high, unit)}"
    )
    return f"{'; '.join([line, *limits, *moved])}."


def spec(data: Data) -> Spec:
    """Return the specification: a band, a line, dashed limits, and a rule where the metric moved."""
    known = [row["value"] for row in data["days"] if row["value"] is not None]
    drawn = [of for of in data["limits"] if of["value"] <= _FAR * max(known)]
    scale = _scale(known, [of["value"] for of in drawn], data["days"], counts=data["unit"] not in DIFFER)
    value = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "scale": scale,
        "axis": style.amounts(data["unit"]),
    }
    x = style.days(data["days"][0]["day"], data["days"][-1]["day"])
    band = [row for row in data["days"] if row["low"] is not None and row["high"] is not None]
    layers: list[Spec] = []
    if band:
        layers.append({
            "data": {"values": [{"day": r["day"], "low": r["low"], "high": r["high"]} for r in data["days"]]},
            "mark": {"type": "area", "color": style.BLUE, "opacity": 0.16, "invalid": "break-paths-show-path-domains", "clip": True},
            "encoding": {"x": x, "y": value | {"field": "low"}, "y2": {"field": "high"}},
        })  # fmt: skip
    layers.append({
        "data": {"values": [{"day": row["day"], "value": row["value"]} for row in data["days"]]},
        "mark": {"type": "line", "color": style.BLUE, "strokeWidth": 1.8, "invalid": "break-paths-show-path-domains"},
        "encoding": {"x": x, "y": value},
    })  # fmt: skip
    layers += [layer for of in drawn for layer in _limit(of, value, data["unit"])]
    first, last = data["days"][0]["day"], data["days"][-1]["day"]
    layers += [layer for of in data["moved"] if first <= of["day"] <= last for layer in _moved(of, x, first, last)]
    return style.chart(layers)


def _scale(known: Sequence[float], limits: Sequence[float], days: Iterable[Mapping[str, Any]], *, counts: bool) -> Spec:
    """Return a scale that shows the line and the limits; an interval of a few events may leave it.

    What `counts` (calls, money, time) begins at zero; a share or a score may not.
    """
    rows = [row for row in days if row["low"] is not None and row["high"] is not None]
    low, high = min([*known, *limits]), max([*known, *limits])
    room = max((high - low) * 0.5, high * 0.05)
    top = min(max([high, *(row["high"] for row in rows)]), high + room)
    bottom = max(min([low, *(row["low"] for row in rows)]), low - room)
    if bottom >= 0 and (counts or bottom < top / 3):
        bottom = 0.0
    return {"domain": [bottom, top * 1.03 if top > bottom else bottom + 1], "zero": False, "nice": False, "clamp": True}


def _limit(of: Mapping[str, Any], value: Spec, unit: str) -> list[Spec]:
    tone = _TONES[of["level"]]
    row = {"values": [{"value": of["value"], "text": f"{of['level']} {of['kind']} {number(of['value'], unit)}"}]}
    label = {
        "type": "text",
        "align": "right",
        "baseline": "bottom",
        "dy": -3,
        "color": tone,
        "fontSize": style.SIZE - 1,
    }
    return [
        {"data": row, "mark": {"type": "rule", "color": tone, "strokeDash": [5, 4]}, "encoding": {"y": value}},
        {"data": row, "mark": label, "encoding": {"y": value, "x": {"value": "width"}, "text": {"field": "text"}}},
    ]


def _moved(of: Mapping[str, str], x: Spec, first: str, last: str) -> list[Spec]:
    row = {"values": [{"day": of["day"], "text": f"{of['of']} moved".strip()}]}
    rule = {"type": "rule", "color": style.MUTED, "strokeDash": [2, 3], "strokeWidth": 1.2}
    return [
        {"data": row, "mark": rule, "encoding": {"x": x}},
        {"data": row, "mark": style.beside(of["day"], first, last),
         "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "text"}}},
    ]  # fmt: skip


def _lines(data: Data) -> Iterable[Line]:
    yield data["metric"], [row["value"] for row in data["days"]]


DAILY = Chart(
    "daily", "a metric by day, with interval and limits", "metrics --by day, or summary", _drawings, spec, _lines
)
