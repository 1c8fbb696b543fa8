"""`check`: judge the limits of a config, or the handbook's, and leave with an exit code that can be trusted."""

from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli import complete
from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError, nearest
from aiopsctl.status import FAIL_ON

if TYPE_CHECKING:
    from aiopsctl.checks.check import Check

_CODES = ("ci", "nagios")


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("check", cls=Command, rich_help_panel="Share")(reads_logs(check))


def check(
    common: Common,
    *,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="LEVEL",
            help="Exit 1 from here on: critical, warning, never.",
            autocompletion=complete.words(*FAIL_ON),
        ),
    ] = "critical",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 where a check was skipped.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also list the checks that passed.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--check", metavar="ID", help="Only this check; repeatable.")
    ] = None,
    exit_codes: Annotated[
        str,
        typer.Option(
            "--exit-codes",
            metavar="ci|nagios",
            help="nagios: 0 ok, 1 warning, 2 critical, 3 unknown.",
            autocompletion=complete.words(*_CODES),
        ),
    ] = "ci",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge nothing: list what would be, on how much, and what never fires.")
    ] = False,
    save_baseline: Annotated[
        str | None,
        typer.Option(
            "--save-baseline", metavar="NAME", help="Judge nothing; save what the checks measure, to compare with."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Save over a baseline that exists.")] = False,
    no_ci: Annotated[
        bool, typer.Option("--no-ci", help="In GitHub Actions, add no annotations and no step summary.")
    ] = False,
) -> int:
    """Judge the limits of a config, or the handbook's.

    With a config the checks in it, without one every threshold of the handbook that the log can answer.

    Its own formats: concise, github, gitlab, junit, nagios, prometheus, sarif.

    Exit codes: 0 pass, 1 breach, 2 usage or config, 3 not judged; with --dry-run 0, or 3 where nothing can be judged.
    """
    from msgspec.structs import replace

    from aiopsctl.checks.check import from_config
    from aiopsctl.checks.run import not_judged, run
    from aiopsctl.cli.baselines import save
    from aiopsctl.cli.ci import tell_ci
    from aiopsctl.cli.run import check_output, emit, one_of
    from aiopsctl.cli.session import judging, open_session, scope, too_many_rejects

    check_output(common, judges=save_baseline is None and not dry_run)
    one_of("--fail-on", fail_on, tuple(FAIL_ON))
    one_of("--exit-codes", exit_codes, _CODES)
    _require_sense(common, save_baseline, force=force)
    session = open_session(common, saving=save_baseline is not None)
    asked = scope(session, common)
    chosen = _as_asked(_chosen(from_config(session.config, session.config_file), only or []), common)
    if save_baseline is not None:
        return save(session, common, save_baseline, chosen, judging(session, common, asked, ()), force=force)
    how = judging(session, common, asked, chosen)
    how = replace(how, fail_on=fail_on, strict=strict, nagios=exit_codes == "nagios")
    if why := too_many_rejects(session, common, by_default=True):
        result = not_judged(session.log, replace(asked, reference=None), why)
    elif dry_run:
        from aiopsctl.checks.plan import dry_run as plan

        result = plan(chosen, session.log, how)
    else:
        result = replace(run(chosen, session.log, how), everything=everything)
    code = emit(result, common)
    if not (no_ci or dry_run):
        tell_ci(result, common)
    return code


def _require_sense(common: Common, save_baseline: str | None, *, force: bool) -> None:
    """Raise `UsageError` for columns, conditions, names and options that cannot be, before any log is read."""
    from aiopsctl.checks.baselines import require_name
    from aiopsctl.cli.session import names
    from aiopsctl.where import check_by, predicate

    check_by(names(common.by))
    if common.where:
        predicate(common.where)
    if save_baseline is not None:
        require_name(save_baseline)
        if common.compare:
            raise UsageError("--compare goes without --save-baseline", help="leave --compare away")
    elif force:
        raise UsageError("--force goes with --save-baseline", help="add --save-baseline NAME")


def _chosen(checks: "list[Check]", only: list[str]) -> "list[Check]":
    ids = tuple(dict.fromkeys(check.id for check in checks))
    for name in only:
        if name not in ids:
            raise UsageError(f"unknown check '{name}'", help=nearest(name, ids) or f"checks: {', '.join(ids)}")
    return [check for check in checks if not only or check.id in only]


def _as_asked(checks: "list[Check]", common: Common) -> "list[Check]":
    """Return checks cut finer, and set against another window where they compare at all."""
    from msgspec.structs import replace

    from aiopsctl.cli.session import names

    by, compare = names(common.by), common.compare
    return [replace(c, by=(*c.by, *by), compare=compare if compare and c.compare else c.compare) for c in checks]
