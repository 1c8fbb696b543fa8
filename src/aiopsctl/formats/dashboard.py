"""The dashboard as a table: one row a metric, with its trend as a line of blocks and its verdict in a word."""

from typing import Any

from aiopsctl.formats.cells import Column, Row, Table, without_empty
from aiopsctl.formats.verdicts import SIGNS
from aiopsctl.readable import change_words, clean, interval, number, sparkline
from aiopsctl.result import Measurement, Result

_ROOMY = 130
"""From this width on, a day has a cell of its own."""


def dashboard(result: Result, room: int | None) -> Table:
    """Return the metrics of the dashboard that are known, by group."""
    tiles = result.extra["dashboard"]
    measured = {m.metric: m for m in on_page(result)}
    days = max((len(tile["trend"]) for tile in tiles), default=0)
    compared = any(m.reference for m in measured.values())
    columns = [Column("metric"), Column("value", right=True), Column("95 % interval", right=True, rank=3),
               Column("n", right=True, rank=2), Column("change" if compared else "7d change", right=True),
               Column(f"last {days} days", rank=1), Column("verdict")]  # fmt: skip
    groups: dict[str, list[Row]] = {}
    for tile in tiles:
        if tile["value"] is not None:
            cells = days if room is None or room >= _ROOMY else -(-days // 2)
            groups.setdefault(tile["group"], []).append(_row(tile, measured[tile["metric"]], cells))
    return without_empty(Table(columns, list(groups.items()), dense=True), {column.name for column in columns[2:]})


def _row(tile: dict[str, Any], m: Measurement, cells: int) -> Row:
    status = tile["status"] or ""
    return Row(
        (
            m.metric, number(m.value, m.unit) + (" ?" if m.status == "unknown" else ""),
            interval(m.low, m.high, m.unit), f"{m.n:,}", change_words(tile["change"], m.unit),
            sparkline([point["value"] for point in tile["trend"]], cells), f"{SIGNS[status]} {status}" if status else "",
        ),
        status if status not in ("", "ok") else "",
    )  # fmt: skip


def on_page(result: Result) -> list[Measurement]:
    """Return the measurements that the page shows: those of the dashboard where there is one, else all."""
    if "dashboard" not in result.extra:
        return result.measurements
    named = {tile["metric"] for tile in result.extra["dashboard"]}
    return [m for m in result.measurements if m.metric in named]


def breached(result: Result) -> list[str]:
    """Return the line that names the breaches of what the dashboard does not show."""
    shown = {m.metric for m in on_page(result)}
    found = {(v.status, v.id, v.metric): None for v in result.breaches if v.metric not in shown}
    named = [f"{SIGNS[status]} {status} {_name(id, metric)}" for status, id, metric in sorted(found)]
    return [f"also in breach: {', '.join(named)}"] if named else []


def _name(id: str, metric: str) -> str:
    return metric if id == metric else f"{clean(id)} ({metric})"
