"""`drift`: did it get worse, when, and what changed with it."""

from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs
from aiopsctl.errors import NotJudged, UsageError
from aiopsctl.status import FAIL_ON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiopsctl.cli.session import Session
    from aiopsctl.measure import Scope
    from aiopsctl.sources.log import Log
    from aiopsctl.sources.opening import Reading


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    words = "Did it get worse, when, and what changed with it."
    app.command("drift", cls=Command, rich_help_panel="Why", help=words)(reads_logs(drift))


def drift(
    common: Common,
    *,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="LEVEL", help="Exit 1 from warning or critical on; never.")
    ] = "never",
    investigate: Annotated[
        bool, typer.Option("--investigate", help="Fill in the handbook's drift investigation checklist from the log.")
    ] = False,
) -> int:
    """Compare the last 28 complete days with eight earlier weeks: signals by week, columns, what carries it."""
    from msgspec.structs import replace

    from aiopsctl.analyses.drift.answer import Ask, failed
    from aiopsctl.analyses.drift.answer import drift as answer
    from aiopsctl.cli.run import check_output, emit, one_of
    from aiopsctl.cli.session import again, names, open_session, too_many_rejects
    from aiopsctl.views import refused
    from aiopsctl.where import check_by, predicate

    check_output(common)
    one_of("--fail-on", fail_on, tuple(FAIL_ON))
    check_by(names(common.by))
    _check_cuts(names(common.by))
    if common.where:
        predicate(common.where)
    session = open_session(common, _with_texts if common.with_text else None)
    scope, why = scope_of(session, common)
    result = answer(session.log, Ask(scope, session.complete, why, again(common), investigate, common.with_text))
    if not result.exit_code and failed(result, fail_on):
        result = replace(result, exit_code=1)
    rejected = too_many_rejects(session, common, by_default=False)
    return emit(refused(result, rejected) if rejected else result, common)


def _with_texts(paths: "Sequence[str]", feedback: "Sequence[str]", how: "Reading") -> "Log":
    """Read logs, and a sample of their text."""
    from msgspec.structs import replace

    from aiopsctl.sources.read import read

    return read(paths, feedback, replace(how, keep_text=True))


def _check_cuts(by: tuple[str, ...]) -> None:
    from aiopsctl.events import CALENDAR

    if wrong := next((name for name in by if name in (*CALENDAR, "ts")), ""):
        raise UsageError(
            f"drift cannot be cut by {wrong}: it looks at days and weeks itself", help="cut by a column: feature"
        )
    if "user_id" in by:
        raise UsageError(
            "drift cannot be cut by user_id: it tests a change across users", help="cut by a column of users: tier"
        )


def scope_of(session: "Session", common: Common) -> "tuple[Scope, str]":
    """Return the two windows and the slices, and why it is these windows where the user did not say so."""
    from msgspec.structs import replace

    from aiopsctl.analyses.drift.windows import pair
    from aiopsctl.cli.session import scope
    from aiopsctl.engine.kept import covered
    from aiopsctl.views import nothing_found, oldest_of
    from aiopsctl.window import Window

    oldest = oldest_of(session.log)
    if oldest is None:
        from aiopsctl.measure import Scope

        raise NotJudged(nothing_found(session.log, Scope(session.tz)).removeprefix("error: "))
    if not common.compare and oldest == covered(session.log.events)[1]:
        raise NotJudged(
            f"all rows are of one moment, {oldest.astimezone(session.tz):%Y-%m-%d %H:%M:%S}: nothing lies before it",
            help="--map ts=COLUMN reads their time from another column",
        )
    asked = session.window
    if not common.until and asked.since and asked.since < session.complete:
        asked = Window(asked.since, session.complete)
    chosen = pair(asked, oldest, session.complete, session.now, session.tz)
    own = scope(replace(session, window=chosen.window), common)
    by = own.by or (() if len(common.feature or ()) == 1 else _features(session))
    if common.compare:
        return replace(own, by=by, window=chosen.window), ""
    return replace(own, by=by, reference=chosen.reference, reference_name=chosen.name), chosen.why


def _features(session: "Session") -> tuple[str, ...]:
    """Return that slices are features, where there are several."""
    from aiopsctl.engine.kept import values

    return ("feature",) if len(values(session.log.events, "feature")) > 1 else ()
