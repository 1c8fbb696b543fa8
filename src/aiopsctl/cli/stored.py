"""The store of a command: where it is, when it can answer, and what is said where it cannot."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiopsctl.cli.money import MODES
from aiopsctl.cli.options import Common
from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.config import Config
    from aiopsctl.prices.layers import Mode
    from aiopsctl.sources.log import Log
    from aiopsctl.sources.opening import Reading

MANY, _ROW_BYTES, _LEAST_BYTES = 1_500_000, 200, 16
"""From about so many rows on they are put on disk, where each takes at most so many bytes; in lines it takes more than the
last."""

_FEW = 100
"""So many files are asked how many rows they have, however small they are."""


def folder_of(common: Common, config: "Config") -> Path | None:
    """Return the folder of the store: `--store`, else that of the config where its own sources are read."""
    if common.store:
        return Path(common.store)
    if config.store and config.path and not common.paths:
        return Path(os.path.relpath(config.path.parent / config.store))
    return None


def stored(
    common: Common, config: "Config", paths: Sequence[str], feedback: Sequence[str], how: "Reading"
) -> "Log | None":
    """Return the log that the store holds once it has read what is new; None where the logs themselves are to be read.

    A store holds no text, and not where rows were rejected: what asks for those reads the logs. Without a store, logs
    that are larger than memory should hold are put on disk once.
    """
    folder = folder_of(common, config)
    if folder is None:
        return _aside(common, [*paths, *feedback], config, how)
    from aiopsctl.cli.money import book
    from aiopsctl.store.disk import StoreError
    from aiopsctl.store.store import Store

    why = unfit(common, paths)
    if not why:
        try:
            return Store(folder).read(paths, feedback, how, book(config))
        except StoreError as error:
            if not paths:
                raise
            why = error.what
    elif not paths:
        raise UsageError(why, help="name the logs")
    if common.quiet == 0:
        from aiopsctl.cli.run import say, told

        say(f"note: read without the store: {told(UsageError(why)).removeprefix('error: ')}")
    return None


def _aside(common: Common, paths: Sequence[str], config: "Config", how: "Reading") -> "Log | None":
    """Return the log of many rows with them on disk, in a folder that is gone when the process ends."""
    from aiopsctl.sources.files import expand, rows_about, size_of

    if common.with_text or "-" in paths or common.cost not in MODES:
        return None
    inputs = expand(paths)
    if len(inputs) > _FEW and sum(size_of(each.path) for each in inputs) < MANY * _LEAST_BYTES:
        return None
    rows = sum(map(rows_about, inputs))
    if rows < MANY or shutil.disk_usage(tempfile.gettempdir()).free < rows * _ROW_BYTES:
        return None
    from polars.exceptions import PolarsError

    from aiopsctl.cli.money import book
    from aiopsctl.cli.run import say
    from aiopsctl.store.aside import Aside

    folder = Path(tempfile.mkdtemp(prefix="aiopsctl-"))
    atexit.register(shutil.rmtree, folder, True)
    try:
        return Aside(folder, book(config), cast("Mode", common.cost)).read(paths, how)
    except (OSError, PolarsError):  # what is wrong with the logs is told as such, and by reading them into memory too
        shutil.rmtree(folder, True)
        if common.quiet == 0:
            say(f"note: read into memory: {tempfile.gettempdir()} cannot hold the rows")
        return None


def unfit(common: Common, paths: Sequence[str]) -> str:
    """Return what is asked for that no store can answer."""
    asked = (
        (common.with_text, "--with-text reads the logs: a store keeps no text"),
        (common.rejects, "--rejects reads the logs: a store keeps only how many rows were rejected"),
        (common.cost != "auto", f"--cost {common.cost} reads the logs: a store keeps the costs of auto"),
        ("-" in paths, "standard input cannot be read again"),
    )
    return next((why for given, why in asked if given), "")
