"""Random logs: however they are written, split, ordered and asked, the answer is the one that SQL gives."""

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiopsctl import catalog
from aiopsctl.measure import Scope, measure
from aiopsctl.prices.apply import price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.store.aside import Aside
from aiopsctl.store.store import Store
from aiopsctl.window import Window

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 20
FEATURES, MODELS, STATUSES = ["draft", "chat", "a'b\"c", None], ["m-1", "m-2"], ["ok", "error", "timeout", None]
ADDING = ("calls", "cost-total")
ASKED = (*ADDING, "error-rate", "input-tokens", "latency-p95")
EXAMPLES = int(os.environ.get("AIOPSCTL_EXAMPLES", "0"))
"""How many random logs each test is given; where it is not said, a few that are always the same."""

BUDGET = settings(
    max_examples=EXAMPLES or 10, derandomize=not EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip

Row = dict[str, Any]
CALLS = st.fixed_dictionaries({
    "ts": st.integers(0, DAYS * 86_400 - 1).map(lambda second: (START + timedelta(seconds=second)).isoformat()),
    "user_id": st.sampled_from(["u1", "u2", "\u8a9e", None]),
    "feature": st.sampled_from(FEATURES),
    "model": st.sampled_from(MODELS),
    "status": st.sampled_from(STATUSES),
    "latency_ms": st.one_of(st.none(), st.integers(0, 86_400_000)),
    "input_tokens": st.one_of(st.none(), st.integers(0, 10**9)),
    "cost_usd": st.integers(0, 10**7).map(lambda micro: micro / 1e6),
})  # fmt: skip
LOGS = st.lists(CALLS, min_size=1, max_size=40).map(
    lambda rows: [{"request_id": f"r{number}", "event": "call"} | row for number, row in enumerate(rows)]
)


def jsonl(rows: Sequence[Row]) -> bytes:
    """Return rows as JSON lines; what is unknown is left out."""
    return b"".join(json.dumps({k: v for k, v in row.items() if v is not None}).encode() + b"\n" for row in rows)


def parquet(rows: Sequence[Row]) -> bytes:
    """Return rows as Parquet."""
    out = BytesIO()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(out)
    return out.getvalue()


def csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV."""
    return pl.DataFrame(rows, infer_schema_length=None).write_csv().encode()


WRITTEN: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "log.jsonl": jsonl,
    "log.jsonl.gz": lambda rows: gzip.compress(jsonl(rows)),
    "log.jsonl.zst": lambda rows: bytes(pa.compress(jsonl(rows), codec="zstd", asbytes=True)),
    "log.json": lambda rows: json.dumps(rows).encode(),
    "log.csv": csv,
    "log.parquet": parquet,
}
"""How a log may be written, by the name of its file."""


READ: dict[str, Callable[[str, str], Log]] = {
    "into memory": lambda logs, _: read([logs]),
    "and priced": lambda logs, _: Log(price(read([logs]).events.lazy().collect(), Book()).events, read([logs]).account),
    "onto disk": lambda logs, beside: Aside(Path(beside), Book()).read([logs], Reading()),
    "by a store": lambda logs, beside: Store(Path(beside)).read([logs], [], Reading(), Book()),
}
"""How a folder of logs may be read, with another beside it for what is kept."""


@contextmanager
def logged(files: Mapping[str, bytes], how: str = "into memory") -> Iterator[Log]:
    """Read files of a folder of their own."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as beside:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        yield READ[how](folder, beside)


def answers(log: Log, **scope: Any) -> dict[Any, float | None]:
    """Return the value of each metric and slice."""
    found = measure(log.events, [catalog.metric(name) for name in ASKED], Scope(UTC_ZONE, **scope))
    return {(m.metric, *m.slice.values()): m.value for m in found}


def accounted(log: Log, rows: int) -> None:
    """Hold that every row is accounted for."""
    account = log.account
    assert (
        log.events.height + account.rows_rejected + account.rows_duplicate + account.rows_other
        == account.rows_read
        == rows
    )


@BUDGET
@given(LOGS)
def test_containers_are_alike(rows: list[Row]) -> None:
    """One log gives the same answers as lines, compressed, as a document, as CSV and as Parquet."""
    found = []
    for name, write in WRITTEN.items():
        with logged({name: write(rows)}) as log:
            accounted(log, len(rows))
            found.append(answers(log, by=("feature", "day")))

    assert found == [found[0]] * len(WRITTEN)


@pytest.mark.parametrize("how", list(READ)[1:])
@BUDGET
@given(LOGS, st.data())
def test_shards_and_order_change_nothing(how: str, rows: list[Row], data: st.DataObject) -> None:
    """A log in any order, split into any files of any kinds, some rows twice, is the same log, however it is read."""
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    parts = [shuffled[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    kinds = data.draw(st.lists(st.sampled_from(list(WRITTEN)), min_size=len(parts), max_size=len(parts)))
    files = {
        f"{number}-{kind}": WRITTEN[kind](part)
        for number, (kind, part) in enumerate(zip(kinds, parts, strict=True))
        if part
    }
    again = data.draw(st.lists(st.sampled_from(rows), max_size=5))
    with (
        logged({"log.jsonl": jsonl(rows)}, "and priced") as whole,
        logged(files | {"again.jsonl": jsonl(again)}, how) as split,
    ):
        accounted(split, len(rows) + len(again))

        assert split.account.rows_duplicate == len(again)
        assert answers(whole, by=("model",)) == answers(split, by=("model",))


@BUDGET
@given(LOGS, st.lists(st.integers(1, DAYS * 24 - 1), max_size=4, unique=True))
def test_windows_add_to_the_whole(rows: list[Row], hours: list[int]) -> None:
    """What adds is, of the whole, the sum over windows that do not overlap and leave nothing out."""
    edges = [START, *(START + timedelta(hours=hour) for hour in sorted(hours)), START + timedelta(days=DAYS)]
    with logged({"log.jsonl": jsonl(rows)}) as log:
        whole = answers(log)
        parts = [answers(log, window=Window(since, until)) for since, until in pairwise(edges)]

    for name in ADDING:
        assert whole[name,] == pytest.approx(sum(part[name,] or 0 for part in parts), rel=1e-12, abs=1e-9)


SQL = """
SELECT {slices} count(*) AS calls, sum(cost_usd) AS cost,
    CASE WHEN count(status) > 0 THEN count(*) FILTER (status IN ('error', 'timeout', 'rate_limited')) / count(*) END AS errors,
    avg(input_tokens) AS tokens, quantile_disc(latency_ms, 0.95) FILTER (coalesce(status, 'ok') = 'ok') AS p95
FROM log WHERE ts >= $since AND ts < $until AND ({where}) {group}
"""
CONDITIONS = [
    "TRUE", "feature = 'draft'", "feature IS NULL", "status = 'ok' AND latency_ms > 5000", "NOT (model = 'm-1')",
    "model IN ('m-2', 'm-3') OR user_id = 'u1'", "latency_ms BETWEEN 10 AND 100000", "input_tokens >= 1000 AND feature <> 'chat'",
    "user_id = '\u8a9e'", "feature = 'a''b\"c'", "ts >= DATE '2026-09-10'", "cost_usd * 2 > 5", "feature LIKE 'd%'",
    "coalesce(status, 'none') = 'none'", "lower(model) = 'm-1'",
]  # fmt: skip
"""Conditions that both engines are asked."""


@BUDGET
@given(
    LOGS, st.sampled_from(CONDITIONS), st.lists(st.sampled_from(["feature", "model", "status", "user_id"]), max_size=2, unique=True),
    st.tuples(st.integers(0, DAYS), st.integers(0, DAYS)),
)  # fmt: skip
def test_answers_are_what_sql_says(rows: list[Row], where: str, by: list[str], days: tuple[int, int]) -> None:
    """Of any log, any window, group and filter give what DuckDB gives."""
    since, until = (START + timedelta(days=day) for day in sorted(days))
    names = ", ".join(by)
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=dict.fromkeys(("feature", "status", "user_id"), pl.String) | {
        "latency_ms": pl.Int64, "input_tokens": pl.Int64}).with_columns(pl.col("ts").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None))  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("log", frame.to_arrow())
        query = SQL.format(slices=f"{names}," if by else "", where=where, group=f"GROUP BY {names}" if by else "")
        plain = {"since": since.replace(tzinfo=None), "until": until.replace(tzinfo=None)}
        expected = {
            row[: len(by)]: row[len(by) :] for row in connection.execute(query, plain).fetchall() if row[len(by)]
        }
    with logged({"log.jsonl": jsonl(rows)}) as log:
        found = answers(log, window=Window(since, until), by=tuple(by), where=where)

    actual = {key[1:] for key, value in found.items() if key[0] == "calls" and value}
    assert set(expected) == actual
    for key, values in expected.items():
        ours = [found[name, *key] for name in ASKED]
        assert ours == [pytest.approx(value, rel=1e-9, abs=1e-9) if value is not None else None for value in values]
