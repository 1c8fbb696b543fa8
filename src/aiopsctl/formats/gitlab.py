"""GitLab code quality: a list of findings, each at the line of the config that sets the limit."""

from typing import Any

from aiopsctl.formats.findings import findings, fingerprints, subject, unjudged, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.json import encode
from aiopsctl.readable import clean
from aiopsctl.result import Result, Verdict

_SEVERITIES = {"critical": "critical", "unknown": "major", "warning": "minor"}
_ANYWHERE = {"file": "aiopsctl.yaml", "line": 1}
"""GitLab shows nothing without a place: a limit of the handbook is shown where one of your own would stand."""


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the findings, and one more where nothing could be judged."""
    found = [check for check in findings(result) if check.status != "ok"]
    issues = [_issue(check, name) for check, name in zip(found, fingerprints(found), strict=True)]
    if why := unjudged(result):
        issues.append(_as_issue(f"not judged: {why}", "not judged", "aiopsctl-not-judged", "major", _ANYWHERE))
    return encode(issues, indent=2) + "\n"


def _issue(check: Verdict, fingerprint: str) -> dict[str, Any]:
    text = f"{check.status}: {subject(check)}: {words(check)}"
    severity = _SEVERITIES.get(check.status, "info")
    return _as_issue(text, clean(check.id), fingerprint, severity, check.at or _ANYWHERE)


def _as_issue(text: str, name: str, fingerprint: str, severity: str, at: dict[str, Any]) -> dict[str, Any]:
    place = {"path": clean(at["file"]), "lines": {"begin": at["line"]}}
    return {
        "description": text, "check_name": name, "fingerprint": fingerprint, "severity": severity, "location": place,
    }  # fmt: skip


FORMAT = Format("gitlab", (), render, of_check=True)
