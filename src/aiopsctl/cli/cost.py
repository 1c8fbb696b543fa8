"""`cost`: what calls and users cost, why that changed, and whether the recorded costs are right."""

from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.look import Metrics, looked
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.cli.session import Session
    from aiopsctl.measure import Scope
    from aiopsctl.result import Result


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    words = "What calls and users cost, and why that changed."
    app.command("cost", cls=Command, rich_help_panel="Look", help=words)(reads_logs(cost))


def cost(
    common: Common,
    *,
    metrics: Metrics = "",
    causes: Annotated[
        str,
        typer.Option(
            "--causes", metavar="PERIOD", help="Why a call's cost changed from day, week, month or quarter to the next."
        ),
    ] = "",
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Recorded costs beside those of the price table, by model.")
    ] = False,
) -> int:
    """Show the cost metrics; with --compare also why they changed: mix of features and models, tokens, price."""
    if causes:
        _check_causes(common, causes, reconcile=reconcile)
    if reconcile:
        from aiopsctl.cli.money import require_both

        require_both(common)

    def more(result: "Result", session: "Session", scope: "Scope") -> "Result":
        from aiopsctl.analyses.causes import with_causes
        from aiopsctl.analyses.reconcile import reconciled
        from aiopsctl.cli.money import book

        if reconcile:
            return reconciled(result, session.log, scope, book(session.config))
        if causes or scope.reference:
            return with_causes(result, session.log, scope, book(session.config), causes)
        return result

    return looked("cost", common, metrics, more)


def _check_causes(common: Common, period: str, *, reconcile: bool) -> None:
    from aiopsctl.analyses.causes import PERIODS
    from aiopsctl.cli.run import one_of

    one_of("--causes", period, PERIODS)
    if reconcile or common.by or common.compare:
        raise UsageError(
            "--causes goes without --by, --compare and --reconcile", help="--where narrows it to some calls"
        )
