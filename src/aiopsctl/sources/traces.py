"""What a log says of whole traces, given to the events of those traces that do not say it themselves.

Some exports keep user, session and labels with the trace alone: in a file of their own, or on a span that is no call.
"""

from collections.abc import Sequence

import polars as pl

TRACE = "trace"
"""The `event` of a row that is none (`_other`), but says something of its trace."""

FACTS = ("user_id", "session_id", "feature", "environment", "tags")
"""What an event takes from its trace."""


def told(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that say anything of a trace, with `trace_id` and those of `FACTS` that are in them."""
    facts = [name for name in FACTS if name in rows.columns]
    if "trace_id" not in rows.columns or not facts:
        return pl.DataFrame()
    says = pl.col("trace_id").is_not_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in facts)
    return rows.filter(says).select("trace_id", *facts).unique()


def with_trace_facts(events: pl.DataFrame, traces: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return events with what their traces say, where they say nothing; of what differs within a trace nothing is taken.

    The order of the rows stays.
    """
    found = pl.concat([each for each in traces if each.height] or [pl.DataFrame()], how="diagonal")
    if not found.height or "trace_id" not in events.columns:
        return events
    facts = [name for name in FACTS if name in found.columns]
    of_trace = found.group_by("trace_id").agg(_agreed(name).alias(f"_{name}") for name in facts)
    joined = events.join(of_trace, on="trace_id", how="left", maintain_order="left")
    filled = (pl.coalesce(*([name] if name in events.columns else []), f"_{name}").alias(name) for name in facts)
    return joined.with_columns(filled).drop(f"_{name}" for name in facts)


def _agreed(name: str) -> pl.Expr:
    said = pl.col(name).drop_nulls()
    return pl.when(said.n_unique() == 1).then(said.first())
