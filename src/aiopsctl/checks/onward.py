"""The next command: what to type to see a breach day by day."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from aiopsctl import catalog
from aiopsctl.events import CALENDAR
from aiopsctl.measure import Scope
from aiopsctl.result import Verdict

_ACTIVE = re.compile(r'(["$`\\])')
"""What a shell acts upon between double quotes; it also acts upon `!`, which cannot be kept from it there."""


def onward(verdict: Verdict, scope: Scope, inputs: Sequence[str]) -> str:
    """Return the command that shows the rows of a verdict by day, ready to paste; `inputs` say what is read and how."""
    command = ["aiopsctl", catalog.metric(verdict.metric).dimension, *inputs, "--metrics", verdict.metric]
    conditions = [_equals(name, value) for name, value in verdict.slice.items() if name not in CALENDAR]
    conditions += [scope.where] if scope.where else []
    if conditions:
        command += ["--where", " AND ".join(conditions)]
    if since := _since(scope):
        command += ["--since", since, "--by", "day"]
    return " ".join(map(_quoted, command))


def _since(scope: Scope) -> str:
    """Return the day on which the window, or the previous one that it is compared with, begins."""
    before = scope.reference
    since = before.since if before and scope.reference_name == "previous" else scope.window.since
    return f"{since.astimezone(scope.tz):%Y-%m-%d}" if since else ""


def _equals(name: str, value: Any) -> str:
    if value is None:
        return f"{name} IS NULL"
    if isinstance(value, bool | int | float):
        return f"{name} = {str(value).lower()}"
    text = str(value).replace("'", "''")
    return f"{name} = '{text}'"


def _quoted(word: str) -> str:
    if "'" not in word or "!" in word:
        return shlex.quote(word)
    return '"' + _ACTIVE.sub(r"\\\1", word) + '"'
