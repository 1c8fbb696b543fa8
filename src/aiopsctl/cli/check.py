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

    from aiopsctl.checks.baselines import require_name
    from aiopsctl.checks.check import from_config
    from aiopsctl.checks.run import not_judged, run
    from aiopsctl.checks.scopes import Run
    from aiopsctl.cli.baselines import save
    from aiopsctl.cli.ci import tell_ci
    from aiopsctl.cli.run import check_output, emit, one_of
    from aiopsctl.cli.session import again, names, open_session, scope, too_many_rejects
    from aiopsctl.where import check_by, predicate

    saving = save_baseline is not None
    check_output(common, judges=not (saving or dry_run))
    one_of("--fail-on", fail_on, tuple(FAIL_ON))
    one_of("--exit-codes", exit_codes, _CODES)
    by = names(common.by)
    check_by(by)
    if common.where:
        predicate(common.where)
    if save_baseline is not None:
        require_name(save_baseline)
    if (force and not saving) or (common.compare and saving):
        option, help = ("--compare", "leave --compare away") if saving else ("--force", "add --save-baseline NAME")
        raise UsageError(f"{option} goes {'without' if saving else 'with'} --save-baseline", help=help)
    session = open_session(common, saving=saving)
    asked = scope(session, common)
    chosen = _chosen(from_config(session.config, session.config_file), only or [])
    chosen = [_as_asked(each, by, common.compare) for each in chosen]
    how = Run(
        now=session.window.until or session.now, tz=session.tz, where=common.where, within=session.window,
        fail_on=fail_on, strict=strict, nagios=exit_codes == "nagios", inputs=again(common),
        baselines=session.baselines, mutes=session.config.mutes, config=session.config, complete=session.complete,
        min_coverage=asked.min_coverage,
    )  # fmt: skip
    if save_baseline is not None:
        return save(session, common, save_baseline, chosen, how, force=force)
    how = replace(how, saved=session.saved(each.compare for each in chosen if each.compare))
    why = too_many_rejects(session, common, by_default=True)
    if why:
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


def _chosen(checks: "list[Check]", only: list[str]) -> "list[Check]":
    ids = tuple(dict.fromkeys(check.id for check in checks))
    for name in only:
        if name not in ids:
            raise UsageError(f"unknown check '{name}'", help=nearest(name, ids) or f"checks: {', '.join(ids)}")
    return [check for check in checks if not only or check.id in only]


def _as_asked(check: "Check", by: tuple[str, ...], compare: str | None) -> "Check":
    """Return a check cut finer, and set against another window where it compares at all."""
    from msgspec.structs import replace

    return replace(check, by=(*check.by, *by), compare=compare if compare and check.compare else check.compare)
