"""Rate limits: sliding windows, what was refused, token buckets, and when a limit is reached."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import log
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from aiopsctl.cli.app import app
from aiopsctl.stats.bucket import replay
from aiopsctl.stats.line import fit
from aiopsctl.stats.windows import peaks

SAMPLE = Path(__file__).parent.parent / "sample_data"
CASSETTES = Path(__file__).parents[2] / "shared" / "data" / "api_cassettes" / "interactions.jsonl.gz"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


def said(*words: Any, code: int = 0) -> Row:
    """Return what the command says as JSON."""
    done = CliRunner().invoke(app, ["scale", "rate-limits", *map(str, words), "-f", "json"])
    assert done.exit_code == code, done.output
    found: Row = json.loads(done.stdout)
    return found


def log_of(folder: Path, *rows: Row) -> Path:
    """Write calls; `at` is seconds after noon of the first of September, or a time."""
    path = folder / "log.jsonl"
    lines = []
    for number, row in enumerate(rows):
        at = row["at"]
        when = at if isinstance(at, datetime) else NOON + timedelta(seconds=at)
        rest = {name: value for name, value in row.items() if name != "at"}
        lines.append(json.dumps({"ts": when.isoformat(), "request_id": f"r{number}", "provider": "acme", **rest}))
    path.write_text("\n".join(lines))
    return path


def of(found: Row, measure: str, provider: str | None = "acme", model: str | None = None) -> Row:
    """Return the peak of one measure."""
    (row,) = (
        each
        for each in found["rate_limits"]["peaks"]
        if (each["measure"], each["provider"], each["model"]) == (measure, provider, model)
    )
    return dict(row)


# sliding windows


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), min_size=1, max_size=40),
    st.integers(1, 30),
)
def test_peak_is_that_of_every_window(events: list[tuple[int, int]], length: int) -> None:
    """The peak is the largest sum over all windows that end with an event, each summed by itself."""
    events.sort(key=lambda each: each[0])
    sums = [(sum(n for at, n in events if end - length < at <= end), end) for end, _ in events]
    expected = max(total for total, _ in sums)

    (found,) = peaks(np.array([at for at, _ in events]), [np.array([n for _, n in events])], length)

    assert (found.total if found else 0) == expected
    assert found is None or found.until == min(end for total, end in sums if total == expected)


def test_a_rush_over_the_turn_of_a_minute_is_seen(tmp_path: Path) -> None:
    """Calls at 30, 59, 61 and 89 seconds are four in one window, though no calendar minute has more than two."""
    path = log_of(tmp_path, *({"at": at, "input_tokens": 10, "output_tokens": 1} for at in (30, 59, 61, 89.999999)))

    found = said(path)

    assert of(found, "rpm")["peak"] == 4
    assert of(found, "tpm")["peak"] == 44
    assert of(found, "input_tpm")["peak"] == 40
    assert [m["value"] for m in found["measurements"] if m["metric"] == "peak-rpm"] == [2]


def test_a_whole_window_apart_is_apart(tmp_path: Path) -> None:
    """Two calls exactly 60 seconds apart are in no window of 60 seconds together."""
    found = said(log_of(tmp_path, {"at": 0}, {"at": 60}))

    assert of(found, "rpm")["peak"] == 1
    assert of(found, "rpd")["peak"] == 2
    assert of(found, "tpm")["peak"] is None
    assert "tokens" in of(found, "tpm")["reason"]


def test_what_never_reached_a_provider_is_left_out(tmp_path: Path) -> None:
    """Answers of the application's own cache, and calls of a batch, count against no limit by the minute."""
    path = log_of(tmp_path, {"at": 0}, {"at": 1, "cache_hit": True}, {"at": 2, "service_tier": "batch"})

    found = said(path)

    assert of(found, "rpm")["peak"] == 1
    assert found["rate_limits"]["left_out"] == {"from_own_cache": 1, "batch": 1, "without_time": 0}


SLIDING = """
    SELECT max(calls), max(tokens) FROM (
        SELECT count(*) OVER w AS calls, sum({tokens}) OVER w AS tokens FROM {log}
        WINDOW w AS (ORDER BY {ts} RANGE BETWEEN INTERVAL '{before}' PRECEDING AND CURRENT ROW)
    )
"""
LENGTHS = {"requests_10s": "9.999999 seconds", "rpm": "59.999999 seconds", "rpd": "86399.999999 seconds"}


@pytest.mark.parametrize("measure", LENGTHS)
def test_azure_peaks(measure: str, shared_data: Path) -> None:
    """The peaks of a trace of an hour are those of DuckDB's window over the raw file."""
    path = shared_data / "azure_llm_2023" / "AzureLLMInferenceTrace_code.parquet"
    sql = SLIDING.format(
        tokens="ContextTokens + GeneratedTokens", log="read_parquet($path)", before=LENGTHS[measure],
        ts='"TIMESTAMP"::TIMESTAMP',
    )  # fmt: skip
    calls, tokens = duckdb.connect().execute(sql, {"path": str(path)}).fetchall()[0]
    maps = ("ts=TIMESTAMP", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens")

    found = said(path, "--isolated", *(word for pair in maps for word in ("--map", pair)))

    assert of(found, measure, None)["peak"] == calls
    assert measure == "requests_10s" or of(found, measure.replace("r", "t", 1), None)["peak"] == tokens


def test_mooncake_peaks(shared_data: Path, tmp_path: Path) -> None:
    """The peaks of a trace with times in milliseconds since its beginning are those of DuckDB's window."""
    source = shared_data / "mooncake" / "synthetic_trace.jsonl.gz"
    path = tmp_path / "trace.jsonl"
    with gzip.open(source, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    path.write_text(
        "\n".join(
            json.dumps({"ts": 1_700_000_000_000 + r["timestamp"], "i": r["input_length"], "o": r["output_length"]})
            for r in rows
        )
    )
    sql = SLIDING.format(tokens="i + o", log="read_json($path)", ts="make_timestamp(ts * 1000)", before=LENGTHS["rpm"])
    calls, tokens = duckdb.connect().execute(sql, {"path": str(path)}).fetchall()[0]

    found = said(path, "--isolated", "--map", "ts=ts", "--map", "input_tokens=i", "--map", "output_tokens=o")

    assert (of(found, "rpm", None)["peak"], of(found, "tpm", None)["peak"]) == (calls, tokens)


# limits


CONFIG = "providers:\n  acme: {rpm: 8, tpm: 100}\n  acme/small: {rpm: 2}\n  azure: {rpm: 60}\n  other: {rpm: 1}\n"


def test_limits_of_providers_and_models(tmp_path: Path) -> None:
    """A provider's limits come from the config, and so do those of a model of it; Azure has a sixth in ten seconds."""
    config = tmp_path / "aiopsctl.yaml"
    config.write_text(CONFIG)
    rows = [{"at": i, "model": "small" if i % 2 else "large", "input_tokens": 5} for i in range(4)]
    path = log_of(tmp_path, *rows, *({"at": i, "provider": "azure"} for i in range(5)))

    found = said(path, "-c", config)

    assert [(of(found, "rpm")[name]) for name in ("peak", "limit", "used", "growth_to_limit")] == [4, 8, 0.5, 2]
    assert of(found, "tpm")["used"] == 0.2
    assert [of(found, "rpm", model="small")[name] for name in ("peak", "limit", "used")] == [2, 2, 1]
    assert [of(found, "requests_10s", "azure")[name] for name in ("peak", "limit", "used")] == [5, 10, 0.5]
    assert of(found, "requests_10s")["limit"] is None
    assert of(found, "rpd")["limit"] is None
    assert "rpd" in of(found, "rpd")["reason"]


def test_limits_of_the_command_line(tmp_path: Path) -> None:
    """A limit that is typed holds for each provider; with --by model for each model."""
    path = log_of(tmp_path, {"at": 0, "model": "a"}, {"at": 1, "model": "b"}, {"at": 2, "model": "b"})

    assert of(said(path, "--rpm", 4), "rpm")["used"] == 0.75
    assert of(said(path, "--rpm", 4, "--by", "model"), "rpm", model="b")["used"] == 0.5
    assert of(said(path), "rpm")["limit"] is None


@pytest.mark.parametrize(
    "words",
    [("--rpm", "-1"), ("--at", "fast"), ("--at", "0x"), ("--at", "5rph"), ("--by", "feature"), ("--burst", "0")],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    """A limit below 0, limits that cannot be read, and slices without limits are errors of usage."""
    done = CliRunner().invoke(app, ["scale", "rate-limits", str(log_of(tmp_path, {"at": 0})), *words])

    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")


# growth


def weeks(folder: Path, calls: list[int]) -> Path:
    """Write a log of weeks with so many calls each, from early to late."""
    begin = datetime(2026, 6, 1, tzinfo=UTC)
    rows = []
    for week, count in enumerate(calls):
        rows += [{"at": begin + timedelta(weeks=week, seconds=604_799 * i / (count - 1))} for i in range(count)]
    return log_of(folder, *rows)


def test_when_a_limit_is_reached(tmp_path: Path) -> None:
    """Calls that grow by about 10 % a week meet a limit of twice the peak after log(2) / slope weeks (SciPy's slope)."""
    calls = [100, 112, 119, 134, 147, 160]
    line = stats.linregress(range(6), [log(each) for each in calls])
    expected = datetime(2026, 7, 13, tzinfo=UTC) + timedelta(weeks=log(2) / line.slope)

    found = said(weeks(tmp_path, calls))
    peak_of_day = of(found, "rpd")["peak"]
    row = of(said(tmp_path / "log.jsonl", "--rpd", 2 * peak_of_day), "rpd")

    assert found["rate_limits"]["growth"]["weeks"] == 6
    assert found["rate_limits"]["growth"]["per_week"] == pytest.approx(np.expm1(line.slope), rel=1e-9)
    assert abs((datetime.fromisoformat(row["reached_on"]).date() - expected.date()).days) <= 1
    assert row["reached_earliest"] < row["reached_on"] < row["reached_latest"]


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([100, 100, 100, 100, 100, 100], "do not grow"),
        ([100, 90, 130, 80, 120, 95], "do not grow"),
        ([100, 110, 120, 130, 140], "whole weeks"),
    ],
)
def test_no_growth_no_date(calls: list[int], words: str, tmp_path: Path) -> None:
    """Where calls do not grow, or there are too few weeks, the day is unknown, with the reason."""
    row = of(said(weeks(tmp_path, calls), "--rpm", 1000), "rpm")

    assert row["reached_on"] is None
    assert words in row["reached_reason"]


def test_line_is_scipys_where_neighbours_differ() -> None:
    """Slope and interval are SciPy's where residuals of neighbours are not alike, and wider where they are."""
    x, y = [0.0, 1, 2, 3, 4, 5], [1.0, 3, 2, 4, 3, 5]
    expected = stats.linregress(x, y)
    half = stats.t.ppf(0.975, 4) * expected.stderr
    line, wavy = fit(x, y), fit(x, [0, 1, 2, 2, 1, 0])

    assert line is not None
    assert wavy is not None
    assert line.slope == pytest.approx(expected.slope)
    assert line.slope_interval() == pytest.approx((expected.slope - half, expected.slope + half))
    assert wavy.slope_error > stats.linregress(x, [0, 1, 2, 2, 1, 0]).stderr


# refused calls


def test_the_planted_hour_is_named() -> None:
    """The hour in which the sample logs refuse half of the calls is found, with its date; no other hour is."""
    refused = said(SAMPLE, "--isolated")["rate_limits"]["refused"]

    (hour,) = refused["hours"]
    assert (hour["since"], hour["until"]) == ("2026-10-21T14:00:00+00:00", "2026-10-21T15:00:00+00:00")
    assert hour["share"] == pytest.approx(0.5, abs=0.05)
    worst = max(refused["by_hour_of_day"], key=lambda each: each["share"])
    assert worst["hour"] == 14


def test_hours_of_the_day_are_those_of_the_zone(tmp_path: Path) -> None:
    """A call refused at noon UTC was refused at 14:00 in Berlin."""
    path = log_of(tmp_path, {"at": 0, "status": "rate_limited"}, {"at": 3600, "status": "ok"})

    refused = said(path, "--tz", "Europe/Berlin")["rate_limits"]["refused"]

    assert refused["by_hour_of_day"] == [
        {"hour": 14, "calls": 1, "refused": 1, "share": 1.0},
        {"hour": 15, "calls": 1, "refused": 0, "share": 0.0},
    ]


def test_fate_of_refused_calls(tmp_path: Path) -> None:
    """Served: an ok call of the same feature and trace, session or user within 5 minutes; else lost, or unknown."""
    limited = {"status": "rate_limited", "feature": "draft"}
    ok = {"status": "ok", "feature": "draft"}
    path = log_of(
        tmp_path,
        {"at": 0, **limited, "user_id": "a"}, {"at": 30, **ok, "user_id": "a"},  # served after 30 s
        {"at": 0, **limited, "session_id": "s"}, {"at": 300, **ok, "session_id": "s"},  # served after 300 s
        {"at": 0, **limited, "trace_id": "t", "user_id": "b"}, {"at": 90, **ok, "user_id": "b"},  # by another name
        {"at": 0, **limited, "user_id": "c"}, {"at": 301, **ok, "user_id": "c"},  # too late
        {"at": 0, **limited, "user_id": "d"}, {"at": 10, "status": "ok", "feature": "chat", "user_id": "d"},  # another
        {"at": 0, **limited, "user_id": "e"}, {"at": 10, **limited, "user_id": "e"},  # refused again: both lost
        {"at": 0, **limited},  # nobody
        {"at": 900, **limited, "user_id": "f"}, {"at": 1000, **ok, "user_id": "g"},  # the log ends too soon
    )  # fmt: skip

    fate = said(path)["rate_limits"]["fate"]

    assert (fate["served"], fate["lost"], fate["unknown"]) == (3, 4, 2)
    assert fate["served_share"] == pytest.approx(3 / 7)
    assert fate["median_wait_s"] == 90


def test_no_status_is_unknown(tmp_path: Path) -> None:
    """Without a status of calls nothing is said of refusals: null and a reason, never 0."""
    found = said(log_of(tmp_path, {"at": 0}))["rate_limits"]

    assert found["refused"]["refused"] is found["refused"]["share"] is found["fate"]["lost"] is None
    assert "status" in found["refused"]["reason"]
    assert "status" in found["fate"]["reason"]


# token buckets


def test_bucket_by_hand() -> None:
    """A bucket of 2 requests, filled with one every 30 s: of five calls at once two pass, two wait, one is dropped."""
    found = replay([0, 0, 0, 0, 0], [[1] * 5], [2])

    assert (found.calls, found.delayed, found.dropped) == (5, 2, 1)
    assert found.waits == pytest.approx((30, 60))
    assert found.mean_wait == pytest.approx(45)
    assert found.p95_wait == pytest.approx(60)


def test_bucket_keeps_the_order() -> None:
    """A small call waits behind a large one (from 11 to 61 s), and a bucket never holds more than its brim."""
    found = replay([0, 10, 11, 600, 600], [[60, 60, 1, 60, 30]], [60])

    assert found.waits == pytest.approx((30, 50, 50))
    assert found.dropped == 0


def test_two_buckets() -> None:
    """A call waits for the emptier of two buckets; one that is larger than a bucket is dropped and takes nothing."""
    found = replay([0, 0, 0], [[1, 1, 1], [50, 200, 70]], [60, 100])

    assert found.dropped == 1
    assert found.waits == pytest.approx(((70 - 50) / 100 * 60,))


def test_smaller_buckets_delay_more() -> None:
    """With 10 seconds of a limit of 6 a minute a bucket holds one call, so that the second waits 10 s."""
    found = replay([0, 0], [[1, 1]], [6], burst=10)

    assert found.waits == pytest.approx((10,))


def test_replay_of_a_log(tmp_path: Path) -> None:
    """Multiples are of the limit that holds; where the limit suffices nobody waits, and by half of it some do."""
    path = log_of(tmp_path, *({"at": 0, "input_tokens": 1} for _ in range(4)))

    half, whole = said(path, "--rpm", 4, "--at", "0.5x,1x")["rate_limits"]["replay"]

    assert (half["rpm"], half["delayed"], half["dropped"], half["p95_wait_s"]) == (2, 2, 0, pytest.approx(60))
    assert (whole["rpm"], whole["delayed"], whole["dropped"], whole["mean_wait_s"]) == (4, 0, 0, None)


def test_replay_of_explicit_limits(tmp_path: Path) -> None:
    """Limits can be named; without any limit multiples are of the peak, and say so."""
    path = log_of(tmp_path, *({"at": 0, "input_tokens": 10} for _ in range(4)))

    named, multiple = said(path, "--at", "4rpm+20tpm,0.5x")["rate_limits"]["replay"]

    assert (named["rpm"], named["tpm"], named["of"], named["delayed"]) == (4, 20, None, 2)
    assert (multiple["rpm"], multiple["tpm"], multiple["of"]) == (2, 20, "peak")


# limits by header


def stated(at: float, requests: int | None, tokens: int | None, **more: Any) -> Row:
    """Return a call whose answer states limits."""
    return {"at": at, "model": "big", "input_tokens": 10, "limit_requests": requests, "limit_tokens": tokens, **more}


def test_the_newest_header_of_a_model_is_its_limit(tmp_path: Path) -> None:
    """Requests and tokens are each of the newest answer that has them; a model without headers has no limit."""
    path = log_of(
        tmp_path, stated(0, 50, 1_000), stated(5, 100, None), stated(9, None, 500), {"at": 10, "model": "small"}
    )

    found = said(path)
    rpm, tpm = (of(found, name, model="big") for name in ("rpm", "tpm"))

    assert (rpm["limit"], rpm["limit_from"], rpm["limit_at"]) == (100, "header", "2026-09-01T12:00:05+00:00")
    assert (tpm["limit"], tpm["limit_at"], tpm["used"]) == (500, "2026-09-01T12:00:09+00:00", 30 / 500)
    assert of(found, "rpm")["limit"] is None
    assert "small" not in {row["model"] for row in found["rate_limits"]["peaks"]}
    assert found["rate_limits"]["missing"] == []


def test_a_header_may_be_of_a_day(tmp_path: Path) -> None:
    """Requests that are granted by the day are no limit by the minute; nor is a header of 0 one."""
    path = log_of(tmp_path, stated(0, 200, 0, limit_requests_window_s=86_400))

    found = said(path)

    assert of(found, "rpd", model="big")["limit"] == 200
    assert of(found, "rpm", model="big")["limit"] is None
    assert of(found, "tpm", model="big")["limit"] is None


@pytest.mark.parametrize("name", ["acme", "acme/big"])
def test_the_config_wins_over_headers(tmp_path: Path, name: str) -> None:
    """What the config says of a model, or of its provider, holds; that a header says otherwise is noted."""
    path, config = log_of(tmp_path, stated(0, 100, 1_000)), tmp_path / "aiopsctl.yaml"
    config.write_text(f"version: 1\nproviders: {{{name}: {{rpm: 60, tpm: 1000}}}}\n")
    done = CliRunner().invoke(app, ["scale", "rate-limits", str(path), "-c", str(config), "-f", "json"])
    found = json.loads(done.stdout)
    rpm = of(found, "rpm", model="big" if "/" in name else None)

    assert (rpm["limit"], rpm["limit_from"], rpm["limit_at"]) == (60, "config", None)
    assert f"{name}: requests/min 60 by config, but by header 100 of big (2026-09-01 12:00)" in done.stderr
    assert "tokens/min" not in done.stderr


@pytest.mark.skipif(not CASSETTES.exists(), reason="needs the recorded exchanges of openllmetry and llm")
def test_headers_of_real_answers() -> None:
    """The limits of a model are those that its newest recorded answer has, read here from the recordings themselves."""
    with gzip.open(CASSETTES, "rt") as file:
        records = [json.loads(line) for line in file]
    newest: dict[str, tuple[datetime, int]] = {}
    for record in records:
        headers = record["headers"] or {}
        if record["url"].startswith("https://api.openai.com/") and "x-ratelimit-limit-tokens" in headers:
            when = parsedate_to_datetime(headers["date"])
            if when >= newest.get(record["request_model"], (when, 0))[0]:
                newest[record["request_model"]] = (when, int(headers["x-ratelimit-limit-tokens"]))
    found = said(CASSETTES, "--isolated")

    for model in ("gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-4.1-nano"):
        row = of(found, "tpm", "openai", model)
        assert (datetime.fromisoformat(row["limit_at"]), row["limit"]) == newest[model]
    assert of(found, "rpd", "groq", "llama3-8b-8192")["limit"] == 14_400
