"""How much corrections changed, where a log has the two texts and no share."""

import csv
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.sources.read import Reading, read

Row = Mapping[str, Any]
TS = "2026-09-01T12:00:00Z"
CALLS: list[Row] = [
    {"ts": TS, "request_id": "r1", "trace_id": "t1", "output": "kitten", "prompt": "a secret"},
    {"ts": TS, "request_id": "r2", "trace_id": "t2", "output": "flaw"},
    {"ts": TS, "request_id": "r3", "trace_id": "t3", "output": "the same"},
    {"ts": TS, "request_id": "r4", "trace_id": "t3"},
]
CORRECTIONS: list[Row] = [
    {"ts": TS, "kind": "correction", "request_id": "r1", "final_text": "sitting"},
    {"ts": TS, "kind": "correction", "trace_id": "t2", "final_text": "lawn"},
    {"ts": TS, "kind": "correction", "request_id": "r3", "final_text": "the same"},
    {"ts": TS, "kind": "correction", "request_id": "r3", "final_text": "of no account", "value": 0.25},
    {"ts": TS, "kind": "correction", "trace_id": "t3", "final_text": "one of two calls"},
    {"ts": TS, "kind": "correction", "request_id": "r4", "final_text": "a call without output"},
    {"ts": TS, "kind": "correction", "request_id": "r9", "final_text": "a call of another day"},
    {"ts": TS, "kind": "correction", "request_id": "r2"},
]
SHARES = [3 / 7, 0.5, 0.0, 0.25, None, None, None, None]
"""Kitten becomes sitting by 3 steps (Levenshtein 1966) of at most 7, flaw becomes lawn by 2 of at most 4."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in which the test works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_jsonl(*rows: Row) -> bytes:
    """Return rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def shares(*paths: str, **how: Any) -> list[float | None]:
    """Return the edited share of each correction of some files."""
    events = read(list(paths), how=Reading(**how)).events
    assert not {"output", "final_text", "prompt"} & set(events.columns)
    return events.filter(pl.col("kind") == "correction")["value"].to_list()


def test_share_from_texts() -> None:
    """A correction without a share takes it from its text and the output of its call, and its own share wins."""
    Path("log.jsonl").write_bytes(as_jsonl(*CALLS, *CORRECTIONS))

    assert pytest.approx(SHARES) == shares("log.jsonl")


def test_texts_in_two_files() -> None:
    """Calls and corrections may be in files of their own, compressed or as one document."""
    Path("calls.jsonl.gz").write_bytes(gzip.compress(as_jsonl(*CALLS)))
    Path("corrections.json").write_text(json.dumps(CORRECTIONS))

    assert pytest.approx(SHARES) == shares("corrections.json", "calls.jsonl.gz")


def test_texts_in_tables() -> None:
    """Texts are found in CSV and Parquet too."""
    names = ["ts", "request_id", "trace_id", "kind", "value", "final_text"]
    with Path("corrections.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(CORRECTIONS)
    pl.DataFrame(CALLS, infer_schema_length=None).write_parquet("calls.parquet")

    assert pytest.approx(SHARES) == shares("corrections.csv", "calls.parquet")


def test_texts_by_other_names() -> None:
    """A column map says where the texts are, and they are not kept."""
    renamed = {"final_text": "edited", "output": "answer"}
    rows = [{renamed.get(name, name): value for name, value in row.items()} for row in (*CALLS, *CORRECTIONS)]
    Path("log.jsonl").write_bytes(as_jsonl(*rows))

    assert pytest.approx(SHARES) == shares("log.jsonl", columns=("final_text=edited", "output=answer"))


def test_no_texts() -> None:
    """Without texts the share stays unknown, and is no column."""
    Path("log.jsonl").write_bytes(as_jsonl(CALLS[0], {"ts": TS, "kind": "correction", "request_id": "r1"}))

    assert "value" not in read(["log.jsonl"]).events.columns


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_texts_are_not_printed(form: str) -> None:
    """The size of corrections is shown, also from standard input, and nothing of the texts."""
    words = ["quality", "-", "--metrics", "correction-size", "--isolated", "-f", form]

    done = CliRunner().invoke(app, words, input=as_jsonl(*CALLS, *CORRECTIONS))

    assert done.exit_code == 0
    assert "correction-size" in done.stdout
    assert not [word for word in ("secret", "kitten", "sitting", "lawn", "same") if word in done.output]
