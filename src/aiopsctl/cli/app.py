"""The application: its commands, its version, and how it is entered."""

import gc
import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from aiopsctl import __version__
from aiopsctl.cli.group import Commands

_MODULES = {
    "init": "init", "demo": "demo", "doctor": "doctor", "explain": "explain", "summary": "look", "quality": "look",
    "latency": "look", "satisfaction": "look", "cost": "cost", "drift": "drift", "check": "check", "report": "report",
    "ingest": "ingest", "scale": "scale",
}  # fmt: skip
"""The module that adds each command, in the order of the help."""


class Program(Commands):
    """All commands; the module of one is imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - what a group is given
        """Return the names of the commands."""
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name, None where there is none."""
        if cmd_name in _MODULES and cmd_name not in self.commands:
            own = typer.Typer(rich_markup_mode=None)
            import_module(f"aiopsctl.cli.{_MODULES[cmd_name]}").add_to(own)
            self.commands = {**self.commands, **typer.main.get_group(own).commands}
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="aiopsctl",
    cls=Program,
    help="Operate AI features from their logs: quality, cost, latency, satisfaction.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from aiopsctl.cli.run import put

        put(f"aiopsctl {__version__}\n", machine=False)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("-V", "--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what comes before a command."""


def main() -> None:
    """Enter the program."""
    sys.unraisablehook = _unless_interrupted
    try:
        app()
    finally:
        gc.freeze()  # what is left goes with the process: no last search for cycles


def _unless_interrupted(failure: "sys.UnraisableHookArgs") -> None:
    """Say nothing of what an interrupt stopped half-way: the exit code says it."""
    if not issubclass(failure.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(failure)
