"""Reading that takes longer than a moment shows how far it is: on a terminal alone, and never longer than it lasts."""

import gzip
import json
from io import StringIO
from pathlib import Path
from time import sleep

import pytest

from aiopsctl.cli.progress import line, progress
from aiopsctl.sources import meter
from aiopsctl.sources.read import read

CALL = {"ts": "2026-09-01T10:00:00Z", "status": "ok", "latency_ms": 100}
ROWS = "".join(json.dumps({**CALL, "request_id": f"r{n}"}) + "\n" for n in range(2_000)).encode()


class Terminal(StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def test_bytes_as_they_lie_on_the_disk(tmp_path: Path) -> None:
    """A log is counted by its compressed bytes, once, however often it is opened; at the end all of it is done."""
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(ROWS))
    with meter.metered() as found:
        log = read([str(path)])

    assert 2_000 == log.events.height
    assert found.done == found.total == path.stat().st_size


def test_nothing_is_counted_unless_watched(tmp_path: Path) -> None:
    """Without a watcher a file is opened as any other."""
    (tmp_path / "a").write_bytes(b"x")
    with meter.opened(str(tmp_path / "a")) as file:
        assert b"x" == file.read()


def watched(out: StringIO, delay: float, *, wanted: bool = True) -> str:
    """Return what was shown while half of a megabyte was read."""
    with progress(wanted=wanted, out=out, delay=delay):
        if counted := meter._current.get():
            counted.total = 1_000_000
            counted.reached("log", 500_000)
        sleep(0.15)
    return out.getvalue()


def test_shows_bytes_and_rate_and_leaves_no_line() -> None:
    """Share, bytes and rate are shown, and the line is empty at the end."""
    shown = watched(Terminal(), 0.01)

    assert "\r\x1b[Kreading ############------------  50%  0.5 of 1.0 MB  " in shown
    assert shown.endswith("\r\x1b[K")


def test_interrupt_leaves_no_line() -> None:
    """Whatever ends the reading, the line is empty then."""
    out = Terminal()

    def read_on() -> None:
        with progress(out=out, delay=0.01):
            meter._current.get().total = 10
            sleep(0.1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_on()

    assert "reading" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")


def test_silent_for_a_moment() -> None:
    """What is done within the delay shows nothing at all."""
    assert "" == watched(Terminal(), 1.0)


def test_silent_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, a terminal that cannot erase, and whoever asked for quiet are shown nothing."""
    assert "" == watched(StringIO(), 0.01)
    assert "" == watched(Terminal(), 0.01, wanted=False)
    monkeypatch.setenv("TERM", "dumb")
    assert "" == watched(Terminal(), 0.01)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (0, 500, 1, "reading ------------------------   0%  0.0 of 500.0 B  0.0 B/s"),
        (1_500_000_000, 2_000_000_000, 3, "reading ##################------  75%  1.5 of 2.0 GB  500.0 MB/s"),
        (3_000, 2_000, 2, "reading ######################## 100%  3.0 of 2.0 kB  1.5 kB/s"),
    ],
)
def test_line(done: int, total: int, seconds: float, expected: str) -> None:
    """Units fit the size; a log that grows while it is read is not more than whole."""
    assert expected == line(done, total, seconds, 80)
    assert expected[:20] == line(done, total, seconds, 20)
