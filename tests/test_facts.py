"""Facts that no log tells: from the config, from a table, from the window."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from building import events

from aiopsctl import catalog
from aiopsctl.checks.check import handbook
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.config import Config, Tier, load, quantity
from aiopsctl.errors import ConfigError
from aiopsctl.facts import FACTS, Setting
from aiopsctl.measure import Scope, measure
from aiopsctl.result import Measurement
from aiopsctl.sources.log import Account, Log
from aiopsctl.window import Window

ZONE = ZoneInfo("UTC")
PRO = Config(tiers={"pro": Tier(revenue=quantity("30 USD / month"))})
TABLE = "month,forecast_usd,revenue_usd,product_mau\n2026-09,100,9000,50\n2026-10,,8000.50,\n"


def setting(since: datetime, until: datetime, zone: str = "UTC") -> Setting:
    """Return a setting of a window that the log covers."""
    return Setting(None, ZoneInfo(zone), since=since, until=until, end=until)


def measured(name: str, *rows: dict[str, object], **scope: object) -> list[Measurement]:
    """Return the measurements of one metric."""
    return measure(events(*rows), [catalog.metric(name)], Scope(ZONE, **scope))  # type: ignore[arg-type]  # by name


def written(folder: Path, config: str, table: str = TABLE) -> Config:
    """Return a config that was written beside a table of months."""
    (folder / "months.csv").write_text(table)
    (folder / "aiopsctl.yaml").write_text(config)
    return load(folder / "aiopsctl.yaml")


def test_share_of_a_month() -> None:
    """A window has of each month the share of its time: 10 of 30 days, then 31 of 31, then 1 of 30."""
    found = FACTS["month_share"].read(setting(datetime(2026, 9, 21, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)))

    assert found == pytest.approx({date(2026, 9, 1): 10 / 30, date(2026, 10, 1): 1, date(2026, 11, 1): 1 / 30})


def test_share_of_a_month_when_clocks_change() -> None:
    """October in Berlin has 745 hours; its last day has 25 of them."""
    since, until = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)

    assert FACTS["month_share"].read(setting(since, until, "Europe/Berlin")) == {date(2026, 10, 1): 25 / 745}


def test_revenue_of_the_days_that_the_log_covers() -> None:
    """A log of the first 15 days of a month of 30 has half of the month's revenue to carry its cost."""
    rows = [
        {"ts": f"2026-09-{day:02}T10:00:00Z", "user_id": "a", "tier": "pro", "cost_usd": 0.2} for day in range(1, 16)
    ]

    (found,) = measured("cost-share-of-revenue", *rows, config=PRO)

    assert found.value == pytest.approx(15 * 0.2 / 15)


def test_cost_of_unknown_tiers_makes_the_share_unknown() -> None:
    """Where more than 5 % of the cost is of tiers without a known revenue, the share would be of something else."""
    rows = [{"user_id": "a", "tier": "pro", "cost_usd": 9}, {"user_id": "b", "tier": "team", "cost_usd": 1}]

    (whole,) = measured("cost-share-of-revenue", *rows, config=PRO)
    by_tier = {m.slice["tier"]: m.value for m in measured("cost-share-of-revenue", *rows, config=PRO, by=("tier",))}

    assert (whole.value, whole.status) == (None, "unknown")
    assert by_tier == {"pro": pytest.approx(9 / 1)}


@pytest.mark.parametrize(
    ("name", "scope", "reason"),
    [
        ("forecast-error", {}, "the config gives no forecast of the cost: forecast: {2026-11: 18_400 USD}"),
        ("forecast-error", {"by": ("feature",)}, "the forecast of the cost is told of the whole"),
        ("forecast-error", {"where": "feature = 'draft'"}, "the forecast of the cost is told of the whole"),
        ("cost-share-of-revenue", {"by": ("week",), "config": PRO}, "what it needs is known by month"),
    ],
)
def test_unknown_says_which_fact_is_missing(name: str, scope: dict[str, object], reason: str) -> None:
    """A metric whose facts are missing, or cannot be told of its slices, is unknown and says so."""
    (found,) = measured(name, {"cost_usd": 1, "user_id": "a", "tier": "pro", "feature": "draft"}, **scope)

    assert (found.value, found.status) == (None, "unknown")
    assert found.reason
    assert found.reason.startswith(reason)


def test_forecast_of_a_part_of_a_month() -> None:
    """Ten days of September against 100 dollars for its 30: 40 dollars are a fifth more than was expected."""
    config = Config(forecast={"2026-09": quantity("100 USD")})
    window = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 11, tzinfo=UTC))
    rows = [{"ts": f"2026-09-{day:02}T23:00:00Z", "cost_usd": cost} for day, cost in ((1, 15), (10, 25), (12, 99))]

    (found,) = measured("forecast-error", *rows, config=config, window=window)

    assert found.value == pytest.approx(0.2)


def test_handbook_skips_what_only_a_config_tells() -> None:
    """Without a config the limit on the share of revenue is skipped, with what to write; with one it is judged."""
    row = {"user_id": "a", "tier": "pro", "cost_usd": 12, "ts": "2026-09-30T12:00:00Z"}
    log = Log(events(row, {**row, "ts": "2026-09-01T12:00:00Z"}), Account(files=1, rows_read=2))
    now = datetime(2026, 10, 1, tzinfo=UTC)

    def judged(config: Config) -> tuple[str, str | None]:
        checks = [check for check in handbook(config) if check.metric.name == "cost-share-of-revenue"]
        (found,) = run(checks, log, Run(now=now, tz=ZONE, config=config)).checks or ()
        return found.status, found.reason

    assert judged(Config()) == (
        "skipped", "the config gives no revenue of a tier's users: tiers: {pro: {revenue: 20 USD / month}}",
    )  # fmt: skip
    assert judged(PRO) == ("skipped", "1 of 50 samples")


def test_table_of_months(tmp_path: Path) -> None:
    """A table tells forecast, revenue and users by month; the config goes before it, an empty cell says nothing."""
    config = written(tmp_path, "monthly: months.csv\nforecast: {2026-09: 70 USD, 2026-11: 5 USD}\n")

    assert {month: q.value for month, q in config.forecast.items()} == {"2026-09": 70, "2026-11": 5}
    assert {month: q.value for month, q in config.revenue.items()} == {"2026-09": 9000, "2026-10": 8000.5}
    assert config.product_mau == {"2026-09": 50}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("month,forcast_usd\n2026-09,1\n", ["unknown column 'forcast_usd'", ":1", "did you mean 'forecast_usd'?"]),
        ("monat\n1\n", ["no column 'month'", "unknown column 'monat'"]),
        (
            "month,revenue_usd\n2026-13,1\n2026-09,x\n",
            ["'2026-13' is not a month", ":2", "'x' is no revenue_usd", ":3"],
        ),
        ("month,revenue_usd\n2026-09,-1\n2026-09,nan\n", ["'-1' is no revenue_usd", "2026-09 stands twice"]),
        ("month,product_mau\n2026-09,1.5\n", ["'1.5' is no product_mau"]),
    ],
)
def test_table_of_months_is_strict(tmp_path: Path, table: str, expected: list[str]) -> None:
    """Every problem of the table is told at its line, with what would be right."""
    with pytest.raises(ConfigError) as error:
        written(tmp_path, "monthly: months.csv\n", table)

    assert [part for part in expected if part not in str(error.value)] == []


def test_table_of_months_must_exist(tmp_path: Path) -> None:
    """A table that is not there is an error of the config."""
    with pytest.raises(ConfigError, match="cannot read the table of months"):
        written(tmp_path, "monthly: elsewhere.csv\n")
