"""From the options of a command to a log, a clock, a zone and a scope."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from aiopsctl.cli.baselines import among, folder
from aiopsctl.cli.configured import baselines, configuration, pseudonym_key, sources
from aiopsctl.cli.money import priced
from aiopsctl.cli.options import Common
from aiopsctl.cli.progress import progress
from aiopsctl.cli.stored import stored
from aiopsctl.errors import NotJudged, UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.checks.baselines import Saved
    from aiopsctl.checks.check import Check
    from aiopsctl.checks.scopes import Run
    from aiopsctl.config import Config, Quantity
    from aiopsctl.measure import Scope
    from aiopsctl.sources.log import Log
    from aiopsctl.sources.opening import Reading
    from aiopsctl.window import Window

    Reader = Callable[[Sequence[str], Sequence[str], Reading], Log]

_TOLERATED = 10


class Session(Struct, frozen=True):
    """What a command works on."""

    log: "Log"
    config: "Config"
    config_file: str
    now: datetime
    tz: ZoneInfo
    window: "Window"
    partial: bool
    complete: datetime
    clock: datetime

    @property
    def baselines(self) -> "tuple[tuple[str, Window | str], ...]":
        """The named good periods of the config."""
        return baselines(self.config, self.now, self.tz)

    def saved(self, compared: "Iterable[str]") -> "dict[str, Saved]":
        """Return the saved baselines among what is compared with; an old one is noted."""
        from aiopsctl.checks.baselines import aged

        found = among(compared, dict(self.baselines), folder(self.config.path))
        for note in filter(None, (aged(saved, self.now) for saved in found.values())):
            self.log.account.note(note)
        return found


def names(parts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the words of a repeatable option whose values are separated by commas."""
    return tuple(name.strip() for part in parts or [] for name in part.split(",") if name.strip())


def open_session(common: Common, reader: "Reader | None" = None, *, saving: bool = False) -> Session:
    """Return the session that the options describe: config found, logs read, clock and window set.

    `reader` reads the logs in place of `read`, as `read` does; `saving` says that a baseline is being saved.
    """
    from aiopsctl import window
    from aiopsctl.views import now_of

    config, config_file = configuration(common, saving=saving)
    tz, clock = window.zone(common.tz or config.timezone), _clock()
    wanted = common.now or ("data" if common.paths or common.store or config.now == "data" else "now")
    for text in (common.since, common.until, None if wanted == "data" else wanted):
        window.moment(text or "now", clock, tz)
    log = _read(common, config, config_file, tz, reader)
    now = now_of(log, clock) if wanted == "data" else window.moment(wanted, clock, tz)
    _require_features(log, common.feature or [])
    asked = _asked(common, now, tz, fixed=common.now not in (None, "data"))
    _explain_input(log, clock)
    partial = window.is_partial(common.since or "", asked, tz)
    complete = window.last_midnight(asked.until or now, tz, known_whole=wanted == "data" and not asked.until)
    return Session(log, config, config_file, now, tz, asked, partial, complete, clock)


def _clock() -> datetime:
    """Return what the clock of the machine shows."""
    return datetime.now(UTC)


def _read(common: Common, config: "Config", config_file: str, tz: ZoneInfo, reader: "Reader | None") -> "Log":
    """Return the logs that are named, else those of the config."""
    from aiopsctl.cli.files import protect
    from aiopsctl.formats.format import target
    from aiopsctl.sources.opening import Reading
    from aiopsctl.sources.read import read

    formats = {} if common.paths else sources(config)
    paths, feedback = list(common.paths or formats), common.feedback or []
    if not paths and not common.store:
        raise UsageError("no logs to read", help="name files or folders, for example: aiopsctl summary logs/")
    _share(common.max_rejected or "0")
    written = [target(output)[1] for output in common.output or []] + [common.rejects or "-"]
    protect([*paths, *feedback], written)
    columns = [*(f"{name}={raw}" for name, raw in config.columns.items()), *(common.columns or [])]
    how = Reading(
        tz=tz.key, source=common.source, columns=columns, rejects=common.rejects, with_text=common.with_text,
        formats={path: name for path, name in formats.items() if name},
        pseudonym_key=pseudonym_key(config) if common.pseudonymize or config.pseudonymize else None,
    )  # fmt: skip
    began = monotonic()
    with progress(wanted=not common.quiet):
        kept = None if reader else stored(common, config, paths, feedback, how)
        found = kept or (reader or read)(paths, feedback, how)
    log = priced(found, config, common.cost)
    if common.verbose:
        took = f"{monotonic() - began:.2f} s"
        log.account.note(f"config: {config_file or 'none'}; read in {took}: {', '.join([*paths, *feedback])}")
    return log


def _require_features(log: "Log", wanted: Sequence[str]) -> None:
    """Raise `NotJudged` for a feature that no row has, with the nearest that one has."""
    from aiopsctl.engine.kept import values
    from aiopsctl.readable import clean

    known = values(log.events, "feature") if wanted else []
    if missing := next((name for name in wanted if name not in known), ""):
        listed = f"features: {', '.join(map(clean, known[:20]))}" if known else "say where it is: --map feature=COLUMN"
        raise NotJudged(f"no rows of feature '{missing}'", help=nearest(missing, known) or listed)


def _asked(common: Common, now: datetime, tz: ZoneInfo, *, fixed: bool) -> "Window":
    """Return the window that is asked for; what begins somewhere, or is told the time, ends now."""
    from aiopsctl.window import Window, moment

    since = moment(common.since, now, tz) if common.since else None
    until = moment(common.until, now, tz) if common.until else now if common.since or fixed else None
    if since and until and since >= until:
        end = common.until or f"now, {now.astimezone(tz):%Y-%m-%d %H:%M}"
        raise UsageError(f"the window is empty: {common.since} is not before {end}")
    return Window(since, until)


def again(common: Common) -> tuple[str, ...]:
    """Return the words of the command line that say what is read and how, for the next command to type."""
    options = (
        ("--feedback", common.feedback), ("--map", common.columns), ("--source", common.source),
        ("--store", None if common.paths else common.store), ("--cost", None if common.cost == "auto" else common.cost),
        ("--config", common.config), ("--tz", common.tz), ("--now", common.now), ("--until", common.until),
    )  # fmt: skip
    given = [(name, value) for name, of in options for value in ([of] if isinstance(of, str) else of or [])]
    flags = (("--isolated", common.isolated), ("--pseudonymize", common.pseudonymize))
    words = (word for pair in given for word in pair)
    return (*(common.paths or ()), *words, *(name for name, is_given in flags if is_given))


def scope(session: Session, common: Common) -> "Scope":
    """Return which rows a look-command measures, and how they are cut."""
    from aiopsctl.measure import Scope
    from aiopsctl.views import oldest_of
    from aiopsctl.where import all_of
    from aiopsctl.window import Window

    reference = None
    by = names(common.by)
    saved = session.saved([common.compare] if common.compare else [])
    told = [each.told(by, all_of(common.where), None, session.tz) for each in saved.values()]
    if common.compare and not told:
        since = session.window.since or oldest_of(session.log)
        if since is None:
            raise NotJudged("--compare needs rows with times", help="map the time: --map ts=COLUMN")
        reference = _reference(common, session, Window(since, session.window.until or session.now))
    name = (common.compare or "previous").removeprefix("baseline:")
    return Scope(
        session.tz, session.window, reference, name, by, common.where, session.config,
        session.config.min_coverage.value, told[0] if told else None,
    )  # fmt: skip


def judging(session: Session, common: Common, asked: "Scope", checks: "Iterable[Check]") -> "Run":
    """Return how checks are judged in a session: alike by `check`, on a dashboard and in a report."""
    from aiopsctl.checks.scopes import Run

    return Run(
        now=session.window.until or session.now, tz=session.tz, where=common.where, within=session.window,
        inputs=again(common), baselines=session.baselines,
        saved=session.saved(check.compare for check in checks if check.compare), mutes=session.config.mutes,
        config=session.config, complete=session.complete, min_coverage=asked.min_coverage,
    )  # fmt: skip


def _reference(common: Common, session: Session, whole: "Window") -> "Window":
    """Return the window that `--compare` names: the one before, a good period of the config, or a range."""
    from aiopsctl.window import lagged, previous, span

    known, compare = dict(session.baselines), common.compare or "previous"
    bare = compare.removeprefix("baseline:")
    relative = known.get(bare, bare)
    if not isinstance(relative, str):
        return relative
    if relative == "previous":
        return previous("month" if whole.is_month(session.tz) else common.since or "", whole, session.tz)
    if relative == "lagged":
        return lagged(whole, session.tz)
    if bare != compare:
        raise UsageError(f"unknown baseline '{bare}'", help=f"baselines of the config: {', '.join(known) or 'none'}")
    return span(compare, session.now, session.tz)


def _explain_input(log: "Log", clock: datetime) -> None:
    """Add to the account's notes what a person should know of the input."""
    from aiopsctl.measure import newest
    from aiopsctl.sources.consistency import MEANINGS

    a = log.account
    if a.rows_rejected:
        share = a.rows_rejected / a.rows_read
        a.note(f"{a.rows_rejected:,} of {a.rows_read:,} rows rejected ({share:.2%}); first: {', '.join(a.examples)}")
    for column, count in a.field_errors.most_common():
        place = a.field_places.get(column)
        a.note(f"{count:,} values of {column} are not readable" + (f"; first: {place}" if place else ""))
    for (rule, source), count in a.contradictions.most_common():
        place = a.contradiction_places[rule, source]
        a.note(f"{count:,} rows of {source} contradict themselves: {MEANINGS[rule]}; first: {place}")
    last = newest(log.events)
    if last is not None and (last - clock).days >= 1:
        a.note(f"the newest row ({last:%Y-%m-%d %H:%M}) lies in the future of this machine's clock")


def too_many_rejects(session: Session, common: Common, *, by_default: bool) -> str:
    """Return why nothing may be judged where more rows were rejected than is allowed, else an empty string.

    By default a check allows 1 %, and up to ten rows of a small log.
    """
    a = session.log.account
    written = _share(common.max_rejected) if common.max_rejected else session.config.max_rejected
    if written is None:
        limit = max(0.01 * a.rows_read, _TOLERATED) if by_default else a.rows_read
    else:
        limit = written.value * a.rows_read
    if a.rows_rejected <= limit:
        return ""
    share = a.rows_rejected / max(a.rows_read, 1)
    what = f"{a.rows_rejected:,} of {a.rows_read:,} rows were rejected ({share:.1%}), more than is allowed"
    help = "--rejects FILE saves where; --max-rejected 10% allows more"
    return str(NotJudged(what, where=a.examples[0] if a.examples else "", help=help))


def _share(text: str) -> "Quantity":
    """Return the share that a text writes; a plain 1 might mean 1 % or all, and is refused."""
    from aiopsctl.config import quantity

    try:
        found = quantity(text)
    except UsageError as error:
        raise UsageError(f"--max-rejected: {error.what}", help="write a share, such as 1%") from None
    if found.unit not in ("%", "") or not 0 <= found.value <= 1 or (not found.unit and found.value == 1):
        raise UsageError(f"--max-rejected {text} is no share", help="write a share, such as 1%")
    return found
