"""Why the cost of a call, and its tokens, changed: mix of features and models, tokens, price, other layers.

Within a feature and model, the model's part of a call's cost is a price times its tokens, each kind of token weighted by
what it costs beside a plain input token; so tokens and price split the rest without a remainder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
from msgspec.structs import replace

from aiopsctl import sums
from aiopsctl.engine import local
from aiopsctl.engine.kept import Events
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import Scope, label, prepared
from aiopsctl.prices.rates import Book
from aiopsctl.prices.weights import weights
from aiopsctl.readable import number
from aiopsctl.result import Result, Section
from aiopsctl.sources.log import Log
from aiopsctl.stats.decompose import Nested, nested
from aiopsctl.views import oldest_of, refused

KEYS = ("feature_or_none", "model_or_none")
PERIODS = ("day", "week", "month", "quarter")
USUAL = (0.25, 4.0)
"""What a cached and an output token cost beside an input token, where the rates of a model are not known."""

_SUMS = {
    column_of(what): what
    for what in (
        sums.priced_calls, sums.cost, sums.model_cost, sums.input_tokens_of_priced, sums.cached_tokens_of_priced,
        sums.output_tokens_of_priced, sums.calls_with_input, sums.input_tokens, sums.calls_with_output, sums.output_tokens,
    )
}  # fmt: skip
_NANO = 1e9
Key = tuple[str, str]
Row = Mapping[str, int]
Side = Mapping[Key, Row]
Weighing = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Cause:
    """The change of one mean between two periods, and what it is made of; `parts` add up to `change`."""

    metric: str
    unit: str
    before: float
    after: float
    since: str
    until: str
    parts: Mapping[str, float]

    @property
    def change(self) -> float:
        """The whole change."""
        return self.after - self.before


def causes(events: Events, scope: Scope, weighing: Weighing, period: str = "") -> list[Cause]:
    """Return the causes between the window compared with and the window, or from each `period` to the next.

    `weighing` has for each model what a cached and an output token cost beside an input token.
    """
    found: list[Cause] = []
    for (name0, before), (name1, after) in pairwise(_sides(events, scope, period)):
        found += _between(before, after, name0, name1, weighing)
    return found


def _sides(events: Events, scope: Scope, period: str) -> list[tuple[str, Side]]:
    """Return the sums of each period, the oldest first, by feature and model."""
    if period:
        rows = _summed(events, replace(scope, reference=None), (period,))
        slices = sorted(key for key in rows.partition_by(period, as_dict=True) if key[0] is not None)
        return [(str(label(period, key, scope.tz)), _side(rows.filter(pl.col(period) == key))) for (key,) in slices]
    if scope.reference is None:
        return []
    windows = ((scope.reference_name, scope.reference), ("this window", scope.window))
    return [(name, _side(_summed(events, replace(scope, window=w, reference=None), ()))) for name, w in windows]


def _summed(events: Events, scope: Scope, slices: tuple[str, ...]) -> pl.DataFrame:
    (found,) = local.reduce(prepared(events, scope), [Reduction(slices, KEYS, (), _SUMS)])
    return found.sort(*slices, *KEYS)


def _side(rows: pl.DataFrame) -> Side:
    return {(row[KEYS[0]], row[KEYS[1]]): row for row in rows.iter_rows(named=True)}


def _between(before: Side, after: Side, since: str, until: str, weighing: Weighing) -> list[Cause]:
    found = []
    for metric, unit, top, bottom in _MEANS:
        zero, one = (_means(side, column_of(top), column_of(bottom)) for side in (before, after))
        if _mean(zero) is None or _mean(one) is None:
            continue
        split = nested(zero, one, levels=2)
        parts = {"mix of features": split.mix[0], "mix of models": split.mix[1]}
        parts |= _within_cost(split, before, after, weighing) if metric == "cost-per-call" else {"within": split.within}
        scale = _NANO if unit == "usd" else 1
        ends = [(_mean(side) or 0.0) / scale for side in (zero, one)]
        found.append(
            Cause(metric, unit, ends[0], ends[1], since, until, {n: part / scale for n, part in parts.items()})
        )
    return found


def _means(side: Side, top: str, bottom: str) -> dict[Key, tuple[float, float]]:
    return {key: (row[top], row[bottom]) for key, row in side.items()}


def _mean(means: Mapping[Key, tuple[float, float]]) -> float | None:
    n = sum(n for _, n in means.values())
    return sum(x for x, _ in means.values()) / n if n else None


_MEANS = (
    ("cost-per-call", "usd", sums.cost, sums.priced_calls),
    ("input-tokens", "tokens", sums.input_tokens, sums.calls_with_input),
    ("output-tokens", "tokens", sums.output_tokens, sums.calls_with_output),
)


@dataclass(frozen=True)
class _Call:
    """The mean call of a segment: what the model and the other layers cost, and its tokens, weighted and not."""

    model: float
    others: float
    input: float
    cached: float
    output: float

    def weighted(self, cached: float, output: float) -> float:
        """Return its tokens as so many plain input tokens."""
        return self.input + (cached - 1) * self.cached + output * self.output


def _call(row: Row) -> _Call:
    n = row[column_of(sums.priced_calls)]
    cost, model, tokens, cached, output = (
        row[column_of(what)] / n
        for what in (sums.cost, sums.model_cost, sums.input_tokens_of_priced, sums.cached_tokens_of_priced,
                     sums.output_tokens_of_priced)
    )  # fmt: skip
    return _Call(model, cost - model, tokens, cached, output)


def _within_cost(split: Nested[Key], before: Side, after: Side, weighing: Weighing) -> dict[str, float]:
    """Return what tokens, price and the other layers did within the segments."""
    parts = dict.fromkeys(("input tokens", "cached share", "output tokens", "price", "other layers"), 0.0)
    for key, leaf in split.leaves.items():
        one, two = _call(before[key]), _call(after[key])
        for name, size in _leaf(one, two, *weighing.get(str(key[1]), USUAL)).items():
            parts[name] += leaf.weight * size
    return parts


def _leaf(one: _Call, two: _Call, cached: float, output: float) -> dict[str, float]:
    t0, t1 = (each.weighted(cached, output) for each in (one, two))
    others = {"other layers": two.others - one.others}
    if not (t0 > 0 and t1 > 0):
        return others | {"price": two.model - one.model}
    p0, p1 = one.model / t0, two.model / t1
    price = (p0 + p1) / 2
    return others | {
        "input tokens": price * (two.input - one.input),
        "cached share": price * (cached - 1) * (two.cached - one.cached),
        "output tokens": price * output * (two.output - one.output),
        "price": (t0 + t1) / 2 * (p1 - p0),
    }


def with_causes(result: Result, log: Log, scope: Scope, book: Book, period: str = "") -> Result:
    """Return a result with the causes: of the change from period to period, else of that from the window compared with.

    Those from period to period stand in place of the measurements.
    """
    if scope.by and not period:
        return result
    found = causes(log.events, scope, weights(log.events, book, _between_windows(log, scope)), period)
    data = [asdict(cause) | {"change": cause.change} for cause in found]
    answer = replace(
        result, extra=result.extra | {"causes": data}, sections=_sections(found), records=data if period else None,
        measured=not period,
    )  # fmt: skip
    if found or not period:
        return answer
    return refused(
        answer,
        f"error: no two {period}s with costs or tokens to compare\n  help: take a shorter period: {', '.join(PERIODS)}",
    )


def _between_windows(log: Log, scope: Scope) -> datetime:
    """Return the instant whose rates weigh the tokens: where the window begins, else the log."""
    return scope.window.since or oldest_of(log) or datetime(2026, 1, 1, tzinfo=UTC)


def _sections(found: Sequence[Cause]) -> tuple[Section, ...]:
    metrics = list(dict.fromkeys(cause.metric for cause in found))
    return tuple(_section([cause for cause in found if cause.metric == metric]) for metric in metrics)


def _section(found: Sequence[Cause]) -> Section:
    """Return the causes of one metric: a column a change, a row a part."""
    first = found[0]
    names = (f"{cause.since} to {cause.until}" for cause in found)
    ends = [
        ("before", *(number(c.before, c.unit) for c in found)),
        ("after", *(number(c.after, c.unit) for c in found)),
    ]
    moved = ("change", *(_signed(cause.change, cause) for cause in found))
    parts = [(f"  {name}", *(_signed(cause.parts[name], cause) for cause in found)) for name in first.parts]
    columns = ("", *names)
    return Section(f"why {first.metric} changed", columns, (*ends, moved, *parts), right=columns[1:])


def _signed(size: float, cause: Cause) -> str:
    """Return a size with its sign; what is less than a ten-thousandth of the metric is shown as none."""
    if abs(size) < 1e-4 * max(abs(cause.before), abs(cause.after)):
        return "0"
    return f"{'+' if size > 0 else ''}{number(size, cause.unit)}"
