"""What can be added up: named sums of whole numbers over events, and the grains that they are taken by.

Both are Narwhals expressions restricted to what every engine computes alike, so that shards add exactly.
"""

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Literal

import narwhals.stable.v2 as nw

from aiopsctl.events import FAILED


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
retrieval_cost = nano("retrieval_cost_usd", is_call & known("cost_usd"))
infra_cost = nano("infra_cost_usd", is_call & known("cost_usd"))
model_cost = Sum(cost.row - retrieval_cost.row - infra_cost.row)
calls_with_retrieval = count(is_call & known("cost_usd", "retrieval_cost_usd"))
calls_with_infra = count(is_call & known("cost_usd", "infra_cost_usd"))
input_tokens_of_priced = total("input_tokens", is_call & known("cost_usd"))
cached_tokens_of_priced = total("cache_read_tokens", is_call & known("cost_usd"))
output_tokens_of_priced = total("output_tokens", is_call & known("cost_usd"))
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
    "model_or_none": nw.when(known("model") | known("model_version"))
    .then(nw.coalesce(nw.col("model"), nw.col("model_version")))
    .otherwise(nw.lit("")),
    "tier_or_none": nw.when(known("tier")).then(nw.col("tier")).otherwise(nw.lit("")),
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
    raise ValueError("a sum must be declared in sums.py")
