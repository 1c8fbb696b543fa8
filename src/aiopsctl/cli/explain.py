"""`explain`: what a metric or a column means, and the schemas of config and result."""

from typing import Annotated

import typer

from aiopsctl.cli.group import Command


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", cls=Command, rich_help_panel="Start")(explain)


def explain(
    name: Annotated[str | None, typer.Argument(help="A metric, a column, or `columns`.", show_default=False)] = None,
    *,
    schema: Annotated[
        str | None, typer.Option("--schema", metavar="config|result", help="Print its JSON Schema.")
    ] = None,
    fmt: Annotated[str, typer.Option("-f", "--format", metavar="table|json", help="Output format.")] = "table",
    debug: Annotated[  # noqa: ARG001 - read where bugs are caught
        bool, typer.Option("--debug", help="Show the traceback of a bug.")
    ] = False,
) -> int:
    """Say what a metric means.

    Its formula, unit, columns and limits, where they come from, and a worked example. Without a name: all metrics.
    """
    from aiopsctl import words
    from aiopsctl.cli.run import one_of, put, terminal_width

    one_of("--format", fmt, ("table", "json"))
    if schema:
        text = words.schema(one_of("--schema", schema, ("config", "result")))
    elif fmt == "json":
        text = words.as_json(name)
    else:
        text = words.as_text(name, terminal_width())
    put(text + "\n", machine=fmt == "json" or schema is not None)
    return 0
