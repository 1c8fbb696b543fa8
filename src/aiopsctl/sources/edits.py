"""How much of an output its correction changed, where a log says so only by the two texts.

Text is not read with the log. Where a correction has no edited share, a second pass takes the corrected text from its
line, and the output from the line of its call; what is kept of both is one number.
"""

from collections.abc import Sequence

import polars as pl

from aiopsctl.sources.opening import Opened
from aiopsctl.sources.source import LINE
from aiopsctl.sources.texts import Reread, texts

_IDS = ("request_id", "trace_id")
_CALL = "_call_line"


def sized(events: pl.DataFrame, opened: Sequence[Opened], reread: Reread) -> pl.DataFrame:
    """Return events in which a correction without a `value` has the edited share, where both of its texts are found.

    The share is 1 - the normalised similarity by Levenshtein's distance: 0 is unchanged, 1 is nothing kept.
    """
    unsized = _unsized(events)
    if not unsized.height:
        return events
    final = _texts("final_text", unsized.select(LINE), opened, reread)
    edited = _with_calls(unsized.join(final, on=LINE), events) if final.height else final
    if _CALL not in edited.columns or not edited.height:
        return events
    wanted = edited.select(pl.col(_CALL).alias(LINE)).unique()
    output = _texts("output", wanted, opened, reread).rename({LINE: _CALL})
    shares = _shares(edited.join(output, on=_CALL))
    value = pl.col("value") if "value" in events.columns else pl.lit(None, pl.Float64)
    found = events.join(shares, on=LINE, how="left", maintain_order="left")
    return found.with_columns(value=pl.coalesce(value, "_share")).drop("_share")


def about(events: pl.LazyFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """Return corrections, the calls that they name, and all else that the lines of both say."""
    calls = events.filter(pl.col("event") == "call")
    ids = {name: corrections.select(name).drop_nulls().unique().lazy() for name in _IDS if name in corrections.columns}
    found = [calls.join(own, on=name, how="semi").select(LINE) for name, own in ids.items()]
    lines = pl.concat([corrections.lazy().select(LINE), *found]).unique()
    return events.join(lines, on=LINE, how="semi").collect(engine="streaming")


def _unsized(events: pl.DataFrame) -> pl.DataFrame:
    """Return the lines and ids of corrections without a value, of lines that say nothing else."""
    ids = [name for name in _IDS if name in events.columns]
    if not {LINE, "kind"} <= set(events.columns) or not ids:
        return pl.DataFrame()
    found = events.filter(pl.col("kind") == "correction")
    if "value" in events.columns:
        found = found.filter(pl.col("value").is_null())
    return found.select(LINE, *ids).filter(pl.col(LINE).is_unique())


def _with_calls(corrections: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return corrections with the line of their call: by `request_id` the first, by `trace_id` the only one."""
    calls = events.filter((pl.col("event") == "call") & pl.col(LINE).is_unique())
    found = []
    for name in (name for name in _IDS if name in events.columns):
        one = calls.unique(name, keep="first" if name == "request_id" else "none", maintain_order=True)
        own = corrections.join(one.select(name, pl.col(LINE).alias(_CALL)), on=name)
        found.append(own.select(LINE, "final_text", _CALL))
    return pl.concat(found).unique(LINE, keep="first", maintain_order=True)


def _texts(name: str, wanted: pl.DataFrame, opened: Sequence[Opened], reread: Reread) -> pl.DataFrame:
    """Return a text of the wanted lines, where it is told."""
    empty = pl.DataFrame(schema={LINE: pl.Int64, name: pl.String})
    return pl.concat([empty, *texts((name,), wanted, opened, reread)])


def _shares(pairs: pl.DataFrame) -> pl.DataFrame:
    from rapidfuzz.distance import Levenshtein

    texts = pairs.select("output", "final_text").iter_rows()
    shares = [Levenshtein.normalized_distance(output, final) for output, final in texts]
    return pairs.select(LINE, pl.Series("_share", shares, pl.Float64))
