"""When a change is an alarm: past its limit, more than chance explains, and else honest about what it could not see."""

import json
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from building import events
from typer.testing import CliRunner

from aiopsctl.checks.alarms import Bar, Evidence, bars, gate
from aiopsctl.checks.check import Check, from_config
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.cli.app import app
from aiopsctl.config import Limit, load
from aiopsctl.result import Verdict
from aiopsctl.sources.log import Account, Log
from aiopsctl.stats.change import Change
from aiopsctl.window import Window, lagged, same_weekdays

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 10, 1, tzinfo=UTC)
CONFIG = """
checks:
  up:
    metric: thumbs-up-rate
    window: 7d
    compare: lagged
    warning: {fall: 3 points}
    critical: {fall: 5 points}
"""


def ratings(before: float, after: float, each_day: int, users: int = 200) -> Log:
    """Return 84 days of ratings up to NOW, of which the last seven have another share of thumbs up."""
    rng = Random(7)
    rows = [
        {"kind": "thumb", "value": int(rng.random() < (after if day >= 77 else before)), "user_id": f"u{rng.randrange(users)}",
         "ts": NOW - timedelta(days=84 - day) + timedelta(hours=12)}
        for day in range(84)
        for _ in range(each_day)
    ]  # fmt: skip
    log = events(*rows)
    return Log(log, Account(files=1, rows_read=log.height))


def checks(tmp_path: Path, text: str = CONFIG) -> list[Check]:
    """Return the checks of a config."""
    (tmp_path / "aiopsctl.yaml").write_text(text)
    return from_config(load(tmp_path / "aiopsctl.yaml"), "aiopsctl.yaml")


def judged(log: Log, found: list[Check], **how: Any) -> Verdict:
    """Return the verdict of a config with one check."""
    (verdict,) = run(found, log, Run(now=NOW, tz=ZONE, **how)).checks or ()
    return verdict


@pytest.mark.parametrize(
    ("after", "each_day", "status"),
    [(0.55, 200, "critical"), (0.75, 800, "ok"), (0.72, 30, "blind"), (0.75, 30, "blind"), (0.55, 3, "skipped")],
)
def test_statuses(tmp_path: Path, after: float, each_day: int, status: str) -> None:
    """A fall of 20 points is seen, none on much data is fine, and on little data nobody could have told."""
    found = judged(ratings(0.75, after, each_day), checks(tmp_path))

    assert status == found.status
    assert (found.detectable is not None) == (status == "blind")


def test_blind_says_what_it_could_have_seen(tmp_path: Path) -> None:
    """The smallest fall that would have been seen is beyond the limit of 3 points, and is told in points."""
    found = judged(ratings(0.75, 0.75, 30), checks(tmp_path))

    assert found.detectable is not None
    assert 0.03 < found.detectable < 0.3
    assert (
        found.reason
        == f"the smallest fall it could see is {found.detectable * 100:.3g} points; limit: fall of 3 points"
    )


def test_same_log_judged_by_its_interval(tmp_path: Path) -> None:
    """`judge: interval` asks for the whole interval past the limit, and knows no blindness."""
    found = judged(ratings(0.75, 0.72, 30), checks(tmp_path, CONFIG + "    judge: interval\n"))

    assert (found.status, found.detectable) == ("ok", None)


def test_many_series_raise_the_bar() -> None:
    """One series alone has the whole budget of a look, three red days an alarm; among a hundred, a hundredth of it."""
    metric = next(iter(from_config_of("thumbs-up-rate")))
    one = (metric, measurement({}), Change(0.0, 0.02, inf, "difference"))
    alone, among = bars([one])[False], bars([one] * 100)[False]

    assert alone.cutoffs["warning"] == pytest.approx(3 * 12 / 2 / 365)
    assert alone.cutoffs["critical"] == pytest.approx(3 * 1 / 2 / 365)
    assert among.plain["warning"] == pytest.approx(3 * 12 / 2 / 365 / 100)


def from_config_of(metric: str) -> list[Check]:
    """Return a check of a metric with a limit of its fall."""
    from aiopsctl import catalog

    return [Check("it", catalog.metric(metric), {"warning": (Limit("fall", 0.03, "absolute"),)})]


def measurement(slice_: dict[str, Any]) -> Any:
    """Return a measurement of a slice."""
    from aiopsctl.result import Measurement

    return Measurement("thumbs-up-rate", slice_, 0.7, None, None, 100, "ratio")


@pytest.mark.parametrize(
    ("limit", "scale", "expected"),
    [
        (Limit("fall", 0.03, "absolute"), "difference", 0.03),
        (Limit("fall", 0.2, "relative"), "difference", 0.15),
        (Limit("rise", 0.2, "relative"), "log", 0.1823215568),
        (Limit("fall", 0.5, "factor"), "log", 0.6931471806),
        (Limit("rise", 0.75, "absolute"), "log", 0.6931471806),
        (Limit("fall", 1.0, "relative"), "log", inf),
    ],
)
def test_gate(limit: Limit, scale: Any, expected: float) -> None:
    """A limit of a change on the scale of its statistic, from a reference of 0.75."""
    assert gate(limit, scale, 0.75) == pytest.approx(expected)


def test_detectable_of_a_quotient_is_a_share() -> None:
    """What is seen on the logarithm of tokens is told as a share: 0.1 more is 10.5 %, 0.1 less is 9.5 %."""
    proof = Evidence(Change(0.0, 0.1 / (3.0902 + 0.84), inf, "log"), Bar({}, {"warning": 0.001}))

    assert proof.detectable("warning", "rise") == pytest.approx(0.10517, abs=1e-4)
    assert proof.detectable("warning", "fall") == pytest.approx(0.09516, abs=1e-4)


def test_windows_before() -> None:
    """Seven days are set against the seven before or eight lagged weeks, thirty against thirty from five weeks before."""
    week, month = (Window(NOW - timedelta(days=days), NOW) for days in (7, 30))
    day = timedelta(days=1)

    assert same_weekdays(week, 7, ZONE) == Window(NOW - 14 * day, NOW - 7 * day)
    assert same_weekdays(month, 30, ZONE) == Window(NOW - 65 * day, NOW - 35 * day)
    assert lagged(week, ZONE) == Window(NOW - 84 * day, NOW - 28 * day)


def test_looks_within_a_day_are_one_look(tmp_path: Path) -> None:
    """A check of a change says the same at any time of a day, whatever has been logged since midnight."""
    log = ratings(0.75, 0.55, 60)
    rows = [{**row, "event": "feedback"} for row in log.events.to_dicts()]
    more = [{**row, "ts": NOW + timedelta(hours=9), "value": 1.0} for row in rows[:500]]
    (tmp_path / "aiopsctl.yaml").write_text(CONFIG)

    def said(extra: list[dict[str, Any]], now: str) -> tuple[Any, ...]:
        path = tmp_path / "log.jsonl"
        lines = (
            json.dumps({**row, "ts": row["ts"].isoformat(), "request_id": f"r{n}"})
            for n, row in enumerate(rows + extra)
        )
        path.write_text("".join(f"{line}\n" for line in lines))
        words = ["check", str(path), "-c", str(tmp_path / "aiopsctl.yaml"), "--now", now, "-f", "json"]
        (found,) = json.loads(CliRunner().invoke(app, words).stdout)["checks"]
        return found["value"], found["reference"]["value"], found["status"], found["window"]["until"]

    assert said([], "2026-10-01T00:30Z") == said(more, "2026-10-01T23:30Z")
