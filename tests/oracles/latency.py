"""Latency as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "calls": "nullif(count(*) FILTER (event = 'call'), 0)",
    "error-rate": "count(*) FILTER (status IN ('error', 'timeout', 'rate_limited')) / count(*) FILTER (event = 'call')",
    "timeout-rate": "count(*) FILTER (status = 'timeout') / count(*) FILTER (event = 'call')",
    "latency-p50": "quantile_disc(latency_ms, 0.5) FILTER (status = 'ok')",
    "latency-p95": "quantile_disc(latency_ms, 0.95) FILTER (status = 'ok')",
    "latency-p99": "quantile_disc(latency_ms, 0.99) FILTER (status = 'ok')",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
    "peak-rpm": ("minute", "max(calls)"),
    "peak-tpm": ("minute", "max(tokens)"),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
}  # fmt: skip
"""What takes a query of its own."""
