"""What an output format declares."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.result import Result


@dataclass(frozen=True)
class Look:
    """How text meets its reader: columns of the terminal (None: not a terminal, nothing is cut), colour, everything."""

    width: int | None = None
    color: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Format:
    """An output format: its name, the suffixes of files that are written in it, and the function that writes it.

    `human` formats carry the header themselves and may change at any time; the others are one machine-readable document.
    A format `of_check` shows verdicts, and makes sense for no other command.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Result, Look], str]
    human: bool = False
    of_check: bool = False


@cache
def formats() -> dict[str, Format]:
    """Return every declared format by name."""
    return {found.name: found for found in catalog.declared("aiopsctl.formats", Format)}


def format_named(name: str) -> Format:
    """Return a format by its name, or raise `UsageError` with the nearest one; of known names only their module is read."""
    if name.isidentifier() and find_spec(f"aiopsctl.formats.{name}"):
        found = getattr(import_module(f"aiopsctl.formats.{name}"), "FORMAT", None)
        if isinstance(found, Format):
            return found
    if name not in formats():
        known = tuple(formats())
        raise UsageError(f"unknown format '{name}'", help=nearest(name, known) or f"one of: {', '.join(known)}")
    return formats()[name]


def target(output: str) -> tuple[Format, str]:
    """Return format and path of `[FORMAT=]PATH`; without a format the suffix decides, and `-` is the standard output."""
    name, equals, path = output.partition("=")
    if equals and name in formats():
        return formats()[name], path
    for found in formats().values():
        if output.endswith(found.suffixes):
            return found, output
    known = ", ".join(suffix for found in formats().values() for suffix in found.suffixes)
    raise UsageError(
        f"-o {output}: the format cannot be told from the name", help=f"write FORMAT=PATH, or end in {known}"
    )
