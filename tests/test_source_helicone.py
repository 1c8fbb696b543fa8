"""The `helicone` format: requests with their ratings and scores, Helicone's own cache, and the CSV."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import head, pick, read

from aiopsctl.sources.helicone import SOURCE
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read as read_files

SAMPLE = Path(__file__).parents[1] / "sample_data" / "_formats" / SOURCE.sample
AT_EIGHT = datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC)
NO_REFERENCE = "00000000-0000-0000-0000-000000000000"
NOTHING = {"prompt_tokens": 0, "completion_tokens": 0, "prompt_cache_read_tokens": 0, "cost": 0}


def request(**given: Any) -> dict[str, Any]:
    """Return a request: 1.5 s long, the first token after 0.4 s."""
    return {
        "request_id": "r1", "response_id": "a1", "request_created_at": "2026-10-01 08:00:00.250",
        "response_created_at": "2026-10-01 08:00:01.750", "response_status": 200, "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06", "provider": "OPENAI", "request_user_id": "u1", "delay_ms": 1499,
        "request_properties": {"Helicone-Session-Id": "s1", "Feature": "chat", "Environment": "production"},
        "time_to_first_token": 400, "prompt_tokens": 1200, "completion_tokens": 80, "prompt_cache_read_tokens": 1024,
        "prompt_cache_write_tokens": 0, "cost": 0.002, "prompt_id": "greet", "prompt_version": "3", "scores": {},
        "country_code": "FR", "cache_reference_id": NO_REFERENCE, "request_body": {"prompt": "a secret"},
    } | given  # fmt: skip


def call(**given: Any) -> dict[str, Any]:
    """Return the one row of a request, which is its call."""
    (row,) = read(SOURCE, request(**given))
    return row


def feedback(**given: Any) -> list[dict[str, Any]]:
    """Return what was said about a request: kind, value, category and time."""
    rows = read(SOURCE, request(**given))
    return [pick(row, "kind", "value", "category", "ts") for row in rows if row["event"] == "feedback"]


def test_a_request_is_a_call() -> None:
    """Times without a zone are UTC, the latency is from request to response, and bodies are not read."""
    expected = {
        "_line": 1, "event": "call", "ts": AT_EIGHT, "request_id": "r1", "session_id": "s1", "user_id": "u1",
        "country": "FR", "feature": "chat", "environment": "production", "provider": "openai", "model": "gpt-4o",
        "model_version": "gpt-4o-2024-08-06", "prompt_version": "greet@3", "status": "ok", "http_status": 200,
        "latency_ms": 1500, "ttft_ms": 400, "cache_hit": False, "input_tokens": 1200, "output_tokens": 80,
        "cache_read_tokens": 1024, "cache_write_tokens": 0, "cost_usd": 0.002,
    }  # fmt: skip
    actual = call()

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prompt_tokens": 1200, "prompt_cache_read_tokens": 900}, 1200),
        ({"prompt_tokens": 60, "prompt_cache_read_tokens": 900, "prompt_cache_write_tokens": 240}, 1200),
        ({"prompt_tokens": 1000, "prompt_cache_read_tokens": 200, "provider": "ANTHROPIC"}, 1200),
    ],
)
def test_the_cached_part_is_in_the_prompt_or_apart(given: dict[str, Any], expected: int) -> None:
    """Fewer prompt tokens than cached ones are without them, and Anthropic's always are."""
    actual = call(**given)["input_tokens"]

    assert expected == actual


def test_an_answer_from_helicones_cache_is_free() -> None:
    """A request that names another one's answer has no tokens and no cost, and is no call without a price."""
    expected = {"cache_hit": True, "input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}
    row = call(cache_reference_id="5e0c4e1c-6d2f-4a5e-9a56-7b1f6e1f8a10", **NOTHING)
    actual = pick(row, "cache_hit", "input_tokens", "output_tokens", "cache_read_tokens", "cost_usd")

    assert expected == actual


@pytest.mark.parametrize("reference", [None, "", NO_REFERENCE])
def test_a_reference_of_zeros_is_none(reference: str | None) -> None:
    """Requests that were not answered from the cache have a reference of zeros, or none."""
    expected = False
    actual = call(cache_reference_id=reference)["cache_hit"]

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        (NOTHING, ("input_tokens", "output_tokens", "cache_read_tokens", "cost_usd")),
        ({"cost": 0}, ("cost_usd",)),
        ({"time_to_first_token": 0}, ("ttft_ms",)),
        ({"request_user_id": "undefined"}, ("user_id",)),
        ({"response_created_at": "", "delay_ms": 0}, ("latency_ms",)),
        ({"country_code": "", "prompt_id": "", "prompt_version": ""}, ("country", "prompt_version")),
    ],
)
def test_zeros_and_placeholders_are_unknown(given: dict[str, Any], lost: tuple[str, ...]) -> None:
    """Helicone writes 0, an empty text or `undefined` for what it does not know."""
    expected: dict[str, Any] = {}
    actual = pick(call(**given), *lost)

    assert expected == actual


def test_two_names_of_the_cost_agree_on_dollars() -> None:
    """`costUSD` comes before `cost`, and the CSV says `cost_usd`."""
    expected = [0.003, 0.004]
    rows = read(SOURCE, request(costUSD=0.003), request(cost=None, cost_usd="0.004"))
    actual = [row["cost_usd"] for row in rows]

    assert expected == actual


@pytest.mark.parametrize(
    ("ended", "expected"), [(None, 1499), ("2026-10-01 07:59:59.000", 1499), ("2026-10-01 08:00:00.250", 0)]
)
def test_the_delay_is_the_latency_where_there_is_no_end(ended: str | None, expected: int) -> None:
    """`delay_ms` is milliseconds; it counts where the response has no time, or one before the request."""
    actual = call(response_created_at=ended)["latency_ms"]

    assert expected == actual


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (429, {"status": "rate_limited", "http_status": 429}),
        (504, {"status": "timeout", "http_status": 504}),
        (500, {"status": "error", "http_status": 500}),
        (-3, {"status": "cancelled"}),
        (-2, {"status": "timeout"}),
        (-100, {"status": "error"}),
        (0, {}),
    ],
)
def test_a_status_is_of_http_or_helicones_own(code: int, expected: dict[str, Any]) -> None:
    """Negative codes are what Helicone saw of the connection; 0 is no code at all."""
    actual = pick(call(response_status=code), "status", "http_status")

    assert expected == actual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"model_override": "azure/gpt-4o"}, "azure/gpt-4o"),
        ({"model": "other"}, "gpt-4o"),
        ({"request_model": None, "model": "other"}, "other"),
        ({"request_model": None}, "gpt-4o-2024-08-06"),
    ],
)
def test_the_model_is_the_one_that_was_asked_for(given: dict[str, Any], expected: str) -> None:
    """An override comes before the request's model, and the response's is the last resort."""
    actual = call(**given)["model"]

    assert expected == actual


def test_custom_properties_name_feature_and_environment() -> None:
    """Names are matched whatever their case; without a feature the session's name stands in."""
    expected = [{"feature": "chat", "environment": "dev"}, {"feature": "trip"}, {}]
    rows = read(
        SOURCE,
        request(request_properties={"feature": "chat", "env": "dev", "Note": "a secret"}),
        request(request_properties=None, properties={"Helicone-Session-Name": "trip"}),
        request(request_properties={"App-Feature": "a", "User": "b"}),
    )
    actual = [pick(row, "feature", "environment") for row in rows]

    assert expected == actual


def test_a_rating_is_a_thumb_at_its_own_time() -> None:
    """True is up; without a time of its own the rating has that of the request."""
    expected = [
        {"kind": "thumb", "value": 1.0, "ts": datetime(2026, 10, 1, 8, 30, tzinfo=UTC)},
        {"kind": "thumb", "value": 0.0, "ts": AT_EIGHT},
    ]
    actual = [
        *feedback(feedback_rating=True, feedback_created_at="2026-10-01T08:30:00+00:00", feedback_id="f1"),
        *feedback(feedback_rating=False),
    ]

    assert expected == actual


def test_a_rating_among_the_scores_is_the_same_thumb() -> None:
    """Newer exports have the rating among the scores: it is a thumb, and counted once."""
    expected = [[{"kind": "thumb", "value": 0.0, "ts": AT_EIGHT}], [{"kind": "thumb", "value": 1.0, "ts": AT_EIGHT}]]
    scores = {"helicone-score-feedback": 0}
    actual = [feedback(scores=scores), feedback(scores={"helicone-score-feedback": 1}, feedback_rating=True)]

    assert expected == actual


@pytest.mark.parametrize(
    "scores",
    [
        {"accuracy": 87, "polite-hcone-bool": 1},
        {"accuracy": 87, "polite": True},
        {"accuracy": {"value": 87, "valueType": "number"}, "polite": {"value": 1, "valueType": "boolean"}},
    ],
)
def test_scores_are_evals(scores: dict[str, Any]) -> None:
    """Each score is feedback on its request, under its name without the mark of booleans."""
    expected = [
        {"kind": "eval", "value": 87.0, "category": "accuracy", "ts": AT_EIGHT},
        {"kind": "eval", "value": 1.0, "category": "polite", "ts": AT_EIGHT},
    ]
    actual = feedback(scores=scores)

    assert expected == actual


def write_csv(path: Path, record: Mapping[str, Any]) -> str:
    """Write a record as Helicone writes CSV: its twelve columns, dicts as JSON text."""
    names = (
        "response_id", "response_created_at", "response_status", "request_created_at", "request_body",
        "request_properties", "request_user_id", "model", "prompt_tokens", "completion_tokens", "latency", "cost_usd",
    )  # fmt: skip
    cells = ("" if record.get(n) is None else record[n] for n in names)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        rows.writerow(json.dumps(cell) if isinstance(cell, dict) else cell for cell in cells)
    return str(path)


def test_the_csv_has_twelve_columns(tmp_path: Path) -> None:
    """The CSV names the response alone; its latency is often empty, and follows from the times."""
    expected = {
        "event": "call", "ts": AT_EIGHT, "request_id": "a1", "session_id": "s1", "user_id": "u1", "feature": "chat",
        "environment": "production", "model": "gpt-4o", "status": "ok", "http_status": 200, "latency_ms": 1500,
        "cache_hit": False, "input_tokens": 1200, "output_tokens": 80, "cost_usd": 0.002,
    }  # fmt: skip
    path = write_csv(tmp_path / "output.csv", request(model="gpt-4o", cost_usd=0.002))
    (row,) = read_files([path], how=Reading(tz="Asia/Tokyo")).events.to_dicts()
    actual = {name: value for name, value in row.items() if value is not None}

    assert expected == actual


def test_the_answer_of_the_api_is_read_without_its_wrapper(tmp_path: Path) -> None:
    """The API answers with its requests under `data`."""
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"data": [request(), request(request_id="r2")], "error": None}), encoding="utf-8")
    expected = ["r1", "r2"]
    actual = read_files([str(path)]).events["request_id"].to_list()

    assert expected == actual


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (request(), True),
        (
            {"response_id": "a", "request_created_at": "2026-10-01", "response_status": 200, "request_user_id": "u"},
            True,
        ),
        ({"request_id": "a", "ts": "2026-10-01", "response_status": 200, "user_id": "u"}, False),
        ({"request_id": "a", "created_at": "2026-10-01", "request_user_id": "u"}, False),
    ],
)
def test_only_requests_of_helicone_are_claimed(record: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """A request is told by its own names for time, status and user."""
    actual = SOURCE.detects(head(record))

    assert expected == actual


def test_the_sample_is_read_whole() -> None:
    """The sample's six requests are calls; two of them were rated, and one has two scores."""
    records = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    expected = [(1, "call"), (1, "thumb"), (1, "eval"), (1, "eval"), (2, "call"), (3, "call"), (3, "thumb")] + [
        (line, "call") for line in (4, 5, 6)
    ]
    actual = [(row["_line"], row.get("kind", "call")) for row in read(SOURCE, *records)]

    assert expected == actual
