"""The options that every command that reads logs has, declared once."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

from typer import Argument, Option

_READ, _CUT, _OUT = "Reading", "Rows", "Output"


@dataclass(frozen=True)
class Common:
    """What was asked of a command that reads logs."""

    paths: Annotated[list[str] | None, Argument(help="Files, folders, globs, or - for standard input.")] = None
    feedback: Annotated[list[str] | None, Option("--feedback", help="Feedback logs.", rich_help_panel=_READ)] = None
    columns: Annotated[
        list[str] | None,
        Option("--map", metavar="CANONICAL=COLUMN", help="Where a column is found; :s, :ms, :us give its unit.",
               rich_help_panel=_READ),
    ] = None  # fmt: skip
    source: Annotated[str | None, Option("--source", help="Read as this format.", rich_help_panel=_READ)] = None
    rejects: Annotated[
        str | None, Option("--rejects", metavar="FILE", help="Save rejected rows.", rich_help_panel=_READ)
    ] = None
    max_rejected: Annotated[
        str | None,
        Option("--max-rejected", metavar="SHARE", help="Exit 3 above this share, such as 1%.", rich_help_panel=_READ),
    ] = None
    config: Annotated[
        str | None,
        Option("-c", "--config", envvar="AIOPSCTL_CONFIG", help="The config to use.", rich_help_panel=_READ),
    ] = None
    isolated: Annotated[bool, Option("--isolated", help="Use no config.", rich_help_panel=_READ)] = False
    with_text: Annotated[
        bool, Option("--with-text", help="Allow text of the log in --rejects.", rich_help_panel=_READ)
    ] = False
    since: Annotated[
        str | None, Option("-s", "--since", help="7d, 36h, 2026-11-01, 2026-11, yesterday.", rich_help_panel=_CUT)
    ] = None
    until: Annotated[str | None, Option("-u", "--until", help="Not included.", rich_help_panel=_CUT)] = None
    now: Annotated[
        str | None, Option("--now", help="A time, or data for the newest row.", rich_help_panel=_CUT)
    ] = None
    tz: Annotated[str | None, Option("--tz", help="Zone of days and months.", rich_help_panel=_CUT)] = None
    by: Annotated[
        list[str] | None,
        Option("-b", "--by", metavar="COL[,COL]", help="Group by columns, or hour, day, week, month, weekday.",
               rich_help_panel=_CUT),
    ] = None  # fmt: skip
    where: Annotated[
        str | None, Option("-w", "--where", metavar="SQL", help="Only these rows.", rich_help_panel=_CUT)
    ] = None
    compare: Annotated[
        str | None,
        Option("--compare", metavar="previous|RANGE", help="Set another window beside this one.", rich_help_panel=_CUT),
    ] = None
    format: Annotated[str | None, Option("-f", "--format", help="Output format.", rich_help_panel=_OUT)] = None
    output: Annotated[
        list[str] | None,
        Option("-o", "--output", metavar="[FORMAT=]PATH", help="Also write a file.", rich_help_panel=_OUT),
    ] = None
    wide: Annotated[bool, Option("--wide", help="Drop no columns.", rich_help_panel=_OUT)] = False
    color: Annotated[str, Option("--color", help="auto, always, never.", rich_help_panel=_OUT)] = "auto"
    quiet: Annotated[int, Option("-q", "--quiet", count=True, help="No notes.", rich_help_panel=_OUT)] = 0
    verbose: Annotated[int, Option("-v", "--verbose", count=True, help="More notes.", rich_help_panel=_OUT)] = 0
    debug: Annotated[bool, Option("--debug", help="Show the traceback of a bug.", rich_help_panel=_OUT)] = False


def reads_logs(command: Callable[..., int]) -> Callable[..., None]:
    """Give a command the common options: it is called with a `Common` first, and returns its exit code."""
    hints = get_type_hints(Common, include_extras=True)
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Common)
    ]
    own = list(inspect.signature(command).parameters.values())[1:]
    own_hints = get_type_hints(command, include_extras=True)
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=own_hints[p.name]) for p in own]

    def wrapped(**given: Any) -> None:
        from aiopsctl.cli.run import guarded

        common = Common(**{f.name: given.pop(f.name) for f in fields(Common)})
        guarded(lambda: command(common, **given), debug=common.debug)

    wrapped.__doc__ = command.__doc__
    wrapped.__name__ = command.__name__
    parameters = [*shared, *own]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped
