"""The canonical frame: one row an event, each column declared once.

Every log format is turned into these columns, and every metric is sums over them. Missing is null, never 0 or "".
A row is a `call`, a piece of `feedback`, or an `activity` of a user.
"""

from typing import Literal

from msgspec import Struct

Dtype = Literal["text", "int", "float", "bool", "time"]

EVENTS = ("call", "feedback", "activity")
STATUSES = ("ok", "error", "timeout", "rate_limited", "filtered", "cancelled")
FAILED = ("error", "timeout", "rate_limited")
FEEDBACK_KINDS = (
    "thumb", "star", "correction", "flag", "escalation", "accept", "reject", "copy", "share", "complete",
    "abandon", "redo", "nps", "csat", "survey", "review", "eval", "ticket",
)  # fmt: skip
EXPLICIT = ("thumb", "star", "correction", "flag", "escalation", "survey", "csat")
"""Kinds of feedback that a user gives on purpose."""

ACTIVITY_KINDS = ("active", "activate", "opt_in", "opt_out")

TRUNCATED = (
    "length", "LENGTH", "max_tokens", "MAX_TOKENS", "max_output_tokens", "max_completion_tokens", "token_limit",
    "model_length", "model_context_window_exceeded",
)  # fmt: skip
"""Finish reasons, as providers write them, of an answer that was cut off at a limit of tokens."""

REFUSED = (
    "content_filter", "content-filter", "content_filtered", "refusal", "guardrail_intervened", "safety", "SAFETY",
    "IMAGE_SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "ERROR_TOXIC",
)  # fmt: skip
"""Finish reasons, as providers write them, of an answer that the model or a filter withheld."""


class Column(Struct, frozen=True):
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


def _granted(name: str, meaning: str, unit: str) -> Column:
    return Column(name, "int", meaning, unit=unit, low=0, high=1e12)


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
        # rate limits
        _granted(
            "limit_requests",
            "requests that the provider grants in `limit_requests_window_s`, by a header of its answer",
            "requests",
        ),
        Column(
            "limit_requests_window_s",
            "int",
            "the time in which they are granted; without one a minute",
            unit="s",
            low=1,
            high=86_400 * 31,
        ),
        _granted("limit_tokens", "tokens that the provider grants a minute, by a header of its answer", "tokens"),
        _granted("remaining_requests", "how many of these requests are left", "requests"),
        _granted("remaining_tokens", "how many of these tokens are left", "tokens"),
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
        Column("prompt_characters", "int", "length of the prompt in characters", low=0, high=1e9),
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

OF_FEEDBACK = ("kind", "category", "value")
"""What only feedback says: to cut by it says nothing of calls."""

OF_CALLS = (
    "feature", "query_type", "provider", "model", "model_version", "prompt_version", "service_tier", "status",
)  # fmt: skip
"""What only calls have, and feedback on them: to cut by it says nothing of users who never called."""

CALENDAR = ("minute", "hour", "day", "week", "month", "quarter", "weekday")
"""Calendar columns that can be asked for, computed from `ts` in the zone of the run."""
