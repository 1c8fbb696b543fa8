"""What can be added up: named sums of whole numbers over events, and the grains that they are taken by.

Both are Narwhals expressions restricted to what every engine computes alike, so that shards add exactly.
"""

from datetime import UTC, datetime
from functools import reduce
from operator import and_
from typing import Literal

import narwhals.stable.v2 as nw
from msgspec import Struct

from aiopsctl.events import EXPLICIT, FAILED, REFUSED, TRUNCATED


class Sum(Struct, frozen=True, eq=False):
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


def micro(column: str, where: nw.Expr) -> Sum:
    """Return a sum of a number in whole millionths, so that it adds exactly in any order."""
    millionths = (nw.col(column) * 1e6 + 0.5).floor().cast(nw.Int64)
    return Sum(nw.when(where & known(column)).then(millionths).otherwise(nw.lit(0)))


def latest(where: nw.Expr) -> Sum:
    """Return the newest time at which the condition held, null where it never did."""
    return Sum(nw.when(where).then(nw.col("ts")), add="max")


def earliest(where: nw.Expr) -> Sum:
    """Return the oldest time at which the condition held, null where it never did."""
    return Sum(nw.when(where).then(nw.col("ts")), add="min")


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
due_calls = Sum(priced_calls.row + unpriced_calls.row)
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

# satisfaction and engagement
is_csat = of_kind("csat") & known("value")
names_call = known("request_id") | known("trace_id") | known("session_id")
is_in_use = is_call | of_kind("active")
rows = count(known("event"))
csat_answers = count(is_csat)
csat_points = micro("value", is_csat)
tickets = count(of_kind("ticket"))
in_product = count(is_call | (nw.col("event") == "activity"))
first_activation = earliest(of_kind("activate", "opt_in"))
first_call = earliest(is_call)
first_active = earliest(of_kind("active"))
last_in_use = latest(is_in_use)
ai_completed = count(of_kind("complete") & names_call)
ai_tasks = count(of_kind("complete", "abandon", "redo") & names_call)
# quality
is_marked = nw.col("event") == "feedback"
stars = count(of_kind("star") & known("value"))
star_points = micro("value", of_kind("star"))
stars_1 = count(of_kind("star") & (nw.col("value") < 1.5))
stars_2 = count(of_kind("star") & (nw.col("value") >= 1.5) & (nw.col("value") < 2.5))
stars_3 = count(of_kind("star") & (nw.col("value") >= 2.5) & (nw.col("value") < 3.5))
stars_4 = count(of_kind("star") & (nw.col("value") >= 3.5) & (nw.col("value") < 4.5))
stars_5 = count(of_kind("star") & (nw.col("value") >= 4.5))
explicit = count(of_kind(*EXPLICIT))
corrections = count(of_kind("correction"))
sized_corrections = count(of_kind("correction") & known("value"))
edited = micro("value", of_kind("correction"))
abandoned = count(of_kind("abandon"))
redone = count(of_kind("redo"))
copies = count(of_kind("copy"))
shares = count(of_kind("share"))
followed = count(of_kind("copy", "share", "accept", "complete"))
flags = count(of_kind("flag"))
escalations = count(of_kind("escalation"))
samples = count(of_kind("review"))
reviews = count(of_kind("review") & known("value"))
review_points = micro("value", of_kind("review"))
first_sample = earliest(of_kind("review"))
evals = count(of_kind("eval") & known("value"))
eval_points = micro("value", of_kind("eval"))

# health and tokens
cancelled_calls = count(is_call & (nw.col("status") == "cancelled"))
filtered_calls = count(is_call & (nw.col("status") == "filtered"))
calls_with_http_status = count(is_call & known("http_status"))
server_errors = count(is_call & (nw.col("http_status") >= 500))
client_errors = count(
    is_call & (nw.col("http_status") >= 400) & (nw.col("http_status") < 500) & (nw.col("http_status") != 429)
)
is_generated = is_ok & known("latency_ms", "output_tokens")
generated_calls = count(is_generated)
generated_tokens = total("output_tokens", is_generated)
is_streamed = (nw.col("latency_ms") > nw.col("ttft_ms")).fill_null(value=False)
generation_ms = Sum(
    nw.when(is_generated & is_streamed)
    .then(nw.col("latency_ms") - nw.col("ttft_ms"))
    .otherwise(nw.when(is_generated).then(nw.col("latency_ms")).otherwise(nw.lit(0)))
)
calls_with_retries = count(is_call & known("retries"))
retried_calls = count(is_call & (nw.col("retries") > 0))
finished_calls = count(is_call & known("finish_reason"))
truncated_calls = count(is_call & nw.col("finish_reason").is_in(TRUNCATED))
ended_calls = count(is_call & (known("finish_reason") | known("status")))
refused_calls = count(is_call & (nw.col("finish_reason").is_in(REFUSED) | (nw.col("status") == "filtered")))
calls_with_cache = count(is_call & known("cache_read_tokens", "input_tokens"))
cached_tokens = total("cache_read_tokens", is_call & known("input_tokens"))
cacheable_tokens = total("input_tokens", is_call & known("cache_read_tokens"))
calls_with_cache_hit = count(is_call & known("cache_hit"))
cache_hits = count(is_call & nw.col("cache_hit"))
calls_with_characters = count(is_call & known("prompt_characters", "input_tokens"))
characters = total("prompt_characters", is_call & known("input_tokens"))
tokens_of_characters = total("input_tokens", is_call & known("prompt_characters"))
is_timed_text = is_ok & known("latency_ms", "prompt_characters")
timed_texts = count(is_timed_text)
latency_of_characters = total("latency_ms", is_timed_text)
characters_of_timed = total("prompt_characters", is_timed_text)
is_priced_text = is_call & known("cost_usd", "prompt_characters")
priced_texts = count(is_priced_text)
cost_of_characters = nano("cost_usd", is_priced_text)
characters_of_priced = total("prompt_characters", is_priced_text)
calls_with_system = count(is_call & known("input_tokens", "system_tokens"))
calls_with_context = count(is_call & known("input_tokens", "context_tokens"))
calls_with_user = count(is_call & known("input_tokens", "user_tokens"))
system_tokens = total("system_tokens", is_call & known("input_tokens"))
context_tokens = total("context_tokens", is_call & known("input_tokens"))
user_tokens = total("user_tokens", is_call & known("input_tokens"))


def rounded(number: nw.Expr, digits: int) -> nw.Expr:
    """Return whole numbers below 10**15 rounded half up to `digits` significant digits, by integer steps alone."""
    step = nw.lit(1, nw.Int64)
    for power in range(1, 16 - digits):
        step = nw.when(number >= 10 ** (digits + power - 1)).then(nw.lit(10**power, nw.Int64)).otherwise(step)
    return (number + step // 2) // step * step


NEVER = nw.lit(datetime(1970, 1, 1, tzinfo=UTC), nw.Datetime("us", "UTC"))
"""The time at which what never happened did, so that other rows count beside it."""

GRAINS: dict[str, nw.Expr] = {
    "marked_call": nw.when(is_marked)
    .then(nw.coalesce(nw.col("request_id"), nw.col("trace_id"), nw.col("session_id")))
    .otherwise(nw.lit("")),
    "escalated_at": nw.when(of_kind("escalation")).then(nw.col("ts")).otherwise(NEVER),
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

`marked_call` is what feedback is about, and empty for all other rows; feedback that names nothing is no row of it.
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
