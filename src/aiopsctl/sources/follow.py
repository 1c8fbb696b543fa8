"""Reads logs again and again: of plain JSONL only what was appended since the last look, all else whole.

A file that shrank, was replaced or written over, is compressed, or whose rows depend on others is read again whole, and
with it every file: what a look gives is what a first reading would give.
"""

import os
from collections.abc import Sequence
from copy import deepcopy

import polars as pl
from msgspec import Struct, field
from msgspec.structs import replace

from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.inflate import Inflated
from aiopsctl.sources.log import Account, Log
from aiopsctl.sources.opening import Opened, Reading, open_all
from aiopsctl.sources.part import Part
from aiopsctl.sources.read import Run, finished, read
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.source import LINE

_BLOCK = 1 << 16
_GUARD = 64
"""So many bytes before the end are looked at again, to tell a file that grew from one that was written anew."""


class _Kept(Struct):
    """A file as it was read last: what it was, and of a plain JSONL file how far its whole lines were read."""

    state: tuple[int, int, int, int]
    opened: Opened | None = None
    stop: int = 0
    line: int = 1
    guard: bytes = b""

    @property
    def size(self) -> int:
        """How many bytes it had."""
        return self.state[2]


class _State(Struct):
    """What was read so far: the events of whole lines, the run that knows what was lost, and each file."""

    asked: object
    run: Run
    opened: list[Opened]
    events: pl.DataFrame
    kept: dict[str, _Kept] = field(default_factory=dict)


class Follower:
    """Reads as `read` does, and remembers what it read; `whole` and `appended` count the readings of either kind."""

    def __init__(self) -> None:
        self._state: _State | None = None
        self.whole = self.appended = 0

    def read(self, paths: Sequence[str], feedback: Sequence[str] = (), how: Reading = Reading()) -> Log:  # noqa: B008 - frozen
        """Return the events of all files as they are now, joined and without duplicates."""
        state, self._state = self._state, None
        if how.rejects or "-" in paths:
            return read(paths, feedback, how)
        inputs = files.expand([*paths, *feedback])
        asked = (list(paths), list(feedback), how)
        grown = _grown(state, inputs) if state and state.asked == asked else None
        if state is None or grown is None:
            state = _begun(inputs, asked, how)
            self.whole += 1
        elif grown:
            _extend(state, grown)
            self.appended += 1
        self._state = state
        return _with_tails(state)


def _begun(inputs: list[Input], asked: object, how: Reading) -> _State:
    """Return the state after a first reading, of each plain JSONL file up to its last whole line."""
    account = Account()
    kept = {each.path: _Kept(_of(each.path)) for each in inputs}
    run = Run(how, account, RejectsFile(None, with_text=False), inputs)
    opened = open_all(inputs, how, account)
    for one in opened:
        if _can_grow(one):
            file = kept[one.each.path]
            file.opened, file.stop = one, _last_line(one.each.path, file.size)
    parts = [_part(one, kept[one.each.path]) for one in opened]
    state = _State(asked, run, opened, run.events_of(parts), kept)
    for part in parts:
        _remember(state, part)
    return state


def _of(path: str) -> tuple[int, int, int, int]:
    """Return what tells that a file is the same, and unchanged."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _can_grow(one: Opened) -> bool:
    """Return whether a file is one of lines that can be read apart from each other, as they were written."""
    apart = not one.source.carries and not one.source.together
    if one.head.container != "jsonl" or not apart:
        return False
    with files.open_bytes(one.each) as stream:
        return not isinstance(stream, Inflated)


def _last_line(path: str, size: int) -> int:
    """Return where the last whole line of a file ends."""
    with open(path, "rb") as file:
        while size:
            begin = max(size - _BLOCK, 0)
            file.seek(begin)
            found = file.read(size - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            size = begin
    return 0


def _part(one: Opened, file: _Kept) -> Opened:
    """Return a file cut off behind its last whole line, where it is one that can grow."""
    return one if file.opened is None else _cut(one, Part(0, file.stop))


def _cut(one: Opened, part: Part) -> Opened:
    return replace(one, each=replace(one.each, part=part))


def _remember(state: _State, read_part: Opened) -> None:
    """Keep how far a file was read."""
    part, file = read_part.each.part, state.kept[read_part.each.path]
    if part is not None:
        file.stop, file.line = part.stop, part.first + part.lines
        file.guard = _before(read_part.each.path, part.stop)


def _before(path: str, stop: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(stop - _GUARD, 0))
        return file.read(min(stop, _GUARD))


def _grown(state: _State, inputs: list[Input]) -> dict[str, tuple[int, int, int, int]] | None:
    """Return the files that only grew, as they are now; None where any has changed otherwise, came or went."""
    if [each.path for each in inputs] != list(state.kept):
        return None
    now = {path: _of(path) for path in state.kept}
    changed = {path: found for path, found in now.items() if found != state.kept[path].state}
    return changed if all(_only_grew(state.kept[path], found, path) for path, found in changed.items()) else None


def _only_grew(file: _Kept, now: tuple[int, int, int, int], path: str) -> bool:
    is_same = file.opened is not None and file.state[:2] == now[:2] and now[2] > file.size
    return is_same and _before(path, file.stop) == file.guard


def _extend(state: _State, grown: dict[str, tuple[int, int, int, int]]) -> None:
    """Read what was appended, up to the last whole line of each file."""
    parts = []
    for path, now in grown.items():
        file = state.kept[path]
        file.state = now
        stop = max(_last_line(path, file.size), file.stop)
        if file.opened is not None and stop > file.stop:
            parts.append(_cut(file.opened, Part(file.stop, stop, file.line)))
    if parts:
        state.events = _more(state.events, state.run.events_of(parts))
    for part in parts:
        _remember(state, part)


def _with_tails(state: _State) -> Log:
    """Return the log of this look: with the last lines that lack their newline, which are read anew each time."""
    run, events = deepcopy(state.run), state.events
    tails = [
        _cut(file.opened, Part(file.stop, file.size, file.line))
        for file in state.kept.values()
        if file.opened is not None and file.size > file.stop
    ]
    if tails:
        events = _more(events, run.events_of(tails))
    return finished(run, state.opened, _in_order(events))


def _more(events: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return events with those that were found; columns that no row fills stay left out."""
    filled = [frame for frame in (events, found) if frame.height]
    return pl.concat(filled, how="diagonal") if filled else events


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Return events in the order of their files and lines, as a first reading gives them."""
    return events.sort(LINE, maintain_order=True) if LINE in events.columns else events
