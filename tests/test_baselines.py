"""Saved baselines: numbers that are kept, found again, and refused where they mean something else."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from scipy.stats import binomtest
from typer.testing import CliRunner

from aiopsctl import catalog, sums
from aiopsctl.checks import baselines
from aiopsctl.checks.baselines import definition, is_name
from aiopsctl.cli import session
from aiopsctl.cli.app import app

FILE = Path(".aiopsctl/baselines/launch.json")
CONFIG = """\
checks:
  thumbs-up:
    metric: thumbs-up-rate
    by: feature
    compare: launch
    min_samples: 50
    critical: {fall: 10 points}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIOPSCTL_CONFIG", raising=False)


def thumbs(day: str, feature: str, up: int, down: int) -> list[Mapping[str, Any]]:
    """Return ratings of a feature on one day."""
    return [
        {
            "ts": f"{day}T12:00:00Z",
            "kind": "thumb",
            "value": int(n < up),
            "feature": feature,
            "feedback_id": f"{day}{n}",
        }
        for n in range(up + down)
    ]


def log(name: str, *groups: list[Mapping[str, Any]]) -> str:
    """Write a log and return its name."""
    rows = [{**row, "request_id": f"{name}-{at}-{n}"} for at, rows in enumerate(groups) for n, row in enumerate(rows)]
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def run(*words: str) -> Any:
    """Run `aiopsctl check` with these words."""
    return CliRunner().invoke(app, ["check", *words])


def saved(name: str = "launch") -> None:
    """Save a baseline in which 160 of 200 ratings of chat are good."""
    Path("aiopsctl.yaml").write_text(CONFIG)
    done = run(log("good.jsonl", thumbs("2026-09-01", "chat", 160, 40)), "--save-baseline", name)
    assert done.exit_code == 0, done.output


def verdicts(*words: str) -> list[dict[str, Any]]:
    """Return the verdicts of a check."""
    found: list[dict[str, Any]] = json.loads(run(*words, "-f", "json").stdout)["checks"]
    return found


def kept() -> dict[str, Any]:
    """Return the saved file."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def test_numbers_that_are_kept() -> None:
    """A baseline keeps value, Wilson's interval (as SciPy has it) and sample size of each slice, and the window."""
    saved()
    interval = binomtest(160, 200).proportion_ci(method="wilson")
    (entry,) = kept()["entries"]
    (actual,) = entry["slices"]

    assert actual["slice"] == {"feature": "chat"}
    assert (actual["value"], actual["n"], entry["unit"]) == (0.8, 200, "ratio")
    assert (actual["low"], actual["high"]) == pytest.approx((interval.low, interval.high))
    assert (entry["window"], entry["by"], entry["where"]) == ("7d", ["feature"], None)
    assert (entry["since"], entry["until"]) == ("2026-08-25T12:00:01Z", "2026-09-01T12:00:01Z")


def test_round_trip() -> None:
    """What a check is compared with is what was measured when the baseline was saved, digit by digit."""
    saved()
    (entry,) = kept()["entries"]
    (expected,) = entry["slices"]
    (verdict,) = verdicts(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80)))
    actual = verdict["reference"]

    assert {name: expected[name] for name in ("value", "low", "high", "n")} == {
        name: actual[name] for name in ("value", "low", "high", "n")
    }
    assert (actual["name"], actual["reason"]) == ("launch", None)
    assert datetime.fromisoformat(actual["saved_at"]) == datetime.fromisoformat(kept()["saved_at"])


@pytest.mark.parametrize(("points", "expected"), [(10, "critical"), (12, "ok")])
def test_fall_is_judged_from_both_intervals(points: int, expected: str) -> None:
    """A fall from 80 to 60 % is past a limit where the interval of the difference is (MOVER, worked with SciPy's Wilson)."""
    saved()
    Path("aiopsctl.yaml").write_text(CONFIG.replace("10 points", f"{points} points"))
    before, now = (binomtest(up, 200).proportion_ci(method="wilson") for up in (160, 120))
    least = (0.8 - 0.6) - points / 100 - sqrt((now.high - 0.6) ** 2 + (0.8 - before.low) ** 2)
    (verdict,) = verdicts(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80)))

    assert (least > 0) == (expected == "critical")
    assert verdict["status"] == expected


def test_slice_that_the_baseline_lacks_is_skipped() -> None:
    """A feature that came after the baseline was saved has nothing to be compared with, and the reason says so."""
    saved()
    now = log("now.jsonl", thumbs("2026-10-01", "chat", 160, 40), thumbs("2026-10-01", "draft", 10, 190))
    chat, draft = verdicts(now)

    assert (chat["status"], draft["status"]) == ("ok", "skipped")
    assert "nothing to compare with in baseline 'launch', saved " in draft["reason"]


def test_metric_without_a_value_at_the_time_is_skipped() -> None:
    """What was measured when the baseline was saved, and had no value, is nothing to compare with."""
    both = CONFIG.replace("metric: thumbs-up-rate", "metric: [thumbs-up-rate, star-mean]").replace("10 points", "1.5x")
    Path("aiopsctl.yaml").write_text(both.replace("fall: 1.5x", "fall: 0.5x"))
    done = run(log("good.jsonl", thumbs("2026-09-01", "chat", 160, 40)), "--save-baseline", "launch")
    stars = [{**row, "kind": "star", "value": 4} for row in thumbs("2026-10-01", "chat", 0, 60)]
    thumbs_up, star_mean = verdicts(log("now.jsonl", thumbs("2026-10-01", "chat", 160, 40), stars))

    assert "1 metric without a value, not kept: star-mean" in done.stderr
    assert (thumbs_up["status"], star_mean["status"]) == ("ok", "skipped")


def test_few_samples_of_the_baseline_are_skipped() -> None:
    """A baseline of 40 ratings is too small to be compared with where a check wants 50."""
    Path("aiopsctl.yaml").write_text(CONFIG)
    run(log("good.jsonl", thumbs("2026-09-01", "chat", 30, 10)), "--save-baseline", "launch")
    (verdict,) = verdicts(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80)))

    assert verdict["status"] == "skipped"
    assert "40 of 50 samples in baseline 'launch', saved " in verdict["reason"]


def test_changed_definition_is_refused() -> None:
    """Numbers of a metric that was computed otherwise are not compared: unknown, exit 3, with the way out."""
    saved()
    document = kept()
    document["entries"][0]["definition"] = "0" * 16
    FILE.write_text(json.dumps(document))
    now = log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80))
    (verdict,) = verdicts(now)

    assert verdict["status"] == "unknown"
    assert verdict["reason"] == (
        "thumbs-up-rate was computed otherwise when baseline 'launch' was saved; "
        "save it again: aiopsctl check --save-baseline launch --force"
    )
    assert run(now).exit_code == 3


@pytest.mark.parametrize("change", ["    window: 14d", "    where: feature = 'chat'", "    by: [feature, model]"])
def test_check_over_other_rows_is_refused(change: str) -> None:
    """A check that looks at other rows, or cuts them otherwise, than when the baseline was saved is unknown."""
    saved()
    key = change.partition(":")[0]
    lines = [line for line in CONFIG.splitlines() if not line.startswith(f"{key}:")]
    Path("aiopsctl.yaml").write_text("\n".join([*lines, change, ""]))
    now = log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80))

    assert {verdict["status"] for verdict in verdicts(now)} == {"unknown"}
    assert run(now).exit_code == 3


def test_given_window_fits_every_check() -> None:
    """A baseline of a window that was given with --since is compared with whatever window a check has."""
    Path("aiopsctl.yaml").write_text(CONFIG)
    good = log("good.jsonl", thumbs("2026-07-01", "chat", 50, 50), thumbs("2026-09-01", "chat", 160, 40))
    run(good, "--since", "2026-07", "--save-baseline", "launch")
    (verdict,) = verdicts(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80)))

    assert (verdict["reference"]["value"], verdict["reference"]["n"]) == (0.7, 300)
    assert verdict["reference"]["since"] == "2026-07-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"version": 1}', "\x00", "[" * 100_000,
        '{"version": 2, "name": "launch", "saved_at": "2026-09-01T00:00:00Z", "tz": "UTC", "entries": []}',
        '{"version": 1, "name": "launch", "saved_at": "0001-01-01T00:00:00Z", "tz": "UTC", "entries": []}',
        '{"version": 1, "name": "launch", "saved_at": "2026-09-01T00:00:00", "tz": "UTC", "entries": []}',
        '{"version": 1, "name": "launch", "saved_at": "2026-09-01T00:00:00Z", "tz": "UTC", "entries": [{"metric": 1}]}',
    ],
)  # fmt: skip
def test_damaged_file(text: str) -> None:
    """A file that is no baseline is an error with its path, and exit 2."""
    saved()
    FILE.write_text(text)
    done = run(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80)))

    assert done.exit_code == 2
    assert "error: the baseline 'launch' is damaged: " in done.stderr
    assert f"--> {FILE}" in done.stderr


@pytest.mark.parametrize("cut", [3, 100, 300])
def test_torn_file(cut: int) -> None:
    """A file of which the end is missing is an error, never half a baseline."""
    saved()
    FILE.write_bytes(FILE.read_bytes()[:-cut])

    assert run(log("now.jsonl", thumbs("2026-10-01", "chat", 120, 80))).exit_code == 2


def test_is_not_written_over() -> None:
    """A baseline that exists is kept, unless --force replaces it."""
    saved()
    before = FILE.read_bytes()
    other = log("other.jsonl", thumbs("2026-09-01", "chat", 100, 100))
    refused = run(other, "--save-baseline", "launch")

    assert (refused.exit_code, FILE.read_bytes()) == (2, before)
    assert run(other, "--save-baseline", "launch", "--force").exit_code == 0
    assert kept()["entries"][0]["slices"][0]["value"] == 0.5


def test_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends while writing leaves the old file, and nothing beside it."""
    saved()
    before = FILE.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    done = run("good.jsonl", "--save-baseline", "launch", "--force")

    assert done.exit_code == 2
    assert FILE.read_bytes() == before
    assert [path.name for path in FILE.parent.iterdir()] == [FILE.name]


def test_mode_follows_umask() -> None:
    """The file may be read by whom the umask lets."""
    umask = os.umask(0o027)
    try:
        saved()
    finally:
        os.umask(umask)

    assert FILE.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("column", ["user_id", "session_id", "request_id", "day"])
def test_ids_and_times_are_no_slices(column: str) -> None:
    """A baseline by users would keep ids, one by days would never be met again: both are refused, and nothing written."""
    Path("aiopsctl.yaml").write_text(CONFIG.replace("by: feature", f"by: {column}"))
    done = run(log("good.jsonl", thumbs("2026-09-01", "chat", 160, 40)), "--save-baseline", "launch")

    assert done.exit_code == 2
    assert f"check 'thumbs-up' is by {column}, and a baseline cannot be" in done.stderr
    assert not FILE.exists()


def test_nothing_to_keep_is_no_baseline() -> None:
    """A log without a single value gives exit 3, and no file."""
    Path("aiopsctl.yaml").write_text(CONFIG)
    done = run(log("calls.jsonl", [{"ts": "2026-09-01T12:00:00Z", "status": "ok"}]), "--save-baseline", "launch")

    assert done.exit_code == 3
    assert not FILE.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "-x",
        "previous",
        "lagged",
        "2026-09",
        "a\nb",
        "ä",
        "7d",
        "now",
        "2026-10..2026-09",
        "x" * 65,
    ],
)
def test_names_that_cannot_be(text: str) -> None:
    """A name is a file's, within its folder, and means nothing else that can be compared with."""
    done = run("no.jsonl", f"--save-baseline={text}")

    assert not is_name(text)
    assert done.exit_code == 2
    assert "cannot be the name of a baseline" in done.stderr


def test_a_way_out_of_the_folder_is_unknown() -> None:
    """A name that leads out of the folder names no baseline, whatever lies there."""
    saved()
    Path("launch.json").write_bytes(FILE.read_bytes())
    done = run("good.jsonl", "--compare", "baseline:../../launch")

    assert done.exit_code == 2
    assert "unknown baseline" in done.stderr
    assert "saved: launch" in done.stderr


def test_window_of_the_config_goes_first() -> None:
    """A name that the config gives to a window cannot be saved, and is not looked up among the files."""
    saved()
    Path("aiopsctl.yaml").write_text("baselines:\n  launch: {since: 2026-08-01, until: 2026-08-02}\n" + CONFIG)
    (verdict,) = verdicts("good.jsonl")

    assert verdict["reference"]["since"] == "2026-08-01T00:00:00+00:00"
    assert verdict["reference"]["saved_at"] is None
    assert run("good.jsonl", "--save-baseline", "launch", "--force").exit_code == 2


@pytest.mark.parametrize(("days", "noted"), [(179, False), (181, True)])
def test_old_baseline_is_noted(days: int, noted: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """A baseline of more than 180 days is still compared with, and said to be old."""
    made = datetime(2026, 9, 1, 13, tzinfo=UTC)
    monkeypatch.setattr(session, "_clock", lambda: made)
    saved()
    monkeypatch.setattr(session, "_clock", lambda: made + timedelta(days=days))
    done = run(log("now.jsonl", thumbs("2026-09-03", "chat", 160, 40)), "--now", "now", "--since", "2026-09-01")

    assert ("note: baseline 'launch' is " in done.stderr) == noted


def test_lies_beside_the_config() -> None:
    """A baseline lies beside the config that is found, from whichever folder below it is run."""
    saved()
    Path("below").mkdir()
    os.chdir("below")
    done = run("../good.jsonl", "-f", "json")

    assert json.loads(done.stdout)["checks"][0]["reference"]["value"] == 0.8


def test_log_text_is_not_kept() -> None:
    """Neither prompts nor comments nor ids of users are in the file."""
    Path("aiopsctl.yaml").write_text(CONFIG)
    secret = {"comment": "secret", "prompt": "secret", "output": "secret", "user_id": "secret"}
    rows = [{**row, **secret} for row in thumbs("2026-09-01", "chat", 160, 40)]
    run(log("good.jsonl", rows), "--save-baseline", "launch")

    assert "secret" not in FILE.read_text()


@pytest.mark.parametrize(
    "changed",
    [
        {"formula": "otherwise"}, {"unit": "x"}, {"grain": ("user_id",)}, {"grain": ("model",)},
        {"sums": {"ups": sums.ok_calls, "ratings": sums.calls}}, {"facts": ("last_day",)},
        {"value": replace(catalog.metric("thumbs-up-rate").value, words="otherwise")},
        {"value": replace(catalog.metric("thumbs-up-rate").value, per=2)},
    ],
)  # fmt: skip
def test_definition_changes_with_what_decides_the_number(changed: dict[str, Any]) -> None:
    """The hash of a metric changes with its formula, grain, sums, value and unit."""
    metric = catalog.metric("thumbs-up-rate")

    assert definition(metric) != definition(replace(metric, **changed))


def test_definition_keeps_when_words_for_people_change() -> None:
    """Title, reason and limits of a metric decide no number, so that they may be worded anew."""
    metric = catalog.metric("thumbs-up-rate")

    assert definition(metric) == definition(replace(metric, title="other", why="other", thresholds=()))


def test_every_metric_has_a_definition_of_its_own() -> None:
    """No two metrics share a hash."""
    found = [baselines.definition(metric) for metric in catalog.metrics().values()]

    assert len(found) == len(set(found))
