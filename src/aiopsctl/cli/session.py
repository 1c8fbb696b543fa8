"""From the options of a command to a log, a clock, a zone and a scope."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aiopsctl.cli.options import Common
from aiopsctl.errors import NotJudged, UsageError

if TYPE_CHECKING:
    from aiopsctl.config import Config
    from aiopsctl.measure import Scope
    from aiopsctl.sources.log import Log
    from aiopsctl.window import Window

_TOLERATED = 10


@dataclass(frozen=True)
class Session:
    """What a command works on."""

    log: "Log"
    config: "Config"
    config_file: str
    now: datetime
    tz: ZoneInfo
    window: "Window"
    paths: tuple[str, ...]


def open_session(common: Common) -> Session:
    """Return the session that the options describe: config found, logs read, clock and window set."""
    from aiopsctl import window
    from aiopsctl.sources.read import Reading, read
    from aiopsctl.views import now_of

    config, config_file = configuration(common)
    tz = window.zone(common.tz or config.timezone)
    paths, from_config = _paths(common, config)
    columns = [*(f"{name}={raw}" for name, raw in config.columns.items()), *(common.columns or [])]
    how = Reading(
        tz=tz.key, source=common.source, columns=columns, rejects=common.rejects, with_text=common.with_text
    )
    log = read(paths, common.feedback or [], how)
    clock = datetime.now(UTC)
    wanted = common.now or ("now" if from_config else "data")
    now = now_of(log, clock) if wanted == "data" else window.moment(wanted, clock, tz)
    asked = window.Window(
        window.moment(common.since, now, tz) if common.since else None,
        window.moment(common.until, now, tz) if common.until else None,
    )
    if asked.since and asked.until and asked.since >= asked.until:
        raise UsageError(f"the window is empty: {common.since} is not before {common.until}")
    _explain_input(log, clock)
    return Session(log, config, config_file, now, tz, asked, tuple(common.paths or ()))


def configuration(common: Common) -> "tuple[Config, str]":
    """Return the config that holds, and its name: `--config`, else the nearest `aiopsctl.yaml`, else none."""
    from aiopsctl import catalog
    from aiopsctl.config import Config, find, load
    from aiopsctl.events import CALENDAR, COLUMNS

    if common.isolated:
        return Config(), ""
    path = Path(common.config) if common.config else find(Path.cwd())
    if path is None:
        return Config(), ""
    if not path.is_file():
        raise UsageError(f"no such config: {path}", help="aiopsctl.yaml is found upwards from here, or give --config")
    units = {name: metric.unit for name, metric in catalog.metrics().items()}
    config = load(path, metrics=units, columns=(*COLUMNS, *CALENDAR), checks=tuple(units))
    return config, os.path.relpath(path) if path.is_absolute() else str(path)


def _paths(common: Common, config: "Config") -> tuple[list[str], bool]:
    """Return the paths to read, and whether they come from the config."""
    if common.paths:
        return list(common.paths), False
    folder = config.path.parent if config.path else Path()
    groups = [getattr(config.sources, name) for name in config.sources.__struct_fields__]
    found = [str(folder / source.path) for group in groups for source in group]
    if not found:
        raise UsageError("no logs to read", help="name files or folders, for example: aiopsctl summary logs/")
    return found, True


def scope(session: Session, common: Common) -> "Scope":
    """Return which rows a look-command measures, and how they are cut."""
    from aiopsctl.measure import Scope
    from aiopsctl.window import Window, previous, span

    by = tuple(name.strip() for part in common.by or [] for name in part.split(",") if name.strip())
    window = session.window
    reference = None
    if common.compare == "previous":
        whole = Window(window.since or _oldest(session), window.until or session.now)
        reference = previous(_name(common, whole, session.tz), whole, session.tz)
    elif common.compare:
        reference = _baseline(common.compare, session) or span(common.compare, session.now, session.tz)
    return Scope(session.tz, window, reference, common.compare or "previous", by, common.where)


def _name(common: Common, whole: "Window", tz: ZoneInfo) -> str:
    return "month" if whole.is_month(tz) else common.since or "span"


def _oldest(session: Session) -> datetime:
    oldest = session.log.events["ts"].min() if "ts" in session.log.events.columns else None
    if not isinstance(oldest, datetime):
        raise UsageError("--compare needs rows with times", help="map the time: --map ts=COLUMN")
    return oldest


def _baseline(name: str, session: Session) -> "Window | None":
    known = dict(baselines(session))
    bare = name.removeprefix("baseline:")
    if bare != name and bare not in known:
        raise UsageError(f"unknown baseline '{bare}'", help=f"baselines of the config: {', '.join(known) or 'none'}")
    return known.get(bare)


def baselines(session: Session) -> "tuple[tuple[str, Window], ...]":
    """Return the named good periods of the config as windows of the session's zone."""
    from aiopsctl.window import Window, moment

    def at(day: object) -> datetime | None:
        return moment(str(day), session.now, session.tz) if day else None

    return tuple((name, Window(at(b.since), at(b.until))) for name, b in session.config.baselines.items() if b.since)


def _explain_input(log: "Log", clock: datetime) -> None:
    """Add to the account's notes what a person should know of the input."""
    from aiopsctl.measure import newest

    a = log.account
    if a.rows_rejected:
        share = a.rows_rejected / a.rows_read
        a.notes.append(f"{a.rows_rejected:,} of {a.rows_read:,} rows rejected ({share:.2%}); first: {', '.join(a.examples)}")
    for column, count in a.field_errors.most_common():
        place = a.field_places.get(column)
        a.notes.append(f"{count:,} values of {column} are not readable" + (f"; first: {place}" if place else ""))
    last = newest(log.events)
    if last is not None and (last - clock).days >= 1:
        a.notes.append(f"the newest row ({last:%Y-%m-%d %H:%M}) lies in the future of this machine's clock")


def require_few_rejects(session: Session, common: Common, *, by_default: bool) -> None:
    """Raise `NotJudged` where more rows were rejected than is allowed.

    By default a check allows 1 %, and up to ten rows of a small log.
    """
    from aiopsctl.config import quantity

    a = session.log.account
    written = quantity(common.max_rejected) if common.max_rejected else session.config.max_rejected
    if written is None:
        limit = max(0.01 * a.rows_read, _TOLERATED) if by_default else a.rows_read
    else:
        limit = written.value * a.rows_read
    if a.rows_rejected > limit:
        share = a.rows_rejected / max(a.rows_read, 1)
        raise NotJudged(
            f"{a.rows_rejected:,} of {a.rows_read:,} rows were rejected ({share:.1%}), more than is allowed",
            where=a.examples[0] if a.examples else "",
            help="--rejects FILE saves them; --max-rejected 10% allows more",
        )
