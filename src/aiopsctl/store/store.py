"""A store: what commands ask of it. It is a memory of the logs, and never more right than they are.

Where it cannot be had (damaged beyond use, read by other rules, not writable, in use), the logs are read, and it is said.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from msgspec import Struct

from aiopsctl import __version__
from aiopsctl.engine.kept import Kept, Shard
from aiopsctl.errors import UsageError
from aiopsctl.prices.rates import Book
from aiopsctl.readable import plural
from aiopsctl.sources.files import GoneError
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.pseudonyms import with_pseudonyms
from aiopsctl.sources.read import note_zone
from aiopsctl.store.disk import StoreError, locked, make_folder
from aiopsctl.store.finish import money_of
from aiopsctl.store.manifest import Manifest, load, save, sweep
from aiopsctl.store.memory import Remembered
from aiopsctl.store.rows import EVENTS, scan
from aiopsctl.store.told import account_of
from aiopsctl.store.update import Updated, fits, update

_TRIES = 5
WAIT = 10.0
"""So many seconds are waited for another writer."""


class Store(Struct, frozen=True):
    """A folder that keeps what was read."""

    folder: Path

    def read(self, paths: Sequence[str], feedback: Sequence[str], how: Reading, book: Book) -> Log:
        """Return the log behind paths, of which only what is new is read, with the costs of its calls.

        Raises `StoreError` where the store cannot be used, `UsageError` as `sources.read` does.
        """
        updated, problem = self.update([*paths, *feedback], how, book)
        log = _log(self.folder, updated, how, book)
        if problem:
            log.account.note(
                f"the store {self.folder}: {problem}; it was read again from the logs, as far as they are there"
            )
        return log

    def update(self, paths: Sequence[str], how: Reading, book: Book) -> tuple[Updated, str]:
        """Read what is new into the store; return what holds, and what was found to be wrong with it.

        Without paths those are read that were read before. Raises `UsageError` for a store that is none.
        """
        if not paths and not self.folder.is_dir():
            raise UsageError(f"no such store: {self.folder}", help="aiopsctl ingest LOGS --store PATH makes one")
        make_folder(self.folder)
        with locked(self.folder, WAIT) as held:
            if not held:
                raise StoreError(f"the store {self.folder} is in use by another process")
            found, problem = load(self.folder)
            if found.reading and not fits(found, how):
                found, problem = self._other_rules(found), problem or "it was read by other rules"
            return self._updated(found, paths or found.paths, how, book), problem

    def _updated(self, found: Manifest, paths: Sequence[str], how: Reading, book: Book) -> Updated:
        """Update, and begin again where a file was renamed away in between: nothing holds before the end."""
        for _ in range(_TRIES):
            with suppress(FileNotFoundError, GoneError):
                return update(self.folder, found, paths, how, book)
        raise StoreError("files come and go while they are looked at")

    def _other_rules(self, found: Manifest) -> Manifest:
        """Return an empty manifest, where all that was read can be read again."""
        if gone := [unit for unit in found.units if unit.gone]:
            raise StoreError(
                f"{self.folder} was read with another zone, format, column map or version, and {plural(len(gone), 'file')} "
                "of it cannot be read again", help="read as before, or give up what is gone: aiopsctl ingest --rebuild"
            )  # fmt: skip
        return Manifest(generation=found.generation, paths=found.paths)

    def forget(self) -> None:
        """Forget all that was read; it is read again with the next update."""
        if self.folder.is_dir():
            with locked(self.folder, WAIT) as held:
                if not held:
                    raise StoreError(f"the store {self.folder} is in use by another process")
                found, _ = load(self.folder)
                save(self.folder, Manifest(generation=found.generation, paths=found.paths))

    def status(self, *, deep: bool) -> tuple[Manifest, str]:
        """Return what holds and what is wrong; looked at deeply, every byte is read."""
        if not self.folder.is_dir():
            raise UsageError(f"no such store: {self.folder}", help="aiopsctl ingest LOGS --store PATH makes one")
        return load(self.folder, deep=deep)

    def prune(self, before: datetime) -> int:
        """Forget the days before a day (UTC), and return how many rows those had."""
        with locked(self.folder, WAIT) as held:
            if not held:
                raise StoreError(f"the store {self.folder} is in use by another process")
            manifest, _ = load(self.folder)
            old = [name for name in manifest.days if name and name < f"{before.astimezone(UTC):%Y-%m-%d}"]
            rows = sum(segment.rows for name in old for segment in manifest.days[name].raw)
            for name in old:
                del manifest.days[name]
            manifest.pruned += rows
            if old:
                save(self.folder, manifest)
                sweep(self.folder, manifest)
            return rows


def _log(folder: Path, updated: Updated, how: Reading, book: Book) -> Log:
    """Return the log of what holds: events to be read from their days, and the account of all sources."""
    manifest = updated.manifest
    account = updated.account
    for unit in sorted(manifest.units, key=lambda unit: unit.id):
        each = updated.inputs.get(unit.id)
        account.add(account_of(unit, each.shown if each else unit.shown))
    note_zone(account, how)
    account.rows_other += manifest.pruned
    days = manifest.days.values()
    account.rows_duplicate = sum(day.duplicates for day in days)
    named = sum(day.named for day in days)
    account.feedback_joined_ratio = sum(day.found for day in days) / named if named else None
    filled = {name for day in days for name in day.filled}
    columns = [name for name in EVENTS if name in filled]
    finals = {day.final.name: day.final for day in days if day.final}

    def opened(shards: Sequence[Shard]) -> pl.LazyFrame:
        return scan(folder, [finals[shard.mark] for shard in shards], EVENTS).select(columns)

    money = money_of([day.money for day in days if day.money], book)
    shards = [Shard(day.final.name, day.final.rows, _time(day.since), _time(day.until)) for day in days if day.final]
    kept = Kept(opened, columns, shards, Remembered(folder / f"sums-{__version__}"))
    return Log(with_pseudonyms(kept, how.pseudonym_key), account, money)


def _time(us: int | None) -> datetime | None:
    return None if us is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)
