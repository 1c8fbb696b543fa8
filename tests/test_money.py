"""The money of a run, through the commands: coverage, layers, reconciliation, and costs worked by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app

NINE_OF_TEN = [
    {"ts": f"2026-09-01T{hour:02d}:00:00Z", "request_id": f"r{hour}", "model": "own" if hour < 9 else "nobody-knows",
     "input_tokens": 10, "output_tokens": 1, "cost_usd": 1.0 if hour < 9 else None}
    for hour in range(10)
]  # fmt: skip
"""Ten calls, of which one has no known cost."""

DEAR = "checks: {dear: {metric: cost-total, window: 7d, critical: {above: 5 USD}}}\ndefaults: {min_samples: 1}\n"


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of a JSONL file of rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def ran(*words: str) -> Result:
    """Return what a command did."""
    return CliRunner().invoke(app, words)


def document(*words: str) -> dict[str, Any]:
    """Return the JSON document that a command prints."""
    found: dict[str, Any] = json.loads(ran(*words, "-f", "json").stdout)
    return found


def measured(*words: str) -> dict[str, dict[str, Any]]:
    """Return the measurements that a command prints, by metric."""
    return {m["metric"]: m for m in document(*words)["measurements"]}


@pytest.mark.parametrize(("least", "status", "code"), [("95%", "unknown", 3), ("90%", "ok", 1)])
def test_least_coverage_is_that_of_the_config(tmp_path: Path, least: str, status: str, code: int) -> None:
    """Looking and judging both take `min_coverage`: below it a cost is unknown, and cannot be judged."""
    log, config = written(tmp_path / "log.jsonl", NINE_OF_TEN), tmp_path / "aiopsctl.yaml"
    config.write_text(f"min_coverage: {least}\n{DEAR}")
    cost = measured("cost", log, "-c", str(config))["cost-total"]

    assert (9.0, 0.9, status) == (cost["value"], cost["coverage"], cost["status"])
    assert code == ran("check", log, "-c", str(config)).exit_code
