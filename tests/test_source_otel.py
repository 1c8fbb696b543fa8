"""The `otel` format: OpenTelemetry GenAI spans and evaluation events as OTLP JSON lines."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from reading import head, others, pick, read

from aiopsctl.sources.otel import SOURCE

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
AT_EIGHT = datetime(2026, 10, 1, 8, tzinfo=UTC)
NS = 1790841600 * 10**9
EVALUATION = "gen_ai.evaluation.result"
USAGE = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"} | USAGE


def value(given: Any) -> dict[str, Any]:
    """Return an attribute's value as OTLP writes it: whole numbers as strings."""
    if isinstance(given, bool):
        return {"boolValue": given}
    if isinstance(given, int):
        return {"intValue": str(given)}
    if isinstance(given, float):
        return {"doubleValue": given}
    if isinstance(given, list):
        return {"arrayValue": {"values": [value(each) for each in given]}}
    return given if isinstance(given, dict) else {"stringValue": given}


def attributes(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP writes them."""
    return [{"key": key, "value": value(each)} for key, each in given.items()]


def span(given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a span of 1.5 s with these attributes."""
    return {
        "traceId": "a" * 32, "spanId": "1" * 16, "parentSpanId": "", "name": "chat gpt-4o", "kind": 3,
        "startTimeUnixNano": str(NS), "endTimeUnixNano": str(NS + 1_500_000_000),
        "attributes": attributes(given), "status": {}, "events": [],
    } | fields  # fmt: skip


def traces(*spans: dict[str, Any], **resource: Any) -> dict[str, Any]:
    """Return one line: spans of one resource."""
    said = attributes({name.replace("__", "."): each for name, each in resource.items()})
    return {"resourceSpans": [{"resource": {"attributes": said}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    """Return one line: log records of one resource."""
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": list(records)}]}]}


def event(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return an event on a span, five seconds after it began."""
    return {"timeUnixNano": str(NS + 5 * 10**9), "name": name, "attributes": attributes(given)}


def one(given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the one row of a span with these attributes."""
    (row,) = read(SOURCE, traces(span(given, **fields)))
    return row


def test_a_chat_span_is_a_call() -> None:
    """A span of the current conventions gives a call: times from its stamps, names from its attributes."""
    given = CHAT | {
        "gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": "chatcmpl-1", "gen_ai.conversation.id": "c1", "user.id": "u1",
        "gen_ai.agent.name": "planner", "gen_ai.prompt.name": "plan", "gen_ai.prompt.version": "3",
        "gen_ai.usage.cache_read.input_tokens": 64, "gen_ai.usage.cache_creation.input_tokens": 8,
        "gen_ai.usage.reasoning.output_tokens": 12, "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.response.finish_reasons": ["stop", "length"], "http.response.status_code": 200,
        "openai.response.service_tier": "flex",
    }  # fmt: skip
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "latency_ms": 1500, "ttft_ms": 250, "status": "ok",
        "http_status": 200, "request_id": "chatcmpl-1", "trace_id": "a" * 32, "parent_id": "2" * 16,
        "user_id": "u1", "session_id": "c1", "feature": "planner", "provider": "openai", "model": "gpt-4o",
        "model_version": "gpt-4o-2024-08-06", "prompt_version": "plan@3", "service_tier": "flex",
        "input_tokens": 100, "cache_read_tokens": 64, "cache_write_tokens": 8, "output_tokens": 20,
        "reasoning_tokens": 12, "finish_reason": "stop",
    }  # fmt: skip
    actual = one(given, parentSpanId="2" * 16)

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o",
             "gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 20,
             "gen_ai.usage.cache_read_input_tokens": 64, "llm.usage.reasoning_tokens": 12, "llm.user": "u1",
             "traceloop.association.properties.session_id": "s1", "traceloop.workflow.name": "faq",
             "gen_ai.completion.0.finish_reason": "stop"},
            {"provider": "openai", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20,
             "cache_read_tokens": 64, "reasoning_tokens": 12, "user_id": "u1", "session_id": "s1", "feature": "faq",
             "finish_reason": "stop"},
        ),
        (
            {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "azure",
             "llm.token_count.prompt": 100, "llm.token_count.completion": 20,
             "llm.token_count.prompt_details.cache_read": 64, "llm.token_count.prompt_details.cache_write": 8,
             "llm.token_count.completion_details.reasoning": 12, "llm.cost.total": 0.0125, "user.id": "u1",
             "session.id": "s1", "llm.prompt_template.version": "v2"},
            {"provider": "azure", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20,
             "cache_read_tokens": 64, "cache_write_tokens": 8, "reasoning_tokens": 12, "cost_usd": 0.0125,
             "user_id": "u1", "session_id": "s1", "prompt_version": "v2"},
        ),
        (
            {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
             "langfuse.user.id": "u1", "langfuse.session.id": "s1", "langfuse.environment": "dev",
             "langfuse.observation.prompt.name": "plan", "langfuse.observation.prompt.version": 4} | USAGE,
            {"model": "gpt-4o", "user_id": "u1", "session_id": "s1", "environment": "dev", "prompt_version": "plan@4",
             "input_tokens": 100, "output_tokens": 20},
        ),
        (
            CHAT | {"gen_ai.usage.cache_write.input_tokens": 8,
                    "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens": 6, "gen_ai.usage.details.cache_read_tokens": 64,
                    "gen_ai.usage.cost": 0.5, "enduser.id": "u1"},
            {"cache_write_tokens": 8, "cache_write_1h_tokens": 6, "cache_read_tokens": 64, "cost_usd": 0.5, "user_id": "u1"},
        ),
    ],
)  # fmt: skip
def test_every_spelling_in_use_is_read(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """OpenLLMetry, OpenInference, Langfuse and the conventions' older and newer names say the same things."""
    actual = pick(one(given), *expected)

    assert expected == actual


def test_the_newest_spelling_wins() -> None:
    """A writer that emits old and new names at once is counted once, by the new name."""
    expected = 100
    actual = one(CHAT | {"gen_ai.usage.prompt_tokens": 7, "llm.token_count.prompt": 8})["input_tokens"]

    assert expected == actual


def test_whole_numbers_come_as_strings_and_as_numbers() -> None:
    """`intValue` is a string in OTLP JSON, but some writers give a number; stamps alike."""
    given = CHAT | {"gen_ai.usage.input_tokens": {"intValue": 4096}, "gen_ai.usage.output_tokens": {"intValue": "7"}}
    expected = {"ts": AT_EIGHT, "latency_ms": 1500, "input_tokens": 4096, "output_tokens": 7}
    actual = pick(one(given, startTimeUnixNano=NS, endTimeUnixNano=NS + 1_500_000_000), *expected)

    assert expected == actual


def test_text_is_read_as_it_was_written() -> None:
    """Quotes, accents, brackets and backslashes in a value survive, as do empty values of no meaning."""
    given = CHAT | {"user.id": 'Zoé "Z" {1}', "gen_ai.conversation.id": r"a\b", "gen_ai.response.id": ""}
    expected = {"user_id": 'Zoé "Z" {1}', "session_id": r"a\b", "request_id": "1" * 16}
    actual = pick(one(given), *expected)

    assert expected == actual


def test_the_usage_of_an_agent_is_not_counted() -> None:
    """An agent's span carries the sum of the usage under it: only the two chats are calls, the tool is none."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o"} | USAGE
    line = traces(
        span(agent, spanId="a1"),
        span(CHAT, spanId="a2", parentSpanId="a1"),
        span({"gen_ai.operation.name": "execute_tool"}, spanId="a3", parentSpanId="a1"),
        span(CHAT, spanId="a4", parentSpanId="a1"),
    )
    expected = (["a2", "a4"], [1, 1])
    actual = ([row["request_id"] for row in read(SOURCE, line)], others(SOURCE, line))

    assert expected == actual


def test_a_call_that_was_instrumented_twice_is_one_call() -> None:
    """A framework's chat span around the client's chat span gives way to it; an embedding inside a chat does not."""
    embedding = {"gen_ai.operation.name": "embeddings"}
    line = traces(
        span(CHAT, spanId="outer"),
        span(CHAT, spanId="inner", parentSpanId="outer"),
        span(embedding, spanId="search", parentSpanId="inner"),
    )
    expected = ["inner", "search"]
    actual = [row["request_id"] for row in read(SOURCE, line)]

    assert expected == actual


def test_spans_without_ids_are_not_taken_for_parents() -> None:
    """A span that has no id is nobody's parent, also not that of spans without a parent."""
    expected = 2
    actual = len(read(SOURCE, traces(span(CHAT, spanId=None), span(CHAT, spanId="2", parentSpanId=None))))

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"gen_ai.operation.name": "generate_content"}, "x", True),
        ({"gen_ai.operation.name": "text_completion"}, "x", True),
        ({"gen_ai.operation.name": "embeddings"}, "x", True),
        ({"gen_ai.operation.name": "create_agent"} | USAGE, "x", False),
        ({"openinference.span.kind": "EMBEDDING"}, "x", True),
        ({"openinference.span.kind": "AGENT", "llm.token_count.prompt": 1}, "x", False),
        ({"llm.request.type": "completion"}, "x", True),
        ({"llm.request.type": "rerank", "gen_ai.request.model": "rerank-3"}, "x", False),
        ({"traceloop.span.kind": "workflow"}, "x", False),
        ({"gen_ai.request.model": "gpt-4o"}, "POST /chat", True),
        ({"llm.request.type": "unknown", "gen_ai.request.model": "gpt-4o"}, "x", True),
        (USAGE, "invoke_agent planner", False),
        ({"http.request.method": "GET"}, "GET /", False),
        ({}, "x", False),
    ],
)  # fmt: skip
def test_only_inference_is_a_call(given: dict[str, Any], name: str, expected: bool) -> None:  # noqa: FBT001 - a case
    """A span's operation decides; without one a model or usage does, unless its name is that of an agent or a tool."""
    actual = not others(SOURCE, traces(span(given, name=name)))

    assert expected == actual


@pytest.mark.parametrize(
    ("status", "given", "expected"),
    [
        ({}, {}, {"status": "ok"}),
        ({"code": 1}, {}, {"status": "ok"}),
        ({"code": 2}, {}, {"status": "error"}),
        ({"code": "STATUS_CODE_ERROR"}, {}, {"status": "error"}),
        ({"code": 2}, {"error.type": "timeout"}, {"status": "timeout", "error_type": "timeout"}),
        ({"code": 2}, {"error.type": "429"}, {"status": "rate_limited", "error_type": "429", "http_status": 429}),
        (
            {"code": 2},
            {"error.type": "RateLimitError", "http.response.status_code": 429},
            {"status": "rate_limited", "error_type": "RateLimitError", "http_status": 429},
        ),
        (
            {"code": 2},
            {"error.type": "ValueError", "http.response.status_code": 200},
            {"status": "error", "error_type": "ValueError", "http_status": 200},
        ),
        ({}, {"error.type": "500"}, {"status": "error", "error_type": "500", "http_status": 500}),
        (
            {},
            {"gen_ai.response.finish_reasons": ["content_filter"]},
            {"status": "filtered", "finish_reason": "content_filter"},
        ),
    ],
)
def test_how_a_call_ended(status: dict[str, Any], given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A failed span is an error, unless its error's name or HTTP status says more; an unset status is a success."""
    actual = pick(one(CHAT | given, status=status), "status", "error_type", "http_status", "finish_reason")

    assert expected == actual


def test_a_recorded_exception_names_the_error() -> None:
    """Where a failed span has no `error.type`, the type of the exception recorded on it is the error's name."""
    exceptions = [event("exception", {"exception.type": name, "exception.message": "x"}) for name in ("A", "B")]
    other = [event("gen_ai.content.prompt", {"exception.type": "no"})]
    expected = {"status": "error", "error_type": "A"}
    actual = pick(one(CHAT, status={"code": 2}, events=[*other, *exceptions]), *expected)

    assert expected == actual


def test_tokens_without_their_cached_part_are_made_whole() -> None:
    """A bare `input_tokens` leaves out the cache, as does a number smaller than the cached part of it."""
    bare = {"gen_ai.request.model": "m", "input_tokens": 2, "cache_read_tokens": 9000, "cache_creation_tokens": 500}
    less = CHAT | {"gen_ai.usage.cache_read_input_tokens": 900}
    more = CHAT | {"gen_ai.usage.cache_read_input_tokens": 90}
    expected = [9502, 1000, 100]
    actual = [row["input_tokens"] for row in read(SOURCE, *(traces(span(given)) for given in (bare, less, more)))]

    assert expected == actual


def test_a_bare_model_names_the_model_of_a_call_but_makes_none() -> None:
    """Claude Code's older spans name the model as `model` alone; that of a tool's span is no sign of an inference."""
    rows = read(SOURCE, traces(span({"model": "claude-opus-5", "input_tokens": 2})), traces(span({"model": "m"})))
    expected = ["claude-opus-5"]
    actual = [row["model"] for row in rows]

    assert expected == actual


def test_a_call_without_usage_has_no_tokens() -> None:
    """Usage that was not recorded is unknown, not 0."""
    expected: dict[str, Any] = {}
    actual = pick(one({"gen_ai.operation.name": "chat"}), "input_tokens", "output_tokens", "cost_usd")

    assert expected == actual


@pytest.mark.parametrize("name", ["deployment__environment__name", "deployment__environment"])
def test_the_resource_fills_what_the_span_does_not_say(name: str) -> None:
    """Feature and environment come from the resource, each of its own, unless the span says them."""
    spans = [span(CHAT), span(CHAT | {"gen_ai.workflow.name": "plan", "deployment.environment": "dev"}, spanId="2")]
    line = traces(*spans, service__name="shop", **{name: "prod"})
    second = traces(span(CHAT, spanId="3"), service__name="blog")
    line["resourceSpans"] += second["resourceSpans"]
    expected = [
        {"feature": "shop", "environment": "prod"},
        {"feature": "plan", "environment": "dev"},
        {"feature": "blog"},
    ]
    actual = [pick(row, "feature", "environment") for row in read(SOURCE, line)]

    assert expected == actual


def test_an_evaluation_on_a_span_is_feedback_on_its_response() -> None:
    """A result on a span is about the response that it names, else about the span's."""
    results = [
        event(EVALUATION, {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.9}),
        event(EVALUATION, {"gen_ai.evaluation.name": "Tone", "gen_ai.evaluation.score.value": 4,
                           "gen_ai.response.id": "r7"}),
    ]  # fmt: skip
    common = {"_line": 1, "event": "feedback", "kind": "eval", "ts": AT_EIGHT + timedelta(seconds=5),
              "trace_id": "a" * 32}  # fmt: skip
    expected = [
        common | {"request_id": "r1", "category": "Relevance", "value": 0.9},
        common | {"request_id": "r7", "category": "Tone", "value": 4.0},
    ]
    actual = read(SOURCE, traces(span(CHAT | {"gen_ai.response.id": "r1"}, events=results)))[1:]

    assert expected == actual


def test_an_evaluation_on_an_agent_is_kept_while_its_span_is_passed_over() -> None:
    """The result of a whole trace hangs on a span that is no call."""
    result = event(EVALUATION, {"gen_ai.evaluation.name": "Goal", "gen_ai.evaluation.score.value": 1.0})
    line = traces(span({"gen_ai.operation.name": "invoke_agent"}, events=[result]))
    expected = ([("feedback", "Goal", "a" * 32)], [1])
    found = [(row["event"], row["category"], row["trace_id"]) for row in read(SOURCE, line)]
    actual = (found, others(SOURCE, line))

    assert expected == actual


def test_an_evaluation_in_a_log_is_feedback() -> None:
    """Log records name the event in a field or an attribute; one without a time was observed at one; others pass."""
    score = {"gen_ai.evaluation.name": "Tone", "gen_ai.evaluation.score.value": 0.5}
    line = logs(
        {"timeUnixNano": str(NS), "eventName": EVALUATION, "traceId": "t", "spanId": "s",
         "attributes": attributes(score)},
        {"timeUnixNano": "0", "observedTimeUnixNano": str(NS), "attributes": attributes({"event.name": EVALUATION,
         "gen_ai.response.id": "r2"} | score)},
        {"timeUnixNano": str(NS), "body": {"stringValue": "hello"}},
    )  # fmt: skip
    expected = ([(AT_EIGHT, "s", 0.5), (AT_EIGHT, "r2", 0.5)], [1])
    found = [(row["ts"], row["request_id"], row["value"]) for row in read(SOURCE, line)]
    actual = (found, others(SOURCE, line))

    assert expected == actual


def test_every_line_is_accounted_for() -> None:
    """Lines without spans are passed over once; rows come in the order of the lines."""
    lines = [{"resourceSpans": []}, traces(span(CHAT)), traces(), {"resourceMetrics": []}, traces(span(CHAT))]
    expected = ([2, 5], [1, 3, 4])
    actual = ([row["_line"] for row in read(SOURCE, *lines)], others(SOURCE, *lines))

    assert expected == actual


def test_messages_on_spans_are_not_read() -> None:
    """Messages that were recorded on a span appear in no column."""
    given = CHAT | {"gen_ai.input.messages": "a secret", "gen_ai.prompt.0.content": "a secret"}
    expected = False
    actual = "secret" in str(one(given, events=[event("gen_ai.user.message", {"content": "a secret"})]))

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (traces(), True),
        (logs(), True),
        ({"resourceMetrics": []}, False),
        ({"ts": "2026-10-01", "trace_id": "t"}, False),
    ],
)
def test_it_is_told_by_its_envelope(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """Lines of spans and of logs are claimed, metrics and flat records are not."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample has seven calls and two evaluations; an agent, a tool, a web request and a log line are no events."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = (["call"] * 2 + ["feedback"] + ["call"] * 5 + ["feedback"], [1, 1, 2, 3])
    actual = ([row["event"] for row in read(SOURCE, *records)], others(SOURCE, *records))

    assert expected == actual
