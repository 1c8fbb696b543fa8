"""How the program is entered and how its help looks: plain text, grouped, ready before anything heavy is imported."""

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from typer.core import TyperCommand, TyperGroup

from aiopsctl.cli.complete import lighten
from aiopsctl.cli.examples import lines
from aiopsctl.errors import UsageError, nearest

_Records = Iterable[tuple[str | None, tuple[str, str] | None]]


class Command(TyperCommand):
    """A command whose help has examples before all else, and its options in groups."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Say what it is for, how it is typed, and then the rest."""
        first, _, rest = (self.help or "").partition("\n\n")
        _write_text(first, formatter)
        _write_examples(ctx, formatter)
        _write_text(rest, formatter)

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

        if "_AIOPSCTL_COMPLETE" in os.environ:
            lighten()
        words = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        enter = super().main
        sys.exit(guarded(lambda: enter(words, prog_name or "aiopsctl", **extra), words))

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Say what it is for, and how it is typed."""
        super().format_help_text(ctx, formatter)
        _write_examples(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one is nearest."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            help = nearest(name, known) or f"commands: {', '.join(known)}"
            raise UsageError(f"no such command '{name}'", help=help)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands, each under its panel."""
        names = self.list_commands(ctx)
        longest = formatter.width - 6 - max(map(len, names))
        found: list[Any] = [self.get_command(ctx, name) for name in names]
        shown = [(c.rich_help_panel, (str(c.name), c.get_short_help_str(longest))) for c in found]
        _write(shown, formatter)


def _write_examples(ctx: Any, formatter: Any) -> None:
    name = ctx.command_path.removeprefix("aiopsctl").strip()
    if found := lines(name, formatter.width - 2):
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in found))


def _write_text(text: str, formatter: Any) -> None:
    if text:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(inspect.cleandoc(text))


def _write(records: _Records, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {}
    for panel, record in records:
        if record is not None:
            panels.setdefault(panel or "Commands", []).append(record)
    for panel, rows in panels.items():
        with formatter.section(panel):
            formatter.write_dl(rows)
