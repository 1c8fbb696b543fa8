"""CSV and Parquet: a bad record is rejected alone, a damaged file is an error, and a type is read or counted as lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from torture.case import TOKENS, Case, log, refused

HEADER = b"ts,request_id,input_tokens\n"
ROWS = [f"2026-09-01T12:00:0{n}Z,r{n},10\n".encode() for n in range(1, 4)]
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
IDS = ["r1", "r2", "r3"]
TS = [f"2026-09-01T12:00:0{n}Z" for n in range(1, 4)]


def _csv(name: str, data: bytes, **expected: Any) -> Case:
    return Case(f"csv: {name}", {"log.csv": data}, words=("log.csv",), **expected)


def _line(name: str, line: bytes, reason: str) -> Case:
    """Return a CSV with a bad record on line 3."""
    data = HEADER + ROWS[0] + line + ROWS[1] + ROWS[2]
    return _csv(name, data, used=3, tokens=3 * TOKENS, rejected={"log.csv:3": reason})


_CSV = (
    _csv("plain", HEADER + b"".join(ROWS), used=3, tokens=30),
    _csv("BOM", b"\xef\xbb\xbf" + HEADER + b"".join(ROWS), used=3, tokens=30),
    _csv("CRLF", (HEADER + b"".join(ROWS)).replace(b"\n", b"\r\n"), used=3, tokens=30),
    _csv("no newline at the end", HEADER + b"".join(ROWS).rstrip(), used=3, tokens=30),
    _csv("blank lines", b"\n\n" + HEADER + ROWS[0] + b"\n\n" + ROWS[1], used=2, tokens=20),
    _csv("semicolons", (HEADER + b"".join(ROWS)).replace(b",", b";"), used=3, tokens=30),
    _csv("tabs", (HEADER + b"".join(ROWS)).replace(b",", b"\t"), used=3, tokens=30),
    _csv("quoted newline", HEADER + b'2026-09-01T12:00:01Z,"r\n1",10\n' + ROWS[1], used=2, tokens=20),
    _csv("quoted quotes and commas", HEADER + b'2026-09-01T12:00:01Z,"r"",1",10\n' + ROWS[1], used=2, tokens=20),
    _csv("a column twice", b"ts,request_id,input_tokens,input_tokens\n2026-09-01T12:00:01Z,r1,10,99\n", used=1, tokens=10),
    _csv("spaces in the header", b" ts , request_id , input_tokens \n" + ROWS[0], used=1, tokens=10),
    _csv("header alone", HEADER, says="no rows"),
    _csv("formula in a cell", HEADER + b"2026-09-01T12:00:01Z,=1+1,10\n", used=1, tokens=10),
    _csv("words in a column of numbers", HEADER + b"2026-09-01T12:00:01Z,r1,ten\n" + ROWS[1], used=2, tokens=10, fields=1),
    _csv("quote in the middle of a cell", HEADER + b'2026-09-01T12:00:01Z,r"1,10\n' + ROWS[1], used=2, tokens=20),
    _line("too few cells", b"2026-09-01T12:00:09Z,r9\n", "too_few_cells"),
    _line("too many cells", b"2026-09-01T12:00:09Z,r9,10,11\n", "too_many_cells"),
    _line("text between records", b"--- restarted ---\n", "too_few_cells"),
    _line("quote that stays open", b'2026-09-01T12:00:09Z,"r9,10\n', "open_quote"),
    _line("text behind a quote", b'2026-09-01T12:00:09Z,"r9"x,10\n', "not_csv"),
    _line("invalid UTF-8", b"2026-09-01T12:00:09Z,r\xff,10\n", "not_utf8"),
    _line("no time", b",r9,10\n", "no_time"),
    _line("bad time", b"09/01/2026,r9,10\n", "bad_time"),
    _csv("header again", HEADER + ROWS[0] + HEADER + ROWS[1], used=2, tokens=20, fields=1, rejected={"log.csv:3": "bad_time"}),
    _csv("open quote in the header", b'ts,"request_id\n' + ROWS[0], rejected={"log.csv:2": "too_many_cells"}),
    refused("csv: one column", b"ts\n2026-09-01\n", "log.csv", file="log.csv"),
    refused("csv: NUL in the header", b"ts,request\0id\n", "log.csv", file="log.csv"),
)  # fmt: skip


def table(**columns: Any) -> pa.Table:
    """Return three calls, with other columns or others of the same name."""
    found = {"ts": pa.array(TS), "request_id": pa.array(IDS), "input_tokens": pa.array([TOKENS] * 3)} | columns
    return pa.table({name: column for name, column in found.items() if column is not None})


def parquet(found: pa.Table, **how: Any) -> bytes:
    """Return a table as Parquet."""
    out = BytesIO()
    pq.write_table(found, out, **how)
    return out.getvalue()


def _pq(name: str, data: bytes | Callable[[Path], object], **expected: Any) -> Case:
    return Case(f"parquet: {name}", {"log.parquet": data}, words=("log.parquet",), **expected)


def _typed(name: str, tokens: Any, *, total: int, fields: int = 0, **how: Any) -> Case:
    return _pq(name, parquet(table(input_tokens=tokens), **how), used=3, tokens=total, fields=fields)


def _timed(name: str, times: Any, **how: Any) -> Case:
    return _pq(name, parquet(table(ts=times), **how), used=3, tokens=30, since=NOON.isoformat())


def _flip_page(data: bytes, value: bytes) -> bytes:
    """Return Parquet with a bit flipped in the first place of a value."""
    at = data.index(value)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def _lying(rows: int, says: int) -> bytes:
    """Return Parquet of three row groups; the footer says of the last that it has other rows than it has."""
    found = parquet(pa.concat_tables([table()] * rows), row_group_size=rows, use_dictionary=False)
    at = found.rindex(_varint(rows))
    return found[:at] + _varint(says) + found[at + 2 :]


def _varint(number: int) -> bytes:
    """Return a number as a footer has it, of two bytes: twice the number, seven bits at a time, the lower ones first."""
    return bytes((2 * number & 127 | 128, 2 * number >> 7))


def _broken_page(codec: str) -> bytes:
    found = table(request_id=pa.array([f"r{n * 7919 % 10_007}" for n in range(3)]))
    many = pa.concat_tables([found] * 300)
    data = bytearray(parquet(many, compression=codec, use_dictionary=False))
    data[200:260] = bytes(byte ^ 0x5A for byte in data[200:260])
    return bytes(data)


class _Pickled(pa.ExtensionType):  # type: ignore[misc]  # pyarrow is untyped
    """A type whose metadata would be unpickled by a reader that trusts it."""

    def __init__(self) -> None:
        super().__init__(pa.int64(), "arrow.py_extension_type")

    def __arrow_ext_serialize__(self) -> bytes:
        return b"cos\nsystem\n(S'touch pickled'\ntR."

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, serialized: Any) -> "_Pickled":
        return cls()


def _pickled() -> bytes:
    column = pa.ExtensionArray.from_storage(_Pickled(), pa.array([1, 2, 3]))
    return parquet(table(extra=column))


GOOD = parquet(table())
_INTEGERS = (
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.uint8(),
    pa.uint16(),
    pa.uint32(),
    pa.uint64(),
    pa.float32(),
    pa.float64(),
)
_SECONDS = [NOON + timedelta(seconds=n) for n in range(3)]
_NAIVE = [each.replace(tzinfo=None) for each in _SECONDS]

_PARQUET = (
    *(_pq(f"{codec}", parquet(table(), compression=codec), used=3, tokens=30) for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli")),
    _pq("named as JSONL", GOOD, used=3, tokens=30),
    _pq("version 1.0, small pages", parquet(table(), version="1.0", data_page_size=8), used=3, tokens=30),
    _pq("page version 2.0", parquet(table(), data_page_version="2.0"), used=3, tokens=30),
    _pq("a row group a row", parquet(table(), row_group_size=1), used=3, tokens=30),
    _pq("other order", parquet(table().select(["input_tokens", "ts", "request_id"])), used=3, tokens=30),
    _pq("more columns", parquet(table(extra=pa.array([{"a": 1}] * 3), text=pa.array(["x"] * 3))), used=3, tokens=30),
    _pq("a column less", parquet(table(input_tokens=None)), used=3),
    _pq("no rows", parquet(table().slice(0, 0)), says="no rows"),
    _pq("dictionary", parquet(table(request_id=pa.array(IDS).dictionary_encode())), used=3, tokens=30),
    _pq("large text", parquet(table(request_id=pa.array(IDS, pa.large_string()))), used=3, tokens=30),
    _pq("text view", parquet(table(request_id=pa.array(IDS, pa.string_view()))), used=3, tokens=30),
    _pq("ids as bytes", parquet(table(request_id=pa.array([b"r1", b"r2", b"r3"]))), used=3, tokens=30),
    _pq("ids as bytes that are no text", parquet(table(request_id=pa.array([b"r1", b"\xff\xfe", b"r3"]))), used=3, tokens=30, fields=1),
    _pq("ids as records", parquet(table(request_id=pa.array([{"id": 1}] * 3))), used=3, tokens=30, fields=3),
    _pq("ids as whole numbers", parquet(table(request_id=pa.array([1, 2, 3]))), used=3, tokens=30),
    _typed("tokens all null", pa.array([None] * 3, pa.int64()), total=0),
    _typed("tokens of no type", pa.nulls(3), total=0),
    *(_typed(f"tokens as {dtype}", pa.array([10, 10, 10], dtype), total=30) for dtype in _INTEGERS),
    _typed("tokens with NaN and infinity", pa.array([10.0, float("nan"), float("inf")]), total=10, fields=2),
    _typed("tokens near 2^64", pa.array([10, 2**64 - 1, 2**63], pa.uint64()), total=10, fields=2),
    _typed("tokens as decimals", pa.array([Decimal(10)] * 3, pa.decimal128(38, 18)), total=30),
    _typed("tokens as half floats", pa.array([10, 10, 10], pa.float16()) if hasattr(pa, "float16") else None, total=30),
    _typed("tokens as text", pa.array(["10", "ten", "10"]), total=20, fields=1),
    _typed("tokens as booleans", pa.array([True, False, True]), total=0, fields=3),
    _typed("tokens as dates", pa.array([NOON.date()] * 3), total=0, fields=3),
    _typed("tokens as lists", pa.array([[10], [10], [10]]), total=0, fields=3),
    _typed("tokens as a map", pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int64())), total=0, fields=3),
    _timed("times in us, UTC", pa.array(_SECONDS, pa.timestamp("us", "UTC"))),
    _timed("times in ms, New York", pa.array([each.astimezone(ZoneInfo("America/New_York")) for each in _SECONDS], pa.timestamp("ms", "America/New_York"))),
    _timed("times in ns without a zone", pa.array(_NAIVE, pa.timestamp("ns"))),
    _timed("times as INT96", pa.array(_NAIVE, pa.timestamp("ns")), use_deprecated_int96_timestamps=True),
    _timed("times as epoch seconds", pa.array([int(each.timestamp()) for each in _SECONDS])),
    _timed("times as epoch in floats", pa.array([each.timestamp() for each in _SECONDS])),
    _pq("times in the year 1", parquet(table(ts=pa.array([datetime(1, 1, 1), *_NAIVE[1:]], pa.timestamp("us")))), used=2, tokens=20,  # noqa: DTZ001 - without a zone is the point
        rejected={"log.parquet:1": "implausible_time"}),
    _pq("times null", parquet(table(ts=pa.array([None, *_SECONDS[1:]], pa.timestamp("us", "UTC")))), used=2, tokens=20,
        rejected={"log.parquet:1": "no_time"}),
    _pq("latency as a duration", parquet(table(latency_ms=pa.array([timedelta(seconds=1)] * 3))), used=3, tokens=30),
    _pq("a type that asks to be unpickled", _pickled(), used=3, tokens=30),
    refused("parquet: decimals of 256 bits", parquet(table(input_tokens=pa.array([Decimal(10)] * 3, pa.decimal256(60, 2)))),
            "log.parquet", file="log.parquet"),
    refused("parquet: a column twice", parquet(pa.Table.from_arrays([pa.array(TS), pa.array(IDS), pa.array(IDS)], ["ts", "request_id", "request_id"])),
            "log.parquet", file="log.parquet"),
    *(refused(f"parquet: cut to {share:.0%}", GOOD[: int(len(GOOD) * share)], "damaged Parquet", file="log.parquet") for share in (0.2, 0.5, 0.95)),
    refused("parquet: magic alone", b"PAR1", "damaged Parquet", file="log.parquet"),
    refused("parquet: magic twice", b"PAR1PAR1", "damaged Parquet", file="log.parquet"),
    refused("parquet: a footer that is longer than the file", GOOD[:-8] + b"\xff\xff\xff\x7fPAR1", "damaged Parquet", file="log.parquet"),
    refused("parquet: bits flipped in the footer", GOOD[:-200] + bytes(byte ^ 0x2A for byte in GOOD[-200:-8]) + GOOD[-8:], "damaged Parquet", file="log.parquet"),
    *(refused(f"parquet: bits flipped in a page of {codec}", _broken_page(codec), "damaged Parquet", file="log.parquet") for codec in ("snappy", "zstd", "lz4")),
    *(refused(f"parquet: a footer that says {says} of a row group of 300", _lying(300, says), "damaged Parquet", file="log.parquet")
      for says in (299, 301, 8000)),
    Case("parquet: nothing", {"log.parquet": b""}, words=("log.parquet",), says="no rows"),
    Case("parquet: JSONL by that name", {"log.parquet": log(3)}, words=("log.parquet",), used=3, tokens=30),
    Case("parquet: a folder of partitions is read by the columns of its files",
         {"logs/input_tokens=99/a.parquet": GOOD}, words=("logs",), used=3, tokens=30),
    Case("parquet: a damaged one in a folder", {"logs/a.parquet": GOOD, "logs/b.parquet": GOOD[:100]}, words=("logs",), used=3, tokens=30,
         says="b.parquet is a damaged Parquet file"),
    Case("parquet: types differ between files", {"a.parquet": GOOD, "b.parquet": parquet(table(
        request_id=pa.array(["x", "y", "z"]), input_tokens=pa.array(["10"] * 3), ts=pa.array(_SECONDS, pa.timestamp("us", "UTC"))))},
        words=("a.parquet", "b.parquet"), used=6, tokens=60),
)  # fmt: skip

CASES = (*_CSV, *_PARQUET)
