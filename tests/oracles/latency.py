"""Latency as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "calls": "nullif(count(*) FILTER (event = 'call'), 0)",
    "error-rate": "count(*) FILTER (status IN ('error', 'timeout', 'rate_limited')) / count(*) FILTER (event = 'call')",
    "timeout-rate": "count(*) FILTER (status = 'timeout') / count(*) FILTER (event = 'call')",
    "latency-p50": "quantile_disc(latency_ms, 0.5) FILTER (status = 'ok')",
    "latency-p95": "quantile_disc(latency_ms, 0.95) FILTER (status = 'ok')",
    "latency-p99": "quantile_disc(latency_ms, 0.99) FILTER (status = 'ok')",
    "ttft-p50": "quantile_disc(ttft_ms, 0.5) FILTER (status = 'ok')",
    "ttft-p95": "quantile_disc(ttft_ms, 0.95) FILTER (status = 'ok')",
    "tokens-per-second":
        "1000 * sum(output_tokens) FILTER (status = 'ok' AND latency_ms IS NOT NULL)"
        " / sum(CASE WHEN ttft_ms < latency_ms THEN latency_ms - ttft_ms ELSE latency_ms END)"
        " FILTER (status = 'ok' AND output_tokens IS NOT NULL)",
    "rate-limited-rate": "count(*) FILTER (status = 'rate_limited') / count(*) FILTER (event = 'call')",
    "filtered-rate": "count(*) FILTER (status = 'filtered') / count(*) FILTER (event = 'call')",
    "cancelled-rate": "count(*) FILTER (status = 'cancelled') / count(*) FILTER (event = 'call')",
    "server-error-rate": "count(*) FILTER (http_status BETWEEN 500 AND 599) / count(*) FILTER (event = 'call')",
    "client-error-rate":
        "count(*) FILTER (http_status BETWEEN 400 AND 499 AND http_status <> 429) / count(*) FILTER (event = 'call')",
    "retry-rate": "count(*) FILTER (retries >= 1) / count(retries)",
    "truncation-rate": "count(*) FILTER (finish_reason = 'length') / count(finish_reason)",
    "refusal-rate":
        "count(*) FILTER (finish_reason = 'content_filter' OR status = 'filtered') / count(*) FILTER (event = 'call')",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
    "peak-rpm": ("minute", "max(calls)"),
    "peak-tpm": ("minute", "max(tokens)"),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
    "availability": """
        SELECT $slice AS slice, count(*) FILTER (answered >= failed) / count(*) AS value FROM (
            SELECT $slices, minute, count(*) FILTER (status IN ('ok', 'filtered', 'cancelled')) AS answered,
                count(*) FILTER (status IN ('error', 'timeout', 'rate_limited')) AS failed
            FROM events WHERE event = 'call' GROUP BY ALL
        ) GROUP BY ALL
    """,
}  # fmt: skip
"""What takes a query of its own."""
