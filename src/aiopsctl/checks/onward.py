"""The next command: what to type to see a breach day by day."""

import re
import shlex
from collections.abc import Sequence
from datetime import datetime, time, timedelta
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


_MANY = timedelta(days=64)
"""More days than these are shown by week."""


def onward(verdict: Verdict, scope: Scope, inputs: Sequence[str]) -> str:
    """Return the command that shows the rows of a verdict, ready to paste; `inputs` say what is read and how.

    By what carries the change, beside the window compared with; of users the users themselves; else day by day.
    """
    metric = catalog.metric(verdict.metric)
    by, metrics = _carrier(verdict), verdict.metric
    of_users = metric.value.ratio is None and metric.keys == ("user_id",)
    if of_users:
        by, metrics = ("user_id", "cost-total,calls") if metric.unit == "x" else ("", metrics)
    elif by and _is_mix(verdict):
        metrics += ",calls"
    why = verdict.metric in _WITH_CAUSES and bool(verdict.carriers)
    read, cut = [*inputs], list[str]()
    if (by or of_users or why) and scope.window.bounded:
        read, cut = _windows(verdict, scope, inputs, compare=by != "user_id")
        cut += ["--by", by] if by else []
    elif since := _since(verdict, scope):
        cut = ["--since", f"{since.astimezone(scope.tz):%Y-%m-%d}", "--by", _step(since, scope)]
    where = conditions(verdict, scope)
    command = ["aiopsctl", metric.dimension, *read, "--metrics", metrics]
    command += ["--where", " AND ".join(where)] if where else []
    return pasted(*command, *cut)


def _carrier(verdict: Verdict) -> str:
    """Return the dimension that carries the change, or an empty string."""
    return next((each.dimension for each in verdict.carriers if each.power >= TELLING and each.segments), "")


def _is_mix(verdict: Verdict) -> bool:
    """Return whether it is the mix of that dimension that carries the change: then its calls tell as much."""
    first = verdict.carriers[0]
    return first.mix is not None and abs(first.mix) > abs(first.total) / 2


def _windows(verdict: Verdict, scope: Scope, inputs: Sequence[str], *, compare: bool) -> tuple[list[str], list[str]]:
    """Return the inputs, and the options for exactly the window of a verdict and the one compared with.

    Whole days are written as dates; else the window ends now, or where the inputs say.
    """
    own, until = scope.window.since, scope.window.until
    if own is None or until is None:
        return [*inputs], []
    read, name = [*inputs], _PERIODS.get(verdict.window["name"], verdict.window["name"])
    at = read.index("--until") if "--until" in read else None
    if all(_is_midnight(when, scope) for when in (own, until)):
        read = read if at is None else [*read[:at], *read[at + 2 :]]
        found = ["--since", _instant(own, scope), "--until", _instant(until, scope)]
    else:
        is_named = at is None and name != "week" and span(name, until, scope.tz).since == own
        found = ["--since", name if is_named else _instant(own, scope)]
    before = scope.reference if compare else None
    if before and before.since and before.until:
        found += ["--compare", f"{_instant(before.since, scope)}..{_instant(before.until, scope)}"]
    return read, found


def _is_midnight(when: datetime, scope: Scope) -> bool:
    return when.astimezone(scope.tz).time() == time()


def _instant(when: datetime, scope: Scope) -> str:
    shown = when.astimezone(scope.tz)
    return f"{shown:%Y-%m-%d}" if _is_midnight(when, scope) else shown.isoformat()


def conditions(verdict: Verdict, scope: Scope) -> list[str]:
    """Return what the rows of a verdict have in common, as SQL."""
    own = [_equals(name, value) for name, value in verdict.slice.items() if name not in CALENDAR]
    return [*own, scope.where] if scope.where else own


def _since(verdict: Verdict, scope: Scope) -> datetime | None:
    """Return when the rows to show begin: before the change, where it is dated or the window before is compared with."""
    before = scope.reference
    told = before is not None and (verdict.changed_at or scope.reference_name == "previous")
    return before.since if before and told else scope.window.since


def _step(since: datetime, scope: Scope) -> str:
    return "week" if scope.window.until and scope.window.until - since > _MANY else "day"


def _equals(name: str, value: Any) -> str:
    if value is None:
        return f"{name} IS NULL"
    if isinstance(value, bool | int | float):
        return f"{name} = {str(value).lower()}"
    text = str(value).replace("'", "''")
    return f"{name} = '{text}'"


def pasted(*words: str) -> str:
    """Return the words of a command as a shell reads them."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if "'" not in word or "!" in word:
        return shlex.quote(word)
    return '"' + _ACTIVE.sub(r"\\\1", word) + '"'
