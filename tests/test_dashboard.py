"""The dashboard: change, trend and verdict of its metrics, beside all measurements."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from aiopsctl import catalog
from aiopsctl.analyses.dashboard import on_dashboard
from aiopsctl.cli.app import app
from aiopsctl.document import schema
from aiopsctl.formats.format import Look, format_named
from aiopsctl.readable import moved, sparkline
from aiopsctl.result import Data, Measurement, Span
from aiopsctl.result import Result as Answer

FIRST = datetime(2026, 9, 1, 12, tzinfo=UTC)
CONFIG = """\
defaults: {min_samples: 2}
checks:
  errors: {metric: error-rate, by: feature, window: 7d, critical: {above: 50%}, warning: {above: 1%}}
  rpm: {metric: peak-rpm, window: 7d, critical: {above: 1}}
"""


def rows(days: int) -> Iterator[Mapping[str, Any]]:
    """Yield two calls a day, in the last week three; in it every call of `chat` fails."""
    for day in range(days):
        is_last_week = day >= days - 7
        for n in range(3 if is_last_week else 2):
            feature = "chat" if n == 1 else "draft"
            failed = is_last_week and feature == "chat"
            yield {
                "ts": (FIRST + timedelta(days=day)).isoformat(), "request_id": f"{day}-{n}", "user_id": f"u{n}",
                "feature": feature, "status": "error" if failed else "ok", "cost_usd": 0.5,
            }  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log of 40 days and a config with two checks."""
    for name in ("NO_COLOR", "FORCE_COLOR", "AIOPSCTL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    write(rows(40))
    Path("aiopsctl.yaml").write_text(CONFIG)
    return tmp_path


def write(found: Iterator[Mapping[str, Any]]) -> None:
    """Write the log."""
    Path("log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in found))


def summary(*words: str) -> Result:
    """Return what `summary` says of the log, which is asked once of the same log and config."""
    return _summary(words, Path("log.jsonl").read_bytes(), Path("aiopsctl.yaml").read_bytes())


@cache
def _summary(words: tuple[str, ...], _log: bytes, _config: bytes) -> Result:
    return CliRunner().invoke(app, ["summary", "log.jsonl", *words])


def tiles(*words: str) -> dict[str, dict[str, Any]]:
    """Return the dashboard by metric."""
    return {tile["metric"]: tile for tile in json.loads(summary(*words, "-f", "json").stdout)["dashboard"]}


def test_document_holds_all_measurements_and_the_dashboard() -> None:
    """The dashboard stands beside the measurements of every metric, and the document is as its schema says."""
    document = json.loads(summary("-f", "json").stdout)

    assert {m["metric"] for m in document["measurements"]} == set(catalog.metrics())
    assert [tile["metric"] for tile in document["dashboard"]] == [metric.name for metric in on_dashboard()]
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(document)) == []


def test_groups_are_those_of_the_handbook() -> None:
    """Health, quality, cost, engagement, in this order."""
    actual = list(dict.fromkeys(tile["group"] for tile in tiles().values()))

    assert ["health", "quality", "cost", "engagement"] == actual


def test_change_of_the_last_week() -> None:
    """Without --compare the change is of the last 7 days against the 7 before: 21 calls after 14, 7 of them failed."""
    found = tiles()

    assert (87, 0.5, "relative", "7d") == tuple(
        found["calls"][key] for key in ("value", "change", "change_kind", "against")
    )
    assert pytest.approx(7 / 21) == found["error-rate"]["change"]
    assert found["error-rate"]["change_kind"] == "difference"
    assert pytest.approx(7 / 87) == found["error-rate"]["value"]


@pytest.mark.parametrize("days", [7, 13])
def test_no_change_of_a_short_log(days: int) -> None:
    """A log of less than two weeks has no change, though it has a trend."""
    write(rows(days))
    found = tiles()["calls"]

    assert (None, None) == (found["change"], found["change_kind"])
    assert days == len(found["trend"])


def test_no_change_of_a_short_window() -> None:
    """A window of less than a week does not tell of the days outside it; it begins in the afternoon of the 7th."""
    found = tiles("--since", "3d")["calls"]

    assert found["change"] is None
    assert [("2026-10-07", None), ("2026-10-08", 3), ("2026-10-09", 3), ("2026-10-10", 3)] == [
        (p["since"], p["value"]) for p in found["trend"]
    ]


def test_change_against_another_window() -> None:
    """With --compare the change is against that window: in October 3 days of 2 calls and 7 of 3, in September 30 of 2."""
    found = tiles("--since", "2026-10-01", "--compare", "2026-09")["calls"]

    assert (27, pytest.approx((27 - 60) / 60), "2026-09") == (found["value"], found["change"], found["against"])


def test_trend_has_a_day_for_each_value() -> None:
    """The trend is of the last 30 days; a day without calls is unknown, not zero."""
    write(row for row in rows(40) if not str(row["ts"]).startswith("2026-10-05"))
    trend = tiles()["calls"]["trend"]
    by_day = {point["since"]: point["value"] for point in trend}

    assert 30 == len(trend)
    assert ("2026-09-11", "2026-10-10") == (trend[0]["since"], trend[-1]["since"])
    assert (2, None, 3) == (by_day["2026-10-03"], by_day["2026-10-05"], by_day["2026-10-10"])


def test_trend_follows_the_zone() -> None:
    """A day is one of the zone: at noon in UTC it is already the next one in Kiritimati."""
    assert "2026-10-11" == tiles("--tz", "Pacific/Kiritimati")["calls"]["trend"][-1]["since"]


def test_verdict_is_the_worst_of_the_checks() -> None:
    """The verdict is that of `check` over all slices; a metric that no check judges has none."""
    found = tiles()

    assert ("critical", "errors") == (found["error-rate"]["status"], found["error-rate"]["check"])
    assert (None, None) == (found["calls"]["status"], found["calls"]["check"])


def test_a_day_that_goes_on_is_not_compared() -> None:
    """Where every call of the day so far fails, the verdict is that of `check`: of yesterday beside the day before."""
    Path("aiopsctl.yaml").write_text(
        "checks: {e: {metric: error-rate, window: 1d, compare: previous, min_samples: 2, critical: {rise: 50%}}}"
    )
    write(
        {"ts": f"2026-09-{day:02}T00:{n:02}:00Z", "user_id": f"u{n}", "status": "error" if day == 5 or n < 3 else "ok"}
        for day in range(1, 6)
        for n in range(30)
    )
    now = ("--now", "2026-09-05T01:00:00Z")
    checked = json.loads(CliRunner().invoke(app, ["check", "log.jsonl", *now, "-f", "json"]).stdout)

    assert "ok" == checked["checks"][0]["status"] == tiles(*now)["error-rate"]["status"]


def test_verdict_of_a_skipped_slice() -> None:
    """A slice with too few samples does not hide those that were judged."""
    Path("aiopsctl.yaml").write_text(CONFIG.replace("min_samples: 2", "min_samples: 10"))
    write(row for row in rows(40) if row["feature"] == "draft" or str(row["ts"]).startswith("2026-10-10"))

    assert "ok" == tiles()["error-rate"]["status"]


def test_breaches_of_other_metrics_are_named() -> None:
    """What is in breach without a place on the dashboard is named below it, and the next command follows."""
    shown = summary().stdout

    assert "also in breach: ✖ critical rpm (peak-rpm)" in shown
    assert "next: aiopsctl latency log.jsonl" in shown


def test_no_verdicts_where_a_check_would_not_judge() -> None:
    """A log of which too many rows are rejected has no verdicts, and a note says so."""
    with Path("log.jsonl").open("a") as log:
        log.write("no json\n" * 30)
    done = summary("-f", "json")

    assert "no verdicts: more rows were rejected than a check allows" in done.stderr
    assert {None} == {tile["status"] for tile in json.loads(done.stdout)["dashboard"]}


@pytest.mark.parametrize("words", [("--by", "feature"), ("--metrics", "calls,error-rate")])
def test_tables_that_are_asked_for(words: tuple[str, ...]) -> None:
    """With --by or --metrics the summary shows the tables of these, and no dashboard."""
    assert "verdict" not in summary(*words).stdout
    assert "dashboard" not in json.loads(summary(*words, "-f", "json").stdout)


def test_dashboard_as_csv() -> None:
    """A CSV has a row for every metric, and what the dashboard says behind those that are on it."""
    header, *lines = summary("-f", "csv").stdout.splitlines()
    errors = next(line for line in lines if line.startswith("error-rate,"))

    assert header.endswith(",dashboard,change,change_kind,against,verdict,check")
    assert re.search(r",health,0\.33333\d+,difference,7d,critical,errors$", errors)
    assert len(catalog.metrics()) == len(lines)


def everything() -> Answer:
    """Return an answer in which each metric of the dashboard is known and has a change, a trend and a verdict."""
    found = [Measurement(m.name, {}, 1234.5, 0.4, 23456.7, 123_456, m.unit) for m in on_dashboard()]
    trend = [{"since": f"2026-09-{day:02}", "value": day % 7} for day in range(1, 31)]
    told = {"value": 1.0, "change": -0.1234, "trend": trend, "status": "critical", "check": "c", "against": "7d"}
    shown = [told | {"group": m.dashboard, "metric": m.name, "change_kind": "relative"} for m in on_dashboard()]
    data = Data(2, 100, 98, 2, 0, 0, 90, 8, 0, 0, 1.0, 0, {"not_json": 2}, {"native": 2})
    return Answer("summary", 0, Span(None, None, "UTC"), data, found, extra={"dashboard": shown})


@pytest.mark.parametrize("width", [80, 160])
def test_dashboard_fits_one_screen(width: int) -> None:
    """Value, change, trend and verdict find room at 80 columns; with 160 the interval and the sample size, too."""
    lines = format_named("table").render(everything(), Look(width=width)).splitlines()

    assert [] == [line for line in lines if cell_len(line) > width]
    assert len(on_dashboard()) + 11 >= len(lines)
    assert all(name in lines[4] for name in ("metric", "value", "7d change", "last 30 days", "verdict"))
    assert (width == 160) == ("95 % interval" in lines[4] and "  n  " in lines[4])


@pytest.mark.parametrize(
    ("values", "cells", "expected"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"),
        ([0, None, 7], 3, "▁ █"),
        ([5, 5, 5], 3, "▁▁▁"),
        ([0, 2, 6, 8], 2, "▁█"),  # means 1 and 7
        ([100, 0, 0, 8, 8], 3, "█▁▂"),  # the odd one out is the oldest: 100, 0, 8 of 100
        ([1], 3, ""),
        ([None, 1], 3, ""),
        ([], 3, ""),
    ],
)
def test_sparkline(values: list[float | None], cells: int, expected: str) -> None:
    """A trend is blocks between its lowest and its highest; what is unknown is a gap."""
    assert expected == sparkline(values, cells)


@pytest.mark.parametrize(
    ("value", "before", "unit", "expected"),
    [(0.5, 0.4, "ratio", 0.1), (30, 40, "points", -10), (6, 4, "usd", 0.5), (6, 0, "usd", None), (None, 4, "ms", None)],
)
def test_moved(value: float | None, before: float, unit: str, expected: float | None) -> None:
    """Shares and scores move by a difference, everything else by a share of what it was."""
    assert (expected if expected is None else pytest.approx(expected)) == moved(value, before, unit)
