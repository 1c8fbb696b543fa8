"""What a log says of whole traces goes to their events, whatever the order and the formats of the files."""

import csv
import json
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aiopsctl.sources.log import Log
from aiopsctl.sources.read import read

FACTS = ("user_id", "session_id", "feature", "tags")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def observation(id: str, trace_id: str, **given: Any) -> dict[str, Any]:
    """Return an observation of Langfuse's legacy blob storage export, which has no user and no session."""
    return {
        "id": id, "trace_id": trace_id, "type": "GENERATION", "parent_observation_id": None, "name": "answer",
        "start_time": "2026-10-01 08:00:00.000000", "end_time": "2026-10-01 08:00:02.500000", "level": "DEFAULT",
        "provided_model_name": "gpt-4o", "usage_details": {"input": 100, "output": 20},
    } | given  # fmt: skip


def trace(id: str, **given: Any) -> dict[str, Any]:
    """Return a row of the traces export."""
    return {
        "id": id, "timestamp": "2026-10-01 08:00:00.000000", "name": "chat", "user_id": "u1", "session_id": "s1",
        "tags": ["web", "beta"], "release": "v3",
    } | given  # fmt: skip


def score(trace_id: str, **given: Any) -> dict[str, Any]:
    """Return a user's thumb on a trace."""
    return {
        "id": "x1", "timestamp": "2026-10-01 09:00:00.000000", "trace_id": trace_id, "observation_id": None,
        "name": "user-feedback", "value": 1, "data_type": "BOOLEAN", "source": "API",
    } | given  # fmt: skip


def put(path: str, *records: Mapping[str, Any]) -> None:
    """Write records in the container that the name of a file says."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    match Path(path).suffix:
        case ".parquet":
            pl.DataFrame(records).write_parquet(path)
        case ".csv":
            with open(path, "w", newline="") as file:
                table = csv.DictWriter(file, records[0])
                table.writeheader()
                table.writerows(
                    {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in r.items()} for r in records
                )
        case ".json":
            Path(path).write_text(json.dumps(records))
        case _:
            Path(path).write_text("".join(json.dumps(record) + "\n" for record in records))


def facts(log: Log, **where: Any) -> list[tuple[Any, ...]]:
    """Return what the events say that they may have from their trace."""
    there = (pl.col(name) if name in log.events.columns else pl.lit(None).alias(name) for name in FACTS)
    return log.events.filter(**where).sort("trace_id", "request_id").select(there).rows()


def unaccounted(log: Log) -> int:
    """Return how many rows were read of which nothing is known."""
    a = log.account
    return a.rows_read - log.events.height - a.rows_duplicate - a.rows_rejected - a.rows_other


CHAT = ("u1", "s1", "chat", "web,beta")


@pytest.mark.parametrize("order", [*permutations(("observations", "scores", "traces"))], ids="-".join)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
def test_observations_and_scores_have_what_their_trace_says(order: tuple[str, ...], suffix: str) -> None:
    """In any order of files and in every container; each row is read once, and those of traces are passed over."""
    tables = {
        "observations": [observation("g1", "t1"), observation("g2", "t1"), observation("g3", "t2")],
        "traces": [trace("t1"), trace("t2", user_id="u2", session_id="", name="search", tags=["beta"])],
        "scores": [score("t1"), score("t3", id="x2")],
    }
    for at, name in enumerate(order):
        put(f"{at}.{suffix}", *tables[name])

    log = read([f"{at}.{suffix}" for at in range(3)])

    assert facts(log, event="call") == [CHAT, CHAT, ("u2", None, "search", "beta")]
    assert facts(log, event="feedback") == [CHAT, (None, None, None, None)]
    assert (log.account.rows_read, log.account.rows_other, unaccounted(log)) == (7, 2, 0)


def test_what_an_event_says_itself_stays() -> None:
    """A trace fills gaps alone; traces that contradict each other fill none."""
    put("observations.jsonl", observation("g1", "t1", user_id="own", trace_name="own"), observation("g2", "t2"))
    put("traces.jsonl", trace("t1"), trace("t2", user_id="a"), trace("t2", user_id="b", release="v4"))

    assert facts(read(["."])) == [("own", "s1", "own", "web,beta"), (None, "s1", "chat", "web,beta")]


def test_traces_in_their_folder_with_a_manifest() -> None:
    """A folder as the exporter writes it: tables apart, empty ones among them, and manifests, which are no events."""
    put("export/p1/observations/1.jsonl", observation("g1", "t1"))
    put("export/p1/traces/1.jsonl", trace("t1"))
    put("export/p1/scores/1.json", *())
    manifest = {"exportedAt": "2026-10-02T00:00:00Z", "files": [{"key": "p1/observations/1.jsonl", "rows": 1}]}
    Path("export/p1/manifests").mkdir()
    Path("export/p1/manifests/2026-10-02.json").write_text(json.dumps(manifest, indent=2))

    log = read(["export"])

    assert facts(log) == [CHAT]
    assert (log.account.rows_read, log.account.rows_other, unaccounted(log)) == (2, 1, 0)
    assert log.account.sources == {"langfuse": 2}


def span(span_id: str, parent: str = "", **attributes: str) -> dict[str, Any]:
    """Return a span of a trace of OpenTelemetry."""
    return {
        "traceId": "a" * 32, "spanId": span_id, "parentSpanId": parent, "name": "step",
        "startTimeUnixNano": "1790841600000000000", "endTimeUnixNano": "1790841601000000000",
        "attributes": [{"key": k.replace("__", "."), "value": {"stringValue": v}} for k, v in attributes.items()],
    }  # fmt: skip


def test_a_span_that_is_no_call_tells_the_user_of_its_trace() -> None:
    """User and conversation that only the agent's span names are those of the calls under it."""
    agent = span("1" * 16, gen_ai__operation__name="invoke_agent", user__id="u1", gen_ai__conversation__id="s1")
    chat = span("2" * 16, "1" * 16, gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o")
    put("spans.jsonl", *({"resourceSpans": [{"scopeSpans": [{"spans": [each]}]}]} for each in (chat, agent)))

    log = read(["spans.jsonl"])

    assert facts(log) == [("u1", "s1", None, None)]
    assert (log.account.rows_other, unaccounted(log)) == (1, 0)


def test_a_span_of_phoenix_tells_it_too() -> None:
    """The same for spans with OpenInference attributes, in Parquet."""
    common = {"name": "turn", "start_time": "2026-10-01T08:00:00Z", "end_time": "2026-10-01T08:00:01Z", "status_code": "OK",
              "context.trace_id": "t1", "attributes.llm.model_name": "gpt-4o"}  # fmt: skip
    chain = {"span_kind": "CHAIN", "parent_id": None, "context.span_id": "1", "attributes.user.id": "u1",
             "attributes.session.id": "s1"}  # fmt: skip
    model = {"span_kind": "LLM", "parent_id": "1", "context.span_id": "2", "attributes.user.id": None,
             "attributes.session.id": None}  # fmt: skip
    put("spans.parquet", common | chain, common | model)

    assert facts(read(["spans.parquet"])) == [("u1", "s1", "turn", None)]
