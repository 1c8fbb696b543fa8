"""Where each value of the config comes from, and what its checks are."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app

TEXT = "timezone: Europe/Berlin\ndefaults: {min_samples: 7}\nchecks:\n  few: {metric: calls, critical: {below: 1}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a config."""
    (tmp_path / "aiopsctl.yaml").write_text(TEXT)
    for name in ("AIOPSCTL_CONFIG", "AIOPSCTL_PSEUDONYM_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(words))


def origins(*words: str) -> dict[str, tuple[Any, str]]:
    """Return each value with its origin, by its key."""
    found = json.loads(call("explain", "config", *words, "-f", "json").stdout)
    return {each["key"]: (each["value"], each["origin"]) for each in found["settings"]}


def test_line_before_built_in() -> None:
    """What the file writes has its line, what it does not is built in."""
    found = origins()

    assert ("Europe/Berlin", "aiopsctl.yaml:1") == found["timezone"]
    assert (7, "aiopsctl.yaml:2") == found["defaults.min_samples"]
    assert ("7d", "built-in") == found["defaults.window"]
    assert ("none", "built-in") == found["preset"]


def test_flag_before_line() -> None:
    """A flag goes before the file, and is named."""
    found = origins("--tz", "Asia/Tokyo", "--max-rejected", "5%", "--pseudonymize", "--map", "ts=t")

    assert ("Asia/Tokyo", "--tz") == found["timezone"]
    assert ("5%", "--max-rejected") == found["max_rejected"]
    assert (True, "--pseudonymize") == found["pseudonymize"]
    assert ("t", "--map") == found["columns.ts"]


def test_no_config() -> None:
    """Without a config everything is built in, and the handbook is judged."""
    found = origins("--isolated")

    assert {"built-in"} == {origin for _, origin in found.values()}
    assert "handbook" == found["preset"][0]
    assert ("1500ms", "built-in") == found["classes.inline.p95"]


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config that the environment names is told to come from there; the value of a variable is never shown."""
    (tmp_path / "other.yaml").write_text("timezone: Asia/Tokyo\n")
    monkeypatch.setenv("AIOPSCTL_CONFIG", str(tmp_path / "other.yaml"))
    monkeypatch.setenv("AIOPSCTL_PSEUDONYM_KEY", "a secret that nobody may see")
    text, document = call("explain", "config").stdout, call("explain", "config", "-f", "json").stdout
    found = json.loads(document)

    assert {"file": "other.yaml", "origin": "environment: AIOPSCTL_CONFIG"} == found["config"]
    assert [("AIOPSCTL_CONFIG", True), ("AIOPSCTL_PSEUDONYM_KEY", True)] == [
        (each["name"], each["set"]) for each in found["environment"]
    ]
    assert "secret" not in text + document
    assert (
        "aiopsctl.yaml"
        == json.loads(call("explain", "config", "-c", "aiopsctl.yaml", "-f", "json").stdout)["config"]["file"]
    )


def test_table_of_months(tmp_path: Path) -> None:
    """What is known by month from a table comes from there, unless the config writes it."""
    (tmp_path / "months.csv").write_text("month,forecast_usd\n2026-10,5\n2026-11,6\n")
    (tmp_path / "aiopsctl.yaml").write_text("monthly: months.csv\nforecast: {2026-10: 7 USD}\n")
    found = origins()

    assert ("7 USD", "aiopsctl.yaml:2") == found["forecast.2026-10"]
    assert "months.csv" == found["forecast.2026-11"][1]


@pytest.mark.parametrize("words", [("check", "few"), ("few",)])
def test_check(words: tuple[str, ...]) -> None:
    """A check is explained by its name, alone or behind `check`, with what its defaults say."""
    (found,) = json.loads(call("explain", *words, "-f", "json").stdout)["checks"]

    assert ("few", "calls", "7d", 7) == tuple(found[name] for name in ("id", "metric", "window", "min_samples"))
    assert {"file": "aiopsctl.yaml", "line": 4} == found["at"]
    assert [{"kind": "below", "value": 1.0, "mode": "absolute"}] == found["levels"]["critical"]


def test_metric_before_check(tmp_path: Path) -> None:
    """A name that is a metric is the metric; behind `check` it is the check."""
    (tmp_path / "aiopsctl.yaml").write_text("checks:\n  calls: {metric: calls, critical: {below: 1}}\n")

    assert call("explain", "calls").stdout.startswith("calls (latency)")
    assert call("explain", "check", "calls").stdout.startswith("calls (check)")


def test_broken_config(tmp_path: Path) -> None:
    """A broken config hides no metric, and is told where it is asked about."""
    (tmp_path / "aiopsctl.yaml").write_text("chekcs: {}\n")

    assert 0 == call("explain", "calls").exit_code
    assert "unknown metric or column 'few'" in call("explain", "few").stderr
    for words in (("config",), ("check", "few"), ("few", "-c", "aiopsctl.yaml")):
        done = call("explain", *words)
        assert (2, True) == (done.exit_code, "did you mean 'checks'?" in done.stderr)


def test_hostile_values(tmp_path: Path) -> None:
    """Nothing in a config can move the terminal."""
    (tmp_path / "aiopsctl.yaml").write_text('features: {"a\u200bb": {owner: "x\\u200ey"}}\n')
    done = call("explain", "config")

    assert r"features.a\u200bb.owner" in done.stdout
    assert r"x\u200ey" in done.stdout
