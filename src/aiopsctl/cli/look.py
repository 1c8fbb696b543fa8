"""The commands that look: `summary`, and one for each monitoring dimension."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli import complete
from aiopsctl.cli.group import Command
from aiopsctl.cli.options import Common, reads_logs

if TYPE_CHECKING:
    from aiopsctl.cli.session import Session
    from aiopsctl.measure import Scope
    from aiopsctl.metric import Metric
    from aiopsctl.result import Result

    More = Callable[[Result, Session, Scope], Result]

COMMANDS = {
    "summary": "The dashboard: all dimensions on one page.",
    "quality": "Ratings, corrections, rejections, completed tasks.",
    "latency": "How fast and reliable answers are; the busiest minute.",
    "satisfaction": "NPS, opt-out, active users.",
}

Metrics = Annotated[
    str, typer.Option("--metrics", metavar="NAME[,NAME]", help="Only these metrics.", autocompletion=complete.metrics)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for name, words in COMMANDS.items():
        command = reads_logs(summary) if name == "summary" else _command(name)
        app.command(name, cls=Command, help=words, rich_help_panel="Look")(command)


def _command(name: str) -> Callable[..., int]:
    def command(common: Common, *, metrics: Metrics = "") -> int:
        from aiopsctl.cli.run import pictured

        return looked(name, common, metrics, _distributions if name == "latency" and pictured(common) else None)

    command.__name__ = name
    return reads_logs(command)


def _distributions(result: "Result", session: "Session", asked: "Scope") -> "Result":
    """Add how long the calls of each feature took, which a chart shows."""
    from aiopsctl.analyses.distributions import with_distributions
    from aiopsctl.checks.check import from_config

    if asked.by or result.exit_code:
        return result
    return with_distributions(result, session.log, asked, from_config(session.config, session.config_file))


def looked(name: str, common: Common, metrics: str, more: "More | None" = None) -> int:
    """Measure and show the metrics of a command, with what `more` adds to the answer; return the exit code."""
    from aiopsctl.cli.run import emit
    from aiopsctl.cli.session import open_session

    wanted = _wanted(name, metrics, common)
    return emit(_answer(name, wanted, open_session(common), common, more), common)


def dashboard(common: Common) -> "Result":
    """Return what `summary` shows."""
    from aiopsctl.cli.session import open_session

    return _answer("summary", _wanted("summary", "", common), open_session(common), common, _dashboard(common, ""))


def _wanted(name: str, metrics: str, common: Common) -> "list[Metric]":
    """Return the metrics that are asked for, when everything else that can be wrong was looked at, too."""
    from aiopsctl.cli.run import check_output
    from aiopsctl.cli.session import names
    from aiopsctl.views import metrics_of
    from aiopsctl.where import check_by, predicate

    check_output(common)
    wanted = metrics_of(name, names([metrics]))
    check_by(names(common.by))
    if common.where:
        predicate(common.where)
    return wanted


def _answer(name: str, wanted: "list[Metric]", session: "Session", common: Common, more: "More | None") -> "Result":
    from msgspec.structs import replace

    from aiopsctl.cli.session import scope, too_many_rejects
    from aiopsctl.views import refused, view

    asked = scope(session, common)
    result = view(name, wanted, session.log, asked)
    result = replace(result, notes=[*result.notes, *_untold(result)])
    result = more(result, session, asked) if more else result
    result = replace(result, window=replace(result.window, partial=session.partial))
    why = too_many_rejects(session, common, by_default=False)
    return refused(result, why) if why else result


def _untold(result: "Result") -> list[str]:
    """Return a note of the metrics that a saved baseline cannot be compared with."""
    saved = [m for m in result.measurements if m.value is not None and m.reference and m.reference.reason]
    names = list(dict.fromkeys(m.metric for m in saved))
    if not saved or not saved[0].reference:
        return []
    return [
        f"not compared, as baseline '{saved[0].reference.name}' lacks or computes them otherwise: {', '.join(names)}"
    ]


def summary(
    common: Common,
    *,
    metrics: Metrics = "",
    watch: Annotated[
        str | None, typer.Option("--watch", metavar="EVERY", help="Look again every 30s, 5m or 1h; on a terminal.")
    ] = None,
) -> int:
    """Show the dashboard: all dimensions on one page."""
    if watch is not None:
        return _watch(common, metrics, watch)
    return looked("summary", common, metrics, _dashboard(common, metrics))


def _dashboard(common: Common, metrics: str) -> "More | None":
    """Return what adds the dashboard to a summary, with the verdicts that `check` would give; None for its tables."""
    from msgspec.structs import replace

    from aiopsctl.analyses.dashboard import with_dashboard
    from aiopsctl.checks.check import from_config
    from aiopsctl.checks.onward import pasted
    from aiopsctl.cli.session import judging, names, too_many_rejects

    def add(result: "Result", session: "Session", asked: "Scope") -> "Result":
        unjudged = too_many_rejects(session, common, by_default=True)
        if unjudged:
            result = replace(result, notes=[*result.notes, "no verdicts: more rows were rejected than a check allows"])
        checks = [] if unjudged else from_config(session.config, session.config_file)
        how = judging(session, common, asked, checks)
        shown = with_dashboard(result, session.log, asked, checks, how)
        if unjudged:
            return shown
        lacking = any(tile["value"] is None for tile in shown.extra["dashboard"])
        return replace(shown, next=pasted("aiopsctl", "doctor", *how.inputs) if lacking else "")

    return None if names(common.by) or names([metrics]) else add


def _watch(common: Common, metrics: str, every: str) -> int:
    """Show the summary again and again; of plain JSONL only what was appended is read again."""
    from aiopsctl.cli.run import look as look_of
    from aiopsctl.cli.session import open_session
    from aiopsctl.cli.watch import require_screen, seconds, watch
    from aiopsctl.formats.format import format_named
    from aiopsctl.readable import clean
    from aiopsctl.sources.follow import Follower

    wait = seconds(every)
    require_screen(common)
    wanted = _wanted("summary", metrics, common)
    follower, more = Follower(), _dashboard(common, metrics)

    def look() -> str:
        result = _answer("summary", wanted, open_session(common.but(quiet=1), follower.read), common, more)
        notes = [] if common.quiet else [clean(line, 2000) for note in result.notes for line in note.split("\n")]
        return "\n".join([format_named("table").render(result, look_of(common)), *notes])

    return watch(look, wait)
