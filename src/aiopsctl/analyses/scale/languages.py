"""What each language costs, how fast and how good it is, against a reference language.

Every language is measured as every other slice is; the difference to the reference has an interval of its own.
"""

from collections.abc import Iterator, Sequence
from math import exp, hypot, log
from typing import Any

from msgspec.structs import replace

from aiopsctl import catalog, sums
from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.errors import UsageError, nearest
from aiopsctl.measure import measure
from aiopsctl.metric import Metric
from aiopsctl.readable import DIFFER, change_words, interval, number
from aiopsctl.result import Measurement, Section
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.values import mean

_SECTION = "International Expansion / Linguistic Complexity"
SMALL = 30
"""Of fewer calls or ratings a language is shown, with their number, and not ranked."""


def _per_character(name: str, unit: str, title: str, top: sums.Sum, size: sums.Sum, n: sums.Sum, per: float) -> Metric:
    """Return a metric of a thousand characters of the prompts, of calls that tell both."""
    column = {"usd": "cost_usd", "ms": "latency_ms"}[unit]
    row = {"prompt_characters": 500, column: 2}
    return Metric(
        name=name, title=title, dimension="cost" if unit == "usd" else "latency", unit=unit, worse="higher",  # type: ignore[arg-type]  # one of two units
        why="The same text takes more tokens in some languages, and so more money and time.",
        formula=f"sum of {column} / sum of prompt_characters x 1,000, of calls that tell both", handbook=_SECTION,
        sums={"top": top, "characters": size, "known": n}, value=mean("top", "characters", per=per, n="known"),
        needs=(column, "prompt_characters"), example=([row], 4),
    )  # fmt: skip


COST_PER_CHARACTER = _per_character(
    "cost-per-1000-characters", "usd", "cost of 1,000 characters",
    sums.cost_of_characters, sums.characters_of_priced, sums.priced_texts, 1e6,
)  # fmt: skip
LATENCY_PER_CHARACTER = _per_character(
    "latency-per-1000-characters", "ms", "latency of 1,000 characters",
    sums.latency_of_characters, sums.characters_of_timed, sums.timed_texts, 1e-3,
)  # fmt: skip

_PER_CALL = ("input-tokens", "output-tokens", "cost-per-call", "latency-p50", "latency-p95")
_PER_CHARACTER = ("tokens-per-character", COST_PER_CHARACTER.name, LATENCY_PER_CHARACTER.name)
_QUALITY = ("thumbs-up-rate", "star-mean", "task-completion-rate", "correction-rate")
_OVERVIEW = {
    "input-tokens": "input tokens", "tokens-per-character": "per character", "cost-per-call": "cost",
    "latency-p50": "p50", "thumbs-up-rate": "thumbs up",
}  # fmt: skip
_OWN = {metric.name: metric for metric in (COST_PER_CHARACTER, LATENCY_PER_CHARACTER)}

DEFINITIONS = {
    "language": "the column language; with --with-text, where it is empty, the language that a prompt is detected to be in",
    "reference": "the language that is asked for, else the one with the most calls",
    "against": "ratio: value / that of the reference; of shares and scores difference: value - that of the reference. "
    "low and high are its 95 % interval, from those of the two values (Zou and Donner 2008, ratios by their "
    "logarithms), which takes the languages to have users of their own",
    "rank": f"1 is the worst of the languages with at least {SMALL} events; fewer are not ranked",
    "cells": "languages differ in what they are used for, too: --by feature compares them within each feature",
    "per character": "of prompt_characters; unknown where no call has them",
}


def _metric(name: str) -> Metric:
    return _OWN.get(name) or catalog.metric(name)


def _run(asked: Asked) -> Answer:
    if asked.scope.reference is not None:
        raise UsageError("scale languages compares languages, not windows", help="leave --compare away")
    by = tuple(name for name in asked.scope.by if name != "language")
    metrics = [_metric(name) for name in ("calls", *_PER_CALL, *_PER_CHARACTER, *_QUALITY)]
    calls, *found = _by_metric(measure(asked.log.events, metrics, replace(asked.scope, by=(*by, "language"))), metrics)
    sizes: dict[str, float] = {}
    for m in calls:
        if m.slice["language"] is not None:
            sizes[m.slice["language"]] = sizes.get(m.slice["language"], 0) + (m.value or 0)
    if not sizes:
        return Answer({"reference": None, "cells": [], "definitions": DEFINITIONS}, refused=_NO_LANGUAGE)
    reference = _reference(str(asked.options["reference"]), sizes)
    cells = [cell for measured in found for cell in _cells(measured, reference)]
    unknown = sum(int(m.value or 0) for m in calls if m.slice["language"] is None)
    characters = any(cell["value"] is not None for cell in cells if cell["metric"] in _PER_CHARACTER)
    data = {
        "reference": reference, "calls": {name: int(n) for name, n in sorted(sizes.items())},
        "calls_without_language": unknown, "characters": "prompt_characters" if characters else None,
        "reason": None if characters else _NO_CHARACTERS, "cells": cells, "definitions": DEFINITIONS,
    }  # fmt: skip
    notes = () if characters else (_NO_CHARACTERS,)
    return Answer(data, tuple(_sections(cells, by, reference)), [_flat(cell) for cell in cells], notes)


_NO_LANGUAGE = (
    "error: no call says its language\n"
    "  help: --map language=COLUMN says where it is; --with-text detects it in the prompts that the log holds"
)
_NO_CHARACTERS = "no call has prompt_characters: measured by call only (--map prompt_characters=COLUMN)"


def _by_metric(found: Sequence[Measurement], metrics: Sequence[Metric]) -> list[list[Measurement]]:
    return [[m for m in found if m.metric == metric.name] for metric in metrics]


def _reference(asked: str, sizes: dict[str, float]) -> str:
    if not asked:
        return max(sorted(sizes), key=lambda name: sizes[name])
    if asked not in sizes:
        raise UsageError(
            f"--reference {asked}: no call is in it", help=nearest(asked, tuple(sizes)) or ", ".join(sorted(sizes))
        )
    return asked


def _cells(measured: Sequence[Measurement], reference: str) -> Iterator[dict[str, Any]]:
    """Yield a metric of each language beside the reference of its slice, ranked within that."""
    slices: dict[tuple[Any, ...], list[Measurement]] = {}
    for m in measured:
        slices.setdefault(tuple(m.slice.values())[:-1], []).append(m)
    for own in slices.values():
        base = next((m for m in own if m.slice["language"] == reference), None)
        ranks = _ranks(own)
        for m in own:
            slice_ = {name: value for name, value in m.slice.items() if name != "language"}
            language = m.slice["language"]
            yield {
                "metric": m.metric, "slice": slice_, "language": language, "value": m.value, "low": m.low, "high": m.high,
                "n": m.n, "unit": m.unit, "status": m.status, "reason": m.reason, "rank": ranks.get(language),
                "against": _against(m, base) if base and m is not base else None,
            }  # fmt: skip


def _ranks(own: Sequence[Measurement]) -> dict[str, int]:
    ranked = [
        m for m in own if m.value is not None and m.status == "ok" and m.n >= SMALL and m.slice["language"] is not None
    ]
    lower = _metric(own[0].metric).worse == "lower"
    ranked.sort(key=lambda m: ((m.value or 0) * (1 if lower else -1), m.slice["language"]))
    return {m.slice["language"]: place for place, m in enumerate(ranked, start=1)}


def _against(m: Measurement, base: Measurement) -> dict[str, Any] | None:
    """Return how far a value is from that of the reference, with the interval that follows from those of both."""
    if m.value is None or base.value is None or "unknown" in (m.status, base.status):
        return None
    ends = (m.low, m.high, base.low, base.high)
    kind = "difference" if m.unit in DIFFER else "ratio"
    if kind == "ratio" and not (m.value > 0 and base.value > 0):
        return None
    size = m.value - base.value if kind == "difference" else m.value / base.value
    known = [end for end in ends if end is not None and (kind == "difference" or end > 0)]
    low = high = None
    if len(known) == len(ends):
        own, other = (m.value, *known[:2]), (base.value, *known[2:])
        if kind == "difference":
            low, high = recovered(own, other)
        else:
            low, high = map(exp, recovered(tuple(map(log, own)), tuple(map(log, other))))
    return {"kind": kind, "value": size, "low": low, "high": high}


def recovered(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the interval of the difference of two independent estimates, each with its own bounds (Zou and Donner 2008)."""
    (a, a_low, a_high), (b, b_low, b_high) = one, other
    return a - b - hypot(a - a_low, b_high - b), a - b + hypot(a_high - a, b - b_low)


def _flat(cell: dict[str, Any]) -> dict[str, Any]:
    against = cell["against"] or dict.fromkeys(("kind", "value", "low", "high"))
    own = {name: value for name, value in cell.items() if name not in ("slice", "against")}
    found: dict[str, Any] = cell["slice"] | own | {f"against_{name}": value for name, value in against.items()}
    return found


def _sections(cells: Sequence[dict[str, Any]], by: Sequence[str], reference: str) -> Iterator[Section]:
    """Yield an overview of how many times the reference each language is, and every metric with its intervals."""
    known = [cell for cell in cells if cell["value"] is not None]
    shown = [name for name in _OVERVIEW if any(cell["metric"] == name for cell in known)]
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell in known:
        rows.setdefault((*cell["slice"].values(), cell["language"]), {})[cell["metric"]] = cell
    columns = tuple(_OVERVIEW[name] for name in shown)
    yield Section(
        f"beside {reference}; * where the interval leaves no doubt",
        (*by, "language", *columns),
        tuple(
            (*key, *(_brief(row.get(name), reference) for name in shown))
            for key, row in sorted(rows.items(), key=_first(reference))
        ),
        right=columns,
    )
    right = ("value", "95 % interval", f"beside {reference}", "its interval")
    for name in (*_PER_CALL, *_PER_CHARACTER, *_QUALITY):
        own = sorted(
            (c for c in known if c["metric"] == name),
            key=lambda c: (*map(str, c["slice"].values()), c["rank"] or len(cells)),
        )
        if own:
            yield Section(
                _metric(name).title, (*by, "language", *right[:2], "n", *right[2:]),
                tuple((*c["slice"].values(), c["language"], *_row(c)) for c in own), right=right, spare=(right[3], right[1]),
            )  # fmt: skip


def _first(reference: str) -> Any:
    return lambda item: (*map(str, item[0][:-1]), item[0][-1] != reference, str(item[0][-1]))


def _brief(cell: dict[str, Any] | None, reference: str) -> str | None:
    if cell is None:
        return None
    if cell["language"] == reference:
        return number(cell["value"], cell["unit"])
    if cell["n"] < SMALL:
        return f"n={cell['n']}"
    against = cell["against"]
    if against is None:
        return None
    same = 0 if against["kind"] == "difference" else 1
    sure = against["low"] is not None and not against["low"] <= same <= against["high"]
    return _size(against["value"], cell) + ("*" if sure else " ")


def _row(cell: dict[str, Any]) -> tuple[Any, ...]:
    against = cell["against"] or {}
    low, high = (_size(against[end], cell) if against.get(end) is not None else "" for end in ("low", "high"))
    between = f"{_bare(low)} to {_bare(high)}" if low and high else None
    return (
        number(cell["value"], cell["unit"]), interval(cell["low"], cell["high"], cell["unit"]) or None, cell["n"],
        _size(against["value"], cell) if against else None, between,
    )  # fmt: skip


def _size(size: float, cell: dict[str, Any]) -> str:
    return change_words(size, cell["unit"]) if cell["unit"] in DIFFER else number(size, "x")


def _bare(size: str) -> str:
    """Return a size without its unit, which stands beside it."""
    return size.removesuffix(" points").removesuffix("x")


def _read(paths: Sequence[str], feedback: Sequence[str], how: Reading) -> Log:
    """Read logs, and the prompts of calls without a language where text is asked for."""
    return read(paths, feedback, replace(how, detect_languages=how.with_text))


ANALYSIS = Analysis(
    _run,
    options=(
        Option(
            "--reference", "", "The language that others are set against.  [default: the most frequent]", "LANGUAGE"
        ),
    ),
    reader=_read,
)
