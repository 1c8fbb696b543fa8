"""Prompt-length creep as it is written: for machines, and as tables for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aiopsctl.analyses.scale._creep import Creep
from aiopsctl.readable import change_words, number
from aiopsctl.result import Section

_SHOWN = 0.001
"""A part of the change that is less than this share of the mean before is shown to machines only."""

_UNIT = "tokens"


def as_dict(creep: Creep, bar: float) -> dict[str, Any]:
    """Return a slice for machines; what is not known is None."""
    (before, after), growth = creep.tokens, creep.growth
    low, high = creep.interval or (None, None)
    status, reason = creep.judged(bar)
    return {
        "slice": creep.slice,
        "tokens": after,
        "tokens_before": before,
        "calls": creep.after[1],
        "calls_before": creep.before[1],
        "change": growth,
        "low": low,
        "high": high,
        "p": creep.p if creep.moved else None,
        "status": status,
        "reason": reason,
        "began": None if creep.began is None else _began(creep),
        "parts": creep.parts,
        "usd_per_token": creep.price.usd,
        "price": creep.price.words,
        "cost_usd_per_month": creep.cost(growth),
        "cost_usd_per_month_low": creep.cost(low),
        "cost_usd_per_month_high": creep.cost(high),
        "curve": [vars(point) | {"day": point.day.isoformat()} for point in creep.points],
    }


def _began(creep: Creep) -> dict[str, Any]:
    assert creep.began is not None  # noqa: S101 - asked before
    began = creep.began
    return {
        "day": began.day.isoformat(), "tokens_before": began.before, "tokens": began.after, "explained": began.explained,
        "versions": [asdict(each) | {"first_seen": each.first_seen.isoformat()} for each in creep.versions],
    }  # fmt: skip


def records(found: Sequence[Creep], by: Sequence[str]) -> list[dict[str, Any]]:
    """Return the curves: a row a slice and day; `series` tells the whole from a slice without a value."""
    return [
        {"series": "slice" if creep.slice else "all"} | dict.fromkeys(by) | creep.slice
        | vars(point) | {"day": point.day.isoformat()}
        for creep in found
        for point in creep.points
    ]  # fmt: skip


def sections(found: Sequence[Creep], by: Sequence[str], bar: float, days: int) -> Iterator[Section]:
    """Yield the tables: how much longer, and of what is longer since when, by what, and at what cost."""
    who = ", ".join(by)
    moves = ("95 % interval", "now", "before", "change", "calls")
    yield Section(
        f"input tokens a call, last {days} days and before" if days else "input tokens a call, now and before",
        (who, "before", "now", "change", "95 % interval", "calls", "status"),
        tuple(_row(creep, bar) for creep in found),
        right=moves,
        spare=("calls", "95 % interval"),
    )
    longer = [creep for creep in found if creep.rises]
    if longer:
        yield Section(
            "since when, and what it costs",
            (who, "since", "before", "after", "explained", "new version", "a month"),
            tuple(_since(creep) for creep in longer),
            right=("before", "after", "explained", "a month"),
            spare=("new version", "explained"),
        )
        warned = [creep for creep in found if creep is found[0] or creep.judged(bar)[0] == "warning"]
        yield Section(
            "what it is made of",
            (who, "part", "tokens", "of before"),
            tuple(row for creep in warned for row in _parts(creep)),
            right=("tokens", "of before"),
        )
    why = [(creep.name, *creep.judged(bar)) for creep in found if creep.judged(bar)[1]]
    if why:
        yield Section("what could not be judged", (who, "status", "why"), tuple(why))


def _row(creep: Creep, bar: float) -> tuple[Any, ...]:
    before, after = creep.tokens
    low, high = creep.interval or (None, None)
    between = None if low is None else f"{change_words(low, _UNIT)} to {change_words(high, _UNIT)}"
    change = change_words(creep.growth, _UNIT) or None
    return (creep.name, _tokens(before), _tokens(after), change, between, int(creep.after[1]), creep.judged(bar)[0])


def _tokens(value: float | None) -> str | None:
    return None if value is None else number(value, _UNIT)


def _since(creep: Creep) -> tuple[Any, ...]:
    cost = creep.cost(creep.growth)
    money = None if cost is None else number(cost, "usd")
    if creep.began is None:
        return (creep.name, None, None, None, None, None, money)
    began, new = creep.began, ", ".join(_version(creep, each) for each in asdict(creep)["versions"])
    return (
        creep.name, began.day.isoformat(), _tokens(began.before), _tokens(began.after), number(began.explained, "ratio"),
        new or None, money,
    )  # fmt: skip


def _version(creep: Creep, version: Mapping[str, Any]) -> str:
    named = "feature" not in creep.slice and version["feature"]
    return f"{version['feature']} {version['prompt_version']}" if named else str(version["prompt_version"])


def _parts(creep: Creep) -> Iterator[tuple[str, str, str, str]]:
    before, _ = creep.tokens
    known = {name: size for name, size in (creep.parts or {}).items() if size is not None}
    for name, size in sorted(known.items(), key=lambda each: -abs(each[1])):
        if before and abs(size) >= _SHOWN * before:
            sign = "+" if size > 0 else ""
            yield creep.name, name.replace("_", " "), f"{sign}{number(size, _UNIT)}", change_words(size / before, _UNIT)
