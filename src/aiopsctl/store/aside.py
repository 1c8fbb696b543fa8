"""A log of more rows than memory should hold: put on disk as it is read, and answered from there.

What is asked of all rows at once in memory is asked here of those that it is about. Rows are compared whose hash occurs
twice, feedback is given the facts of its call beside the calls that it names, and only what changes is written anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import polars as pl

from aiopsctl.batches import batches
from aiopsctl.engine.kept import Kept, Shard
from aiopsctl.prices.apply import Priced, price
from aiopsctl.prices.layers import Mode
from aiopsctl.prices.rates import Book
from aiopsctl.sources import edits, meter
from aiopsctl.sources.files import expand
from aiopsctl.sources.join import COMPARED, FOUND, IDS, names_call, repeated, with_call_facts
from aiopsctl.sources.log import Account, Log
from aiopsctl.sources.opening import Opened, Reading, open_all
from aiopsctl.sources.pseudonyms import with_pseudonyms
from aiopsctl.sources.read import Run, note_zone
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.source import FILE_BITS, LINE
from aiopsctl.sources.spans import Spans
from aiopsctl.sources.traces import with_trace_facts
from aiopsctl.store.finish import money_of, money_told
from aiopsctl.store.hashes import met_twice
from aiopsctl.store.pieces import ROW, SAME, Piece, Pieces

_ROWS, _BYTES = 100_000, 16 << 20
"""So many rows, or bytes, are held before they are written."""

_COMPARED, _JOINED = 12_000_000, 1_000_000
"""So many hashes are compared at once, and so many rows looked at that share one, or feedback that looks for its calls."""


class Aside:
    """Reads a log into a folder, and answers from there as `sources.read` does from memory, with the costs of calls."""

    def __init__(self, folder: Path, book: Book, mode: Mode = "auto") -> None:
        self.pieces = Pieces(folder)
        self.book, self.mode = book, mode
        self.spans = Spans()
        self.contradictory = 0

    def read(self, paths: Sequence[str], how: Reading) -> Log:
        """Return the log behind paths; raises `UsageError` as `sources.read` does."""
        inputs = expand(paths)
        meter.expect(each.path for each in inputs)
        account = Account()
        opened = open_all(inputs, how, account)
        with RejectsFile(how.rejects, with_text=how.with_text) as rejects:
            run = Run(how, account, rejects, inputs)
            self._take(run.events(opened))
        self._drop_corrupt(run)
        account.read += [self.spans.told(one, run.refused[one.number]) for one in opened]
        note_zone(account, how)
        self._size_edits(run, opened)
        account.rows_duplicate = self._drop_repeated()
        if run.traces:
            self.pieces.change(partial(with_trace_facts, traces=run.traces))
        account.feedback_joined_ratio = self._join_feedback()
        return Log(with_pseudonyms(self._kept(), how.pseudonym_key), account, self._money())

    def _take(self, frames: Iterable[pl.DataFrame]) -> None:
        """Write rows as they are read: one piece is written while the next one is read."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            writing = pool.submit(int)
            for rows in _together(frames):
                self.spans.add(rows)
                writing.result()
                writing = pool.submit(self._write, rows)
            writing.result()

    def _write(self, rows: pl.DataFrame) -> int:
        priced = price(rows, self.book, self.mode)
        self.contradictory += priced.contradictory
        self.pieces.add(priced.events)
        return rows.height

    def _drop_corrupt(self, run: Run) -> None:
        """Reject the rows of files whose checksum is wrong."""
        for number in sorted(run.corrupt):
            run.lost(number, self.pieces.change(partial(_remove, _FILE.eq(number))))
            self.spans.found.pop(number, None)

    def _size_edits(self, run: Run, opened: Sequence[Opened]) -> None:
        """Give corrections without a size the one that their texts tell."""
        scan = self.pieces.scan()
        if "kind" not in self.pieces.columns:
            return
        value = pl.col("value") if "value" in self.pieces.columns else pl.lit(None, pl.Float64)
        corrections = scan.filter((pl.col("kind") == "correction") & value.is_null()).collect(engine="streaming")
        if not corrections.height:
            return
        rows = edits.about(scan, corrections).sort(ROW)
        sized = edits.sized(rows, opened, run.reread)
        if "value" in sized.columns:
            shares = sized.join(corrections, on=ROW, how="semi").select(ROW, _share="value").drop_nulls()
            self.pieces.change(partial(_valued, shares), self._others() if shares.height else [])

    def _others(self) -> list[Piece]:
        return [piece for piece in self.pieces.all if not piece.calls]

    def _drop_repeated(self) -> int:
        """Leave out rows that repeat another, and return how many they are; hashes are compared a part at a time."""
        parts = 1 + sum(piece.rows for piece in self.pieces.all) // _COMPARED
        found = [rows for part in range(parts) for rows in self._repeated(pl.col(SAME) % parts == part)]
        drop = pl.concat([pl.Series([], dtype=pl.Int64), *found]).sort()
        own = [piece for piece in self.pieces.all if drop.is_between(piece.first, piece.last).any()]
        return self.pieces.change(partial(_without, drop), own)

    def _repeated(self, part: pl.Expr) -> Iterator[pl.Series]:
        """Yield the numbers of repeated rows, of those whose hash is in a part."""
        twice = met_twice(self.pieces.scan().select(SAME).filter(part).collect(engine="streaming").to_series())
        rows = self.pieces.scan().select(ROW, SAME, *(name for name in COMPARED if name in self.pieces.columns))
        for some in twice.to_frame().iter_slices(_JOINED):
            yield repeated(rows.join(some.lazy(), on=SAME, how="semi").collect(engine="streaming").sort(ROW))

    def _join_feedback(self) -> float | None:
        """Give feedback the facts of its calls; return the share of what names one whose call was found."""
        named = found = 0
        ids = [name for name in IDS if name in self.pieces.columns]
        for some in batches(self._others(), lambda piece: piece.rows, _JOINED):
            calls = self._calls_of(some, ids)

            def with_facts(rows: pl.DataFrame, calls: pl.DataFrame = calls) -> pl.DataFrame:
                nonlocal named, found
                joined = with_call_facts(rows, calls)
                if FOUND not in joined.columns:
                    return rows
                told = joined[FOUND].drop_nulls()
                named, found = named + told.len(), found + int(told.sum())
                return joined.drop(FOUND)

            self.pieces.change(with_facts, some)
        return found / named if named else None

    def _calls_of(self, feedback: Sequence[Piece], ids: Sequence[str]) -> pl.DataFrame:
        """Return the calls that feedback names, by any of its ids."""
        named = self.pieces.scan(feedback).filter(names_call(ids)).select(ids).collect(engine="streaming")
        calls = self.pieces.scan(piece for piece in self.pieces.all if piece.calls)
        hits = [
            calls.join(own.lazy(), on=name, how="semi")
            for name in ids
            if (own := named.select(name).drop_nulls().unique()).height
        ]
        return pl.concat([calls.clear(), *hits]).collect(engine="streaming").unique(ROW, maintain_order=False)

    def _kept(self) -> Kept:
        columns, by_name = self.pieces.columns, {piece.path.name: piece for piece in self.pieces.all}

        def opened(shards: Sequence[Shard]) -> pl.LazyFrame:
            return self.pieces.scan(by_name[shard.mark] for shard in shards).select(columns)

        return Kept(opened, columns, [Shard(n, piece.rows, piece.since, piece.until) for n, piece in by_name.items()])

    def _money(self) -> Priced:
        told = money_told(self.pieces.scan())
        if self.contradictory:
            frames = (self.pieces.scan([piece]).collect() for piece in self.pieces.all if piece.calls)
            told["contradictory"] = sum(price(rows, self.book, self.mode).contradictory for rows in frames)
        return money_of([told], self.book)


_FILE = pl.col(LINE) // 2**FILE_BITS


def _together(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield frames put together, up to what is written at once."""
    held: list[pl.DataFrame] = []
    rows = size = 0
    for frame in frames:
        held.append(frame)
        rows, size = rows + frame.height, size + int(frame.estimated_size())
        if rows >= _ROWS or size >= _BYTES:
            yield pl.concat(held, how="diagonal")
            held, rows, size = [], 0, 0
    if held:
        yield pl.concat(held, how="diagonal")


def _without(drop: pl.Series, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without those of some numbers; of few of them is a set made."""
    own = drop.filter(drop.is_between(rows[ROW].min(), rows[ROW].max()))
    return _remove(pl.col(ROW).is_in(own.implode()), rows)


def _remove(which: pl.Expr, rows: pl.DataFrame) -> pl.DataFrame:
    kept = rows.remove(which)
    return rows if kept.height == rows.height else kept


def _valued(shares: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(shares, on=ROW, how="left", maintain_order="left")
    value = pl.col("value") if "value" in rows.columns else pl.lit(None, pl.Float64)
    return joined.with_columns(value=pl.coalesce(value, "_share")).drop("_share")
