"""Without --with-text nothing that people or models wrote comes out, nothing goes over the network, and no input runs."""

import json
import socket
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from canary import BEFORE, CANARY, COMMENT, OUTPUT, PROMPT, TEXTS, leaks
from everything import no_network
from running import run

from aiopsctl.prices.rates import Book
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.store.store import Store

SAMPLES = sorted((Path(__file__).parents[1] / "sample_data" / "_formats").iterdir())
WRITTEN = {
    "prompt", "content", "text", "input", "output", "completion", "comment", "arguments", "thinking", "body", "answer", "message",
    "question", "description", "subject", "instructions", "system", "reasoning", "refusal", "response", "request", "explanation",
    "input.value", "output.value", "attributes.input.value", "attributes.output.value", "message.content", "label", "stringValue",
}  # fmt: skip
"""Under what keys formats keep texts."""

LOG = "".join(
    json.dumps({"ts": f"2026-09-{day:02}T12:00:00Z", "request_id": f"r{day}", "latency_ms": 5, "status": "ok", **TEXTS})
    + "\n"
    for day in range(1, 29)
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log full of texts."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text(LOG)
    return tmp_path


def planted(value: Any, *, text: bool = False) -> Any:
    """Return a record with a canary behind each text in it that has a space."""
    if isinstance(value, dict):
        return {key: planted(each, text=key in WRITTEN) for key, each in value.items()}
    if isinstance(value, list):
        return [planted(each, text=text) for each in value]
    return f"{value} {PROMPT}" if text and isinstance(value, str) and " " in value else value


def records(sample: Path) -> list[Any]:
    """Return the records of a sample, each with canaries in its texts."""
    if sample.suffix == ".parquet":
        return [planted(row) for row in pl.read_parquet(sample).to_dicts()]
    if sample.suffix == ".csv":
        return [planted(row) for row in pl.read_csv(sample, infer_schema=False).to_dicts()]
    found = sample.read_text()
    if sample.suffix == ".json" and not found.startswith("{"):
        try:
            return [planted(each) for each in json.loads(found)]
        except ValueError:
            return []
    return [planted(json.loads(line)) for line in found.splitlines() if line.startswith("{") and line.endswith("}")]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_no_text_is_kept_of_any_format(sample: Path) -> None:
    """Whatever the format, no column of the events, no line of the account and no file of a store holds a text."""
    found = records(sample)
    if not found:
        pytest.skip("is no log of records a line")
    lines = [json.dumps(each, default=str) for each in found]
    Path("planted.jsonl").write_text("\n".join([*lines, lines[0][: len(lines[0]) // 2], PROMPT]) + "\n")

    log = read(["planted.jsonl"])
    kept = Store(Path("store")).read(["planted.jsonl"], [], Reading(), Book())
    segments = {path.name: pl.read_parquet(path).write_json() for path in Path("store").glob(".*.parquet")}

    assert log.events.height == kept.events.height
    assert leaks({"events": log.events.lazy().collect().write_json(), "account": repr(log.account)}) == {}
    assert leaks({"manifest": Path("store/MANIFEST").read_text(), **segments}) == {}


@pytest.mark.parametrize(
    ("words", "exits"),
    [
        (["latency", "torn.jsonl"], 3),
        (["latency", "broken.json"], 2),
        (["latency", "plain.txt"], 2),
        (["latency", "utf16.jsonl"], 2),
        (["latency", "types.jsonl", "--rejects", "r"], 3),
        (["latency", "log.jsonl", "--where", f"prompt = '{PROMPT[:3]}'"], 2),
        (["latency", "log.jsonl", "--by", "prompt"], 2),
        (["latency", "log.jsonl", "--source", "otel"], 3),
    ],
)
def test_errors_hold_no_text(words: list[str], exits: int) -> None:
    """What is wrong with a log is told by place and reason, never by what it says."""
    Path("torn.jsonl").write_text(
        f'{{"ts": "soon", "prompt": "{PROMPT}"\n{{"ts": "{OUTPUT}", "request_id": "{COMMENT}"}}\n'
    )
    Path("broken.json").write_text(f'[{{"prompt": "{PROMPT}", "ts": "2026-09-01T12:00:00Z", }}]')
    Path("plain.txt").write_text(f"user said {PROMPT}\nmodel said {OUTPUT}\n" * 20)
    Path("utf16.jsonl").write_text(LOG, encoding="utf-16")
    Path("types.jsonl").write_text(
        json.dumps({"ts": BEFORE, "latency_ms": OUTPUT, "status": COMMENT, "request_id": "r"}) + "\n"
    )

    done = run(*words)
    saved = Path("r").read_text() if Path("r").exists() else ""

    assert (exits, {}) == (done.exit_code, leaks({"stdout": done.stdout, "stderr": done.stderr, "saved": saved}))


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_bugs_hold_no_text(debug: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What an engine says of a value it could not read is told neither as a bug nor with its traceback."""

    def broken(*_: object) -> None:
        raise pl.exceptions.ComputeError(f"cannot parse '{PROMPT}' (string) as Int64")

    monkeypatch.setattr("aiopsctl.sources.read.read", broken)
    done = run("latency", "log.jsonl", *debug)

    assert (70, {}) == (done.exit_code, leaks({"stderr": done.stderr}))
    assert "ComputeError" in done.stderr
    assert CANARY.search(run("latency", "log.jsonl", "--debug", "--with-text").stderr)


@pytest.mark.parametrize(
    "address",
    ["https://example.com/a.jsonl", "s3://bucket/a.parquet", "hf://datasets/a/b.parquet", "file:///etc/passwd"],
)
def test_addresses_are_names_of_files(address: str) -> None:
    """An address is no file, and nobody is asked for it."""
    with no_network():
        assert run("latency", address).exit_code == 2


def test_network_would_be_seen() -> None:
    """The block of these tests is one that a connection meets."""
    with no_network(), pytest.raises(AssertionError, match="network"):
        socket.create_connection(("127.0.0.1", 9))
