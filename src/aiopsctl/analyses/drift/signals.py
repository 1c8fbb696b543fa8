"""What the handbook watches for drift: ratings, corrections, tickets about accuracy, errors, tasks, tokens, cost, usage."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl import sums as named
from aiopsctl.analyses.drift.moves import POINTS, RARE, SCORES, SIZES, TICKETS, UNDATED, Gate, Series, judged
from aiopsctl.changes import scale_of
from aiopsctl.context import missing
from aiopsctl.engine.kept import Events, covered, values
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import WINDOW, Scope, labels, measure, sums
from aiopsctl.metric import Metric
from aiopsctl.result import Measurement, Slice
from aiopsctl.stats.discoveries import false_discoveries
from aiopsctl.stats.trend import Trend, trend
from aiopsctl.sums import Sum, count, of_kind
from aiopsctl.window import Window

MEANS = (
    "thumbs-up-rate", "star-mean", "correction-rate", "rejection-rate", "task-completion-rate", "error-rate",
    "input-tokens", "output-tokens", "cost-per-call",
)  # fmt: skip
TICKETS_OF, USAGE, CORRECTED = "ticket-rate", "adoption-rate", "correction-rate"
WEEKS = 12
"""So many complete weeks, the latest, make a trend."""

SURE = 0.01
"""A trend with a larger p-value may be chance."""

_ACCURACY = re.compile(r"accura|wrong|incorrect|mistake|hallucinat|quality", re.IGNORECASE)
_RARE_BELOW = 0.20
_FEWEST = 10
_WEEK = timedelta(days=7)
_TOP, _SIZE = "top", "size"


@dataclass(frozen=True)
class Signal:
    """A metric of a slice in both windows and by week, and the mean behind it that is tested."""

    metric: Metric
    slice: Slice
    series: Series
    measured: Measurement
    weeks: tuple[tuple[date, float], ...]

    @property
    def p(self) -> float | None:
        """The p-value of a change in the harmful direction, None where there is too little data."""
        return self.series.p(self.series.harm)

    @property
    def before(self) -> float | None:
        """The metric in the window before."""
        return self.measured.reference.value if self.measured.reference else None

    @property
    def level(self) -> str:
        """How far the metric moved, by its gate alone."""
        if self.measured.value is None or self.before is None:
            return "ok"
        return self.series.gate.level(self.before, self.measured.value, self.series.harm)

    @property
    def trend(self) -> Trend | None:
        """The trend of its weeks."""
        first = self.weeks[0][0] if self.weeks else None
        return trend([(day - first).days / 7 for day, _ in self.weeks if first], [value for _, value in self.weeks])

    def label(self, found: Trend | None) -> str | None:
        """Return whether its trend goes one way, week by week, in the harmful direction and beyond its gate."""
        if found is None or found.kendall_p > SURE or found.slope * self.series.harm <= 0 or self.level == "ok":
            return None
        return "sustained rise" if found.slope > 0 else "sustained decline"


def signals(events: Events, scope: Scope, complete: datetime) -> list[Signal]:
    """Return the signals that the log has, of the whole and of its slices; `complete` is the end of the last whole day."""
    every = [replace(scope, by=()), *([scope] if scope.by else [])]
    return [signal for own in every for signal in (*_means(events, own, complete), *_users(events, own, complete))] + [
        *_tickets(events, replace(scope, by=()), complete)
    ]


def told(found: Sequence[Signal]) -> list[dict[str, Any]]:
    """Return the signals as the answer has them, their p-values corrected for how many of them there are.

    The whole and the slices are a family each; within one the false discovery rate is held (Benjamini and Hochberg 1995).
    """
    corrected: dict[int, float] = {}
    for sliced in (False, True):
        p = {i: signal.p for i, signal in enumerate(found) if bool(signal.slice) is sliced and signal.p is not None}
        if p:
            corrected |= dict(zip(p, false_discoveries(list(p.values())), strict=True))
    return [_told(signal, corrected.get(i)) for i, signal in enumerate(found)]


def _told(signal: Signal, p: float | None) -> dict[str, Any]:
    series, m, of = signal.series, signal.measured, signal.trend
    label = signal.label(of)
    is_sure = label and of and of.p <= SURE and p is not None
    status, reason = judged(series, signal.level, 0.0 if is_sure else p, series.alone, series.blind())
    dates = series.dated() if status in ("warning", "critical") else UNDATED
    label = label if dates is not UNDATED and dates["changed_slowly"] is not False else None
    low, high = series.change.interval() if series.change and not series.lack else (None, None)
    slope = (of.slope, of.low, of.high, of.p, of.kendall_p) if of else (None,) * 5
    return {
        "metric": signal.metric.name, "slice": signal.slice, "status": status, "label": label,
        "value": m.value, "value_reference": signal.before, "unit": m.unit, "change_low": low, "change_high": high,
        **dict(zip(("slope_per_week", "low", "high", "p", "kendall_p"), slope, strict=True)),
        "p_change": signal.p, "p_adjusted": p, "detectable": series.detectable, "n": m.n, "n_reference": m.reference.n if m.reference else 0,
        **dates,
        "weeks": [{"week": day.isoformat(), "value": value} for day, value in signal.weeks],
        "reason": reason,
    }  # fmt: skip


def gate_of(metric: Metric, before: float | None) -> Gate:
    """Return the gate of a metric: rates that are rare where they are good have one of their own."""
    if metric.name == TICKETS_OF:
        return TICKETS
    if metric.unit == "ratio":
        return RARE if metric.worse == "higher" and (before or 0.0) < _RARE_BELOW else POINTS
    return SCORES if metric.unit == "score" else SIZES


def harm_of(metric: Metric) -> int:
    """Return the harmful direction of a metric: 1 up, -1 down, 0 any."""
    return {"higher": 1, "lower": -1}.get(metric.worse, 0)


def _means(events: Events, scope: Scope, complete: datetime) -> Iterator[Signal]:
    metrics = _told_by(events, [catalog.metric(name) for name in MEANS])
    if not metrics:
        return
    wanted = {column_of(what): what for m in metrics for what in _ratio(m)}
    (rows,) = sums(events, [Reduction((*scope.by, WINDOW), ("feature_or_none", "day", "user_id"), (), wanted)], scope)
    parts = _slices(rows, scope)
    for m, weeks in _measured(events, metrics, scope, complete):
        metric, own = catalog.metric(m.metric), parts.get(tuple(m.slice.values()))
        if own is not None:
            top, size = (pl.col(column_of(what)) for what in _ratio(metric))
            if metric.name == CORRECTED:
                own = own.filter(top.sum().over("feature_or_none") > 0)
            yield _signal(metric, own.select(WINDOW, "day", "user_id", top=top / metric.value.per, size=size), m, weeks)


def _told_by(events: Events, metrics: Sequence[Metric]) -> list[Metric]:
    """Return the metrics that the log has the columns and the kinds of rows for: no others are worth a sum."""
    lacks = missing(events, metrics)
    return [metric for metric in metrics if not lacks[metric.name]]


def _ratio(metric: Metric) -> list[Sum]:
    """Return what is tested of a metric, numerator and denominator; of corrections all, not one of each call."""
    return [metric.sums[name] for name in metric.value.ratio or metric.sums]


def _signal(metric: Metric, rows: pl.DataFrame, m: Measurement, weeks: Sequence[tuple[date, float]]) -> Signal:
    gate = gate_of(metric, m.reference.value if m.reference else None)
    return Signal(metric, m.slice, Series(rows, scale_of(metric), gate, harm_of(metric)), m, tuple(weeks))


def _slices(rows: pl.DataFrame, scope: Scope) -> dict[tuple[Any, ...], pl.DataFrame]:
    """Return the rows of each slice, by its labels; what has no name is no slice."""
    if not scope.by:
        return {(): rows}
    parts = rows.drop_nulls(scope.by).partition_by(scope.by, as_dict=True)
    return {tuple(labels(scope, key).values()): own for key, own in parts.items()}


def _measured(
    events: Events, metrics: Sequence[Metric], scope: Scope, complete: datetime
) -> Iterator[tuple[Measurement, list[tuple[date, float]]]]:
    """Yield every metric of every slice that has events in both windows, with its complete weeks."""
    weeks = _weekly(events, metrics, scope, complete)
    for m in measure(events, metrics, scope):
        if m.n and m.reference and m.reference.n and None not in m.slice.values():
            yield m, weeks.get((m.metric, tuple(m.slice.values())), [])


def _weekly(
    events: Events, metrics: Sequence[Metric], scope: Scope, complete: datetime
) -> Mapping[tuple[str, tuple[Any, ...]], list[tuple[date, float]]]:
    span = _weeks(events, scope, complete)
    found: dict[tuple[str, tuple[Any, ...]], list[tuple[date, float]]] = {}
    if span is None:
        return found
    by_week = replace(scope, window=span, reference=None, by=("week", *scope.by))
    for m in measure(events, metrics, by_week):
        if m.value is not None and m.n >= _FEWEST:
            week, *slice_ = m.slice.values()
            found.setdefault((m.metric, tuple(slice_)), []).append((datetime.strptime(f"{week}-1", "%G-W%V-%u").date(), m.value))  # fmt: skip  # noqa: DTZ007 - a day has no zone
    return found


def _weeks(events: Events, scope: Scope, complete: datetime) -> Window | None:
    """Return the last complete weeks of the log, up to `WEEKS`; None where there is none."""
    oldest, _ = covered(events)
    if oldest is None:
        return None
    end = complete.astimezone(scope.tz).date()
    end -= timedelta(days=end.weekday())
    begin = (oldest.astimezone(scope.tz) - timedelta(hours=1)).date() + timedelta(days=1)
    begin = max(begin + timedelta(days=-begin.weekday() % 7), end - WEEKS * _WEEK)
    if begin >= end:
        return None
    since, until = (datetime.combine(day, time(), scope.tz) for day in (begin, end))
    return Window(since, until)


def _tickets(events: Events, scope: Scope, complete: datetime) -> Iterator[Signal]:
    """Yield the tickets about accuracy, by category: per 1,000 users, tested per call."""
    about = [
        category for category in values(events, "category", pl.col("kind") == "ticket") if _ACCURACY.search(category)
    ]
    if not about:
        return
    import narwhals.stable.v2 as nw

    metric = catalog.metric(TICKETS_OF)
    tickets = {f"top_{i}": count(of_kind("ticket") & (nw.col("category") == each)) for i, each in enumerate(about)}
    plan = [Reduction((WINDOW,), ("day", "user_id"), (), {**tickets, _SIZE: named.calls})]
    (rows,) = sums(events, plan, scope)
    for m, weeks in _measured(events, [metric], replace(scope, by=("category",)), complete):
        if m.slice["category"] in about:
            top = f"top_{about.index(m.slice['category'])}"
            own = rows.select(WINDOW, "day", "user_id", top=pl.col(top).cast(pl.Float64), size=_SIZE)
            yield _signal(metric, own, m, weeks)


def _users(events: Events, scope: Scope, complete: datetime) -> Iterator[Signal]:
    """Yield the share of the product's users who use the AI in a week, where the log tells who uses the product."""
    if "user_id" not in events.columns or "activity" not in values(events, "event"):
        return
    metric = catalog.metric(USAGE)
    own, everyone = (
        sums(events, [Reduction((*by, WINDOW), ("day", "user_id"), ("user_id",), {"n": what})], scope)[0]
        for by, what in ((scope.by, named.calls), ((), named.in_product))
    )
    parts = _slices(own, scope)
    for m, weeks in _measured(events, [metric], scope, complete):
        if tuple(m.slice.values()) in parts:
            rows = _of_weeks(parts[tuple(m.slice.values())], everyone, scope)
            found = _signal(metric, rows, m, weeks)
            means = {"value": found.series.value, "reference": found.series.reference}
            before = m.reference and replace(m.reference, value=means["reference"])
            yield dataclasses.replace(found, series=dataclasses.replace(found.series, single_days=False, gate=POINTS),
                          measured=replace(m, value=means["value"], reference=before))  # fmt: skip


def _of_weeks(own: pl.DataFrame, everyone: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Return a row for each user of the product and week before the windows' ends: whether the AI was used (`top`)."""
    ends = [w.until for w in (scope.window, scope.reference) if w is not None]
    last = pl.when(pl.col(WINDOW) == 0).then(pl.lit(_day(ends[0], scope))).otherwise(pl.lit(_day(ends[-1], scope)))
    weeks_back = ((last - pl.col("day")).dt.total_days() - 1) // 7
    week = (last - pl.duration(days=7) * (weeks_back + 1)).cast(pl.Date).alias("day")
    keys = [WINDOW, "user_id", "day"]
    users, active = (rows.filter(pl.col("n") > 0).select(WINDOW, "user_id", week).unique() for rows in (everyone, own))
    return users.join(active.with_columns(top=pl.lit(1.0)), on=keys, how="left").select(
        *keys, top=pl.col("top").fill_null(0.0), size=pl.lit(1)
    )


def _day(when: datetime | None, scope: Scope) -> date | None:
    return when.astimezone(scope.tz).date() if when else None
