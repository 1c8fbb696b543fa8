"""`drift` as one answer: columns, signals, what carries them and what changed, for machines and for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from aiopsctl.analyses.drift.checklist import investigation, section
from aiopsctl.analyses.drift.columns import columns
from aiopsctl.analyses.drift.definitions import DEFINITIONS
from aiopsctl.analyses.drift.pages import sections
from aiopsctl.analyses.drift.signals import signals, told
from aiopsctl.analyses.drift.text import DEFINITIONS as OF_TEXT
from aiopsctl.analyses.drift.text import TEXTS, texts
from aiopsctl.analyses.drift.why import carriers, changes, verdicts
from aiopsctl.measure import Scope, iso
from aiopsctl.result import BREACH, FAIL_ON, Result
from aiopsctl.sources.log import Log
from aiopsctl.stats import text
from aiopsctl.views import account, nothing_found, refused, short, span_of
from aiopsctl.window import Window

_NO_TEXT = "no text was found: --map prompt=COLUMN says where it is"
_OF_TEXT = {name: f"{OF_TEXT[name]}; {words}" for name, words in text.DEFINITIONS.items()}


@dataclass(frozen=True)
class Ask:
    """What is asked of a log: two windows, where the last complete day ends, and whether to fill in the checklist.

    `with_text` says that text was asked for; `why` says why it is these windows, `inputs` are the words of the command line that say what is read.
    """

    scope: Scope
    complete: datetime
    why: str
    inputs: Sequence[str]
    investigate: bool = False
    with_text: bool = False


def drift(log: Log, ask: Ask) -> Result:
    """Return the answer: exit code 3 where a window has no rows, or nothing can be told."""
    scope, complete, why = ask.scope, ask.complete, ask.why
    events, unsliced = log.events, replace(scope, by=())
    notes = [*log.account.notes, *([_NO_TEXT] if ask.with_text and not set(TEXTS) & set(events.columns) else [])]
    base = Result("drift", 0, span_of(log, scope), account(log, unsliced), [], notes=notes)
    for window in (scope.window, scope.reference or Window()):
        own = replace(unsliced, window=window, reference=None)
        if not account(log, own).rows_used:
            return refused(base, nothing_found(log, own))
    found = signals(events, scope, complete)
    own_columns = columns(events, unsliced)
    alike = dict.fromkeys(own_columns[0]) if own_columns else {}
    own_columns += [alike | of for of in (texts(events, unsliced) if ask.with_text else ())]
    own_signals = told(found)
    seen = verdicts(own_signals, events, scope, ask.inputs)
    carried, moved = carriers(seen), changes(seen, events, unsliced)
    statuses = [each["status"] for each in (*own_columns, *own_signals)]
    verdict = "drift" if set(statuses) & set(BREACH) else "no drift" if set(statuses) - {"unknown"} else "not judged"
    steps = investigation(events, unsliced, complete, own_columns, moved) if ask.investigate else None
    extra = {
        "verdict": verdict, "compared_with": _compared(scope, why), "columns": own_columns, "signals": own_signals,
        "carriers": carried, "changes": moved, "investigation": steps, "definitions": DEFINITIONS | (_OF_TEXT if ask.with_text else {}),
    }  # fmt: skip
    shown = sections(own_columns, own_signals, carried, moved, _words(scope, why))
    result = replace(
        base, measurements=[signal.measured for signal in found], extra=extra, breaches=tuple(seen),
        sections=(*shown, section(steps)) if steps else shown,
        records=[_record(each) for each in (*own_signals, *own_columns)],
    )  # fmt: skip
    if verdict == "not judged":
        help = "compare longer windows (--since 28d --compare 2026-07..2026-10); -f json says what each lacks"
        return refused(result, f"error: too little in both windows to say anything\n  help: {help}")
    return result


def failed(result: Result, level: str) -> bool:
    """Return whether something drifted at or above a level (`critical`, `warning`; nothing does for `never`)."""
    every = (*result.extra.get("columns", ()), *result.extra.get("signals", ()))
    return any(each["status"] in FAIL_ON[level] for each in every)


def _compared(scope: Scope, why: str) -> dict[str, Any]:
    own = scope.reference or Window()
    return {
        "name": scope.reference_name, "since": iso(own.since, scope.tz), "until": iso(own.until, scope.tz),
        "why": why or None,
    }  # fmt: skip


def _words(scope: Scope, why: str) -> str:
    of = _compared(scope, why)
    return f"against {of['name']}, {short(of['since'])} to {short(of['until'])}" + (f": {why}" if why else "")


def _record(of: Any) -> dict[str, Any]:
    """Return a signal or a column as one flat row."""
    column = "column" in of
    ends = (of["mean"], of["mean_reference"]) if column else (of["value"], of["value_reference"])
    return {
        "kind": "column" if column else "signal", "name": of["column"] if column else of["metric"],
        "slice": "" if column else ", ".join(f"{k}={v}" for k, v in of["slice"].items()), "status": of["status"],
        "value": ends[0], "reference": ends[1], "n": of["n"], "n_reference": of["n_reference"],
        "p_adjusted": of["p_adjusted"], "changed_at": of["changed_at"], "tvd": of.get("tvd"), "psi": of.get("psi"),
        "js_distance": of.get("js_distance"), "slope_per_week": of.get("slope_per_week"), "reason": of["reason"],
    }  # fmt: skip
