"""How near the provider's rate limits are, what was refused, and what other limits would do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import log
from typing import Any

import polars as pl

from aiopsctl import sums
from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.analyses.scale import _peaks, _refused, _stated
from aiopsctl.analyses.scale._days import WHOLE_DAYS, whole_days
from aiopsctl.analyses.scale._limits import KINDS, SLICED, Group, Limits, configured, others, typed
from aiopsctl.analyses.scale._peaks import Own, against_limits, calls_of, growth, replays, taken
from aiopsctl.analyses.scale._refused import fate, refusals
from aiopsctl.analyses.scale._stated import MISSING, Stated, differences, stated
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.errors import UsageError, nearest
from aiopsctl.measure import prepared
from aiopsctl.metrics.health import rate_limited_rate
from aiopsctl.metrics.latency import peak_rpm, peak_tpm
from aiopsctl.readable import clean, number
from aiopsctl.result import Section
from aiopsctl.stats.line import Line, fit
from aiopsctl.views import short

FEWEST_WEEKS, MOST_WEEKS = 6, 26
_SHOWN = 10
_APART = ("input_tpm", "output_tpm", SLICED)
_WORDS = {kind.name: kind.words for kind in KINDS}


def _run(asked: Asked) -> Answer:
    if wrong := [name for name in asked.scope.by if name not in ("provider", "model")]:
        raise UsageError(
            f"--by {wrong[0]}: rate limits are of providers and models", help="--by model shows each model"
        )
    given, tried, burst = typed(asked.options), others(asked.options["at"]), asked.options["burst"]
    if burst <= 0:
        raise UsageError(f"--burst {burst} is no time", help="write how many seconds of its limit a bucket holds: 60")
    groups, end, left_out, differ = _grouped(asked, given)
    if end is None:
        return Answer({"peaks": []}, refused="error: no call with a time that a provider's limit would count")
    trend, why = _trend(asked)
    rows = [row for own in groups for row in against_limits(own, trend, why, end, asked)]
    again = [row for own in groups if _is_finest(own, groups) for row in replays(own, tried, burst)]
    refused = refusals(asked)
    became = fate(asked, refused)
    data = {
        "peaks": rows, "growth": growth(trend, why), "refused": refused, "fate": became, "replay": again,
        "left_out": left_out, "missing": [] if any(own.said.limits for own in groups) else [MISSING],
        "definitions": {**_peaks.DEFINITIONS, **_stated.DEFINITIONS, **_refused.DEFINITIONS, "weeks": WHOLE_DAYS},
    }  # fmt: skip
    return Answer(
        data, tuple(_sections(rows, refused, became, again)), rows, tuple(_notes(groups, differ, data, asked))
    )


def _grouped(asked: Asked, given: Limits) -> tuple[list[Own], datetime | None, dict[str, int], list[str]]:
    """Return the groups of calls, the time of the newest call, how many no limit counts, and which limits differ from headers."""
    calls, left_out = calls_of(asked)
    own, said = taken(calls), stated(calls)
    names = own.select("provider", "model").unique(maintain_order=True)
    models = [Group(provider, model, of_model=True) for provider, model in names.iter_rows()]
    groups = list(_groups(own, models, said, asked, given))
    limited = [(each.group, each.limits, each.source) for each in groups if each.source in ("option", "config")]
    differ = list(differences(limited, {model: said[model] for model in models if model in said}))
    return groups, own["ts"][-1] if own.height else None, left_out, differ


def _groups(
    calls: pl.DataFrame, models: Sequence[Group], said: Mapping[Group, Stated], asked: Asked, given: Limits
) -> Iterable[Own]:
    """Yield the calls of each provider, and of each model that has limits of its own or is asked for."""
    by_model = "model" in asked.scope.by
    for whole in dict.fromkeys(Group(model.provider) for model in models):
        of = calls.filter(pl.col("provider").eq_missing(whole.provider))
        limits, source = _limits(whole, Stated(), asked, given)
        if not by_model:
            yield Own(whole, of, limits, source, Stated())
        found = {
            model: _limits(model, Stated() if limits else said.get(model, Stated()), asked, given if by_model else {})
            for model in models if model.provider == whole.provider
        }  # fmt: skip
        wanted = {model: own for model, own in found.items() if by_model or own[0]}
        parts = of.partition_by("model", as_dict=True) if wanted else {}
        for model, (own_limits, source) in wanted.items():
            yield Own(model, parts[model.model,], own_limits, source, said.get(model, Stated()))


def _limits(group: Group, headers: Stated, asked: Asked, given: Limits) -> tuple[Limits, str | None]:
    """Return the limits of a group, and where they come from: those given, else those of the config, else those of headers."""
    every = {"option": given, "config": configured(asked.config, group), "header": headers.limits}
    return next(((limits, source) for source, limits in every.items() if limits), ({}, None))


def _is_finest(own: Own, groups: Sequence[Own]) -> bool:
    """Return whether a group is to be replayed: one with limits, or a provider none of whose models has any."""
    same = [other for other in groups if other.group.provider == own.group.provider]
    return bool(own.limits) or not any(other.limits for other in same)


def _trend(asked: Asked) -> tuple[Line | None, str]:
    """Return the log-linear trend of the calls of whole weeks, or why there is none."""
    days = whole_days(asked)
    weeks = (days.weeks() if days else [])[-MOST_WEEKS:]
    if days is None or len(weeks) < FEWEST_WEEKS:
        return None, f"{len(weeks)} whole weeks; a trend takes at least {FEWEST_WEEKS}"
    counts = {column_of(sums.calls): sums.calls}
    (found,) = local.reduce(prepared(asked.log.events, asked.scope), [Reduction((), ("day",), ("day",), counts)])
    by_day: dict[Any, int] = dict(found.iter_rows())
    calls = [sum(by_day.get(day, 0) for day in week) for week in weeks]
    if not all(calls):
        return None, "a week of the log has no calls"
    return fit(range(len(calls)), [log(each) for each in calls]), ""


def _notes(groups: Sequence[Own], differ: Sequence[str], data: dict[str, Any], asked: Asked) -> Iterable[str]:
    rows = data["peaks"]
    if all(row["limit"] is None for row in rows):
        yield "no rate limit is known: give providers: {NAME: {rpm: N, tpm: N}} in the config, or --rpm and --tpm"
    yield from differ
    seen = [own.group.key for own in groups]
    for name in sorted(set(asked.config.providers) - set(seen)):
        near = nearest(name, [key for key in seen if key])
        yield f"the config has limits of {clean(name)}, of which the log has no calls" + (
            f" ({clean(near)})" if near else ""
        )
    if any(data["left_out"].values()):
        parts = (f"{count:,} {name.replace('_', ' ')}" for name, count in data["left_out"].items() if count)
        yield f"calls that no limit counts: {', '.join(parts)}"
    for name in ("refused", "fate", "growth"):
        if reason := data[name]["reason"]:
            yield f"{name} unknown: {reason}"
    for reason in dict.fromkeys(row["reached_reason"] for row in rows if row["used"] and row["reached_reason"]):
        yield f"when a limit is reached: {reason}"


def _sections(
    rows: Sequence[dict[str, Any]], refused: dict[str, Any], became: dict[str, Any], again: Sequence[dict[str, Any]]
) -> Iterable[Section]:
    yield from _peak_sections(rows)
    hours = [(short(h["since"]), h["calls"], h["refused"], number(h["share"], "ratio")) for h in refused["hours"]]
    of_day = [
        (f"{h['hour']:02}:00", h["calls"], h["refused"], number(h["share"], "ratio"))
        for h in refused["by_hour_of_day"]
        if h["refused"]
    ]
    for title, found in (("hours with many refused calls", hours[:_SHOWN]), ("by hour of the day", of_day)):
        if found:
            yield Section(title, ("hour", "calls", "refused", "share"), tuple(found), right=("share",))
    if refused["refused"]:
        wait = became["median_wait_s"]
        cells = (
            ("served within 5 minutes", became["served"], None if wait is None else f"{wait:,.0f} s"),
            ("lost", became["lost"], ""), ("unknown", became["unknown"], ""),
        )  # fmt: skip
        yield Section("what became of refused calls", ("fate", "calls", "median wait"), cells, right=("median wait",))
    yield from _replay_sections(again)


def _name(row: dict[str, Any]) -> str:
    provider = row["provider"] or "no provider"
    return provider if row["model"] is None else f"{provider}/{row['model']}"


def _peak_sections(rows: Sequence[dict[str, Any]]) -> Iterable[Section]:
    """Yield the peaks of each provider or model; what nobody limits apart is left to machines."""
    by_header = {_name(row): row["limit_at"] for row in rows if row["limit_at"]}
    shown = [
        row for row in rows
        if row["peak"] and (row["limit"] is not None or not (row["measure"] in _APART or _name(row) in by_header))
    ]  # fmt: skip
    limited = any(row["limit"] is not None for row in shown)
    columns = ("busiest", "peak", "ends", *(("limit", "used", "growth", "reached") if limited else ()))
    for name in dict.fromkeys(_name(row) for row in shown):
        cells = (_peak_cells(row)[: len(columns)] for row in shown if _name(row) == name)
        said = f", limits by its header of {short(by_header[name])}" if name in by_header else ""
        yield Section(
            f"{clean(name)}{said}", columns, tuple(cells), right=("peak", "limit", "used", "growth"), spare=("growth",)
        )


def _peak_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    used, room = _of(row["used"], "ratio"), _of(row["growth_to_limit"], "x")
    return (_WORDS[row["measure"]], row["peak"], short(row["until"]), _whole(row["limit"]), used, room, _when(row))


def _when(row: dict[str, Any]) -> str | None:
    if row["used"] is None:
        return None
    if row["used"] >= 1:
        return "now"
    return row["reached_on"] and str(row["reached_on"])[:7]


def _of(value: float | None, unit: str) -> str | None:
    return None if value is None else number(value, unit)


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _replay_sections(again: Sequence[dict[str, Any]]) -> Iterable[Section]:
    columns = ("at", "req/min", "tokens/min", "delayed", "mean wait", "p95 wait", "dropped")
    for name in dict.fromkeys(_name(row) for row in again):
        cells = (_replay_cells(row) for row in again if _name(row) == name)
        yield Section(f"{clean(name)} at other limits", columns, tuple(cells), right=columns[1:])


def _replay_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    waits = (_seconds(row["mean_wait_s"]), _seconds(row["p95_wait_s"]))
    at = f"{row['at']} {row['of'] or ''}".strip()
    return (at, _whole(row["rpm"]), _whole(row["tpm"]), row["delayed"], *waits, row["dropped"])


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:,.1f} s"


ANALYSIS = Analysis(
    _run,
    options=(
        Option("--rpm", 0, "Requests a minute that each provider (with --by model: each model) grants.", "N"),
        Option("--tpm", 0, "Tokens a minute, likewise.", "N"),
        Option("--rpd", 0, "Requests a day, likewise.", "N"),
        Option("--tpd", 0, "Tokens a day, likewise.", "N"),
        Option("--at", "0.5x,1x,2x", "Limits to replay the calls with: 0.5x,2x or 200rpm+90_000tpm.", "LIMITS"),
        Option("--burst", 60, "Seconds of its limit that a bucket holds in the replay.", "SECONDS"),
    ),
    metrics=(rate_limited_rate, peak_rpm, peak_tpm),
)
