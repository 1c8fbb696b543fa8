"""SARIF 2.1.0: a rule a check and metric, a result a finding, at the line of the config that sets the limit."""

from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from aiopsctl import __version__, catalog
from aiopsctl.formats.findings import details, findings, fingerprints, subject, unjudged, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.json import encode
from aiopsctl.readable import clean
from aiopsctl.result import Result, Verdict

LEVELS = {"critical": "error", "unknown": "error", "warning": "warning", "ok": "none"}
"""What fails a run is an error, and so is what could not be judged; the rest (skipped, blind, muted) are notes."""


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return one run, whose invocation says where nothing could be judged, and why."""
    found = findings(result)
    rules = {_rule_id(check): _rule(check) for check in result.checks or ()}
    places = {name: number for number, name in enumerate(rules)}
    driver = {"name": "aiopsctl", "version": __version__, "rules": list(rules.values())}
    results = [
        _result(check, places[_rule_id(check)], name) for check, name in zip(found, fingerprints(found), strict=True)
    ]
    run = {"tool": {"driver": driver}, "invocations": [_invocation(result)], "results": results}
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return encode({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(result: Result) -> dict[str, Any]:
    why = unjudged(result)
    told = {"toolExecutionNotifications": [{"level": "error", "message": {"text": why}}]} if why else {}
    return {"executionSuccessful": result.verdict != "not judged", "exitCode": result.exit_code} | told


def _rule_id(check: Verdict) -> str:
    return check.metric if check.id == check.metric else f"{clean(check.id)}/{check.metric}"


def _rule(check: Verdict) -> dict[str, Any]:
    metric = catalog.metric(check.metric)
    rule = {
        "id": _rule_id(check),
        "shortDescription": {"text": metric.title},
        "fullDescription": {"text": metric.why},
        "help": {"text": f"{metric.why}\nFormula: {metric.formula}\nMore: aiopsctl explain {metric.name}"},
        "properties": {"tags": [metric.dimension]},
    }
    link = check.runbook or ""
    return rule | ({"helpUri": quote(link, safe="/:?&=#%@+,;~")} if link.startswith(("https://", "http://")) else {})


def _result(check: Verdict, rule: int, fingerprint: str) -> dict[str, Any]:
    lines = [f"{check.status}: {subject(check)}: {words(check)}", *details(check)]
    found: dict[str, Any] = {
        "ruleId": _rule_id(check),
        "ruleIndex": rule,
        "level": LEVELS.get(check.status, "note"),
        "message": {"text": "\n".join(lines)},
        "partialFingerprints": {"aiopsctl/v1": fingerprint},
    }
    if check.status == "ok":
        found["kind"] = "pass"
    if check.status == "muted":
        found["suppressions"] = [{"kind": "external", "justification": words(check)}]
    if check.at:
        region = {"startLine": check.at["line"]}
        found["locations"] = [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(check.at["file"])}, "region": region}}
        ]
    return found


def _uri(file: str) -> str:
    """Return a relative reference; a colon would be read as the end of a scheme, and is written as an escape."""
    return quote(PurePath(file).as_posix(), errors="replace")


FORMAT = Format("sarif", (".sarif",), render, of_check=True)
