"""CSV (RFC 4180), one row a measurement, verdict or record of an analysis, full precision; text cannot become a spreadsheet formula."""

import csv
from io import StringIO
from typing import Any

from aiopsctl.formats.format import Format, Look
from aiopsctl.readable import cell
from aiopsctl.result import Measurement, Reference, Result, Verdict

_ON_DASHBOARD = {
    "dashboard": "group", "change": "change", "change_kind": "change_kind", "against": "against", "verdict": "status",
    "check": "check",
}  # fmt: skip
"""What the dashboard adds to its metrics, by the name of the column; the trend is in the JSON."""


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the records of an analysis, the verdicts of a check or the measurements, as CSV with a header."""
    if result.records is not None:
        return _records(result.records)
    items: list[Measurement | Verdict] = [*(result.measurements if result.checks is None else result.checks)]
    slices = list(dict.fromkeys([*result.by, *(name for item in items for name in item.slice)]))
    rows = [_measurement(item) if isinstance(item, Measurement) else _verdict(item) for item in items]
    own = list(_measurement(_NOTHING)) if result.checks is None else list(_verdict(_NO_VERDICT))
    first = own.index("metric") + 1
    tiles = {tile["metric"]: tile for tile in result.extra.get("dashboard", ())}
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    named = [f"by_{name}" if name in own else name for name in slices]
    writer.writerow([*own[:first], *named, *own[first:], *(_ON_DASHBOARD if tiles else ())])
    for item, row in zip(items, rows, strict=True):
        cells = list(row.values())
        sliced = (item.slice.get(name) for name in slices)
        on_dashboard = [tiles.get(item.metric, {}).get(key) for key in _ON_DASHBOARD.values()] if tiles else []
        writer.writerow([cell(c) for c in (*cells[:first], *sliced, *cells[first:], *on_dashboard)])
    return out.getvalue()


def _records(records: list[dict[str, Any]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(
        [list(records[0]), *([cell(value) for value in row.values()] for row in records)] if records else []
    )
    return out.getvalue()


def _measurement(m: Measurement) -> dict[str, Any]:
    return {
        "metric": m.metric,
        **_common(m),
        "unit": m.unit,
        **_before(m.reference),
        "status": m.status,
        "reason": m.reason,
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    limit, at = v.limit or {}, v.at or {}
    return {
        "id": v.id, "metric": v.metric, "status": v.status, **_common(v), "unit": v.unit, **_before(v.reference),
        "limit_kind": limit.get("kind"), "limit": limit.get("value"), "limit_mode": limit.get("mode"),
        "window": v.window.get("name"), "since": v.window.get("since"), "until": v.window.get("until"),
        "breached_since": v.breached_since, "reason": v.reason, "file": at.get("file"), "line": at.get("line"),
        "next": v.next, "runbook": v.runbook,
    }  # fmt: skip


def _common(item: Measurement | Verdict) -> dict[str, Any]:
    return {"value": item.value, "low": item.low, "high": item.high, "n": item.n}


def _before(reference: Reference | None) -> dict[str, Any]:
    if reference is None:
        return {"reference": None, "reference_n": None}
    return {"reference": reference.value, "reference_n": reference.n}


_NOTHING = Measurement("", {}, None, None, None, 0, "")
_NO_VERDICT = Verdict("", "", {}, "", None, None, None, 0, "", None, None, {}, None, None, None, None)

FORMAT = Format("csv", (".csv",), render)
