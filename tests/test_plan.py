"""What a run of checks would judge, and what could never fire."""

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cases import each
from typer.testing import CliRunner

from aiopsctl import catalog
from aiopsctl.checks.never import _range
from aiopsctl.cli.app import app
from aiopsctl.document import schema
from aiopsctl.metric import Metric

SAMPLE = Path(__file__).parents[1] / "sample_data"
CALL = '{{"ts": "2026-09-{day:02}T12:00:00Z", "request_id": "r{n}", "status": "ok", "latency_ms": 100}}\n'


def document(*words: str) -> dict[str, Any]:
    """Return what a command answers as JSON, after a look at its schema."""
    result = CliRunner().invoke(app, [*words, "-f", "json"])
    found = msgspec.json.decode(result.stdout)
    jsonschema.validate(found, schema())
    assert found["exit_code"] == result.exit_code
    return dict(found)


def plan(folder: Path, check: str, calls: dict[int, int], *words: str) -> dict[str, Any]:
    """Return the plan of one check on so many calls by day of September."""
    (folder / "aiopsctl.yaml").write_text(f"checks:\n  it: {check}\n")
    days = [day for day, count in calls.items() for _ in range(count)]
    (folder / "log.jsonl").write_text("".join(CALL.format(day=day, n=n) for n, day in enumerate(days)))
    config = str(folder / "aiopsctl.yaml")
    found = document("check", str(folder / "log.jsonl"), "-c", config, "--dry-run", *words)
    (one,) = found["plan"]
    return dict(one) | {"exit_code": found["exit_code"]}


@pytest.fixture(scope="module")
def planned_of_sample() -> dict[str, Any]:
    """Return the dry run of the sample's config."""
    return document("check", "-c", str(SAMPLE / "aiopsctl.yaml"), "--now", "data", "--dry-run")


def test_plan_and_run_agree(planned_of_sample: dict[str, Any]) -> None:
    """What is planned to be judged is what a run judges, on as many samples and over the same days."""
    ran = document("check", "-c", str(SAMPLE / "aiopsctl.yaml"), "--now", "data")["checks"]
    expected = [(v["id"], v["metric"], v["slice"], v["n"], v["window"], v["value"] is not None) for v in ran]
    planned = planned_of_sample["plan"]
    actual = [(p["id"], p["metric"], p["slice"], p["n"], p["window"], p["judged"]) for p in planned]

    assert expected == actual


def test_nothing_is_judged(planned_of_sample: dict[str, Any]) -> None:
    """A dry run has no verdict, no breach and no measurement, also where a run breaches."""
    found = planned_of_sample

    assert (0, "not judged", []) == (found["exit_code"], found["verdict"], found["checks"])
    assert not any(found["counts"].values())


def test_an_earlier_window_had_enough(tmp_path: Path) -> None:
    """Too few samples in the last window is no reason why a check could never fire, where an earlier one had enough."""
    found = plan(tmp_path, "{metric: calls, window: 7d, min_samples: 5, critical: {below: 1}}", {2: 5, 20: 1})

    assert (False, "1 of 5 samples", []) == (found["judged"], found["reason"], found["never"])


def test_no_window_has_enough(tmp_path: Path) -> None:
    """A check that wants more samples than any window of its length has can never fire."""
    found = plan(tmp_path, "{metric: calls, window: 7d, min_samples: 6, critical: {below: 1}}", {2: 5, 20: 1})

    assert ["no window of 7d has 6 samples: the most are 5"] == found["never"]
    assert found["exit_code"] == 3


@pytest.mark.parametrize(
    ("check", "never"),
    [
        ("{metric: error-rate, critical: {above: 100%}}", ["critical above 100.0 %: it is at most 100.0 %"]),
        ("{metric: error-rate, critical: {above: 99%}}", []),
        ("{metric: calls, critical: {below: 0}}", ["critical below 0: it is at least 0"]),
        ("{metric: nps, critical: {below: -100}}", ["critical below -100: it is at least -100"]),
        ("{metric: calls, critical: {below: 1}, where: \"feature = 'x'\"}", ["no row of the log is where feature = 'x'"]),
        ("{metric: calls, critical: {below: 1}, by: tier}", ["the log has no tier, so it cannot be judged by it"]),
        ("{metric: latency-p50, critical: {above: class}}", [
            "the log has no feature, so it cannot be judged by it",
            "no feature has a class; the config gives them: features: {NAME: {class: on-demand}}",
        ]),
        ("{metric: calls, compare: previous, critical: {fall: 50%}}", [
            "no fall: the log begins 2026-09-20, the window before on 2026-09-07",
        ]),
        ("{metric: calls, compare: previous, critical: {fall: 50%, above: 5}}", [
            "no fall: nothing to compare with",
        ]),
        ("{metric: calls, by: day, critical: {below: 1}}", []),
        ("{metric: nps-gap, critical: {below: -120}}", []),
        ("{metric: forecast-error, critical: {above: 100%}}", []),
        ("{metric: user-cost-over-mean, critical: {above: 100x}}", []),
    ],
)  # fmt: skip
def test_never(check: str, never: list[str], tmp_path: Path) -> None:
    """A limit out of reach, a filter or a column without rows, a class nobody has, no reference: each is told."""
    found = plan(tmp_path, check, {20: 80})

    assert never == found["never"]


def test_required_check_that_cannot_be_judged(tmp_path: Path) -> None:
    """A required check that cannot be judged makes a dry run exit 3, and so does any with --strict."""
    text = "{metric: [calls, nps], min_samples: 1, critical: {below: 1}}"
    (tmp_path / "log.jsonl").write_text(CALL.format(day=1, n=1))
    (tmp_path / "a.yaml").write_text(f"checks:\n  it: {text}\n")
    (tmp_path / "b.yaml").write_text(f"checks:\n  it: {text[:-1]}, required: true}}\n")
    words = ("check", str(tmp_path / "log.jsonl"), "--dry-run", "-c")

    assert document(*words, str(tmp_path / "a.yaml"))["exit_code"] == 0
    assert document(*words, str(tmp_path / "a.yaml"), "--strict")["exit_code"] == 3
    assert document(*words, str(tmp_path / "b.yaml"))["exit_code"] == 3


def test_log_without_rows(tmp_path: Path) -> None:
    """On an empty log nothing would be judged."""
    (tmp_path / "log.jsonl").write_text("")
    found = document("check", str(tmp_path / "log.jsonl"), "--isolated", "--dry-run")

    assert found["exit_code"] == 3
    assert not any(each["judged"] for each in found["plan"])


@each("metric", catalog.metrics().values())
def test_range(metric: Metric) -> None:
    """The worked example of a metric lies within what it is said to be able to be."""
    low, high = _range(metric)
    value = metric.example[1]

    assert value is None or low is None or low <= value
    assert value is None or high is None or value <= high


def test_formats_of_verdicts_are_refused() -> None:
    """A plan has no verdicts to show, and a file of none would look like a pass."""
    done = CliRunner().invoke(app, ["check", str(SAMPLE), "--isolated", "--dry-run", "-f", "junit"])

    assert (2, "") == (done.exit_code, done.stdout)
