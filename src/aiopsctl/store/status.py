"""What a store holds, for people and machines."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiopsctl.result import Data, Result, Section, Span
from aiopsctl.store.manifest import Manifest, Unit


def status_of(manifest: Manifest, problem: str, folder: Path, forgotten: int | None) -> Result:
    """Return the sources of a store with how far each was read, and its rows, days and bytes."""
    days = [day for day in manifest.days.values() if day.final]
    rows = sum(day.final.rows for day in days if day.final)
    since = min((day.since for day in days if day.since is not None), default=None)
    until = max((day.until for day in days if day.until is not None), default=None)
    told: dict[str, Any] = {
        "folder": str(folder), "rows": rows, "duplicates": sum(day.duplicates for day in days),
        "days": len([name for name in manifest.days if name]), "bytes": sum(s.bytes for s in manifest.segments()),
        "since": _iso(since), "until": _iso(until), "problem": problem or None, "pruned": forgotten,
        "files": [_file(unit) for unit in manifest.units],
    }  # fmt: skip
    about = (
        ("rows", f"{rows:,}"), ("duplicates left out", f"{told['duplicates']:,}"), ("days", f"{told['days']:,}"),
        ("from", _iso(since)), ("to", _iso(until)), ("MB", f"{told['bytes'] / 1e6:,.1f}"),
    )  # fmt: skip
    files = tuple(
        (f["path"], f["format"], f["rows"], f["rejected"], f["read_bytes"], f["state"]) for f in told["files"]
    )
    sections = (
        Section("Store", ("what", "value"), (("folder", str(folder)), *about), right=("value",)),
        Section("Files", ("file", "format", "rows", "rejected", "bytes read", "state"), files),
    )
    notes = [f"{problem}; what is missing is read again at the next reading"] if problem else []
    notes += [f"{forgotten:,} rows forgotten"] if forgotten is not None else []
    return Result("ingest", 0, Span(_iso(since), _iso(until), "UTC"), _data(manifest, rows), [], notes=notes,
                  extra={"store": told}, sections=sections, records=told["files"])  # fmt: skip


def _file(unit: Unit) -> dict[str, Any]:
    read = unit.account["read"]
    return {
        "path": unit.shown, "format": unit.source, "rows": sum(each["rows"] for each in read),
        "rejected": sum(each["rejected"] for each in read), "read_bytes": unit.stop,
        "state": "gone" if unit.gone else "grows" if unit.grows else "whole",
    }  # fmt: skip


def _data(manifest: Manifest, rows: int) -> Data:
    accounts = [unit.account for unit in manifest.units]
    read, rejected = (sum(each[name] for each in accounts) for name in ("rows_read", "rows_rejected"))
    duplicates = sum(day.duplicates for day in manifest.days.values())
    sources: dict[str, int] = {}
    for unit in manifest.units:
        sources[unit.source] = sources.get(unit.source, 0) + 1
    read -= manifest.pruned
    return Data(
        files=len(manifest.units), rows_read=read, rows_used=rows, rows_rejected=rejected, rows_duplicate=duplicates,
        rows_filtered=read - rows - rejected - duplicates, calls=0, feedback=0, activity=0, unpriced_calls=0,
        feedback_joined_ratio=None, fields_rejected=sum(sum(each["field_errors"].values()) for each in accounts),
        rejected={}, sources=sources,
    )  # fmt: skip


def _iso(us: int | None) -> str | None:
    if us is None:
        return None
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)).isoformat()
