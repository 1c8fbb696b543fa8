"""`scale`: what breaks from 100 to 100,000 users. Its commands are the analyses that lie in a folder, found by looking."""

import ast
import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiopsctl.cli.complete import names
from aiopsctl.cli.group import Command, Commands
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.analyses.analysis import Analysis

_PACKAGE = "aiopsctl.analyses.scale"


def add_to(app: typer.Typer) -> None:
    """Add the group of commands to the application."""
    group = typer.Typer(
        cls=Scales, help="What breaks as users grow: cost, prompts, limits, languages.", no_args_is_help=True,
        rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    group.callback()(_group)
    app.add_typer(group, name="scale", rich_help_panel="Plan")


def _group() -> None:
    """Take what comes before a command."""


def _folder() -> Path:
    spec = find_spec(_PACKAGE)
    assert spec is not None, "the package of the analyses is part of the program"  # noqa: S101 - says it to the type checker
    return Path(str(spec.origin)).parent


def _names() -> list[str]:
    found = [module.name for module in iter_modules([str(_folder())])]
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def _words(name: str) -> str:
    """Return the first line of an analysis, without importing it."""
    text = (_folder() / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


class Scales(Commands):
    """The analyses as commands: each is imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - what a group is given
        """Return the names of the analyses."""
        return _names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - what a group is given
        """Return the command of an analysis."""
        return _command(cmd_name) if cmd_name in _names() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one is nearest."""
        known = _names()
        if args[0] not in known and not args[0].startswith("-"):
            raise UsageError(f"no such command 'scale {args[0]}'", help=nearest(args[0], known) or ", ".join(known))
        self.commands[args[0]] = self.get_command(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - what a group is given
        """List the analyses with what they say of themselves."""
        with formatter.section("Plan"):
            formatter.write_dl([(name, _words(name)) for name in _names()])


def _analysis(name: str) -> "Analysis":
    found: Analysis = import_module(f"{_PACKAGE}.{name.replace('-', '_')}").ANALYSIS
    return found


def _options(name: str) -> list[dict[str, Any]]:
    """Return the options of an analysis as they are written down, so that help imports nothing; else those declared."""
    written: list[dict[str, Any]] | None = names()["scale"].get(name)
    if written is not None:
        return written
    return [
        {"flag": o.flag, "default": o.default, "help": o.help, "metavar": o.metavar} for o in _analysis(name).options
    ]


def _command(name: str) -> Any:
    single = typer.Typer(
        add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
    )
    single.command(name, cls=Command, help=_words(name))(reads_logs(_asks(name)))
    command = typer.main.get_command(single)
    command.name = name
    return command


def _asks(name: str) -> Callable[..., int]:
    """Return the function behind a command, with the options that its analysis declares."""

    def command(common: Common, **options: Any) -> int:
        return _run(name, _analysis(name), common, options)

    own = [
        inspect.Parameter(
            of["flag"].removeprefix("--").replace("-", "_"), inspect.Parameter.KEYWORD_ONLY, default=of["default"],
            annotation=Annotated[
                type(of["default"]), typer.Option(of["flag"], metavar=of["metavar"] or None, help=of["help"])
            ],
        )
        for of in _options(name)
    ]  # fmt: skip
    common = inspect.Parameter("common", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Common)
    command.__signature__ = inspect.Signature([common, *own])  # type: ignore[attr-defined]  # read by typer
    command.__annotations__ = {each.name: each.annotation for each in (common, *own)}
    command.__name__ = name
    return command


def _run(name: str, analysis: "Analysis", common: Common, options: dict[str, Any]) -> int:
    from msgspec.structs import replace

    from aiopsctl.analyses.analysis import Asked
    from aiopsctl.analyses.answered import answered
    from aiopsctl.cli.configured import sources
    from aiopsctl.cli.files import protect, write
    from aiopsctl.cli.money import book
    from aiopsctl.cli.run import check_output, emit
    from aiopsctl.cli.session import names, open_session, scope, too_many_rejects
    from aiopsctl.views import refused
    from aiopsctl.where import check_by, predicate

    check_output(common)
    check_by(names(common.by))
    if common.where:
        predicate(common.where)
    session = open_session(common, analysis.reader)
    asked = Asked(
        session.log, scope(session, common), session.config, book(session.config), session.window.until or session.now, options,
    )  # fmt: skip
    base, answer = answered(name, analysis, asked)
    protect([*(common.paths or sources(session.config)), *(common.feedback or [])], answer.files)
    for path, text in answer.files.items():
        write(Path(path), text)
    result = replace(base, window=replace(base.window, partial=session.partial))
    why = too_many_rejects(session, common, by_default=False)
    return emit(refused(result, why) if why else result, common)
