"""Where saved baselines lie: `.aiopsctl/baselines/NAME.json` beside the config, else in the current folder."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.checks.baselines import Saved
    from aiopsctl.checks.check import Check
    from aiopsctl.checks.scopes import Run
    from aiopsctl.cli.options import Common
    from aiopsctl.cli.session import Session

_FOLDER = Path(".aiopsctl") / "baselines"


def folder(config: Path | None) -> Path:
    """Return where the baselines of a config lie, seen from the current folder; None is no config."""
    return Path(os.path.relpath(config.parent)) / _FOLDER if config else _FOLDER


def saved_names(where: Path) -> tuple[str, ...]:
    """Return the names of the baselines in a folder, which need not exist."""
    from aiopsctl.checks.baselines import is_name

    try:
        return tuple(sorted(p.stem for p in where.iterdir() if p.suffix == ".json" and is_name(p.stem) and p.is_file()))
    except OSError:
        return ()


def among(compared: Iterable[str], windows: Iterable[str], where: Path) -> "dict[str, Saved]":
    """Return the saved baselines that are named, by name; what is a window of the config is none.

    Raises `UsageError` for `baseline:NAME` where there is neither, and for a file that cannot be read.
    """
    periods = tuple(windows)
    names = saved_names(where)
    found = {}
    for text in dict.fromkeys(compared):
        name = text.removeprefix("baseline:")
        if name in (*periods, "previous"):
            continue
        if name in names:
            found[name] = _load(where / f"{name}.json", name)
        elif name != text:
            saved = f"; saved: {', '.join(names)}" if names else ""
            help = f"baselines of the config: {', '.join(periods) or 'none'}{saved}"
            raise UsageError(f"unknown baseline '{name}'", help=help)
    return found


def _load(path: Path, name: str) -> "Saved":
    import msgspec

    from aiopsctl.checks.baselines import Saved

    help = f"save it again: aiopsctl check --save-baseline {name} --force"
    try:
        return msgspec.structs.replace(msgspec.json.decode(path.read_bytes(), type=Saved), name=name)
    except OSError as error:
        raise UsageError(f"cannot read the baseline '{name}': {error.strerror}", where=str(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the baseline '{name}' is damaged: {error}", where=str(path), help=help) from None


def save(session: "Session", common: "Common", name: str, checks: "list[Check]", how: "Run", *, force: bool) -> int:
    """Save what the checks measure as a baseline, show it, and return the exit code."""
    from aiopsctl.checks.taking import take
    from aiopsctl.cli.run import emit
    from aiopsctl.cli.session import too_many_rejects
    from aiopsctl.views import refused

    path = _free(session, name, force=force)
    saved, result = take(name, checks, session.log, how, session.clock)
    if why := too_many_rejects(session, common, by_default=True):
        result = refused(result, why)
    if not result.exit_code:
        _write(path, saved)
        extra = {"baseline": {**result.extra["baseline"], "file": str(path)}}
        result = replace(result, extra=extra, notes=[*result.notes, f"saved as {path}"])
    return emit(result, common)


def _free(session: "Session", name: str, *, force: bool) -> Path:
    """Return the file of a baseline to save; raise `UsageError` where it exists, or its name is taken by the config."""
    if name in dict(session.baselines):
        what = f"the config has a baseline '{name}', which goes before a saved one"
        raise UsageError(what, where=session.config_file, help="choose another name")
    path = folder(session.config.path) / f"{name}.json"
    if path.exists() and not force:
        raise UsageError(f"the baseline '{name}' exists", where=str(path), help="--force saves it anew")
    return path


def _write(path: Path, saved: "Saved") -> None:
    from msgspec import to_builtins

    from aiopsctl.cli.files import write

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {path.parent}: {error.strerror}") from None
    write(path, json.dumps(to_builtins(saved), indent=2) + "\n")
