"""How logs are to be read, and by which format each file is."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from aiopsctl.errors import AiopsctlError
from aiopsctl.sources import detect, mapping
from aiopsctl.sources.files import Input
from aiopsctl.sources.log import Account
from aiopsctl.sources.mapping import Mapped, Path
from aiopsctl.sources.source import Head, Source

_NONE: Mapping[str, str] = MappingProxyType({})


class Reading(Struct, frozen=True):
    """How to read: the zone of zone-less times, formats that are forced, a column map, and where rejects are saved.

    Calls without a language have that of their prompt with `detect_languages`, and events a sample of their text with
    `keep_text`; user ids are replaced by pseudonyms where there is a key for them.
    `formats` forces the format of what is behind a path, as the path was written; `source` that of all else.
    """

    tz: str = "UTC"
    source: str | None = None
    columns: Sequence[str] = ()
    rejects: str | None = None
    with_text: bool = False
    detect_languages: bool = False
    keep_text: bool = False
    formats: Mapping[str, str] = field(default_factory=dict)
    pseudonym_key: bytes | None = None

    def __repr__(self) -> str:
        """Return what it is without the key, which nothing may print."""
        return f"Reading({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return the same for Rich."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name != "pseudonym_key"]


class Opened(Struct, frozen=True):
    """A file with its number in the run, its format, and what is known of it."""

    each: Input
    number: int
    head: Head
    source: Source


def open_all(
    inputs: Sequence[Input], how: Reading, account: Account, *, found: Mapping[str, str] = _NONE
) -> list[Opened]:
    """Return the files that hold something, each with its format; files of one format and map share one `Source`.

    `found` are mapped columns, with what they are in a log, that other files have.
    Raises `UsageError` for a named file whose format cannot be told, and for a mapped column that is in no file.
    """
    formats = _Formats(how)
    opened = []
    for number, each in enumerate(inputs):
        try:
            head = detect.head_of(each)
            source = formats.of(each, head) if head else None
        except AiopsctlError as error:
            if each.named:
                raise
            account.note(f"skipped: {error.what}")
            continue
        account.files += 1
        if head and source:
            account.sources[source.name] += 1
            opened.append(Opened(each, number, replace(head, records=()), source))
        else:
            account.empty = account.empty or each.shown
    if opened:
        missing = [mapped for mapped in formats.mapped if found.get(mapped.column) != mapped.raw]
        mapping.require_found(missing, formats.found, sorted(formats.names))
        account.mapped = {mapped.column: mapped.raw for mapped in formats.found}
    return opened


class _Formats:
    """Tells the format of each file, and keeps which columns of the map were found."""

    def __init__(self, how: Reading) -> None:
        self.how, self.mapped = how, mapping.parse(how.columns)
        self.names: set[str] = set()
        self.found: dict[Mapped, None] = {}
        self._known: dict[tuple[str, bool, tuple[tuple[Mapped, Path], ...]], Source] = {}

    def of(self, each: Input, head: Head) -> Source:
        """Return the format of a file, with the mapped columns that it has."""
        there = mapping.paths(head) if self.mapped else {}
        found = {mapped: mapping.path_of(mapped.raw, head, there) for mapped in self.mapped}
        steps = {mapped: path for mapped, path in found.items() if path}
        forced = self.how.formats.get(each.asked, self.how.source)
        source = detect.source_named(forced) if forced else self._told(each, head, steps)
        untimed = source.name == "native" and "ts" not in head.names
        self.names.update(there)
        self.found.update(dict.fromkeys(steps))
        key = (source.name, untimed, tuple(steps.items()))
        if key not in self._known:
            self._known[key] = mapping.apply(replace(source, timed=False) if untimed else source, steps)
        return self._known[key]

    def _told(self, each: Input, head: Head, steps: Mapping[Mapped, Path]) -> Source:
        """Return the format that claims a file; one that only a column map makes readable counts as native."""
        source = detect.claimed(head)
        if source is None and not steps:
            mapping.require_found(self.mapped, (), sorted(mapping.paths(head)))
            raise detect.unclaimed(each, head)
        return source or detect.source_named("native")
