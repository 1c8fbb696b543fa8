"""Which days of a store new rows change.

Their own, those of calls that they repeat, of older feedback whose call they are, and of traces that they tell of.
"""

from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from aiopsctl.sources.join import IDS, names_call
from aiopsctl.store.hashes import HASHES, hashed, of_others
from aiopsctl.store.ids import REQUEST, Where, request_hashes
from aiopsctl.store.rows import CALL, days_of, scan_raw


class Seen(Struct, frozen=True):
    """What was seen of the calls of some days: which hashes of theirs there are several times, and in which days."""

    days: set[str]
    repeated: pl.DataFrame
    where: set[str]


_NONE = pl.DataFrame(schema={REQUEST: pl.UInt64})


class Affected(Struct, frozen=True):
    """Tells which days change, before anything does."""

    where: Where

    def by(self, rows: pl.LazyFrame, traces: Sequence[pl.DataFrame]) -> tuple[set[str], Seen]:
        """Return the days that rows which come or go, and what is new of traces, make different, and what was seen."""
        own = days = days_of(rows)
        if not self.where.manifest.days:
            return days, Seen(set(), _NONE, set())
        calls = rows.filter(CALL).select(*IDS, *HASHES.values())
        if told := [each.select("trace_id") for each in traces if each.height]:
            retold = self._rows_of(pl.concat(told).unique())
            days = days | days_of(retold)
            calls = pl.concat([calls, retold.filter(CALL).select(*IDS, *HASHES.values())])
        repeating, seen = self._repeating(calls, own)
        return days.union(repeating, *(self._rating(name, calls) for name in IDS)), seen

    def _rows_of(self, traces: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of traces."""
        hash_ = HASHES["trace_id"]
        own = traces.select(hashed("trace_id").alias(hash_))
        found = self.where.rows(hash_, pl.concat([own, own.select(of_others(pl.col(hash_)))]).to_series())
        return self._rows(self.where.days(found)).join(traces.lazy(), on="trace_id", how="semi")

    def _repeating(self, calls: pl.LazyFrame, days: set[str]) -> tuple[set[str], Seen]:
        """Return the days of calls that some new ones repeat, and what was seen of all calls of the new ones' days."""
        new = request_hashes(calls)
        held = request_hashes(self._rows(days & set(self.where.manifest.days)).filter(CALL))
        found = self.where.rows(REQUEST, pl.concat([new, held]))
        known = found.filter(pl.col(REQUEST).is_in(new.implode()))
        ids = calls.filter(pl.col(REQUEST).is_in(known[REQUEST].unique().implode())).select("request_id").unique()
        before = self._rows(self.where.days(known)).filter(CALL)
        several = pl.concat([found[REQUEST], new])
        twice = several.filter(several.is_duplicated()).unique()
        where = self.where.days(found.filter(pl.col(REQUEST).is_in(twice.implode())))
        return days_of(before.join(ids, on="request_id", how="semi")), Seen(days, twice.to_frame(), days | where)

    def _rating(self, name: str, calls: pl.LazyFrame) -> set[str]:
        """Return the days of feedback that names one of some calls by an id."""
        if not any(day.named for day in self.where.manifest.days.values()):
            return set()
        others = of_others(pl.col(HASHES[name]))
        found = self.where.rows(HASHES[name], calls.select(others).drop_nulls().collect().to_series())
        ids = calls.filter(others.is_in(found[HASHES[name]].unique().implode())).select(name).unique()
        before = self._rows(self.where.days(found)).filter(names_call(IDS))
        return days_of(before.join(ids, on=name, how="semi"))

    def _rows(self, days: set[str]) -> pl.LazyFrame:
        return scan_raw(self.where.folder, self.where.manifest, sorted(days))
