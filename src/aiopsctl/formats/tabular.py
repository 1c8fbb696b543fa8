"""The tables of a result, for every format that shows tables to people."""

from dataclasses import dataclass, field

from aiopsctl import catalog
from aiopsctl.formats.words import change, clean, interval, number, plural
from aiopsctl.result import Measurement, Result, Verdict

_SIGNS = {"ok": "✔", "warning": "▲", "critical": "✖", "unknown": "?", "skipped": "–", "blind": "○", "muted": "♪"}
_ORDER = ("critical", "warning", "unknown", "blind", "skipped", "muted", "ok")
STYLES = {"critical": "bold red", "warning": "yellow", "unknown": "magenta", "ok": "green"}


@dataclass(frozen=True)
class Column:
    """One column: where it stands when there is no room for all (`rank`: the highest go first), and its alignment."""

    name: str
    right: bool = False
    rank: int = 0


@dataclass(frozen=True)
class Row:
    """Cells, and the style of the row in words (a status)."""

    cells: tuple[str, ...]
    status: str = ""


@dataclass
class Table:
    """A titled table; `groups` are runs of rows under a heading."""

    columns: list[Column]
    groups: list[tuple[str, list[Row]]] = field(default_factory=list)


def header(result: Result) -> list[str]:
    """Return the lines that every answer begins with: window, zone, and the account of the rows."""
    data, window = result.data, result.window
    span = f"{_short(window.since)} to {_short(window.until)}" if window.since else "all rows, no times"
    used = ", ".join(
        plural(count, noun, many)
        for count, noun, many in (
            (data.calls, "call", "calls"), (data.feedback, "feedback row", ""), (data.activity, "activity row", ""),
        )
        if count or noun == "call"
    )  # fmt: skip
    account = [
        f"{data.rows_rejected:,} rejected", f"{data.rows_duplicate:,} duplicate", f"{data.rows_filtered:,} filtered",
        f"{data.unpriced_calls:,} unpriced",
    ]  # fmt: skip
    formats = ", ".join(f"{count} {clean(name)}" for name, count in sorted(data.sources.items()))
    return [
        f"aiopsctl {result.command}   {span} {window.tz}",
        f"{used} of {plural(data.rows_read, 'row')} ({', '.join(account)}) in {plural(data.files, 'file')} ({formats})",
    ]


def _short(iso: str | None) -> str:
    return "?" if iso is None else iso[:16].replace("T", " ")


def tables(result: Result) -> list[Table]:
    """Return the tables of the result: verdicts for a check, else measurements by metric or by slice."""
    if result.checks is not None:
        return [_verdicts(result.checks, everything=result.everything)]
    return [_by_slice(result) if result.by else _by_metric(result)]


def closing(result: Result) -> list[str]:
    """Return the lines below the tables: what is unknown and why, the verdict, and the next command."""
    lines = []
    if result.checks is None:
        lines += _unknown(result)
    elif result.counts is not None:
        counted = ", ".join(f"{result.counts[s]} {s}" for s in _ORDER if result.counts.get(s))
        passed = result.counts.get("ok", 0)
        hidden = passed and passed < len(result.checks) and not result.everything
        lines += [f"✔ {passed} passed (--all lists them)"] if hidden else []
        lines.append(f"{result.verdict}: {counted or 'nothing to judge'}   exit {result.exit_code}")
        lines += [f"next: {check.next}" for check in result.checks if check.next][:1]
    return lines + ([f"next: {result.next}"] if result.next else [])


def _by_metric(result: Result) -> Table:
    compared = any(m.reference for m in result.measurements)
    columns = [Column("metric"), Column("value", right=True), Column("95 % interval", right=True, rank=3),
               Column("n", right=True, rank=1)]  # fmt: skip
    if compared:
        columns += [Column("before", right=True, rank=1), Column("change", right=True)]
    columns.append(Column("note", rank=4))
    table = Table(columns)
    known = [m for m in result.measurements if m.value is not None]
    for dimension in dict.fromkeys(catalog.metric(m.metric).dimension for m in known):
        rows = [_metric_row(m, compared=compared) for m in known if catalog.metric(m.metric).dimension == dimension]
        table.groups.append((dimension, rows))
    return table


def _metric_row(m: Measurement, *, compared: bool) -> Row:
    before = (number(m.reference.value, m.unit), change(m.value, m.reference.value, m.unit)) if m.reference else ("", "")
    value = number(m.value, m.unit) + (" ?" if m.status == "unknown" else "")
    cells = (m.metric, value, interval(m.low, m.high, m.unit), f"{m.n:,}", *(before if compared else ()), m.reason or "")
    return Row(cells, m.status if m.status == "unknown" else "")


def _by_slice(result: Result) -> Table:
    names = [name for name in dict.fromkeys(m.metric for m in result.measurements)
             if any(m.metric == name and m.value is not None for m in result.measurements)]  # fmt: skip
    columns = [Column(name) for name in result.by] + [Column(name, right=True, rank=i) for i, name in enumerate(names)]
    slices: dict[tuple[object, ...], dict[str, Measurement]] = {}
    for m in result.measurements:
        slices.setdefault(tuple(m.slice.values()), {})[m.metric] = m
    rows = [
        Row((*("–" if part is None else clean(part) for part in key), *(_cell(of.get(name)) for name in names)))
        for key, of in slices.items()
    ]
    return Table(columns, [("", rows)])


def _cell(m: Measurement | None) -> str:
    if m is None or m.value is None:
        return "?"
    return number(m.value, m.unit) + ("?" if m.status == "unknown" else "")


def _unknown(result: Result) -> list[str]:
    reasons: dict[str, list[str]] = {}
    known = {m.metric for m in result.measurements if m.value is not None}
    for m in result.measurements:
        if m.metric not in known:
            names = reasons.setdefault(m.reason or "unknown", [])
            names += [m.metric] if m.metric not in names else []
    return [f"unknown: {', '.join(names)} ({reason})" for reason, names in reasons.items()]


def _verdicts(checks: list[Verdict], *, everything: bool) -> Table:
    columns = [Column("status"), Column("check"), Column("slice"), Column("value", right=True),
               Column("95 % interval", right=True, rank=3), Column("n", right=True, rank=2), Column("over", rank=4),
               Column("reason", rank=1), Column("at", rank=5)]  # fmt: skip
    bad = [check for check in checks if check.status != "ok"]
    shown = checks if everything or not bad else bad
    ordered = sorted(shown, key=lambda c: _ORDER.index(c.status))
    return Table(columns, [("", [_verdict_row(check) for check in ordered])])


def _verdict_row(check: Verdict) -> Row:
    where = ", ".join(f"{clean(k)}={'–' if v is None else clean(v)}" for k, v in check.slice.items()) or "all"
    at = f"{clean(check.at['file'])}:{check.at['line']}" if check.at else ""
    name = check.metric if check.id == check.metric else f"{clean(check.id)} ({check.metric})"
    value = number(check.value, check.unit) if check.value is not None else ""
    cells = (f"{_SIGNS[check.status]} {check.status}", name, where, value, interval(check.low, check.high, check.unit),
             f"{check.n:,}", check.window["name"], check.reason or "", at)  # fmt: skip
    return Row(cells, check.status)
