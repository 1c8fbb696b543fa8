"""A verdict as a finding: what the formats that only a check has say of it."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from json import dumps

from aiopsctl.formats.explained import explanation
from aiopsctl.formats.verdicts import counted, name, slice_of
from aiopsctl.readable import clean, interval, number
from aiopsctl.result import STATUSES, Result, Verdict

_LONGEST = 2000


def findings(result: Result) -> list[Verdict]:
    """Return the verdicts, the worst first; those that passed only where all are asked for."""
    checks = [check for check in result.checks or () if result.everything or check.status != "ok"]
    return sorted(checks, key=lambda check: STATUSES.index(check.status))


def subject(check: Verdict) -> str:
    """Return what was judged: `thumbs-up (thumbs-up-rate), feature=draft`."""
    return f"{name(check)}, {slice_of(check)}" if check.slice else name(check)


def words(check: Verdict) -> str:
    """Return the value and why it is judged so; a reason that begins with the value says it once."""
    value = number(check.value, check.unit) if check.value is not None else ""
    reason = clean(check.reason or "", _LONGEST)
    return (reason if reason.startswith(value) else f"{value} {reason}").strip() or value or "?"


def details(check: Verdict) -> list[str]:
    """Return the lines that say on what a verdict rests, and what to do next."""
    spread = interval(check.low, check.high, check.unit)
    facts = (f"95 % interval {spread}" if spread else "", f"n {check.n:,}", f"over {check.window['name']}",
             f"since {check.breached_since}" if check.breached_since else "", place(check))  # fmt: skip
    onward = (("next", check.next), ("runbook", check.runbook))
    return [
        ", ".join(fact for fact in facts if fact),
        *explanation(check),
        *(f"{key}: {clean(of, _LONGEST)}" for key, of in onward if of),
    ]


def place(check: Verdict) -> str:
    """Return `file:line` of the check in the config, or nothing for a limit of the handbook."""
    return f"{clean(check.at['file'])}:{check.at['line']}" if check.at else ""


def unjudged(result: Result) -> str:
    """Return why a run is not judged where none of its verdicts says so, else an empty string.

    It was refused, or what is required was skipped: without this a document of findings would look like a pass.
    """
    if result.verdict != "not judged" or any(check.status == "unknown" for check in result.checks or ()):
        return ""
    refused = [note.removeprefix("error: ").split("\n")[0] for note in result.notes if note.startswith("error: ")]
    return clean(refused[-1] if refused else counted(result), _LONGEST)


def fingerprints(checks: Iterable[Verdict]) -> list[str]:
    """Return one stable name each: the same in every run, whatever the value, the window's date or the line."""
    keys = [dumps([c.id, c.metric, c.window["name"], c.slice], default=str) for c in checks]
    return [sha256(f"{key}{again or ''}".encode()).hexdigest() for key, again in zip(keys, repeats(keys), strict=True)]


def repeats(keys: Iterable[object]) -> list[int]:
    """Return for each key how often it stood before."""
    seen: Counter[object] = Counter()
    found = []
    for key in keys:
        found.append(seen[key])
        seen[key] += 1
    return found
