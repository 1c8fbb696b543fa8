"""Satisfaction as SQL over the raw sample logs, written by hand; the slots are those of `test_oracle.py`."""

EACH: dict[str, str] = {
    "nps":
        "100 * (count(*) FILTER (kind = 'nps' AND value >= 9) - count(*) FILTER (kind = 'nps' AND value <= 6))"
        " / count(*) FILTER (kind = 'nps')",
    "csat": "avg(value) FILTER (kind = 'csat')",
    "tickets": "count(*) FILTER (kind = 'ticket')",
    "ticket-rate":
        "1000 * count(*) FILTER (kind = 'ticket') / nullif(count(DISTINCT user_id) FILTER (event = 'call'), 0)",
    "mau": "nullif(count(DISTINCT user_id) FILTER (event = 'call'), 0)",
    "ai-completion-rate":
        "count(*) FILTER (kind = 'complete' AND coalesce(request_id, trace_id, session_id) IS NOT NULL)"
        " / count(*) FILTER (kind IN ('complete', 'abandon', 'redo')"
        " AND coalesce(request_id, trace_id, session_id) IS NOT NULL)",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

OF_TOTALS: dict[str, tuple[str, str]] = {
    "dau": ("user_id, day", "count(*) / count(DISTINCT day)"),
    "stickiness": ("user_id, day", "count(*) / count(DISTINCT day) / count(DISTINCT user_id)"),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

BY_USE = """
    SELECT $slice AS slice, $what AS value FROM (
        SELECT *, bool_or(event = 'call') OVER (PARTITION BY $slices_of user_id) AS with_ai FROM (
            SELECT *, 0 AS one FROM events
        )
    ) WHERE kind = '$kind' GROUP BY ALL
"""

SCORES = {
    "nps": "100 * avg(CASE WHEN value >= 9 THEN 1 WHEN value <= 6 THEN -1 ELSE 0 END) FILTER ($among)",
    "csat": "avg(value) FILTER ($among)",
}
GROUPS = {"users": "with_ai", "non-users": "NOT with_ai"}


def _by_use(kind: str, group: str) -> str:
    score = {name: SCORES[kind].replace("$among", among) for name, among in GROUPS.items()}
    what = score["users"] + " - " + score["non-users"] if group == "gap" else score[group]
    return BY_USE.replace("$slices_of", "$using").replace("$what", what).replace("$kind", kind)


RETENTION = """
    WITH users AS (
        SELECT $slices, user_id, min(ts) FILTER (kind IN ('activate', 'opt_in')) AS activated,
            min(ts) FILTER (event = 'call') AS called, min(ts) FILTER (kind = 'active') AS active,
            max(ts) FILTER (event = 'call' OR kind = 'active') AS last_seen
        FROM events GROUP BY ALL
    ), begun AS (
        SELECT *, $start AS start FROM users
    ), ending AS (
        SELECT date_trunc('second', max(ts)) + INTERVAL 1 SECOND AS ends FROM events
    )
    SELECT $slice AS slice, count(*) FILTER (last_seen >= start + INTERVAL '$days days') / count(*) AS value
    FROM begun, ending WHERE start + INTERVAL '$after days' <= ends GROUP BY ALL
"""


def _retention(days: int, start: str) -> str:
    return RETENTION.replace("$days", str(days)).replace("$after", str(days + 7)).replace("$start", start)


ACTIVATED = "CASE WHEN max(activated) OVER ($partition) IS NULL THEN called ELSE activated END"
OTHERS = "CASE WHEN activated IS NULL AND called IS NULL THEN active END"

WHOLE: dict[str, str] = {
    **{f"{kind}-{group}": _by_use(kind, group) for kind in SCORES for group in ("users", "non-users", "gap")},
    **{f"retention-{days}d": _retention(days, ACTIVATED.replace("$partition", "PARTITION BY $slice")) for days in (30, 60, 90)},
    **{f"retention-{days}d-others": _retention(days, OTHERS) for days in (30, 60, 90)},
    "opt-out-rate": """
        SELECT $slice AS slice, CASE WHEN max(activated) IS NOT NULL THEN
            count(*) FILTER (opted_out > activated) / count(activated) ELSE
            count(*) FILTER (called AND opted_out IS NOT NULL) / count(*) FILTER (called)
        END AS value FROM (
            SELECT $slices, user_id, max(ts) FILTER (kind IN ('activate', 'opt_in')) AS activated,
                max(ts) FILTER (kind = 'opt_out') AS opted_out, bool_or(event = 'call') AS called
            FROM events GROUP BY ALL
        ) GROUP BY ALL
    """,
    "wau": """
        WITH weeks AS (
            SELECT *, date_trunc('week', day)::date AS monday, min(day) OVER () AS first, max(day) OVER () AS last FROM events
        )
        SELECT $slice AS slice, count(DISTINCT (monday, user_id)) / count(DISTINCT monday) AS value FROM weeks
        WHERE event = 'call' AND monday >= first AND monday + 6 <= last GROUP BY ALL
    """,
    "adoption-rate": """
        WITH product AS (
            SELECT $month AS slice, count(DISTINCT user_id) AS users
            FROM events WHERE event IN ('call', 'activity') GROUP BY ALL
        ), callers AS (
            SELECT $slice AS slice, count(DISTINCT user_id) AS users FROM events WHERE event = 'call' GROUP BY ALL
        )
        SELECT callers.slice, callers.users / product.users AS value
        FROM callers JOIN product ON product.slice IS NULL OR product.slice = callers.slice
    """,
}  # fmt: skip
"""What takes a query of its own."""

TOO_LONG = ("retention-90d", "retention-90d-others")
"""What 90 days of logs are too short for; it must be unknown in both."""
