"""The application: its commands, its version, and how it is entered."""

import gc
import sys
from typing import Annotated

import typer

from aiopsctl.cli import check, cost, demo, doctor, drift, explain, ingest, init, look, report, scale
from aiopsctl.cli.group import Commands

_UNCOLLECTED = 50_000
"""New objects until cycles are searched for: imports make many objects, none of them garbage."""

app = typer.Typer(
    name="aiopsctl",
    cls=Commands,
    help="Operate AI features from their logs: quality, cost, latency, satisfaction.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from importlib.metadata import version

        from aiopsctl.cli.run import put

        put(f"aiopsctl {version('aiopsctl')}\n", machine=False)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("-V", "--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what comes before a command."""


init.add_to(app)
demo.add_to(app)
doctor.add_to(app)
explain.add_to(app)
look.add_to(app)
cost.add_to(app)
drift.add_to(app)
scale.add_to(app)
check.add_to(app)
report.add_to(app)
ingest.add_to(app)


def main() -> None:
    """Enter the program."""
    sys.unraisablehook = _unless_interrupted
    gc.set_threshold(_UNCOLLECTED)
    try:
        app()
    finally:
        gc.freeze()  # what is left goes with the process: no last search for cycles


def _unless_interrupted(failure: "sys.UnraisableHookArgs") -> None:
    """Say nothing of what an interrupt stopped half-way: the exit code says it."""
    if not issubclass(failure.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(failure)
