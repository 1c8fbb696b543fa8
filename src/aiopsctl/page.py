"""What a page for people is made of: parts with sentences, tables and pictures, all of it plain data."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Section(Struct, frozen=True):
    """A table of an analysis as values: numbers, text, None; `extra` of the result has the same for machines.

    Columns of numbers stand right, and so do those named by `right`, whose numbers have units. Where there is no room
    for all, those of `spare` go, the last of them first.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    right: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


class Drawing(Struct, frozen=True):
    """A picture as data: the `chart` that draws it, its own name, its title, and what it shows in a sentence."""

    chart: str
    name: str
    title: str
    alt: str
    data: Mapping[str, Any]


class Part(Struct, frozen=True):
    """A part of a report under a heading: sentences, pictures, tables, and parts of its own."""

    title: str
    text: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    sections: tuple[Section, ...] = ()
    parts: tuple["Part", ...] = ()


class Figure(Struct, frozen=True):
    """A number that stands out: what it is, its value, its change, and its verdict, all in words."""

    label: str
    value: str
    change: str = ""
    status: str = ""


class Page(Struct, frozen=True):
    """A whole report: its title, how it was judged, what it rests on, the numbers that stand out, and its parts.

    `status` is a verdict in a word (`breach`), and `lead` says it in a sentence.
    """

    title: str
    status: str = ""
    lead: str = ""
    facts: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    parts: tuple[Part, ...] = ()
