"""The guard: every line of a JSONL log becomes a row, or is rejected with its number and a reason."""

import json
import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from cases import each
from hypothesis import given, settings
from hypothesis import strategies as st

from aiopsctl.sources.chunks import CHUNK_BYTES, chunks, joined, of_records
from aiopsctl.sources.coerce import coerce
from aiopsctl.sources.inflate import Broken
from aiopsctl.sources.lines import parse, parse_ahead
from aiopsctl.sources.native import SOURCE

SCHEMA = {"id": pl.String, "n": pl.Int64, "usage": pl.Struct({"input": pl.String}), "choices": pl.List(pl.String)}
SIZES = pytest.mark.parametrize("size", [1 << 10, CHUNK_BYTES], ids=["1KiB", "4MiB"])
A, B, C = b'{"id": "a", "n": 1}', b'{"id": "b", "n": 2}', b'{"id": "c", "n": 3}'
BOM = b"\xef\xbb\xbf"
LONGEST = 20_000
LINES = int(os.environ.get("AIOPSCTL_LINES", "20000"))
"""Of so many lines some are planted bad."""

Rows = list[tuple[int, str | None]]
Rejects = list[tuple[int, str]]


def guarded(
    data: bytes, size: int, longest: int = 16 << 20
) -> tuple[pl.DataFrame, Rejects, dict[str, tuple[int, int]]]:
    """Return the rows, rejects and field errors of a log that is read in blocks of `size`."""
    found = [parse(chunk, SCHEMA) for chunk in chunks(BytesIO(data), size, longest)]
    rows = [each.rows.cast({"n": pl.String}) for each in found if each.rows.height]
    errors: dict[str, tuple[int, int]] = {}
    for part in found:
        for name, (count, line) in part.field_errors.items():
            before, first = errors.get(name, (0, line))
            errors[name] = (before + count, first)
    rejects = [(reject.line, reject.reason) for each in found for reject in each.rejects]
    return pl.concat(rows) if rows else pl.DataFrame(schema={"_line": pl.Int64, "id": pl.String}), rejects, errors


def numbered(rows: pl.DataFrame) -> Rows:
    """Return the line and the id of each row."""
    return rows.select("_line", "id").rows()


def lines_in(data: bytes) -> int:
    """Return how many lines there are."""
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def deep(depth: int) -> bytes:
    """Return an object with a list nested this deep under a key that nobody asked for."""
    return b'{"id": "deep", "more": ' + b"[" * depth + b"]" * depth + b"}"


STRUCTURE: dict[str, tuple[bytes, Rows, Rejects]] = {
    "nothing": (b"", [], []),
    "whole": (A + b"\n" + B + b"\n", [(1, "a"), (2, "b")], []),
    "no newline at the end": (A + b"\n" + B, [(1, "a"), (2, "b")], []),
    "torn last line": (A + b"\n" + B[:12], [(1, "a")], [(2, "torn_tail")]),
    "torn line that has its newline": (A[:9] + b"\n" + B + b"\n", [(2, "b")], [(1, "not_json")]),
    "half an object glued to the next": (A[:12] + B + b"\n" + C + b"\n", [(2, "c")], [(1, "not_json")]),
    "two objects on a line": (A + B + b"\n" + C + b"\n", [(2, "c")], [(1, "not_json")]),
    "object and garbage": (A + b" trailer\n" + B + b"\n", [(2, "b")], [(1, "not_json")]),
    "log prefix": (b"2026-09-01 INFO " + A + b"\n" + B + b"\n", [(2, "b")], [(1, "not_json")]),
    "record separator": (b"\x1e" + A + b"\n" + B + b"\n", [(2, "b")], [(1, "not_json")]),
    "trailing comma": (A + b",\n" + B + b"\n", [(2, "b")], [(1, "not_json")]),
    "array": (b"[" + A + b"]\n" + B + b"\n", [(2, "b")], [(1, "not_object")]),
    "scalars and null": (b'3\n"x"\ntrue\nnull\n' + A, [(5, "a")], [(line, "not_object") for line in (1, 2, 3, 4)]),
    "empty object": (b"{}\n" + A + b"\n{ }\n", [(1, None), (2, "a"), (3, None)], []),
    "CRLF": (A + b"\r\n" + B + b"\r\n", [(1, "a"), (2, "b")], []),
    "blank lines": (b"\n" + A + b"\n\n  \t\r\n" + B + b"\n\n", [(2, "a"), (5, "b")], []),
    "spaces around": (b"  " + A + b"  \n\t" + B + b"\t\n", [(1, "a"), (2, "b")], []),
    "CR alone": (A + b"\r" + B + b"\r" + C, [], [(1, "torn_tail")]),
    "BOM at the start": (BOM + A + b"\n" + B + b"\n", [(1, "a"), (2, "b")], []),
    "BOM where two files meet": (A + b"\n" + BOM + B + b"\n", [(1, "a"), (2, "b")], []),
    "BOM alone": (BOM + b"\n" + A + b"\n", [(2, "a")], []),
    "UTF-16": ((A + b"\n").decode().encode("utf-16"), [], [(1, "not_utf8"), (2, "nul_block")]),
    "invalid UTF-8": (b'{"id": "\xff"}\n' + A + b"\n", [(2, "a")], [(1, "not_utf8")]),
    "cut UTF-8": (b'{"id": "\xe2\x82"}\n' + A + b"\n", [(2, "a")], [(1, "not_utf8")]),
    "surrogate as UTF-8": (b'{"id": "\xed\xa0\x80"}\n' + A + b"\n", [(2, "a")], [(1, "not_utf8")]),
    "NUL in a string": (b'{"id": "a\x00b"}\n' + A + b"\n", [(2, "a")], [(1, "nul_block")]),
    "control character in a string": (b'{"id": "a\x01b"}\n' + A + b"\n", [(2, "a")], [(1, "not_json")]),
    "block of NUL": (A + b"\n" + b"\0" * 4096 + b"\n" + B + b"\n", [(1, "a"), (3, "b")], [(2, "nul_block")]),
    "block of NUL glued to a line": (A + b"\n" + b"\0" * 4096 + B + b"\n" + C, [(1, "a"), (3, "c")], [(2, "nul_block")]),
    "block of NUL at the end": (A + b"\n" + b"\0" * 4096, [(1, "a")], [(2, "nul_block")]),
    "newline in a string": (b'{"id": "a\nb"}\n' + A + b"\n", [(3, "a")], [(1, "not_json"), (2, "not_json")]),
    "other line ends in a string": (
        '{"id": "a\u2028b\u2029c\u0085d"}\n'.encode() + A + b"\n", [(1, "a\u2028b\u2029c\u0085d"), (2, "a")], [],
    ),
    "comment": (b"// note\n" + A + b" // note\n" + B + b"\n", [(3, "b")], [(1, "not_json"), (2, "not_json")]),
    "single quotes": (b"{'id': 'a'}\n" + A + b"\n", [(2, "a")], [(1, "not_json")]),
    "bare key": (b'{id: "a"}\n' + A + b"\n", [(2, "a")], [(1, "not_json")]),
    "plain text": (b"GET /\nPOST /\n" + A + b"\n", [(3, "a")], [(1, "not_json"), (2, "not_json")]),
    "gzip magic in the middle": (A + b"\n\x1f\x8b\x08\n" + B + b"\n", [(1, "a"), (3, "b")], [(2, "not_utf8")]),
    "gzip magic at the start": (b"\x1f\x8b\x08\x00\n" + B + b"\n", [(2, "b")], [(1, "not_utf8")]),
    "every tenth line bad": (
        b"".join(b"oops\n" if n % 10 == 0 else b'{"id": "%d", "n": %d}\n' % (n, n) for n in range(1, 201)),
        [(n, str(n)) for n in range(1, 201) if n % 10],
        [(n, "not_json") for n in range(10, 201, 10)],
    ),
    "nested 100,000 deep": (deep(100_000) + b"\n" + A + b"\n", [(2, "a")], [(1, "too_deep")]),
    "nested 1,010 deep": (deep(1_010) + b"\n" + A + b"\noops\n", [(1, "deep"), (2, "a")], [(3, "not_json")]),
    "10,000 more keys": (
        b'{"id": "a", ' + b", ".join(b'"k%d": %d' % (n, n) for n in range(10_000)) + b"}\n" + B + b"\n",
        [(1, "a"), (2, "b")], [],
    ),
    "key first seen in row 201": (
        b'{"n": 1}\n' * 200 + b'{"id": "late"}\n', [*((n, None) for n in range(1, 201)), (201, "late")], [],
    ),
}  # fmt: skip

STRINGS: dict[str, tuple[bytes, str, int]] = {
    "whole character": (rb'{"id": "\ud83d\ude00"}', "\U0001f600", 0),
    "high half": (rb'{"id": "cut \ud83d"}', "cut \ufffd", 1),
    "low half": (rb'{"id": "\uDE00 cut"}', "\ufffd cut", 1),
    "two high halves, one low": (rb'{"id": "\ud83d\ud83d\ude00"}', "\ufffd\U0001f600", 1),
    "halves the wrong way round": (rb'{"id": "\ude00\ud83d"}', "\ufffd\ufffd", 2),
    "escaped backslash before u": (rb'{"id": "\\ud83d"}', r"\ud83d", 0),
    "escaped backslash, then a half": (rb'{"id": "\\\ud83d"}', "\\\ufffd", 1),
    "escaped backslash between halves": (rb'{"id": "\ud83d\\ude00"}', "\ufffd\\ude00", 1),
    "text that looks like a half, then a half": (rb'{"id": "\\ud83d\ude00"}', "\\ud83d\ufffd", 1),
    "escaped NUL": (rb'{"id": "a\u0000b"}', "a\0b", 0),
    "repeated key": (b'{"id": "first", "id": "second"}', "first", 0),
    "number for text": (b'{"id": 12345678901234567890123}', "12345678901234567890123", 0),
    "float for text": (b'{"id": 2.0}', "2", 0),
    "object for text": (b'{"id": {"x": 1}}', '{"x": 1}', 0),
}

NUMBERS: dict[str, tuple[bytes, int | None, str | None]] = {
    "whole": (b"12", 12, None),
    "missing": (b"null", None, None),
    "empty text": (b'""', None, None),
    "digits as text": (b'"12"', 12, None),
    "digits with spaces": (b'" 13 "', 13, None),
    "exponent as text": (b'"1e3"', 1000, None),
    "thousands separator": (b'"1,400"', None, "field"),
    "words": (b'"many"', None, "field"),
    "NaN as text": (b'"NaN"', None, "field"),
    "infinity as text": (b'"inf"', None, "field"),
    "whole float": (b"150.0", 150, None),
    "exponent": (b"1.52e2", 152, None),
    "minus zero": (b"-0.0", 0, None),
    "fraction": (b"151.9", None, "field"),
    "negative": (b"-1", None, "field"),
    "more than is believed": (b"1000000001", None, "field"),
    "more than 64 bits": (b"9223372036854775808", None, "field"),
    "more than 64 bits without sign": (b"18446744073709551616", None, "field"),
    "true": (b"true", None, "field"),
    "list": (b"[1]", None, "field"),
    "object": (b'{"x": 1}', None, "field"),
    "500 digits": (b"9" * 500, None, "not_readable"),
    "more than a float": (b"1e400", None, "not_json"),
    "NaN": (b"NaN", None, "not_json"),
    "Infinity": (b"-Infinity", None, "not_json"),
    "hexadecimal": (b"0x10", None, "not_json"),
    "leading zero": (b"05", None, "not_json"),
    "leading plus": (b"+5", None, "not_json"),
    "no digit before the point": (b".5", None, "not_json"),
    "no digit behind the point": (b"5.", None, "not_json"),
    "underscore": (b"1_000", None, "not_json"),
}


@SIZES
@each("name", STRUCTURE)
def test_structure(name: str, size: int) -> None:
    """A line that is no object is rejected with its number and the reason, whatever the size of the blocks."""
    data, rows, rejects = STRUCTURE[name]

    found, refused, _ = guarded(data, size)

    assert (rows, rejects) == (numbered(found), refused)


@SIZES
@each("name", STRUCTURE)
def test_every_line_is_accounted_for(name: str, size: int) -> None:
    """Rows, rejects and blank lines are all lines that there are."""
    data, _, _ = STRUCTURE[name]
    blank = sum(not line.removeprefix(BOM).strip() for line in data.split(b"\n")[: lines_in(data)])

    found, refused, _ = guarded(data, size)

    assert lines_in(data) == found.height + len(refused) + blank


@pytest.mark.parametrize("name", STRINGS)
def test_text(name: str) -> None:
    """Text is taken as it is written; half a character becomes U+FFFD and is counted at its line."""
    written, expected, lone = STRINGS[name]

    found, refused, errors = guarded(A + b"\n" + written + b"\n", CHUNK_BYTES)

    assert ("a", expected) == tuple(found["id"])
    assert ({"lone_surrogate": (lone, 2)} if lone else {}) == errors
    assert refused == []


@pytest.mark.parametrize("company", ["alone", "beside a bad line", "beside text"])
@each("name", NUMBERS)
def test_number(name: str, company: str) -> None:
    """A number that is not believed is null and counted; one that is no JSON costs its line, and no other."""
    written, expected, fault = NUMBERS[name]
    others = {"alone": b"", "beside a bad line": b"oops\n", "beside text": b'{"model": "m", "input_tokens": "7"}\n'}[
        company
    ]
    data = others + b'{"model": "m", "input_tokens": 5}\n{"model": "m", "input_tokens": ' + written + b"}\n"
    line = data.count(b"\n")

    (parsed,) = [parse(chunk, SOURCE.schema) for chunk in chunks(BytesIO(data))]
    coerced = coerce(parsed.rows, tz="UTC", timed=False)
    values = dict(coerced.rows.select("_line", "input_tokens").rows())

    assert values[line - 1] == 5
    assert (line in values) == (fault in (None, "field"))
    assert expected == values.get(line)
    assert ({"input_tokens": (1, line)} if fault == "field" else {}) == coerced.field_errors
    assert ([(line, fault)] if fault not in (None, "field") else []) == [
        (reject.line, reject.reason) for reject in parsed.rejects if reject.line == line
    ]


@SIZES
def test_misfits_cost_the_field(size: int) -> None:
    """A value where a record or a list belongs is null and counted by its field; the row and its other values stay."""
    rows = [
        b'{"id": "a", "usage": {"input": 3}, "choices": ["x"]}',
        b'{"id": "b", "usage": "n/a"}',
        b'{"id": "c", "usage": [1], "choices": {"x": 1}, "id": "twice"}',
        b'{"id": "d", "usage": null}',
        b'{"id": 1.50, "usage": 7}',
    ]

    found, refused, errors = guarded(b"\n".join(rows), size)

    assert refused == []
    assert numbered(found) == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "1.5")]
    assert found["usage"].to_list() == [{"input": "3"}, None, None, None, None]
    assert found["choices"].to_list() == [["x"], None, None, None, None]
    assert errors == {"usage": (3, 2), "choices": (1, 3)}


def test_misfits_deep_within() -> None:
    """What does not fit is left out of records within lists, and counted; a line refused for more is rejected as it was."""
    schema = {
        "id": pl.String,
        "spans": pl.List(pl.Struct({"name": pl.String, "usage": pl.Struct({"input": pl.String})})),
    }
    rows = [
        b'{"id": "a", "spans": [{"name": "x", "usage": 3}, 7, null, {"name": "y", "usage": {"input": 3}, "z": [1]}]}',
        b'{"id": "b", "spans": "none", "more": ' + b"9" * 600 + b"}",
        b'{"id": "c", "spans": {}, "more": ' + b"[" * 1005 + b"]" * 1005 + b"}",
        b'{"id": "d", "spans": []}',
        b'{"id": "e", "spans": [{"name": "x", "usage": 3}]}',
    ]

    (chunk,) = joined(chunks(BytesIO(b"\n".join(rows))))
    parsed = parse(chunk, schema)

    assert parsed.rows.rows() == [
        ("a", [{"name": "x", "usage": None}, None, None, {"name": "y", "usage": {"input": "3"}}], 1), ("d", [], 4),
        ("e", [{"name": "x", "usage": None}], 5),
    ]  # fmt: skip
    assert [(each.line, each.reason, each.text) for each in parsed.rejects] == [
        (line, "not_readable", rows[line - 1]) for line in (2, 3)
    ]
    assert parsed.field_errors == {"spans": (2, 1)}


@pytest.mark.parametrize("size", [7, 1 << 10, CHUNK_BYTES])
def test_long_line_is_passed_over(size: int) -> None:
    """A line over the limit is rejected with its length, and reading goes on behind it."""
    long = b'{"id": "' + b"x" * (LONGEST - 9) + b'"}'
    data = b"\n".join([A, long, B, long[:-1], long[:-2] + b"yy", C])

    found = list(chunks(BytesIO(data), size, LONGEST - 1))

    assert [(reject.line, reject.reason, reject.length) for chunk in found for reject in chunk.rejects] == [
        (2, "too_long", LONGEST + 1),
        (4, "too_long", LONGEST),
        (5, "too_long", LONGEST + 1),
    ]
    assert b"\n".join([A, B, C]) == b"".join(chunk.data for chunk in found)


@pytest.mark.parametrize("extra", [0, 1])
def test_the_limit_itself(extra: int) -> None:
    """A line of exactly the limit is read, one byte more is too much."""
    line = b'{"id": "' + b"x" * (100 - 10 + extra) + b'"}'

    rejects = [guarded(line + end, size, 100)[1] for end in (b"", b"\n") for size in (3, 100, CHUNK_BYTES)]

    assert 6 * [[(1, "too_long")] if extra else []] == rejects


@SIZES
def test_line_of_20_mb(size: int) -> None:
    """A line of 20 MB is too long by default, ended or not; one of 15 MB is read."""
    huge, large = (b'{"id": "' + b"x" * (millions * 10**6) + b'"}' for millions in (20, 15))

    found, refused, _ = guarded(b"\n".join([A, huge, large, B, huge]), size)

    assert found["_line"].to_list() == [1, 3, 4]
    assert found["id"].str.len_bytes().to_list() == [1, 15 * 10**6, 1]
    assert refused == [(2, "too_long"), (5, "too_long")]


class Breaking:
    """A stream that breaks off behind its data."""

    def __init__(self, data: bytes, reason: str) -> None:
        self.inner, self.reason = BytesIO(data), reason

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, or break."""
        data = self.inner.read(size)
        if not data:
            raise Broken(self.reason) if self.reason else OSError
        return data


@pytest.mark.parametrize("size", [5, CHUNK_BYTES])
@pytest.mark.parametrize(
    ("reason", "data", "rows", "rejects"),
    [
        ("truncated_stream", A + b"\n" + B, [1], [(2, "truncated_stream")]),
        ("truncated_stream", A + b"\n", [1], [(2, "truncated_stream")]),
        ("corrupt_stream", A + b"\n" + B + b"\n" + C, [1, 2], [(3, "corrupt_stream")]),
        ("trailing_garbage", A + b"\n" + B, [1, 2], [(3, "trailing_garbage")]),
        ("", A + b"\n" + B[:5], [1], [(2, "unreadable")]),
    ],
)
def test_stream_that_breaks_off(reason: str, data: bytes, rows: list[int], rejects: Rejects, size: int) -> None:
    """Whole lines before a break are kept; the break is one reject at the line in which it is."""
    found = [parse(chunk, SCHEMA) for chunk in chunks(Breaking(data, reason), size)]

    assert rows == [line for each in found if each.rows.height for line in each.rows["_line"]]
    assert rejects == [(reject.line, reject.reason) for each in found for reject in each.rejects]


CALL = b'{"ts": "2026-09-01T12:00:00Z", "request_id": "r%d", "model": "m", "input_tokens": %d, "status": "ok"}'
PLANTED = (
    (lambda line: line[: len(line) // 2], "not_json"),
    (lambda line: line.replace(b'"m"', b'"\xff"'), "not_utf8"),
    (lambda line: line.replace(b'"m"', b'"\0"'), "nul_block"),
    (lambda line: line.replace(b'"m"', b"NaN"), "not_json"),
    (lambda line: b"[" + line + b"]", "not_object"),
    (lambda line: line.replace(b'"input_tokens": ', b'"input_tokens": "about ').replace(b', "status', b'", "status'), "field"),
    (lambda line: line[:-1] + b', "request_id": "twice"}', ""),
    (lambda line: b"", "blank"),  # noqa: ARG005 - as the others
)  # fmt: skip
"""Ways for a line to be bad, and what becomes of it: of a key that comes twice the first counts."""


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.1, 1])
def test_planted(share: float, tmp_path: Path) -> None:
    """Of lines that are planted bad at random each is told with its number and reason, and no other line is lost."""
    random = Random(int(1 / share))
    planted = {n: random.choice(PLANTED) for n in range(1, LINES + 1) if random.random() < share}
    with (tmp_path / "log").open("wb") as file:
        for n in range(1, LINES + 1):
            change, _ = planted.get(n, (bytes, ""))
            file.write(change(CALL % (n, n % 1000)) + b"\n")
    fates = {n: fate for n, (_, fate) in planted.items()}

    rows, refused, lost = [], [], Counter[str]()
    with (tmp_path / "log").open("rb") as file:
        for parsed in parse_ahead(joined(chunks(file)), SOURCE.schema):
            refused += [(reject.line, reject.reason) for reject in parsed.rejects]
            if parsed.rows.height:
                coerced = coerce(parsed.rows, tz="UTC", timed=True)
                lost.update({name: count for name, (count, _) in coerced.field_errors.items()})
                rows += coerced.rows.select("_line", "request_id", "input_tokens").rows()

    assert refused == [(n, fate) for n, fate in fates.items() if fate not in ("", "field", "blank")]
    assert rows == [
        (n, f"r{n}", None if fates.get(n) == "field" else n % 1000)
        for n in range(1, LINES + 1)
        if fates.get(n, "") in ("", "field")
    ]
    assert lost == Counter({"input_tokens": count} if (count := list(fates.values()).count("field")) else {})


def test_small_chunks_are_joined() -> None:
    """Chunks of several files are parsed together, each line under its own number, torn ends where files end."""
    files = {100: A + b"\n" + B, 200: C[:9], 300: b"\n" + C + b"\n", 400: b"oops\n"}

    (chunk,) = joined(chunk for first, data in files.items() for chunk in chunks(BytesIO(data), first=first))
    parsed = parse(chunk, SCHEMA)

    assert numbered(parsed.rows) == [(100, "a"), (101, "b"), (301, "c")]
    assert [(each.line, each.reason) for each in parsed.rejects] == [(200, "torn_tail"), (400, "not_json")]


def test_large_chunks_stay_apart() -> None:
    """Chunks are only joined up to the size of a chunk: two megabytes are two lines of one."""
    line = b'{"id": "' + b"x" * (1 << 20) + b'"}'

    found = list(of_records([line] * 9))

    assert [chunk.count for chunk in found] == [2, 2, 2, 2, 1]
    assert list(range(1, 10)) == [number for chunk in found for number in chunk.numbers()]


def test_parse_ahead_keeps_the_order() -> None:
    """Chunks that are parsed ahead come in their order, and none is left out."""
    data = b"".join(b'{"id": "%d"}\n' % n for n in range(1000))

    found = parse_ahead(chunks(BytesIO(data), 1 << 10), SCHEMA)

    assert [str(n) for n in range(1000)] == [each for parsed in found for each in parsed.rows["id"]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD = st.builds(
    lambda extra, ascii_only, pad: (pad, {"more": extra}, ascii_only),
    JSON,
    st.booleans(),
    st.sampled_from(["", " ", "\t"]),
)
BAD = st.sampled_from(
    [
        A[:-1], A + B, b"[1]", b"null", b"3", b"nonsense", b"{'id': 1}", b'{"id": NaN}', b"\xff\xfe", b'{"id": "\xff"}',
        b"\0\0\0", b'{"n": 1e400}', b'INFO {"id": 1}', b'{"n": ' + b"9" * 500 + b"}", b'"', b"{", b"\x1f\x8b",
    ]
)  # fmt: skip
BLANK = st.sampled_from([b"", b" ", b"\t\r", BOM])


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(GOOD | BAD | BLANK, max_size=40), st.integers(1, 300), st.sampled_from([b"", b"\n"]))
def test_any_mixture_in_any_chunks(mixture: list[Any], size: int, end: bytes) -> None:
    """Each good line is one row with its number, each bad one is one reject, whatever surrounds it and is read at once."""
    lines = [
        each if isinstance(each, bytes)
        else f"{each[0]}{json.dumps({'id': str(number), 'n': number} | each[1], ensure_ascii=each[2])}{each[0]}".encode()
        for number, each in enumerate(mixture, 1)
    ]  # fmt: skip
    good = [number for number, each in enumerate(mixture, 1) if not isinstance(each, bytes)]
    bad = [
        number for number, each in enumerate(mixture, 1)
        if isinstance(each, bytes) and each.removeprefix(BOM).strip()
    ]  # fmt: skip

    found, refused, _ = guarded(b"\n".join(lines) + end, size)

    assert [(number, str(number)) for number in good] == numbered(found)
    assert bad == [line for line, _ in refused]
