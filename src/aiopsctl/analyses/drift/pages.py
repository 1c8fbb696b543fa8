"""The answer for people: did it get worse, when, and what changed with it, in this order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby, islice
from math import isfinite
from typing import Any

from aiopsctl.analyses.drift.text import TERM_USERS
from aiopsctl.readable import change, change_words, clean, number, plural, sparkline
from aiopsctl.result import BREACH, TELLING, Section

Told = Mapping[str, Any]
_UNITS = {"input_tokens": "tokens", "output_tokens": "tokens", "latency_ms": "ms", "ttft_ms": "ms", "cost_usd": "usd",
          "star": "score"}  # fmt: skip
TEXT, _FAR = "text", "score"
_MOST = 10
_IMPLIED = ("provider", "model_version")
"""What is not said of the calls of one model."""


def sections(columns: Sequence[Told], signals: Sequence[Told], carried: Sequence[Told], moved: Sequence[Told],
             compared: str) -> tuple[Section, ...]:  # fmt: skip
    """Return the tables: the verdict, what drifted, when, what carries it, and what changed."""
    bad = sorted((s for s in (*signals, *columns) if s["status"] in BREACH), key=lambda s: BREACH.index(s["status"]))
    found = [
        Section("", ("drift",), tuple((line,) for line in _verdict(columns, signals, bad, compared))),
        Section("did it get worse", ("status", "what", "before", "now", "change", "95 % interval"),
                tuple(row for s in bad for row in _rows(s)), right=("before", "now", "change"), spare=("95 % interval",)),
        Section("when", ("what", "since", "surely between", "how", "by week"),
                tuple(row for s in bad if s.get("kind") != TEXT for row in _when(s)), spare=("surely between",)),
        _carriers(tuple(_carried(carried))),
        Section("what changed then, which need not be the cause", ("on", "of", "what", "share before", "after"), tuple(_moved(moved)),
                right=("share before", "after")),
        *texts([of for of in columns if of["kind"] == TEXT]),
    ]  # fmt: skip
    return tuple(section for section in found if section.rows)


def _verdict(columns: Sequence[Told], signals: Sequence[Told], bad: Sequence[Told], compared: str) -> Iterable[str]:
    every = [*columns, *signals]
    unknown = sum(each["status"] == "unknown" for each in every)
    counts = [f"{sum(s['status'] == level for s in bad)} {level}" for level in BREACH]
    judged = f"{plural(len(signals), 'signal')} and {plural(len(columns), 'column')}"
    none = "no drift in" if unknown < len(every) else "nothing can be told of"
    seen = f"{', '.join(c for c in counts if c[0] != '0')} of {judged}" if bad else f"{none} {judged}"
    left = f"; {unknown} of them cannot be told" if 0 < unknown < len(every) else ""
    yield f"{seen}{left}"
    yield compared
    yield from sorted(
        {f"{name(each)}: {each['reason']}" for each in every if each["status"] == "ok" and each["reason"]}
    )


def name(of: Told) -> str:
    """Return what drifted: `thumbs-up-rate of draft`, `column prompt_version`."""
    if "column" in of:
        return f"{'text of' if of['kind'] == TEXT else 'column'} {of['column']}"
    cut = ", ".join(clean(value, 40) for value in of["slice"].values())
    return f"{of['metric']} of {cut}" if cut else str(of["metric"])


def _rows(of: Told) -> Iterable[tuple[Any, ...]]:
    """Yield what moved of a signal or a column, its mean and its long end where that did."""
    if of.get("judged_by") != "tail":
        yield (*_worse(of), _interval(of))
    tail = of.get("tail")
    if tail and tail["status"] in BREACH:
        ends = tail["share_beyond_reference"], tail["share_beyond"]
        what = f"{name(of)} beyond {number(tail['value_reference'], _UNITS[of['column']])}, its p95"
        moved = change(ends[1], ends[0], "ratio")
        shown = _range(tail["change_low"], tail["change_high"], "ratio")
        yield (tail["status"], what, *(number(end, "ratio") for end in ends), moved, shown)


def _worse(of: Told) -> tuple[Any, ...]:
    if "column" in of:
        unit = _UNITS.get(of["column"], "")
        if of["kind"] == TEXT:
            ends = of["js_distance_reference"], of["js_distance"]
            return (of["status"], name(of), *(number(end, _FAR) for end in ends), change_words(of["change"], _FAR))
        if of["kind"] != "categorical":
            ends = of["mean_reference"], of["mean"]
            return (of["status"], name(of), *(number(end, unit) for end in ends), change(ends[1], ends[0], unit))
        value = clean("none" if of["moved"]["value"] is None else of["moved"]["value"], 40)
        ends = of["moved"]["share_before"], of["moved"]["share_after"]
        shown = (f"{value}: {number(ends[0], 'ratio')}", number(ends[1], "ratio"))
        return (of["status"], name(of), *shown, f"{number(of['change'], 'ratio')} moved")
    ends = of["value_reference"], of["value"]
    return (of["status"], name(of), *(number(end, of["unit"]) for end in ends), change(ends[1], ends[0], of["unit"]))


def _interval(of: Told) -> str:
    unit = _UNITS.get(of["column"], "") if "column" in of else of["unit"]
    return _range(of["change_low"], of["change_high"], unit)


def _range(low: float | None, high: float | None, unit: str) -> str:
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return ""
    return f"{change_words(low, unit).split()[0]} to {change_words(high, unit)}"


def texts(found: Sequence[Told]) -> Iterable[Section]:
    """Yield the tables of texts: how far each is from the weeks before, and the words that tell them apart."""
    far = [(of["status"], of["column"], number(of["js_distance_reference"], _FAR), number(of["js_distance"], _FAR),
            "" if of["p_adjusted"] is None else f"{of['p_adjusted']:.2g}", of["reason"] or "") for of in found]  # fmt: skip
    yield Section(
        "text",
        ("status", "of", "usually apart", "now", "p", "because"),
        tuple(far),
        right=("usually apart", "now", "p"),
    )
    told = [(of["column"], f"{way} often now", ", ".join(clean(term["term"], 40) for term in own))
            for of in found for way, own in of["terms"].items() if own]  # fmt: skip
    yield Section(f"words that at least {TERM_USERS} users used", ("of", "which", "words"), tuple(told))


def _when(of: Told) -> Iterable[tuple[Any, ...]]:
    weeks = sparkline([week["value"] for week in of.get("weeks", ())], 12)
    if of["changed_at"] is None:
        yield (name(of), "no one day", "", of.get("label") or "", weeks)
        return
    how = of.get("label") or ("slowly" if of["changed_slowly"] else "at once")
    yield (name(of), day(of["changed_at"]), _between(of["changed_between"]), how, weeks)
    for other in of["changes_at"]:
        if other["at"] != of["changed_at"]:
            yield (
                "",
                f"also {day(other['at'])}",
                _between(other["between"]),
                "up" if other["size"] > 0 else "down",
                "",
            )


def _between(ends: Sequence[str]) -> str:
    return "" if ends[0] == ends[1] else f"{day(ends[0])} and {day(ends[1])}"


def _carriers(rows: tuple[tuple[Any, ...], ...]) -> Section:
    """Return the table of what carries each drift, without shares where none has any."""
    columns = ("of", "carried by", "part", "share before", "after")
    kept = len(columns) if any(row[3] or row[4] for row in rows) else 3
    return Section("what carries it", columns[:kept], tuple(row[:kept] for row in rows), right=columns[2:])


def _carried(carried: Sequence[Told]) -> Iterable[tuple[Any, ...]]:
    """Yield what carries each drift; where no dimension does, what it is within the same of all of them."""
    of_each = groupby(carried, key=lambda of: (of["metric"], of["slice"]))
    for _, every in islice(of_each, _MOST):
        own = list(every)
        telling = [of for of in own if of["segments"] and of["power"] >= TELLING]
        yield from (_part(of) for of in telling or [of for of in own if not of["segments"]])


def _part(of: Told) -> tuple[Any, ...]:
    total = of["total"] or 1.0
    if not of["segments"]:
        shown = [each for each in of["dimension"].split(", ") if each not in _IMPLIED]
        return (name(of), f"none: at the same {', '.join(shown)}", _percent(of["within"] / total), "", "")
    if of["mix"] is not None and abs(of["mix"]) > abs(of["total"]) / 2:
        return (name(of), f"the mix of {of['dimension']}", _percent(of["mix"] / total), "", "")
    first = of["segments"][0]
    value = f"{of['dimension']}={clean('none' if first['value'] is None else first['value'], 40)}"
    shares = (_percent(first["share_before"]), _percent(first["share_after"]))
    return (name(of), value, _percent(first["total"] / total), *shares)


def _moved(moved: Sequence[Told]) -> Iterable[tuple[Any, ...]]:
    shown: set[Any] = set()
    for of in moved:
        key = (of["dimension"], of["value"])
        if key in shown and of["metric"] is None:
            continue
        shown.add(key)
        what = f"{of['dimension']}={clean('none' if of['value'] is None else of['value'], 40)}"
        cut = ", ".join(clean(value, 40) for value in of["slice"].values()) or "all calls"
        row = (day(of["at"]), cut, what, _percent(of["share_before"]), _percent(of["share_after"]))
        if row not in shown:
            yield row
        shown.add(row)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f} %"


def day(at: str) -> str:
    """Return a day as people read it: `7 Oct`."""
    found = date.fromisoformat(at)
    return f"{found.day} {found:%b}"
