"""Duplicates, and feedback that takes from its call what it does not say itself."""

import polars as pl

from aiopsctl.events import CALL_FACTS

_ROW = "_row"
_FEEDBACK_KEY = ("ts", "kind", "value", "category", "request_id", "trace_id", "session_id", "user_id", "tags")
_IDS = ("request_id", "trace_id", "session_id")


def without_duplicates(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events without repeated calls and repeated feedback.

    Of calls with one `request_id` the record with the most tokens is kept, else the first. Feedback and activity are
    repeated when everything that tells them apart is equal.
    """
    numbered = events.with_row_index(_ROW)
    drop = pl.concat([_repeated_calls(numbered), _repeated_feedback(numbered)])
    if not drop.len():
        return events
    return numbered.filter(~pl.col(_ROW).is_in(drop.implode())).drop(_ROW)


def _repeated_calls(events: pl.DataFrame) -> pl.Series:
    if "request_id" not in events.columns:
        return pl.Series([], dtype=pl.UInt32)
    calls = events.lazy().filter((pl.col("event") == "call") & pl.col("request_id").is_not_null())
    tokens = [pl.col(c).fill_null(0) for c in ("input_tokens", "output_tokens") if c in events.columns]
    repeated = calls.select(_ROW, "request_id", pl.sum_horizontal(*tokens, pl.lit(0)).alias("_tokens")).filter(
        pl.col("request_id").is_duplicated()
    )
    ordered = repeated.sort(["_tokens", _ROW], descending=[True, False])
    return ordered.filter(~pl.col("request_id").is_first_distinct()).collect()[_ROW]


def _repeated_feedback(events: pl.DataFrame) -> pl.Series:
    key = [column for column in _FEEDBACK_KEY if column in events.columns]
    named = [column for column in ("request_id", "trace_id", "session_id", "user_id") if column in key]
    if not named or "ts" not in key:
        return pl.Series([], dtype=pl.UInt32)
    rows = events.lazy().filter(
        (pl.col("event") != "call")
        & pl.col("ts").is_not_null()
        & pl.any_horizontal(pl.col(column).is_not_null() for column in named)
    )
    return rows.select(_ROW, *key).filter(~pl.struct(key).is_first_distinct()).collect()[_ROW]


def with_call_facts(events: pl.DataFrame) -> tuple[pl.DataFrame, float | None]:
    """Return events whose feedback has the facts of its call, and the share of feedback whose call was found.

    A call is found by `request_id`, else by `trace_id`, else by `session_id`; of several calls in a trace or session
    only what they agree on is taken. The share is over feedback that names a call, null where none does.
    """
    ids = [name for name in _IDS if name in events.columns]
    is_feedback = pl.col("event") == "feedback"
    names_call = is_feedback & pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in ids))
    feedback = events.filter(names_call)
    if not feedback.height:
        return events, None
    facts = [column for column in (*CALL_FACTS, "user_id") if column in events.columns]
    calls = events.filter(pl.col("event") == "call").select(*ids, *facts)
    found = feedback.select(*ids).with_columns(pl.lit(value=False).alias("_found"))
    for column in facts:
        found = found.with_columns(pl.lit(None, pl.String).alias(column))
    for name in ids:
        found = _fill(found, calls, name, facts)
    own = feedback.with_columns(pl.coalesce(pl.col(column), found[column]).alias(column) for column in facts)
    rest = events.filter(~names_call.fill_null(value=False))
    share = float(found["_found"].sum()) / feedback.height
    return pl.concat([rest, own]), share


def _fill(found: pl.DataFrame, calls: pl.DataFrame, name: str, facts: list[str]) -> pl.DataFrame:
    """Fill facts from the calls that share an id, where no earlier id found a call."""
    wanted = found.filter(~pl.col("_found") & pl.col(name).is_not_null()).select(name).unique()
    if not wanted.height:
        return found
    agreed = (
        calls.lazy()
        .join(wanted.lazy(), on=name, how="semi")
        .group_by(name)
        .agg(_agreed(pl.col(c)).alias(f"_{c}") for c in facts)
        .with_columns(pl.lit(value=True).alias("_hit"))
        .collect()
    )
    joined = found.join(agreed, on=name, how="left", maintain_order="left")
    take = pl.col("_hit").fill_null(value=False) & ~pl.col("_found")
    return joined.with_columns(
        *(pl.when(take).then(pl.col(f"_{c}")).otherwise(pl.col(c)).alias(c) for c in facts),
        (pl.col("_found") | take).alias("_found"),
    ).drop("_hit", *(f"_{c}" for c in facts))


def _agreed(fact: pl.Expr) -> pl.Expr:
    """Return the one value of a fact among calls; a call that does not tell it does not object."""
    told = fact.drop_nulls()
    return pl.when(told.n_unique() == 1).then(told.first())
