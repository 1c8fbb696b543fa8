"""The verdicts of a check as a table."""

from aiopsctl.formats.cells import NONE, Column, Row, Table, without_empty
from aiopsctl.formats.explained import explanation
from aiopsctl.readable import clean, interval, number
from aiopsctl.result import STATUSES, Result, Verdict

SIGNS = {"ok": "✔", "warning": "▲", "critical": "✖", "unknown": "?", "skipped": NONE, "blind": "○", "muted": "♪"}


def verdicts(checks: list[Verdict], *, everything: bool) -> Table:
    """Return the verdicts, the worst first; those that passed only where nothing else is to tell, or all are asked for."""
    columns = [Column("status"), Column("check"), Column("slice"), Column("value", right=True),
               Column("95 % interval", right=True, rank=1, under=True), Column("n", right=True, under=True),
               Column("over", rank=2, under=True), Column("reason", under=True),
               Column("since", under=True), Column("at", rank=3, under=True), Column("runbook", rank=4, under=True)]  # fmt: skip
    bad = [check for check in checks if check.status != "ok"]
    ordered = sorted(checks if everything or not bad else bad, key=lambda c: STATUSES.index(c.status))
    table = Table(columns, [("", [_verdict_row(check) for check in ordered])])
    return without_empty(table, {column.name for column in columns if column.under})


def name(check: Verdict) -> str:
    """Return what a verdict is called: the check, and the metric where that has another name."""
    return check.metric if check.id == check.metric else f"{clean(check.id)} ({check.metric})"


def slice_of(check: Verdict, comma: str = ", ") -> str:
    """Return the slice that was judged: `feature=draft`, or `all`."""
    return comma.join(f"{clean(k)}={NONE if v is None else clean(v)}" for k, v in check.slice.items()) or "all"


def counted(result: Result) -> str:
    """Return how many verdicts are what, the worst first: `1 critical, 16 ok`."""
    counts = result.counts or {}
    return ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts.get(s)) or "nothing to judge"


def _verdict_row(check: Verdict) -> Row:
    at = f"{clean(check.at['file'])}:{check.at['line']}" if check.at else ""
    value = number(check.value, check.unit) if check.value is not None else ""
    spread = interval(check.low, check.high, check.unit)
    n = f"{check.n:,}" if check.n else ""
    over = f"{check.window['name']}{' to date' if check.window.get('partial') else ''}"
    over = over if check.window.get("since", "") is not None else "all rows"
    reason = clean(check.reason or "")
    since, runbook = check.breached_since or "", clean(check.runbook or "")
    cells = (
        f"{SIGNS[check.status]} {check.status}", name(check), slice_of(check), value, spread, n, over, reason, since, at,
        runbook,
    )  # fmt: skip
    under = (
        ("reason", reason), ("95 % interval", spread), ("n", f"n {n}" if n else ""), ("over", f"over {over}"),
        ("since", f"since {since}" if since else ""), ("at", at), ("runbook", runbook),
    )  # fmt: skip
    return Row(cells, check.status, under, below=tuple(explanation(check)))
