"""What `explain` says: metrics and columns in words and as JSON, and the schemas of config and result."""

import json
from dataclasses import asdict
from typing import Any

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import COLUMNS
from aiopsctl.formats.words import number
from aiopsctl.metric import Metric, Threshold
from aiopsctl.result import SCHEMA_VERSION


def as_json(name: str | None) -> str:
    """Return every metric, or the one that is named, as a JSON document."""
    chosen = [catalog.metric(name)] if name else list(catalog.metrics().values())
    document = {"schema_version": SCHEMA_VERSION, "metrics": [_described(metric) for metric in chosen]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _described(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "title": metric.title,
        "dimension": metric.dimension,
        "unit": metric.unit,
        "worse": metric.worse,
        "why": metric.why,
        "formula": metric.formula,
        "needs": list(metric.needs),
        "grain": list(metric.grain),
        "handbook": metric.handbook,
        "thresholds": [asdict(threshold) for threshold in metric.thresholds],
    }


def as_text(name: str | None) -> str:
    """Return all metrics by dimension, the canonical columns (`columns`), or one metric or column in full."""
    if name is None:
        return _all()
    if name == "columns":
        return _columns()
    if name in COLUMNS:
        return _column(name)
    known = (*catalog.metrics(), *COLUMNS, "columns")
    if name not in catalog.metrics():
        raise UsageError(f"unknown metric or column '{name}'", help=nearest(name, known) or "aiopsctl explain lists all")
    return _one(catalog.metric(name))


def _all() -> str:
    width = max(map(len, catalog.metrics()))
    lines = []
    for dimension in dict.fromkeys(m.dimension for m in catalog.metrics().values()):
        lines += ["", dimension.upper()]
        lines += [f"  {m.name:<{width}}  {m.why}" for m in catalog.metrics().values() if m.dimension == dimension]
    return "\n".join([*lines[1:], "", "aiopsctl explain NAME says how one is computed; aiopsctl explain columns lists the columns"])


def _one(metric: Metric) -> str:
    rows = [
        ("what", metric.title),
        ("why", metric.why),
        ("formula", metric.formula),
        ("computed as", metric.value.words),
        ("unit", f"{metric.unit} ({metric.worse} is worse)" if metric.worse != "neither" else metric.unit),
        ("needs", ", ".join(metric.needs)),
        ("summed by", ", ".join(metric.grain) or "nothing: one sum a slice"),
        ("interval", _interval(metric)),
        ("handbook", metric.handbook),
    ]
    rows += [("limit", _limit(metric, t)) for t in metric.thresholds]
    events, value = metric.example
    rows.append(("example", f"{_example(events)} gives {number(value, metric.unit)}"))
    return "\n".join([f"{metric.name} ({metric.dimension})", *(f"  {name:<12}{text}" for name, text in rows)])


def _interval(metric: Metric) -> str:
    if metric.value.cluster:
        return f"95 %, calls of one {metric.value.cluster} counted as dependent"
    return "95 %, of independent events" if metric.unit in ("ratio", "ms", "tokens") else "none"


def _limit(metric: Metric, threshold: Threshold) -> str:
    relative = threshold.kind in ("rise", "fall")
    levels = [
        f"{level} {threshold.kind} {f'{value:.0%}' if relative else number(value, metric.unit)}"
        for level, value in (("warning", threshold.warning), ("critical", threshold.critical))
        if value is not None
    ]
    when = "".join(f" for {key} {value}" for key, value in threshold.when.items())
    compared = ", against the window before" if relative else ""
    return f"{', '.join(levels)}{when}, over {threshold.window}{compared} (handbook: {threshold.origin})"


def _example(events: Any) -> str:
    shown = [json.dumps(dict(event)) for event in events[:4]]
    more = f" and {len(events) - 4} more" if len(events) > 4 else ""  # noqa: PLR2004 - a few lines
    return f"{', '.join(shown)}{more}"


def _columns() -> str:
    width = max(map(len, COLUMNS))
    return "\n".join(f"{c.name:<{width}}  {c.dtype:<5}  {c.meaning}" for c in COLUMNS.values())


def _column(name: str) -> str:
    column = COLUMNS[name]
    lines = [f"{name} ({column.dtype})", f"  {'what':<12}{column.meaning}"]
    if column.unit:
        lines.append(f"  {'unit':<12}{column.unit}, {column.low:g} to {column.high:g}")
    if column.values:
        lines.append(f"  {'values':<12}{', '.join(column.values)}")
    users = [m.name for m in catalog.metrics().values() if name in m.needs]
    return "\n".join([*lines, f"  {'needed by':<12}{', '.join(users) or 'no metric'}", f"  {'map it':<12}--map {name}=COLUMN"])


def schema(name: str) -> str:
    """Return the JSON Schema of the config or of results."""
    if name == "config":
        from aiopsctl.config import schema as config_schema

        return json.dumps(config_schema(), indent=2)
    if name == "result":
        from aiopsctl.result import schema as result_schema

        return json.dumps(result_schema(), indent=2)
    raise UsageError(f"no schema '{name}'", help="config or result")
