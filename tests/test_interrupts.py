"""Signals and full disks: the exit code says what happened, and no file is left half written."""
# ruff: noqa: S603 - the program under test is run

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest
from running import run

LINE = '{"ts": "2026-09-01T12:00:00Z", "request_id": "r", "latency_ms": 5, "user_id": "u"}\n'
CONFIG = "checks: {slow: {metric: latency-p50, critical: {above: 1ms}}}\n"

WRITES: dict[str, tuple[list[str], str]] = {
    "-o": (["latency", "log.jsonl", "-o", "json=out"], "out"),
    "-o of a check": (["check", "log.jsonl", "-c", "checks.yaml", "-o", "junit=out"], "out"),
    "--rejects": (["latency", "log.jsonl", "--rejects", "out"], "out"),
    "--notify-list": (["scale", "limits", "log.jsonl", "--notify-list", "out"], "out"),
    "--save-baseline": (["check", "log.jsonl", "-c", "checks.yaml", "--save-baseline", "b", "--force"], ".aiopsctl/baselines/b.json"),
    "init": (["init", "log.jsonl", "--force"], "aiopsctl.yaml"),
}  # fmt: skip
"""Everything that writes a file, and the file."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text(LINE + "oops\n")
    Path("checks.yaml").write_text(CONFIG)
    return tmp_path


def tree() -> dict[str, bytes]:
    """Return every file with what is in it."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def full(*_: object) -> None:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(*_: object) -> None:
    """Meet Ctrl-C."""
    raise KeyboardInterrupt


def terminated(*_: object) -> None:
    """Meet SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(5)


@pytest.mark.parametrize(
    ("what", "fault", "code"),
    [
        *((what, full, 2) for what in WRITES),
        *((what, *how) for what in ("-o", "--rejects") for how in ((interrupted, 130), (terminated, 143))),
    ],
)
def test_no_file_is_half_written(
    what: str, fault: Callable[..., None], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a write fails or is interrupted, the file that was there stays, no other is left, and the code says so."""
    words, path = WRITES[what]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("as it was")
    if what == "init":
        Path(".aiopsctl").mkdir()
        Path(".aiopsctl/config.schema.json").write_text("as it was")
    before = tree()
    monkeypatch.setattr(os, "replace", fault)

    done = run(*words)

    assert (code, before) == (done.exit_code, tree()), done.stderr
    assert code != 2 or f"error: cannot write {path}: No space left on device" in done.stderr or what == "init"
    assert done.stdout == ""


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_disk_full_while_writing(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle of a document is told by its name, and takes nothing with it."""
    before = tree()
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
        done = run("latency", "log.jsonl", "-o", "out.json")
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("json.dumps", full)  # what is written between opening and closing
            done = run("latency", "log.jsonl", "--rejects", "out.json")

    assert (2, "error: cannot write out.json: No space left on device\n") == (done.exit_code, done.stderr)
    assert before == tree()


def test_nagios_hears_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor hears 3 for a check that was ended."""
    monkeypatch.setattr("aiopsctl.sources.read.read", terminated)

    assert run("check", "log.jsonl", "--exit-codes", "nagios").exit_code == 3
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_sigterm_to_the_program() -> None:
    """A program that is ended while it reads says nothing, and leaves nothing."""
    words = [sys.executable, "-m", "aiopsctl", "latency", "-", "--rejects", "out.jsonl", "-o", "out.json"]
    program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    before = tree()
    for _ in range(200):
        if _reads_stdin(program.pid):
            break
        sleep(0.05)
    program.send_signal(signal.SIGTERM)

    assert (b"", b"") == program.communicate(timeout=20)
    assert (143, before) == (program.returncode, tree())


def _reads_stdin(pid: int) -> bool:
    """Return whether a process waits in a read of descriptor 0 (Linux; elsewhere False, and the test waits)."""
    try:
        return Path(f"/proc/{pid}/syscall").read_text().split()[:2] == ["0", "0x0"]
    except OSError:
        return False
