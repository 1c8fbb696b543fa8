"""Quality as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "thumbs-up-rate": "count(*) FILTER (kind = 'thumb' AND value = 1) / count(*) FILTER (kind = 'thumb')",
    "rejection-rate": "count(*) FILTER (kind = 'reject') / count(*) FILTER (kind IN ('accept', 'reject'))",
    "task-completion-rate":
        "count(*) FILTER (kind = 'complete') / count(*) FILTER (kind IN ('complete', 'abandon', 'redo'))",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
    "correction-rate": """
        WITH corrected AS (
            SELECT $slices, feature AS of_feature, count(DISTINCT coalesce(request_id, trace_id, session_id)) AS corrections
            FROM events WHERE kind = 'correction' GROUP BY ALL
        ), answered AS (
            SELECT $slices, feature AS of_feature, count(*) AS calls
            FROM events WHERE event = 'call' AND status = 'ok' GROUP BY ALL
        )
        SELECT $slice AS slice, sum(corrections) / sum(calls) AS value
        FROM corrected JOIN answered USING ($using of_feature) GROUP BY ALL
    """,
}  # fmt: skip
"""What takes a query of its own."""
