"""`summary --watch`: refreshed in place on a terminal, and gone without a trace when it is interrupted."""
# ruff: noqa: S603 - the program under test is run

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.cli.watch import seconds, watch
from aiopsctl.errors import NotJudged, UsageError

ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"
CALL = '{{"ts": "2026-09-{day:02}T12:00:00Z", "request_id": "r{day}", "status": "ok", "latency_ms": 100}}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log of three calls."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text("".join(CALL.format(day=day) for day in (1, 2, 3)))
    return tmp_path


@contextmanager
def watching(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a watch on a terminal of 100 columns and 40 lines; give the process and the terminal's other end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [sys.executable, "-m", "aiopsctl", "summary", "log.jsonl", "--watch", "1s", *words]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")} | {"TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        os.close(ours)


def until(terminal: int, text: str) -> str:
    """Return what is written to a terminal up to and with a text."""
    shown, end = "", monotonic() + 60
    while text not in shown:
        assert monotonic() < end, shown
        shown += os.read(terminal, 65_536).decode()
    return shown


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_watch_on_a_terminal(how: signal.Signals) -> None:
    """A watch shows what is appended, and leaves the terminal as it was, with exit code 0."""
    with watching() as (process, terminal):
        first = until(terminal, "Ctrl-C ends")
        with Path("log.jsonl").open("a") as log:
            log.write(CALL.format(day=4))
        until(terminal, "4 of 4 rows used: 4 calls")
        process.send_signal(how)
        last = until(terminal, LEFT)

        assert first.count(ENTERED) == 1
        assert "3 of 3 rows used: 3 calls" in first
        assert "\x1b[?25h" in last
        assert process.wait(30) == 0


def test_first_look_fails() -> None:
    """What is wrong from the beginning is an error as without --watch, and no screen is entered."""
    Path("log.jsonl").unlink()
    with watching() as (process, terminal):
        shown = until(terminal, "no such file: log.jsonl")

        assert process.wait(30) == 2
        assert ENTERED not in shown


def test_later_look_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is missing for a while is told on the screen, and looked for again."""
    answers = iter(["one", NotJudged("nothing there"), "three", KeyboardInterrupt()])

    def look() -> str:
        found = next(answers)
        if isinstance(found, BaseException):
            raise found
        return str(found)

    monkeypatch.setattr("aiopsctl.cli.watch.sleep", lambda _: None)
    code = watch(look, 1)
    shown = capsys.readouterr().out

    assert code == 0
    assert shown.index("one") < shown.index("error: nothing there") < shown.index("three") < shown.index(LEFT)


@pytest.mark.parametrize("words", [[], ["-f", "json"]])
def test_no_watch_off_a_terminal(words: list[str]) -> None:
    """Off a terminal there is nothing to refresh: a usage error."""
    done = CliRunner().invoke(app, ["summary", "log.jsonl", "--watch", "30s", *words])

    assert done.exit_code == 2
    assert "--watch needs a terminal" in done.stderr
    assert done.stdout == ""


def test_no_watch_of_a_document() -> None:
    """A document, or a file to write, is no screen: a usage error."""
    with watching("-f", "json") as (process, terminal):
        until(terminal, "--watch shows a table of files")

        assert process.wait(30) == 2


@pytest.mark.parametrize(("text", "expected"), [("30s", 30), ("5m", 300), ("1h", 3600)])
def test_seconds(text: str, expected: int) -> None:
    """A time to wait has a unit."""
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["30", "0s", "", "-1s", "1d", "1.5s"])
def test_no_seconds(text: str) -> None:
    """What is no time to wait is a usage error."""
    with pytest.raises(UsageError, match="no time to wait"):
        seconds(text)
