"""The worked example of a metric, step by step: its events, their sums at the grain, the facts given, the value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from aiopsctl.engine import local
from aiopsctl.engine.plan import add, column_of, evaluate, reductions
from aiopsctl.events import ACTIVITY_KINDS, COLUMNS
from aiopsctl.facts import FACTS, table
from aiopsctl.measure import calendar, complete
from aiopsctl.metric import Metric
from aiopsctl.readable import interval, number
from aiopsctl.sources.coerce import dtype_of

NOTHING = "\N{EN DASH}"
MORE = "\N{HORIZONTAL ELLIPSIS}"
_NOON = datetime.fromisoformat("2026-09-01T12:00:00Z")
_HEAD, _LONGEST = 3, 6
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Grid:
    """A small table of text: a long one has its first rows, a row of ellipses, and its last one; `height` counts all."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    height: int


@dataclass(frozen=True)
class Worked:
    """The steps of an example: events, their sums and what they are `by`, the facts given, and the value, in words."""

    events: Grid
    by: tuple[str, ...]
    sums: Grid
    given: tuple[str, ...]
    value: str


def worked(metric: Metric) -> Worked:
    """Return the example of a metric, computed as every value of it is."""
    rows, _ = metric.example
    (plan,) = reductions([metric], ())
    log = complete(_frame(rows)).with_columns(calendar(_UTC))
    (summed,) = local.reduce(log, [plan])
    sums = add([summed], plan)
    facts = {name: table(FACTS[name], values) for name, values in metric.given.items()}
    (found,) = evaluate(sums, metric, (), facts).iter_rows(named=True)
    shown = _summed(sums, metric, facts, found["value"])
    by = tuple(name for name in shown.columns if name in metric.keys)
    return Worked(_events(rows), by, _grid(shown.columns, shown.rows()), tuple(_given(metric)), _value(metric, found))


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the rows of an example as canonical events: of noon, and calls, unless they say otherwise."""
    whole = [{"ts": _NOON, "event": _event(row.get("kind"))} | dict(row) for row in rows]
    names = {name for row in whole for name in row}
    columns = [column for name, column in COLUMNS.items() if name in names]
    return pl.DataFrame(
        [pl.Series(c.name, [_read(c.name, row.get(c.name)) for row in whole], dtype_of(c)) for c in columns]
    )


def _event(kind: str | None) -> str:
    if kind is None:
        return "call"
    return "activity" if kind in ACTIVITY_KINDS else "feedback"


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name == "ts" and isinstance(value, str) else value


def _events(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the events, with the columns that any of them names, in the order of the canonical ones."""
    names = [name for name in COLUMNS if any(name in row for row in rows)]
    return _grid(names, [tuple(row.get(name) for name in names) for row in rows])


def _summed(sums: pl.DataFrame, metric: Metric, facts: Mapping[str, pl.DataFrame], value: float) -> pl.DataFrame:
    """Return the sums by their names; those by a unit that only the interval needs are added up."""
    by_column = {column_of(what): what.add for what in metric.sums.values()}
    again = [getattr(pl.col(column), how)() for column, how in by_column.items()]
    whole = sums.group_by(metric.grain).agg(again) if metric.grain else sums.select(again)
    whole = whole.with_columns(
        pl.lit(None, sums.schema[key]).alias(key) for key in metric.keys if key not in metric.grain
    )
    only_for_interval = evaluate(whole, metric, (), facts)["value"].item() == value
    keys, shown = (metric.grain, whole) if only_for_interval else (metric.keys, sums)
    kept = shown.drop_nulls(metric.grain).sort(keys) if keys else shown
    return kept.select(*keys, *(pl.col(column_of(what)).alias(name) for name, what in metric.sums.items()))


def _grid(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Grid:
    cells = [tuple(_cell(value) for value in row) for row in rows]
    if len(cells) > _LONGEST:
        cells = [*cells[:_HEAD], (MORE,) * len(columns), cells[-1]]
    return Grid(tuple(columns), tuple(cells), len(rows))


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return NOTHING
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case bool() | str() | date():
            return str(value)
    return f"{value:,}" if value == int(value) else f"{value:g}"


def _given(metric: Metric) -> list[str]:
    return [
        f"{name}: {', '.join(f'{_cell(value)} for {_cell(key)}' if FACTS[name].key else _cell(value) for key, value in of.items())}"
        for name, of in metric.given.items()
    ]


def _value(metric: Metric, found: Mapping[str, Any]) -> str:
    spread = interval(found["low"], found["high"], metric.unit)
    told = ", ".join([f"n {found['n']:,}", *([f"95 % interval {spread}"] if spread else [])])
    return f"{metric.value.words} = {number(found['value'], metric.unit)} ({told})"
