"""How the log writes things down: the native columns, flat, one object a row.

A failed call has its input tokens and no output tokens; it costs 0, but for a timeout, whose cost is unknown.
"""

from datetime import datetime

from aiopsctl.demo.calls import Call
from aiopsctl.demo.world import User

Row = dict[str, str | int | float | None]

NANO = 1_000_000_000


def row(call: Call) -> Row:
    """Return the call in the native columns; what is not known is left out."""
    ask, feature = call.ask, call.ask.feature
    columns: Row = {
        "event": "call", "request_id": call.request_id, "trace_id": call.trace_id, "ts": stamp(ask.ts),
        "session_id": ask.session_id, **person(ask.user), "feature": feature.name,
        "provider": feature.model.provider, "model": feature.model.name,
        "model_version": feature.model.version, "prompt_version": call.prompt_version,
        "environment": "production", "query_type": ask.query_type, "status": call.ending.status,
        "http_status": call.ending.http_status, "error_type": call.ending.error_type,
        "finish_reason": call.ending.finish_reason, "retries": call.retries, "latency_ms": call.latency_ms,
        "ttft_ms": call.ttft_ms, "prompt_hash": ask.prompt_hash,
    }  # fmt: skip
    return known(columns | _token_columns(call) | _cost_columns(call))


def known(columns: Row) -> Row:
    """Return the columns that have a value: missing is missing, not 0 or empty."""
    return {name: value for name, value in columns.items() if value is not None}


def person(user: User) -> Row:
    """Return who a row is about."""
    return {
        "user_id": user.id,
        "tier": user.tier,
        "country": user.place.country,
        "language": user.place.language,
    }


def stamp(moment: datetime) -> str:
    """Return a moment as the log writes it, in UTC to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _token_columns(call: Call) -> Row:
    tokens, parts = call.tokens, call.ask.feature.retrieves
    return {
        "input_tokens": tokens.input,
        "system_tokens": tokens.system if parts else None,
        "context_tokens": tokens.context if parts else None,
        "user_tokens": tokens.user if parts else None,
        "cache_read_tokens": tokens.cached,
        "output_tokens": None if call.failed else tokens.output,
        "reasoning_tokens": None if call.failed else tokens.reasoning,
    }


def _cost_columns(call: Call) -> Row:
    if call.ending.status == "timeout":
        return {}
    model, retrieval, infra = call.nano
    return {
        "cost_usd": (model + retrieval + infra) / NANO,
        "model_cost_usd": model / NANO,
        "retrieval_cost_usd": retrieval / NANO if call.ask.feature.retrieves else None,
        "infra_cost_usd": infra / NANO,
    }
