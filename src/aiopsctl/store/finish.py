"""From rows as they were read to rows that are answered with: without duplicates, feedback with its call's facts, priced.

What new rows change is found first: their own days, the days of calls that they repeat, of older feedback whose call
they are, and of traces that they tell of. Only those days are made anew, one at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from aiopsctl.prices.apply import Priced, price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.join import FOUND, IDS, names_call, repeated_calls, with_call_facts, without_duplicates
from aiopsctl.sources.source import LINE
from aiopsctl.sources.traces import with_trace_facts
from aiopsctl.store.disk import write_frame
from aiopsctl.store.manifest import Day, Manifest
from aiopsctl.store.rows import EVENTS, NTH, PLACE, UNIT, day_of, scan, scan_raw

_ORDER, _HASH = "_order", "_hash"
_NAMED = pl.coalesce("model", "model_version").alias("model")
_AT_ONCE, _IDS_AT_ONCE = 100_000, 4_000_000
"""So many rows are finished at once, and so many ids are compared."""

_CALL = pl.col("event") == "call"
_BY_CALL = (*IDS, "ts", "event", "input_tokens", "output_tokens", *PLACE)


@dataclass(frozen=True)
class Finisher:
    """Finishes days of a store; `order` is the rank of each source among the files as they are named now."""

    folder: Path
    manifest: Manifest
    book: Book
    order: Mapping[int, int]
    traces: Sequence[pl.DataFrame]

    def affected(self, rows: pl.LazyFrame, traces: Sequence[pl.DataFrame]) -> set[str]:
        """Return the days that rows which come or go, and what is new of traces, make different."""
        days = set(_days(rows))
        if not self.manifest.days:
            return days
        before = scan_raw(self.folder, self.manifest)
        calls, feedback = before.filter(_CALL), before.filter(names_call(IDS))
        told = [each.select("trace_id") for each in traces if each.height]
        retold = [calls.join(each.lazy(), on="trace_id", how="semi").select(IDS) for each in told]
        own = pl.concat([rows.filter(_CALL).select(IDS), *retold])
        ids = {name: own.select(name).drop_nulls().unique().collect() for name in IDS}
        hits = [calls.join(ids["request_id"].lazy(), on="request_id", how="semi")]
        if any(day.named for day in self.manifest.days.values()):
            hits += [feedback.join(found.lazy(), on=name, how="semi") for name, found in ids.items() if found.height]
        hits += [before.join(each.lazy(), on="trace_id", how="semi") for each in told]
        return days.union(*map(_days, hits))

    def finish(self, days: set[str]) -> None:
        """Make the answer of some days anew; days without rows are taken away."""
        self._forget_empty()
        days = days & set(self.manifest.days)
        every = days == set(self.manifest.days)
        feedback = scan_raw(self.folder, self.manifest, days).filter(names_call(IDS)).select(IDS).unique().collect()
        calls = self._calls_of(feedback)
        lost = self._lost(None if every else [scan_raw(self.folder, self.manifest, days), calls.lazy()])
        calls = with_trace_facts(calls.join(lost, on=PLACE, how="anti"), self.traces)
        for some in self._batches(sorted(days)):
            self._finish_some(some, lost, calls)

    def _batches(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Yield days that are finished at once: few rows are as dear as many."""
        batch: list[str] = []
        rows = 0
        for name in names:
            own = sum(segment.rows for segment in self.manifest.days[name].raw)
            if batch and rows + own > _AT_ONCE:
                yield batch
                batch, rows = [], 0
            batch.append(name)
            rows += own
        if batch:
            yield batch

    def _forget_empty(self) -> None:
        for name in [name for name, day in self.manifest.days.items() if not day.raw]:
            del self.manifest.days[name]

    def _calls_of(self, feedback: pl.DataFrame) -> pl.DataFrame:
        """Return the calls that feedback names, by any of its ids."""
        if not feedback.height:
            return pl.DataFrame(schema={**EVENTS, LINE: pl.Int64, NTH: pl.Int64})
        calls = scan_raw(self.folder, self.manifest).filter(_CALL)
        found = [
            calls.join(ids.lazy(), on=name, how="semi")
            for name in IDS
            if (ids := feedback.select(name).drop_nulls().unique()).height
        ]
        return pl.concat(pl.collect_all(found)).unique(PLACE, keep="any", maintain_order=False)

    def _lost(self, among: Sequence[pl.LazyFrame] | None) -> pl.DataFrame:
        """Return the places of calls that repeat another, of all calls or of those with an id that is in some rows."""
        calls = scan_raw(self.folder, self.manifest).select(_BY_CALL).filter(_CALL & pl.col("request_id").is_not_null())
        if among is not None:
            ids = pl.concat([rows.filter(_CALL).select("request_id") for rows in among]).drop_nulls().unique()
            calls = calls.join(ids, on="request_id", how="semi")
        parts = 1 + sum(segment.rows for day in self.manifest.days.values() for segment in day.raw) // _IDS_AT_ONCE
        found = self._ordered(pl.concat(_repeated(calls, part, parts) for part in range(parts)))
        rows = found.with_row_index("_row")
        return rows.filter(pl.col("_row").is_in(repeated_calls(rows).implode())).select(PLACE)

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows in the order of the files as they are named now, and of their lines."""
        if not rows.height:
            return rows
        later = UNIT + len(self.order)
        rank = UNIT.replace_strict(self.order, default=later, return_dtype=pl.Int64) if self.order else later
        rank = rank.alias(_ORDER)
        return rows.with_columns(rank).sort(_ORDER, *PLACE).drop(_ORDER)

    def _finish_some(self, names: Sequence[str], lost: pl.DataFrame, calls: pl.DataFrame) -> None:
        raw = self._ordered(scan_raw(self.folder, self.manifest, names).collect())
        kept = without_duplicates(raw.join(lost, on=PLACE, how="anti", maintain_order="left"))
        whole = with_call_facts(with_trace_facts(kept, self.traces), calls)
        priced = price(whole.sort("ts", *PLACE), self.book)
        rows = priced.events.with_columns(_DAY)
        told = rows if FOUND in rows.columns else rows.with_columns(pl.lit(None, pl.Boolean).alias(FOUND))
        parts = told.partition_by("_day", as_dict=True, include_key=False)
        for name in names:
            self._write(self.manifest.days[name], parts.get((name,), told.clear()))
        if priced.contradictory:
            for name in names:
                self._count_contradictory(self.manifest.days[name])

    def _write(self, day: Day, rows: pl.DataFrame) -> None:
        events = rows.select(list(EVENTS))
        day.final = write_frame(self.folder, "day", events)
        day.duplicates = sum(segment.rows for segment in day.raw) - events.height
        found = rows[FOUND].drop_nulls()
        day.named, day.found = found.len(), int(found.sum())
        day.filled = [name for name in events.columns if events[name].null_count() < events.height]
        bounds = events["ts"].dt.epoch("us")
        day.since, day.until = bounds.min(), bounds.max()  # type: ignore[assignment]  # whole numbers
        day.money = money_told(events)

    def _count_contradictory(self, day: Day) -> None:
        priced = price(scan(self.folder, day.raw).collect(), self.book)
        day.money["contradictory"] = priced.contradictory


def _repeated(calls: pl.LazyFrame, part: int, parts: int) -> pl.DataFrame:
    """Return the calls of which there are several with one id, of a part of all ids: memory is bounded so.

    Hashes are counted first: they are small, and what they have in common is looked at by the ids themselves.
    """
    hashed = calls.with_columns(pl.col("request_id").hash().alias(_HASH))
    own = hashed.filter(pl.col(_HASH) % parts == part) if parts > 1 else hashed
    twice = own.select(_HASH).group_by(_HASH).agg(pl.len().alias("n")).filter(pl.col("n") > 1).select(_HASH)
    found = own.join(twice, on=_HASH, how="semi").drop(_HASH).collect(engine="streaming")
    return found.filter(pl.col("request_id").is_duplicated())


_DAY = day_of(pl.col("ts")).alias("_day")


def _days(rows: pl.LazyFrame) -> list[str]:
    return rows.select(day_of(pl.col("ts")).unique()).collect(engine="streaming").to_series().to_list()


def money_told(events: pl.DataFrame | pl.LazyFrame) -> dict[str, Any]:
    """Return what pricing told of events, as JSON has it: calls by the source of their cost, and models without a price."""
    calls = events.lazy().filter(_CALL)
    unpriced = calls.filter(pl.col("cost_source") == "unpriced").group_by(_NAMED).agg(pl.len())
    by_source, by_model = pl.collect_all([calls.group_by("cost_source").agg(pl.len()), unpriced], engine="streaming")
    return {
        "sources": {name: count for name, count in by_source.iter_rows() if name},
        "unpriced": sorted((list(row) for row in by_model.iter_rows()), key=repr),
        "contradictory": 0,
    }


def money_of(told: Sequence[Mapping[str, Any]], book: Book) -> Priced:
    """Return what pricing told of several parts, as far as commands say it; the events are left out."""
    empty = price(pl.DataFrame(schema=EVENTS), book)
    rows = [(None, model, "", calls) for each in told for model, calls in each["unpriced"]]
    unpriced = (
        pl.DataFrame(rows, schema=empty.unpriced.schema, orient="row").group_by("model").agg(pl.col("calls").sum())
    )
    return replace(
        empty,
        unpriced=unpriced.sort("calls", "model", descending=[True, False]),
        sources={name: sum(each["sources"].get(name, 0) for each in told) for name in empty.sources},
        contradictory=sum(each["contradictory"] for each in told),
    )
