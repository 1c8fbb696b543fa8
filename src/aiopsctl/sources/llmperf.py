"""LLMPerf's individual responses: a JSON array with one object a request, without time, model or text.

Durations are seconds upstream. A request that was never answered carries zeros for its durations and a token for its
empty output; these are no measurements, and are left out. A request that failed after it was answered (-100: too few
tokens) keeps its durations; upstream's own summaries leave it out, as do metrics of latency, which count calls that
ended well.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, shape

_TELLING = frozenset({"error_code", "ttft_s", "end_to_end_latency_s", "number_input_tokens", "number_output_tokens"})


def _detects(head: Head) -> bool:
    return head.names >= _TELLING


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    code = pl.col("error_code").str.strip_suffix(".0")
    failed = code.is_not_null()
    answered = ~failed | (_milliseconds("end_to_end_latency_s") > 0)
    return raw.select(
        LINE,
        event=pl.lit("call"),
        status=pl.when(~failed).then(pl.lit("ok")),
        http_status=pl.when(code.str.contains(r"^[1-5]\d\d$")).then(code),
        error_type=code,
        latency_ms=pl.when(answered).then(_milliseconds("end_to_end_latency_s")),
        ttft_ms=pl.when(answered).then(_milliseconds("ttft_s")),
        input_tokens="number_input_tokens",
        output_tokens=pl.when(answered).then("number_output_tokens"),
        _other=pl.lit(value=False),
    )


def _milliseconds(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False) * 1000


SOURCE = Source(
    name="llmperf",
    title="LLMPerf individual responses",
    detects=_detects,
    schema=shape(dict.fromkeys(sorted(_TELLING))),
    events=_events,
    timed=False,
    sample="llmperf.json",
)
