"""The tables of a result, for every format that shows tables to people."""

from collections.abc import Iterable
from itertools import groupby

from aiopsctl import catalog
from aiopsctl.formats.cells import NONE, Column, Row, Table, without_empty
from aiopsctl.formats.dashboard import breached, dashboard, on_page
from aiopsctl.formats.verdicts import SIGNS, counted, verdicts
from aiopsctl.readable import change, clean, interval, number, plural
from aiopsctl.result import STATUSES, Measurement, Result, Section
from aiopsctl.views import short

STYLES = {"critical": "bold red", "warning": "yellow", "unknown": "magenta", "ok": "green"}
_SMALL = 30
_LONGEST = 2000
_COUNTS = ("calls", "events", "users")


def header(result: Result) -> list[str]:
    """Return the lines that every answer begins with: window, zone, and the account of the rows."""
    data, window = result.data, result.window
    span = f"{short(window.since)} to {short(window.until)} {window.tz}" if window.since else f"no times, {window.tz}"
    kinds = (
        (data.calls, "call", "calls"),
        (data.feedback, "feedback", "feedback"),
        (data.activity, "activity", "activity"),
    )
    used = ", ".join(plural(count, noun, many) for count, noun, many in kinds if count or noun == "call")
    formats = ", ".join(f"{count} {clean(name)}" for name, count in sorted(data.sources.items()))
    formats = clean(next(iter(data.sources))) if len(data.sources) == 1 else formats or "empty"
    left = ((data.rows_rejected, "rejected"), (data.rows_duplicate, "duplicate"), (data.rows_filtered, "filtered"),
            (data.unpriced_calls, "unpriced"))  # fmt: skip
    return [
        f"aiopsctl {result.command}   {span}{' (partial)' if window.partial else ''}",
        f"{data.rows_used:,} of {plural(data.rows_read, 'row')} used: {used}",
        f"{', '.join(f'{count:,} {word}' for count, word in left)}; {plural(data.files, 'file')} ({formats})",
    ]


def tables(result: Result, room: int | None = None) -> list[Table]:
    """Return the tables of the result: verdicts for a check, the dashboard, else measurements by metric or by slice.

    `room` is how wide the reader is, None where nothing is cut.
    """
    sections = _sections(result.sections)
    if sections and not result.measured:
        return sections
    if result.checks is not None:
        return [verdicts(result.checks, everything=result.everything)]
    if "dashboard" in result.extra:
        return [dashboard(result, room), *sections]
    return [_by_slice(result) if result.by else _by_metric(result), *sections]


def _sections(sections: Iterable[Section]) -> list[Table]:
    """Return the tables of an analysis; what follows in the same columns is one table."""
    alike = groupby(sections, key=lambda section: section.columns)
    return [
        Table(own[0].columns, [g for t in own for g in t.groups]) for own in ([*map(_section, of)] for _, of in alike)
    ]


def _section(section: Section) -> Table:
    """Return the table of an analysis; numbers stand right."""
    ranks = {name: rank for rank, name in enumerate(section.spare, start=1)}
    right = [all(isinstance(row[i], int | float | None) for row in section.rows) for i in range(len(section.columns))]
    columns = [
        Column(clean(name), right=is_right or name in section.right, rank=ranks.get(name, 0))
        for name, is_right in zip(section.columns, right, strict=True)
    ]
    return Table(columns, [(clean(section.title, _LONGEST), [_row(section, row) for row in section.rows])])


def _row(section: Section, row: tuple[object, ...]) -> Row:
    """Return a row of an analysis; a status has its sign, and where it stands first the style of a verdict."""
    cells = [_shown(value) for value in row]
    if "status" not in section.columns:
        return Row(tuple(cells))
    at = section.columns.index("status")
    status = str(row[at])
    cells[at] = f"{SIGNS[status]} {status}" if status in SIGNS else cells[at]
    return Row(tuple(cells), status if not at and status != "ok" else "")


def _shown(value: object) -> str:
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else clean(value)


def closing(result: Result) -> list[str]:
    """Return the lines below the tables: what is unknown and why, or the verdict."""
    if result.sections and not result.measured:
        return []
    if result.checks is None or result.counts is None:
        own = on_page(result)
        return [*_remarks(own), *_unknown(own), *breached(result)]
    passed = result.counts.get("ok", 0)
    hidden = passed and passed < len(result.checks) and not result.everything
    listed = [f"✔ {passed} passed (--all lists them)"] if hidden else []
    return [*listed, f"{result.verdict}: {counted(result)}   exit {result.exit_code}"]


def next_command(result: Result) -> str:
    """Return the one command that follows from the worst verdict, else from the answer, or an empty string."""
    ordered = sorted(result.checks or result.breaches, key=lambda check: STATUSES.index(check.status))
    return clean(next((check.next for check in ordered if check.next), result.next), _LONGEST)


def _by_metric(result: Result) -> Table:
    columns = [Column("metric"), Column("value", right=True), Column("95 % interval", right=True, rank=3),
               Column("n", right=True, rank=1), Column("before", right=True, rank=2),
               Column("change", right=True)]  # fmt: skip
    groups: dict[str, list[Row]] = {}
    for m in result.measurements:
        if m.value is not None:
            groups.setdefault(catalog.metric(m.metric).dimension, []).append(_metric_row(m))
    return without_empty(Table(columns, list(groups.items())), {"95 % interval", "before", "change"})


def _metric_row(m: Measurement) -> Row:
    before = m.reference.value if m.reference else None
    moved = (number(before, m.unit), change(m.value, before, m.unit)) if m.reference else ("", "")
    cells = (m.metric, _value(m), interval(m.low, m.high, m.unit), f"{m.n:,}", *moved)
    return Row(cells, m.status if m.status == "unknown" else "")


def _by_slice(result: Result) -> Table:
    known = {m.metric for m in result.measurements if m.value is not None}
    names = [name for name in dict.fromkeys(m.metric for m in result.measurements) if name in known]
    ranks = _ranks(names)
    columns = [Column(name) for name in result.by] + [
        Column(name, right=True, rank=ranks[name], tall=True) for name in names
    ]
    slices: dict[tuple[object, ...], dict[str, Measurement]] = {}
    for m in result.measurements:
        slices.setdefault(tuple(m.slice.values()), {})[m.metric] = m
    rows = [
        Row(
            (*(NONE if part is None else clean(part) for part in key), *(_moved(of.get(name)) for name in names)),
            faint=frozenset(len(key) + at for at, name in enumerate(names) if _is_small(of.get(name))),
        )
        for key, of in slices.items()
    ]
    return Table(columns, [("", rows if names else [])])


def _ranks(names: Iterable[str]) -> dict[str, int]:
    """Return how soon each metric's column may go: headlines last, before them what has limits, then what is shown daily."""
    metrics = [catalog.metric(name) for name in names]
    ordered = sorted(metrics, key=lambda m: (not m.headline, not m.thresholds, m.dashboard is None))
    return {metric.name: rank for rank, metric in enumerate(ordered)}


def _value(m: Measurement | None) -> str:
    if m is None or m.value is None:
        return "?"
    return number(m.value, m.unit) + (" ?" if m.status == "unknown" else "")


def _moved(m: Measurement | None) -> str:
    """Return a value, and behind it of how few events it is, and how far it is from the window compared with."""
    since = change(m.value, m.reference.value, m.unit) if m and m.reference else ""
    told = ", ".join(part for part in (f"n {m.n:,}" if m and _is_small(m) else "", since) if part)
    return f"{_value(m)} ({told})" if told else _value(m)


def _is_small(m: Measurement | None) -> bool:
    """Return whether a value rests on so few events that it says little; a count says what it says."""
    return m is not None and m.value is not None and m.n < _SMALL and m.unit not in _COUNTS


def _remarks(measurements: Iterable[Measurement]) -> list[str]:
    found = _by_reason(m for m in measurements if m.value is not None)
    return [f"note: {names}: {reason}" for reason, names in found.items()]


def _unknown(measurements: Iterable[Measurement]) -> list[str]:
    every = list(measurements)
    known = {m.metric for m in every if m.value is not None}
    found = _by_reason(m for m in every if m.metric not in known)
    return [f"unknown: {names} ({reason})" for reason, names in found.items()]


def _by_reason(measurements: Iterable[Measurement]) -> dict[str, str]:
    reasons: dict[str, dict[str, None]] = {}
    for m in measurements:
        if m.reason:
            reasons.setdefault(clean(m.reason), {})[m.metric] = None
    return {reason: ", ".join(names) for reason, names in reasons.items()}
