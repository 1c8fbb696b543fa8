"""A saved answer read back: the JSON document of any command as the result that it was."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from aiopsctl.errors import UsageError
from aiopsctl.page import Page
from aiopsctl.result import SCHEMA_VERSION, Data, Measurement, Result, Section, Span, Verdict

_LOOKS = ("summary", "quality", "cost", "latency", "satisfaction")
_OWN = {
    "schema_version", "command", "exit_code", "window", "data", "measurements", "checks", "counts", "sections", "breaches",
    "report",
}  # fmt: skip


def result_of(text: str, name: str) -> Result:
    """Return the answer that a JSON document holds; raise `UsageError` where it is none, or of another version."""
    document = _document(text, name)
    try:
        return _result(document)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name} is no result of aiopsctl: {error}", help=_HELP) from None


_HELP = "save one with -f json, for example: aiopsctl check logs/ -o result.json"


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        where = f"{name}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else name
        raise UsageError("no JSON document", where=where, help=_HELP) from None
    if not isinstance(document, dict) or not {"schema_version", "command"} <= set(document):
        raise UsageError(f"{name} is no result of aiopsctl: it has no schema_version and command", help=_HELP)
    found = str(document["schema_version"])
    if found.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise UsageError(f"{name} has schema_version {found}; this program reads {SCHEMA_VERSION}", help=_HELP)
    return document


def _result(document: Mapping[str, Any]) -> Result:
    """Return the result; the keys that an analysis added are its `extra`."""
    judged = "checks" in document
    extra = {k: v for k, v in document.items() if k not in _OWN and not (judged and k == "verdict")}
    measurements = _as(document.get("measurements", []), list[Measurement])
    sections = _as(document.get("sections", []), tuple[Section, ...])
    command = str(document["command"])
    by = tuple(measurements[0].slice) if measurements and command in _LOOKS and "dashboard" not in extra else ()
    return Result(
        command, _as(document.get("exit_code"), int), _as(document.get("window"), Span), _as(document.get("data"), Data),
        measurements, _as(document["checks"], list[Verdict]) if judged else None,
        _as(document.get("verdict"), str | None), document.get("counts"), by, extra=extra,
        sections=sections, measured=bool(sections) and command in _LOOKS,
        breaches=_as(document.get("breaches", []), tuple[Verdict, ...]),
        page=_as(document.get("report"), Page | None),
    )  # fmt: skip


def _as(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind)
