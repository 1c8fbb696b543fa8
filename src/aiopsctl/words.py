"""What `explain` says: metrics and columns in words and as JSON, and the schemas of config and result."""

import json
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import COLUMNS, Column
from aiopsctl.metric import Metric, Threshold
from aiopsctl.readable import number
from aiopsctl.result import SCHEMA_VERSION

_INDENT = 14
_NATURAL = 100_000


def as_json(name: str | None) -> str:
    """Return every metric, or the one that is named, or the columns, as a JSON document."""
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    if name == "columns" or name in COLUMNS:
        document["columns"] = [asdict(column) for column in COLUMNS.values() if name in ("columns", column.name)]
    else:
        chosen = [_metric(name)] if name else catalog.metrics().values()
        document["metrics"] = [_described(metric) for metric in chosen]
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


def as_text(name: str | None, width: int | None = None) -> str:
    """Return all metrics by dimension, the canonical columns (`columns`), or one metric or column in full.

    Lines are broken where a width is given.
    """
    if name is None:
        return _all(width)
    if name == "columns":
        return "\n".join(_listed({c.name: f"{c.dtype:<5}  {c.meaning}" for c in COLUMNS.values()}, width))
    if name in COLUMNS:
        return _column(COLUMNS[name], width)
    return _one(_metric(name), width)


def _metric(name: str) -> Metric:
    found = catalog.metrics().get(name)
    if found is None:
        known = (*catalog.metrics(), *COLUMNS, "columns")
        raise UsageError(
            f"unknown metric or column '{name}'", help=nearest(name, known) or "aiopsctl explain lists all"
        )
    return found


def _all(width: int | None) -> str:
    lines = []
    for dimension in dict.fromkeys(m.dimension for m in catalog.metrics().values()):
        own = {f"  {m.name}": m.why for m in catalog.metrics().values() if m.dimension == dimension}
        lines += [dimension.upper(), *_listed(own, width, max(map(len, catalog.metrics())) + 2), ""]
    hint = "aiopsctl explain NAME says how one is computed; aiopsctl explain columns lists the columns"
    return "\n".join([*lines, *wrap(hint, width or _NATURAL)])


def _listed(said: dict[str, str], width: int | None, indent: int = 0) -> list[str]:
    """Return names with what is said of them, in two columns."""
    indent = (indent or max(map(len, said))) + 2
    return [line for name, text in said.items() for line in _hanging(f"{name:<{indent}}{text}", indent, width)]


def _hanging(text: str, indent: int, width: int | None) -> list[str]:
    """Return a line, broken where a width is given, its continuation indented."""
    fits = width is None or len(text) <= width
    return (
        [text]
        if fits
        else wrap(text, max(width or 0, indent + 20), subsequent_indent=" " * indent, break_on_hyphens=False)
    )


def _page(title: str, rows: list[tuple[str, str]], width: int | None) -> str:
    lines = [line for name, text in rows for line in _hanging(f"  {name:<{_INDENT - 2}}{text}", _INDENT, width)]
    return "\n".join([title, *lines])


def _one(metric: Metric, width: int | None) -> str:
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
    return _page(f"{metric.name} ({metric.dimension})", rows, width)


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
    more = f" and {len(events) - 4} more" if len(events) > 4 else ""
    return f"{', '.join(shown)}{more}"


def _column(column: Column, width: int | None) -> str:
    rows = [("what", column.meaning)]
    if column.unit:
        rows.append(("unit", f"{column.unit}, {column.low:,.0f} to {column.high:,.0f}"))
    if column.values:
        rows.append(("values", ", ".join(column.values)))
    users = [m.name for m in catalog.metrics().values() if column.name in m.needs]
    rows += [("needed by", ", ".join(users) or "no metric"), ("map it", f"--map {column.name}=COLUMN")]
    return _page(f"{column.name} ({column.dtype})", rows, width)


def schema(name: str) -> str:
    """Return the JSON Schema of the config or of results (`result`)."""
    if name == "config":
        from aiopsctl.config import schema as config_schema

        return json.dumps(config_schema(), indent=2)
    from aiopsctl.result import schema as result_schema

    return json.dumps(result_schema(), indent=2)
