"""OpenTelemetry GenAI spans and evaluation events, as OTLP JSON lines (`TracesData` and `LogsData`).

A call is a leaf inference span. Agents, workflows and tools are none: the usage on an agent's span is the sum of the
calls under it. An inference span that wraps another one of the same operation (a framework and the provider's client,
both instrumented) gives way to the inner one where both are read together. Every other span is passed over, and
counted. Evaluation results, as span events or log records, are feedback of kind `eval`.

The attribute names are still being renamed upstream; all spellings in use are accepted, the newest first. The value of
an attribute is parsed as its JSON text: four times as fast as its nested type, and only the values of known names are
looked into, so that messages recorded on spans are never read.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, first_of, shape, text

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "operation": (
        "gen_ai.operation.name", "openinference.span.kind", "langfuse.observation.type", "llm.request.type",
        "traceloop.span.kind",
    ),
    "response_id": ("gen_ai.response.id",),
    "user_id": (
        "user.id", "enduser.id", "langfuse.user.id", "gen_ai.user", "llm.user",
        "traceloop.association.properties.user_id",
    ),
    "session_id": (
        "gen_ai.conversation.id", "session.id", "langfuse.session.id", "traceloop.association.properties.session_id",
    ),
    "feature": (
        "gen_ai.agent.name", "gen_ai.workflow.name", "gen_ai.prompt.name", "traceloop.workflow.name", "service.name",
    ),
    "environment": ("deployment.environment.name", "deployment.environment", "langfuse.environment"),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "model": (
        "gen_ai.request.model", "llm.request.model", "llm.model_name", "embedding.model_name",
        "langfuse.observation.model.name",
    ),
    "model_version": ("gen_ai.response.model", "llm.response.model"),
    "prompt_name": ("gen_ai.prompt.name", "langfuse.observation.prompt.name", "traceloop.prompt.key"),
    "prompt_version": (
        "gen_ai.prompt.version", "langfuse.observation.prompt.version", "llm.prompt_template.version",
        "traceloop.prompt.version",
    ),
    "service_tier": (
        "openai.response.service_tier", "gen_ai.openai.response.service_tier", "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
    "error_type": ("error.type",),
    "http_status": ("http.response.status_code", "http.status_code"),
    "finish_reason": (
        "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.response.finish_reason",
        "gen_ai.response.stop_reason", "llm.response.stop_reason", "llm.finish_reason",
        "gen_ai.completion.0.finish_reason", "stop_reason",
    ),
    "ttft_s": ("gen_ai.response.time_to_first_chunk",),
    "ttft_ms": ("ttft_ms",),
    "input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt",
    ),
    "uncached_input_tokens": ("input_tokens",),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
        "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.input_cached_tokens", "llm.token_count.prompt_details.cache_read", "input_cached_tokens",
        "cache_read_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_tokens",
        "gen_ai.usage.details.cache_write_tokens", "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write", "cache_creation_tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
        "llm.token_count.completion", "output_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens", "gen_ai.usage.completion_details.reasoning",
        "llm.token_count.completion_details.reasoning",
    ),
    "cost_usd": ("gen_ai.usage.cost", "llm.cost.total"),
}  # fmt: skip
"""What an inference span says, and the attributes that say it, the best first."""

_RESOURCE = ("feature", "environment", "user_id", "session_id")
"""What the resource may say where the span does not."""

_INFERENCE = (
    "chat", "generate_content", "text_completion", "embeddings",
    "llm", "embedding", "generation", "completion",
)  # fmt: skip
"""Operations that are a call: the conventions' own, then those of OpenInference, Langfuse and OpenLLMetry."""

_NO_CALL = r"^(invoke_agent|create_agent|invoke_workflow|execute_tool)\b"
_EVALUATION = "gen_ai.evaluation.result"
_EVALUATION_NAMES = ("gen_ai.evaluation.name", "gen_ai.evaluation.score.value", "gen_ai.response.id", "event.name")
_EXCEPTION = "exception.type"
_NAMES = sorted({name for names in _SPELLINGS.values() for name in names})
_RESOURCE_NAMES = sorted({name for column in _RESOURCE for name in _SPELLINGS[column]})

_ATTRIBUTES = [{"key": None, "value": None}]
_SPAN = {
    "traceId": None, "spanId": None, "parentSpanId": None, "name": None,
    "startTimeUnixNano": None, "endTimeUnixNano": None, "status": {"code": None}, "attributes": _ATTRIBUTES,
    "events": [{"timeUnixNano": None, "name": None, "attributes": _ATTRIBUTES}],
}  # fmt: skip
_LOG = {
    "timeUnixNano": None, "observedTimeUnixNano": None, "eventName": None, "traceId": None, "spanId": None,
    "attributes": _ATTRIBUTES,
}  # fmt: skip


def _detects(head: Head) -> bool:
    return bool(head.names & {"resourceSpans", "resourceLogs"})


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    spans, logs = _spans(raw), _logs(raw)
    is_call = _is_call()
    calls = spans.filter(is_call)
    leaves = _without_wrappers(calls)
    passed = [
        spans.filter(~is_call).select(LINE),
        calls.join(leaves.select("_span"), on="_span", how="anti").select(LINE),
        logs.filter(~_is_evaluation()).select(LINE),
        raw.select(LINE).filter(~pl.col(LINE).is_in(spans[LINE].implode()) & ~pl.col(LINE).is_in(logs[LINE].implode())),
    ]
    found = [_calls(leaves), _span_evaluations(spans), _log_evaluations(logs)]
    return pl.concat(
        [frame.with_columns(_other=pl.lit(value=False)) for frame in found]
        + [frame.with_columns(_other=pl.lit(value=True)) for frame in passed],
        how="diagonal_relaxed",
    )


def _spans(raw: pl.DataFrame) -> pl.DataFrame:
    """Return one row a span, with what its attributes say under the names of `_SPELLINGS`."""
    resources = raw.select(LINE, "resourceSpans").explode("resourceSpans").unnest("resourceSpans")
    said = _attributes(resources.select(attributes=text("resource", "attributes")), _RESOURCE_NAMES)
    resources = resources.drop("resource").hstack(said.select(_said(column).alias(f"r_{column}") for column in _RESOURCE))
    spans = (
        resources.explode("scopeSpans")
        .with_columns(span=text("scopeSpans", "spans")).drop("scopeSpans")
        .explode("span").filter(pl.col("span").is_not_null())
        .unnest("span")
    )  # fmt: skip
    spans = spans.rename({"name": "span_name", "status": "span_status"}).with_row_index("_span")
    own = _attributes(spans, _NAMES).select(_said(column).alias(column) for column in _SPELLINGS)
    return spans.drop("attributes").hstack(own)


def _attributes(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return the attributes of each row that have one of the names, a column each, in the order of the rows."""
    index = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"), "attributes")
    pairs = (
        index.explode("attributes").unnest("attributes")
        .filter(pl.col("key").is_in(names))
        .with_columns(_plain(pl.col("value")).alias("value"))
    )  # fmt: skip
    wide = pairs.pivot(on="key", on_columns=names, index="_at", values="value", aggregate_function="first")
    return index.select("_at").join(wide, on="_at", how="left", maintain_order="left").drop("_at")


def _plain(value: pl.Expr) -> pl.Expr:
    """Return the text or number in an attribute's value, `{"intValue": "3"}`; of an array the first text."""
    scalar = value.str.extract(r'(?s)^\{"(?:string|int|double|bool)Value":\s*"?(.*?)"?\}$')
    first = value.str.extract(r'(?s)^\{"arrayValue".*?"stringValue":\s*"(.*?)"\}')
    return first_of(scalar.str.replace_all('\\"', '"', literal=True), first)


def _said(column: str) -> pl.Expr:
    return first_of(*(pl.col(name) for name in _SPELLINGS[column]))


def _is_call() -> pl.Expr:
    """Return whether a span is an inference: by its operation, or, without one, by a model or usage."""
    operation = _operation()
    evidence = pl.any_horizontal(
        pl.col(name).is_not_null()
        for name in ("model", "model_version", "input_tokens", "uncached_input_tokens", "output_tokens")
    )
    undeclared = evidence & ~pl.col("span_name").str.contains(_NO_CALL).fill_null(value=False)
    return pl.when(operation.is_not_null()).then(operation.is_in(_INFERENCE)).otherwise(undeclared)


def _operation() -> pl.Expr:
    operation = pl.col("operation").str.to_lowercase()
    return pl.when(operation != "unknown").then(operation)


def _without_wrappers(calls: pl.DataFrame) -> pl.DataFrame:
    """Leave out a call that is the parent of another call of the same operation."""
    inner = calls.select("traceId", _operation().alias("operation"), spanId="parentSpanId")
    outer = calls.with_columns(_operation().alias("operation"))
    return outer.join(inner, on=["traceId", "spanId", "operation"], how="anti", nulls_equal=True)


def _calls(spans: pl.DataFrame) -> pl.DataFrame:
    spans = spans.join(_exceptions(spans), on="_span", how="left", maintain_order="left")
    spans = spans.with_columns(error_type=first_of(pl.col("error_type"), pl.col(_EXCEPTION)))
    spans = spans.with_columns(
        http_status=first_of(pl.col("http_status"), pl.col("error_type").str.extract(r"^([1-5]\d\d)$")),
        finish_reason=pl.col("finish_reason").str.extract(r"([\w-]+)"),
    )
    same = ("user_id", "session_id", "service_tier", "error_type", "http_status", "finish_reason", "model_version",
            "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_usd")  # fmt: skip
    return spans.select(
        LINE,
        *(first_of(pl.col(name), pl.col(f"r_{name}")) if name in _RESOURCE else pl.col(name) for name in same),
        feature=first_of(pl.col("feature"), pl.col("r_feature")),
        environment=first_of(pl.col("environment"), pl.col("r_environment")),
        event=pl.lit("call"),
        ts=pl.col("startTimeUnixNano"),
        latency_ms=(_number("endTimeUnixNano", pl.Int64()) - _number("startTimeUnixNano", pl.Int64())) / 1e6,
        ttft_ms=first_of(_number("ttft_s") * 1000, _number("ttft_ms")),
        request_id=_request_id(),
        trace_id="traceId",
        parent_id="parentSpanId",
        provider=pl.col("provider").str.to_lowercase(),
        model=first_of(pl.col("model"), pl.col("model_version")),
        prompt_version=pl.concat_str("prompt_name", "prompt_version", separator="@", ignore_nulls=True),
        input_tokens=_input_tokens(),
        status=_status(),
    )


def _number(column: str, dtype: pl.DataType = pl.Float64()) -> pl.Expr:
    return pl.col(column).cast(dtype, strict=False)


def _request_id() -> pl.Expr:
    return first_of(pl.col("response_id"), pl.col("spanId"))


def _input_tokens() -> pl.Expr:
    """Return all input tokens: a bare `input_tokens`, and a number smaller than its cached part, leave the cache out."""
    cached = pl.sum_horizontal(_number("cache_read_tokens"), _number("cache_write_tokens"))
    whole, uncached = _number("input_tokens"), _number("uncached_input_tokens")
    return first_of(pl.when(whole < cached).then(whole + cached).otherwise(whole), uncached + cached)


def _status() -> pl.Expr:
    """Return how a call ended; null leaves it to its HTTP status or the name of its error."""
    code, error = _number("http_status"), pl.col("error_type")
    failed = text("span_status", "code").is_in(["2", "STATUS_CODE_ERROR"]).fill_null(value=False)
    told = (code >= 400) | (code.is_null() & error.is_not_null())  # noqa: PLR2004 - from 400 on HTTP tells of errors
    return (
        pl.when(pl.col("finish_reason") == "content_filter").then(pl.lit("filtered"))
        .when(failed & ~told.fill_null(value=False)).then(pl.lit("error"))
        .when(~failed & code.is_null() & error.is_null()).then(pl.lit("ok"))
    )  # fmt: skip


def _exceptions(spans: pl.DataFrame) -> pl.DataFrame:
    """Return the type of the first exception that was recorded on each span."""
    found = _span_events(spans, "exception")
    types = found.select("_span").hstack(_attributes(found, [_EXCEPTION])).drop_nulls()
    return types.unique("_span", keep="first", maintain_order=True)


def _span_events(spans: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the events of one name, with the span that they are on."""
    return (
        spans.select(LINE, "_span", "traceId", _request_id().alias("request_id"), "events")
        .filter(pl.col("events").list.len() > 0)
        .explode("events").unnest("events")
        .filter(pl.col("name") == name)
    )  # fmt: skip


def _span_evaluations(spans: pl.DataFrame) -> pl.DataFrame:
    found = _span_events(spans, _EVALUATION)
    found = found.hstack(_attributes(found, list(_EVALUATION_NAMES)))
    return _feedback(found, ts=pl.col("timeUnixNano"), about=pl.col("request_id"))


def _logs(raw: pl.DataFrame) -> pl.DataFrame:
    """Return one row a log record, with what its attributes say of an evaluation."""
    logs = (
        raw.select(LINE, "resourceLogs").explode("resourceLogs")
        .select(LINE, scope=text("resourceLogs", "scopeLogs")).explode("scope")
        .select(LINE, log=text("scope", "logRecords")).explode("log")
        .filter(pl.col("log").is_not_null())
        .unnest("log")
    )  # fmt: skip
    return logs.hstack(_attributes(logs, list(_EVALUATION_NAMES)))


def _is_evaluation() -> pl.Expr:
    return (first_of(pl.col("eventName"), pl.col("event.name")) == _EVALUATION).fill_null(value=False)


def _log_evaluations(logs: pl.DataFrame) -> pl.DataFrame:
    time = first_of(*(pl.when(pl.col(name) != "0").then(name) for name in ("timeUnixNano", "observedTimeUnixNano")))
    return _feedback(logs.filter(_is_evaluation()), ts=time, about=pl.col("spanId"))


def _feedback(found: pl.DataFrame, *, ts: pl.Expr, about: pl.Expr) -> pl.DataFrame:
    """Return evaluation results as feedback on the response that they name, else on the span that they are on."""
    return found.select(
        LINE,
        event=pl.lit("feedback"),
        kind=pl.lit("eval"),
        ts=ts,
        request_id=first_of(pl.col("gen_ai.response.id"), about),
        trace_id="traceId",
        category="gen_ai.evaluation.name",
        value="gen_ai.evaluation.score.value",
    )


SOURCE = Source(
    name="otel",
    title="OpenTelemetry GenAI spans, OTLP JSON lines",
    detects=_detects,
    schema=shape({
        "resourceSpans": [{"resource": {"attributes": _ATTRIBUTES}, "scopeSpans": [{"spans": [_SPAN]}]}],
        "resourceLogs": [{"scopeLogs": [{"logRecords": [_LOG]}]}],
    }),
    events=_events,
    sample="otel.jsonl",
)
