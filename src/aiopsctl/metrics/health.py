"""Health: does it answer at all, how do calls fail, and is the answer whole."""

import polars as pl

from aiopsctl import sums
from aiopsctl.metric import Metric
from aiopsctl.values import rate, share, total

_SECTION = "What to Watch / 3. Latency"
_HEALTH = "Dashboard Template / Health"
_LIMITS = "From 100 Users to 100,000 / Rate Limit Encounters"
_QUALITY = "What to Watch / 1. Quality"
_STATUSES = [{"status": "ok", "user_id": f"u{i}"} for i in range(18)]
_ANSWERS = [{"http_status": 200, "user_id": f"u{i}"} for i in range(17)]

calls = Metric(
    name="calls",
    title="calls",
    dimension="latency",
    headline=True,
    unit="calls",
    worse="neither",
    why="How much the feature is used; every other figure is read beside it.",
    formula="number of calls, failed ones included",
    handbook=_HEALTH,
    sums={"calls": sums.calls},
    value=total("calls", "calls"),
    needs=("event",),
    example=([{"status": "ok"}, {"status": "error"}, {"event": "feedback", "kind": "thumb"}], 2),
    dashboard="health",
)

availability = Metric(
    name="availability",
    title="availability",
    dimension="latency",
    unit="ratio",
    worse="lower",
    why="Whether the feature was there when somebody asked for it.",
    formula="calendar minutes with a call of which at least half did not fail (status error, timeout, rate_limited) / "
    "calendar minutes with a call",
    handbook=_HEALTH,
    grain=("minute",),
    sums={"failed": sums.failed_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=share(
        ((pl.col("calls") > 0) & (pl.col("failed") * 2 <= pl.col("calls"))).sum(),
        (pl.col("calls") > 0).sum(),
        "minutes with calls of which at most half failed / minutes with calls",
        known="judged",
    ),
    needs=("ts", "status"),
    example=(
        [
            {"ts": "2026-09-01T10:00:00Z", "status": "ok"},
            {"ts": "2026-09-01T10:01:00Z", "status": "ok"},
            {"ts": "2026-09-01T10:01:59Z", "status": "error"},
            {"ts": "2026-09-01T10:02:00Z", "status": "timeout"},
            {"ts": "2026-09-01T10:02:01Z", "status": "rate_limited"},
            {"ts": "2026-09-01T10:02:02Z", "status": "ok"},
            {"ts": "2026-09-01T10:09:00Z", "status": "filtered"},
        ],
        0.75,
    ),
    dashboard="health",
)

error_rate = Metric(
    name="error-rate",
    title="error rate",
    dimension="latency",
    headline=True,
    unit="ratio",
    worse="higher",
    why="Calls that gave the user nothing.",
    formula="calls with status error, timeout or rate_limited / calls",
    handbook=_HEALTH,
    sums={"failed": sums.failed_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("failed", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "error"}, {"status": "rate_limited"}], 0.1),
    dashboard="health",
)

timeout_rate = Metric(
    name="timeout-rate",
    title="timeout rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Calls that took so long that nobody waited for them.",
    formula="calls with status timeout / calls",
    handbook=_SECTION,
    sums={"timed_out": sums.timed_out_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("timed_out", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "timeout"}, {"status": "error"}], 0.05),
    dashboard="health",
)

rate_limited_rate = Metric(
    name="rate-limited-rate",
    title="rate-limited rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Calls that the provider refused because there were too many of them.",
    formula="calls with status rate_limited / calls",
    handbook=_LIMITS,
    sums={"limited": sums.rate_limited_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("limited", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "rate_limited"}, {"status": "error"}], 0.05),
)

server_error_rate = Metric(
    name="server-error-rate",
    title="server error rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Errors of the provider: wait, retry, or fall back.",
    formula="calls with an http_status of 500 to 599 / calls",
    handbook=_HEALTH,
    sums={"broken": sums.server_errors, "calls": sums.calls, "judged": sums.calls_with_http_status},
    value=rate("broken", "calls", known="judged"),
    needs=("http_status",),
    example=([*_ANSWERS, {"http_status": 500}, {"http_status": 529}, {"http_status": 400}], 0.1),
)

client_error_rate = Metric(
    name="client-error-rate",
    title="client error rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Errors of our own: a request that the provider cannot accept will not pass by trying again.",
    formula="calls with an http_status of 400 to 499, except 429 / calls",
    handbook=_HEALTH,
    sums={"refused": sums.client_errors, "calls": sums.calls, "judged": sums.calls_with_http_status},
    value=rate("refused", "calls", known="judged"),
    needs=("http_status",),
    example=([*_ANSWERS, {"http_status": 400}, {"http_status": 429}, {"http_status": 503}], 0.05),
)

filtered_rate = Metric(
    name="filtered-rate",
    title="filtered rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Calls whose input or answer a content filter withheld.",
    formula="calls with status filtered / calls",
    handbook=_HEALTH,
    sums={"filtered": sums.filtered_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("filtered", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "filtered"}, {"status": "error"}], 0.05),
)

cancelled_rate = Metric(
    name="cancelled-rate",
    title="cancelled rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Calls that somebody broke off: often a sign that they took too long.",
    formula="calls with status cancelled / calls",
    handbook=_HEALTH,
    sums={"cancelled": sums.cancelled_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("cancelled", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "cancelled"}, {"status": "ok"}], 0.05),
)

retry_rate = Metric(
    name="retry-rate",
    title="retry rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Retries hide failures from the error rate, and cost time and money.",
    formula="calls with one or more attempts before them / calls whose retries are known",
    handbook=_LIMITS,
    sums={"retried": sums.retried_calls, "known": sums.calls_with_retries},
    value=rate("retried", "known"),
    needs=("retries",),
    example=([{"retries": 0}, {"retries": 2}, {"retries": 0}, {"retries": 0}, {}], 0.25),
)

truncation_rate = Metric(
    name="truncation-rate",
    title="truncation rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="An answer that was cut off at the token limit looks like an answer, and is none.",
    formula="calls whose finish_reason is a limit of tokens (length, max_tokens, ...) / calls whose finish_reason is known",
    handbook=_QUALITY,
    sums={"truncated": sums.truncated_calls, "finished": sums.finished_calls},
    value=rate("truncated", "finished"),
    needs=("finish_reason",),
    example=([*[{"finish_reason": "stop"}] * 3, {"finish_reason": "length"}, {"finish_reason": "MAX_TOKENS"}, {}], 0.4),
)

refusal_rate = Metric(
    name="refusal-rate",
    title="refusal rate",
    dimension="latency",
    unit="ratio",
    worse="higher",
    why="Users asked and were turned away, by the model or by a filter.",
    formula="calls whose finish_reason is a refusal or a filter (content_filter, refusal, safety, ...) or whose status is filtered / calls whose finish_reason or status is known",
    handbook=_QUALITY,
    sums={"refused": sums.refused_calls, "ended": sums.ended_calls},
    value=rate("refused", "ended"),
    needs=("finish_reason",),
    example=([*[{"finish_reason": "stop"}] * 2, {"finish_reason": "refusal"}, {"status": "filtered"}, {}], 0.5),
)
