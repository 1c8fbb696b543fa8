"""Runs commands in this process: the application is built once, and every stream is ours."""

import sys
from dataclasses import dataclass
from functools import cache
from io import BytesIO, TextIOWrapper
from typing import Any
from unittest import mock

import typer

from aiopsctl.cli.app import app


@dataclass(frozen=True)
class Done:
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def told(self) -> str:
        """All that was told, to people and machines."""
        return self.stderr + self.stdout


@cache
def application() -> Any:
    """Return the application as one command."""
    return typer.main.get_command(app)


def run(*words: str, stdin: bytes = b"", encoding: str = "utf-8") -> Done:
    """Run a command on streams of an encoding, and return its exit code with what it wrote."""
    streams = {
        name: TextIOWrapper(BytesIO(stdin if name == "stdin" else b""), encoding)
        for name in ("stdin", "stdout", "stderr")
    }
    with mock.patch.multiple(sys, **streams):
        try:
            application().main(list(words))
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
    for stream in streams.values():
        stream.flush()
    out, err = (streams[name].buffer.getvalue().decode() for name in ("stdout", "stderr"))  # type: ignore[attr-defined]  # our bytes
    return Done(code, out, err)


def commands() -> dict[str, Any]:
    """Return every command that reads logs by its words, as found in the application."""
    return {words: found for words, found in _commands(application(), "") if _reads(found)}


def _commands(group: Any, before: str) -> Any:
    context = typer.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from _commands(found, f"{before}{name} ")
        else:
            yield before + name, found


def _reads(command: Any) -> bool:
    return any(param.name == "paths" for param in command.params)


def options(command: Any) -> set[str]:
    """Return the names of the options of a command."""
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
