"""Requests of a vLLM benchmark, one a line, with the engine's own stamps.

`arrival_time` is the time of day (epoch seconds); `queued_ts`, `first_token_ts` and `last_token_ts` are seconds of a
clock of their own, so durations are taken among these alone: latency from `queued_ts` to `last_token_ts`, time to first
token from `queued_ts` to `first_token_ts`. Waiting in the queue is part of both, as in vLLM's own summaries. Runs count
their requests from 0, so a request is told by its name and its arrival.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, shape

_SHAPE = frozenset(
    {"request_id", "input_toks", "output_toks", "arrival_time", "queued_ts", "first_token_ts", "last_token_ts"}
)


def _detects(head: Head) -> bool:
    return head.names >= _SHAPE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    answered = _seconds("last_token_ts") > 0
    return raw.select(
        LINE,
        event=pl.lit("call"),
        ts="arrival_time",
        request_id=pl.concat_str("request_id", "arrival_time", separator="@"),
        status=pl.when(answered).then(pl.lit("ok")),
        latency_ms=pl.when(answered).then(_since_queued("last_token_ts")),
        ttft_ms=pl.when(_seconds("first_token_ts") > 0).then(_since_queued("first_token_ts")),
        input_tokens="input_toks",
        output_tokens="output_toks",
        _other=pl.lit(value=False),
    )


def _seconds(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _since_queued(column: str) -> pl.Expr:
    return (_seconds(column) - _seconds("queued_ts")) * 1e3


SOURCE = Source(
    name="vllm",
    title="vLLM benchmark requests",
    detects=_detects,
    schema=shape(dict.fromkeys(sorted(_SHAPE))),
    events=_events,
    sample="vllm.jsonl",
)
