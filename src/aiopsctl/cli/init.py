"""`init`: write a first config from what the logs hold, its schema for editors, and the job that checks it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl import __version__
from aiopsctl.cli import complete
from aiopsctl.cli.group import Command
from aiopsctl.errors import NotJudged, UsageError

if TYPE_CHECKING:
    from aiopsctl.analyses.found import Found
    from aiopsctl.cli.session import Session

CONFIG = "aiopsctl.yaml"
SCHEMA = ".aiopsctl/config.schema.json"
_NOW_DATA = "--now data"

HELP = "Write a first config from what logs hold."


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init", cls=Command, rich_help_panel="Start", short_help=HELP)(init)


def init(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATHS]...", help="Logs: files, folders or globs.", show_default=False),
    ] = None,
    *,
    feedback: Annotated[
        list[str] | None, typer.Option("--feedback", metavar="PATH", help="Feedback logs; repeatable.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="CANONICAL=COLUMN", help="Where a column is found; repeatable."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Read as this log format.", autocompletion=complete.sources),
    ] = None,
    tz: Annotated[
        str, typer.Option("--tz", metavar="ZONE", help="Zone of days and months; else the machine's.")
    ] = "local",
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="DAYS", help="So many complete days at the end are the first baseline.")
    ] = "28d",
    ci: Annotated[
        str | None,
        typer.Option(
            "--ci",
            metavar="github|gitlab|cron",
            help="Also write the job; of cron, print it.",
            autocompletion=complete.words("github", "gitlab", "cron"),
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the config, and write nothing.")] = False,
    debug: Annotated[  # noqa: ARG001 - read where bugs are caught
        bool, typer.Option("--debug", help="Show the traceback of a bug.")
    ] = False,
) -> int:
    """Write aiopsctl.yaml from what logs hold, and the schema by which editors explain it.

    Features with a guessed class, tiers, the handbook's limits that the logs can answer, and a first baseline.
    Without PATHS: a template.
    """
    from aiopsctl import window
    from aiopsctl.analyses.jobs import FILES, KINDS, job
    from aiopsctl.analyses.starter import Asked, starter
    from aiopsctl.cli.run import one_of
    from aiopsctl.words import schema

    if ci is not None:
        one_of("--ci", ci, KINDS)
    days, zone = _days(baseline), window.zone(tz).key
    zone = "UTC" if zone == "Etc/UTC" else zone
    if not paths and (feedback or columns or source):
        raise UsageError("no logs to read", help="name files or folders, for example: aiopsctl init logs/")
    log, options = _read(paths, feedback, columns, source, zone, days) if paths else (None, "")
    mapped = dict(pair.split("=", 1) for pair in _writable(columns))
    asked = Asked(zone, _held(paths), _held(feedback), source, mapped)
    texts = {SCHEMA: schema("config") + "\n", CONFIG: starter(asked, log)}
    if ci is not None and ci in FILES:
        texts = {FILES[ci]: job(ci, __version__, options), **texts}
    return _finish(texts, log, ci, options, dry_run=dry_run, force=force)


def _days(text: str) -> int:
    number = text.removesuffix("d")
    if text == number or not number.isdecimal() or not number.isascii() or not 1 <= int(number[:6]) <= 9999:
        raise UsageError(f"--baseline {text} is no number of days", help="write it as 28d")
    return int(number)


def _read(
    paths: list[str], feedback: list[str] | None, columns: list[str] | None, source: str | None, tz: str, days: int
) -> "tuple[Found, str]":
    """Return what the logs hold, and the option that `check` needs where they ended before today."""
    from aiopsctl.analyses.found import found
    from aiopsctl.cli.files import protect
    from aiopsctl.cli.options import Common
    from aiopsctl.cli.session import open_session

    if "-" in [*paths, *(feedback or [])]:
        raise UsageError("standard input cannot be a source of a config", help="name files or folders")
    protect([*paths, *(feedback or [])], [CONFIG, SCHEMA])
    session = open_session(Common(paths=paths, feedback=feedback, columns=columns, source=source, tz=tz, isolated=True))
    _say_notes(session)
    if not session.log.events.height:
        raise NotJudged("nothing in these logs to write a config from", help="see why: aiopsctl doctor PATHS")
    return found(session.log, session.tz, days, session.now), _NOW_DATA if _is_stale(session) else ""


def _is_stale(session: "Session") -> bool:
    from aiopsctl.cli.session import _clock

    return (_clock() - session.now).days >= 1


def _say_notes(session: "Session") -> None:
    from aiopsctl.cli.run import say
    from aiopsctl.readable import clean

    for note in session.log.account.notes:
        say(f"note: {clean(note, 2000)}")


def _held(paths: list[str] | None) -> tuple[str, ...]:
    """Return paths as the config beside which they lie writes them."""
    here, held = os.getcwd(), []
    for path in _writable(paths):
        inside = os.path.isabs(path) and os.path.commonpath([here, path]) == here
        held.append(os.path.relpath(path) if inside else path)
    return tuple(held)


def _writable(words: list[str] | None) -> list[str]:
    """Return words of the command line, or raise `UsageError` for one that a config cannot hold."""
    from aiopsctl.config.problem import is_harmless
    from aiopsctl.sources.files import printable

    for word in words or []:
        if not all(map(is_harmless, word)):
            raise UsageError(f"a config cannot hold {printable(word)}", help="name a folder or a glob that it is in")
    return words or []


def _finish(
    texts: dict[str, str], log: "Found | None", ci: str | None, options: str, *, dry_run: bool, force: bool
) -> int:
    """Write the files, or print the config; say what was done and the one command that follows."""
    from aiopsctl.cli.run import put, say

    cron = _cron(options) if ci == "cron" else ""
    if dry_run:
        put(texts[CONFIG], machine=True)
        say(f"would write {', '.join(reversed(texts))}{'; crontab: ' + cron if cron else ''}")
        return 0
    _write(texts, force=force)
    if len(texts) > 2 and not os.path.lexists(".git"):
        say(f"note: {ci} looks for its file at the root of the repository, which this folder is not")
    told = [f"wrote {CONFIG}{_contents(log)}", *(f"wrote {path}" for path in reversed(texts) if path != CONFIG)]
    told.append(f"next: aiopsctl check {options}".rstrip() if log else "next: aiopsctl init LOGS --force")
    if cron:
        put(f"{cron}\n", machine=True)
        say("\n".join(told))
    else:
        put("\n".join([*told, ""]), machine=False)
    return 0


def _contents(log: "Found | None") -> str:
    from aiopsctl.analyses.starter import held
    from aiopsctl.readable import plural

    if log is None:
        return ", a template"
    parts = [plural(len(held(f.name for f in log.features)), "feature"), plural(len(held(log.tiers)), "tier")]
    active = sum(not lack for lack in log.lacks.values())
    parts.append(f"{active} of {plural(len(log.lacks), 'check')} active")
    parts.append(
        f"baseline {log.baseline.since}..{log.baseline.until}" if log.baseline else "no complete day for a baseline"
    )
    return f": {', '.join(parts)}"


def _cron(options: str) -> str:
    import shlex
    import shutil
    import sys

    from aiopsctl.analyses.jobs import cron_line

    found = shutil.which("aiopsctl")
    program = shlex.quote(os.path.abspath(found)) if found else f"{shlex.quote(sys.executable)} -m aiopsctl"
    return cron_line(os.getcwd(), program, options)


def _write(texts: dict[str, str], *, force: bool) -> None:
    """Write all files, the config last; look at all of them before the first is written."""
    from aiopsctl.cli.files import write

    for path, text in texts.items():
        _require_room(path, text, force=force)
    for path, text in texts.items():
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        write(Path(path), text)


def _require_room(path: str, text: str, *, force: bool) -> None:
    """Raise `UsageError` where a file may not, or cannot, be written; a schema that is the same already is in no way."""
    folder = next(each for each in Path(path).absolute().parents if os.path.lexists(each))
    if not folder.is_dir() or os.path.isdir(path):
        raise UsageError(f"cannot write {path}: {folder if not folder.is_dir() else path} is in the way")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: permission denied")
    if not force and os.path.lexists(path) and not (path == SCHEMA and _says(path, text)):
        raise UsageError(f"{path} exists already", help="--force writes over it; --dry-run shows what would be written")


def _says(path: str, text: str) -> bool:
    try:
        return Path(path).read_bytes() == text.encode()
    except OSError:
        return False
