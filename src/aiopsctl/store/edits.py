"""How much corrections changed, where only the texts tell: read from the sources, for text is not kept."""

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.sources.edits import sized
from aiopsctl.sources.files import Input
from aiopsctl.sources.log import Account
from aiopsctl.sources.opening import Reading, open_all
from aiopsctl.sources.read import Run
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.source import LINE
from aiopsctl.store.disk import Segment
from aiopsctl.store.hashes import HASHES, of_others
from aiopsctl.store.ids import Where
from aiopsctl.store.manifest import Manifest
from aiopsctl.store.rows import CALL, PLACE, UNIT, read_rows, scan, scan_raw, write_rows

_NAMED = ("request_id", "trace_id")
_HASHES = tuple(HASHES[name] for name in _NAMED)
_SHARE = "_share"


class Coming(Struct, frozen=True):
    """Rows that are new, and the days that are made anew for them."""

    rows: pl.LazyFrame
    days: Collection[str]


def with_edits(folder: Path, manifest: Manifest, coming: Coming, inputs: Mapping[int, Input], how: Reading) -> set[str]:
    """Give corrections without a size the one that their texts tell, and return the days that have any.

    Looked at are those that are new, and those whose call is new; both texts must still be where they were read.
    """
    where = Where(folder, manifest)
    may = [name for name, day in manifest.days.items() if day.named or name in coming.days]
    unsized = (pl.col("kind") == "correction") & pl.col("value").is_null()
    rows = scan_raw(folder, manifest, may).filter(unsized).select(*_NAMED, *_HASHES, *PLACE)
    open_ones = _touched(rows.collect(engine="streaming"), coming.rows)
    events = _with_calls(where, open_ones) if open_ones.height else open_ones
    if not events.height:
        return set()
    units = sorted(set(events.select(UNIT).to_series().to_list()) & set(inputs))
    known = {column: raw for unit in manifest.units for column, raw in unit.account["mapped"].items()}
    files = [replace(inputs[unit], part=None) for unit in units]
    found = [replace(one, number=units[one.number]) for one in open_all(files, how, Account(), found=known)]
    run = Run(how, Account(), RejectsFile(None, with_text=False), dict(inputs))
    told = sized(events, found, run.reread)
    shares = told.filter(pl.col("value").is_not_null()).join(
        events.filter(pl.col("value").is_null() & (pl.col("kind") == "correction")), on=PLACE, how="semi"
    )
    shares = shares.select(*PLACE, pl.col("value").alias(_SHARE))
    days = where.days(where.rows(LINE, shares[LINE]))
    return {name for name in days if _valued(folder, manifest.days[name].raw, shares)}


def _touched(corrections: pl.DataFrame, coming: pl.LazyFrame) -> pl.DataFrame:
    """Return the corrections that are among new rows, or name a call that may be."""
    if not corrections.height:
        return corrections
    new = coming.filter(CALL).select(_HASHES).collect()
    is_new = [of_others(pl.col(name)).is_in(new[name].drop_nulls().implode()) for name in _HASHES]
    own = corrections.lazy().join(coming.select(PLACE), on=PLACE, how="semi").collect()
    return pl.concat([own, corrections.filter(pl.any_horizontal(is_new))]).unique(PLACE)


def _with_calls(where: Where, corrections: pl.DataFrame) -> pl.DataFrame:
    """Return corrections, the calls that they name, and all else that the lines of both say."""
    lines = [corrections.select(LINE).lazy()]
    for name, hash_ in zip(_NAMED, _HASHES, strict=True):
        days = where.days(where.rows(hash_, corrections.select(of_others(pl.col(hash_)).drop_nulls()).to_series()))
        calls = scan_raw(where.folder, where.manifest, days).filter(CALL)
        ids = corrections.lazy().select(name).drop_nulls().unique()
        lines.append(calls.join(ids, on=name, how="semi").select(LINE))
    own = pl.concat(lines).unique().collect()
    days = where.days(where.rows(LINE, own.to_series()))
    rows = scan_raw(where.folder, where.manifest, days).join(own.lazy(), on=LINE, how="semi")
    return rows.collect(engine="streaming").sort(PLACE)


def _valued(folder: Path, segments: list[Segment], shares: pl.DataFrame) -> bool:
    """Write segments anew that have corrections with a share; return whether there are any."""
    found = False
    for i, segment in enumerate(segments):
        if scan(folder, [segment]).join(shares.lazy(), on=PLACE, how="semi").select(pl.len()).collect().item():
            rows = read_rows(folder, [segment]).join(shares, on=PLACE, how="left", maintain_order="left")
            told = [name for name in ("value", _SHARE) if name in rows.columns]
            segments[i] = write_rows(folder, rows.with_columns(pl.coalesce(told).alias("value")).drop(_SHARE))
            found = True
    return found
