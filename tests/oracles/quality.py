"""Quality as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

NAMED = "coalesce(request_id, trace_id, session_id)"
OK_CALLS = "count(*) FILTER (event = 'call' AND status = 'ok')"
TASKS = "count(*) FILTER (kind IN ('complete', 'abandon', 'redo'))"


def distinct(kinds: str, which: str = "true") -> str:
    """Return the share of ok calls (of some features) that feedback of some kinds is about."""
    ok_calls = f"count(*) FILTER (event = 'call' AND status = 'ok' AND {which})"
    return f"count(DISTINCT {NAMED}) FILTER (kind IN ({kinds})) / {ok_calls}"


EACH: dict[str, str] = {
    "thumbs-up-rate": "count(*) FILTER (kind = 'thumb' AND value = 1) / count(*) FILTER (kind = 'thumb')",
    "rejection-rate": "count(*) FILTER (kind = 'reject') / count(*) FILTER (kind IN ('accept', 'reject'))",
    "task-completion-rate":
        "count(*) FILTER (kind = 'complete') / count(*) FILTER (kind IN ('complete', 'abandon', 'redo'))",
    "abandon-rate": f"count(*) FILTER (kind = 'abandon') / {TASKS}",
    "redo-rate": f"count(*) FILTER (kind = 'redo') / {TASKS}",
    "correction-size": "avg(value) FILTER (kind = 'correction')",
    "star-mean": "avg(value) FILTER (kind = 'star')",
    **{
        f"star-{stars}-share": f"count(*) FILTER (kind = 'star' AND value = {stars}) / count(*) FILTER (kind = 'star')"
        for stars in (1, 2, 3, 4, 5)
    },
    "eval-score": "avg(value) FILTER (kind = 'eval')",
    "review-score": "avg(value) FILTER (kind = 'review')",
    "review-coverage": f"count(DISTINCT {NAMED}) FILTER (kind = 'review' AND value IS NOT NULL) / {OK_CALLS}",
    "feedback-rate": distinct("'thumb', 'star', 'correction', 'flag', 'escalation', 'survey', 'csat'"),
    "flag-rate": distinct("'flag'"),
    "escalation-rate": distinct("'escalation'"),
    "copy-rate": distinct("'copy'", "feature IN ('draft', 'search-answer')"),
    "share-rate": distinct("'share'", "feature IN ('draft', 'search-answer')"),
    "follow-through-rate": distinct(
        "'copy', 'share', 'accept', 'complete'", "feature IN ('autocomplete', 'draft', 'search-answer', 'doc-analysis')"
    ),
    "escalations": "CASE WHEN bool_or(event = 'call') THEN count(*) FILTER (kind = 'escalation') END",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE: dict[str, str] = {
    "thumbs-up-rate-7d": """
        SELECT $slice AS slice, avg(value) AS value FROM events
        WHERE kind = 'thumb' AND ts >= TIMESTAMPTZ '2026-10-25 00:00:00+00' GROUP BY ALL
    """,
    "escalations-24h": """
        WITH whole AS (SELECT date_trunc('second', max(ts)) + INTERVAL 1 SECOND AS ends FROM events)
        SELECT $slice AS slice, CASE WHEN bool_or(event = 'call') THEN
            count(*) FILTER (kind = 'escalation' AND ts >= ends - INTERVAL 24 HOUR) END AS value
        FROM events, whole GROUP BY ALL
    """,
    "review-queue": """
        SELECT $slice AS slice, CASE WHEN bool_or(event = 'call') THEN count(DISTINCT coalesce(request_id, trace_id, session_id)) FILTER (kind = 'review')
            - count(DISTINCT coalesce(request_id, trace_id, session_id)) FILTER (kind = 'review' AND value IS NOT NULL) END AS value
        FROM events GROUP BY ALL
    """,
    "review-queue-age": """
        WITH whole AS (SELECT date_trunc('second', max(ts)) + INTERVAL 1 SECOND AS ends FROM events), sampled AS (
            SELECT $slices, coalesce(request_id, trace_id, session_id) AS of_call, min(ts) AS since FROM events
            WHERE kind = 'review' GROUP BY ALL HAVING count(value) = 0
        ), slices AS (SELECT DISTINCT $slice AS slice FROM events WHERE event = 'call')
        SELECT slices.slice, coalesce(max(epoch(ends) - epoch(since)) / 3600, 0) AS value
        FROM whole, slices LEFT JOIN (SELECT $slice AS slice, since FROM sampled) AS s ON s.slice = slices.slice GROUP BY ALL
    """,
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
