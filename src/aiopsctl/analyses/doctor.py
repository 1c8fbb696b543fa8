"""What works with a log and what does not: how each file was read, what was lost, and which metrics can be computed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from os.path import commonpath, dirname, relpath
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from msgspec import structs
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.engine.kept import Events
from aiopsctl.measure import Scope, iso, measure
from aiopsctl.readable import plural
from aiopsctl.result import Data, Measurement, Result, Section, Span
from aiopsctl.sources.consistency import MEANINGS
from aiopsctl.sources.log import Account, Log
from aiopsctl.views import account, short, span_of

_LONGEST_GAPS = 5
_MOST_FILES = 30
_JOINED = 0.9
_FEEDBACK = ("kind", "value")


@dataclass(frozen=True)
class Gap:
    """Hours without a call, between two calls: from `since` up to `until`."""

    since: str | None
    until: str | None
    hours: int


def doctor(log: Log, scope: Scope) -> Result:
    """Return the diagnosis of a log; its `problems` are what makes figures wrong or missing."""
    found = measure(log.events, list(catalog.metrics().values()), scope)
    data, span = account(log, scope), span_of(log, scope)
    told = {
        "files": [structs.asdict(file) for file in log.account.read],
        "columns": _filled(log.events),
        "column_sources": {name: _origin(log.account, name) for name in sorted(log.events.columns)},
        "gaps": [asdict(gap) for gap in gaps_of(log.events, scope.tz)],
        "rejected": _rejected(log.account),
        "unreadable": _unreadable(log.account),
        "contradictions": _contradictions(log.account),
        "metrics": [_computable(m, log.events.columns) for m in found],
        "problems": problems_of(log, found, scope.min_coverage),
    }
    result = Result("doctor", 0, span, data, found, notes=list(log.account.notes))
    return replace(result, extra={"doctor": told}, sections=_sections(told, data, span))


def problems_of(log: Log, found: Sequence[Measurement], least: float) -> list[str]:
    """Return what a user should mend, the worst first; `least` is the share of calls whose cost must be known."""
    a, events = log.account, log.events
    known = [m for m in found if m.value is not None]
    joined = a.feedback_joined_ratio
    unpriced = _share_unpriced(events)
    checks = (
        (not events.height, "no row could be used"),
        (bool(events.height) and not known, "no metric can be computed: map the columns with --map"),
        (a.rows_rejected > 0, f"{a.rows_rejected:,} of {a.rows_read:,} rows rejected: {_counted(a.reasons)}"),
        (bool(a.field_errors), f"values that cannot be read: {_counted(a.field_errors)}"),
        *((True, f"{each['rows']:,} rows of {each['format']} contradict themselves: {each['meaning']}")
          for each in _contradictions(a)),
        (joined is not None and joined < _JOINED, f"only {joined or 0:.1%} of the feedback finds its call"),
        (unpriced is not None and unpriced > 1 - least, f"{unpriced or 0:.1%} of the calls have no known cost"),
    )  # fmt: skip
    return [words for holds, words in checks if holds]


def _counted(of: Any) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in of.most_common())


def _share_unpriced(events: Events) -> float | None:
    if "cost_source" not in events.columns:
        return None
    is_unpriced = pl.col("cost_source") == "unpriced"
    calls = events.lazy().filter(pl.col("event") == "call")
    known, unpriced = calls.select(is_unpriced.count(), unpriced=is_unpriced.sum()).collect(engine="streaming").row(0)
    return unpriced / known if known else None


def gaps_of(events: Events, tz: ZoneInfo) -> list[Gap]:
    """Return the longest runs of whole hours without a call, of a day or more, or of a tenth of a shorter log."""
    if "ts" not in events.columns:
        return []
    calls = events.lazy().filter(pl.col("event") == "call")
    hour = pl.col("ts").drop_nulls().dt.truncate("1h").unique().sort()
    hours = calls.select(hour).collect(engine="streaming").to_series()
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


def _filled(events: Events) -> dict[str, float]:
    """Return the share of rows that have a value, of each canonical column that any row has."""
    names = sorted(events.columns)
    filled = events.lazy().select(pl.col(names).count()).collect(engine="streaming").row(0)
    return {name: count / events.height for name, count in zip(names, filled, strict=True)} if events.height else {}


def _origin(a: Account, name: str) -> str:
    """Return where a column comes from: the column that was mapped to it, else the formats that gave it, else us."""
    if name in a.mapped:
        return f"--map {name}={a.mapped[name]}"
    return ", ".join(sorted(a.filled_by.get(name, ()))) or "computed"


def _rejected(a: Account) -> list[dict[str, Any]]:
    return [{"reason": reason, "rows": count, "first": a.reason_places.get(reason)} for reason, count in
            a.reasons.most_common()]  # fmt: skip


def _unreadable(a: Account) -> list[dict[str, Any]]:
    return [{"column": name, "values": count, "first": a.field_places.get(name)} for name, count in
            a.field_errors.most_common()]  # fmt: skip


def _contradictions(a: Account) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "format": source, "rows": count, "first": a.contradiction_places[rule, source],
         "meaning": MEANINGS[rule]}
        for (rule, source), count in a.contradictions.most_common()
    ]  # fmt: skip


def _computable(m: Measurement, present: Sequence[str]) -> dict[str, Any]:
    missing = m.reason if m.value is None else None
    return {
        "metric": m.metric,
        "computable": m.value is not None,
        "n": m.n,
        "missing": missing,
        "map": _mapping(m, present),
    }


def _mapping(m: Measurement, present: Sequence[str]) -> str | None:
    """Return the options that give a metric what it lacks; feedback may lie in other files, a model gives a price."""
    if m.value is not None or not m.reason:
        return None
    metric = catalog.metric(m.metric)
    needs = (*metric.needs, "ts") if metric.facts else metric.needs
    lacks = (
        [column for column in needs if f"no {column}" in m.reason.replace("no times", "no ts")]
        if m.reason.startswith("the log has no")
        else []
    )
    options = [f"--map {column}=COLUMN" for column in lacks]
    if "cost_usd" in lacks and "model" not in present:
        options.append("or --map model=COLUMN")
    if metric.kinds or any(column in _FEEDBACK for column in needs):
        options.append(f"{'or ' if options else ''}--feedback PATH")
    return " ".join(options) or None


def _sections(told: Mapping[str, Any], data: Data, span: Span) -> tuple[Section, ...]:
    """Return the tables of a diagnosis, what is wrong first."""
    works = sum(m["computable"] for m in told["metrics"])
    folder = _folder([f["path"] for f in told["files"]])
    sections = (
        Section("problems", ("problem",), tuple((problem,) for problem in told["problems"]) or (("none",),)),
        Section("rejected rows", ("why", "rows", "first"), _rows(told["rejected"], "reason", "rows", "first")),
        Section(
            "values that cannot be read", ("column", "values", "first"),
            _rows(told["unreadable"], "column", "values", "first"),
        ),
        Section(
            "token counts that contradict each other", ("rule", "format", "rows", "first"),
            _rows(told["contradictions"], "rule", "format", "rows", "first"),
        ),
        Section("models without a price", ("model", "calls"), tuple(data.unpriced_models.items())),
        _files(told["files"], folder),
        Section("rows and costs", ("what", "how much"), tuple(_facts(data, span, folder)), right=("how much",)),
        Section(
            "hours without a call", ("from", "to", "hours"),
            tuple((_day(g["since"]), _day(g["until"]), g["hours"]) for g in told["gaps"]),
        ),
        Section(
            "columns", ("column", "filled", "comes from"),
            tuple((name, _percent(share), told["column_sources"][name]) for name, share in told["columns"].items()),
            right=("filled",),
        ),
        Section(
            f"metrics: {works} of {len(told['metrics'])} can be computed", ("metric", "computed", "how to mend it"),
            tuple((m["metric"], "yes" if m["computable"] else m["missing"] or "no", m["map"] or "")
                  for m in sorted(told["metrics"], key=lambda m: m["computable"])),
        ),
    )  # fmt: skip
    return tuple(section for section in sections if section.rows)


def _folder(paths: Sequence[str]) -> str:
    """Return the folder that several files are in; none where some are named from the root and some from here."""
    try:
        return commonpath([dirname(path) for path in paths]) if len(paths) > 1 else ""
    except ValueError:
        return ""


def _files(files: Sequence[Mapping[str, Any]], folder: str) -> Section:
    """Return what became of each file, named within the folder that all are in; of very many the first."""
    rows = [
        (relpath(f["path"], folder) if folder else f["path"], f["source"], f["rows"], f["rejected"], _day(f["since"]),
         _day(f["until"]))
        for f in files[:_MOST_FILES]
    ]  # fmt: skip
    if more := files[_MOST_FILES:]:
        counts = (sum(f[name] for f in more) for name in ("rows", "rejected"))
        rows.append((f"and {plural(len(more), 'more file')}", "", *counts, "", ""))
    return Section("files", ("file", "format", "rows", "rejected", "from", "to"), tuple(rows))


def _rows(records: Sequence[Mapping[str, Any]], *names: str) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(record[name] for name in names) for record in records)


def _facts(data: Data, span: Span, folder: str) -> list[tuple[str, str]]:
    """Return what became of the rows, and where their costs come from."""
    joined = data.feedback_joined_ratio
    return [
        *([("files lie in", folder)] if folder else []),
        ("zone of days, and of times without one", span.tz),
        ("rows rejected", f"{data.rows_rejected:,}"),
        ("rows that are duplicates", f"{data.rows_duplicate:,}"),
        ("feedback that finds its call", "no feedback names one" if joined is None else _percent(joined)),
        *((f"calls with a {source} cost", f"{count:,}") for source, count in data.cost_sources.items()
          if source != "unpriced"),
        ("calls without a price", f"{data.unpriced_calls:,}"),
        ("prices", data.prices or "none used"),
    ]  # fmt: skip


def _percent(share: float) -> str:
    """Return a share in per cent, of which only a whole is 100 and only nothing is 0."""
    shown = f"{share:.1%}"
    return {"100.0%": "100%" if share == 1 else "99.9%", "0.0%": "0%" if share == 0 else "0.1%"}.get(shown, shown)


def _day(when: str | None) -> str:
    return "" if when is None else short(when)
