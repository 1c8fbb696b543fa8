"""Writes the sample logs, the same bytes for the same seed."""

import gzip
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from aiopsctl.demo.activity import activity
from aiopsctl.demo.calls import Call, answered, asks
from aiopsctl.demo.config import config
from aiopsctl.demo.faults import (
    FAULTS,
    PROMPT_GROWS,
    RATE_LIMIT_HOUR,
    RATINGS_FALL,
    USER_LOOPS,
    Fault,
    Window,
    last_days,
    page,
)
from aiopsctl.demo.feedback import feedback, tickets
from aiopsctl.demo.panel import reviews, surveys
from aiopsctl.demo.planted import grown, limited, looped
from aiopsctl.demo.rows import Row, row
from aiopsctl.demo.world import population
from aiopsctl.errors import UsageError

END = date(2026, 10, 31)
"""The last day of the logs, unless asked otherwise: a fixed one, so that they are the same whenever they are written."""


def write(
    folder: Path,
    *,
    seed: int = 7,
    days: int = 90,
    end: date = END,
    faults: tuple[Fault, ...] = FAULTS,
) -> list[Path]:
    """Write calls, feedback, tickets, users, a config and the page of faults into a folder, and return their paths.

    The logs are in the native format, cover the days up to `end` (UTC), and are healthy but for `faults`.
    """
    span = last_days(end, days)
    _refuse_outside(faults, span, end, days)
    calls = _calls(seed, span, end, faults)
    falls = RATINGS_FALL.window(end) if RATINGS_FALL in faults else None
    users = activity(_stream(seed, "activity"), calls, span)
    said = [
        *feedback(_stream(seed, "feedback"), calls, span, falls),
        *reviews(_stream(seed, "reviews"), calls, span),
        *surveys(_stream(seed, "surveys"), users, {call.ask.user.id for call in calls}),
    ]
    logs = {
        "calls": [row(call) for call in calls],
        "feedback": sorted(said, key=lambda each: str(each["ts"])),
        "tickets": tickets(_stream(seed, "tickets"), calls, span),
        "users": users,
    }
    folder.mkdir(parents=True, exist_ok=True)
    name = folder.resolve().name
    texts = {
        "aiopsctl.yaml": config(span, falls.since if falls else None),
        "FAULTS.md": page(faults, folder=name, since=span.since.date(), end=end, seed=seed),
    }
    for told, text in texts.items():
        (folder / told).write_text(text, encoding="utf-8")
    written = [_written(folder / f"{log}.jsonl.gz", rows) for log, rows in logs.items()]
    return written + [folder / told for told in texts]


def _stream(seed: int, name: str) -> Random:
    """Return a source of chance for one purpose alone, so that a fault leaves the rest as it was."""
    return Random(f"{seed}/{name}")


def fitting(days: int, end: date = END) -> tuple[Fault, ...]:
    """Return the faults that find room in so many days up to `end`."""
    span = last_days(end, days)
    return tuple(fault for fault in FAULTS if fault.window(end).since >= span.since)


def _refuse_outside(faults: tuple[Fault, ...], span: Window, end: date, days: int) -> None:
    outside = [fault for fault in faults if fault.window(end).since < span.since]
    if outside:
        needed = max((span.until - fault.window(end).since).days for fault in outside)
        what = f"{days} days are too few for the planted fault '{outside[0].name}'"
        raise UsageError(what, help=f"ask for at least {needed} days, or for no faults")


def _calls(seed: int, span: Window, end: date, faults: tuple[Fault, ...]) -> list[Call]:
    users = population(_stream(seed, "users"), span)
    rng = _stream(seed, "calls")
    calls = [answered(rng, ask) for ask in asks(_stream(seed, "asks"), users, span)]
    if RATE_LIMIT_HOUR in faults:
        calls = limited(_stream(seed, RATE_LIMIT_HOUR.name), calls, users, RATE_LIMIT_HOUR.window(end))
    if PROMPT_GROWS in faults:
        calls = grown(calls, PROMPT_GROWS.window(end))
    if USER_LOOPS in faults:
        calls = looped(_stream(seed, USER_LOOPS.name), calls, users, USER_LOOPS.window(end))
    calls.sort(key=lambda call: call.ask.ts)
    return [replace(call, request_id=f"r-{number:06d}") for number, call in enumerate(calls, start=1)]


def _written(path: Path, rows: list[Row]) -> Path:
    """Write rows as gzip JSONL without the name and time of writing, which differ from run to run."""
    lines = "".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) + "\n" for each in rows)
    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(lines.encode())
    return path
