"""Reads what is new of the sources into a store: each file by itself, and of one that grew only what was appended."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import polars as pl
from msgspec import Struct, field
from msgspec.structs import replace

from aiopsctl.sources.files import GoneError
from aiopsctl.sources.log import Account
from aiopsctl.sources.opening import Opened, Reading
from aiopsctl.sources.part import Part
from aiopsctl.sources.read import Run
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.spans import Spans
from aiopsctl.store.disk import write_frame
from aiopsctl.store.identity import is_compressed, prints, stat_of
from aiopsctl.store.manifest import Manifest, Unit
from aiopsctl.store.rows import Spool, placed, read_rows
from aiopsctl.store.told import account_of, kept, together

_BLOCK = 1 << 16
_END = 1 << 62


class Taker(Struct):
    """Reads sources into segments, and keeps the manifest's account of them.

    `mapped` are the columns of the map that were found, with what they are in the logs.
    """

    folder: Path
    manifest: Manifest
    how: Reading
    spool: Spool
    mapped: Mapping[str, str] = field(default_factory=dict)
    traces: list[pl.DataFrame] = field(default_factory=list)

    def new(self, alike: Sequence[Opened]) -> list[Unit]:
        """Read files that have not been read, each as far as its lines are whole; several where rows need each other."""
        units, own = [], []
        for one in alike:
            state = stat_of(one.each.path)
            number, self.manifest.next_unit = self.manifest.next_unit, self.manifest.next_unit + 1
            grows = _can_grow(one)
            stop = _whole_lines(one.each.path, state[2]) if grows else state[2]
            head, tail = prints(one.each.path, stop)
            units.append(Unit(
                number, os.path.realpath(one.each.path), one.each.asked, one.each.shown, *state, stop, 1, head, tail,
                one.source.name, grows,
            ))  # fmt: skip
            own.append(_cut(one, number, Part(0, stop) if grows else None))
        for unit, account in zip(units, self._read(units, own), strict=True):
            unit.account = kept(account)
        for unit, one in zip(units, own, strict=True):
            _require_same(one, (unit.device, unit.inode), unit.stop, (unit.head, unit.tail))
        self.manifest.units += units
        return units

    def more(self, unit: Unit, one: Opened) -> None:
        """Read what was appended to a file since, wherever it lies by now."""
        state = stat_of(one.each.path)
        compressed = is_compressed(one.each)
        stop = _END if compressed else _whole_lines(one.each.path, state[2], unit.stop)
        added = compressed or stop > unit.stop
        if added and unit.grows:
            own = _cut(one, unit.id, Part(unit.stop, stop, unit.line))
            (account,) = self._read([unit], [own])
            _require_same(own, state[:2], unit.stop, None if compressed else (unit.head, unit.tail))
            unit.account = kept(together(account_of(unit, one.each.shown), account))
        elif unit.shown != one.each.shown:
            unit.account = kept(account_of(unit, one.each.shown))
        unit.gone = False
        unit.path, unit.asked, unit.shown = os.path.realpath(one.each.path), one.each.asked, one.each.shown
        unit.device, unit.inode, unit.size, unit.modified_ns = state
        if not unit.grows or compressed:
            unit.grows, unit.stop = False, state[2]
        else:
            unit.stop = stop
        if added or not unit.grows:
            unit.head, unit.tail = prints(one.each.path, unit.stop)

    def _read(self, units: Sequence[Unit], alike: Sequence[Opened]) -> list[Account]:
        """Read files, or a part of one, into the spool; return their accounts, what they have in common with the first."""
        run = Run(self.how, Account(), RejectsFile(None, with_text=False), {one.number: one.each for one in alike})
        spans = Spans()
        for frame in run.events(alike):
            rows = placed(frame)
            self.spool.add(rows)
            spans.add(rows)
        for number in run.corrupt:
            run.lost(number, self.spool.drop(number))
            spans.found.pop(number, None)
        self._keep_traces(units[0], run.traces)
        accounts = [run.account, *(Account() for _ in units[1:])]
        for unit, one, account in zip(units, alike, accounts, strict=True):
            account.files += 1
            account.sources[one.source.name] += 1
            account.mapped = dict(self.mapped)
            account.read.append(spans.told(one, run.refused[unit.id]))
            if one.each.part is not None:
                unit.line = one.each.part.first + one.each.part.lines
        return accounts

    def _keep_traces(self, unit: Unit, found: Sequence[pl.DataFrame]) -> None:
        told = [each for each in found if each.height]
        if not told:
            return
        self.traces += told
        before = self.manifest.traces.get(str(unit.id))
        held = [read_rows(self.folder, [before])] if before else []
        rows = pl.concat([*held, *told], how="diagonal").unique(maintain_order=True)
        self.manifest.traces[str(unit.id)] = write_frame(self.folder, "traces", rows)


def _cut(one: Opened, number: int, part: Part | None) -> Opened:
    return replace(one, number=number, each=replace(one.each, part=part))


def _require_same(one: Opened, identity: tuple[int, int], stop: int, known: tuple[str, str] | None) -> None:
    """Raise `GoneError` where another file has taken the place of the one that was read, or it was cut off meanwhile."""
    path, part = one.each.path, one.each.part
    is_short = part is not None and part.stop != _END and part.left > 0
    if stat_of(path)[:2] != identity or is_short or (known and prints(path, stop) != known):
        raise GoneError(f"{one.each.shown} changed while it was read")


def _can_grow(one: Opened) -> bool:
    """Return whether what is appended to a file can be read apart from what was there."""
    apart = not one.source.carries and not one.source.together
    return one.head.container == "jsonl" and apart and one.each.path != "-" and not is_compressed(one.each)


def _whole_lines(path: str, size: int, start: int = 0) -> int:
    """Return where the last whole line of a file ends; one without its newline is whole where it is an object."""
    with open(path, "rb") as file:
        end, tail = size, b""
        while end > start:
            begin = max(end - _BLOCK, start)
            file.seek(begin)
            block = file.read(end - begin)
            if (at := block.rfind(b"\n")) >= 0:
                return size if _is_object(block[at + 1 :] + tail) else begin + at + 1
            end, tail = begin, block + tail
        return size if _is_object(tail) else start


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
