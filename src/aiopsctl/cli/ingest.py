"""`ingest`: read logs into a store, say what it holds, make it anew, or forget what is old."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.store.manifest import Manifest

HELP = "Read logs into a store, so that later commands read only what is new."


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("ingest", cls=Command, rich_help_panel="Share", short_help=HELP)(reads_logs(ingest))


def ingest(
    common: Common,
    *,
    status: Annotated[bool, typer.Option("--status", help="Say what the store holds, and read nothing.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read all again; what came of files that are gone is lost.")
    ] = False,
    prune: Annotated[
        str | None, typer.Option("--prune", metavar="OLDER", help="Forget the days before: 180d, 2026-01-01.")
    ] = None,
) -> int:
    """Read what is new of the logs into the store of --store or of the config.

    Each file is read once, as far as its lines are whole; renamed, rotated and compressed files are told apart.
    """
    from aiopsctl.cli.configured import configuration
    from aiopsctl.cli.run import check_output, emit
    from aiopsctl.cli.session import open_session
    from aiopsctl.cli.stored import folder_of, unfit
    from aiopsctl.store.store import Store

    check_output(common)
    config, _ = configuration(common)
    folder = folder_of(common, config)
    if folder is None:
        raise UsageError("no store", help="name one: aiopsctl ingest LOGS --store PATH, or store: PATH in the config")
    if why := unfit(common, common.paths or ()):
        raise UsageError(why, help="leave it away")
    store = Store(folder)
    if prune:
        forgotten = store.prune(_older(prune, common, config.timezone))
    if rebuild:
        store.forget()
    if not (status or prune):
        session = open_session(common)
        if session.log.money is None:
            raise UsageError("nothing was kept")
    manifest, problem = store.status(deep=status)
    result = _told(manifest, problem, folder, forgotten if prune else None)
    return emit(result, common)


def _older(text: str, common: Common, zone: str) -> Any:
    from datetime import UTC, datetime

    from aiopsctl import window

    return window.moment(text, datetime.now(UTC), window.zone(common.tz or zone))


def _told(manifest: "Manifest", problem: str, folder: Path, forgotten: int | None) -> Any:
    from aiopsctl.store.status import status_of

    return status_of(manifest, problem, folder, forgotten)
