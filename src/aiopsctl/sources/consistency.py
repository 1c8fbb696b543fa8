"""Token counts that contradict each other: what a format's rule says of them, and the rows that break it.

A broken rule is a sign that a log, or who reads it, means something else by a column; the row is kept as it is.
"""

from collections.abc import Iterator

import polars as pl
from msgspec import Struct

from aiopsctl.sources.source import LINE, TOTAL


class Rule(Struct, frozen=True):
    """What may not be: the columns without which nothing can be said, when a row breaks it, and what that means."""

    name: str
    needs: frozenset[str]
    breaks: pl.Expr
    meaning: str


class Contradiction(Struct, frozen=True):
    """How many rows break a rule, and the line of the first."""

    rule: str
    rows: int
    line: int


def _count(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0)


RULES = tuple(
    Rule(name, frozenset(needs), breaks, meaning)
    for name, needs, breaks, meaning in (
        (
            "cached_over_input", ("input_tokens",),
            _count("cache_read_tokens") + _count("cache_write_tokens") > pl.col("input_tokens"),
            "more cached than input tokens: the input leaves the cache out",
        ),
        (
            "reasoning_over_output", ("output_tokens", "reasoning_tokens"),
            pl.col("reasoning_tokens") > pl.col("output_tokens"),
            "more reasoning than output tokens: the output leaves the reasoning out",
        ),
        (
            "total_is_not_sum", (TOTAL, "input_tokens"),
            pl.col(TOTAL) != pl.col("input_tokens") + _count("output_tokens"),
            "a total that is not input plus output: one of them leaves something out",
        ),
    )
)  # fmt: skip
MEANINGS = {rule.name: rule.meaning for rule in RULES}
_COUNTED = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", TOTAL)


def contradictions(rows: pl.DataFrame) -> Iterator[Contradiction]:
    """Yield what rows of canonical columns say against the rules; a row that does not tell a count breaks none of it."""
    present = frozenset(rows.columns)
    rules = [rule for rule in RULES if rule.needs <= present]
    absent = (pl.lit(None, pl.Int64).alias(name) for name in _COUNTED if name not in present)
    counts = rows.select(LINE, *(name for name in _COUNTED if name in present)).with_columns(absent)
    for rule, broken in zip(rules, counts.select(rule.breaks.alias(rule.name) for rule in rules), strict=True):
        if number := broken.sum():
            yield Contradiction(rule.name, int(number), rows[LINE][broken.arg_true()[0]])
