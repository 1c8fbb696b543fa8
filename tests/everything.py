"""Every command with every output that it has, found by looking: what one more command or format writes is tested, too."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from running import Done, commands, options, run

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.formats.format import formats

FREE = tuple(name for name, of in COLUMNS.items() if of.dtype == "text" and not of.values and name not in TEXT)
"""Columns of any text, but for what people and models wrote."""

STORE = "store"
"""The folder of the store; what it may hold is tested by itself."""

_VALUES = {"--rejects": "rejects.saved", "--notify-list": "notify.csv", "--ci": "github", "--color": "always"}
_FLAGS = ("--wide", "--verbose", "--all", "--investigate")
_ALONE = ("--dry-run", "--reconcile")
"""Options by which a command writes more: with a value, without one, and those that make another answer."""


def runs(paths: Sequence[str], *more: str) -> Iterator[tuple[str, list[str]]]:
    """Yield name and words of each run: every command with all its outputs, again cut by columns, and its other answers.

    `more` are words for those commands that know the option with which they begin.
    """
    for name, command in commands().items():
        known = options(command) - ({"--rejects"} if name == "ingest" else set())
        kept = ("--store", STORE) if name == "ingest" else ()
        start = [*name.split(), *paths, *kept, *(more if more and more[0] in known else ())]
        base = [*start, *_asked(known)]
        whole = [*base, *_outputs(known, checks=name == "check"), *(("--force",) if name == "init" else ())]
        yield name, whole
        if name == "check":
            yield "check --by", [*whole, "--by", "user_id"]
        if name == "latency":
            yield (
                "latency --by all",
                [*base, *_outputs(known, checks=False), "--by", ",".join(FREE), "--metrics", "calls"],
            )
        for flag in set(_ALONE) & known:
            yield f"{name} {flag}", [*base, *_outputs(known, checks=False), flag]
        if "--save-baseline" in known:
            yield f"{name} --save-baseline", [*start, "--save-baseline", "kept", "--force"]


def _asked(known: set[str]) -> list[str]:
    values = [word for name, value in _VALUES.items() if name in known for word in (name, value)]
    return [*values, *(flag for flag in _FLAGS if flag in known)]


def _outputs(known: set[str], *, checks: bool) -> list[str]:
    if "--output" not in known:
        return []
    names = [name for name, found in formats().items() if checks or not found.of_check]
    return [word for name in names for word in ("--output", f"{name}=out.{name}")]


def written(words: Sequence[str]) -> tuple[Done, dict[str, str]]:
    """Run a command in the current folder; return what it wrote: stdout, stderr, and each new file by its name."""
    before = _files()
    done = run(*words)
    made = {name: Path(name).read_text(encoding="utf-8") for name in _files() - before}
    for name in made:
        os.unlink(name)
    return done, {"stdout": done.stdout, "stderr": done.stderr, **made}


@contextmanager
def no_network() -> Iterator[None]:
    """Let nobody open a socket or ask for an address."""

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("somebody asks the network")

    names = ("socket", "create_connection", "getaddrinfo", "gethostbyname")
    with mock.patch.multiple(socket, **dict.fromkeys(names, opened)):
        yield


def _files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file() and path.parts[0] != STORE}


def everywhere(text: str) -> dict[str, Any]:
    """Return a text in every column that is free."""
    return dict.fromkeys(FREE, text)
