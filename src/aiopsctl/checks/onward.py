"""The next command: what to type to see a breach day by day."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from aiopsctl import catalog
from aiopsctl.events import CALENDAR
from aiopsctl.measure import Scope
from aiopsctl.result import TELLING, Verdict
from aiopsctl.window import span

_ACTIVE = re.compile(r'(["$`\\])')
"""What a shell acts upon between double quotes; it also acts upon `!`, which cannot be kept from it there."""

_PERIODS = {"day": "today", "month": "this-month"}
_WITH_CAUSES = ("cost-per-call", "input-tokens", "output-tokens")
"""Of these the command also says why they changed, where it compares."""


def onward(verdict: Verdict, scope: Scope, inputs: Sequence[str]) -> str:
    """Return the command that shows the rows of a verdict, ready to paste; `inputs` say what is read and how.

    By what carries the change, in the window beside the one compared with; else day by day.
    """
    by = next((each.dimension for each in verdict.carriers if each.power >= TELLING), "")
    causes = bool(verdict.carriers or verdict.changed_at) and verdict.metric in _WITH_CAUSES
    beside = _beside(verdict, scope) if by or causes else []
    command = ["aiopsctl", catalog.metric(verdict.metric).dimension, *inputs, "--metrics", _metrics(verdict, by)]
    if where := conditions(verdict, scope):
        command += ["--where", " AND ".join(where)]
    if beside:
        command += [*beside, *(["--by", by] if by else [])]
    elif since := _since(scope):
        command += ["--since", since, "--by", "day"]
    return " ".join(map(_quoted, command))


def _metrics(verdict: Verdict, by: str) -> str:
    """Return what to look at: the metric, and the calls where it is their mix that moved."""
    first = next((each for each in verdict.carriers if each.dimension == by), None)
    is_mix = first is not None and first.mix is not None and abs(first.mix) > abs(first.total) / 2
    return f"{verdict.metric},calls" if is_mix else verdict.metric


def _beside(verdict: Verdict, scope: Scope) -> list[str]:
    """Return the options that give exactly the window of a verdict, and the one that it is compared with."""
    own, until = scope.window.since, scope.window.until
    if own is None or until is None:
        return []
    name = _PERIODS.get(verdict.window["name"], verdict.window["name"])
    if span(name, until, scope.tz).since != own:
        name = own.astimezone(scope.tz).isoformat()
    before = scope.reference_name if scope.reference or _is_mean(verdict) else ""
    return ["--since", name, *(["--compare", before] if before else [])]


def _is_mean(verdict: Verdict) -> bool:
    return catalog.metric(verdict.metric).value.ratio is not None


def conditions(verdict: Verdict, scope: Scope) -> list[str]:
    """Return what the rows of a verdict have in common, as SQL."""
    own = [_equals(name, value) for name, value in verdict.slice.items() if name not in CALENDAR]
    return [*own, scope.where] if scope.where else own


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
