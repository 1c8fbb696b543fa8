"""What works with a log and what does not: how each file was read, what was lost, and which metrics can be computed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from aiopsctl import catalog
from aiopsctl.measure import Scope, iso, measure
from aiopsctl.result import Measurement, Result, Section
from aiopsctl.sources.log import Log
from aiopsctl.views import account, span_of

_LONGEST_GAPS = 5
_JOINED = 0.9
_PRICED = 0.95


@dataclass(frozen=True)
class Gap:
    """Hours without a call, between two calls: from `since` up to `until`."""

    since: str | None
    until: str | None
    hours: int


def doctor(log: Log, tz: ZoneInfo) -> Result:
    """Return the diagnosis of a log; its `problems` are what makes figures wrong or missing."""
    scope = Scope(tz)
    found = measure(log.events, list(catalog.metrics().values()), scope)
    data = account(log, scope)
    gaps = gaps_of(log.events, tz)
    problems = problems_of(log, found)
    extra = {
        "files": [asdict(file) for file in log.account.read],
        "columns": _filled(log.events),
        "gaps": [asdict(gap) for gap in gaps],
        "metrics": [_computable(m) for m in found],
        "problems": problems,
    }
    result = Result("doctor", 0, span_of(log, scope), data, found, notes=list(log.account.notes))
    return Result(**{**vars(result), "extra": {"doctor": extra}, "sections": _sections(log, found, gaps, problems)})


def problems_of(log: Log, found: Sequence[Measurement]) -> list[str]:
    """Return what a user should mend, the worst first."""
    a, events = log.account, log.events
    known = [m for m in found if m.value is not None]
    joined = a.feedback_joined_ratio
    unpriced = _share_unpriced(events)
    checks = (
        (not events.height, "no row could be used"),
        (bool(events.height) and not known, "no metric can be computed: map the columns with --map"),
        (a.rows_rejected > 0, f"{a.rows_rejected:,} of {a.rows_read:,} rows rejected: {_counted(a.reasons)}"),
        (bool(a.field_errors), f"values that cannot be read: {_counted(a.field_errors)}"),
        (joined is not None and joined < _JOINED, f"only {joined or 0:.1%} of the feedback finds its call"),
        (unpriced is not None and unpriced > 1 - _PRICED, f"{unpriced or 0:.1%} of the calls have no known cost"),
    )
    return [words for holds, words in checks if holds]


def _counted(of: Any) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in of.most_common())


def _share_unpriced(events: pl.DataFrame) -> float | None:
    if "cost_source" not in events.columns:
        return None
    sources = events.filter(pl.col("event") == "call")["cost_source"].drop_nulls()
    return int((sources == "unpriced").sum()) / sources.len() if sources.len() else None


def gaps_of(events: pl.DataFrame, tz: ZoneInfo) -> list[Gap]:
    """Return the longest runs of whole hours without a call, of a day or more, or of a tenth of a shorter log."""
    if "ts" not in events.columns:
        return []
    hours = events.filter(pl.col("event") == "call")["ts"].drop_nulls().dt.truncate("1h").unique().sort()
    if hours.len() < 2:
        return []
    first, last = hours[0], hours[-1]
    least = min(timedelta(days=1), (last - first) / 10)
    apart = pl.DataFrame({"since": hours[:-1], "until": hours[1:]}).with_columns(gap=pl.col("until") - pl.col("since"))
    long = apart.filter(pl.col("gap") > max(least, timedelta(hours=1))).sort("gap", "since", descending=[True, False])
    return [_gap(since, until, tz) for since, until, _ in long.head(_LONGEST_GAPS).iter_rows()]


def _gap(since: datetime, until: datetime, tz: ZoneInfo) -> Gap:
    begin = since + timedelta(hours=1)
    return Gap(iso(begin, tz), iso(until, tz), int((until - begin) / timedelta(hours=1)))


def _filled(events: pl.DataFrame) -> dict[str, float]:
    """Return the share of rows that have a value, of each canonical column that any row has."""
    return (
        {name: 1 - events[name].null_count() / events.height for name in sorted(events.columns)}
        if events.height
        else {}
    )


def _computable(m: Measurement) -> dict[str, Any]:
    missing = m.reason if m.value is None else None
    return {"metric": m.metric, "computable": m.value is not None, "n": m.n, "missing": missing, "map": _mapping(m)}


def _mapping(m: Measurement) -> str | None:
    """Return how to map the columns that a metric lacks."""
    if m.value is not None or not m.reason or not m.reason.startswith("the log has no"):
        return None
    needs = [column for column in catalog.metric(m.metric).needs if f"no {column}" in m.reason]
    return " ".join(f"--map {column}=COLUMN" for column in needs) or None


def _sections(
    log: Log, found: Sequence[Measurement], gaps: Sequence[Gap], problems: Sequence[str]
) -> tuple[Section, ...]:
    files = Section(
        "files", ("file", "format", "rows", "rejected", "from", "to"),
        tuple((f.path, f.source, f.rows, f.rejected, _day(f.since), _day(f.until)) for f in log.account.read),
    )  # fmt: skip
    lacking = [m for m in found if m.value is None]
    metrics = Section(
        f"metrics: {len(found) - len(lacking)} of {len(found)} can be computed",
        ("metric", "why not", "how to mend it"),
        tuple((m.metric, m.reason or "", _mapping(m) or "") for m in lacking) or (("all", "", ""),),
    )
    without = Section(
        "hours without a call", ("from", "to", "hours"), tuple((_day(g.since), _day(g.until), g.hours) for g in gaps)
    )
    wrong = Section("problems", ("problem",), tuple((problem,) for problem in problems))
    return tuple(section for section in (files, without, metrics, wrong) if section.rows)


def _day(when: str | None) -> str:
    return "" if when is None else when[:16].replace("T", " ")
