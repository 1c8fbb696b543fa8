"""The JSON document of an answer, and its schema."""

from typing import Any

from aiopsctl.page import Page, Section
from aiopsctl.result import SCHEMA_VERSION, STATUSES, VERDICTS, Data, Measurement, Result, Span, Tile, Verdict


def as_dict(result: Result) -> dict[str, Any]:
    """Return the result as the JSON document that the contract describes."""
    from msgspec import to_builtins

    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "command": result.command,
        "exit_code": result.exit_code,
        "window": to_builtins(result.window),
        "data": to_builtins(result.data),
    }
    if result.checks is not None:
        document |= {
            "verdict": result.verdict,
            "counts": result.counts,
            "checks": to_builtins(result.checks),
        }
    shown = {"sections": result.sections, "breaches": result.breaches, "report": result.page}
    document |= result.extra | {name: _lists(to_builtins(of)) for name, of in shown.items() if of}
    return document | {"measurements": to_builtins(result.measurements)}


def _lists(value: Any) -> Any:
    """Return what JSON has no word for, tuples, as lists."""
    if isinstance(value, dict):
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, list | tuple) else value


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document that `as_dict` makes."""
    import msgspec

    kinds = (Span, Data, Measurement, Verdict, Tile, Section, Page)
    (window, data, measurement, verdict, tile, section, page), parts = msgspec.json.schema_components(
        kinds, ref_template="#/$defs/{name}"
    )
    parts["Measurement"]["properties"]["status"] = {"enum": ["ok", "unknown"]}
    parts["Verdict"]["properties"]["status"] = {"enum": list(STATUSES)}
    parts["Tile"]["properties"]["status"] = {"enum": [*STATUSES, None]}
    parts["Tile"]["properties"]["change_kind"] = {"enum": ["difference", "relative", None]}
    counts = {status: {"type": "integer", "minimum": 0} for status in STATUSES}
    judged = {
        "verdict": {"enum": list(VERDICTS)},
        "counts": {"type": "object", "properties": counts, "required": list(counts)},
        "checks": {"type": "array", "items": verdict},
    }
    shown = {
        "sections": {"type": "array", "items": section, "description": "the tables, as people see them"},
        "breaches": {"type": "array", "items": verdict}, "report": page,
    }  # fmt: skip
    common = {
        "schema_version": {"type": "string", "description": "major.minor; a minor version only adds"},
        "command": {"type": "string"},
        "exit_code": {"type": "integer"},
        "window": window,
        "data": data,
        "measurements": {"type": "array", "items": measurement},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aiopsctl result",
        "type": "object",
        "properties": common | judged | shown | {"dashboard": {"type": "array", "items": tile}},
        "required": list(common),
        "if": {"properties": {"command": {"const": "check"}}},
        "then": {"required": list(judged)},
        "$defs": parts,
    }
