"""PostHog events: generations and embeddings are calls, answers to surveys about a trace are feedback, and users are active.

Durations are seconds. `$ai_total_cost_usd` is the whole cost, of which the parts leave out fees; 0 for used tokens is
unknown. Whether `$ai_input_tokens` include the cached ones is said by `$ai_cache_reporting_exclusive`, else they do not
for Anthropic, nor where there are fewer than cached ones. `$ai_trace` and `$ai_span` sum up calls and are passed over.

`survey sent` with an `$ai_trace_id` is a thumb: 1 is up, 2 is down. A survey with an answer beyond 2 is a `survey`
instead; of the events of one submission the first answer counts. `$ai_metric` and `$ai_evaluation` are `eval`, free-text
`$ai_feedback` a `survey` without a value. What a user does outside of AI is activity of the product, of no feature.

Properties are a map of any names, with prompts among them: only the values of known names are looked into, and a name
that stands twice with different values (once inside a tool's arguments) is not believed.
"""

import re

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, first_of, shape

_SHAPE = frozenset({"event", "distinct_id", "properties", "timestamp"})
_READ = (*sorted(_SHAPE), "uuid")
_CALLS = ("$ai_generation", "$ai_embedding")
_EVALS = ("$ai_metric", "$ai_evaluation")
_SURVEY, _WORDS_ONLY = "survey sent", "$ai_feedback"
_ABOUT_AI = (*_CALLS, *_EVALS, _SURVEY, _WORDS_ONLY)
_ACTS = ("$pageview", "$screen", "$autocapture", "$rageclick")
_NO_ACT = r"^(\$|survey (shown|dismissed|abandoned)$)"
"""Events of PostHog's own, which are no act of a user unless they are in `_ACTS`."""

_PROPERTIES: dict[str, tuple[str, ...]] = {
    "trace_id": ("$ai_trace_id",),
    "parent_id": ("$ai_parent_id",),
    "session_id": ("$ai_session_id", "$session_id"),
    "span_id": ("$ai_span_id",),
    "target_id": ("$ai_target_event_id",),
    "feature": ("feature", "$ai_span_name"),
    "provider": ("$ai_provider",),
    "model": ("$ai_model",),
    "prompt_name": ("$ai_prompt_name",),
    "prompt_version": ("$ai_prompt_version",),
    "input_tokens": ("$ai_input_tokens",),
    "cache_read_tokens": ("$ai_cache_read_input_tokens",),
    "cache_write_tokens": ("$ai_cache_creation_input_tokens",),
    "written_5m": ("$ai_cache_creation_5m_input_tokens",),
    "cache_write_1h_tokens": ("$ai_cache_creation_1h_input_tokens",),
    "output_tokens": ("$ai_output_tokens",),
    "reasoning_tokens": ("$ai_reasoning_tokens",),
    "exclusive": ("$ai_cache_reporting_exclusive",),
    "latency_s": ("$ai_latency",),
    "ttft_s": ("$ai_time_to_first_token",),
    "cost_usd": ("$ai_total_cost_usd",),
    "http_status": ("$ai_http_status",),
    "is_error": ("$ai_is_error",),
    "finish_reason": ("$ai_stop_reason",),
    "category": ("$ai_metric_name", "$ai_evaluation_name"),
    "score": ("$ai_metric_value", "$ai_evaluation_numeric_result", "$ai_evaluation_result"),
    "survey_id": ("$survey_id",),
    "submission_id": ("$survey_submission_id",),
}
"""What an event about AI says, and the properties that say it."""

_NAMES = [name for names in _PROPERTIES.values() for name in names]
_PAIR = rf'"(?:{"|".join(map(re.escape, _NAMES))})":\s*(?:"[^"]*"|[\w.+-]+)'
_ANSWER = r'"\$survey_response[\w-]*":\s*"?(\d+)"?\s*[,}]'
_SCORES = {"true": "1", "positive": "1", "good": "1", "false": "0", "negative": "0", "bad": "0"}
_UP, _DOWN = 1, 2
_FAILED = 400
_AS_SAID = (
    "trace_id", "parent_id", "model", "cache_read_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens",
    "http_status", "finish_reason",
)  # fmt: skip


def _detects(head: Head) -> bool:
    return head.names >= _SHAPE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    raw = raw.with_columns(pl.lit(None, pl.String).alias(name) for name in _READ if name not in raw.columns)
    raw = raw.select(LINE, *_READ)
    if isinstance(raw.schema["properties"], pl.Struct):
        raw = raw.with_columns(pl.col("properties").struct.json_encode())
    told = raw.filter(pl.col("event").is_in(_ABOUT_AI))
    told = told.with_columns(answer=pl.col("properties").str.extract(_ANSWER)).hstack(_properties(told))
    about_trace = (pl.col("event") != _SURVEY) | pl.col("trace_id").is_not_null()
    told = told.filter(about_trace)
    is_call = pl.col("event").is_in(_CALLS)
    found = [
        _calls(told.filter(is_call)),
        _feedback(told.remove(is_call)),
        _activity(raw.join(told, on=LINE, how="anti")),
    ]
    return pl.concat(found, how="diagonal_relaxed").sort(LINE, maintain_order=True)


def _properties(told: pl.DataFrame) -> pl.DataFrame:
    """Return the known properties of each row, a column each, in the order of the rows."""
    index = told.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"), "properties")
    pair = pl.col("pair")
    pairs = index.select("_at", pair=pl.col("properties").str.extract_all(_PAIR)).explode("pair").drop_nulls()
    values = pairs.select(
        "_at",
        key=pair.str.extract(r'^"([^"]+)"'),
        value=pair.str.extract(r'":\s*"?([^"]*)"?$').replace(["", "null"], None),
    )
    agreed = values.group_by("_at", "key").agg(
        pl.when(pl.col("value").n_unique() == 1).then(pl.col("value").first()).alias("value")
    )
    wide = agreed.pivot(on="key", index="_at", values="value")
    absent = (pl.lit(None, pl.String).alias(name) for name in _NAMES if name not in wide.columns)
    rows = index.select("_at").join(wide, on="_at", how="left", maintain_order="left").with_columns(absent)
    return rows.select(first_of(*(pl.col(n) for n in names)).alias(name) for name, names in _PROPERTIES.items())


def _calls(told: pl.DataFrame) -> pl.DataFrame:
    failed = (pl.col("is_error").str.to_lowercase() == "true").fill_null(value=False)
    refused = (_number("http_status") >= _FAILED).fill_null(value=False)
    return told.select(
        LINE,
        *_AS_SAID,
        "session_id",
        "feature",
        event=pl.lit("call"),
        ts="timestamp",
        request_id=first_of(pl.col("uuid"), pl.col("span_id")),
        user_id="distinct_id",
        provider=pl.col("provider").str.to_lowercase(),
        prompt_version=pl.concat_str("prompt_name", "prompt_version", separator="@", ignore_nulls=True),
        status=pl.when(failed & ~refused).then(pl.lit("error"))
        .when(~failed & pl.col("http_status").is_null()).then(pl.lit("ok")),
        latency_ms=_number("latency_s") * 1e3,
        ttft_ms=_number("ttft_s") * 1e3,
        input_tokens=_input_tokens(),
        cache_write_tokens=_written(),
        cost_usd=pl.when(_number("cost_usd") > 0).then("cost_usd"),
        _other=pl.lit(value=False),
    )  # fmt: skip


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _written() -> pl.Expr:
    """Return the tokens written to the cache: the sum, else its parts by how long they are kept."""
    return first_of(_number("cache_write_tokens"), _number("written_5m") + _number("cache_write_1h_tokens"))


def _input_tokens() -> pl.Expr:
    cached = pl.sum_horizontal(_number("cache_read_tokens"), _written())
    said = _number("input_tokens")
    by_provider = pl.col("provider").str.to_lowercase() == "anthropic"
    exclusive = first_of(pl.col("exclusive").str.to_lowercase() == "true", by_provider, pl.lit(value=False))
    return pl.when(exclusive | (said < cached)).then(said + cached).otherwise(said)


def _feedback(told: pl.DataFrame) -> pl.DataFrame:
    survey, answer = pl.col("event") == _SURVEY, _number("answer")
    scaled = (answer.max().over("survey_id") > _DOWN).fill_null(value=False)
    thumb = pl.when(answer == _UP).then(1.0).when(answer == _DOWN).then(0.0)
    word = pl.col("score").str.to_lowercase()
    counted = survey & answer.is_not_null()
    submission = pl.struct("submission_id", counted.alias("counted"))
    again = pl.col("submission_id").is_not_null() & ~submission.is_first_distinct()
    return told.select(
        LINE,
        "trace_id",
        "session_id",
        "category",
        event=pl.lit("feedback"),
        ts="timestamp",
        request_id="target_id",
        user_id="distinct_id",
        kind=pl.when(pl.col("event").is_in(_EVALS)).then(pl.lit("eval"))
        .when(survey & ~scaled).then(pl.lit("thumb")).otherwise(pl.lit("survey")),
        value=pl.when(survey & scaled).then(answer).when(survey).then(thumb)
        .otherwise(word.replace(_SCORES).cast(pl.Float64, strict=False)),
        _other=survey & (answer.is_null() | again),
    )  # fmt: skip


def _activity(rest: pl.DataFrame) -> pl.DataFrame:
    """Return what users did outside of AI; technical events, and those of nobody, are passed over."""
    event = pl.col("event")
    acted = (event.is_in(_ACTS) | ~event.str.contains(_NO_ACT)) & pl.col("distinct_id").is_not_null()
    return rest.select(
        LINE,
        event=pl.lit("activity"),
        kind=pl.lit("active"),
        ts="timestamp",
        user_id="distinct_id",
        _other=~acted.fill_null(value=False),
    )


SOURCE = Source(
    name="posthog",
    title="PostHog events",
    detects=_detects,
    schema=shape(dict.fromkeys(_READ)),
    events=_events,
    together=True,
    sample="posthog.jsonl",
)
