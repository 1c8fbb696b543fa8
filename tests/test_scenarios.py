"""Terminal sessions as text files: what was typed, what came back, and the files that were there.

A scenario begins with a sentence on what it shows. `$ ` begins a command, and what follows is what it printed: stdout as
it is, then stderr with `! ` before each line, then `[exit N]` where the code is not 0. `$ cat FILE` shows a file and
`$ cd FOLDER` goes there; `< FILE` is standard input, and `NAME=VALUE` before a command is its environment. `-- NAME --` begins a file, compressed where its name says so;
a last line of a single backslash leaves the newline before it out. `# clock TIME` sets the clock of the machine.
"""

import gzip
import re
import shlex
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from aiopsctl.cli import session
from aiopsctl.cli.app import app
from aiopsctl.sources import files

FOLDER = Path(__file__).parent / "scenarios"
FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
SETTING = re.compile(r"[A-Z_]+=")
OWN_ENVIRONMENT = ("NO_COLOR", "FORCE_COLOR", "AIOPSCTL_CONFIG", "COLUMNS", "TERM", "GITHUB_ACTIONS")


def write(name: str, text: str) -> None:
    """Write a file of a scenario into the current folder, with the folders on its way."""
    data = text.removesuffix("\n\\\n").encode()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    if name.endswith(".zst"):
        data = pa.compress(data, codec="zstd", asbytes=True)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)


def parsed(typed: str) -> tuple[dict[str, str], str, list[str]]:
    """Return the environment that is set before a command, the command, and its words."""
    words = shlex.split(typed)
    given = dict(word.split("=", 1) for word in takewhile(SETTING.match, words))
    return given, words[len(given)], words[len(given) + 1 :]


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a command printed, as a scenario writes it."""
    typed, _, stdin = command.partition(" < ")
    given, program, words = parsed(typed)
    if program == "cat":
        return Path(words[0]).read_text()
    if program == "cd":
        monkeypatch.chdir(words[0])
        return ""
    monkeypatch.setattr(files, "_stdin", None, raising=False)
    done = CliRunner().invoke(app, words, input=Path(stdin).read_bytes() if stdin else b"", env=given)
    stderr = "".join(f"! {line}\n" for line in done.stderr.splitlines())
    return done.stdout + stderr + (f"[exit {done.exit_code}]\n" if done.exit_code else "")


def played(session_text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a session with what its commands print now in place of what they are expected to print."""
    title, *steps = re.split(r"^\$ (.*)\n", session_text, flags=re.MULTILINE)
    if clock := re.search(r"^# clock (\S+)$", title, re.MULTILINE):
        monkeypatch.setattr(session, "_clock", lambda: datetime.fromisoformat(clock[1]))
    return title + "".join(f"$ {command}\n{run(command, monkeypatch)}" for command in steps[::2])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_scenario(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session prints what it printed when it was written."""
    monkeypatch.chdir(tmp_path)
    for name in OWN_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    expected, *sections = FILE.split(path.read_text())
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        write(name, text)
    before = {name: Path(name).read_bytes() for name in sections[::2]}
    actual = played(expected, monkeypatch)
    after = {name: (tmp_path / name).read_bytes() for name in before}

    assert expected == actual
    assert before == after


def test_there_are_scenarios() -> None:
    """The folder of the scenarios was found."""
    actual = [path.stem for path in FOLDER.glob("*.txt")]

    assert "exit-codes" in actual
