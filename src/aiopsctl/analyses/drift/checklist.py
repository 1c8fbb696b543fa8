"""The handbook's drift investigation checklist, filled in from the log: each step answered, or what it lacks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.analyses.drift.pages import TEXT, day
from aiopsctl.engine.kept import Events
from aiopsctl.engine.plan import Reduction
from aiopsctl.measure import WINDOW, Scope, measure, prepared, sums
from aiopsctl.readable import change, clean, number
from aiopsctl.result import BREACH, Section
from aiopsctl.sums import count, is_call, known, total
from aiopsctl.window import Window

RECENT, EARLIER = (7, 0), (90, 60)
"""How many days before the end the sample of recent outputs, and that of earlier ones, begin and end."""

EACH, MANY, LONGEST = 3, 2_000, 500
"""How many calls of each feature are drawn, of about how many, and how many characters of an output are shown."""

_INPUTS = ("query_type", "language", "country", "feature", "input_tokens", "prompt")
_PARTS = ("system_tokens", "context_tokens", "user_tokens")
_SERVED = ("provider", "model", "model_version")
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A step of the checklist: what was found, what is missing for more (None: nothing), and the ids of calls to look at."""

    step: int
    task: str
    findings: Sequence[str]
    missing: str | None = None
    sample: Mapping[str, Sequence[Mapping[str, str]]] | None = None


def investigation(
    events: Events, scope: Scope, complete: datetime, columns: Sequence[Told], changes: Sequence[Told]
) -> list[dict[str, Any]]:
    """Return the five steps as the answer has them."""
    steps = (
        _sample(events, scope, complete), _models(events, changes), _inputs(columns), _prompts(events, scope, changes),
        _scores(events, scope),
    )  # fmt: skip
    return [asdict(step) for step in steps]


def section(steps: Sequence[Told]) -> Section:
    """Return the steps for people, a line for each thing found."""
    rows = [(of["step"] if not i else "", line) for of in steps for i, line in enumerate(_lines(of))]
    return Section("investigation", ("step", "found"), tuple(rows), right=("step",))


def _lines(of: Told) -> Iterator[str]:
    yield of["task"]
    yield from (f"- {line}" for line in of["findings"])
    for when, calls in (of["sample"] or {}).items():
        for feature, group in groupby(calls, key=lambda call: call["feature"] or "all"):
            own = list(group)
            yield f"- {when}, {clean(feature, 30)}: {', '.join(clean(call['request_id'], 50) for call in own)}"
            yield from (f"  {clean(call['request_id'], 50)}: {call['output']}" for call in own if "output" in call)
    if of["missing"]:
        yield f"- missing: {of['missing']}"


def _sample(events: Events, scope: Scope, complete: datetime) -> Step:
    """Return calls of the last week beside calls of 60 to 90 days before, a few of each feature, the same in every run.

    Where text was read, they are calls whose output is known, and it stands beside them.
    """
    task = "compare recent outputs with those of 60-90 days ago"
    found, text = {}, ["output"] if "output" in events.columns else []
    for name, (first, last) in {"recent": RECENT, "earlier": EARLIER}.items():
        window = Window(complete - timedelta(days=first), complete - timedelta(days=last))
        rows = prepared(events, replace(scope, window=window, reference=None)).filter(
            (pl.col("event") == "call")
            & (pl.col("status").fill_null("ok") == "ok")
            & pl.all_horizontal(pl.col("request_id", *text).is_not_null())
        )
        found[name] = _drawn(_few(rows.select("request_id", "feature", *text)))
    if not found["recent"] or not found["earlier"]:
        return Step(1, task, (), "calls with a request_id in the last 7 days and 60 to 90 days ago")
    counts = " and ".join(f"{len(calls)} {name}" for name, calls in found.items())
    return Step(
        1,
        task,
        (f"{counts} calls to look at",),
        None if text else "their text is not read: look them up by id, or --with-text",
        found,
    )


def _few(calls: pl.LazyFrame) -> pl.DataFrame:
    """Return calls, of a feature that has many about `MANY`: enough to draw from."""
    share = (pl.len() // MANY).clip(1).alias("_share")
    of_feature = calls.group_by("feature").agg(share).collect(engine="streaming").lazy()
    few = calls.join(of_feature, on="feature", nulls_equal=True).filter(
        pl.col("request_id").hash() % pl.col("_share") == 0
    )
    return few.drop("_share").collect(engine="streaming").unique("request_id")


def _drawn(calls: pl.DataFrame) -> list[dict[str, str]]:
    """Return a few calls of each feature, drawn by a hash of their ids."""
    ordered = sorted(calls.iter_rows(named=True), key=lambda call: sha256(call["request_id"].encode()).digest())
    by_feature: dict[str, list[dict[str, str]]] = {}
    for call in ordered:
        own = by_feature.setdefault(call["feature"] or "", [])
        clipped = {"output": clean(call["output"], LONGEST)} if "output" in call else {}
        own += [call | clipped] if len(own) < EACH else []
    return [call for name in sorted(by_feature) for call in by_feature[name]]


def _models(events: Events, changes: Sequence[Told]) -> Step:
    task = "check for provider and model changes"
    lacks = [name for name in _SERVED if name not in events.columns]
    moved = list(_moves(changes, _SERVED))
    found = moved or ["no provider, model or version came, went or moved"]
    missing = f"{', '.join(lacks)} in the log" if lacks else "what the provider announced: it is in no log"
    return Step(2, task, () if len(lacks) == len(_SERVED) else found, missing)


def _inputs(columns: Sequence[Told]) -> Step:
    task = "compare the distribution of inputs"
    own = [of for of in columns if of["column"] in _INPUTS]
    moved = [f"{of['column']} ({_size(of)})" for of in own if of["status"] in BREACH]
    still = [f"{of['column']} ({_size(of)})" for of in own if of["status"] == "ok"]
    unsure = [f"{of['column']} ({of['reason']})" for of in own if of["status"] == "unknown"]
    parts = (("shifted", moved), ("not shifted", still), ("cannot be told", unsure))
    lacks = [name for name in _INPUTS[:2] if name not in {of["column"] for of in own}]
    found = [f"{words}: {', '.join(names)}" for words, names in parts if names]
    return Step(3, task, found, f"{', '.join(lacks)} in the log" if lacks else None)


def _size(of: Told) -> str:
    if of["kind"] == TEXT:
        return (
            f"JS distance {number(of['js_distance'], 'score')}, usually {number(of['js_distance_reference'], 'score')}"
        )
    if of["kind"] == "categorical":
        return f"{number(of['tvd'], 'ratio')} of the traffic moved"
    return change(of["mean"], of["mean_reference"], "tokens")


def _prompts(events: Events, scope: Scope, changes: Sequence[Told]) -> Step:
    task = "check prompts, instructions and context for changes"
    present = [name for name in ("prompt_version", *_PARTS) if name in events.columns]
    if not present:
        return Step(4, task, (), "prompt_version, system_tokens or context_tokens in the log")
    parts = [name for name in _PARTS if name in present]
    wanted = {name: total(name, is_call) for name in parts} | {
        f"n_{name}": count(is_call & known(name)) for name in parts
    }
    told = list(_moves(changes, ("prompt_version",)))
    if wanted:
        (rows,) = sums(events, [Reduction((WINDOW,), (), (), wanted)], replace(scope, by=()))
        told += [words for name in parts if (words := _part(rows, name))]
    lacks = [name for name in ("prompt_version", *_PARTS[:2]) if name not in present]
    found = told or ["no prompt version came, went or moved"]
    return Step(4, task, found, f"{', '.join(lacks)} in the log" if lacks else None)


def _part(rows: pl.DataFrame, name: str) -> str:
    means = {row[WINDOW]: row[name] / row[f"n_{name}"] for row in rows.iter_rows(named=True) if row[f"n_{name}"]}
    if len(means) < 2:
        return ""
    return f"{name} a call {number(means[1], 'tokens')} -> {number(means[0], 'tokens')} ({change(means[0], means[1], 'tokens')})"


def _moves(changes: Sequence[Told], dimensions: Sequence[str]) -> Iterator[str]:
    """Yield what came, went or moved, each once."""
    shown = set()
    for of in changes:
        key = (of["dimension"], of["value"])
        if of["dimension"] in dimensions and key not in shown:
            shown.add(key)
            cut = "".join(f" of {clean(value, 40)}" for value in of["slice"].values())
            ends = " -> ".join(number(of[name], "ratio") for name in ("share_before", "share_after"))
            yield f"{of['dimension']}={clean(of['value'], 40)}{cut} {ends} on {day(of['at'])}"


def _scores(events: Events, scope: Scope) -> Step:
    task = "compare evaluation scores with their history"
    metrics = [catalog.metric(name) for name in ("eval-score", "review-score")]
    own = [m for m in measure(events, metrics, replace(scope, by=())) if m.value is not None and m.n]
    told = []
    for m in own:
        before = m.reference.value if m.reference else None
        past = (
            f"from {number(before, m.unit)} (n {m.reference.n:,})"
            if m.reference and before is not None
            else "no history"
        )
        told.append(f"{m.metric} {number(m.value, m.unit)} (n {m.n:,}), {past}")
    lacks = (
        None
        if any(m.metric == "eval-score" for m in own)
        else "rows of kind eval with a value: run the suite on recent calls"
    )
    return Step(5, task, told, lacks)
