"""Logs that others wrote, from bytes to numbers, against DuckDB, NumPy and the figures that their authors published."""

import gzip
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.errors import UsageError
from aiopsctl.sources.chunks import chunks
from aiopsctl.sources.lines import parse
from aiopsctl.sources.native import SOURCE
from aiopsctl.sources.read import Reading, read

Measured = dict[tuple[str, ...], float | None]


def run(command: str, *words: Any) -> dict[str, Any]:
    """Return what a command prints as JSON."""
    done = CliRunner().invoke(app, [command, *map(str, words), "-f", "json", "--isolated"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(said: dict[str, Any], metric: str) -> Measured:
    """Return the value of a metric in each slice, by the values of the slice."""
    return {tuple(m["slice"].values()): m["value"] for m in said["measurements"] if m["metric"] == metric}


def answer(sql: str, **parameters: Any) -> Measured:
    """Return what DuckDB says: the last column, by those before it as text."""
    return {
        tuple(str(key) for key in keys): value for *keys, value in duckdb.connect().execute(sql, parameters).fetchall()
    }


# a trace of an LLM service: 8,819 calls of one hour, time without a zone and with seven digits of a second


AZURE = ("ts=TIMESTAMP", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens")
AZURE_FIGURES = {
    ("cost", "input-tokens-p50"): 1_469,
    ("cost", "output-tokens-p50"): 13,
    ("latency", "calls"): 8_819,
    ("latency", "peak-rpm"): 585,
    ("latency", "peak-tpm"): 1_257_868,
}


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_azure_trace(name: str, shared_data: Path) -> None:
    """The trace gives its published figures exactly, from CSV and from Parquet."""
    path = shared_data / "azure_llm_2023" / f"AzureLLMInferenceTrace_code.{name}"
    maps = [word for pair in AZURE for word in ("--map", pair)]
    said = {command: run(command, path, *maps) for command in ("cost", "latency")}

    actual = {(command, metric): measured(said[command], metric)[()] for command, metric in AZURE_FIGURES}

    assert actual == AZURE_FIGURES
    assert [said[command]["data"]["rows_rejected"] for command in said] == [0, 0]


def test_azure_trace_by_minute(shared_data: Path) -> None:
    """The busiest minute is that of DuckDB, which reads the times by itself."""
    path = shared_data / "azure_llm_2023" / "AzureLLMInferenceTrace_code.csv"
    sql = "SELECT max(n) FROM (SELECT count(*) AS n FROM read_csv($path) GROUP BY date_trunc('minute', \"TIMESTAMP\"))"

    said = run("latency", path, *(word for pair in AZURE for word in ("--map", pair)))

    assert measured(said, "peak-rpm") == answer(sql, path=str(path))


# a benchmark of a serving system: users by number, times as epoch seconds with a fraction, tokens as floats


@pytest.mark.parametrize(
    ("metric", "column"), [("input-tokens-p50", "prompt_tokens"), ("output-tokens-p50", "generation_tokens")]
)
def test_tokens_by_user(metric: str, column: str, shared_data: Path) -> None:
    """The median of tokens of each user is DuckDB's discrete one."""
    path = shared_data / "aibrix_bench" / "requests.parquet"
    maps = ("ts=launch_time", "input_tokens=prompt_tokens", "output_tokens=generation_tokens", "ttft_ms=ttft:s")
    sql = f"SELECT user_id::BIGINT, quantile_disc({column}, 0.5) FROM read_parquet($path) GROUP BY 1"  # noqa: S608 - ours

    said = run(
        "cost", path, *(word for pair in maps for word in ("--map", pair)), "--by", "user_id", "--metrics", metric
    )

    assert measured(said, metric) == answer(sql, path=str(path))
    assert said["data"]["calls"] == 5_048


@pytest.mark.parametrize("quantile", [0.5, 0.95, 0.99])
def test_tokens_and_times_of_calls(quantile: float, shared_data: Path) -> None:
    """Tokens and durations are read as they were written: any quantile of the events is that of the raw file."""
    path = str(shared_data / "aibrix_bench" / "requests.parquet")
    maps = ("ts=launch_time", "input_tokens=prompt_tokens", "output_tokens=generation_tokens", "ttft_ms=ttft:s")
    sql = """
        SELECT quantile_disc(prompt_tokens, $q), quantile_disc(generation_tokens, $q),
            quantile_disc(floor(ttft * 1000 + 0.5), $q), quantile_disc((launch_time * 1e6)::BIGINT, $q)
        FROM read_parquet($path)
    """

    events = read([path], how=Reading(columns=maps)).events.with_columns(ts=pl.col("ts").dt.epoch("us"))
    actual = [
        float(np.quantile(events[name].drop_nulls().to_numpy(), quantile, method="inverted_cdf"))
        for name in ("input_tokens", "output_tokens", "ttft_ms", "ts")
    ]

    assert list(duckdb.connect().execute(sql, {"path": path, "q": quantile}).fetchall()[0]) == actual


# a load test of providers: one JSON array each, with the authors' own summary


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def llmperf(shared_data: Path) -> Iterator[tuple[Path, list[dict[str, Any]], dict[str, Any]]]:
    """Yield the path of each provider's responses, the responses, and the authors' summary."""
    for path in sorted((shared_data / "llmperf" / "individual").glob("*.json")):
        summary = json.loads((shared_data / "llmperf" / "summary" / path.name).read_text())
        yield path, json.loads(path.read_text()), summary


@pytest.fixture(scope="module")
def latencies(shared_data: Path) -> dict[str, dict[str, Any]]:
    """Return what `latency` says of each provider's responses."""
    return {path.name: run("latency", path) for path, _, _ in llmperf(shared_data)}


def test_llmperf_errors(shared_data: Path, latencies: dict[str, dict[str, Any]]) -> None:
    """Calls and failed calls are those of the raw responses and of the authors' summary."""
    expected, published, actual = [], [], []
    for path, responses, summary in llmperf(shared_data):
        failed = sum(response["error_code"] is not None for response in responses)
        said = latencies[path.name]
        (share,) = measured(said, "error-rate").values()
        expected.append((len(responses), failed))
        published.append((len(responses), len(responses) - summary["results_num_completed_requests"]))
        actual.append((said["data"]["calls"], round((share or 0) * len(responses))))

    assert len(actual) == 8
    assert actual == expected == published


@pytest.mark.parametrize("name", QUANTILES)
def test_llmperf_latency(name: str, shared_data: Path, latencies: dict[str, dict[str, Any]]) -> None:
    """Latency is NumPy's discrete quantile of the calls that ended well, and one neighbour of the authors' linear one."""
    for path, responses, summary in llmperf(shared_data):
        seconds = np.sort([r["end_to_end_latency_s"] for r in responses if r["error_code"] is None])
        whole = np.floor(seconds * 1000 + 0.5)
        at = (len(seconds) - 1) * QUANTILES[name]
        low, high = seconds[int(np.floor(at))], seconds[int(np.ceil(at))]
        published = summary[f"results_end_to_end_latency_s_quantiles_{name}"]

        (actual,) = measured(latencies[path.name], f"latency-{name}").values()

        assert actual == np.quantile(whole, QUANTILES[name], method="inverted_cdf"), path.name
        assert low - 1e-9 <= published <= high + 1e-9
        assert low * 1000 - 0.5 <= (actual or 0) <= high * 1000 + 0.5


# the analytics log of a coding assistant: calls among other events, cost 0 where no price was known


CALLS = """
    WITH log AS (
        SELECT event, strftime(to_timestamp("time") AT TIME ZONE 'UTC', '%Y-%m') AS month,
            nullif(json_extract_string(properties, '$.main_model'), 'None') AS model,
            json_extract(properties, '$.cost')::DECIMAL(18, 9) AS cost,
            json_extract(properties, '$.prompt_tokens')::BIGINT AS input,
            json_extract(properties, '$.completion_tokens')::BIGINT AS output
        FROM read_json($path, format = 'newline_delimited', columns = {event: 'VARCHAR', properties: 'JSON', time: 'BIGINT'})
    ),
    calls AS (SELECT * FROM log WHERE event IN ('message_send', 'message_send_exception'))
"""


def of_calls(select: str, path: str) -> Measured:
    """Return what DuckDB says of the calls in the raw log."""
    return answer(f"{CALLS} {select}", path=path)


def aider(shared_data: Path, *words: str) -> tuple[str, dict[str, Any]]:
    """Return the path of the log, and what the cost command says of it."""
    path = str(shared_data / "aider_analytics" / "events_to_2025-02.jsonl.gz")
    return path, run("cost", path, "--cost", "recorded", *words)


def test_aider_cost(shared_data: Path) -> None:
    """The total of the recorded cost is DuckDB's sum of decimals, to the nano-dollar."""
    path, said = aider(shared_data)

    (total,) = measured(said, "cost-total").values()

    assert of_calls("SELECT (sum(cost) * 1000000000)::BIGINT FROM calls", path) == {(): round((total or 0) * 1e9)}
    assert of_calls("SELECT count(*) FROM calls", path) == {(): said["data"]["calls"]}


@pytest.mark.parametrize(("metric", "mean"), [("input-tokens", "avg(input)"), ("output-tokens", "avg(output)")])
def test_aider_tokens_by_model_and_month(metric: str, mean: str, shared_data: Path) -> None:
    """Mean tokens of each model in each month are DuckDB's."""
    path, said = aider(shared_data, "--by", "model,month")

    select = f"SELECT model, month, {mean} FROM calls WHERE model IS NOT NULL GROUP BY ALL"  # noqa: S608 - ours
    by_model = of_calls(select, path)
    actual = {slice_: value for slice_, value in measured(said, metric).items() if None not in slice_}

    assert actual == pytest.approx(by_model, rel=1e-12)
    assert len(actual) == 98


def test_aider_cost_by_month(shared_data: Path) -> None:
    """The recorded cost of each month is DuckDB's."""
    path, said = aider(shared_data, "--by", "month")

    expected = of_calls("SELECT month, sum(cost)::DOUBLE FROM calls GROUP BY 1", path)

    assert measured(said, "cost-total") == pytest.approx(expected, abs=1e-9)


def test_aider_account(shared_data: Path) -> None:
    """Every line of the log is a call, activity of a user, a duplicate, or passed over."""
    path, said = aider(shared_data)
    data = said["data"]

    with gzip.open(path) as file:
        assert sum(1 for _ in file) == data["rows_read"]
    assert (
        data["rows_read"] == data["rows_used"] + data["rows_rejected"] + data["rows_duplicate"] + data["rows_filtered"]
    )


# a suite of JSON that must be accepted (y_), must be refused (n_), or may be either (i_)


def suite(shared_data: Path, kind: str) -> list[Path]:
    """Return the files of one kind."""
    return sorted((shared_data / "json_test_suite").glob(f"{kind}_*.json"))


def guarded(data: bytes) -> tuple[int, list[str]]:
    """Return how many rows a log has, and why its other lines were rejected."""
    found = [parse(chunk, SOURCE.schema) for chunk in chunks(BytesIO(data))]
    return sum(each.rows.height for each in found), [reject.reason for each in found for reject in each.rejects]


def test_good_json(shared_data: Path) -> None:
    """Each good document is taken as a line where it is an object, refused as no object where not, and taken as a value."""
    alone, within = {}, {}
    for path in suite(shared_data, "y"):
        data = path.read_bytes().strip()
        if b"\n" not in data:
            alone[path.name] = guarded(data) == ((1, []) if data.startswith(b"{") else (0, ["not_object"]))
        within[path.name] = guarded(b'{"model": ' + data.replace(b"\n", b" ") + b"}") == (1, [])

    assert [name for name, good in (alone | within).items() if not good] == []
    assert len(alone) > 40


def test_bad_json(shared_data: Path) -> None:
    """No bad document is taken, neither as a line nor as a value in one."""
    taken = [
        path.name
        for path in suite(shared_data, "n")
        for data in (path.read_bytes(), b'{"model": ' + path.read_bytes() + b"}")
        if guarded(data)[0]
    ]

    assert taken == []


@pytest.mark.parametrize("kind", ["y", "n", "i"])
def test_json_as_a_file(kind: str, shared_data: Path) -> None:
    """As a log, each document is read or refused with an error that says why; nothing else happens."""
    for path in suite(shared_data, kind):
        for source in (None, "native"):
            try:
                log = read([str(path)], how=Reading(source=source))
            except UsageError as error:
                assert path.name in error.what  # noqa: PT017 - either is right
            else:
                assert log.account.rows_read == log.events.height + log.account.rows_rejected
