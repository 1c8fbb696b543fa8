"""What a run of checks would judge, on how much, and what could never fire: the answer of `check --dry-run`.

The checks are run and their values left out, so that a plan and a run cannot disagree on what is judged.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import asdict, replace

from aiopsctl import window as windows
from aiopsctl.checks.check import LEVELS, Check
from aiopsctl.checks.judge import limit_words
from aiopsctl.checks.never import never
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.config import Limit
from aiopsctl.measure import Scope, iso, measure, prepared
from aiopsctl.readable import clean
from aiopsctl.result import STATUSES, Result, Section, Slice, Verdict
from aiopsctl.sources.log import Log
from aiopsctl.views import oldest_of, short
from aiopsctl.window import Window

_BACK = 53
"""So many windows back it is looked for one with enough samples: a year of weeks."""

_NONE = "\N{EN DASH}"


class Planned(Struct, frozen=True):
    """One check on one slice: what it would look at, and whether it would be judged.

    `rows` are those of the window and the filter, `n` the samples of the slice; `reason` says why it would not be
    judged, `never` why it, or a limit of it, cannot fire on this log at all.
    """

    id: str
    metric: str
    slice: Slice
    judged: bool
    reason: str | None
    never: list[str]
    window: dict[str, Any]
    reference: dict[str, Any] | None
    where: str | None
    limits: list[dict[str, Any]]
    words: str
    rows: int
    n: int
    min_samples: int
    required: bool
    at: dict[str, Any] | None


def dry_run(checks: Sequence[Check], log: Log, how: Run) -> Result:
    """Return the plan of a run as an answer without verdicts.

    Exit code 3 where nothing would be judged, or not what is required (with `strict`: not everything); else 0.
    """
    ran = run([replace(check, id=str(i), lasts=0) for i, check in enumerate(checks)], log, replace(how, mutes=()))
    plan = planned(checks, ran.checks or [], log, how)
    needed = [each for each in plan if each.required or how.strict]
    good = any(each.judged for each in plan) and all(each.judged for each in needed)
    return replace(
        ran, exit_code=0 if good else 3, measurements=[], checks=[], verdict="not judged",
        counts=dict.fromkeys(STATUSES, 0), extra={"plan": [asdict(each) for each in plan]}, sections=_sections(plan),
        records=[_record(each) for each in plan],
    )  # fmt: skip


def planned(checks: Sequence[Check], verdicts: Iterable[Verdict], log: Log, how: Run) -> list[Planned]:
    """Return the plan by check and slice; a verdict's id is the number of its check."""
    own: list[list[Verdict]] = [[] for _ in checks]
    for each in verdicts:
        own[int(each.id)].append(each)
    counted: dict[tuple[Window, str | None], int] = {}
    plan = []
    for check, found in zip(checks, own, strict=True):
        where = _where(check, how)
        most = _most_samples(check, log, how) if _all_few(check, found) else None
        for verdict in [_dated(each, log, how) for each in found or [_no_slice(check)]]:
            window = _dates(verdict.window)
            scope = Scope(how.tz, window, where=where)
            rows = counted.setdefault((window, where), _count(log, scope))
            plan.append(_planned(check, verdict, rows, never(check, verdict, log.events, where, most), where))
    return plan


def _where(check: Check, how: Run) -> str | None:
    own = [w for w in (check.where, how.where) if w]
    return " AND ".join(f"({w})" for w in own) if len(own) > 1 else next(iter(own), None)


def _dates(window: dict[str, Any]) -> Window:
    since, until = (window.get(name) for name in ("since", "until"))
    return Window(*(datetime.fromisoformat(when) if when else None for when in (since, until)))


def _dated(v: Verdict, log: Log, how: Run) -> Verdict:
    """Return a verdict with the dates of its window, also where nothing was looked at."""
    if "since" in v.window or oldest_of(log) is None:
        return v
    window = windows.judged(v.window["name"], how.now, how.tz)
    since, until = (iso(when, how.tz) for when in (window.since, window.until))
    return replace(v, window={**v.window, "since": since, "until": until})


def _count(log: Log, scope: Scope) -> int:
    return int(prepared(log.events, scope).select(pl.len()).collect().item())


def _no_slice(check: Check) -> Verdict:
    """Return what stands for a check that no slice has a limit for."""
    return Verdict(
        check.id, check.metric.name, {}, "skipped", None, None, None, 0, check.metric.unit, None, None,
        {"name": check.window}, None, "the class of every feature of the log has no limit", None, None,
    )  # fmt: skip


def _all_few(check: Check, found: Sequence[Verdict]) -> bool:
    return bool(found) and all(v.value is not None and v.n < check.min_samples for v in found)


def _most_samples(check: Check, log: Log, how: Run) -> int:
    """Return the most samples of any slice in any window as long as the check's, back from now."""
    most, now, oldest = 0, how.now, oldest_of(log)
    for _ in range(_BACK):
        window = windows.judged(check.window, now, how.tz)
        scope = Scope(how.tz, window, by=check.by, where=_where(check, how), config=how.config)
        most = max(most, *(m.n for m in measure(log.events, [check.metric], scope)))
        if window.since is None or oldest is None or window.since <= oldest:
            break
        now = window.since
    return most


def _planned(check: Check, v: Verdict, rows: int, cannot: list[str], where: str | None) -> Planned:
    judged = v.value is not None and v.status in ("ok", "warning", "critical", "blind")
    dates = {"since": v.reference.since, "until": v.reference.until} if v.reference else {}
    reference = {"name": check.compare, **dates, "n": v.reference.n if v.reference else 0} if check.compare else None
    return Planned(
        check.id, v.metric, v.slice, judged, None if judged else v.reason, cannot, v.window, reference, where,
        [{"level": level, **asdict(limit)} for level, limit in limits_of(check, v.slice)],
        words_of(check), rows, v.n, check.min_samples, check.required, check.at,
    )  # fmt: skip


def limits_of(check: Check, slice: Slice) -> list[tuple[str, Limit]]:
    """Return the limits of a check for a slice, those of its feature's class among them."""
    found = [(level, limit) for level in LEVELS for limit in check.limits.get(level, ())]
    value = check.of_class.get(check.classes.get(str(slice.get("feature")), ""))
    classed = [] if value is None else [(level, Limit("above", value, "absolute")) for level in sorted(check.by_class)]
    return [*found, *classed]


def words_of(check: Check) -> str:
    """Return the limits of a check in words, warnings first: `warning: rise of 20 %`."""
    unit, classed = check.metric.unit, ["above the limit of the feature's class"]
    found = [
        (level, words)
        for level in reversed(LEVELS)
        for words in [
            *(limit_words(limit, unit) for limit in check.limits.get(level, ())),
            *(classed if level in check.by_class else []),
        ]
    ]
    return ", ".join(f"{level}: {words}" for level, words in found)


def _record(each: Planned) -> dict[str, Any]:
    """Return one row of the plan, flat."""
    reference = each.reference or {}
    return {
        "check": each.id, "metric": each.metric, "slice": _slice(each), "judged": each.judged, "reason": each.reason,
        "never": "; ".join(each.never) or None, "n": each.n, "min_samples": each.min_samples, "rows": each.rows,
        "window": each.window.get("name"), "since": each.window.get("since"), "until": each.window.get("until"),
        "reference": reference.get("name"), "reference_since": reference.get("since"),
        "reference_until": reference.get("until"), "where": each.where, "limits": each.words,
    }  # fmt: skip


def _sections(plan: Sequence[Planned]) -> tuple[Section, ...]:
    """Return the tables of a plan: the slices, what each check looks at, and what can never fire."""
    can = sum(each.judged for each in plan)
    slices = tuple(
        (_name(each), _slice(each), "yes" if each.judged else f"no: {each.reason}", each.n, each.min_samples)
        for each in plan
    )
    looks = dict.fromkeys(
        (_name(each), _span(each.window), _span(each.reference or {}), each.words, each.where or "", each.rows)
        for each in plan
    )
    cannot = tuple((_name(each), _slice(each), why) for each in plan for why in each.never)
    found = (
        Section(f"{can} of {len(plan)} would be judged", ("check", "slice", "judged", "samples", "least"), slices),
        _without_empty(
            Section("what they look at", ("check", "over", "against", "limits", "where", "rows"), tuple(looks))
        ),
        Section("can never fire", ("check", "slice", "why"), cannot),
    )
    return tuple(section for section in found if section.rows)


def _without_empty(section: Section) -> Section:
    kept = [i for i in range(len(section.columns)) if any(row[i] != "" for row in section.rows)]
    rows = tuple(tuple(row[i] for i in kept) for row in section.rows)
    return replace(section, columns=tuple(section.columns[i] for i in kept), rows=rows)


def _name(each: Planned) -> str:
    return each.id if each.id == each.metric else f"{each.id} ({each.metric})"


def _slice(each: Planned) -> str:
    return (
        ", ".join(f"{name}={_NONE if value is None else clean(value)}" for name, value in each.slice.items()) or "all"
    )


def _span(window: dict[str, Any]) -> str:
    name, since, until = (window.get(key) for key in ("name", "since", "until"))
    return f"{name}: {_day(since)} to {_day(until)}" if since else str(name or "")


def _day(when: str | None) -> str:
    return short(when).removesuffix(" 00:00")
