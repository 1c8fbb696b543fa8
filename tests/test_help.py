"""Help begins with examples that can be typed; a shell completes names; and neither imports anything heavy."""

import os
import shlex
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.cli.examples import EXAMPLES, lines

HEAVY = {"polars", "numpy", "scipy", "pyarrow", "rich", "narwhals", "jinja2", "msgspec", "yaml", "pydantic"}
ROOT = typer.main.get_command(app)


@cache
def commands() -> dict[str, Any]:
    """Return every command by what is typed for it."""
    context = typer.Context(ROOT)
    top = {name: ROOT.get_command(context, name) for name in ROOT.list_commands(context)}
    scale = top["scale"]
    return top | {f"scale {name}": scale.get_command(context, name) for name in scale.list_commands(context)}


def shell(kind: str, typed: str) -> subprocess.CompletedProcess[str]:
    """Return what a shell is offered behind what was typed, with the modules that were imported for it."""
    words = shlex.split(typed) + ([""] if typed.endswith(" ") else [])
    environment = os.environ | {
        "_AIOPSCTL_COMPLETE": f"complete_{kind}", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
    }  # fmt: skip
    program = "import sys; sys.argv = ['aiopsctl']; from aiopsctl.cli.app import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own command


def completed(typed: str) -> list[str]:
    """Return what bash is offered, in this process."""
    words = shlex.split(typed) + ([""] if typed.endswith(" ") else [])
    given = {"_AIOPSCTL_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    return CliRunner().invoke(app, [], env=given, prog_name="aiopsctl").stdout.split()


@pytest.mark.parametrize("name", ["", *commands()])
def test_every_command_has_examples(name: str) -> None:
    """Each command has an example, and its help shows it before its options."""
    done = CliRunner().invoke(app, [*name.split(), "-h"])

    assert EXAMPLES.get(name)
    assert 0 < done.stdout.find("Examples:\n") < done.stdout.find("Options:\n")


@pytest.mark.parametrize("typed", [typed for own in EXAMPLES.values() for typed, _ in own])
def test_examples_can_be_typed(typed: str) -> None:
    """The words of an example are read by its command."""
    known = commands()
    name = max((each for each in known if f"{typed} ".startswith(f"{each} ")), key=len)

    assert known[name].make_context(name, shlex.split(typed.removeprefix(name)))


@pytest.mark.parametrize("width", [40, 78, 158])
def test_examples_fit(width: int) -> None:
    """What an example is for stands beside it where there is room, else above."""
    beside = [line for line in lines("check", width) if "  # " in line]

    assert all(len(line) <= width for line in beside)
    assert len(EXAMPLES["check"]) == sum(line.startswith("aiopsctl ") for line in lines("check", width))


def test_nothing_asked() -> None:
    """The program alone says in ten lines what it is for, and exits as a wrong command line does."""
    done = CliRunner().invoke(app, [])

    assert (2, "") == (done.exit_code, done.stdout)
    assert 10 >= len(done.stderr.splitlines())
    assert "aiopsctl summary logs/" in done.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("aiopsctl dri", ["drift"]),
        ("aiopsctl summary --metrics nps-g", ["nps-gap"]),
        ("aiopsctl summary --metrics calls,nps-g", ["calls,nps-gap"]),
        ("aiopsctl latency --by feature,quart", ["feature,quarter"]),
        ("aiopsctl latency -b model_v", ["model_version"]),
        ("aiopsctl check -f sar", ["sarif"]),
        ("aiopsctl quality -f sar", []),
        ("aiopsctl quality --source phoe", ["phoenix"]),
        ("aiopsctl explain thumbs-up-rate-", ["thumbs-up-rate-7d"]),
        ("aiopsctl check --fail-on w", ["warning"]),
        ("aiopsctl scale rate", ["rate-limits"]),
        ("aiopsctl scale forecast --mon", ["--months"]),
        ("aiopsctl init --ci gitl", ["gitlab"]),
    ],
)
def test_completion(typed: str, expected: list[str]) -> None:
    """Commands, options, metrics, columns, formats and the words of an option are completed."""
    assert expected == completed(typed)


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_is_light(kind: str) -> None:
    """Each shell is offered metrics, and nothing heavy is imported for it."""
    done = shell(kind, "aiopsctl summary --metrics nps")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "nps-gap" in done.stdout
    assert "aiopsctl.cli.app" in imported
    assert not imported & HEAVY


def test_help_of_an_analysis_is_light() -> None:
    """The options of an analysis are shown without importing it."""
    command = [sys.executable, "-X", "importtime", "-m", "aiopsctl", "scale", "rate-limits", "-h"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command

    assert "--rpm" in done.stdout
    assert not {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()} & HEAVY
