"""Brings a store up to its sources: tells what became of each, reads what is new, finishes the days that it changes.

Nothing holds before the manifest is written, and that is the last thing that is done.
"""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import polars as pl
from msgspec import Struct

from aiopsctl import __version__
from aiopsctl.events import COLUMNS
from aiopsctl.prices.rates import Book
from aiopsctl.sources import files
from aiopsctl.sources.files import Input
from aiopsctl.sources.log import Account
from aiopsctl.sources.opening import Opened, Reading, open_all
from aiopsctl.store.affected import Affected
from aiopsctl.store.disk import Segment, sha256
from aiopsctl.store.edits import Coming, with_edits
from aiopsctl.store.finish import Finisher
from aiopsctl.store.hashes import hashing
from aiopsctl.store.identity import Found, tell
from aiopsctl.store.ids import Where
from aiopsctl.store.manifest import Day, Manifest, Unit, save, sweep
from aiopsctl.store.rows import UNIT, Spool, dropped, read_rows, rehash, scan, scan_raw
from aiopsctl.store.take import Taker


class Updated(Struct, frozen=True):
    """What an update did: the manifest that holds now, the files by the source that they are, and what opening told."""

    manifest: Manifest
    inputs: dict[int, Input]
    account: Account


def reading_of(how: Reading) -> str:
    """Return what tells by which rules rows were read; rows read by others are of no use."""
    rules = (
        __version__,
        tuple(COLUMNS),
        how.source,
        tuple(how.columns),
        tuple(sorted((os.path.abspath(path), name) for path, name in how.formats.items())),
    )
    return sha256(repr(rules).encode())


def fits(manifest: Manifest, how: Reading) -> bool:
    """Return whether rows were read by the same rules; the zone matters only where times do not tell theirs."""
    zoneless = any(unit.account["zoneless"] for unit in manifest.units)
    return manifest.reading == reading_of(how) and (not zoneless or manifest.zone == how.tz)


def pricing_of(book: Book) -> str:
    """Return what tells by which prices days were finished."""
    return sha256(repr((book.overrides, str(book.snapshot))).encode())


def update(folder: Path, held: Manifest, paths: Sequence[str], how: Reading, book: Book) -> Updated:
    """Read what is new of the files behind paths, and return what holds then; nothing is written where nothing is new.

    Raises `UsageError` as reading does, and `StoreError` where the store cannot be written.
    """
    inputs = [each for each in files.expand(paths) if not _is_within(each.path, folder)]
    manifest = held.copy()
    manifest.reading, manifest.zone = reading_of(how), how.tz
    found = tell(manifest.units, inputs)
    account = Account()
    known = _mapped(found)
    opened = open_all([each for each, _ in found.new], how, account, found=known)
    account.files, account.sources = account.files - len(opened), account.sources - account.sources
    grown = open_all([each for _, each in found.grew], how, Account(), found=known) if found.grew else []
    by_id = {unit.id: each for unit, each in (*found.same, *found.grew)}
    work = _Work(Taker(folder, manifest, how, Spool(folder), known | account.mapped), book, found, inputs, by_id)
    changed = work.take(opened, grown)
    asked = [path if path == "-" else os.path.abspath(path) for path in paths]
    if new := [path for path in asked if path not in manifest.paths]:
        manifest.paths += new
        changed = True
    if manifest.pricing != pricing_of(book):
        manifest.pricing = pricing_of(book)
        changed = True
        work.days |= set(manifest.days)
    if not changed:
        return Updated(held, work.inputs, account)
    work.finish()
    save(folder, manifest)
    sweep(folder, manifest)
    return Updated(manifest, work.inputs, account)


def _is_within(path: str, folder: Path) -> bool:
    """Return whether a file is one of the store's own."""
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))


def _mapped(found: Found) -> dict[str, str]:
    """Return which columns of the map the sources that were read have."""
    return {column: raw for unit, _ in (*found.same, *found.grew) for column, raw in unit.account["mapped"].items()}


class _Work:
    """An update while it is done."""

    def __init__(
        self, taker: Taker, book: Book, found: Found, paths: Sequence[Input], inputs: dict[int, Input]
    ) -> None:
        self.taker, self.book, self.found, self.paths, self.inputs = taker, book, found, paths, inputs
        self.folder, self.manifest, self.how = taker.folder, taker.manifest, taker.how
        self.gone: set[int] = set()
        self.days: set[str] = set()

    def take(self, opened: Sequence[Opened], grown: Sequence[Opened]) -> bool:
        """Read what is new; return whether anything is other than it was."""
        by_path = {one.each.path: one for one in grown}
        changed = bool(self.found.lost)
        for unit, each in self.found.grew:
            one = by_path.get(each.path)
            if one is not None:
                self.taker.more(unit, one)
                changed = True
        for unit in self.found.lost:
            unit.gone = True
        before = {each.path: unit for each, unit in self.found.new if unit}
        opened = self._with_companions(opened)
        for _, alike in groupby(opened, lambda one: one.source.name if one.source.together else one.each.path):
            group = list(alike)
            for unit, one in zip(self.taker.new(group), group, strict=True):
                self.inputs[unit.id] = one.each
                self._replace(before.get(one.each.path), unit)
                changed = True
        return changed

    def _with_companions(self, opened: Sequence[Opened]) -> list[Opened]:
        """Return the files to read, with those read before whose rows belong together with theirs."""
        names = {one.source.name for one in opened if one.source.together}
        again = [(unit, each) for unit, each in (*self.found.same, *self.found.grew) if unit.source in names]
        for unit, _ in again:
            self._drop(unit)
        more = open_all([each for _, each in again], self.how, Account(), found=_mapped(self.found)) if again else []
        return sorted(
            [*opened, *more], key=lambda one: (one.source.name if one.source.together else "", self._rank(one.each))
        )

    def _rank(self, each: Input) -> int:
        return next(i for i, own in enumerate(self.paths) if own.path == each.path)

    def _replace(self, before: Unit | None, now: Unit) -> None:
        """Drop what a file held before, where what it holds now is of the same time; else it was rotated away, and stays."""
        if before is None or before.id in self.gone:
            return
        (then,), (since,) = before.account["read"], now.account["read"]
        if then["until"] and since["since"] and since["since"] > then["until"]:
            before.gone = True
        else:
            self._drop(before)

    def _drop(self, unit: Unit) -> None:
        self.gone.add(unit.id)
        self.inputs.pop(unit.id, None)

    def finish(self) -> None:
        """Write what was read, and finish the days that it changes."""
        if self.manifest.hashing != hashing():
            rehash(self.folder, self.manifest.days.values())
            self.manifest.hashing = hashing()
        self.taker.spool.flush()
        written, traces = self.taker.spool.written, self.taker.traces
        leaving = scan_raw(self.folder, self.manifest).filter(UNIT.is_in(list(self.gone)))
        coming = scan(self.folder, [segment for segments in written.values() for segment in segments])
        changing = pl.concat([coming, leaving]) if self.gone else coming
        affected, seen = Affected(Where(self.folder, self.manifest)).by(changing, traces)
        self.days |= affected
        self._leave()
        self._come(written)
        self.days |= with_edits(self.folder, self.manifest, Coming(coming, self.days), self.inputs, self.how)
        self._finisher().finish(self.days, seen)

    def _leave(self) -> None:
        if not self.gone:
            return
        for day in self.manifest.days.values():
            dropped(self.folder, day.raw, self.gone)
        self.manifest.units = [unit for unit in self.manifest.units if unit.id not in self.gone]
        for unit in self.gone:
            self.manifest.traces.pop(str(unit), None)

    def _come(self, written: dict[str, list[Segment]]) -> None:
        for name, segments in written.items():
            self.manifest.days.setdefault(name, Day()).raw += segments

    def _finisher(self) -> Finisher:
        ranks = {each.path: rank for rank, each in enumerate(self.paths)}
        order = {unit: ranks[each.path] for unit, each in self.inputs.items() if each.path in ranks}
        traces = [read_rows(self.folder, [segment]) for segment in self.manifest.traces.values()]
        return Finisher(self.folder, self.manifest, self.book, order, traces)
