"""`doctor`: what works with a log, and what is missing."""

from typing import Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs

HELP = "What works: files, columns, losses, and which metrics can be computed."


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor", cls=Command, rich_help_panel="Start", short_help=HELP)(reads_logs(doctor))


def doctor(
    common: Common,
    *,
    fatal: Annotated[bool, typer.Option("--fatal", help="Exit 1 where there is a problem.")] = False,
) -> int:
    """Say how each file was read, what was lost and why, and for every metric what it lacks."""
    from msgspec.structs import replace

    from aiopsctl.analyses.doctor import doctor as diagnose
    from aiopsctl.cli.run import check_output, emit
    from aiopsctl.cli.session import open_session
    from aiopsctl.measure import Scope

    check_output(common)
    session = open_session(common)
    result = diagnose(
        session.log, Scope(session.tz, config=session.config, min_coverage=session.config.min_coverage.value)
    )
    problems = result.extra["doctor"]["problems"]
    code = 3 if not result.data.rows_used else 1 if fatal and problems else 0
    return emit(replace(result, exit_code=code), common)
