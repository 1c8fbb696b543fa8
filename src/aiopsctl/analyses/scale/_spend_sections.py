"""The tables of a forecast, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiopsctl.readable import change_words, clean, number, plural
from aiopsctl.result import Section

_LEAST = 1e-4
_WHOLE = 99.995


def sections(data: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the tables of a forecast."""
    yield from _months(data)
    yield from _trust(data)
    yield from _plan(data)
    yield from _scaling(data)
    yield from _drivers(data)


def _usd(value: float | None) -> str | None:
    """Return dollars; what is estimated has no cents from a hundred dollars on."""
    if value is None:
        return None
    return number(value, "usd") if value < _WHOLE else f"${value:,.0f}"


def _between(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{_usd(low)} to {_usd(high)}"


def _share(value: float | None) -> str | None:
    return None if value is None else change_words(value, "usd")


def _months(data: Mapping[str, Any]) -> Iterator[Section]:
    rows = data["months"]
    planned = any(row["plan_usd"] is not None for row in rows)
    columns: tuple[str, ...] = ("month", "conservative", "expected", "aggressive")
    columns += ("plan", "over plan", "chance") if planned else ("95 % interval",)
    cells = tuple(
        (
            row["month"],
            *(_usd(row[f"{name}_usd"]) for name in ("conservative", "expected", "aggressive")),
            *(
                (_usd(row["plan_usd"]), _share(row["over_plan"]), _percent(row["p_over_plan"]))
                if planned
                else (_between(row["low_usd"], row["high_usd"]),)
            ),
        )
        for row in rows
    )
    if cells:
        yield Section("cost of the next months", columns, cells, right=columns[1:])


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}".replace("%", " %")


def _trust(data: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the trend, and how well it would have done."""
    made, tested = data["model"], data["backtest"]
    if made["reason"]:
        return
    rows = [
        (f"growth a week, over {made['weeks']} weeks", _share(made["growth_per_week"]),
         f"{_share(made['low'])} to {_share(made['high'])}"),
    ]  # fmt: skip
    if tested["mape"] is not None:
        n = tested["forecasts"]
        rows += [
            (f"error of {n} past forecasts of 4 weeks", _percent(tested["mape"]), ""),
            ("  of taking the 4 weeks before", _percent(tested["mape_no_change"]), ""),
            ("  actual between conservative and aggressive", _percent(tested["coverage"]), "80 % is right"),
        ]
    yield Section(
        "how far to trust it", ("what", "value", "95 % interval"), tuple(rows), right=("value", "95 % interval")
    )


def _plan(data: Mapping[str, Any]) -> Iterator[Section]:
    cells = tuple((r["month"], _usd(r["plan_usd"]), _usd(r["cost_usd"]), _share(r["over"])) for r in data["plan"])
    if cells:
        columns = ("month", "forecast", "actual", "over, same days")
        yield Section("forecast of the config against actual", columns, cells, right=columns[1:])


def _scaling(data: Mapping[str, Any]) -> Iterator[Section]:
    own, today = data["scaling_curve"], data["baseline"]
    fitted = own["exponent"] is not None
    columns: tuple[str, ...] = ("users", "times", "naive", "realistic", "optimised", *(("fitted",) if fitted else ()))
    cells = [
        (
            f"{row['users']:,}", None if row["multiple"] is None else number(row["multiple"], "x"),
            _usd(row["naive_usd"]), _usd(row["realistic_usd"]),
            _between(row["optimised_low_usd"], row["optimised_high_usd"]),
            *((_usd(row["fitted_usd"]),) if fitted else ()),
        )
        for row in data["scaling"]
    ]  # fmt: skip
    if today["users"] is None or today["cost_usd"] is None:
        return
    title = f"a month with more users; {today['name']}: {plural(today['users'], 'user')}, {_usd(today['cost_usd'])}"
    if fitted:
        power = f"{own['exponent']:.2f} ({own['low']:.2f} to {own['high']:.2f})"
        title += f"; cost ~ users^{power}"
    yield Section(title, columns, tuple(cells), right=columns)


def _drivers(data: Mapping[str, Any]) -> Iterator[Section]:
    if not data["drivers"]:
        return
    columns = ("first to last 28 days", "before", "after", "change", "effect on cost")
    rows = [
        (d["driver"], *(_amount(d, end) for end in ("before", "after")), _share(d["change"]), _signed(d["effect_usd"]))
        for d in data["drivers"]
    ]
    yield Section("what moved the cost", columns, tuple(rows), right=columns[1:])
    for cause in data["causes"]:
        unit, size = cause["unit"], max(abs(cause["before"]), abs(cause["after"]))
        parts = [
            (f"  {name}", "", "", _part(part, cause["before"]), "")
            for name, part in cause["parts"].items() if abs(part) >= _LEAST * size
        ]  # fmt: skip
        ends = (number(cause["before"], unit), number(cause["after"], unit))
        whole = (cause["metric"], *ends, _part(cause["change"], cause["before"]), "")
        yield Section(f"why {cause['metric']} changed", columns, (whole, *parts), right=columns[1:])
    new = tuple(
        (clean(f["feature"] or "no feature"), "", _usd(f["cost_usd"]), f"{number(f['share'], 'ratio')} of it", "")
        for f in data["new_features"]
    )
    if new:
        yield Section("new features", columns, new, right=columns[1:])


def _amount(driver: Mapping[str, Any], end: str) -> str:
    unit = "usd" if driver["driver"] == "cost per call" else "calls" if driver["driver"] == "calls" else "x"
    if driver["driver"] == "active users":
        return f"{driver[end]:,}"
    return number(driver[end], unit).removesuffix("x")


def _part(size: float, before: float) -> str | None:
    return _share(size / before) if before else None


def _signed(size: float) -> str:
    return f"{'+' if size > 0 else ''}{number(size, 'usd')}"
