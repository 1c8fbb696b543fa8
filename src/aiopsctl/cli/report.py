"""`report`: everything as one file to pass on, from the same answers as those of the other commands."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError
from aiopsctl.status import FAIL_ON

if TYPE_CHECKING:
    from aiopsctl.config import Config
    from aiopsctl.reports.disguise import Disguise
    from aiopsctl.result import Result


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    words = "One file with pictures to pass on: HTML or Markdown."
    app.command("report", cls=Command, rich_help_panel="Share", help=words)(reads_logs(report))


def report(
    common: Common,
    *,
    cadence: Annotated[
        str,
        typer.Option("--cadence", metavar="CADENCE", help="The handbook's review: daily, weekly, monthly, quarterly."),
    ] = "",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="The title of the report.")] = "",
    saved: Annotated[
        str, typer.Option("--from", metavar="FILE", help="Show a saved JSON result of any command instead of logs.")
    ] = "",
    show_users: Annotated[
        bool, typer.Option("--show-users", help="Show user ids as the logs have them, not pseudonyms.")
    ] = False,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="LEVEL", help="Exit 1 from warning or critical on; never.")
    ] = "never",
) -> int:
    """Write a report: verdicts, the four dimensions, drift, scale, what changed, what to do next, definitions.

    Without -o or -f it goes to stdout as Markdown; -o report.html and -o report.md write files.
    """
    from msgspec.structs import replace

    from aiopsctl.cli.configured import configuration
    from aiopsctl.cli.run import check_output, emit, one_of

    check_output(common)
    one_of("--fail-on", fail_on, tuple(FAIL_ON))
    if cadence:
        from aiopsctl.reports.cadence import REVIEWS

        one_of("--cadence", cadence, tuple(REVIEWS))
    if common.by:
        raise UsageError("report has slices of its own, and goes without --by", help="narrow it with --where")
    result = _saved(saved, common, cadence, title) if saved else _of_logs(common, cadence, title, show_users=show_users)
    result = result if show_users or not saved else _disguise(configuration(common)[0]).result(result)
    failed = _failed(result, fail_on)
    if failed and not saved:
        result = replace(result, exit_code=1)
    quiet = bool(common.output) and not common.format and not any(path.endswith("-") for path in common.output or ())
    code = emit(result, common.but(format=common.format or "md"), shown=not quiet)
    return 1 if failed else 3 if code == 3 else 0


def _failed(result: "Result", level: str) -> bool:
    return any(v.status in FAIL_ON[level] for v in (*(result.checks or ()), *result.breaches))


def _disguise(config: "Config") -> "Disguise":
    """Return what replaces user ids: by the key of the environment where there is one."""
    from aiopsctl.reports.disguise import Disguise

    key = os.environ.get(config.pseudonym_key_env, "").strip()
    return Disguise(os.fsencode(key) if key else None)


def _saved(path: str, common: Common, cadence: str, title: str) -> "Result":
    from msgspec.structs import replace

    from aiopsctl.formats.pages import page
    from aiopsctl.reports.saved import result_of

    if common.paths:
        raise UsageError("--from goes without logs: it shows a saved result", help="leave the paths away, or --from")
    if cadence:
        raise UsageError("--cadence needs logs: a saved result has its days already", help="leave --cadence away")
    try:
        text = sys.stdin.buffer.read() if path == "-" else _bytes(path)
        result = result_of(text.decode("utf-8"), path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text") from None
    shown = page(result)
    return replace(result, page=replace(shown, title=title)) if title else result


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _of_logs(common: Common, cadence: str, title: str, *, show_users: bool) -> "Result":
    from msgspec.structs import replace

    from aiopsctl.cli.gather import gather
    from aiopsctl.cli.session import open_session, too_many_rejects
    from aiopsctl.reports.compose import report
    from aiopsctl.views import refused
    from aiopsctl.where import predicate

    if common.where:
        predicate(common.where)
    session = open_session(common)
    found = gather(session, common, cadence)
    if not show_users:
        found = found.disguised(_disguise(session.config).result)
    result = report(found, title, cadence)
    why = too_many_rejects(session, common, by_default=True)
    result = replace(result, window=replace(result.window, partial=session.partial))
    if result.exit_code == 3 and not why and not any(note.startswith("error:") for note in result.notes):
        why = "error: no verdict could be given\n  help: the report says why beside each; aiopsctl doctor says what is missing"
    return refused(result, why) if why else result
