"""What a check says by itself in GitHub Actions: annotations on stderr, which the runner reads too, and a step summary."""

import os
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from aiopsctl.cli.run import is_silent, say

if TYPE_CHECKING:
    from aiopsctl.cli.options import Common
    from aiopsctl.result import Result

_ROOM = 1024 * 1024
"""GitHub takes no summary of a step that is longer, in bytes."""
_CUT = "\nThe rest was cut off: a step summary holds 1 MB.\n"


def tell_ci(result: "Result", common: "Common") -> None:
    """Annotate and summarise where GitHub runs us: stdout stays the result, and the exit code what it is."""
    from aiopsctl.formats.format import Look, format_named

    if os.environ.get("GITHUB_ACTIONS") != "true" or is_silent(result, common, human=True):
        return
    if "github" not in _on_stdout(common):
        annotations = format_named("github").render(_from_workspace(result), Look())
        if annotations:
            say(annotations.rstrip("\n"))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(path, format_named("md").render(result, Look()))


def _on_stdout(common: "Common") -> list[str]:
    """Return the names of the formats that stdout holds already."""
    from aiopsctl.formats.format import target

    found = [of.name for of, path in map(target, common.output or []) if path == "-"]
    return found or [common.format or "table"]


def _from_workspace(result: "Result") -> "Result":
    """Return the result with places as GitHub wants them: from the root of the repository, wherever we run."""
    root = os.environ.get("GITHUB_WORKSPACE")
    if not root:
        return result
    checks = [replace(v, at=_moved(v.at, os.path.realpath(root))) if v.at else v for v in result.checks or ()]
    return replace(result, checks=checks)


def _moved(at: dict[str, Any], root: str) -> dict[str, Any]:
    path = os.path.relpath(os.path.realpath(at["file"]), root)
    return at if path.startswith("..") else at | {"file": path}


def _append(path: str, text: str) -> None:
    """Add to the summary of the step what there is room for; that it cannot be written is said, and fails nothing."""
    try:
        with open(path, "ab") as file:
            file.write(_cut(f"{text}\n", _ROOM - file.tell()).encode("utf-8", "backslashreplace"))
    except OSError as error:
        say(f"note: the step summary was not written: {error.strerror}")


def _cut(text: str, room: int) -> str:
    """Return as many whole lines as there is room for, and where some are left out a note on it."""
    if len(text.encode("utf-8", "backslashreplace")) <= room:
        return text
    kept, left = [], room - len(_CUT.encode())
    for line in text.splitlines(keepends=True):
        left -= len(line.encode("utf-8", "backslashreplace"))
        if left < 0:
            break
        kept.append(line)
    return "".join([*kept, _CUT]) if room >= len(_CUT.encode()) else ""
