"""OpenTelemetry GenAI spans and evaluation events, as OTLP JSON lines (`TracesData` and `LogsData`).

A call is a leaf inference span. Agents, workflows and tools are none: the usage on an agent's span is the sum of the
calls under it. An inference span that wraps another one of the same operation (a framework and the provider's client,
both instrumented) gives way to the inner one where both are read together. Every other span is passed over, and
counted; a user or session that it names is that of its trace. Evaluation results, as span events or log records, are
feedback of kind `eval`.

The attribute names are still being renamed upstream; all spellings in use are accepted, the newest first. The value of
an attribute is parsed as its JSON text: three times as fast as its nested type, and only the values of known names are
looked into, so that messages recorded on spans are never read.
"""

import polars as pl

from aiopsctl.sources._otel_names import SPELLINGS
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape, text
from aiopsctl.sources.traces import TRACE

_RESOURCE = ("feature", "environment", "user_id", "session_id")
"""What the resource may say where the span does not."""

_INFERENCE = (
    "chat", "generate_content", "text_completion", "embeddings",
    "llm", "embedding", "generation", "completion",
)  # fmt: skip
"""Operations that are a call: the conventions' own, then those of OpenInference, Langfuse and OpenLLMetry."""

_EVIDENCE = ("model", "model_version", "input_tokens", "uncached_input_tokens", "output_tokens")
"""What only an inference says: a span that says one of these, and no operation, is a call."""

_AS_SAID = (
    "user_id", "session_id", "feature", "environment", "model_version", "service_tier", "error_type", "http_status",
    "finish_reason", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "cost_usd",
)  # fmt: skip
"""Canonical columns that need nothing done to them."""

_NO_CALL = r"^(invoke_agent|create_agent|invoke_workflow|execute_tool)\b"
_FAILED = 400
_EVALUATION = "gen_ai.evaluation.result"
_EVALUATION_NAMES = ("gen_ai.evaluation.name", "gen_ai.evaluation.score.value", "gen_ai.response.id", "event.name")
_EXCEPTION = "exception.type"
_NAMES = sorted({name for names in SPELLINGS.values() for name in names})
_RESOURCE_NAMES = sorted({name for column in _RESOURCE for name in SPELLINGS[column]})

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
    inferences = spans.filter(_is_inference())
    leaves = _without_wrappers(inferences)
    found = [_calls(leaves), _span_evaluations(spans), _log_evaluations(logs)]
    passed = [
        spans.join(leaves, on="_span", how="anti").select(
            LINE, "user_id", "session_id", trace_id="traceId", event=pl.lit(TRACE)
        ),
        logs.filter(~_is_evaluation()).select(LINE),
        raw.select(LINE).join(spans, on=LINE, how="anti").join(logs, on=LINE, how="anti"),
    ]
    rows = pl.concat(
        [frame.with_columns(_other=pl.lit(value=False)) for frame in found]
        + [frame.with_columns(_other=pl.lit(value=True)) for frame in passed],
        how="diagonal",
    )
    return rows.sort(LINE, maintain_order=True)


def _spans(raw: pl.DataFrame) -> pl.DataFrame:
    """Return one row a span, with what its attributes, or else its resource's, say under the names of `SPELLINGS`."""
    resources = raw.select(LINE, "resourceSpans").explode("resourceSpans").unnest("resourceSpans")
    shared = _attributes(resources.select(attributes=text("resource", "attributes")), _RESOURCE_NAMES)
    spans = (
        resources.drop("resource")
        .hstack(shared.select(_said(column).alias(f"shared_{column}") for column in _RESOURCE))
        .explode("scopeSpans").with_columns(span=text("scopeSpans", "spans")).drop("scopeSpans")
        .explode("span").filter(pl.col("span").is_not_null()).unnest("span")
        .rename({"name": "span_name", "status": "span_status"})
        .with_row_index("_span")
    )  # fmt: skip
    own = _attributes(spans, _NAMES).select(_said(column).alias(column) for column in SPELLINGS)
    said = (first_of(pl.col(column), pl.col(f"shared_{column}")) for column in _RESOURCE)
    return spans.drop("attributes").hstack(own).with_columns(said)


def _attributes(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return the attributes of each row that have one of the names, a column each, in the order of the rows."""
    index = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"), "attributes")
    pairs = (
        index.explode("attributes").unnest("attributes")
        .filter(pl.col("key").is_in(names))
        .with_columns(_plain(pl.col("value")).alias("value"))
    )  # fmt: skip
    wide = pairs.pivot(on="key", index="_at", values="value", aggregate_function="first")
    absent = (pl.lit(None, pl.String).alias(name) for name in names if name not in wide.columns)
    return index.select("_at").join(wide, on="_at", how="left", maintain_order="left").drop("_at").with_columns(absent)


def _plain(value: pl.Expr) -> pl.Expr:
    """Return the text or number in an attribute's value, `{"intValue": "3"}`; of an array the first text."""
    scalar = value.str.extract(r'(?s)^\{"(?:string|int|double|bool)Value":\s*"?(.*)\}$').str.strip_suffix('"')
    first = value.str.extract(r'(?s)^\{"arrayValue".*?"stringValue":\s*"(.*?)"\}')
    found = first_of(scalar.str.replace_all('\\"', '"', literal=True), first)
    return pl.when(found != "").then(found)


def _said(column: str) -> pl.Expr:
    return first_of(*(pl.col(name) for name in SPELLINGS[column]))


def _is_inference() -> pl.Expr:
    """Return whether a span is an inference: by its operation, or, without one, by a model or usage."""
    operation = _operation()
    undeclared = pl.any_horizontal(pl.col(name).is_not_null() for name in _EVIDENCE) & ~(
        pl.col("span_name").str.contains(_NO_CALL).fill_null(value=False)
    )
    return pl.when(operation.is_not_null()).then(operation.is_in(_INFERENCE)).otherwise(undeclared)


def _operation() -> pl.Expr:
    operation = pl.col("operation").str.to_lowercase()
    return pl.when(operation != "unknown").then(operation).alias("operation")


def _without_wrappers(inferences: pl.DataFrame) -> pl.DataFrame:
    """Leave out an inference that is the parent of another one of the same operation."""
    named = inferences.with_columns(_operation())
    inner = named.select("traceId", "operation", spanId="parentSpanId").drop_nulls("spanId")
    ids = ["traceId", "spanId", "operation"]
    return named.join(inner, on=ids, how="anti", nulls_equal=True, maintain_order="left")


def _calls(spans: pl.DataFrame) -> pl.DataFrame:
    spans = spans.join(_exceptions(spans), on="_span", how="left", maintain_order="left")
    spans = spans.with_columns(
        error_type=first_of(pl.col("error_type"), pl.col(_EXCEPTION)),
        http_status=first_of(pl.col("http_status"), pl.col("error_type").str.extract(r"^([1-5]\d\d)$")),
        finish_reason=pl.col("finish_reason").str.extract(r"([\w.-]+)"),
    )
    start, end = _nanoseconds("startTimeUnixNano"), _nanoseconds("endTimeUnixNano")
    return spans.select(
        LINE,
        *_AS_SAID,
        event=pl.lit("call"),
        ts=start,
        request_id=_request_id(),
        trace_id="traceId",
        parent_id="parentSpanId",
        provider=pl.col("provider").str.to_lowercase(),
        model=first_of(pl.col("model"), pl.col("bare_model"), pl.col("model_version")),
        prompt_version=pl.concat_str("prompt_name", "prompt_version", separator="@", ignore_nulls=True),
        status=_status(),
        latency_ms=(end - start) / 1e6,
        ttft_ms=first_of(_number("ttft_s") * 1000, _number("ttft_ms")),
        input_tokens=_input_tokens(),
    )


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _nanoseconds(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False)


def _request_id() -> pl.Expr:
    return first_of(pl.col("response_id"), pl.col("spanId"))


def _input_tokens() -> pl.Expr:
    """Return all input tokens: a bare `input_tokens`, and a number smaller than its cached part, are without those."""
    cached = pl.sum_horizontal(_number("cache_read_tokens"), _number("cache_write_tokens"))
    whole, uncached = _number("input_tokens"), _number("uncached_input_tokens")
    return first_of(pl.when(whole < cached).then(whole + cached).otherwise(whole), uncached + cached)


def _status() -> pl.Expr:
    """Return how a call ended; null leaves it to its HTTP status or the name of its error."""
    code, error = _number("http_status"), pl.col("error_type")
    failed = text("span_status", "code").is_in(["2", "STATUS_CODE_ERROR"]).fill_null(value=False)
    told = (code >= _FAILED) | (code.is_null() & error.is_not_null())
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
    return _feedback(found, ts=_nanoseconds("timeUnixNano"), about=pl.col("request_id"))


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
    happened, seen = _nanoseconds("timeUnixNano"), _nanoseconds("observedTimeUnixNano")
    time = pl.when(happened > 0).then(happened).otherwise(seen)
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
    schema=shape(
        {
            "resourceSpans": [{"resource": {"attributes": _ATTRIBUTES}, "scopeSpans": [{"spans": [_SPAN]}]}],
            "resourceLogs": [{"scopeLogs": [{"logRecords": [_LOG]}]}],
        }
    ),
    events=_events,
    together=True,
    sample="otel.jsonl",
)
