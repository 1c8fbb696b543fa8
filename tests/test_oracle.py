"""Every metric on the sample logs, against SQL that was written by hand over the raw files, and run by DuckDB."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from oracles import cost, latency, quality, satisfaction

from aiopsctl import catalog
from aiopsctl.config import Config, Tier, quantity
from aiopsctl.facts import FACTS
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

DIMENSIONS = (cost, latency, quality, satisfaction)
AGGREGATE = "SELECT $slice AS slice, $what AS value FROM events GROUP BY ALL"
TOTALS = """
SELECT $slice AS slice, $what AS value FROM (
    SELECT $slices, $grain, count(*) AS calls, sum(cost_usd) AS cost,
        sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) AS tokens
    FROM events WHERE event = 'call' GROUP BY ALL
) GROUP BY ALL
"""

SQL: dict[str, str] = {
    **{name: AGGREGATE.replace("$what", what) for each in DIMENSIONS for name, what in each.EACH.items()},
    **{
        name: TOTALS.replace("$grain", grain).replace("$what", what)
        for each in DIMENSIONS
        for name, (grain, what) in each.OF_TOTALS.items()
    },
    **{name: query for each in DIMENSIONS for name, query in each.WHOLE.items()},
}
UNTOLD = {"cache-hit-rate": "cache_hit", "tokens-per-character": "prompt_characters"}
"""Metrics of which the sample logs say nothing, with the column that they lack."""


CONFIG = Config(
    tiers={name: Tier(revenue=quantity(f"{usd} USD / month")) for name, usd in (("free", 0), ("pro", 20), ("team", 1))},
    forecast={month: quantity(f"{usd} USD") for month, usd in (("2026-08", 20), ("2026-09", 30), ("2026-10", 38))},
    revenue={month: quantity(f"{usd} USD") for month, usd in (("2026-08", 2000), ("2026-09", 3000), ("2026-10", 4000))},
)
"""What no log says; the log covers 29 of the 31 days of August."""


@cache
def oracle() -> duckdb.DuckDBPyConnection:
    """Return the events of the sample logs, as DuckDB reads and joins them."""
    files = ", ".join(f"'{SAMPLE / f'{name}.jsonl.gz'}'" for name in FILES)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events AS " + EVENTS.replace("$files", files))
    connection.execute(
        "CREATE TABLE tiers AS FROM (VALUES ('free', 0.0), ('pro', 20.0), ('team', 1.0)) t(tier, revenue)"
    )
    connection.execute("""
        CREATE TABLE months AS FROM (VALUES
            ('2026-08', 29 / 31, 20.0, 2000.0), ('2026-09', 1.0, 30.0, 3000.0), ('2026-10', 1.0, 38.0, 4000.0)
        ) t(month, share, forecast, revenue)
    """)
    return connection


@cache
def sample() -> Log:
    """Return the events of the sample logs, as they are read for any command."""
    return read([str(SAMPLE / f"{name}.jsonl.gz") for name in FILES])


def expected_of(name: str, by: str) -> dict[Any, float]:
    """Return the value of each slice that has one, from SQL."""
    slots = {
        "$slices": by or "0 AS one", "$slice": by or "0", "$using": f"{by}," if by else "",
        "$partition": f"PARTITION BY {by}" if by else "",
        "$month": "month" if by == "month" else "NULL",
    }  # fmt: skip
    query = re.sub(r"\$\w+", lambda slot: slots[slot[0]], SQL[name])
    return {slice_: float(value) for slice_, value in oracle().execute(query).fetchall() if value is not None}


def actual_of(name: str, by: str) -> dict[Any, float]:
    """Return the value of each slice that has one, as a command would show it."""
    scope = Scope(ZoneInfo("UTC"), by=(by,) if by else (), config=CONFIG)
    found = measure(sample().events, [catalog.metric(name)], scope)
    return {m.slice.get(by, 0): m.value for m in found if m.value is not None}


def finite(values: Mapping[Any, float]) -> dict[Any, float]:
    """Return the values that are numbers: a share of nothing is none."""
    return {key: value for key, value in values.items() if value == value and abs(value) != float("inf")}  # noqa: PLR0124 - NaN


def slices_of(name: str) -> list[str]:
    """Return what a metric can be cut by: what is told of the whole product alone can be cut by months."""
    metric = catalog.metric(name)
    of_product = any(FACTS[fact].of_product for fact in metric.facts)
    return [by for by in ("", "feature", "month") if by not in metric.not_by and not (of_product and by == "feature")]


CUTS = [(name, by) for name in SQL for by in slices_of(name)]


@pytest.mark.parametrize(("name", "by"), CUTS, ids=lambda part: part or "overall")
def test_metric_is_what_sql_says(name: str, by: str) -> None:
    """A metric of the sample logs is what SQL over the raw files gives, in every slice."""
    expected = finite(expected_of(name, by))

    actual = actual_of(name, by)

    assert pytest.approx(expected, rel=cost.RELATIVE_ERROR.get(name, 1e-9)) == actual
    assert bool(actual) == (name not in satisfaction.TOO_LONG)


@pytest.mark.parametrize("name", UNTOLD)
def test_what_the_sample_does_not_tell(name: str) -> None:
    """A metric of columns that the sample logs do not have is unknown."""
    assert actual_of(name, "feature") == {}


@pytest.mark.parametrize("name", ["calls", "mau", "latency-p50", "latency-p95", "latency-p99", "peak-rpm", "peak-tpm"])
def test_whole_numbers_are_exact(name: str) -> None:
    """What is counted is equal, not nearly so."""
    expected = expected_of(name, "feature")

    actual = actual_of(name, "feature")

    assert expected == actual


def test_every_metric_has_an_oracle() -> None:
    """No metric is declared without SQL that says the same, but for columns that the sample logs do not have."""
    assert set(SQL) | UNTOLD.keys() == set(catalog.metrics())


def test_all_rows_are_used() -> None:
    """The sample logs are read without rejects and duplicates, so that the SQL sees the same rows."""
    (expected,) = oracle().execute("SELECT count(*) FROM events").fetchone() or (0,)
    account = sample().account

    assert expected == sample().events.height == account.rows_read
    assert (account.rows_rejected, account.rows_duplicate) == (0, 0)
