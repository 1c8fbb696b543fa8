"""What a check adds in GitHub Actions, beyond the sessions in `scenarios/github.txt`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app

MOST = 1024 * 1024
NOTE = "\nThe rest was cut off: a step summary holds 1 MB.\n"
LOG = '{"ts": "2026-09-01T10:00:00Z", "request_id": "r1", "feature": "\u8a9e", "status": "ok", "latency_ms": 400}\n'
CONFIG = "defaults: {min_samples: 1}\nchecks: {slow: {metric: latency-p50, by: feature, critical: {above: 250ms}}}\n"


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the step summary of a run in GitHub Actions, in a folder with a log and a config by which it breaches."""
    (tmp_path / "log.jsonl").write_text(LOG)
    (tmp_path / "aiopsctl.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


def check() -> int:
    """Return the exit code of a check of the log."""
    return CliRunner().invoke(app, ["check", "log.jsonl"]).exit_code


def test_summaries_of_a_step_follow_each_other(summary: Path) -> None:
    """What other programs and other checks wrote stays."""
    summary.write_text("# Mine\n")
    codes = [check(), check()]
    written = summary.read_text()

    assert codes == [1, 1]
    assert written.startswith("# Mine\n## aiopsctl check ")
    assert written.count("## aiopsctl check ") == 2


@pytest.mark.parametrize("room", [len(NOTE), 200, 300, 400, 450])
def test_summary_is_cut_at_a_line(summary: Path, room: int) -> None:
    """A summary that finds no room ends with whole lines and a note: GitHub takes none that is longer."""
    check()
    whole = summary.read_bytes()
    summary.write_bytes(b"x" * (MOST - room))
    check()
    written = summary.read_bytes()[MOST - room :]
    kept = written.removesuffix(NOTE.encode())

    assert len(whole) > 450
    assert len(written) <= room
    assert len(kept) == len(written) - len(NOTE)
    assert whole.startswith(kept)
    assert kept.endswith(b"\n") or not kept


def test_full_summary_stays(summary: Path) -> None:
    """Where there is no room for the note, nothing is added, and the exit code is what it is."""
    summary.write_bytes(b"x" * MOST)

    assert check() == 1
    assert summary.stat().st_size == MOST


def test_summary_that_just_fits(summary: Path) -> None:
    """A summary that fills its room to the last byte is whole."""
    check()
    whole = summary.read_bytes()
    summary.write_bytes(b"x" * (MOST - len(whole)))
    check()

    assert summary.read_bytes().endswith(b"x" + whole)
