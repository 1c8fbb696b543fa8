"""From rows as they were read to rows that are answered with: without duplicates, feedback with its call's facts, priced.

Only the days that new rows change (`affected`) are made anew, few at a time.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from aiopsctl.batches import batches
from aiopsctl.events import CALL_FACTS, COLUMNS
from aiopsctl.prices.apply import Priced, price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.join import FOUND, IDS, names_call, repeated_calls, with_call_facts, without_duplicates
from aiopsctl.sources.traces import FACTS, with_trace_facts
from aiopsctl.store.affected import Seen
from aiopsctl.store.disk import write_frame
from aiopsctl.store.hashes import HASHES, of_others
from aiopsctl.store.ids import REQUEST, Where, request_hashes
from aiopsctl.store.manifest import Day, Manifest
from aiopsctl.store.rows import (
    CALL,
    EVENTS,
    PLACE,
    SCHEMA,
    UNIT,
    by_day,
    filled,
    raw_of,
    read_rows,
    scan_raw,
    write_rows,
)

_ORDER = "_order"
_NAMED = pl.coalesce("model", "model_version").alias("model")
_AT_ONCE = 100_000
"""About so many rows are finished at once: few are as dear as many."""

_SMALL, _MANY = 50_000, 8
"""Segments of fewer rows are put together where a day has more of them."""

_BY_CALL = (*IDS, "ts", "event", "input_tokens", "output_tokens", *PLACE)
_OF_CALL = tuple(dict.fromkeys((*IDS, *CALL_FACTS, *FACTS, "user_id", *HASHES.values(), *PLACE)))


class Finisher(Struct, frozen=True):
    """Finishes days of a store; `order` is the rank of each source among the files as they are named now."""

    folder: Path
    manifest: Manifest
    book: Book
    order: Mapping[int, int]
    traces: Sequence[pl.DataFrame]

    def finish(self, days: set[str], seen: Seen) -> None:
        """Make the answer of some days anew, of which some things were seen; days without rows are taken away."""
        self._forget_empty()
        days = days & set(self.manifest.days)
        for name in days:
            self._merge(self.manifest.days[name])
        calls = self._calls_of(days)
        lost = self._lost(days, calls, seen)
        calls = with_trace_facts(calls.join(lost, on=PLACE, how="anti"), self.traces)
        for some in batches(sorted(days), self._rows, _AT_ONCE):
            self._finish_some(some, lost, calls)

    @property
    def _where(self) -> Where:
        return Where(self.folder, self.manifest)

    def _raw(self, days: set[str]) -> pl.LazyFrame:
        return scan_raw(self.folder, self.manifest, sorted(days))

    def _are_all(self, days: set[str]) -> bool:
        return days == set(self.manifest.days)

    def _merge(self, day: Day) -> None:
        """Put small segments of a day together: each costs as much to open as many rows to read."""
        small = [segment for segment in day.raw if segment.rows < _SMALL]
        if len(small) > _MANY:
            rest = [segment for segment in day.raw if segment not in small]
            day.raw = [*rest, write_rows(self.folder, read_rows(self.folder, small))]

    def _rows(self, day: str) -> int:
        return sum(segment.rows for segment in self.manifest.days[day].raw)

    def _forget_empty(self) -> None:
        for name in [name for name, day in self.manifest.days.items() if not day.raw]:
            del self.manifest.days[name]

    def _calls_of(self, days: set[str]) -> pl.DataFrame:
        """Return the calls that feedback of some days names, by any of its ids."""
        feedback = self._raw(days).filter(names_call(IDS)).select(*IDS, *HASHES.values()).unique().collect()
        found = [pl.LazyFrame(schema={name: SCHEMA[name] for name in _OF_CALL})]
        for name, hash_ in HASHES.items():
            if not (ids := feedback.select(name).drop_nulls().unique()).height:
                continue
            wanted = feedback.select(of_others(pl.col(hash_)).drop_nulls()).to_series()
            known = days if self._are_all(days) else self._where.days(self._where.rows(hash_, wanted))
            found.append(self._raw(known).filter(CALL).select(_OF_CALL).join(ids.lazy(), on=name, how="semi"))
        return pl.concat(pl.collect_all(found)).unique(PLACE, keep="any", maintain_order=False)

    def _lost(self, days: set[str], calls: pl.DataFrame, seen: Seen) -> pl.DataFrame:
        """Return the places of calls that repeat another one, of some days and of the calls that their feedback names."""
        if self._are_all(days):
            twice = self._where.repeated_anywhere(REQUEST)
        else:
            own = pl.concat([request_hashes(self._raw(days - seen.days).filter(CALL)), calls[REQUEST].drop_nulls()])
            found = self._where.rows(REQUEST, own).filter(pl.col(REQUEST).is_duplicated())
            twice = pl.concat([seen.repeated, found.select(REQUEST).unique()])
            days = seen.where | self._where.days(found)
        several = self._raw(days & set(self.manifest.days) if twice.height else set()).filter(CALL)
        own_ids = several.select(*_BY_CALL, REQUEST).join(twice.lazy(), on=REQUEST, how="semi")
        same = own_ids.collect(engine="streaming").filter(pl.col("request_id").is_duplicated())
        rows = self._ordered(same).with_row_index("_row")
        return rows.filter(pl.col("_row").is_in(repeated_calls(rows).implode())).select(PLACE)

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows in the order of the files as they are named now, and of their lines."""
        if rows.select(UNIT.n_unique()).item() <= 1:
            return _sorted(rows, *PLACE)
        later = UNIT + len(self.order)
        rank = UNIT.replace_strict(self.order, default=later, return_dtype=pl.Int64) if self.order else later
        rank = rank.alias(_ORDER)
        return rows.with_columns(rank).sort(_ORDER, *PLACE).drop(_ORDER)

    def _finish_some(self, names: Sequence[str], lost: pl.DataFrame, calls: pl.DataFrame) -> None:
        raw = self._ordered(read_rows(self.folder, raw_of(self.manifest, names)).drop(HASHES.values(), strict=False))
        kept = raw.join(lost, on=PLACE, how="anti", maintain_order="left") if lost.height else raw
        unique = without_duplicates(kept) if (kept["event"] != "call").any() else kept
        whole = with_call_facts(with_trace_facts(unique, self.traces), calls)
        priced = price(_sorted(whole, "ts", *PLACE), self.book)
        parts = by_day(priced.events)
        for name in names:
            self._write(self.manifest.days[name], parts.get(name, priced.events.clear()))
        if priced.contradictory:
            for name in names:
                self._count_contradictory(self.manifest.days[name])

    def _write(self, day: Day, rows: pl.DataFrame) -> None:
        events = rows.select(name for name in EVENTS if name in rows.columns)
        day.final = write_frame(self.folder, "day", filled(events))
        day.duplicates = sum(segment.rows for segment in day.raw) - events.height
        found = rows.get_column(FOUND, default=pl.Series(dtype=pl.Boolean)).drop_nulls()
        day.named, day.found = found.len(), int(found.sum())
        day.filled = [name for name in events.columns if events[name].null_count() < events.height]
        bounds = events["ts"].dt.epoch("us")
        day.since, day.until = bounds.min(), bounds.max()  # type: ignore[assignment]  # whole numbers
        day.money = money_told(events)

    def _count_contradictory(self, day: Day) -> None:
        priced = price(read_rows(self.folder, day.raw), self.book)
        day.money["contradictory"] = priced.contradictory


def _sorted(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Return rows sorted; rows of a log mostly are, and to look is cheaper than to sort."""
    return rows if all(rows[name].is_sorted() for name in by) else rows.sort(by)


def money_told(events: pl.DataFrame | pl.LazyFrame) -> dict[str, Any]:
    """Return what pricing told of events, as JSON has it: calls by the source of their cost, and models without a price."""
    there = events.collect_schema()
    names = ("event", "model", "model_version", "cost_source")
    told = (pl.col(name) if name in there else pl.lit(None, pl.String).alias(name) for name in names)
    calls = events.lazy().select(told).filter(CALL)
    counted = calls.group_by("cost_source", _NAMED).agg(pl.len()).collect(engine="streaming")
    by_source = counted.group_by("cost_source").agg(pl.col("len").sum())
    unpriced = counted.filter(pl.col("cost_source") == "unpriced").select("model", "len")
    return {
        "sources": {name: count for name, count in by_source.iter_rows() if name},
        "unpriced": sorted((list(row) for row in unpriced.iter_rows()), key=repr),
        "contradictory": 0,
    }


def money_of(told: Sequence[Mapping[str, Any]], book: Book) -> Priced:
    """Return what pricing told of several parts, as far as commands say it; the events are left out."""
    rows = [row for each in told for row in each["unpriced"]]
    unpriced = pl.DataFrame(rows, schema={"model": pl.String, "calls": pl.Int64}, orient="row")
    return Priced(
        events=pl.DataFrame(),
        unpriced=unpriced.group_by("model").agg(pl.col("calls").sum()).sort("calls", "model", descending=[True, False]),
        sources={
            name: sum(each["sources"].get(name, 0) for each in told) for name in COLUMNS["cost_source"].values
        },
        snapshot=book.snapshot,
        older=0, newer=0, undated=0, at_standard=0,
        contradictory=sum(each["contradictory"] for each in told),
    )  # fmt: skip
