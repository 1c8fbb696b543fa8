"""Every metric on the sample logs, against SQL that was written by hand over the raw files, and run by DuckDB."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from aiopsctl import catalog
from aiopsctl.measure import Scope, measure
from aiopsctl.sources.log import Log
from aiopsctl.sources.read import read

SAMPLE = Path(__file__).parent.parent / "sample_data"
FILES = ("calls", "feedback", "tickets", "users")

EVENTS = """
WITH log AS (
    SELECT * FROM read_json([$files], format = 'newline_delimited', union_by_name = true, maximum_object_size = 1000000)
),
calls AS (SELECT * FROM log WHERE event = 'call'),
by_trace AS (SELECT trace_id, any_value(feature) AS feature, any_value(user_id) AS user_id FROM calls GROUP BY 1),
by_session AS (
    SELECT session_id, CASE WHEN count(DISTINCT feature) = 1 THEN any_value(feature) END AS feature,
        CASE WHEN count(DISTINCT user_id) = 1 THEN any_value(user_id) END AS user_id
    FROM calls WHERE session_id IS NOT NULL GROUP BY 1
)
SELECT log.* REPLACE (
    coalesce(log.feature, calls.feature, by_trace.feature, by_session.feature) AS feature,
    coalesce(log.user_id, calls.user_id, by_trace.user_id, by_session.user_id) AS user_id
), strftime(log.ts AT TIME ZONE 'UTC', '%Y-%m') AS month, (log.ts AT TIME ZONE 'UTC')::date AS day,
    date_trunc('minute', log.ts AT TIME ZONE 'UTC') AS minute
FROM log
LEFT JOIN calls ON log.event = 'feedback' AND log.request_id = calls.request_id
LEFT JOIN by_trace ON log.event = 'feedback' AND log.request_id IS NULL AND log.trace_id = by_trace.trace_id
LEFT JOIN by_session ON log.event = 'feedback' AND log.request_id IS NULL AND log.trace_id IS NULL
    AND log.session_id = by_session.session_id
"""

EACH = {
    "calls": "nullif(count(*) FILTER (event = 'call'), 0)",
    "error-rate": "count(*) FILTER (status IN ('error', 'timeout', 'rate_limited')) / count(*) FILTER (event = 'call')",
    "timeout-rate": "count(*) FILTER (status = 'timeout') / count(*) FILTER (event = 'call')",
    "latency-p50": "quantile_disc(latency_ms, 0.5) FILTER (status = 'ok')",
    "latency-p95": "quantile_disc(latency_ms, 0.95) FILTER (status = 'ok')",
    "latency-p99": "quantile_disc(latency_ms, 0.99) FILTER (status = 'ok')",
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
    "output-tokens": "avg(output_tokens) FILTER (event = 'call')",
    "output-tokens-p50": "quantile_disc(output_tokens, 0.5) FILTER (event = 'call')",
    "thumbs-up-rate": "count(*) FILTER (kind = 'thumb' AND value = 1) / count(*) FILTER (kind = 'thumb')",
    "rejection-rate": "count(*) FILTER (kind = 'reject') / count(*) FILTER (kind IN ('accept', 'reject'))",
    "task-completion-rate":
        "count(*) FILTER (kind = 'complete') / count(*) FILTER (kind IN ('complete', 'abandon', 'redo'))",
    "nps":
        "100 * (count(*) FILTER (kind = 'nps' AND value >= 9) - count(*) FILTER (kind = 'nps' AND value <= 6))"
        " / count(*) FILTER (kind = 'nps')",
    "mau": "nullif(count(DISTINCT user_id) FILTER (event = 'call'), 0)",
}  # fmt: skip
"""What is one aggregate over events; of nothing at all it is unknown, not 0."""

AGGREGATE = "SELECT $slice AS slice, $what AS value FROM events GROUP BY ALL"
TOTALS = """
SELECT $slice AS slice, $what AS value FROM (
    SELECT $slices, $grain, count(*) AS calls, sum(cost_usd) AS cost,
        sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) AS tokens
    FROM events WHERE event = 'call' GROUP BY ALL
) GROUP BY ALL
"""
OF_TOTALS = {
    "user-cost-p50": ("user_id", "quantile_disc(coalesce(cost, 0), 0.5)"),
    "user-cost-p90": ("user_id", "quantile_disc(coalesce(cost, 0), 0.9)"),
    "user-cost-p95": ("user_id", "quantile_disc(coalesce(cost, 0), 0.95)"),
    "user-cost-p99": ("user_id", "quantile_disc(coalesce(cost, 0), 0.99)"),
    "user-cost-over-mean": ("user_id", "max(cost) / (sum(cost) / count(*))"),
    "top-1pct-cost-share": (
        "user_id", "list_sum(list_slice(list(cost ORDER BY cost DESC NULLS LAST), 1, ceil(count(*) / 100)::int)) / sum(cost)",
    ),
    "dau": ("user_id, day", "count(*) / count(DISTINCT day)"),
    "peak-rpm": ("minute", "max(calls)"),
    "peak-tpm": ("minute", "max(tokens)"),
}  # fmt: skip
"""What is an aggregate over totals of users, of users by day, or of minutes: the grain, and the aggregate."""

WHOLE = {
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
"""What takes more."""

SQL: dict[str, str] = {
    **{name: AGGREGATE.replace("$what", what) for name, what in EACH.items()},
    **{name: TOTALS.replace("$grain", grain).replace("$what", what) for name, (grain, what) in OF_TOTALS.items()},
    **WHOLE,
}
RELATIVE_ERROR = {f"cost-per-call-{which}": 0.0005 for which in ("p50", "p95", "p99", "max")}
"""What a metric declares of its precision; all others are exact."""


@cache
def oracle() -> duckdb.DuckDBPyConnection:
    """Return the events of the sample logs, as DuckDB reads and joins them."""
    files = ", ".join(f"'{SAMPLE / f'{name}.jsonl.gz'}'" for name in FILES)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events AS " + EVENTS.replace("$files", files))
    return connection


@cache
def sample() -> Log:
    """Return the events of the sample logs, as they are read for any command."""
    return read([str(SAMPLE / f"{name}.jsonl.gz") for name in FILES])


def expected_of(name: str, by: str) -> dict[Any, float]:
    """Return the value of each slice that has one, from SQL."""
    slots = {"$slices": by or "0 AS one", "$slice": by or "0", "$using": f"{by}," if by else ""}
    query = re.sub(r"\$\w+", lambda slot: slots[slot[0]], SQL[name])
    return {slice_: float(value) for slice_, value in oracle().execute(query).fetchall() if value is not None}


def actual_of(name: str, by: str) -> dict[Any, float]:
    """Return the value of each slice that has one, as a command would show it."""
    scope = Scope(ZoneInfo("UTC"), by=(by,) if by else ())
    found = measure(sample().events, [catalog.metric(name)], scope)
    return {m.slice.get(by, 0): m.value for m in found if m.value is not None}


def finite(values: Mapping[Any, float]) -> dict[Any, float]:
    """Return the values that are numbers: a share of nothing is none."""
    return {key: value for key, value in values.items() if value == value and abs(value) != float("inf")}  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("by", ["", "feature", "month"], ids=["overall", "by feature", "by month"])
@pytest.mark.parametrize("name", SQL)
def test_metric_is_what_sql_says(name: str, by: str) -> None:
    """A metric of the sample logs is what SQL over the raw files gives, in every slice."""
    expected = finite(expected_of(name, by))

    actual = actual_of(name, by)

    assert pytest.approx(expected, rel=RELATIVE_ERROR.get(name, 1e-9)) == actual
    assert actual


@pytest.mark.parametrize("name", ["calls", "mau", "latency-p50", "latency-p95", "latency-p99", "peak-rpm", "peak-tpm"])
def test_whole_numbers_are_exact(name: str) -> None:
    """What is counted is equal, not nearly so."""
    expected = expected_of(name, "feature")

    actual = actual_of(name, "feature")

    assert expected == actual


def test_every_metric_has_an_oracle() -> None:
    """No metric is declared without SQL that says the same."""
    assert set(SQL) == set(catalog.metrics())


def test_all_rows_are_used() -> None:
    """The sample logs are read without rejects and duplicates, so that the SQL sees the same rows."""
    (expected,) = oracle().execute("SELECT count(*) FROM events").fetchone() or (0,)
    account = sample().account

    assert expected == sample().events.height == account.rows_read
    assert (account.rows_rejected, account.rows_duplicate) == (0, 0)
