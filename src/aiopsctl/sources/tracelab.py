"""TraceLab's coding-agent traces: one row a round, which is a call to the model, of a Claude Code or a Codex session.

The input is all of it; the prefix is what was read from the cache. Times are those of the events around a call: it
begins with the last input (a message, or a tool's result) before the first output, and ends with the last output. That
is latency as the agent saw it; rounds without an input, and those without an output, have none. A response that comes
again in a session that was resumed keeps its round's id, and is one call. Projects and tools are not read.

The project's raw example sessions are files of a container of their own (`documents.py`), and are read as the sessions
of Claude Code or Codex that they hold.
"""

import polars as pl

from aiopsctl.sources import times
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape

_SHAPE = frozenset({"provider", "session_id", "round_id", "input_tokens_total", "prefix_tokens", "timing_events"})
_READ = (
    "provider", "session_id", "turn_id", "round_id", "model", "input_tokens_total", "prefix_tokens",
    "claude_cache_creation_input_tokens", "output_tokens", "reasoning_output_tokens",
)  # fmt: skip
_INPUTS, _OUTPUTS = ("user_message", "tool_result"), ("reasoning", "text", "tool_call")
_PROVIDERS = {"claude": "anthropic", "codex": "openai"}
"""Who serves the models of an agent."""


def _detects(head: Head) -> bool:
    return head.names >= _SHAPE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.join(_spans(raw), on=LINE, how="left", maintain_order="left").select(
        LINE,
        "session_id",
        "model",
        "output_tokens",
        event=pl.lit("call"),
        ts=first_of(pl.col("asked"), pl.col("first")),
        request_id="round_id",
        trace_id="turn_id",
        provider=pl.col("provider").replace(_PROVIDERS),
        status=pl.when(pl.col("answered").is_not_null()).then(pl.lit("ok")),
        latency_ms=pl.when(pl.col("answered") > pl.col("asked")).then(pl.col("answered") - pl.col("asked")),
        input_tokens="input_tokens_total",
        cache_read_tokens="prefix_tokens",
        cache_write_tokens="claude_cache_creation_input_tokens",
        reasoning_tokens="reasoning_output_tokens",
        _other=pl.lit(value=False),
    )


def _spans(raw: pl.DataFrame) -> pl.DataFrame:
    """Return when each round was `asked`, when it was `answered`, and its `first` event."""
    events = raw.select(LINE, "timing_events").explode("timing_events").unnest("timing_events")
    events = events.with_columns(times.to_utc("timestamp", pl.String(), "UTC"))
    time, kind = pl.col("timestamp"), pl.col("event_type")
    begun = time.filter(kind.is_in(_OUTPUTS)).min()
    return events.group_by(LINE).agg(
        asked=time.filter(kind.is_in(_INPUTS) & ((time <= begun) | begun.is_null())).max(),
        answered=time.filter(kind.is_in(_OUTPUTS)).max(),
        first=time.min(),
    )


SOURCE = Source(
    name="tracelab",
    title="TraceLab rounds of coding agents",
    detects=_detects,
    schema=shape({**dict.fromkeys(_READ), "timing_events": [{"event_type": None, "timestamp": None}]}),
    events=_events,
    sample="tracelab.jsonl",
)
