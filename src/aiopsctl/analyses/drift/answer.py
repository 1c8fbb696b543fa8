"""`drift` as one answer: columns, signals, what carries them and what changed, for machines and for people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiopsctl.analyses.drift.checklist import investigation, section
from aiopsctl.analyses.drift.columns import columns
from aiopsctl.analyses.drift.moves import ALPHA, DOF, DRIFTED, EVENTS, USERS
from aiopsctl.analyses.drift.pages import sections
from aiopsctl.analyses.drift.signals import SURE, WEEKS, signals, told
from aiopsctl.analyses.drift.tails import FEWEST
from aiopsctl.analyses.drift.why import carriers, changes, verdicts
from aiopsctl.measure import Scope, iso
from aiopsctl.result import Result
from aiopsctl.sources.log import Log
from aiopsctl.stats import breakpoints, distance, trend
from aiopsctl.views import account, nothing_found, refused, short, span_of
from aiopsctl.window import Window

DEFINITIONS = {
    **distance.DEFINITIONS,
    **trend.DEFINITIONS,
    "cost_usd": "costs are counted in whole nano-dollars, rounded to four significant digits",
    "change": "of numbers the relative change of the mean, of ordinals its difference, of categories the tvd",
    "p_adjusted": "of a change of the mean, or of the share that moved most times the number of shares, with the calls of a "
    "user as dependent and days that wander; of columns corrected by Holm, of signals by Benjamini and Hochberg, the "
    "whole and the slices apart",
    "status": f"warning and critical where p_adjusted is at most {ALPHA}, the change is past its gate, and is not that of one "
    "user or day: columns tvd 10 and 20 points or mean 10 and 20 %; rates 3 and 5 points, rare ones 0.5 points and 1.5 "
    "times, 1 point and 2 times; scores 0.15 and 0.3; tickets 50 and 100 %. Unknown below "
    f"{EVENTS} events (categories: 200), {USERS} users or {DOF} degrees of freedom, and where the 95 % interval reaches a critical change; distances alone decide nothing",
    "tail": "of tokens and latencies the share of events beyond what 95 % did not exceed in the reference (inverted "
    "distribution function), one-sided, tested as a mean is; warning from 2.5 points and 1.5 times, critical from 5 points "
    f"and twice what it was (5 % where values differ), {FEWEST} events in both windows; judged_by: what gives a column its "
    "status, the worse of the two",
    "detectable": "the smallest change that would be seen 8 times in 10, one-sided at p_adjusted's limit",
    "label": f"sustained rise or decline where the trend of up to {WEEKS} complete weeks has kendall_p of at most {SURE} in the "
    f"harmful direction, and the change is no step; one with p of at most {SURE} is a change whatever p_adjusted is",
    "changed_at": "the day of the least-squares break of daily means, weekdays allowed for, in level or into a slope; of "
    "several breaks the largest in the direction of the change",
    "changes_at": breakpoints.DEFINITION,
}
"""What the numbers are, where others might mean something else."""


@dataclass(frozen=True)
class Ask:
    """What is asked of a log: two windows, where the last complete day ends, and whether to fill in the checklist.

    `why` says why it is these windows, `inputs` are the words of the command line that say what is read.
    """

    scope: Scope
    complete: datetime
    why: str
    inputs: Sequence[str]
    investigate: bool = False


def drift(log: Log, ask: Ask) -> Result:
    """Return the answer: exit code 3 where a window has no rows, or nothing can be told."""
    scope, complete, why = ask.scope, ask.complete, ask.why
    events, unsliced = log.events, replace(scope, by=())
    base = Result("drift", 0, span_of(log, scope), account(log, unsliced), [], notes=list(log.account.notes))
    for window in (scope.window, scope.reference or Window()):
        own = replace(unsliced, window=window, reference=None)
        if not account(log, own).rows_used:
            return refused(base, nothing_found(log, own))
    found = signals(events, scope, complete)
    own_columns, own_signals = columns(events, unsliced), told(found)
    seen = verdicts(own_signals, events, scope, ask.inputs)
    carried, moved = carriers(seen), changes(seen, events, unsliced)
    statuses = [each["status"] for each in (*own_columns, *own_signals)]
    verdict = "drift" if set(statuses) & set(DRIFTED) else "no drift" if set(statuses) - {"unknown"} else "not judged"
    steps = investigation(events, unsliced, complete, own_columns, moved) if ask.investigate else None
    extra = {
        "verdict": verdict, "compared_with": _compared(scope, why), "columns": own_columns, "signals": own_signals,
        "carriers": carried, "changes": moved, "investigation": steps, "definitions": DEFINITIONS,
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
    levels = {"never": (), "critical": DRIFTED[:1], "warning": DRIFTED}[level]
    every = (*result.extra.get("columns", ()), *result.extra.get("signals", ()))
    return any(each["status"] in levels for each in every)


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
