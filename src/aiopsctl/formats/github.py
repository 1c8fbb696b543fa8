"""GitHub workflow commands: annotations at the line of the config that sets the limit."""

from collections.abc import Iterable

from aiopsctl.formats.findings import details, findings, subject, unjudged, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.verdicts import name
from aiopsctl.readable import clean, plural
from aiopsctl.result import Result, Verdict

MOST = 10
"""GitHub shows so many annotations of a kind for a step, and drops the rest."""

_KINDS = {"critical": "error", "unknown": "error", "warning": "warning"}
_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_DATA = str.maketrans(_ESCAPES)
_PROPERTY = str.maketrans(_ESCAPES | {":": "%3A", ",": "%2C"})


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return errors, warnings and notices, of each kind at most ten: where there are more, the last counts the rest."""
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    if why := unjudged(result):
        lines["error"].append(_command("error", {"title": "aiopsctl"}, [f"not judged: {why}"]))
    for check in findings(result):
        if check.status != "ok":
            kind = _KINDS.get(check.status, "notice")
            lines[kind].append(_annotation(kind, check))
    return "".join(f"{line}\n" for kind, own in lines.items() for line in _rolled_up(kind, own))


def _annotation(kind: str, check: Verdict) -> str:
    at = {"file": clean(check.at["file"]), "line": str(check.at["line"])} if check.at else {}
    title = {"title": f"{check.status}: {name(check)}"}
    return _command(kind, at | title, [f"{subject(check)}: {words(check)}", *details(check)])


def _command(kind: str, properties: dict[str, str], lines: Iterable[str]) -> str:
    given = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    message = "\n".join(lines).translate(_DATA)
    return f"::{kind} {given}::{message}"


def _rolled_up(kind: str, lines: list[str]) -> list[str]:
    if len(lines) <= MOST:
        return lines
    more = len(lines) - MOST + 1
    rest = f"{plural(more, f'more {kind}')}: the result has them all"
    return [*lines[: MOST - 1], _command(kind, {"title": "aiopsctl"}, [rest])]


FORMAT = Format("github", (), render, of_check=True)
