"""Satisfaction as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "nps":
        "100 * (count(*) FILTER (kind = 'nps' AND value >= 9) - count(*) FILTER (kind = 'nps' AND value <= 6))"
        " / count(*) FILTER (kind = 'nps')",
    "mau": "nullif(count(DISTINCT user_id) FILTER (event = 'call'), 0)",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
    "dau": ("user_id, day", "count(*) / count(DISTINCT day)"),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
    "opt-out-rate": """
        SELECT $slice AS slice, CASE WHEN max(activated) IS NOT NULL THEN
            count(*) FILTER (opted_out > activated) / count(activated) ELSE
            CASE WHEN max(opted_out) IS NOT NULL THEN count(*) FILTER (called AND opted_out IS NOT NULL) / count(*) FILTER (called) END
        END AS value FROM (
            SELECT $slices, user_id, max(ts) FILTER (kind IN ('activate', 'opt_in')) AS activated,
                max(ts) FILTER (kind = 'opt_out') AS opted_out, bool_or(event = 'call') AS called
            FROM events GROUP BY ALL
        ) GROUP BY ALL
    """,
}  # fmt: skip
"""What takes a query of its own."""
