"""`explain`: what a metric or a column means, and the schemas of config and result."""

from typing import Annotated

import typer

from aiopsctl.cli import complete
from aiopsctl.cli.group import Command

HELP = "What a metric, a check or a value of the config means."


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", cls=Command, rich_help_panel="Start", short_help=HELP)(explain)


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A metric, a column, a check; a statistic of drift; `columns`, `drift`, `config`, `check`, `exit-codes`.",
            show_default=False,
            autocompletion=complete.subjects,
        ),
    ] = None,
    more: Annotated[
        str | None, typer.Argument(help="Behind `check`: its ID.", metavar="[ID]", show_default=False)
    ] = None,
    *,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="config|result",
            help="Print its JSON Schema.",
            autocompletion=complete.words("config", "result"),
        ),
    ] = None,
    fmt: Annotated[
        str,
        typer.Option(
            "-f",
            "--format",
            metavar="table|json",
            help="Output format.",
            autocompletion=complete.words("table", "json"),
        ),
    ] = "table",
    config: Annotated[
        str | None, typer.Option("-c", "--config", metavar="FILE", help="The config; else as every command finds it.")
    ] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="Use no config.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="CANONICAL=COLUMN", help="As given to a command, for `config`.")
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Likewise.")] = None,
    max_rejected: Annotated[str | None, typer.Option("--max-rejected", metavar="SHARE", help="Likewise.")] = None,
    pseudonymize: Annotated[bool, typer.Option("--pseudonymize", help="Likewise.")] = False,
    debug: Annotated[  # noqa: ARG001 - read where bugs are caught
        bool, typer.Option("--debug", help="Show the traceback of a bug.")
    ] = False,
) -> int:
    """Say what a metric means, what a check judges, or where each value of the config comes from.

    Of a metric its formula, unit, columns and limits, where they come from, and a worked example. Without a name: all metrics.
    """
    from aiopsctl import words
    from aiopsctl.cli.asked import asked
    from aiopsctl.cli.options import Common
    from aiopsctl.cli.run import one_of, put, terminal_width

    one_of("--format", fmt, ("table", "json"))
    common = Common(
        config=config, isolated=isolated, columns=columns, tz=tz, max_rejected=max_rejected, pseudonymize=pseudonymize
    )
    if schema:
        text = words.schema(one_of("--schema", schema, ("config", "result")))
    elif said := asked(name, more, common, fmt):
        text = said
    elif fmt == "json":
        text = words.as_json(name)
    else:
        text = words.as_text(name, terminal_width())
    put(text + "\n", machine=fmt == "json" or schema is not None)
    return 0
