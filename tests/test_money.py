"""The money of a run, through the commands: coverage, layers, reconciliation, and costs worked by hand."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app

SAMPLE = Path(__file__).parent.parent / "sample_data"
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


LAYERS = ("cost-model", "cost-retrieval", "cost-infra")
NANO = 10**9


def nano(found: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """Return a cost in whole nano-dollars; a layer that no call tells is 0."""
    return round((found[name]["value"] or 0) * NANO)


def random_call(random: Random, number: int) -> dict[str, Any]:
    """Return a call of which some of the costs are told, in as many digits as a float has, and some contradict."""
    money = ("cost_usd", "model_cost_usd", "retrieval_cost_usd", "infra_cost_usd")
    tokens = {"input_tokens": random.randint(1, 9000), "output_tokens": random.randint(0, 900)}
    told = {name: random.random() / 10 ** random.randint(0, 8) for name in money if random.random() < 0.5}
    model = random.choice(("gpt-4o", "claude-sonnet-4-5", "nobody-knows"))
    return {"ts": f"2026-09-01T00:00:{number % 60:02d}Z", "request_id": f"r{number}", "model": model, **tokens, **told}


@pytest.mark.parametrize("mode", ["auto", "recorded", "priced"])
@pytest.mark.parametrize("seed", range(6))
def test_layers_add_up_to_the_total(tmp_path: Path, seed: int, mode: str) -> None:
    """Model, retrieval and infrastructure add up to the total to the nano-dollar, whatever calls tell of their cost."""
    random = Random(seed)
    log = written(tmp_path / "log.jsonl", [random_call(random, number) for number in range(200)])
    found = measured("cost", log, "--isolated", "--cost", mode)

    assert nano(found, "cost-total")
    assert nano(found, "cost-total") == sum(nano(found, name) for name in LAYERS)


def test_layers_of_the_sample_logs_add_up() -> None:
    """The sample logs have all three layers, in each feature, and they add up to the nano-dollar."""
    found = document("cost", str(SAMPLE), "-c", str(SAMPLE / "aiopsctl.yaml"), "--by", "feature")["measurements"]
    sums = Counter({m["slice"]["feature"]: 0 for m in found})
    for m in found:
        if m["metric"] in ("cost-total", *LAYERS):
            sums[m["slice"]["feature"]] += round((m["value"] or 0) * NANO) * (1 if m["metric"] in LAYERS else -1)

    assert {0} == set(sums.values())
    assert all(m["value"] for m in found if m["metric"] == "cost-model" and m["slice"]["feature"])


def test_a_total_without_parts_is_of_the_model(tmp_path: Path) -> None:
    """A recorded total counts for the model, but for the parts that are told; a layer that no call tells is unknown."""
    calls = [{"ts": "2026-09-01T00:00:00Z", "request_id": "a", "cost_usd": 0.5},
             {"ts": "2026-09-01T00:00:01Z", "request_id": "b", "cost_usd": 0.25, "retrieval_cost_usd": 0.125}]  # fmt: skip
    found = measured("cost", written(tmp_path / "log.jsonl", calls), "--isolated")

    assert [0.75, 0.625, 0.125, None] == [found[name]["value"] for name in ("cost-total", *LAYERS)]
    assert "the log has no infra_cost_usd" == found["cost-infra"]["reason"]


MILLION = 1_000_000


def asked(number: int, model: str, cost: float | None, feature: str = "chat", **more: Any) -> dict[str, Any]:
    """Return a call of a million input tokens, at noon of a day of September."""
    return {"ts": f"2026-09-{number:02d}T12:00:00Z", "request_id": f"r{number}", "provider": "openai", "model": model,
            "feature": feature, "input_tokens": MILLION, "cost_usd": cost, **more}  # fmt: skip


BOTH = [
    asked(1, "gpt-4o", 2.5), asked(2, "gpt-4o", 1.0), asked(3, "o3", 6.25, infra_cost_usd=0.25),
    asked(4, "gpt-nope", 9.0), asked(5, "o3", None), asked(6, "o3", None, status="error", input_tokens=None),
    asked(7, "gpt-4o", 9.0, feature="other"), asked(28, "gpt-4o", 9.0),
]  # fmt: skip
"""Calls at $2.50 (gpt-4o) and $2 (o3) a million tokens; the last two are for filters to leave out."""

ONLY = ("--where", "feature = 'chat'", "--until", "2026-09-20", "--isolated")


def row(model: str, calls: int, recorded: float, priced: float) -> dict[str, Any]:
    """Return a row of the comparison."""
    return {"provider": "openai", "model": model, "calls": calls, "recorded_usd": recorded, "priced_usd": priced,
            "difference_usd": recorded - priced, "ratio": recorded / priced}  # fmt: skip


COMPARED = [row("o3", 1, 6.0, 2.0), row("gpt-4o", 2, 3.5, 5.0)]


def test_reconcile(tmp_path: Path) -> None:
    """Of the calls in the window that pass the filter, model by model; what lacks a side is counted with the reason."""
    found = document("cost", written(tmp_path / "log.jsonl", BOTH), "--reconcile", *ONLY)["reconcile"]
    total = row("", 3, 9.5, 7.0)

    assert COMPARED == found["models"]
    assert {name: total[name] for name in found["total"]} == found["total"]
    assert (6, 3) == (found["calls"], found["compared"])
    assert {("gpt-nope", 1), ("o3", 1)} == {(each["model"], each["calls"]) for each in found["uncompared"]}
    assert {"no recorded cost", "failed without an answer"} == {
        each["reason"] for each in found["uncompared"] if each["model"] == "o3"
    }


def test_reconcile_in_every_format(tmp_path: Path) -> None:
    """Formats of rows have a row a model, those for people the table, its total, and what was left out."""
    words = ("cost", written(tmp_path / "log.jsonl", BOTH), "--reconcile", *ONLY)
    text, markdown, lines, rows = (ran(*words, "-f", name).stdout for name in ("table", "md", "jsonl", "csv"))
    expected = {each["model"]: each["calls"] for each in COMPARED}

    assert COMPARED == [json.loads(line) for line in lines.splitlines()]
    assert expected == {each["model"]: int(each["calls"]) for each in csv.DictReader(StringIO(rows))}
    for shown in (text, markdown):
        assert all(
            word in shown for word in ("$6.00", "3.00x", "-$1.50", "total", "$9.50", "gpt-nope", "no recorded cost")
        )


def test_reconcile_without_anything_to_compare(tmp_path: Path) -> None:
    """Where no call has both costs, nothing could be judged, and the error says what would help."""
    done = ran("cost", written(tmp_path / "log.jsonl", [asked(1, "o3", None)]), "--reconcile", "--isolated")

    assert 3 == done.exit_code
    assert "nothing to reconcile" in done.stderr
    assert "--map cost_usd=COLUMN" in done.stderr


@pytest.mark.parametrize("option", [("--cost", "priced"), ("--by", "feature"), ("--compare", "previous")])
def test_reconcile_refuses_what_would_say_nothing(tmp_path: Path, option: tuple[str, str]) -> None:
    """An option that has no meaning beside --reconcile is refused, by its name."""
    done = ran("cost", written(tmp_path / "log.jsonl", BOTH), "--reconcile", *option)

    assert 2 == done.exit_code
    assert f"{option[0]} with --reconcile" in done.stderr


USAGE = {"input_tokens": 500, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 500, "output_tokens": 100}
NINE_TENTHS_CACHED = {
    "openai": {
        "id": "c1", "object": "chat.completion", "created": 1788264000, "model": "claude-sonnet-4-5",
        "provider": "anthropic",
        "usage": {"prompt_tokens": 10_000, "completion_tokens": 100, "total_tokens": 10_100,
                  "prompt_tokens_details": {"cached_tokens": 9000, "cache_write_tokens": 500}},
    },
    "anthropic": {
        "ts": "2026-09-01T12:00:00Z", "id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "usage": USAGE,
    },
    "native": {
        "ts": "2026-09-01T12:00:00Z", "request_id": "c1", "provider": "anthropic", "model": "claude-sonnet-4-5",
        "input_tokens": 10_000, "cache_read_tokens": 9000, "cache_write_tokens": 500, "output_tokens": 100,
    },
}  # fmt: skip
"""One call of 10,000 input tokens, of which 9,000 are read from the cache and 500 written to it, in three formats."""


@pytest.mark.parametrize("name", NINE_TENTHS_CACHED)
def test_a_cached_share_of_nine_tenths(tmp_path: Path, name: str) -> None:
    """Per million: input $3, read $0.30, written $3.75, output $15; so $0.0015 + $0.0027 + $0.001875 + $0.0015."""
    log = written(tmp_path / "log.jsonl", [NINE_TENTHS_CACHED[name]])
    found = document("cost", log, "--isolated")
    (total,) = (m for m in found["measurements"] if m["metric"] == "cost-total")

    assert ({name: 1}, {}) == (found["data"]["sources"], found["data"]["contradictory_tokens"])
    assert 0.007575 == total["value"]
