"""The commands that look: `summary`, and one for each monitoring dimension."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs

if TYPE_CHECKING:
    from aiopsctl.cli.session import Session
    from aiopsctl.measure import Scope
    from aiopsctl.result import Result

COMMANDS = {
    "summary": "All dimensions on one page.",
    "quality": "Ratings, corrections, rejections, completed tasks.",
    "latency": "How fast and reliable answers are; the busiest minute.",
    "satisfaction": "NPS, opt-out, active users.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for name, words in COMMANDS.items():
        app.command(name, cls=Command, help=words, rich_help_panel="Look")(_command(name))


Metrics = Annotated[str, typer.Option("--metrics", metavar="NAME[,NAME]", help="Only these metrics.")]


def _command(name: str) -> Callable[..., int]:
    def command(common: Common, *, metrics: Metrics = "") -> int:
        return looked(name, common, metrics)

    command.__name__ = name
    return reads_logs(command)


def looked(
    name: str, common: Common, metrics: str, more: "Callable[[Result, Session, Scope], Result] | None" = None
) -> int:
    """Measure and show the metrics of a command, with what `more` adds to the answer; return the exit code."""
    from aiopsctl.cli.run import check_output, emit
    from aiopsctl.cli.session import names, open_session, scope, too_many_rejects
    from aiopsctl.measure import check_by, predicate
    from aiopsctl.views import metrics_of, refused, view

    check_output(common)
    wanted = metrics_of(name, names([metrics]))
    check_by(names(common.by))
    if common.where:
        predicate(common.where)
    session = open_session(common)
    asked = scope(session, common)
    result = view(name, wanted, session.log, asked)
    result = more(result, session, asked) if more else result
    result = replace(result, window=replace(result.window, partial=session.partial))
    why = too_many_rejects(session, common, by_default=False)
    return emit(refused(result, why) if why else result, common)
