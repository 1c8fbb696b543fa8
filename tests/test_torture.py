"""The torture list: whatever a log or a config is, every row is used or accounted for, or one clear error says why not."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import run
from torture import CASES
from torture.case import Case, log

from aiopsctl.sources.files import printable

ASKED = (
    "--metrics",
    "calls,input-tokens",
    "--format",
    "json",
    "--rejects",
    "rejects.out",
    "--output",
    "other.json",
    "--cost",
    "recorded",
)
NAMES = [case.name for case in CASES]


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Lay out the files of a case, and go there."""
    found: Case = request.param
    if found.needs and os.getuid() == 0:
        pytest.skip(f"needs {found.needs}")
    monkeypatch.chdir(tmp_path)
    for name, made in found.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(made, bytes):
            path.write_bytes(made)
        else:
            made(path)
    yield found
    assert not Path("pickled").exists(), "a file ran something"


def rejected() -> dict[str, str]:
    """Return the saved places with their reasons."""
    rows = map(json.loads, Path("rejects.out").read_text().splitlines())
    return {f"{row['file']}:{row['line']}": row["reason"] for row in rows}


def values(answer: dict[str, Any]) -> dict[str, float]:
    """Return the sum of each metric: its value, or its mean times the samples of it."""
    found = {m["metric"]: (m["value"] or 0, m["n"]) for m in answer["measurements"]}
    return {"calls": found["calls"][0], "tokens": found["input-tokens"][0] * found["input-tokens"][1]}


@pytest.mark.parametrize("case", CASES, ids=NAMES, indirect=True)
def test_torture(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    """Every row is used, rejected with its place and reason, a duplicate or filtered; else an error says what is wrong."""
    done = run("summary", *case.words, *ASKED)
    told = done.told

    assert case.exit_code == done.exit_code, told
    assert [part for part in case.says.split("|") if part not in told] == []
    assert [word for word in ("Traceback", "panicked", "\x1b") if word in told + "".join(capfd.readouterr())] == []
    if case.exit_code:
        guided(case, done.stderr)
    if case.exit_code == 2:
        assert re.match(r"error: |.*aiopsctl\.yaml", done.stderr), done.stderr
        assert (done.stdout, Path("other.json").exists()) == ("", False)
    else:
        accounted(case, json.loads(done.stdout))


def guided(case: Case, said: str) -> None:
    """Hold that an error names its file, and says what to do: below it, or at the place in a config."""
    name = "aiopsctl.yaml" if "--config" in case.words else case.words[0]
    assert printable(name)[:100] in said
    assert re.search(r"^ +help: \S|^ +\| +\^+ \S", said, re.MULTILINE), said


def accounted(case: Case, answer: dict[str, Any]) -> None:
    """Hold what was read against what there was."""
    data = answer["data"]
    used, lost = data["rows_used"], data["rows_rejected"]
    assert used + lost + data["rows_duplicate"] + data["rows_filtered"] == data["rows_read"]
    assert sum(data["rejected"].values()) == lost
    assert json.loads(Path("other.json").read_text()) == answer
    if "*" in case.rejected:
        assert case.rejected["*"] in data["rejected"]
        assert used > 0
    else:
        assert case.rejected == rejected()
        assert (case.used, len(case.rejected), case.duplicate, case.filtered) == (
            used, lost, data["rows_duplicate"], data["rows_filtered"],
        )  # fmt: skip
        assert case.fields == data["fields_rejected"]
    if case.tokens is not None and used and "*" not in case.rejected:
        assert case.tokens == pytest.approx(values(answer)["tokens"], rel=1e-12)
    if case.since:
        assert case.since == answer["window"]["since"]


def test_names_are_unique() -> None:
    """Each case has a name of its own, and there are as many as are promised."""
    assert len(set(NAMES)) == len(NAMES)
    assert len(NAMES) >= 195


@pytest.mark.parametrize("kind", ["y", "n", "i"])
def test_json_test_suite(kind: str, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the suite that other JSON parsers are tested by, what is JSON costs no row, and what is none costs its own."""
    found = {path.name: path.read_bytes() for path in sorted((shared_data / "json_test_suite").glob(f"{kind}_*.json"))}
    lines = [
        b'{"ts": "2026-09-01T12:00:00Z", "request_id": "%s", "x": %s}' % (name.encode(), data)
        for name, data in found.items()
        if b"\n" not in data
    ]
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_bytes(log(1) + b"\n".join(lines) + b"\n" + log(1, 2))

    done = run("summary", "log.jsonl", *ASKED)
    data = json.loads(done.stdout)["data"]

    assert data["rows_used"] + data["rows_rejected"] == len(lines) + 2
    assert kind == "i" or data["rows_rejected"] == (len(lines) if kind == "n" else 0)
    assert len(lines) > 15
