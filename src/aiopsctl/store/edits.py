"""How much corrections changed, where only the texts tell: read from the sources, for text is not kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from aiopsctl.sources.edits import sized
from aiopsctl.sources.files import Input
from aiopsctl.sources.log import Account
from aiopsctl.sources.opening import Opened, Reading, open_all
from aiopsctl.sources.read import Run
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.source import LINE
from aiopsctl.store.disk import Segment
from aiopsctl.store.manifest import Manifest
from aiopsctl.store.rows import PLACE, UNIT, read_rows, scan, scan_raw, write_rows

_NAMED = ("request_id", "trace_id")
_SHARE = "_share"


def with_edits(
    folder: Path, manifest: Manifest, opened: Sequence[Opened], inputs: Mapping[int, Input], how: Reading
) -> set[str]:
    """Give corrections without a size the one that their texts tell, and return the days that have any.

    Looked at are those that are new, and those whose call is new; both texts must still be where they were read.
    """
    raw = scan_raw(folder, manifest)
    open_ones = raw.filter((pl.col("kind") == "correction") & pl.col("value").is_null()).collect()
    if not open_ones.height:
        return set()
    events = _with_calls(raw, open_ones)
    fresh = {one.number for one in opened}
    touched = events.filter(UNIT.is_in(list(fresh)))
    about = pl.any_horizontal(pl.col(name).is_in(touched[name].drop_nulls().implode()) for name in _NAMED)
    events = events.filter(about)
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
    return {name for name, day in manifest.days.items() if shares.height and _valued(folder, day.raw, shares)}


def _with_calls(raw: pl.LazyFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """Return corrections, the calls that they name, and all else that the lines of both say."""
    calls = raw.filter(pl.col("event") == "call")
    ids = [corrections.select(name).drop_nulls().unique().lazy() for name in _NAMED]
    found = [calls.join(own, on=name, how="semi").select(LINE) for name, own in zip(_NAMED, ids, strict=True)]
    lines = pl.concat([corrections.lazy().select(LINE), *found]).unique()
    return raw.join(lines, on=LINE, how="semi").collect().sort(PLACE)


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
