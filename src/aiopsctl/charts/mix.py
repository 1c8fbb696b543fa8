"""The mix of a dimension over time: which share of the calls each of its values has."""

from collections import Counter
from collections.abc import Iterable

from aiopsctl.charts import style
from aiopsctl.charts.chart import Chart, Data, Line, Spec
from aiopsctl.page import Drawing
from aiopsctl.readable import clean
from aiopsctl.result import Measurement, Result

_TIMES = ("day", "week", "month", "quarter", "hour")
_SHOWN = 5
_SHORT = "replace(datum.label, /^[0-9]{4}-W/, 'week ')"
_NONE = "\N{EN DASH}"


def _drawings(result: Result) -> Iterable[Drawing]:
    """Yield a picture where calls are counted by a period and one column more."""
    own = [m for m in result.measurements if m.metric == "calls" and m.value and len(m.slice) == 2]
    if not own:
        return
    period, *others = sorted(own[0].slice, key=lambda name: name not in _TIMES)
    periods = list(dict.fromkeys(m.slice[period] for m in own))
    if period not in _TIMES or len(periods) < 2:
        return
    data = _data(own, period, others[0], periods)
    if len(data["values"]) > 1:
        yield Drawing(
            "mix",
            f"mix-{others[0].replace('_', '-')}",
            f"Calls by {others[0].replace('_', ' ')} and {period}",
            _alt(data),
            data,
        )


def _data(own: Iterable[Measurement], period: str, column: str, periods: list[str]) -> Data:
    """Return the shares of the most frequent values; the rest is one."""
    calls: Counter[tuple[str, str]] = Counter()
    for m in own:
        part = m.slice[column]
        calls[m.slice[period], _NONE if part is None else clean(part, 60)] += int(m.value or 0)
    whole: Counter[str] = Counter()
    for (_, value), n in calls.items():
        whole[value] += n
    kept = [value for value, _ in whole.most_common(_SHOWN)]
    values = [*kept, style.OTHER] if len(whole) > _SHOWN else kept
    totals = {at: sum(n for (own_at, _), n in calls.items() if own_at == at) for at in periods}
    rows = [
        {"at": at, "value": value, "share": _calls(calls, at, value, kept) / totals[at]}
        for at in periods for value in values
    ]  # fmt: skip
    return {"column": column, "period": period, "values": values, "rows": rows}


def _calls(calls: Counter[tuple[str, str]], at: str, value: str, kept: list[str]) -> int:
    if value != style.OTHER or value in kept:
        return calls[at, value]
    return sum(n for (own, name), n in calls.items() if own == at and name not in kept)


def _alt(data: Data) -> str:
    first, last = data["rows"][0]["at"], data["rows"][-1]["at"]
    shares = {(row["at"], row["value"]): row["share"] for row in data["rows"]}
    parts = [f"{value} {style.reaches('ratio', shares[first, value], shares[last, value])}" for value in data["values"]]
    return f"Shares of the calls by {data['column']}, {first} to {last}: {', '.join(parts)}."


def spec(data: Data) -> Spec:
    """Return the specification: stacked bars, one a period, all of the same height."""
    colors = {"domain": data["values"], "range": list(style.SERIES[: len(data["values"])])}
    periods = list(dict.fromkeys(row["at"] for row in data["rows"]))
    step = max(1, -(-len(periods) // 6))
    order = {value: position for position, value in enumerate(data["values"])}
    return style.chart([{
        "data": {"values": [row | {"order": order[row["value"]]} for row in data["rows"]]},
        "mark": {"type": "bar", "stroke": style.PAPER, "strokeWidth": 0.6},
        "encoding": {
            "x": {
                "field": "at", "type": "ordinal", "title": None, "scale": {"paddingInner": 0.12}, "sort": periods,
                "axis": {"values": periods[::step], "labelAngle": 0, "labelOverlap": False, "labelExpr": _SHORT},
            },
            "y": {
                "field": "share", "type": "quantitative", "title": None, "stack": "zero",
                "scale": {"domain": [0, 1]}, "axis": style.amounts("ratio"),
            },
            "color": {"field": "value", "type": "nominal", "scale": colors},
            "order": {"field": "order"},
        },
    }])  # fmt: skip


def _lines(data: Data) -> Iterable[Line]:
    for value in data["values"]:
        yield value, [row["share"] for row in data["rows"] if row["value"] == value]


MIX = Chart("mix", "the mix of a column over time", "calls --by week and one more column", _drawings, spec, _lines)
