"""`explain`: what a metric or a column means, and the schemas of config and result."""

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", rich_help_panel="Start")(explain)


def explain(
    name: Annotated[str | None, typer.Argument(help="A metric, a column, or `columns`.")] = None,
    *,
    schema: Annotated[str | None, typer.Option("--schema", help="result or config: print its JSON Schema.")] = None,
    fmt: Annotated[str, typer.Option("-f", "--format", help="table or json.")] = "table",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a bug.")] = False,
) -> None:
    """Say what a metric means: formula, unit, columns, limits and where they come from, with a worked example."""
    from aiopsctl.cli.run import guarded

    guarded(lambda: _explain(name, schema, fmt), debug=debug)


def _explain(name: str | None, schema: str | None, fmt: str) -> int:
    from aiopsctl import words

    if fmt not in ("table", "json"):
        from aiopsctl.errors import UsageError

        raise UsageError(f"explain has no format '{fmt}'", help="table or json")
    text = words.schema(schema) if schema else words.as_json(name) if fmt == "json" else words.as_text(name)
    typer.echo(text)
    return 0
