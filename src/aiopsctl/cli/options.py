"""The options that every command that reads logs has, declared once."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, get_type_hints

from typer import Argument, Option

from aiopsctl.cli import complete

_READ, _CUT, _OUT = "Reading", "Rows", "Output"


@dataclass(frozen=True)
class Common:
    """What was asked of a command that reads logs."""

    paths: Annotated[
        list[str] | None,
        Argument(metavar="[PATHS]...", help="Files, folders, globs, or - for standard input.", show_default=False),
    ] = None
    feedback: Annotated[
        list[str] | None,
        Option("--feedback", metavar="PATH", help="Feedback logs; repeatable.", rich_help_panel=_READ),
    ] = None
    columns: Annotated[
        list[str] | None,
        Option(
            "--map",
            metavar="CANONICAL=COLUMN",
            help="Where a column is found; :s, :ms, :us behind it give its unit; repeatable.",
            rich_help_panel=_READ,
        ),
    ] = None
    source: Annotated[
        str | None,
        Option(
            "--source",
            metavar="NAME",
            help="Read as this log format.",
            rich_help_panel=_READ,
            autocompletion=complete.sources,
        ),
    ] = None
    cost: Annotated[
        str,
        Option("--cost", metavar="MODE", help="recorded, priced (by tokens), or auto: recorded where there is one. cost --reconcile shows both.",
               rich_help_panel=_READ, autocompletion=complete.words("auto", "recorded", "priced")),
    ] = "auto"  # fmt: skip
    rejects: Annotated[
        str | None, Option("--rejects", metavar="FILE", help="Save where rows were rejected.", rich_help_panel=_READ)
    ] = None
    max_rejected: Annotated[
        str | None,
        Option("--max-rejected", metavar="SHARE", help="Exit 3 above this share, such as 1%.", rich_help_panel=_READ),
    ] = None
    store: Annotated[
        str | None,
        Option(
            "--store", metavar="FOLDER", help="Keep what was read, and read only what is new.", rich_help_panel=_READ
        ),
    ] = None
    config: Annotated[
        str | None,
        Option(
            "-c",
            "--config",
            metavar="FILE",
            envvar="AIOPSCTL_CONFIG",
            help="The config; else aiopsctl.yaml, here or upwards.",
            rich_help_panel=_READ,
        ),
    ] = None
    isolated: Annotated[bool, Option("--isolated", help="Use no config.", rich_help_panel=_READ)] = False
    with_text: Annotated[
        bool,
        Option(
            "--with-text",
            help="Save the text of rejected rows, too; scale languages reads prompts, drift compares texts.",
            rich_help_panel=_READ,
        ),
    ] = False
    pseudonymize: Annotated[
        bool,
        Option(
            "--pseudonymize",
            help="Show pseudonyms for user ids, by the key in AIOPSCTL_PSEUDONYM_KEY; --where sees them, too.",
            rich_help_panel=_READ,
        ),
    ] = False
    since: Annotated[
        str | None,
        Option("-s", "--since", metavar="TIME", help="7d, 36h, 2026-11-01, 2026-11, yesterday.", rich_help_panel=_CUT),
    ] = None
    until: Annotated[
        str | None, Option("-u", "--until", metavar="TIME", help="The same; not included.", rich_help_panel=_CUT)
    ] = None
    now: Annotated[
        str | None,
        Option(
            "--now",
            metavar="TIME",
            help="What 7d counts back from, or data for the newest row. Default: data where PATHS are given, else now: "
            "of the config, else the clock.",
            rich_help_panel=_CUT,
        ),
    ] = None
    tz: Annotated[str | None, Option("--tz", metavar="ZONE", help="Zone of days and months.", rich_help_panel=_CUT)] = (
        None
    )
    by: Annotated[
        list[str] | None,
        Option(
            "-b",
            "--by",
            metavar="COL[,COL]",
            help="Group by columns, or hour, day, week, month, quarter, weekday.",
            rich_help_panel=_CUT,
            autocompletion=complete.columns,
        ),
    ] = None
    where: Annotated[
        str | None, Option("-w", "--where", metavar="SQL", help="Only these rows.", rich_help_panel=_CUT)
    ] = None
    feature: Annotated[
        list[str] | None,
        Option("--feature", metavar="NAME", help="Only rows of this feature; repeatable.", rich_help_panel=_CUT),
    ] = None
    compare: Annotated[
        str | None,
        Option(
            "--compare",
            metavar="WINDOW",
            help="Beside this window: previous, baseline:NAME, 2026-09, 2026-09-01..2026-10-01.",
            rich_help_panel=_CUT,
        ),
    ] = None
    format: Annotated[
        str | None,
        Option(
            "-f",
            "--format",
            metavar="FORMAT",
            help="table, json, jsonl, csv, md, html",
            rich_help_panel=_OUT,
            autocompletion=complete.formats,
        ),
    ] = None
    output: Annotated[
        list[str] | None,
        Option("-o", "--output", metavar="[FORMAT=]PATH", help="Also write a file; repeatable.", rich_help_panel=_OUT),
    ] = None
    wide: Annotated[bool, Option("--wide", help="Drop no columns.", rich_help_panel=_OUT)] = False
    color: Annotated[
        str,
        Option(
            "--color",
            metavar="WHEN",
            help="auto, always, never.",
            rich_help_panel=_OUT,
            autocompletion=complete.words("auto", "always", "never"),
        ),
    ] = "auto"
    quiet: Annotated[
        int,
        Option(
            "-q",
            "--quiet",
            count=True,
            help="No notes, and nothing on a pass; -qq: the exit code alone.",
            show_default=False,
            rich_help_panel=_OUT,
        ),
    ] = 0
    verbose: Annotated[
        int,
        Option(
            "-v",
            "--verbose",
            count=True,
            help="Say what was read, and how long it took.",
            show_default=False,
            rich_help_panel=_OUT,
        ),
    ] = 0
    debug: Annotated[bool, Option("--debug", help="Show the traceback of a bug.", rich_help_panel=_OUT)] = False

    def but(self, **changed: Any) -> "Common":
        """Return the options with some of them changed."""
        return replace(self, **changed)


def _narrowed(common: Common) -> Common:
    """Return the options with `--feature` as a part of `--where`."""
    if not common.feature:
        return common
    literals = ("'" + name.replace("'", "''") + "'" for name in common.feature)
    own = f"feature IN ({', '.join(literals)})" if len(common.feature) > 1 else f"feature = {next(literals)}"
    return common.but(where=f"{own} AND ({common.where})" if common.where else own)


@cache
def _shared() -> list[inspect.Parameter]:
    hints = get_type_hints(Common, include_extras=True)
    return [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Common)
    ]


def reads_logs(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the common options: it is called with a `Common` first, and returns its exit code."""
    shared = _shared()
    own = list(inspect.signature(command).parameters.values())[1:]
    own_hints = get_type_hints(command, include_extras=True)
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=own_hints[p.name]) for p in own]

    def wrapped(**given: Any) -> int:
        common = Common(**{f.name: given.pop(f.name) for f in fields(Common)})
        return command(_narrowed(common), **given)

    wrapped.__doc__ = command.__doc__
    wrapped.__name__ = command.__name__
    parameters = [*shared[:1], *own, *shared[1:]]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped
