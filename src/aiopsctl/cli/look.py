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
        app.command(name, cls=Command, help=words, rich_help_panel="Look")(_command(name))


def _command(name: str) -> Callable[..., int]:
    def command(
        common: Common,
        *,
        metrics: Annotated[str, typer.Option("--metrics", metavar="NAME[,NAME]", help="Only these metrics.")] = "",
    ) -> int:
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
        result = view(name, wanted, session.log, scope(session, common))
        result = replace(result, window=replace(result.window, partial=session.partial))
        why = too_many_rejects(session, common, by_default=False)
        return emit(refused(result, why) if why else result, common)

    command.__name__ = name
    return reads_logs(command)
