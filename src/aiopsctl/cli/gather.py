"""Runs what a report is put together from: each by the function behind its command, on one log that is read once."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aiopsctl.cli.options import Common
from aiopsctl.errors import AiopsctlError

if TYPE_CHECKING:
    from aiopsctl.analyses.analysis import Analysis, Asked
    from aiopsctl.checks.check import Check
    from aiopsctl.cli.session import Session
    from aiopsctl.measure import Scope
    from aiopsctl.reports.found import Found
    from aiopsctl.result import Result

_MIXED = ("model", "prompt_version", "query_type", "provider")
_MIXES = 2
_MOST_VALUES = 40
_CATEGORIES = ("flag-rate", "escalations", "tickets")


def gather(session: "Session", common: Common, cadence: str) -> "Found":
    """Return the answers; exit code 3 on that of the check where no row is left or nothing can be judged."""
    from aiopsctl.analyses.dashboard import with_tiles
    from aiopsctl.analyses.distributions import with_distributions
    from aiopsctl.catalog import metric, metrics
    from aiopsctl.checks.check import from_config
    from aiopsctl.cli.session import scope
    from aiopsctl.reports.cadence import REVIEWS
    from aiopsctl.reports.dimensions import CUT, DAILY
    from aiopsctl.reports.found import Found
    from aiopsctl.reports.parts import SCALES
    from aiopsctl.views import view

    review = REVIEWS.get(cadence)
    log = session.log
    checks = from_config(session.config, session.config_file)
    checked = _check(session, common, checks, scope(session, common))
    own = _days_of(session, review.days) if review and not common.since else session
    asked = scope(own, common)
    if review and not common.compare:
        asked = _beside(asked, own)
    every = list(metrics().values())
    measured = view("summary", every, log, asked)
    measured = with_distributions(with_tiles(measured, log, asked, checked.checks or []), log, asked, checks)
    bare = replace(asked, reference=None, told=None)
    drawn = _drawn(bare, session, review.drawn if review else 0)
    cut = [metric(name) for name in CUT]
    drift, refused = _drift(session, common) if review is None or review.drifts else (None, {})
    wanted = SCALES if review is None else ("users", "forecast") if cadence == "quarterly" else ()
    scale, lacking = _scale(own, bare, wanted)
    config = session.config
    return Found(
        check=checked, measured=measured,
        cut=view("summary", cut, log, replace(bare, by=("feature",))),
        daily=view("summary", [metric(name) for name in (*DAILY, "flag-rate", "escalations", "timeout-rate")], log, replace(drawn, by=("day",))),
        categories=view("quality", [metric(name) for name in _CATEGORIES], log, replace(bare, by=("category",))),
        mixes=tuple(_mixes(session, drawn)) if review is None or review.drifts else (), drift=drift, scale=scale,
        refused=refused | lacking, owners={name: f.owner for name, f in config.features.items() if f.owner},
        owner=next((who for name, who in config.reviews.items() if name == cadence), ""),
    )  # fmt: skip


def _check(session: "Session", common: Common, checks: "list[Check]", asked: "Scope") -> "Result":
    """Return what `check` says, with the exit code of a report: 3 where nothing could be judged."""
    from aiopsctl.checks.run import run
    from aiopsctl.cli.session import judging

    result = run(checks, session.log, judging(session, common, asked, checks))
    told = any(v.status not in ("unknown", "skipped") for v in result.checks or ())
    return replace(result, exit_code=0 if told or (result.exit_code == 0 and result.data.rows_used) else 3)


def _days_of(session: "Session", days: int) -> "Session":
    """Return the session with the last complete days as its window."""
    from aiopsctl.window import Window, moment

    end = session.window.until or session.complete
    return replace(session, window=Window(moment(f"{days}d", end, session.tz), end))


def _beside(asked: "Scope", session: "Session") -> "Scope":
    """Return the scope beside the window before, where the log reaches back to it."""
    from aiopsctl.checks.scopes import uncovered
    from aiopsctl.window import previous

    before = replace(asked, reference=previous("", asked.window, session.tz), reference_name="previous")
    return asked if uncovered(session.log, before) else before


def _drawn(asked: "Scope", session: "Session", days: int) -> "Scope":
    """Return what is drawn by day: the window as far as its days are complete, of a review so many days before its end."""
    from aiopsctl.window import Window, moment

    until = min(asked.window.until or session.complete, session.complete)
    since = moment(f"{days}d", until, session.tz) if days else asked.window.since
    whole = until > (since or datetime.min.replace(tzinfo=until.tzinfo)) + timedelta(days=2)
    return replace(asked, window=Window(since, until)) if whole else asked


def _mixes(session: "Session", asked: "Scope") -> "Iterable[Result]":
    """Yield the calls by week and by each of the columns that have a few values."""
    from aiopsctl.catalog import metric
    from aiopsctl.engine.kept import values
    from aiopsctl.views import view

    known = [name for name in _MIXED if 1 < len(values(session.log.events, name)) <= _MOST_VALUES]
    for name in known[:_MIXES]:
        yield view("latency", [metric("calls")], session.log, replace(asked, by=("week", name)))


def _drift(session: "Session", common: Common) -> "tuple[Result | None, dict[str, str]]":
    from aiopsctl.analyses.drift.answer import Ask
    from aiopsctl.analyses.drift.answer import drift as answer
    from aiopsctl.cli.drift import scope_of
    from aiopsctl.cli.session import again

    def run() -> "Result":
        scope, why = scope_of(session, common.but(compare=None))
        return answer(session.log, Ask(scope, session.complete, why, again(common)))

    result, why = _tried(run)
    return result, {"drift": why} if why else {}


def _scale(session: "Session", asked: "Scope", names: Iterable[str]) -> "tuple[dict[str, Result], dict[str, str]]":
    """Return the analyses of scale that have an answer, and of the others why not."""
    from aiopsctl.analyses.analysis import Asked
    from aiopsctl.cli.money import book

    found, refused = {}, {}
    shared: dict[str, object] = {}
    prices = book(session.config)
    for name in names:
        analysis = import_module(f"aiopsctl.analyses.scale.{name.replace('-', '_')}").ANALYSIS
        options = {option.name: option.default for option in analysis.options}
        now = session.window.until or session.now
        given = Asked(session.log, asked, session.config, prices, now, options, shared)
        result, why = _tried(partial(_answer, name, analysis, given))
        if result and not why:
            found[name] = result
        else:
            refused[name] = why
    return found, refused


def _answer(name: str, analysis: "Analysis", asked: "Asked") -> "Result":
    from aiopsctl.analyses.analysis import Analysis
    from aiopsctl.analyses.answered import answered

    return answered(name, Analysis(analysis.run), asked)[0]  # a report has the metrics elsewhere


def _tried(run: "Callable[[], Result]") -> "tuple[Result | None, str]":
    """Return an answer, or why there is none: what is refused leaves the rest of the report as it is."""
    try:
        result = run()
    except AiopsctlError as error:
        return None, error.what
    errors = [note.removeprefix("error: ").split("\n")[0] for note in result.notes if note.startswith("error:")]
    return result, errors[-1] if result.exit_code and errors else ""
