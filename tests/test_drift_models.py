"""Drift between two versions of a model: answers to the same questions, as Chen, Zaharia and Zou (2023) stored them."""

import json
from math import expm1, log, sqrt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app

MAP = ["user_id=id", "output_tokens=answer_token", "latency_ms=latency:s", "cost_usd=cost"]
WRITTEN = "ts=timestamp:%m/%d/%Y, %H:%M:%S"
COLUMNS = {"output_tokens": "answer_token", "latency_ms": "round(latency * 1000)", "cost_usd": "cost"}
MARCH, JUNE = "openaichat/gpt-4-0314", "openaichat/gpt-4-0613"


def drift(path: Path, ts: str, *words: str) -> Result:
    """Return what `drift` came back with, of a log whose questions take the place of users."""
    pairs = [word for pair in (ts, *MAP) for word in ("--map", pair)]
    return CliRunner().invoke(app, ["drift", str(path), "--isolated", "-f", "json", *pairs, *words])


def column(done: Result, name: str) -> dict[str, Any]:
    """Return a column of the answer."""
    assert done.exit_code == 0, done.stderr
    (found,) = [each for each in json.loads(done.stdout)["columns"] if each["column"] == name]
    return dict(found)


def by_question(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what the version of June and that of March did, question by question, as SQL has it."""
    sql = f"""
        SELECT max({COLUMNS[name]}) FILTER (model = '{JUNE}'), max({COLUMNS[name]}) FILTER (model = '{MARCH}')
        FROM '{path}' GROUP BY id ORDER BY id
    """  # noqa: S608 - our own query
    found = duckdb.connect().sql(sql).fetchnumpy()
    june, march = (np.asarray(values, float) for values in found.values())
    return june, march


def expected(june: np.ndarray, march: np.ndarray) -> tuple[float, float, float]:
    """Return the relative change of the mean and its 95 % interval, both answers to a question as one pair."""
    pairs = june / june.mean() - march / march.mean()
    n = len(pairs)
    squares = (pairs / n) ** 2
    error = sqrt(squares.sum() * n / (n - 1))
    half = stats.t.ppf(0.975, squares.sum() ** 2 / (squares**2).sum()) * error
    middle = log(june.mean() / march.mean())
    return expm1(middle), expm1(middle - half), expm1(middle + half)


@pytest.mark.parametrize("name", COLUMNS)
def test_march_and_june(name: str, shared_data: Path) -> None:
    """Length, latency and cost of GPT-4 counting happy numbers, asked one version after the other on one day.

        aiopsctl drift COUNTAHAPPYNUMBER_EVAL.parquet --map 'ts=timestamp:%m/%d/%Y, %H:%M:%S' --map user_id=id
            --map output_tokens=answer_token --map latency_ms=latency:s --map cost_usd=cost
            --since 2023-07-26T09:39:34 --compare 2023-07-26T01:25:08..2023-07-26T09:39:34

    The times are when the versions were asked. Which question it was stands in the place of the user, as there is none.
    """
    path = shared_data / "llmdrift" / "COUNTAHAPPYNUMBER_EVAL.parquet"
    june = ("--since", "2023-07-26T09:39:34", "--until", "2023-07-27")

    found = column(drift(path, WRITTEN, *june, "--compare", "2023-07-26T01:25:08..2023-07-26T09:39:34"), name)

    assert (found["n"], found["n_reference"], found["status"]) == (500, 500, "critical")
    told = found["change"], found["change_low"], found["change_high"]
    assert told == pytest.approx(expected(*by_question(path, name)), abs=1e-5)


@pytest.mark.parametrize("name", COLUMNS)
def test_sensitive_questions(name: str, shared_data: Path, tmp_path: Path) -> None:
    """Where all rows have one time, SQL gives each the date of its version, and drift compares those.

    duckdb -c "COPY (SELECT *, '2023-' || model[-4:-3] || '-' || model[-2:] AS released FROM 'SENSITIVEQ_EVAL.parquet'
               WHERE model LIKE '%gpt-4%') TO 'released.parquet'"
    aiopsctl drift released.parquet --map ts=released ... --since 2023-06 --until 2023-07 --compare 2023-03
    """
    path, own = shared_data / "llmdrift" / "SENSITIVEQ_EVAL.parquet", tmp_path / "released.parquet"
    sql = f"SELECT *, '2023-' || model[-4:-3] || '-' || model[-2:] AS released FROM '{path}' WHERE model LIKE '%gpt-4%'"  # noqa: S608 - our own query
    duckdb.connect().sql(f"COPY ({sql}) TO '{own}'")

    done = drift(own, "ts=released", "--since", "2023-06", "--until", "2023-07", "--compare", "2023-03")
    found = column(done, name)

    assert (found["n"], found["n_reference"]) == (100, 100)
    told = found["change"], found["change_low"], found["change_high"]
    assert told == pytest.approx(expected(*by_question(path, name)), abs=1e-5)


def test_one_moment(shared_data: Path) -> None:
    """Rows that all have one time have nothing before them, and it is said so."""
    done = drift(shared_data / "llmdrift" / "SENSITIVEQ_EVAL.parquet", WRITTEN)

    assert done.exit_code == 3
    assert "all rows are of one moment, 2023-07-02 21:26:27" in done.stderr


def test_fifty_calls(shared_data: Path) -> None:
    """Fifty answers by each version are too few to say anything."""
    path = shared_data / "llmdrift" / "LEETCODE_EASY_EVAL.parquet"
    june = ("--since", "2023-07-11T01:36:43", "--until", "2023-07-12")

    done = drift(path, WRITTEN, *june, "--compare", "2023-07-11T01:20:11..2023-07-11T01:36:43")

    assert done.exit_code == 3
    reasons = {each["reason"] for each in json.loads(done.stdout)["columns"]}
    assert "50 events in one of the windows, 100 are needed" in reasons
