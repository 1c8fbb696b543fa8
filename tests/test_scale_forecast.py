"""Forecast: months to come with their uncertainty, its past, cost by users, and what moved it."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from aiopsctl.analyses.scale._drivers import Side, drivers, new_features
from aiopsctl.analyses.scale._scaling import curve, table
from aiopsctl.cli.app import app
from aiopsctl.stats.spend import backtest, model

SAMPLE = Path(__file__).parent.parent / "sample_data"
MONDAY = date(2026, 6, 1)
Row = dict[str, Any]


def said(*words: Any, code: int = 0) -> Row:
    """Return what the command says as JSON, under its own key."""
    done = CliRunner().invoke(app, ["scale", "forecast", *map(str, words), "-f", "json"])
    assert done.exit_code == code, done.output
    found: Row = json.loads(done.stdout)
    own: Row = found["forecast"]
    return own


def days_of(folder: Path, days: int, users: Callable[[int], int], cost: Callable[[int], float], **of: Any) -> Path:
    """Write a log from the first of June, a Monday: on each day one call a user, which together cost so much."""
    path = folder / "log.jsonl"
    with path.open("w") as file:
        for day in range(days):
            begin = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day)
            for user in range(n := users(day)):
                # the first call of a day is at midnight and the last one shortly before the next
                row = {
                    "ts": (begin + timedelta(seconds=86_399 * user / max(n - 1, 1))).isoformat(),
                    "request_id": f"{day}-{user}", "user_id": f"u{user}", "cost_usd": cost(day) / n, "status": "ok",
                    "feature": "draft", **of,
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")
    return path


def flat(folder: Path, days: int = 91) -> Path:
    """Write a log that costs a dollar on every day."""
    return days_of(folder, days, lambda _: 4, lambda _: 1.0)


# months


def test_flat_log_is_forecast_flat(tmp_path: Path) -> None:
    """A log that costs a dollar a day to the end of August costs 30, 31 and 30 dollars after, in every scenario."""
    found = said(flat(tmp_path, 92))

    for row, dollars in zip(found["months"], (30, 31, 30), strict=True):
        for name in ("conservative", "expected", "aggressive", "low", "high"):
            assert row[f"{name}_usd"] == pytest.approx(dollars, rel=1e-6)
    assert [row["month"] for row in found["months"]] == ["2026-09", "2026-10", "2026-11"]
    assert found["model"]["growth_per_week"] == pytest.approx(0, abs=1e-9)
    assert found["backtest"]["mape"] == pytest.approx(0, abs=1e-6)
    assert found["backtest"]["coverage"] in {0, 1}


def test_month_that_has_begun(tmp_path: Path) -> None:
    """Of the month in which the log ends, what is spent stands, and the rest is forecast; more months follow."""
    first, second = said(flat(tmp_path, 91 - 15), "--months", 1)["months"]

    assert (first["month"], first["so_far_usd"]) == ("2026-08", pytest.approx(15))
    assert first["expected_usd"] == pytest.approx(31)
    assert (second["month"], second["so_far_usd"]) == ("2026-09", None)


def test_growth_goes_on() -> None:
    """Weeks that grow by 2 % without noise go on to: the sum of the days to come, worked as a geometric series."""
    weeks = [[100 * 1.02**week / 7] * 7 for week in range(10)]
    own = model(weeks)
    assert own is not None

    spend = own.days(0, 28)

    by_day = [100 / 7 * 1.02 ** ((70 + day - 3) / 7) for day in range(28)]
    assert spend.mid == pytest.approx(sum(by_day), rel=1e-9)
    assert own.line.slope == pytest.approx(log(1.02))


def test_days_of_the_week_are_kept() -> None:
    """Days that are free in every week are free in the forecast."""
    own = model([[20, 20, 20, 20, 20, 0, 0]] * 8)
    assert own is not None

    assert own.days(5, 7).mid == pytest.approx(0, abs=1e-9)
    assert own.days(0, 5).mid == pytest.approx(100)


def test_quantiles_are_of_students_t() -> None:
    """Where neighbours are not alike, a week to come is as uncertain as SciPy's regression has it."""
    logs = [4 + 0.03 * x + (0.1 if x % 2 else -0.1) for x in range(12)]
    own = model([[exp(y) / 7] * 7 for y in logs])
    assert own is not None
    line = stats.linregress(range(12), logs)
    rest = np.array(logs) - line.intercept - line.slope * np.arange(12)
    noise = (rest**2).sum() / 10
    error = sqrt(noise * (1 + 1 / 12 + (12 - 5.5) ** 2 / ((np.arange(12) - 5.5) ** 2).sum()))

    spend = own.days(0, 7)

    assert spend.error == pytest.approx(error, rel=1e-6)
    assert spend.at(0.9) / spend.mid == pytest.approx(exp(stats.t.ppf(0.9, 10) * error), rel=1e-6)
    assert spend.over(spend.at(0.9)) == pytest.approx(0.1, rel=1e-6)


def test_one_rush_does_not_bend_the_trend() -> None:
    """A week of ten times the cost at the end is pulled to the edge, and named; the others stay."""
    calm = [[10 + 0.1 * ((week * 7) % 3)] * 7 for week in range(12)]
    own = model([*calm[:-1], [100.0] * 7])
    assert own is not None

    assert own.pulled == (11,)
    assert own.days(0, 7).mid == pytest.approx(70, rel=0.1)


def test_intervals_hold() -> None:
    """Of 300 made-up logs with independent weeks, about 80 % end between conservative and aggressive, 95 % in the interval."""
    random, inner, outer = np.random.default_rng(11), 0, 0
    for _ in range(300):
        totals = np.exp(3 + 0.02 * np.arange(16) + random.normal(0, 0.08, 16))
        own = model([[total / 7] * 7 for total in totals[:12]])
        assert own is not None
        spend = own.days(0, 28)
        inner += spend.at(0.1) <= totals[12:].sum() <= spend.at(0.9)
        outer += spend.at(0.025) <= totals[12:].sum() <= spend.at(0.975)

    assert 0.75 < inner / 300 < 0.9
    assert 0.91 < outer / 300 < 0.99


def test_backtest_knows_only_the_past() -> None:
    """Each trial forecasts four weeks from those before: a jump that comes later is missed by all of it."""
    weeks = [[1.0] * 7] * 6 + [[2.0] * 7] * 4

    (trial,) = backtest(weeks, 0.1, 0.9)

    assert (trial.origin, trial.forecast, trial.actual, trial.before) == (6, pytest.approx(28), 56, 28)
    assert trial.high < trial.actual


@pytest.mark.parametrize("days", [7, 55])
def test_too_little_is_refused(days: int, tmp_path: Path) -> None:
    """With less than 8 whole weeks there is no forecast, and what more users would cost is said all the same."""
    found = said(flat(tmp_path, days), code=3)

    assert found["months"] == []
    assert "whole weeks" in found["model"]["reason"]
    assert found["backtest"]["mape"] is None
    assert found["baseline"]["cost_usd"] == pytest.approx(30)
    assert found["scaling"][0]["naive_usd"] == pytest.approx(30 * 1000 / 4)


def test_costs_that_are_not_known_are_refused(tmp_path: Path) -> None:
    """Where costs are known for too few calls, nothing is forecast, and the exit code says so."""
    path = days_of(tmp_path, 60, lambda _: 2, lambda _: 1.0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps(r | ({"cost_usd": None} if i % 2 else {})) for i, r in enumerate(lines)))

    done = CliRunner().invoke(app, ["scale", "forecast", str(path)])

    assert done.exit_code == 3
    assert "cost is known for 50.0% of the calls" in done.stderr


@pytest.mark.parametrize("words", [("--months", "0"), ("--months", "99"), ("--users", "-1"), ("--by", "feature")])
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    """Months and users that cannot be, and slices, are errors of usage."""
    done = CliRunner().invoke(app, ["scale", "forecast", str(flat(tmp_path, 7)), *words])

    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")


def test_plan_of_the_config(tmp_path: Path) -> None:
    """A month to come is set beside the forecast of the config, and so are months that have passed."""
    config = tmp_path / "aiopsctl.yaml"
    config.write_text("forecast: {2026-07: 25 USD, 2026-09: 20 USD}\n")

    found = said(flat(tmp_path, 92), "-c", config)

    assert found["months"][0]["over_plan"] == pytest.approx(0.5)
    assert found["months"][0]["p_over_plan"] == pytest.approx(1)
    assert found["months"][1]["plan_usd"] is found["months"][1]["over_plan"] is None
    assert found["plan"] == [
        {"month": "2026-07", "plan_usd": 25, "cost_usd": pytest.approx(31), "over": pytest.approx(0.24)}
    ]


def test_sample_logs_are_forecast() -> None:
    """The sample logs, which cost 39 dollars in October, have an interval around about that for November."""
    found = said(SAMPLE, "--isolated")
    november = found["months"][0]

    assert (
        november["low_usd"] < november["conservative_usd"] < 38.98 < november["aggressive_usd"] < november["high_usd"]
    )
    assert found["backtest"]["forecasts"] == 3
    assert "hardly vary" in found["scaling_curve"]["reason"]


# users


def wiggle(n: int) -> Iterable[float]:
    """Return a few per cent up and down, without a pattern in time."""
    return [0.02 * (((7 * i) % 5) - 2) / 2 for i in range(n)]


def test_exponent_is_recovered(tmp_path: Path) -> None:
    """A log whose cost follows users^1.3 gives the exponent within its interval, and the factor."""
    users = [4 + 2 * week for week in range(10)]
    noise = list(wiggle(10))

    def cost(day: int) -> float:
        return float(0.5 * users[day // 7] ** 1.3 * exp(noise[day // 7]) / 7)

    found = said(days_of(tmp_path, 70, lambda day: users[day // 7], cost))
    own = found["scaling_curve"]

    assert own["low"] < 1.3 < own["high"]
    assert own["high"] - own["low"] < 0.2
    assert own["factor_low"] < 0.5 < own["factor_high"]
    row = found["scaling"][0]
    today = found["baseline"]
    assert row["fitted_usd"] == pytest.approx(today["cost_usd"] * (1000 / today["users"]) ** own["exponent"])


def test_curve_is_scipys() -> None:
    """Exponent and factor are those of SciPy's regression of the logarithms."""
    users, costs = [10, 14, 20, 28, 40, 56, 80, 112], [5.0, 9, 10, 21, 22, 50, 49, 101]
    line = stats.linregress(np.log(users), np.log(costs))

    own, _ = curve(users, costs)

    assert own is not None
    assert own.exponent == pytest.approx(line.slope)
    assert own.factor == pytest.approx(exp(line.intercept))


@pytest.mark.parametrize(
    ("users", "words"), [([100] * 8, "hardly vary"), ([10, 20], "2 whole weeks"), ([0] + [10] * 7, "no known users")]
)
def test_no_curve_where_users_do_not_tell(users: list[int], words: str) -> None:
    """Users that hardly vary, or too few weeks, give no exponent, but a reason."""
    own, why = curve(users, [1.0] * len(users))

    assert own is None
    assert words in why


def test_no_curve_where_cost_does_not_follow_users() -> None:
    """Where the exponent could be 0, none is told, and the reason says between which it lies."""
    own, why = curve([1, 2, 1, 3, 2, 1, 3, 1], [5.0, 1, 7, 9, 2, 4, 3, 8])

    assert own is None
    assert "does not follow users" in why


def test_table_of_the_handbook() -> None:
    """At 100 users today the rows are the handbook's: 10x, 13x, 10 to 11x, and so on."""
    rows = table(100, 1.0, None, "no curve")

    actual = [
        tuple(round(row[f"{name}_usd"], 6) for name in ("naive", "realistic", "optimised_low", "optimised_high"))
        for row in rows
    ]
    assert actual == [(10, 13, 10, 11), (100, 130, 80, 90), (1000, 1300, 600, 800)]
    assert all(row["fitted_usd"] is None and "no curve" in row["reason"] for row in rows)


def test_table_without_users_or_growth() -> None:
    """Unknown users, and no more users than today, give nulls with a reason."""
    assert "--users" in table(None, 1.0, None, "")[0]["reason"]
    assert table(1_000, 1.0, None, "")[0]["naive_usd"] is None
    assert table(20, 1.0, None, "")[2]["optimised_low_usd"] == pytest.approx(5_000 * 0.6)


def test_users_of_today_can_be_given(tmp_path: Path) -> None:
    """--users takes the place of the users of the last whole month, whose cost stays."""
    found = said(flat(tmp_path, 91), "--users", 500)

    assert found["baseline"] == {
        "name": "2026-07", "users": 500, "users_from": "option", "cost_usd": pytest.approx(31),
    }  # fmt: skip
    assert found["scaling"][0]["naive_usd"] == pytest.approx(62)


# drivers


def test_drivers_add_up() -> None:
    """Twice the users with three calls where there were two, at the same price: each gets its part of the change."""
    before = Side(20.0, 20, 10, {"a": (20, 20.0)})
    after = Side(90.0, 60, 20, {"a": (40, 60.0), "b": (20, 30.0)})

    found = {d["driver"]: d for d in drivers(before, after)}

    assert sum(d["effect_usd"] for d in found.values()) == pytest.approx(70)
    assert {name: d["change"] for name, d in found.items()} == {
        "active users": pytest.approx(1), "calls per user": pytest.approx(0.5), "cost per call": pytest.approx(0.5),
    }  # fmt: skip
    assert found["calls per user"]["effect_usd"] == pytest.approx(70 * log(1.5) / log(4.5))
    assert new_features(before, after) == [{"feature": "b", "cost_usd": 30.0, "share": pytest.approx(1 / 3)}]


def test_drivers_of_a_log(tmp_path: Path) -> None:
    """A log whose users double has users as its driver, and nothing else; too short a log says why it has none."""
    path = days_of(tmp_path, 56, lambda day: 2 if day < 28 else 4, lambda day: 1.0 if day < 28 else 2.0)

    effects = {d["driver"]: d["effect_usd"] for d in said(path)["drivers"]}

    assert effects == {
        "active users": pytest.approx(28), "calls per user": pytest.approx(0, abs=1e-6),
        "cost per call": pytest.approx(0, abs=1e-6),
    }  # fmt: skip
    short = said(flat(tmp_path, 50), code=3)
    assert (short["drivers"], "50 whole days" in short["drivers_reason"]) == ([], True)
