"""Duplicates, and feedback that takes from its call what it does not say itself."""

from collections.abc import Iterable

import polars as pl

from aiopsctl.events import CALL_FACTS

_ROW = "_row"
_FEEDBACK_KEY = ("ts", "kind", "value", "category", "request_id", "trace_id", "session_id", "user_id", "tags")
IDS = ("request_id", "trace_id", "session_id")
"""By what feedback names its call."""

COMPARED = ("event", "input_tokens", "output_tokens", *_FEEDBACK_KEY)
"""By what it is told which of several rows repeats another."""

_WHOSE = frozenset({*IDS, "user_id"})

FOUND = "_found"
"""The column that says of feedback which names a call whether it was found."""


def without_duplicates(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events without repeated calls and repeated feedback.

    Of calls with one `request_id` the record with the most tokens is kept, else the first. Feedback and activity are
    repeated when everything that tells them apart is equal.
    """
    numbered = events.with_row_index(_ROW)
    drop = repeated(numbered)
    if not drop.len():
        return events
    return numbered.filter(~pl.col(_ROW).is_in(drop.implode())).drop(_ROW)


def repeated(events: pl.DataFrame) -> pl.Series:
    """Return the numbers (`_row`) of the rows that repeat another one, in events numbered in their order."""
    return pl.concat(each.cast(pl.Int64) for each in (repeated_calls(events), _repeated_feedback(events)))


def repeated_calls(events: pl.DataFrame) -> pl.Series:
    """Return the numbers (`_row`) of calls that repeat another one, in events numbered in their order."""
    if "request_id" not in events.columns:
        return pl.Series([], dtype=pl.UInt32)
    calls = events.lazy().filter((pl.col("event") == "call") & pl.col("request_id").is_not_null())
    hashes = calls.select(pl.col("request_id").hash()).collect().to_series()
    if hashes.n_unique() == hashes.len():
        return pl.Series([], dtype=pl.UInt32)
    tokens = [pl.col(c).fill_null(0) for c in ("input_tokens", "output_tokens") if c in events.columns]
    repeated = calls.select(_ROW, "request_id", pl.sum_horizontal(*tokens, pl.lit(0)).alias("_tokens")).filter(
        pl.col("request_id").is_duplicated()
    )
    ordered = repeated.sort(["_tokens", _ROW], descending=[True, False])
    return ordered.filter(~pl.col("request_id").is_first_distinct()).collect()[_ROW]


def _repeated_feedback(events: pl.DataFrame) -> pl.Series:
    key = [column for column in _FEEDBACK_KEY if column in events.columns]
    if "ts" not in key or not _WHOSE.intersection(key):
        return pl.Series([], dtype=pl.UInt32)
    rows = events.lazy().filter((pl.col("event") != "call") & _is_told(key))
    return rows.select(_ROW, *key).filter(~pl.struct(key).is_first_distinct()).collect()[_ROW]


def _is_told(key: Iterable[str]) -> pl.Expr:
    """Return whether a row that is no call says when it was, and of whom or what."""
    return pl.col("ts").is_not_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in key if name in _WHOSE)


def same(*, calls: bool) -> pl.Expr:
    """Return a hash that is equal for rows which repeat each other, null where nothing tells a row from others."""
    if calls:
        return pl.when(pl.col("request_id").is_not_null()).then(pl.col("request_id").hash())
    return pl.when(_is_told(_FEEDBACK_KEY)).then(pl.struct(_FEEDBACK_KEY).hash())


def names_call(ids: Iterable[str]) -> pl.Expr:
    """Return whether a row is feedback that names a call by one of some ids."""
    named = pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in ids))
    return ((pl.col("event") == "feedback") & named).fill_null(value=False)


def joined_ratio(events: pl.DataFrame) -> float | None:
    """Return the share of feedback whose call was found, None where none names a call."""
    found = events[FOUND].drop_nulls() if FOUND in events.columns else pl.Series(dtype=pl.Boolean)
    return float(found.sum()) / found.len() if found.len() else None


def with_call_facts(events: pl.DataFrame, calls: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return events whose feedback has the facts of its call; of feedback that names one, `_found` says whether it is there.

    A call is found by `request_id`, else by `trace_id`, else by `session_id`; of several calls in a trace or session
    only what they agree on is taken. `calls` are those that feedback may name, where they are not among the events.
    """
    ids = [name for name in IDS if name in events.columns]
    feedback = events.filter(names_call(ids))
    if not feedback.height:
        return events
    calls = events.filter(pl.col("event") == "call") if calls is None else calls
    facts = [column for column in (*CALL_FACTS, "user_id") if column in calls.columns]
    feedback = feedback.with_columns(pl.lit(None, pl.String).alias(c) for c in facts if c not in feedback.columns)
    calls = calls.select(*(name for name in ids if name in calls.columns), *facts)
    found = feedback.select(*ids).with_columns(pl.lit(value=False).alias(FOUND))
    for column in facts:
        found = found.with_columns(pl.lit(None, pl.String).alias(column))
    for name in ids:
        found = _fill(found, calls, name, facts) if name in calls.columns else found
    own = feedback.with_columns(pl.coalesce(pl.col(column), found[column]).alias(column) for column in facts)
    rest = events.filter(~names_call(ids))
    return pl.concat([rest, own.with_columns(found[FOUND])], how="diagonal")


def _fill(found: pl.DataFrame, calls: pl.DataFrame, name: str, facts: list[str]) -> pl.DataFrame:
    """Fill facts from the calls that share an id, where no earlier id found a call."""
    wanted = found.filter(~pl.col(FOUND) & pl.col(name).is_not_null()).select(name).unique()
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
    take = pl.col("_hit").fill_null(value=False) & ~pl.col(FOUND)
    return joined.with_columns(
        *(pl.when(take).then(pl.col(f"_{c}")).otherwise(pl.col(c)).alias(c) for c in facts),
        (pl.col(FOUND) | take).alias(FOUND),
    ).drop("_hit", *(f"_{c}" for c in facts))


def _agreed(fact: pl.Expr) -> pl.Expr:
    """Return the one value of a fact among calls; a call that does not tell it does not object."""
    told = fact.drop_nulls()
    return pl.when(told.n_unique() == 1).then(told.first())
