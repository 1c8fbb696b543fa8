"""How the program is entered and how its help looks: plain text, grouped, ready before anything heavy is imported."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from typer.core import TyperCommand, TyperGroup

from aiopsctl.errors import UsageError, nearest

_Records = Iterable[tuple[str | None, tuple[str, str] | None]]


class Command(TyperCommand):
    """A command whose options are listed in groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List the options, each under its panel."""
        params = [
            (getattr(p, "rich_help_panel", None) or _default(p), p.get_help_record(ctx)) for p in self.get_params(ctx)
        ]
        _write(params, formatter)


def _default(param: Any) -> str:
    return "Arguments" if param.param_type_name == "argument" else "Options"


class Commands(TyperGroup):
    """All commands: entered here, whoever calls; every error leaves as one message and an exit code."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # what is not named passes through
        """Run the words of the command line and leave with the exit code."""
        from aiopsctl.cli.run import guarded

        words = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        enter = super().main
        sys.exit(guarded(lambda: enter(words, prog_name or "aiopsctl", **extra), words))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one is nearest."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            help = nearest(name, tuple(self.commands)) or f"commands: {', '.join(self.commands)}"
            raise UsageError(f"no such command '{name}'", help=help)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands, each under its panel."""
        longest = formatter.width - 6 - max(map(len, self.commands))
        found = [self.commands[name] for name in self.list_commands(ctx)]
        shown = [(c.rich_help_panel, (str(c.name), c.get_short_help_str(longest))) for c in found]  # type: ignore[attr-defined]
        _write(shown, formatter)


def _write(records: _Records, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {}
    for panel, record in records:
        if record is not None:
            panels.setdefault(panel or "Commands", []).append(record)
    for panel, rows in panels.items():
        with formatter.section(panel):
            formatter.write_dl(rows)
