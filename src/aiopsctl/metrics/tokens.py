"""Tokens: how long prompts and answers are, and how much of the prompts need not be paid in full."""

import polars as pl

from aiopsctl import sums
from aiopsctl.metric import Metric, Threshold
from aiopsctl.values import counted_quantile, mean, rate, share

_CREEP = "From 100 Users to 100,000 / Prompt Length Creep"
_CACHING = "Caching Strategies That Save Money / Exact Match Caching"
_LANGUAGES = "International Expansion / Linguistic Complexity"
_TYPICAL = "The typical call, untouched by a few very long ones."


def _tokens(direction: str, title: str, why: str, thresholds: tuple[Threshold, ...] = ()) -> Metric:
    column = f"{direction}_tokens"
    known = {"input": sums.calls_with_input, "output": sums.calls_with_output}[direction]
    spent = {"input": sums.input_tokens, "output": sums.output_tokens}[direction]
    return Metric(
        name=f"{direction}-tokens",
        title=title,
        dimension="cost",
        unit="tokens",
        worse="higher",
        why=why,
        formula=f"sum of {column} / calls whose {column} is known",
        handbook=_CREEP,
        sums={"tokens": spent, "known": known},
        value=mean("tokens", "known"),
        needs=(column,),
        example=([{column: 100}, {column: 200}, {column: None}], 150),
        thresholds=thresholds,
    )


def _tokens_quantile(direction: str, q: float, title: str, why: str) -> Metric:
    column = f"{direction}_tokens"
    known = {"input": sums.calls_with_input, "output": sums.calls_with_output}[direction]
    return Metric(
        name=f"{direction}-tokens-p{q * 100:.0f}",
        title=title,
        dimension="cost",
        unit="tokens",
        worse="higher",
        why=why,
        formula=f"smallest {column} that at least {q:.0%} of calls do not exceed; no interpolation",
        handbook=_CREEP,
        grain=(column,),
        sums={"known": known},
        value=counted_quantile(column, "known", q),
        needs=(column,),
        example=([{column: n} for n in range(1, 101)], q * 100),
    )


input_tokens = _tokens(
    "input",
    "input tokens per call",
    "Prompts grow with longer documents, more context and longer templates, and the bill with them.",
    thresholds=(Threshold("rise", _CREEP, warning=0.2, window="30d"),),
)
input_tokens_p50 = _tokens_quantile("input", 0.5, "median input tokens", _TYPICAL)
input_tokens_p95 = _tokens_quantile("input", 0.95, "p95 input tokens", "How long the long prompts are.")
input_tokens_p99 = _tokens_quantile(
    "input", 0.99, "p99 input tokens", "The prompts that meet the model's context limit."
)
output_tokens = _tokens("output", "output tokens per call", "Output costs several times as much as input.")
output_tokens_p50 = _tokens_quantile("output", 0.5, "median output tokens", _TYPICAL)
output_tokens_p95 = _tokens_quantile("output", 0.95, "p95 output tokens", "How long the long answers are.")

tokens_per_character = Metric(
    name="tokens-per-character",
    title="input tokens per character",
    dimension="cost",
    unit="tokens",
    worse="higher",
    why="The same text costs two to three times as much in some languages.",
    formula="sum of input_tokens / sum of prompt_characters, of calls that tell both",
    handbook=_LANGUAGES,
    sums={
        "tokens": sums.tokens_of_characters,
        "characters": sums.characters,
        "known": sums.calls_with_characters,
    },
    value=mean("tokens", "characters", n="known"),
    needs=("input_tokens", "prompt_characters"),
    example=(
        [
            {"input_tokens": 100, "prompt_characters": 400},
            {"input_tokens": 200, "prompt_characters": 200},
            {"input_tokens": 900},
        ],
        0.5,
    ),
)

cache_read_share = Metric(
    name="cache-read-share",
    title="input read from cache",
    dimension="cost",
    unit="ratio",
    worse="lower",
    why="What the provider reads from its cache costs a fraction; a fall is a prompt whose beginning changed.",
    formula="sum of cache_read_tokens / sum of input_tokens, of calls that tell both",
    handbook="Caching Strategies That Save Money",
    sums={"cached": sums.cached_tokens, "tokens": sums.cacheable_tokens, "known": sums.calls_with_cache},
    value=mean("cached", "tokens", n="known", most=1),
    needs=("input_tokens", "cache_read_tokens"),
    example=(
        [
            {"input_tokens": 100, "cache_read_tokens": 80},
            {"input_tokens": 300, "cache_read_tokens": 0},
            {"input_tokens": 999},
        ],
        0.2,
    ),
)

cache_hit_rate = Metric(
    name="cache-hit-rate",
    title="cache hit rate",
    dimension="cost",
    unit="ratio",
    worse="lower",
    why="Answers that needed no model at all.",
    formula="calls with cache_hit true / calls whose cache_hit is known",
    handbook=_CACHING,
    sums={"hits": sums.cache_hits, "known": sums.calls_with_cache_hit},
    value=rate("hits", "known"),
    needs=("cache_hit",),
    example=([{"cache_hit": True}, *[{"cache_hit": False}] * 3, {}], 0.25),
)

repeat_prompt_share = Metric(
    name="repeat-prompt-share",
    title="repeated prompts",
    dimension="cost",
    unit="ratio",
    worse="neither",
    why="How much an exact-match cache could answer.",
    formula="calls whose prompt_hash occurred before in the window / calls with a prompt_hash",
    handbook=_CACHING,
    grain=("prompt_hash",),
    sums={"calls": sums.calls},
    value=share(
        (pl.col("calls") - 1).clip(0).sum(), pl.col("calls").sum(), "calls beyond the first of each prompt_hash / calls"
    ),
    needs=("prompt_hash",),
    example=([{"prompt_hash": name} for name in ("a", "b", "a", "c", "a")], 0.4),
)

unpriced_share = Metric(
    name="unpriced-share",
    title="calls without a price",
    dimension="cost",
    unit="ratio",
    worse="higher",
    why="A bill that leaves calls out is too low: above 5 % the cost is unknown.",
    formula="calls that did not fail and whose cost is unknown / these and the calls whose cost is known",
    handbook="What to Watch / 2. Cost",
    sums={"unpriced": sums.unpriced_calls, "due": sums.due_calls},
    value=rate("unpriced", "due"),
    needs=("event",),
    example=([*[{"cost_usd": 0.1}] * 3, {"status": "ok"}, {"status": "timeout"}], 0.25),
)
