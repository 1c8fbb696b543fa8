"""The commands that look: `summary`, and one for each monitoring dimension."""

from collections.abc import Callable
from typing import Annotated

import typer

from aiopsctl.cli.options import Common, reads_logs

COMMANDS = {
    "summary": "All dimensions on one page.",
    "quality": "Are the outputs useful and correct: ratings, corrections, rejections, completion.",
    "cost": "What calls and users cost, who causes it, and how long prompts are.",
    "latency": "How fast and how reliable the answers are, and the busiest minute.",
    "satisfaction": "Are users happy, and do they stay: NPS, opt-out, active users.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for name, words in COMMANDS.items():
        app.command(name, help=words, rich_help_panel="Look")(_command(name))


def _command(name: str) -> Callable[..., None]:
    def command(
        common: Common,
        *,
        metrics: Annotated[str, typer.Option("--metrics", help="Only these, separated by commas.")] = "",
    ) -> int:
        from aiopsctl.cli.run import emit
        from aiopsctl.cli.session import open_session, require_few_rejects, scope
        from aiopsctl.measure import check_by, predicate
        from aiopsctl.views import metrics_of, view

        wanted = metrics_of(name, [m.strip() for m in metrics.split(",") if m.strip()])
        check_by(part.strip() for each in common.by or [] for part in each.split(","))
        if common.where:
            predicate(common.where)
        session = open_session(common)
        require_few_rejects(session, common, by_default=False)
        return emit(view(name, wanted, session.log, scope(session, common)), common)

    command.__name__ = name
    return reads_logs(command)
