"""The config of a run: where it is found, and what it says of logs and of good periods."""

import glob
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aiopsctl.cli.options import Common
from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.config import Config
    from aiopsctl.window import Window


def configuration(common: Common, *, saving: bool = False) -> "tuple[Config, str]":
    """Return the config that holds, and its name: `--config`, else the nearest `aiopsctl.yaml`, else none.

    While a baseline is being saved, the config may name some that are not saved yet.
    """
    from aiopsctl import catalog
    from aiopsctl.cli.baselines import folder, saved_names
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
    saved = None if saving else saved_names(folder(path))
    known = (*COLUMNS, *CALENDAR)
    config = load(path, metrics=units, columns=known, checks=tuple(units), condition=_fault, baselines=saved)
    return config, os.path.relpath(path) if path.is_absolute() else str(path)


def _fault(where: str) -> tuple[str, str] | None:
    """Return what is wrong with a condition of the config, and what would be right."""
    from aiopsctl.where import predicate

    try:
        predicate(where)
    except UsageError as error:
        return error.what.removeprefix("--where: ").replace(f'--where "{where}"', "the text"), error.help
    return None


def sources(config: "Config") -> dict[str, str | None]:
    """Return the paths that the config names, each with the format that it says."""
    folder = os.path.relpath(config.path.parent) if config.path else "."
    groups = [getattr(config.sources, name) for name in config.sources.__struct_fields__]
    return {_beside(folder, source.path): source.format for group in groups for source in group}


def pseudonym_key(config: "Config") -> bytes:
    """Return the key of the pseudonyms, from the environment alone; raise `UsageError` where there is none."""
    name = config.pseudonym_key_env
    key = os.environ.get(name, "").strip()
    if not key:
        how = f"export {name}=\"$(python3 -c 'import secrets; print(secrets.token_hex(32))')\", and keep it"
        raise UsageError(f"--pseudonymize needs a key in the environment variable {name}", help=how)
    return os.fsencode(key)


def _beside(folder: str, path: str) -> str:
    """Return a path of the config; only what the config itself writes is a glob."""
    return os.path.normpath(os.path.join(glob.escape(folder) if glob.has_magic(path) else folder, path))


def baselines(config: "Config", now: datetime, tz: ZoneInfo) -> "tuple[tuple[str, Window | str], ...]":
    """Return the named good periods of the config as windows of a zone, or as the word for one."""
    from aiopsctl.window import Window, moment

    def at(day: object) -> datetime | None:
        return moment(str(day), now, tz) if day else None

    return tuple((n, b.relative or Window(at(b.since), at(b.until))) for n, b in config.baselines.items())
