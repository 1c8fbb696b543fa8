"""The tables that reports have of their own: verdicts, metrics, features, what to do next."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiopsctl import catalog
from aiopsctl.formats.explained import explanation
from aiopsctl.formats.pages import COMMAND
from aiopsctl.formats.verdicts import SIGNS, name, slice_of
from aiopsctl.page import Section
from aiopsctl.readable import change, change_words, clean, interval, number
from aiopsctl.reports.found import Found
from aiopsctl.result import STATUSES, Measurement, Verdict

_MOST = 40
_LONGEST = 600


def title(metric: str) -> str:
    """Return what a metric is called, with a capital."""
    words = catalog.metric(metric).title
    return f"{words[:1].upper()}{words[1:]}"


def worst_first(checks: Iterable[Verdict]) -> list[Verdict]:
    """Return verdicts, the worst first."""
    return sorted(checks, key=lambda check: STATUSES.index(check.status))


def verdicts(found: Found, checks: Sequence[Verdict], heading: str = "") -> Section:
    """Return verdicts with why, the worst first, and who is asked."""
    rows = [
        (signed(v.status), name(v), slice_of(v), number(v.value, v.unit) if v.value is not None else "", _why(v), owner(found, v))
        for v in worst_first(checks)[:_MOST]
    ]  # fmt: skip
    return without_empty(
        Section(heading, ("status", "check", "slice", "value", "why", "owner"), tuple(rows), ("value",))
    )


def signed(status: str | None) -> str:
    """Return a status with its sign; nothing for none."""
    return f"{SIGNS[status]} {status}" if status in SIGNS else status or ""


def owner(found: Found, check: Verdict) -> str:
    """Return who is asked of what a verdict is about: the owner of its feature."""
    return clean(found.owners.get(str(check.slice.get("feature")), ""))


def _why(check: Verdict) -> str:
    since = f"since {check.breached_since}" if check.breached_since else ""
    return "; ".join(part for part in (clean(check.reason or "", _LONGEST), since, *explanation(check)) if part)


def without_empty(section: Section) -> Section:
    """Return a table without the columns in which no row says anything; the first stays."""
    kept = [i for i in range(len(section.columns)) if not i or any(row[i] not in ("", None) for row in section.rows)]
    rows = tuple(tuple(row[i] for i in kept) for row in section.rows)
    return Section(section.title, tuple(section.columns[i] for i in kept), rows, section.right)


def metrics(found: Found, names: Sequence[str], heading: str = "") -> Section | None:
    """Return metrics of the whole with interval, change and verdict; None where all of them are unknown."""
    tiles = {tile["metric"]: tile for tile in found.measured.extra.get("dashboard", ())}
    worst = {v.metric: v.status for v in reversed(worst_first(found.check.checks or ()))}
    rows = []
    for metric in names:
        m = found.metric(metric)
        if m is not None:
            tile, status = tiles.get(metric), worst.get(metric)
            moved = change_words(tile["change"], m.unit) if tile else _since(m)
            told = signed(status) if status in ("critical", "warning", "ok", "blind") else ""
            rows.append((title(metric), _value(m), interval(m.low, m.high, m.unit), m.n, moved, told))
    columns = ("metric", "value", "95 % interval", "n", f"change{against(found)}", "check")
    section = Section(heading, columns, tuple(rows), ("value", "95 % interval", columns[4]))
    return without_empty(section) if rows else None


def against(found: Found) -> str:
    """Return what a change is against, in words."""
    tiles = found.measured.extra.get("dashboard", ())
    name = next((tile["against"] for tile in tiles if tile["against"]), None)
    return {None: "", "7d": ", last 7 days", "previous": " from the window before"}.get(name, f" from {name}")


def _since(m: Measurement) -> str:
    return change(m.value, m.reference.value, m.unit) if m.reference else ""


def _value(m: Measurement) -> str:
    return f"{number(m.value, m.unit)}{' ?' if m.status == 'unknown' else ''}"


def by_slice(cut: Sequence[Measurement], names: Sequence[str], heading: str, most: int = 15) -> Section | None:
    """Return metrics of each slice, those with most events first; None where there is one slice at most."""
    slices: dict[str, dict[str, Measurement]] = {}
    for m in cut:
        if m.slice and m.value is not None:
            label = ", ".join("\N{EN DASH}" if part is None else clean(part, 60) for part in m.slice.values())
            slices.setdefault(label, {})[m.metric] = m
    known = [n for n in names if any(n in own for own in slices.values())]
    kept = {label: own for label, own in slices.items() if any(n in own for n in known)}
    if len(kept) < 2 or not known:
        return None
    ordered = sorted(kept.items(), key=lambda item: -max(m.n for m in item[1].values()))
    rows = [(label, *(_short(own.get(n)) for n in known)) for label, own in ordered[:most]]
    column = next(iter(cut[0].slice), "slice").replace("_", " ")
    heads = tuple(title(n) for n in known)
    return Section(heading, (column, *heads), tuple(rows), heads)


def _short(m: Measurement | None) -> str:
    return _value(m) + (f" (n {m.n:,})" if m.n < 30 and m.unit not in ("calls", "events", "users") else "") if m else ""


def onward(found: Found, checks: Sequence[Verdict]) -> Section | None:
    """Return what to do next: of each breach who is asked, what for, and the command that shows its rows."""
    rows: list[tuple[Any, ...]] = []
    for v in worst_first(checks):
        if v.status in ("critical", "warning"):
            what = f"{title(v.metric)}{f' of {slice_of(v)}' if v.slice else ''}"
            rows.append((signed(v.status), what, owner(found, v), clean(v.runbook or ""), clean(v.next or "", 2000)))
    if not rows:
        return None
    return without_empty(Section("", ("status", "look at", "owner", "runbook", COMMAND), tuple(rows[:_MOST])))
