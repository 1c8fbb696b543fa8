"""What an output format declares."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from msgspec import Struct
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.errors import UsageError, nearest
from aiopsctl.result import Result


class Look(Struct, frozen=True):
    """How text meets its reader: columns of the terminal (None: not a terminal, nothing is cut), colour, everything.

    `beside` is the name, without its suffix, of the file that is written, where pictures can lie beside it.
    """

    width: int | None = None
    color: bool = False
    wide: bool = False
    beside: str = ""


class Format(Struct, frozen=True):
    """An output format: its name, the suffixes of files that are written in it, and the function that writes it.

    `human` formats carry the header themselves and may change at any time; the others are one machine-readable document.
    A format `of_check` shows verdicts, and makes sense for no other command. `beside` gives the files that belong beside
    one of a name (without suffix). What is written to files alone (`of_file`) is no format of stdout, and where an answer
    has several of it takes a name, `chart:NAME=FILE`: `named` writes that one. A format with `pictures` shows charts.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Result, Look], str]
    human: bool = False
    of_check: bool = False
    beside: Callable[[Result, str], dict[str, str]] | None = None
    named: Callable[[Result, str], str] | None = None
    of_file: bool = False
    pictures: bool = False


@cache
def written() -> dict[str, Format]:
    """Return every declared format by name, also those of files alone."""
    return {found.name: found for found in catalog.declared("aiopsctl.formats", Format)}


@cache
def formats() -> dict[str, Format]:
    """Return every format that an answer has on stdout, by name."""
    return {name: found for name, found in written().items() if not found.of_file}


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
    name, _, one = name.partition(":")
    if equals and name in written() and one:
        return _one(written()[name], one), path
    if equals and name in written():
        return written()[name], path
    for found in written().values():
        if output.endswith(found.suffixes):
            return found, output
    known = ", ".join(suffix for found in written().values() for suffix in found.suffixes)
    raise UsageError(
        f"-o {output}: the format cannot be told from the name", help=f"write FORMAT=PATH, or end in {known}"
    )


def _one(found: Format, name: str) -> Format:
    """Return a format that writes the one thing of a name."""
    named = found.named
    if named is None:
        raise UsageError(f"-o {found.name}:{name}=: format {found.name} has no parts", help=f"write {found.name}=PATH")
    return replace(found, render=lambda result, _: named(result, name))
