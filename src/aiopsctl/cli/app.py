"""The application: its commands, its version, and how it is entered."""

import sys
from typing import Annotated

import typer

from aiopsctl.cli import check, explain, look

app = typer.Typer(
    name="aiopsctl",
    help="Operate AI features from their logs: quality, cost, latency, satisfaction, drift.\n\n"
    "Try: aiopsctl summary LOGS   or: aiopsctl check LOGS",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("-V", "--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Print the version and leave; anything else is a command's."""
    if version:
        typer.echo(f"aiopsctl {_version()}")
        raise typer.Exit


def _version() -> str:
    from importlib.metadata import version

    return version("aiopsctl")


explain.add_to(app)
look.add_to(app)
check.add_to(app)


def main() -> None:
    """Enter the program."""
    if sys.argv[1:] in (["-V"], ["--version"]):
        print(f"aiopsctl {_version()}")
        return
    app()
