"""What `explain` says: metrics and columns in words and as JSON, and the schemas of config and result."""

import json
from datetime import date
from textwrap import wrap
from typing import Any

from msgspec.structs import asdict

from aiopsctl import catalog
from aiopsctl.analyses.drift.definitions import BINNED, DEFINITIONS, statistic, statistics
from aiopsctl.errors import UsageError, nearest
from aiopsctl.events import COLUMNS, Column
from aiopsctl.facts import FACTS, NANO, Fact
from aiopsctl.metric import Metric, Threshold
from aiopsctl.readable import number, plural
from aiopsctl.result import SCHEMA_VERSION
from aiopsctl.words.example import Grid, worked

_INDENT = 14
_NATURAL = 100_000


def as_json(name: str | None) -> str:
    """Return every metric, or the one that is named, or the columns, as a JSON document."""
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    if name == "columns" or name in COLUMNS:
        document["columns"] = [asdict(column) for column in COLUMNS.values() if name in ("columns", column.name)]
    elif found := _statistics(name):
        document["statistics"] = [{"name": n, "also": also or None, "definition": text} for n, also, text in found]
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
        "kinds": list(metric.kinds),
        "facts": [_fact(FACTS[name]) for name in metric.facts],
        "dashboard": metric.dashboard,
        "example": _example(metric),
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {"name": fact.name, "key": fact.key or None, "meaning": fact.meaning, "config": fact.written or None}


def _example(metric: Metric) -> dict[str, Any]:
    events, value = metric.example
    given = {
        name: [{"key": _plain(key), "value": _plain(of)} for key, of in values.items()]
        for name, values in metric.given.items()
    }
    return {"events": [dict(event) for event in events], "given": given, "value": value}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


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
    if found := _statistics(name):
        return "\n\n".join(
            _page(f"{n} (drift)", [("also", also)] * bool(also) + [("what", text), *_binning(n, name)], width)
            for n, also, text in found
        )
    return _one(_metric(name), width)


def _statistics(name: str | None) -> list[tuple[str, str, str]]:
    """Return the statistic of a name with what it is, all of them for `drift`; none of any other name."""
    own = statistic(name) if name else None
    return [each for each in statistics() if name == "drift" or each[0] == own]


def _binning(name: str, asked: str) -> list[tuple[str, str]]:
    """Return how a statistic that is asked for by itself is binned, if it is."""
    return [("binning", DEFINITIONS["binning"])] if name in BINNED and asked != "drift" else []


def _metric(name: str) -> Metric:
    found = catalog.metrics().get(name)
    if found is None:
        known = (*catalog.metrics(), *COLUMNS, "columns", "drift", *(each for each, _, _ in statistics()))
        raise UsageError(
            f"unknown metric or column '{name}'", help=nearest(name, known) or "aiopsctl explain lists all"
        )
    return found


def _all(width: int | None) -> str:
    lines = []
    for dimension in dict.fromkeys(m.dimension for m in catalog.metrics().values()):
        own = {f"  {m.name}": m.why for m in catalog.metrics().values() if m.dimension == dimension}
        lines += [dimension.upper(), *_listed(own, width, max(map(len, catalog.metrics())) + 2), ""]
    hint = "aiopsctl explain NAME says how one is computed; aiopsctl explain columns lists the columns, explain drift the statistics"
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
        ("unit", unit_of(metric)),
        ("needs", ", ".join(metric.needs)),
        *needed(metric),
        ("summed by", ", ".join(metric.grain) or "nothing: one sum a slice"),
        ("interval", interval_of(metric)),
        ("dashboard", metric.dashboard or "no"),
        ("handbook", metric.handbook),
    ]
    rows += [("limit", limit_of(metric, t)) for t in metric.thresholds]
    return "\n".join([_page(f"{metric.name} ({metric.dimension})", rows, width), *_steps(metric, width)])


def unit_of(metric: Metric) -> str:
    """Return the unit of a metric, and which way it gets worse."""
    return metric.unit if metric.worse == "neither" else f"{metric.unit} ({metric.worse} is worse)"


def needed(metric: Metric) -> list[tuple[str, str]]:
    """Return what a metric needs beside columns, and what else is to be known of it, each with its name."""
    rows = [("counts", f"feedback or activity of kind {', '.join(metric.kinds)}")] if metric.kinds else []
    for name in metric.facts:
        fact = FACTS[name]
        rows.append(
            ("fact", f"{fact.meaning}; {f'in the config: {fact.written}' if fact.written else 'not to be given'}")
        )
    if metric.covers:
        known, missing = metric.covers
        rows.append(("coverage", f"{known} / ({known} + {missing}) must be high enough, else it is unknown"))
    if metric.base:
        rows.append(("whole", f"{', '.join(metric.base)} hold for every value of a column of feedback"))
    return [*rows, ("note", metric.note)] if metric.note else rows


def _steps(metric: Metric, width: int | None) -> list[str]:
    """Return the worked example, step by step."""
    found = worked(metric)
    steps = [
        (f"{plural(found.events.height, 'event')}:", _aligned(found.events, width)),
        (f"summed{' by ' * bool(found.by)}{', '.join(found.by)}{nano_note(metric)}:", _aligned(found.sums, width)),
        *(
            [("given:", [line for told in found.given for line in _hanging(f"     {told}", 7, width)])]
            if found.given
            else []
        ),
        (found.value, []),
    ]
    lines = ["", "  worked example"]
    for step, (title, rows) in enumerate(steps, 1):
        lines += [*_hanging(f"  {step}. {title}", 5, width), *rows]
    return lines


def nano_note(metric: Metric) -> str:
    """Return what is to be known of sums of money."""
    return " (money in nano-dollars, 10^9 to the dollar)" if metric.value.per == NANO else ""


def _aligned(grid: Grid, width: int | None) -> list[str]:
    """Return the lines of a small table, or of its rows in words where it is too wide."""
    sizes = [max(map(len, column)) for column in zip(grid.columns, *grid.rows, strict=True)]
    indent = " " * 5
    if width is not None and len(indent) + sum(sizes) + 2 * len(sizes) > width:
        told = [", ".join(f"{name} {cell}" for name, cell in zip(grid.columns, row, strict=True)) for row in grid.rows]
        return [line for text in told for line in _hanging(indent + text, 7, width)]
    lines = [
        "  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True))
        for row in (grid.columns, *grid.rows)
    ]
    return [f"{indent}{line}".rstrip() for line in lines]


def interval_of(metric: Metric) -> str:
    """Return what the interval of a metric is, in words."""
    if metric.value.cluster:
        return f"95 %, calls of one {metric.value.cluster} counted as dependent"
    return "95 %, of independent events" if metric.value.has_interval else "none"


def limit_of(metric: Metric, threshold: Threshold) -> str:
    """Return a default limit in words, with the section of the handbook that it is from."""
    relative = threshold.kind in ("rise", "fall")
    levels = [
        f"{level} {threshold.kind} {f'{value:.0%}' if relative else number(value, metric.unit)}"
        for level, value in (("warning", threshold.warning), ("critical", threshold.critical))
        if value is not None
    ]
    when = "".join(f" for {key} {value}" for key, value in threshold.when.items())
    compared = ", against the window before" if relative else ""
    return f"{', '.join(levels)}{when}, over {threshold.window}{compared} (handbook: {threshold.origin})"


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
    from aiopsctl.document import schema as result_schema

    return json.dumps(result_schema(), indent=2)
