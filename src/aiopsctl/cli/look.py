"""The commands that look: `summary`, and one for each monitoring dimension."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs

COMMANDS = {
    "summary": "All dimensions on one page.",
    "quality": "Ratings, corrections, rejections, completed tasks.",
    "cost": "What calls and users cost, and how long prompts are.",
    "latency": "How fast and reliable answers are; the busiest minute.",
    "satisfaction": "NPS, opt-out, active users.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for name, words in COMMANDS.items():
        command = reads_logs(cost) if name == "cost" else _command(name)
        app.command(name, cls=Command, help=words, rich_help_panel="Look")(command)


_Metrics = Annotated[str, typer.Option("--metrics", metavar="NAME[,NAME]", help="Only these metrics.")]


def cost(
    common: Common,
    *,
    metrics: _Metrics = "",
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Recorded costs beside those of the price table, by model.")
    ] = False,
) -> int:
    """Show the cost metrics, or how recorded costs compare with priced ones."""
    return _looked("cost", common, metrics, reconcile=reconcile)


def _command(name: str) -> Callable[..., int]:
    def command(common: Common, *, metrics: _Metrics = "") -> int:
        return _looked(name, common, metrics)

    command.__name__ = name
    return reads_logs(command)


def _looked(name: str, common: Common, metrics: str, *, reconcile: bool = False) -> int:
    from aiopsctl.analyses.reconcile import reconciled
    from aiopsctl.cli.money import book, require_both
    from aiopsctl.cli.run import check_output, emit
    from aiopsctl.cli.session import names, open_session, scope, too_many_rejects
    from aiopsctl.measure import check_by, predicate
    from aiopsctl.views import metrics_of, refused, view

    check_output(common)
    if reconcile:
        require_both(common)
    wanted = metrics_of(name, names([metrics]))
    check_by(names(common.by))
    if common.where:
        predicate(common.where)
    session = open_session(common)
    asked = scope(session, common)
    result = view(name, wanted, session.log, asked)
    if reconcile:
        result = reconciled(result, session.log, asked, book(session.config))
    result = replace(result, window=replace(result.window, partial=session.partial))
    why = too_many_rejects(session, common, by_default=False)
    return emit(refused(result, why) if why else result, common)
