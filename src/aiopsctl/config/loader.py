"""`find` the config file and `load` it; what reads YAML is imported where there is a file."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiopsctl.config.types import Config, Place, Settings
from aiopsctl.errors import ConfigError

if TYPE_CHECKING:
    from aiopsctl.config.view import Known
    from aiopsctl.config.walk import Reading

NAME = "aiopsctl.yaml"


def find(start: Path) -> Path | None:
    """Return the nearest config upwards from the folder `start`, not above the root of its repository."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if (folder / ".git").exists():
            return None
    return None


def load(
    path: Path | str,
    *,
    metrics: Mapping[str, str] | None = None,
    columns: Collection[str] | None = None,
    checks: Collection[str] | None = None,
    condition: Callable[[str], tuple[str, str] | None] | None = None,
    baselines: Collection[str] | None = (),
) -> Config:
    """Return the config at `path`, or raise `ConfigError` with every problem in it.

    `metrics` (name -> unit), `columns`, `checks` (those of the preset) and `baselines` (those that are saved) are what
    names in the file may refer to; names of a kind that is None are not looked at. `condition` says what is wrong with
    a SQL condition and what would be right, or None.
    """
    from aiopsctl.config.document import RefusedError, lines_of, read_bytes
    from aiopsctl.config.problem import render
    from aiopsctl.config.view import Known

    path = Path(path)
    name = _shown(path)
    data = b""
    try:
        data = read_bytes(path)
        return _config(path, data, Known(metrics, columns, checks, condition, baselines))
    except OSError as error:
        raise ConfigError(f"error: cannot read the config: {error.strerror}\n  --> {name}") from None
    except RefusedError as refused:
        lines = lines_of(data.decode(errors="replace").removeprefix("\ufeff"))
        raise ConfigError(render([refused.problem], name, lines)) from None


def _config(path: Path, data: bytes, known: "Known") -> Config:
    from msgspec.structs import asdict

    from aiopsctl.config.document import compose, decode, lines_of
    from aiopsctl.config.meaning import look
    from aiopsctl.config.problem import TooManyProblems, render
    from aiopsctl.config.walk import Reading, read

    text = decode(data)
    root, reading, more = compose(text), Reading(), False
    try:
        settings = cast("Settings", read(root, Settings, (), reading))
        look(settings, reading, known)
    except TooManyProblems:
        more = True
    if reading.problems.found:
        raise ConfigError(render(reading.problems.found, _shown(path), lines_of(text), more=more))
    return Config(**asdict(settings) | _by_month(settings, path), path=path, places=_places(reading))


def _by_month(settings: Settings, path: Path) -> dict[str, dict[str, object]]:
    """Return what is known by month: the table's values under those of the config."""
    if settings.monthly is None:
        return {}
    from aiopsctl.config.monthly import monthly

    table = path.parent / settings.monthly
    return {key: values | getattr(settings, key) for key, values in monthly(table, _shown(table)).items()}


def _places(reading: "Reading") -> dict[tuple[str | int, ...], Place]:
    return {path: Place(span.line, span.column) for path, span in {**reading.values, **reading.keys}.items()}


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
