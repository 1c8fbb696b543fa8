"""What `doctor` says of a log."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app

HEALTHY = [
    {"ts": f"2026-09-0{day}T{hour:02d}:30:00Z", "request_id": f"r{day}-{hour}", "user_id": "u", "status": "ok",
     "latency_ms": 100, "input_tokens": 10, "output_tokens": 1, "cost_usd": 0.01}
    for day in (1, 2) for hour in range(24)
]  # fmt: skip


def diagnosed(tmp_path: Path, rows: list[dict[str, Any]], *flags: str, more: str = "") -> tuple[int, dict[str, Any]]:
    """Return the exit code and the diagnosis of a log of rows and some more lines."""
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows) + more)
    done = CliRunner().invoke(app, ["doctor", str(log), "--isolated", "-f", "json", *flags])
    return done.exit_code, json.loads(done.stdout)["doctor"]


def test_a_healthy_log_has_no_problem(tmp_path: Path) -> None:
    """Nothing is wrong with whole rows, and --fatal stays 0."""
    code, found = diagnosed(tmp_path, HEALTHY, "--fatal")

    assert (0, [], []) == (code, found["problems"], found["gaps"])


def test_each_file_is_named_with_its_format_and_losses(tmp_path: Path) -> None:
    """A file is shown with the rows that it gave, those rejected, and the time that it covers."""
    _, found = diagnosed(tmp_path, HEALTHY, more="{torn")
    (file,) = found["files"]

    assert ("native", 48, 1) == (file["source"], file["rows"], file["rejected"])
    assert ("2026-09-01T00:30:00", "2026-09-02T23:30:00") == (file["since"][:19], file["until"][:19])


@pytest.mark.parametrize(("flags", "expected"), [((), 0), (("--fatal",), 1)])
def test_a_problem_is_fatal_only_on_request(tmp_path: Path, flags: tuple[str, ...], expected: int) -> None:
    """A rejected row is a problem; the exit code says so where --fatal is given."""
    code, found = diagnosed(tmp_path, HEALTHY, *flags, more="{torn")

    assert expected == code
    assert ["1 of 49 rows rejected: torn_tail 1"] == found["problems"]


def test_a_gap_is_found_by_the_hour(tmp_path: Path) -> None:
    """Hours without a call between two calls are a gap: from the hour after the last call to that of the next."""
    late = {**HEALTHY[0], "ts": "2026-09-05T07:15:00Z", "request_id": "late"}
    _, found = diagnosed(tmp_path, [*HEALTHY, late])
    (gap,) = found["gaps"]

    assert ("2026-09-03T00:00:00+00:00", "2026-09-05T07:00:00+00:00", 55) == (gap["since"], gap["until"], gap["hours"])


def test_a_metric_that_lacks_a_column_says_how_to_map_it(tmp_path: Path) -> None:
    """What is missing is named, with the option that mends it."""
    rows = [{name: value for name, value in row.items() if name != "latency_ms"} for row in HEALTHY]
    _, found = diagnosed(tmp_path, rows)
    told = {m["metric"]: m for m in found["metrics"]}

    assert (False, "--map latency_ms=COLUMN") == (told["latency-p95"]["computable"], told["latency-p95"]["map"])
    assert (True, None) == (told["error-rate"]["computable"], told["error-rate"]["map"])


def test_nothing_usable_exits_3(tmp_path: Path) -> None:
    """A log of rejected rows alone cannot be judged."""
    rows = [{"ts": "yesterday", "request_id": "a", "user_id": "u"}]
    code, found = diagnosed(tmp_path, rows)

    assert 3 == code
    assert "no row could be used" == found["problems"][0]


def shown(tmp_path: Path, rows: list[dict[str, Any]], *flags: str, more: str = "") -> str:
    """Return the diagnosis as people read it."""
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows) + more)
    return CliRunner().invoke(app, ["doctor", str(log), "--isolated", *flags]).stdout


def test_problems_come_first_and_losses_have_places(tmp_path: Path) -> None:
    """On the terminal what is wrong stands first, then each reason with its count and the first place."""
    text = shown(tmp_path, HEALTHY, more='{"ts": "yesterday", "user_id": "u"}\n{"ts": "later", "user_id": "u"}\n{torn')
    problems, rejected, files = (text.index(title) for title in ("PROBLEMS", "REJECTED ROWS", "FILES"))

    assert problems < rejected < files
    lines = [line.split() for line in text.splitlines()]
    assert ["bad_time", "2", f"{tmp_path}/log.jsonl:49"] in lines
    assert ["torn_tail", "1", f"{tmp_path}/log.jsonl:51"] in lines


def test_columns_say_how_much_is_filled_and_from_where(tmp_path: Path) -> None:
    """A column has the share of rows that fill it, and comes from a mapped column, a format, or from pricing."""
    rows = [{**HEALTHY[0], "took": 5, "request_id": f"r{i}"} | ({"tier": "free"} if i else {}) for i in range(4)]
    _, found = diagnosed(tmp_path, rows, "--map", "ttft_ms=took")

    assert (0.75, 1.0) == (found["columns"]["tier"], found["columns"]["ttft_ms"])
    assert ["--map ttft_ms=took", "native", "computed"] == [
        found["column_sources"][name] for name in ("ttft_ms", "tier", "cost_source")
    ]


def test_token_contradictions_are_a_problem(tmp_path: Path) -> None:
    """More cached than input tokens is a problem with its format and count, and fatal on request."""
    bad = HEALTHY[0] | {"input_tokens": 1, "cache_read_tokens": 2}
    code, found = diagnosed(tmp_path, [bad, *HEALTHY[1:]], "--fatal")
    (each,) = found["contradictions"]

    assert 1 == code
    assert ("cached_over_input", "native", 1) == (each["rule"], each["format"], each["rows"])
    assert each["first"].endswith("log.jsonl:1")
    assert found["problems"][0].startswith("1 rows of native contradict themselves")


def test_money_and_rows_are_accounted_for(tmp_path: Path) -> None:
    """Duplicates, the join, where costs come from, the prices that were used and the zone are told to people."""
    free = {name: value for name, value in HEALTHY[0].items() if name != "cost_usd"}
    rating = {"ts": "2026-09-02T00:00:00Z", "kind": "thumb", "value": 1, "request_id": "nobody"}
    rows = [
        HEALTHY[0],
        *HEALTHY,
        rating,
        free | {"request_id": "a", "model": "gpt-4o"},
        free | {"request_id": "b", "model": "own"},
    ]
    text = " ".join(shown(tmp_path, rows, "--tz", "Europe/Berlin").split())

    for words in ("duplicates 1", "finds its call 0%", "recorded cost 48", "priced cost 1", "without a price 1", "own 1",
                  "genai-prices", "Europe/Berlin"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("folder", ["langfuse_traces", "api_cassettes", "claude_code_log", "aider_analytics", "vllm_bench",
                                    "llmperf"])  # fmt: skip
def test_logs_that_others_wrote(shared_data: Path, folder: str) -> None:
    """Every log is diagnosed: each metric is computed, or says what it lacks."""
    done = CliRunner().invoke(app, ["doctor", str(shared_data / folder), "--isolated", "-f", "json"])
    metrics = json.loads(done.stdout)["doctor"]["metrics"]

    assert 0 == done.exit_code
    assert all(m["computable"] or m["missing"] for m in metrics)
    lacking = [(m["missing"], m["map"]) for m in metrics if str(m["missing"]).startswith("the log has no")]
    assert not [each for each in lacking if ("--feedback" if "rows of kind" in each[0] else "--map") not in each[1]]
