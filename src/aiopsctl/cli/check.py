"""`check`: judge the limits of a config, or the handbook's, and leave with an exit code that can be trusted."""

from dataclasses import replace
from typing import Annotated

import typer

from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError, nearest

_NAGIOS = {0: 0, 1: 2, 2: 3, 3: 3}


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("check", rich_help_panel="Share")(reads_logs(check))


def check(
    common: Common,
    *,
    fail_on: Annotated[str, typer.Option("--fail-on", help="critical, warning or never.")] = "critical",
    strict: Annotated[bool, typer.Option("--strict", help="A skipped check counts as not judged.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also list the checks that passed.")] = False,
    only: Annotated[list[str] | None, typer.Option("--check", metavar="ID", help="Only this check.")] = None,
) -> int:
    """Judge the checks of the config, else every threshold of the handbook that the log can answer.

    Exit codes: 0 pass, 1 breach, 2 usage or config, 3 not judged.
    """
    from aiopsctl.checks.check import from_config
    from aiopsctl.checks.run import Run, run
    from aiopsctl.cli.run import emit
    from aiopsctl.cli.session import baselines, open_session, require_few_rejects

    if fail_on not in ("critical", "warning", "never"):
        raise UsageError(f"--fail-on {fail_on}", help=nearest(fail_on, ("critical", "warning", "never")) or "critical, warning or never")
    session = open_session(common)
    checks = from_config(session.config, session.config_file)
    for name in only or []:
        ids = tuple(check.id for check in checks)
        if name not in ids:
            raise UsageError(f"unknown check '{name}'", help=nearest(name, ids) or f"checks: {', '.join(ids)}")
    require_few_rejects(session, common, by_default=True)
    how = Run(
        now=session.window.until or session.now, tz=session.tz, where=common.where, within=session.window,
        fail_on=fail_on, strict=strict, inputs=_inputs(common, session.config_file), baselines=baselines(session),
    )  # fmt: skip
    chosen = [check for check in checks if not only or check.id in only]
    return emit(replace(run(chosen, session.log, how), everything=everything), common)


def _inputs(common: Common, config_file: str) -> tuple[str, ...]:
    """Return the words of the command line that name the logs, for the next command to type."""
    config = ("-c", config_file) if config_file and not common.paths else ()
    feedback = tuple(word for path in common.feedback or [] for word in ("--feedback", path))
    columns = tuple(word for pair in common.columns or [] for word in ("--map", pair))
    return (*(common.paths or ()), *feedback, *columns, *config)
