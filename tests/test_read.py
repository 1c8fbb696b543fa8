"""Reading logs: every container and map to the same events, and an account in which no row is missing."""

import csv
import gzip
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict
from polars.testing import assert_frame_equal

from aiopsctl.errors import UsageError
from aiopsctl.sources import chunks, state, tables
from aiopsctl.sources.log import Account, FileRead, Log
from aiopsctl.sources.read import Reading, read

FORMATS = Path(__file__).parents[1] / "sample_data" / "_formats"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)

Row = Mapping[str, Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in which the test works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(request_id: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a call at noon."""
    return {"ts": "2026-09-01T12:00:00Z", "request_id": request_id} | more


def feedback(kind: str = "thumb", value: float | None = 1, **more: Any) -> dict[str, Any]:
    """Return feedback of an hour later."""
    return {"ts": "2026-09-01T13:00:00Z", "kind": kind, "value": value} | more


def put(path: str, *rows: Row | str) -> str:
    """Write rows as JSON lines, text as it is, and return the path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def raw(path: str, content: str | bytes) -> str:
    """Write a file as it is, and return the path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(log: Log, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of the events, null where the log has no such column."""
    there = (pl.col(name) if name in log.events.columns else pl.lit(None).alias(name) for name in names)
    return log.events.select(there).rows()


def column(log: Log, name: str) -> list[Any]:
    """Return one column of the events."""
    return [value for (value,) in rows(log, name)]


def unaccounted(log: Log) -> int:
    """Return how many rows were read of which nothing is known."""
    a = log.account
    return a.rows_read - (log.events.height + a.rows_duplicate) - a.rows_rejected - a.rows_other


# the account


def mixture(folder: str) -> None:
    """Write logs in every container, with faults in each."""
    put(
        f"{folder}/a.jsonl",
        call("a1"),
        "oops",
        "",
        call("a2", ts="soon"),
        call("a1"),
        call("a3", kind="applause"),
        "[1]",
    )
    put(f"{folder}/b.jsonl", feedback(request_id="a1"), feedback(request_id="a1"), feedback(request_id="b9", value="x"))
    raw(
        f"{folder}/c.csv",
        "ts,request_id,cost_usd\n2026-09-01,c1,0.5\n2026-09-01,c2\n\n1999-01-01,c3,1\n2026-09-02,c4,x\n",
    )
    raw(f"{folder}/d.json", json.dumps([call("d1"), 3, call("d2", ts=None), call("d3")], indent=2))
    pl.DataFrame({"ts": [NOON, None], "request_id": ["e1", "e2"]}).write_parquet(f"{folder}/e.parquet")
    put(f"{folder}/f.jsonl", *({"traceId": "t", "resourceSpans": []} for _ in range(3)))


def test_account() -> None:
    """Every row that was read is used, rejected with a reason, a duplicate, or no event of ours; fields are located."""
    mixture("logs")

    log = read(["logs"])

    a = log.account
    assert sorted(column(log, "request_id")) == ["a1", "a1", "b9", "c1", "c4", "d1", "d3", "e1"]
    assert (a.files, a.rows_read, a.rows_rejected, a.rows_duplicate, a.rows_other) == (6, 22, 9, 2, 3)
    assert unaccounted(log) == 0
    assert a.reasons == {
        "not_json": 1, "not_object": 2, "bad_time": 1, "unknown_kind": 1, "too_few_cells": 1, "implausible_time": 1, "no_time": 2,
    }  # fmt: skip
    assert a.examples == ["logs/a.jsonl:2 not_json", "logs/a.jsonl:7 not_object", "logs/a.jsonl:4 bad_time"]
    assert a.field_errors == {"value": 1, "cost_usd": 1}
    assert a.field_places == {"value": "logs/b.jsonl:3", "cost_usd": "logs/c.csv:6"}
    assert a.sources == {"native": 5, "otel": 1}


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*")), ids=lambda path: path.name)
def test_account_of_every_format(path: Path) -> None:
    """Of a sample of every format, each row is accounted for, and something is read."""
    log = read([str(path)])

    assert unaccounted(log) == 0
    assert log.events.height > 0


def test_what_became_of_each_file() -> None:
    """Of each file is told its format, how many events it gave, how many rows were rejected, and the time that it covers."""
    mixture("logs")

    log = read(["logs"])

    noon, one = "2026-09-01T12:00:00.000000+00:00", "2026-09-01T13:00:00.000000+00:00"
    assert log.account.read == [
        FileRead("logs/a.jsonl", "native", 2, 4, noon, noon),
        FileRead("logs/b.jsonl", "native", 3, 0, one, one),
        FileRead("logs/c.csv", "native", 2, 2, "2026-09-01T00:00:00.000000+00:00", "2026-09-02T00:00:00.000000+00:00"),
        FileRead("logs/d.json", "native", 2, 2, noon, noon),
        FileRead("logs/e.parquet", "native", 1, 1, noon, noon),
        FileRead("logs/f.jsonl", "otel", 0, 0),
    ]
    assert sum(each.rows for each in log.account.read) == log.events.height + log.account.rows_duplicate


def test_rejects_file() -> None:
    """Rejected rows are saved one a line, with their place and reason, readable by their owner alone, without text."""
    put("log.jsonl", call("a"), '{"secret": "sk-live', call("b", ts="soon"))
    raw("log.csv", "ts,user_id\n2026-09-01,alice,more\n")

    put("last.jsonl", call("z"))

    read(["log.jsonl", "log.csv", "last.jsonl"], how=Reading(rejects="rejects.jsonl"))

    assert [json.loads(line) for line in Path("rejects.jsonl").read_text().splitlines()] == [
        {"file": "log.jsonl", "line": 2, "reason": "not_json", "bytes": 19},
        {"file": "log.jsonl", "line": 3, "reason": "bad_time", "bytes": None},
        {"file": "log.csv", "line": 2, "reason": "too_many_cells", "bytes": 21},
    ]
    assert Path("rejects.jsonl").stat().st_mode & 0o777 == 0o600


def test_rejects_file_with_text() -> None:
    """The text of rejected lines is saved only where text is asked for."""
    raw("log.jsonl", json.dumps(call("a")).encode() + b'\n{"secret": "\xff"}\n')

    read(["log.jsonl"], how=Reading(rejects="rejects.jsonl", with_text=True))

    (reject,) = map(json.loads, Path("rejects.jsonl").read_text().splitlines())
    assert reject == {"file": "log.jsonl", "line": 2, "reason": "not_utf8", "bytes": 15, "text": '{"secret": "\\xff"}'}


def test_rejects_file_that_cannot_be_written() -> None:
    """A place where rejects cannot be saved is an error before anything is read."""
    put("log.jsonl", call("a"))

    with pytest.raises(UsageError, match="cannot write no/such/folder: No such file or directory"):
        read(["log.jsonl"], how=Reading(rejects="no/such/folder"))


def test_lone_surrogates_are_located() -> None:
    """Half a character in a text is counted as a field error, at its line."""
    put("log.jsonl", call("a"), call("b", user_id="cut \ud83d"))

    log = read(["log.jsonl"])

    assert column(log, "user_id") == [None, "cut \ufffd"]
    assert (log.account.field_errors, log.account.field_places) == (
        {"lone_surrogate": 1}, {"lone_surrogate": "log.jsonl:2"},
    )  # fmt: skip


def test_zone_of_zoneless_times() -> None:
    """Times without a zone are read in the zone of the run, and the first file that has them is named."""
    put("a.jsonl", call("a"))
    put("b.jsonl", call("b", ts="2026-09-01 12:00:00"))
    raw("c.csv", "ts,request_id\n2026-09-01,c\n")

    log = read(["a.jsonl", "b.jsonl", "c.csv"], how=Reading(tz="Europe/Berlin"))

    assert column(log, "ts") == [NOON, NOON - timedelta(hours=2), NOON - timedelta(hours=14)]
    assert log.account.notes == ["b.jsonl: times without a zone are read as Europe/Berlin (--tz)"]


def test_text_is_not_read() -> None:
    """What people and models wrote is not in the events."""
    put("log.jsonl", call("a", prompt="secret", output="secret", comment="secret", final_text="secret"))

    assert sorted(read(["log.jsonl"]).events.columns) == ["event", "request_id", "ts"]


# one log in every container


LOG: list[dict[str, Any]] = [
    call(f"r{n}", user_id=f"u{n % 7}", feature="draft", latency_ms=100 + n, input_tokens=n, cost_usd=n / 1000, status="ok",
         cache_hit=n % 2 == 0, model=None if n % 5 else "m", session_id="s,1" if n % 3 else 's "2"\nnext')
    for n in range(200)
] + [feedback(request_id=f"r{n}") for n in range(0, 200, 10)] + [feedback("star", 4.5, session_id="s,1")]  # fmt: skip


def as_jsonl(log: Sequence[Row]) -> bytes:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in log).encode()


def as_csv(log: Sequence[Row], separator: str = ",") -> bytes:
    """Return rows as CSV with every column of any row."""
    names = list(dict.fromkeys(name for row in log for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, delimiter=separator)
    writer.writeheader()
    writer.writerows(log)
    return text.getvalue().encode()


def as_parquet(log: Sequence[Row]) -> bytes:
    """Return rows as Parquet, with the dtypes that Python values have."""
    buffer = io.BytesIO()
    pl.DataFrame(log, infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


def as_zstd(data: bytes) -> bytes:
    """Return data as zstd."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


CONTAINERS = {
    "gz": gzip.compress(as_jsonl(LOG)),
    "zst": as_zstd(as_jsonl(LOG)),
    "csv": as_csv(LOG),
    "csv.gz": gzip.compress(as_csv(LOG)),
    "excel.csv": b"\xef\xbb\xbf" + as_csv(LOG, ";"),
    "tsv": as_csv(LOG, "\t"),
    "parquet": as_parquet(LOG),
    "array.json": json.dumps(LOG).encode(),
    "pretty.json": json.dumps(LOG, indent=2).encode(),
    "wrapped.json": json.dumps({"data": LOG, "next": None}, indent=1).encode(),
    "wrapped-line.json": json.dumps({"total": len(LOG), "records": LOG}).encode(),
    "crlf.jsonl": as_jsonl(LOG).replace(b"\n", b"\r\n\r\n"),
    "dirty.jsonl": b"oops\n" + as_jsonl(LOG),
    "text.jsonl": as_jsonl([*LOG, call("x", latency_ms="1.5")]),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_same(name: str) -> None:
    """One log gives the same events as JSON lines, compressed, as CSV, Parquet, and in JSON documents."""
    raw("log.jsonl", as_jsonl(LOG))
    raw(f"other.{name}", CONTAINERS[name])

    expected, log = read(["log.jsonl"]), read([f"other.{name}"])

    actual = log.events.filter(pl.col("request_id").ne_missing("x"))
    assert_frame_equal(expected.events, actual, check_column_order=False)
    assert unaccounted(log) == 0


@pytest.mark.parametrize("parts", [1, 2, 7, 50])
@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet", "json"])
def test_split_log(name: str, parts: int) -> None:
    """A log in several files, in any order, is the same log."""
    write = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet, "json": lambda log: json.dumps(log).encode()}[
        name
    ]
    raw("log.jsonl", as_jsonl(LOG))
    for part in range(parts):
        raw(f"logs/{part:02}.{name}", write(LOG[part::parts]))

    expected, log = read(["log.jsonl"]), read(["logs"])

    order = ["ts", "event", "kind", "request_id"]
    assert_frame_equal(expected.events.sort(order), log.events.sort(order), check_column_order=False)
    assert log.account.feedback_joined_ratio == expected.account.feedback_joined_ratio


@pytest.mark.parametrize("size", [100, 1000])
def test_chunks_do_not_show(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events, rejects and their lines are the same in chunks of any size."""
    dirty = as_jsonl(LOG).replace(b'"r77"', b'"r77').replace(b'"input_tokens": 50,', b'"input_tokens": "many",')
    raw("log.jsonl", dirty)
    raw("log.csv", as_csv(LOG).replace(b"r77,", b"r77,more,").replace(b",r30,", b',"r30,').replace(b",r3,", b',r3",'))
    expected = read(["log.jsonl", "log.csv"])

    monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
    monkeypatch.setattr(state, "AT_ONCE_ROWS", 1)
    monkeypatch.setattr(chunks, "chunks", partial(chunks.chunks, size=size))
    monkeypatch.setattr(tables, "chunks", partial(chunks.chunks, size=size))
    log = read(["log.jsonl", "log.csv"])

    assert_frame_equal(expected.events, log.events, check_column_order=False)
    assert without_notes(log.account) == without_notes(expected.account)


def without_notes(account: Account) -> dict[str, Any]:
    """Return what an account says, but for its notes."""
    return {name: value for name, value in asdict(account).items() if name != "notes"}


# CSV


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv(separator: str) -> None:
    """A CSV may be separated by commas, semicolons or tabs; its cells may hold all of these, quotes and newlines."""
    raw("log.csv", as_csv([call('a, "b"; c\td\ne'), call("f", user_id="")], separator))

    log = read(["log.csv"])

    assert rows(log, "request_id", "user_id") == [('a, "b"; c\td\ne', None), ("f", None)]


def test_csv_places() -> None:
    """The place of a CSV record is its first line, whatever quoted newlines and blank lines come before."""
    text = '\n\nts,request_id,input_tokens\n2026-09-01,"a\n\nb",1\n\n2026-09-01,c,x\n2026-09-01,"d\ne",y\nsoon,f,1\n'
    raw("log.csv", text)

    log = read(["log.csv"])

    assert column(log, "request_id") == ["a\n\nb", "c", "d\ne"]
    assert log.account.field_places == {"input_tokens": "log.csv:8"}
    assert log.account.examples == ["log.csv:11 bad_time"]
    assert unaccounted(log) == 0


RAGGED = {
    "too few cells": ("2026-09-01,b", "too_few_cells"),
    "too many cells": ("2026-09-01,b,u,more", "too_many_cells"),
    "trailing separator": ("2026-09-01,b,u,", "too_many_cells"),
    "text behind a quoted cell": ('2026-09-01,"b" more,u', "not_csv"),
    "quote that is never closed": ('2026-09-01,"b,u', "not_csv"),
    "not UTF-8": ("2026-09-01,\udcff,u", "not_utf8"),
    "CR in a cell": ("2026-09-01,b\rb,u", "not_csv"),
}


@pytest.mark.parametrize("name", RAGGED)
def test_bad_csv_record(name: str) -> None:
    """A record that does not have its cells is rejected with its line, and no other is touched."""
    bad, reason = RAGGED[name]
    text = f'ts,request_id,user_id\n2026-09-01,a,"x, y"\n{bad}\n2026-09-01,c,"z"\n2026-09-02,d,"two\nlines"\n'
    raw("log.csv", text.encode("utf-8", "surrogateescape"))

    log = read(["log.csv"])

    assert rows(log, "request_id", "user_id") == [("a", "x, y"), ("c", "z"), ("d", "two\nlines")]
    assert log.account.examples == [f"log.csv:3 {reason}"]


def test_quote_that_is_open_at_the_end() -> None:
    """A quote that is never closed costs the line on which it begins, not the rest of the log."""
    raw("log.csv", 'ts,request_id\n2026-09-01,"a\n2026-09-01,b\n2026-09-01,c\n')

    log = read(["log.csv"])

    assert column(log, "request_id") == ["b", "c"]
    assert log.account.examples == ["log.csv:2 open_quote"]


def test_csv_that_was_cut() -> None:
    """Of a compressed CSV that breaks off, whole lines are kept; what is cut is no value."""
    text = "ts,request_id,input_tokens\n" + "".join(f"2026-09-01,r{n},{n * 7919 % 100_003}\n" for n in range(20_000))
    packed = gzip.compress(text.encode())
    raw("log.csv.gz", packed[: len(packed) // 2])

    log = read(["log.csv.gz"])

    kept = log.events.height
    assert 5_000 < kept < 15_000
    assert [(f"r{n}", n * 7919 % 100_003) for n in range(kept)] == rows(log, "request_id", "input_tokens")
    assert log.account.examples == [f"log.csv.gz:{kept + 2} truncated_stream"]


def test_quote_within_an_unquoted_cell() -> None:
    """A quote in the middle of a cell that is not quoted is a quote."""
    raw("log.csv", 'ts,request_id,user_id\n2026-09-01,5" disk,u\n2026-09-01,b,"u"\n')

    assert column(read(["log.csv"]), "request_id") == ['5" disk', "b"]


@pytest.mark.parametrize("start", ["\ufeff", "x\x01", "x\u0001\x02"])
def test_csv_whose_second_chunk_looks_like_something_else(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that begin as a mark or a compressed stream does are rows as any other."""
    monkeypatch.setattr(tables, "chunks", partial(chunks.chunks, size=10))
    raw("log.csv", f"request_id,ts\na,2026-09-01\n{start}b,2026-09-01\n{start}c,2026-09-01\n")

    assert column(read(["log.csv"]), "request_id") == ["a", f"{start}b", f"{start}c"]


def test_csv_header_with_repeated_names() -> None:
    """Of columns with one name the first is meant."""
    raw("log.csv", "ts,user_id,user_id, feature \n2026-09-01,a,b,draft\n")

    assert rows(read(["log.csv"]), "user_id", "feature") == [("a", "draft")]


def test_csv_without_rows() -> None:
    """A CSV that is only a header gives nothing."""
    log = read([raw("log.csv", "ts,user_id\n")])

    assert (log.events.height, log.account.rows_read, log.account.files) == (0, 0, 1)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=6) | st.sampled_from(
    ['"', '""', "\n", ",", ";", "\t", '","', '"\n"', " ", "a,b", "'"]
)


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=12), st.integers(20, 200), st.booleans(), st.sampled_from(",;\t"))
def test_any_csv(cells: list[tuple[str, str]], size: int, every_cell_quoted: bool, separator: str) -> None:  # noqa: FBT001
    """Whatever cells a CSV writer was given, in chunks of any size, are the cells that are read."""
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if every_cell_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n")
    writer.writerows([("one", "two", "three"), *((*pair, "end") for pair in cells)])
    found = list(chunks.chunks(io.BytesIO(text.getvalue().encode()), size))

    head = found[0].data.partition(b"\n")
    rest = [chunks.Chunk(head[2], ((2, head[2].count(b"\n")),)), *found[1:]]
    parsed = list(tables._csv_chunks(rest, *tables.header(head[0].decode())))
    taken = [row for each in parsed if each.rows.height for row in each.rows.select("one", "two", "_line").rows()]

    assert [reject for each in parsed for reject in each.rejects] == []
    assert [(one or "", two or "") for one, two, _ in taken] == cells
    starts = [2 + sum(1 + "".join(pair).count("\n") for pair in cells[:at]) for at in range(len(cells))]
    assert starts == [line for _, _, line in taken]


# JSON documents


def test_json_array_places() -> None:
    """The place of a record in an array is its number, from 1."""
    raw("log.json", json.dumps([call("a"), call("b", input_tokens="x"), "no object", call("c", ts="soon")], indent=4))

    log = read(["log.json"])

    assert column(log, "request_id") == ["a", "b"]
    assert log.account.examples == ["log.json:3 not_object", "log.json:4 bad_time"]
    assert log.account.field_places == {"input_tokens": "log.json:2"}


DOCUMENTS = {
    "one object over several lines": json.dumps(call("a"), indent=2),
    "one object on one line": json.dumps(call("a")),
    "array of one": json.dumps([call("a")]),
    "array with a first element that is long": json.dumps([call("a", tags="x" * 300_000)]),
    "array on one line that is long": json.dumps([call("a"), {"x": "y" * 300_000}]),
    "array in an array's place": "[\n" + json.dumps(call("a")) + "\n]",
    "BOM": "\ufeff" + json.dumps([call("a")]),
    "wrapped": json.dumps({"data": [call("a")]}),
    "wrapped, with the last record alone on its line": '{"items": [\n' + json.dumps(call("a")) + "\n]}",
    "empty lines around": "\n\n" + json.dumps([call("a")], indent=1) + "\n\n",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_document(name: str) -> None:
    """A JSON document of one or several records is read for them."""
    log = read([raw("log.json", DOCUMENTS[name])])

    assert [each for each in column(log, "request_id") if each] == ["a"]


@pytest.mark.parametrize("bad", ["", "oops\n", "\n" * 300_000])
def test_long_first_line(bad: str) -> None:
    """A file whose first line is longer than what is looked at is told by it, as by any other."""
    raw("log.jsonl", bad + json.dumps(call("a", tags="x" * 300_000)) + "\n" + json.dumps(call("b")))

    assert column(read(["log.jsonl"]), "request_id") == ["a", "b"]


def test_json_lines_that_look_like_a_document() -> None:
    """JSON lines whose first line is torn, or an array, are JSON lines."""
    put("torn.jsonl", '{"ts": "2026-09-01T12:00:00Z", ', call("a"), call("b"))
    put("array.jsonl", "[1, 2]", call("c"))

    log = read(["torn.jsonl", "array.jsonl"])

    assert column(log, "request_id") == ["a", "b", "c"]
    assert log.account.examples == ["torn.jsonl:1 not_json", "array.jsonl:1 not_object"]


UNREADABLE = {
    "UTF-16": (json.dumps(call("a")).encode("utf-16"), "is UTF-16"),
    "UTF-16 without its mark": (json.dumps(call("a")).encode("utf-16-le"), "is UTF-16"),
    "CR alone": ("\r".join(json.dumps(call(each)) for each in "abc").encode(), "ends its lines with CR alone"),
    "cut array": (json.dumps([call("a"), call("b")]).encode()[:-5], "is neither JSON nor JSON lines"),
    "cut object": (json.dumps(call("a"), indent=2).encode()[:-5], "is neither JSON nor JSON lines"),
    "array of numbers": (b"[1, 2, 3]", "holds JSON, but no objects in it"),
    "array of nothing": (b"[]", "holds JSON, but no objects in it"),
    "objects over several lines": (
        "\n".join(json.dumps(call(each), indent=2) for each in "ab").encode(), "is neither JSON nor JSON lines",
    ),
    "prose": (b"Dear log,\nI am fine.\n", "is not a log that can be read"),
    "bytes": (bytes(range(256)), "is not a log that can be read"),
    "one column": (b"ts\n2026-09-01\n", "is not a log that can be read"),
    "other columns": (b"Dear, log\nI am, fine\n", "cannot tell the format of log.jsonl; its columns are: Dear, log"),
    "other keys": (b'{"x": 1, "y": 2}\n', "cannot tell the format of log.jsonl; its columns are: x, y"),
    "half a Parquet file": (as_parquet(LOG)[:1000], "is a damaged Parquet file"),
    "4 bytes of Parquet": (b"PAR1", "is a damaged Parquet file"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_file_that_is_no_log(name: str) -> None:
    """A file that cannot be read as a log is an error where it was named, and skipped with a note in a folder."""
    content, expected = UNREADABLE[name]
    raw("log.jsonl", content)
    raw("logs/log.jsonl", content)
    put("logs/other.jsonl", call("z"))

    with pytest.raises(UsageError) as caught:
        read(["log.jsonl"])
    log = read(["logs"])

    assert expected in str(caught.value)
    assert caught.value.help or "damaged" in expected
    assert column(log, "request_id") == ["z"]
    assert len(log.account.notes) == 1
    assert log.account.notes[0].startswith("skipped: ")


# Parquet


def test_parquet_columns_by_name() -> None:
    """Columns of Parquet files are taken by name: missing, further and reordered ones, and numbers of any width."""
    pl.DataFrame({"ts": [NOON], "request_id": ["a"], "input_tokens": pl.Series([5], dtype=pl.Int32)}).write_parquet(
        "a.parquet"
    )
    pl.DataFrame({"junk": [b"\xff"], "input_tokens": [6.0], "ts": [NOON.replace(tzinfo=None)]}).write_parquet(
        "b.parquet"
    )
    pl.DataFrame({"request_id": [3], "ts": [1_788_264_000], "cost_usd": [Decimal("0.25")]}).write_parquet("c.parquet")

    log = read(["a.parquet", "b.parquet", "c.parquet"])

    assert rows(log, "ts", "request_id", "input_tokens", "cost_usd") == [
        (NOON, "a", 5, None), (NOON, None, 6, None), (NOON, "3", None, 0.25),
    ]  # fmt: skip
    assert log.account.field_errors == {}


def test_parquet_places() -> None:
    """The place in a Parquet file is the record's number, from 1, in every slice of it."""
    times = [NOON] * 300_000
    pl.DataFrame({"ts": times, "input_tokens": [1] * 299_998 + [-1, -1]}).write_parquet(
        "a.parquet", row_group_size=70_000
    )

    log = read(["a.parquet"])

    assert (log.events.height, log.account.rows_read) == (300_000, 300_000)
    assert log.account.field_places == {"input_tokens": "a.parquet:299999"}


def test_parquet_without_rows() -> None:
    """A Parquet file without rows gives nothing."""
    pl.DataFrame(schema={"ts": pl.Datetime("us"), "user_id": pl.String}).write_parquet("a.parquet")

    assert read(["a.parquet"]).events.height == 0


def test_parquet_that_breaks_within() -> None:
    """A Parquet file whose footer is whole but whose pages are not is an error where it was named, else others go on."""
    whole = as_parquet(LOG * 50)
    raw("logs/a.parquet", whole[:4] + b"\xff" * 5_000 + whole[5_004:])
    put("logs/b.jsonl", call("z"))

    with pytest.raises(UsageError, match=r"logs/a\.parquet is a damaged Parquet file"):
        read(["logs/a.parquet"])
    log = read(["logs"])

    assert column(log, "request_id") == ["z"]
    assert log.account.notes == ["skipped: logs/a.parquet is a damaged Parquet file"]


# the column map


def mapped(*pairs: str, paths: Sequence[str] = ("log.jsonl",), **how: Any) -> Log:
    """Return what is read through a column map."""
    return read(list(paths), how=Reading(columns=pairs, **how))


def test_map() -> None:
    """Mapped columns are read under their canonical name, also from within records."""
    put("log.jsonl", {"when": 1_788_264_000, "who": {"id": 7, "plan": "pro"}, "took": 12.5, "out": "3"})

    log = mapped("ts=when", "user_id=who.id", "tier=who.plan", "latency_ms=took", "output_tokens=out")

    assert rows(log, "ts", "user_id", "tier", "latency_ms", "output_tokens") == [(NOON, "7", "pro", 13, 3)]


@pytest.mark.parametrize(
    ("pair", "value", "expected"),
    [
        ("latency_ms=x:s", 1.5, 1500), ("latency_ms=x:us", "1500", 2), ("latency_ms=x:ns", 2_000_000, 2),
        ("latency_ms=x:ms", 7, 7), ("latency_ms=took_s", 1.5, 1500), ("latency_ms=took_seconds", "2", 2000),
        ("latency_ms=took_ms", 7, 7), ("latency_ms=took_s:ms", 7, 7), ("latency_ms=a:b", 7, 7), ("latency_ms=x:s", "n/a", None),
        ("ttft_ms=in.nested_s", 0.25, 250), ("cost_usd=price_cents", 50, 0.5), ("cost_usd=price:cents", "50", 0.5),
        ("cost_usd=price", 0.5, 0.5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("container", ["jsonl", "csv", "parquet"])
def test_map_with_units(container: str, pair: str, value: Any, expected: float | None) -> None:
    """A unit behind the colon, or else at the end of the column's name, is turned into the canonical one."""
    name, _, found = pair.partition("=")
    path = found.removesuffix(found[found.rindex(":") :]) if ":" in found and found != "a:b" else found
    if container != "jsonl" and "." in path:
        pytest.skip("no records in a table")
    record = {"ts": "2026-09-01T12:00:00Z", "model": "m"} | nested(path.split("."), value)
    write = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet}[container]
    raw(f"log.{container}", write([record]))

    log = mapped(pair, paths=[f"log.{container}"])

    assert [expected] == column(log, name)
    assert log.account.field_errors == ({name: 1} if expected is None else {})


def nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a value within records."""
    return {path[0]: nested(path[1:], value) if path[1:] else value}


def test_map_over_canonical_names() -> None:
    """A map wins over columns that have canonical names already, and may swap them."""
    put("log.jsonl", call("r", user_id="session", session_id="user", latency_ms=1, duration=2))

    log = mapped("user_id=session_id", "session_id=user_id", "latency_ms=duration")

    assert rows(log, "user_id", "session_id", "latency_ms") == [("user", "session", 2)]


def test_last_of_two_maps() -> None:
    """Of two maps of one column the last holds: the command line's over the config's."""
    put("log.jsonl", call("r", a="x", b="y"))

    assert column(mapped("feature=a", "feature=b"), "feature") == ["y"]


def test_map_of_some_files() -> None:
    """A mapped column need not be in every file; where it is not, the file is read without."""
    put("calls.jsonl", call("r", app="draft"))
    put("feedback.jsonl", feedback(request_id="r"))
    pl.DataFrame({"when": [NOON], "app": ["search"]}).write_parquet("more.parquet")

    log = mapped("feature=app", "ts=when", paths=["calls.jsonl", "feedback.jsonl", "more.parquet"])

    assert rows(log, "event", "feature") == [("call", "draft"), ("call", "search"), ("feedback", "draft")]
    assert log.account.rows_rejected == 0


def test_map_over_a_format() -> None:
    """A map lies over what a known format reads by itself, also where a line holds several events."""
    lines_ = (FORMATS / "otel.jsonl").read_text().splitlines()
    put("log.jsonl", *({**json.loads(line), "team": f"team {at}"} for at, line in enumerate(lines_)))

    plain, log = read([str(FORMATS / "otel.jsonl")]), mapped("tenant=team")

    assert log.account.sources == {"otel": 1}
    assert_frame_equal(plain.events.drop("tenant", strict=False), log.events.drop("tenant"))
    assert set(column(log, "tenant")) <= {f"team {at}" for at in range(len(lines_))}


POSTHOG: Row = {
    "uuid": "g1", "event": "$ai_generation", "distinct_id": "u1", "timestamp": "2026-09-01T12:00:00Z",
    "properties": {"$ai_model": "gpt-5-mini", "$ai_input_tokens": 5, "$ai_latency": 1.5, "plan": "pro", "a b": {"c": "x"}},
}  # fmt: skip
HELICONE: Row = {
    "request_id": "r1", "request_created_at": "2026-09-01T12:00:00Z", "response_status": 200, "request_user_id": "u1",
    "model": "gpt-5-mini", "prompt_tokens": 5, "delay_ms": 1500, "properties": {"feature": "draft", "plan": "pro", "a b": {"c": "x"}},
}  # fmt: skip
LITELLM: Row = {
    "request_id": "r1", "call_type": "acompletion", "spend": 0.5, "startTime": "2026-09-01T12:00:00Z",
    "endTime": "2026-09-01T12:00:01.500Z", "model": "gpt-5-mini", "prompt_tokens": 5, "completion_tokens": 1, "end_user": "u1",
    "metadata": {"feature": "draft", "plan": "pro", "a b": {"c": "x"}},
}  # fmt: skip


@pytest.mark.parametrize("as_text", [False, True], ids=["record", "text"])
@pytest.mark.parametrize("container", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    ("record", "name"),
    [(POSTHOG, "properties"), (HELICONE, "properties"), (LITELLM, "metadata")],
    ids=["posthog", "helicone", "litellm"],
)
def test_map_into_what_a_format_reads_as_text(record: Row, name: str, container: str, *, as_text: bool) -> None:
    """A map that leads into a record or its JSON text adds its column, and takes nothing from what the format reads."""
    if container == "csv" and not as_text:
        pytest.skip("no records in a table of text")
    given = {**record, name: json.dumps(record[name])} if as_text else record
    write = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet}[container]
    raw(f"log.{container}", write([given]))

    plain = read([f"log.{container}"])
    log = mapped(f"tier={name}.plan", f"segment={name}.a b.c", paths=[f"log.{container}"])

    assert rows(log, "tier", "segment") == [("pro", "x")]
    assert_frame_equal(plain.events, log.events.drop("tier", "segment"), check_column_order=False)
    assert rows(log, "user_id", "model", "input_tokens", "latency_ms") == [("u1", "gpt-5-mini", 5, 1500)]


def test_map_into_text_of_a_table() -> None:
    """What is in the cells of a table is not known before they are read: a name that none has is a column without values."""
    raw(
        "log.csv",
        as_csv([call("r", metadata='{"plan": "pro"}'), call("s", metadata="no JSON"), call("t", metadata="")]),
    )

    assert column(mapped("tier=metadata.plan", paths=["log.csv"]), "tier") == ["pro", None, None]
    assert "tier" not in mapped("tier=metadata.nowhere", paths=["log.csv"]).events.columns
    with pytest.raises(UsageError, match=r"the log has no column 'metadat\.plan'"):
        mapped("tier=metadat.plan", paths=["log.csv"])


def test_map_of_a_name_with_dots_and_quotes() -> None:
    """A key within JSON text is found by its whole name."""
    put("log.jsonl", call("r", metadata=json.dumps({"a.b": 1, 'q"': {"$c's": "x"}})))

    log = mapped("tier=metadata.a.b", "segment=metadata.q\".$c's")

    assert rows(log, "tier", "segment") == [("1", "x")]


def test_map_of_a_name_that_no_path_can_hold() -> None:
    """A key with both kinds of quotes, or a backslash, is an error that names it."""
    put("log.jsonl", call("r", metadata=json.dumps({"a\"b'c": 1})))

    with pytest.raises(UsageError, match="cannot look for"):
        mapped("tier=metadata.a\"b'c")


@pytest.mark.parametrize("container", ["jsonl", "csv", "parquet", "json"])
@pytest.mark.parametrize("others", [("model=model",), ()])
def test_map_of_a_column_that_is_not_there(others: tuple[str, ...], container: str) -> None:
    """A mapped column that is in no file is an error that names the nearest one."""
    write = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet, "json": lambda log: json.dumps(log).encode()}
    raw(f"log.{container}", write[container]([{"model": "m", "duration": 3, "zone": "x"}]))

    with pytest.raises(UsageError, match="the log has no column 'duratoin'") as caught:
        mapped(*others, "latency_ms=duratoin", paths=[f"log.{container}"])

    assert caught.value.help == "did you mean 'duration'?"


def test_map_into_a_record_that_is_not_there() -> None:
    """A path into records that is in none of the first is an error that names the nearest path."""
    put("log.jsonl", call("r", metadata={"feature": "draft"}))

    with pytest.raises(UsageError) as caught:
        mapped("feature=metadata.featrue")

    assert caught.value.help == "did you mean 'metadata.feature'?"


def test_map_of_a_rare_column() -> None:
    """A column that first comes in a late row can be mapped."""
    put("log.jsonl", *(call(f"r{n}") for n in range(400)), call("last", plan={"name": "pro"}))

    assert column(mapped("tier=plan.name"), "tier") == [None] * 400 + ["pro"]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("latency_ms", "--map latency_ms is no pair"),
        ("latency_ms=", "--map latency_ms= is no pair"),
        ("latncy_ms=x", "--map latncy_ms=x: 'latncy_ms' is no canonical column"),
    ],
)
def test_wrong_map(pair: str, expected: str) -> None:
    """A map that is none, or of a column that is none of ours, is an error."""
    put("log.jsonl", call("r"))

    with pytest.raises(UsageError) as caught:
        mapped(pair)

    assert caught.value.what == expected


def test_benchmark_without_times() -> None:
    """A file without any time column is read undated where a map tells what it is."""
    put("log.jsonl", {"prompt_len": 10}, {"prompt_len": 20})

    log = mapped("input_tokens=prompt_len")

    assert rows(log, "ts", "event", "input_tokens") == [(None, "call", 10), (None, "call", 20)]


# forced formats


def test_forced_format() -> None:
    """A format can be forced for all files, or for what is behind one path."""
    put("log.jsonl", {"request_id": "a"})
    put("logs/log.jsonl", {"request_id": "b"})

    assert column(read(["log.jsonl", "logs"], how=Reading(source="native")), "request_id") == ["a", "b"]
    with pytest.raises(UsageError, match=r"cannot tell the format of log\.jsonl"):
        read(["log.jsonl", "logs"], how=Reading(formats={"logs": "native"}))
    assert column(read(["logs"], how=Reading(formats={"logs": "native"})), "request_id") == ["b"]


def test_unknown_format() -> None:
    """A format that does not exist is an error that names the nearest."""
    put("log.jsonl", call("a"))

    with pytest.raises(UsageError, match="unknown format 'natve'") as caught:
        read(["log.jsonl"], how=Reading(source="natve"))

    assert caught.value.help == "did you mean 'native'?"


def test_wrong_format_is_forced() -> None:
    """A table that is forced to be read as a format of nested records is an error, not a crash."""
    raw("log.csv", "resourceSpans,b\n1,2\n")

    with pytest.raises(UsageError, match=r"log\.csv cannot be read as otel"):
        read(["log.csv"], how=Reading(source="otel"))


# duplicates


def test_repeated_call() -> None:
    """Of calls with one request id that with most tokens is kept, else the first; the others are counted."""
    put("a.jsonl", call("r", input_tokens=5, model="partial"), call("s", model="first"), call("s", model="second"))
    put("b.jsonl", call("r", input_tokens=5, output_tokens=1, model="whole"), call("r", output_tokens=5, model="late"))

    log = read(["a.jsonl", "b.jsonl"])

    assert sorted(rows(log, "request_id", "model")) == [("r", "whole"), ("s", "first")]
    assert (log.account.rows_read, log.account.rows_duplicate) == (5, 3)


def test_calls_without_id_are_no_duplicates() -> None:
    """Calls and feedback without any id are never taken for repeated."""
    put(
        "log.jsonl",
        call(None, model="m"),
        call(None, model="m"),
        call("", model="m"),
        feedback(feature="f"),
        feedback(feature="f"),
    )

    log = read(["log.jsonl"])

    assert (log.events.height, log.account.rows_duplicate) == (5, 0)


def test_repeated_feedback() -> None:
    """Feedback is repeated where time, kind, value, category and all ids are the same; a call's id is no duplicate of it."""
    put(
        "log.jsonl", call("r"), feedback(request_id="r"), feedback(request_id="r"), feedback(request_id="r", value=0),
        feedback(request_id="r", user_id="u"), feedback("flag", None, request_id="r", category="a"),
        feedback("flag", None, request_id="r", category="b"), feedback("active", None, user_id="u"),
        feedback("active", None, user_id="u"),
    )  # fmt: skip

    log = read(["log.jsonl"])

    assert (log.events.height, log.account.rows_duplicate) == (7, 2)


def test_same_log_twice() -> None:
    """A log and its compressed copy are one log."""
    raw("log.jsonl", as_jsonl(LOG))
    raw("log.jsonl.gz", gzip.compress(as_jsonl(LOG)))

    once, twice = read(["log.jsonl"]), read(["log.jsonl", "log.jsonl.gz"])

    assert_frame_equal(once.events, twice.events)
    assert twice.account.rows_duplicate == len(LOG)


# feedback and its call


def facts(log: Log, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of the feedback."""
    return rows(Log(log.events.filter(pl.col("event") == "feedback"), log.account), *names)


CALLS = (
    call("r1", trace_id="t1", session_id="s1", feature="draft", model="a", user_id="u1", tier="pro"),
    call("r2", trace_id="t1", session_id="s1", feature="draft", model="b", user_id="u1"),
    call("r3", trace_id="t2", session_id="s1", feature="search", model="c", user_id="u1"),
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"request_id": "r2"}, ("draft", "b", "u1", None)),
        ({"trace_id": "t1"}, ("draft", None, "u1", "pro")),
        ({"session_id": "s1"}, (None, None, "u1", "pro")),
        ({"request_id": "r3", "trace_id": "t1", "session_id": "s1"}, ("search", "c", "u1", None)),
        ({"request_id": "gone", "trace_id": "t2", "session_id": "s1"}, ("search", "c", "u1", None)),
        ({"request_id": "gone", "trace_id": "gone", "session_id": "s1"}, (None, None, "u1", "pro")),
        ({"request_id": "r1", "feature": "own", "user_id": "me"}, ("own", "a", "me", "pro")),
        ({"request_id": "gone"}, (None, None, None, None)),
        ({"feature": "own"}, ("own", None, None, None)),
    ],
    ids=str,
)
def test_feedback_takes_the_facts_of_its_call(said: dict[str, str], expected: tuple[str | None, ...]) -> None:
    """Feedback has what its call has, by request, trace or session: where these have several, what they agree on."""
    put("log.jsonl", *CALLS, feedback(**said))

    assert [expected] == facts(read(["log.jsonl"]), "feature", "model", "user_id", "tier")


def test_joined_ratio() -> None:
    """The share of feedback whose call was found is over the feedback that names one."""
    put("a.jsonl", *CALLS, feedback(request_id="r1"), feedback(request_id="gone"), feedback(session_id="s1"))
    put("b.jsonl", *CALLS, feedback(feature="draft"))
    put("c.jsonl", feedback(request_id="r1"))

    ratios = [read([path]).account.feedback_joined_ratio for path in ("a.jsonl", "b.jsonl", "c.jsonl")]

    assert [2 / 3, None, 0] == ratios


def test_late_feedback() -> None:
    """Feedback finds a call of another file and another month, in whatever order the files are read."""
    put("august.jsonl", call("r", ts="2026-08-01T00:00:00Z", feature="draft"))
    put("september.jsonl", feedback(request_id="r"))

    found = [
        facts(read(["september.jsonl"], ["august.jsonl"]), "feature"),
        facts(read(["august.jsonl"], ["september.jsonl"]), "feature"),
    ]

    assert [[("draft",)], [("draft",)]] == found


def test_activity_takes_nothing() -> None:
    """Activity of a user belongs to no call."""
    put("log.jsonl", *CALLS, {"ts": "2026-09-01T13:00:00Z", "kind": "active", "session_id": "s1", "user_id": "u9"})

    log = read(["log.jsonl"])

    assert rows(Log(log.events.filter(pl.col("event") == "activity"), log.account), "tier", "user_id") == [(None, "u9")]


def test_logs_of_nothing() -> None:
    """Logs without any row give a frame with every column, so that nothing has to ask."""
    raw("a.jsonl", b"")

    log = read(["a.jsonl"])

    assert (log.events.height, "user_id" in log.events.columns, os.listdir()) == (0, True, ["a.jsonl"])
