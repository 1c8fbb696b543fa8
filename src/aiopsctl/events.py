"""The canonical frame: one row an event, each column declared once, and what can be counted on it.

Every log format is turned into these columns, and every metric is sums over them. Missing is null, never 0 or "".
A row is a `call`, a piece of `feedback`, or an `activity` of a user.
"""

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Literal

import narwhals.stable.v2 as nw

Dtype = Literal["text", "int", "float", "bool", "time"]

EVENTS = ("call", "feedback", "activity")
STATUSES = ("ok", "error", "timeout", "rate_limited", "filtered", "cancelled")
FAILED = ("error", "timeout", "rate_limited")
FEEDBACK_KINDS = (
    "thumb", "star", "correction", "flag", "escalation", "accept", "reject", "copy", "share", "complete",
    "abandon", "redo", "nps", "csat", "survey", "review", "eval", "ticket",
)  # fmt: skip
ACTIVITY_KINDS = ("active", "activate", "opt_in", "opt_out")


@dataclass(frozen=True)
class Column:
    """One canonical column: its name, dtype, unit, what it means, and what values are believed.

    `low` and `high` bound a number, `values` is the closed list of a text; a value outside is a field error.
    """

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


def _text(name: str, meaning: str, values: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, values=values)


def _tokens(name: str, meaning: str) -> Column:
    return Column(name, "int", meaning, unit="tokens", low=0, high=1e9)


def _usd(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, unit="usd", low=0, high=1e6)


def _ms(name: str, meaning: str) -> Column:
    return Column(name, "int", meaning, unit="ms", low=0, high=86_400_000)


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        # who, when
        Column("ts", "time", "when the call began, or the feedback was given (UTC)"),
        _text("event", "what the row is", EVENTS),
        _text("request_id", "identity of the call; feedback names the call that it is about"),
        _text("trace_id", "the operation that the call is part of"),
        _text("parent_id", "the call or span that caused this one"),
        _text("session_id", "the conversation or visit"),
        _text("user_id", "who used the feature"),
        _text("tenant", "the customer or organisation of the user"),
        _text("tier", "the price plan of the user"),
        _text("segment", "a group of users, as the team names it"),
        _text("country", "country of the user"),
        _text("language", "language of the input"),
        # what
        _text("feature", "the AI feature, as the product names it"),
        _text("query_type", "kind of request within the feature"),
        _text("provider", "who serves the model"),
        _text("model", "the model that was asked for"),
        _text("model_version", "the model that answered: served id or fingerprint"),
        _text("prompt_version", "version of the prompt template"),
        _text("environment", "production, staging, ..."),
        _text("service_tier", "the provider's service tier: batch, flex, priority"),
        _text("tags", "free labels"),
        # call
        _text("status", "how the call ended", STATUSES),
        Column("http_status", "int", "HTTP status of the provider's answer", low=100, high=599),
        _text("error_type", "the provider's or the client's name of the error"),
        _text("finish_reason", "why the model stopped"),
        _ms("latency_ms", "from request to complete answer, whole milliseconds"),
        _ms("ttft_ms", "from request to first token, whole milliseconds"),
        Column("retries", "int", "attempts before this one", low=0, high=1e6),
        Column("cache_hit", "bool", "answered from the application's own cache, without the model"),
        # tokens
        _tokens("input_tokens", "tokens sent, including those read from and written to the provider's cache"),
        _tokens("cache_read_tokens", "part of the input read from the provider's cache"),
        _tokens("cache_write_tokens", "part of the input written to the provider's cache"),
        _tokens("cache_write_1h_tokens", "part of the cache writes that is kept for an hour, which costs more"),
        _tokens("output_tokens", "tokens received, including reasoning"),
        _tokens("reasoning_tokens", "part of the output spent on reasoning"),
        _tokens("system_tokens", "part of the input: template and instructions"),
        _tokens("context_tokens", "part of the input: retrieved or remembered context"),
        _tokens("user_tokens", "part of the input: what the user wrote"),
        # money
        _usd("cost_usd", "cost of the call in all layers"),
        _usd("model_cost_usd", "part of the cost: the model provider"),
        _usd("retrieval_cost_usd", "part of the cost: search, embeddings, vector store"),
        _usd("infra_cost_usd", "part of the cost: hosting and logging"),
        _text("cost_source", "where the cost comes from", ("recorded", "priced", "unpriced")),
        # text
        _text("prompt_hash", "equal for equal prompts"),
        _text("prompt", "what was sent; only read when a command asks for text"),
        _text("output", "what came back; only read when a command asks for text"),
        # feedback and activity
        _text("kind", "kind of feedback or activity", FEEDBACK_KINDS + ACTIVITY_KINDS),
        Column("value", "float", "rating, score or edited share, by kind", low=-1e9, high=1e9),
        _text("category", "category of a flag, ticket or rubric"),
        _text("final_text", "the user's corrected text; only read when a command asks for text"),
        _text("comment", "free words; only read when a command asks for text"),
    )
}

TEXT = ("prompt", "output", "final_text", "comment")
"""Columns that hold what people and models wrote: never read unless asked for."""

CALL_FACTS = (
    "feature", "query_type", "provider", "model", "model_version", "prompt_version", "environment",
    "tenant", "tier", "segment", "country", "language",
)  # fmt: skip
"""What feedback takes from its call where it does not say so itself."""

CALENDAR = ("minute", "hour", "day", "week", "month", "weekday")
"""Calendar columns that can be asked for, computed from `ts` in the zone of the run."""


@dataclass(frozen=True)
class Sum:
    """A named thing to add up: a number for each row (Narwhals expression), and how shards are added.

    `row` gives an integer for each event, and 0 (for `min`/`max`: null) where it does not apply.
    """

    row: nw.Expr
    add: Literal["sum", "min", "max"] = "sum"


def count(condition: nw.Expr) -> Sum:
    """Return the number of rows for which the condition holds; an unknown condition does not hold."""
    return Sum(nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)))


def total(column: str, where: nw.Expr) -> Sum:
    """Return the sum of an integer column over the rows for which the condition holds; null counts as 0."""
    return Sum(nw.when(where & known(column)).then(nw.col(column)).otherwise(nw.lit(0)))


def in_nano(column: str) -> nw.Expr:
    """Return dollars as whole nano-dollars, rounded half up (`floor` is alike on every engine, `round` is not)."""
    return (nw.col(column) * 1e9 + 0.5).floor().cast(nw.Int64)


def nano(column: str, where: nw.Expr) -> Sum:
    """Return a sum of money in whole nano-dollars, so that it adds exactly in any order."""
    return Sum(nw.when(where & known(column)).then(in_nano(column)).otherwise(nw.lit(0)))


def latest(where: nw.Expr) -> Sum:
    """Return the newest time at which the condition held, null where it never did."""
    return Sum(nw.when(where).then(nw.col("ts")), add="max")


def known(*columns: str) -> nw.Expr:
    """Return whether all of the columns have a value."""
    first, *rest = (~nw.col(column).is_null() for column in columns)
    return reduce(and_, rest, first)


def of_kind(*kinds: str) -> nw.Expr:
    """Return whether the row is feedback or activity of one of the kinds."""
    return nw.col("kind").is_in(kinds)


is_call = nw.col("event") == "call"
is_ok = is_call & ((nw.col("status") == "ok") | nw.col("status").is_null())
is_failed = is_call & nw.col("status").is_in(FAILED)
is_unpriced = is_call & nw.col("cost_usd").is_null() & ~nw.col("status").is_in(FAILED).fill_null(value=False)

calls = count(is_call)
ok_calls = count(is_ok)
calls_with_status = count(is_call & known("status"))
failed_calls = count(is_failed)
timed_out_calls = count(is_call & (nw.col("status") == "timeout"))
rate_limited_calls = count(is_call & (nw.col("status") == "rate_limited"))
calls_with_input = count(is_call & known("input_tokens"))
calls_with_output = count(is_call & known("output_tokens"))
input_tokens = total("input_tokens", is_call)
output_tokens = total("output_tokens", is_call)
calls_with_tokens = count(is_call & (known("input_tokens") | known("output_tokens")))
tokens = Sum(input_tokens.row + output_tokens.row)
priced_calls = count(is_call & known("cost_usd"))
unpriced_calls = count(is_unpriced)
cost = nano("cost_usd", is_call)
dearest = Sum(nw.when(is_call & known("cost_usd")).then(in_nano("cost_usd")), add="max")
thumbs = count(of_kind("thumb") & known("value"))
thumbs_up = count(of_kind("thumb") & (nw.col("value") > 0))
rejected = count(of_kind("reject"))
offered = count(of_kind("accept", "reject"))
completed = count(of_kind("complete"))
tasks = count(of_kind("complete", "abandon", "redo"))
nps_answers = count(of_kind("nps") & known("value"))
promoters = count(of_kind("nps") & (nw.col("value") >= 9))
detractors = count(of_kind("nps") & (nw.col("value") <= 6))
net_promoters = Sum((promoters.row - detractors.row) * 100)
activations = count(of_kind("activate", "opt_in"))
opt_outs = count(of_kind("opt_out"))
last_activation = latest(of_kind("activate", "opt_in"))
last_opt_out = latest(of_kind("opt_out"))


def rounded(number: nw.Expr, digits: int) -> nw.Expr:
    """Return whole numbers below 10**15 rounded half up to `digits` significant digits, by integer steps alone."""
    result = number
    for power in range(1, 16 - digits):
        step = 10**power
        coarse = (number + step // 2) // step * step
        result = nw.when(number >= 10 ** (digits + power - 1)).then(coarse).otherwise(result)
    return result


GRAINS: dict[str, nw.Expr] = {
    "corrected_call": nw.when(of_kind("correction"))
    .then(nw.coalesce(nw.col("request_id"), nw.col("trace_id"), nw.col("session_id")))
    .otherwise(nw.lit("")),
    "feature_or_none": nw.when(known("feature")).then(nw.col("feature")).otherwise(nw.lit("")),
    "cost_nano": nw.when(is_unpriced)
    .then(nw.lit(0))
    .otherwise(nw.when(is_call & known("cost_usd")).then(rounded(in_nano("cost_usd"), 4))),
}
"""Grains that are no column of the log, as expressions over those that are.

A call without a price stands at `cost_nano` 0: it has no rank there, but it is seen to be missing.
"""

SUMS: dict[str, Sum] = {name: thing for name, thing in globals().items() if isinstance(thing, Sum)}
"""Every sum that is declared here, by its name."""


def name_of(what: Sum) -> str:
    """Return the name of a declared sum, which is its column wherever sums are kept; `ValueError` for another."""
    for name, declared in SUMS.items():
        if declared is what:
            return name
    raise ValueError("a sum must be declared in events.py")
