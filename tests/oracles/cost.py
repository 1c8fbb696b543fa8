"""Cost as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "cost-today": "sum(cost_usd) FILTER (event = 'call' AND day = DATE '2026-10-31')",
    "cost-this-week": "sum(cost_usd) FILTER (event = 'call' AND day BETWEEN DATE '2026-10-26' AND DATE '2026-10-31')",
    "cost-this-month": "sum(cost_usd) FILTER (event = 'call' AND day BETWEEN DATE '2026-10-01' AND DATE '2026-10-31')",
    "cost-total": "sum(cost_usd) FILTER (event = 'call')",
    "cost-model":
        "sum(cost_usd - coalesce(retrieval_cost_usd, 0) - coalesce(infra_cost_usd, 0)) FILTER (event = 'call')",
    "cost-retrieval": "sum(retrieval_cost_usd) FILTER (event = 'call' AND cost_usd IS NOT NULL)",
    "cost-infra": "sum(infra_cost_usd) FILTER (event = 'call' AND cost_usd IS NOT NULL)",
    "cost-per-call": "avg(cost_usd) FILTER (event = 'call')",
    "cost-per-call-p50": "quantile_disc(cost_usd, 0.5) FILTER (event = 'call')",
    "cost-per-call-p95": "quantile_disc(cost_usd, 0.95) FILTER (event = 'call')",
    "cost-per-call-p99": "quantile_disc(cost_usd, 0.99) FILTER (event = 'call')",
    "cost-per-call-max": "max(cost_usd) FILTER (event = 'call')",
    "cost-per-mau": "sum(cost_usd) FILTER (event = 'call') / count(DISTINCT user_id) FILTER (event = 'call')",
    "input-tokens": "avg(input_tokens) FILTER (event = 'call')",
    "input-tokens-p50": "quantile_disc(input_tokens, 0.5) FILTER (event = 'call')",
    "input-tokens-p95": "quantile_disc(input_tokens, 0.95) FILTER (event = 'call')",
    "input-tokens-p99": "quantile_disc(input_tokens, 0.99) FILTER (event = 'call')",
    "output-tokens-p95": "quantile_disc(output_tokens, 0.95) FILTER (event = 'call')",
    "cache-read-share":
        "sum(cache_read_tokens) FILTER (input_tokens IS NOT NULL) / sum(input_tokens) FILTER (cache_read_tokens IS NOT NULL)",
    "repeat-prompt-share":
        "1 - count(DISTINCT prompt_hash) FILTER (event = 'call') / count(prompt_hash) FILTER (event = 'call')",
    "unpriced-share":
        "count(*) FILTER (event = 'call' AND cost_usd IS NULL AND status NOT IN ('error', 'timeout', 'rate_limited'))"
        " / count(*) FILTER (event = 'call' AND (cost_usd IS NOT NULL OR status NOT IN ('error', 'timeout', 'rate_limited')))",
    "output-tokens": "avg(output_tokens) FILTER (event = 'call')",
    "output-tokens-p50": "quantile_disc(output_tokens, 0.5) FILTER (event = 'call')",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
    "user-cost-p50": ("user_id", "quantile_disc(coalesce(cost, 0), 0.5)"),
    "user-cost-p90": ("user_id", "quantile_disc(coalesce(cost, 0), 0.9)"),
    "user-cost-p95": ("user_id", "quantile_disc(coalesce(cost, 0), 0.95)"),
    "user-cost-p99": ("user_id", "quantile_disc(coalesce(cost, 0), 0.99)"),
    "user-cost-over-mean": ("user_id", "max(cost) / (sum(cost) / count(*))"),
    "top-1pct-cost-share": (
        "user_id", "list_sum(list_slice(list(cost ORDER BY cost DESC NULLS LAST), 1, ceil(count(*) / 100)::int)) / sum(cost)",
    ),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
    "forecast-error": """
        SELECT $slice AS slice, sum(cost) / sum(forecast * share) - 1 AS value
        FROM (SELECT month, sum(cost_usd) AS cost FROM events WHERE event = 'call' GROUP BY ALL)
        JOIN months USING (month) GROUP BY ALL
    """,
    "forecast-overruns": """
        SELECT $slice AS slice, count(*) FILTER (is_over AND later_under = 0) AS value FROM (
            SELECT month, cost > forecast * share AS is_over, count(*) FILTER (cost <= forecast * share)
                OVER ($partition ORDER BY month DESC) AS later_under
            FROM (SELECT month, sum(cost_usd) AS cost FROM events WHERE event = 'call' GROUP BY ALL) JOIN months USING (month)
        ) GROUP BY ALL
    """,
    "revenue": """
        SELECT $slice AS slice, sum(revenue * share) AS value
        FROM (SELECT DISTINCT month FROM events WHERE event = 'call') JOIN months USING (month) GROUP BY ALL
    """,
    "cost-share-of-revenue": """
        SELECT $slice AS slice, sum(cost) / nullif(sum(revenue * share), 0) AS value FROM (
            SELECT $slices, tier, month AS of_month, user_id, sum(cost_usd) AS cost
            FROM events WHERE event = 'call' GROUP BY ALL
        ) JOIN tiers USING (tier) JOIN (SELECT month AS of_month, share FROM months) USING (of_month) GROUP BY ALL
    """,
}  # fmt: skip
"""What takes a query of its own."""

RELATIVE_ERROR = {f"cost-per-call-{which}": 0.0005 for which in ("p50", "p95", "p99", "max")}
"""What a metric declares of its precision; all others are exact."""
