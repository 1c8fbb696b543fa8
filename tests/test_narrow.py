"""Fields that no line of a chunk has are not parsed, and none that a line has is lost by it."""

import json

import polars as pl
import pytest

from aiopsctl.sources import narrow
from aiopsctl.sources.chunks import Chunk
from aiopsctl.sources.lines import parse
from aiopsctl.sources.native import SOURCE

LEAN = [json.dumps({"request_id": f"r{i}", "latency_ms": i}) for i in range(2000)]


def rows(lines: list[str]) -> pl.DataFrame:
    """Return the rows of lines that are one chunk."""
    data = "".join(f"{line}\n" for line in lines).encode()
    return parse(Chunk(data, ((1, len(lines)),)), SOURCE.schema).rows


SEARCHED = [json.dumps({"request_id": f"r{i}", "latency_ms": i, "tags": "a,b"}) for i in range(2000)]
"""Lines whose commas do not tell how many fields they have."""


@pytest.mark.parametrize("lines", [LEAN, SEARCHED], ids=["flat", "commas"])
def test_short_lines_are_read_by_the_fields_that_they_have(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars is asked once, for the fields alone that the lines have; the rows have all of the schema, in its order."""
    asked = []
    read = pl.read_ndjson
    monkeypatch.setattr(pl, "read_ndjson", lambda data, schema: asked.append(list(schema)) or read(data, schema=schema))

    found = rows(lines)

    assert [[name for name in SOURCE.schema if name in lines[0]]] == asked
    assert {**SOURCE.schema, "_line": pl.Int64()} == dict(found.schema)
    assert ("r1999", 1999, None) == found.select("request_id", "latency_ms", "model").row(-1)


@pytest.mark.parametrize("lines", [LEAN, SEARCHED], ids=["flat", "commas"])
@pytest.mark.parametrize("name", ["model", "mod\\u0065l", "\\u006dodel"], ids=["plain", "escaped", "escaped-first"])
def test_field_of_the_last_line_alone_is_read(name: str, lines: list[str]) -> None:
    """A field that none of the lines before has is read, however its name is spelled."""
    found = rows([*lines, f'{{"{name}": "m"}}'])

    assert 2000 == found["model"].null_count()
    assert "m" == found["model"][-1]


@pytest.mark.parametrize(
    "last",
    [
        '{"request_id" :"r", "latency_ms":1, "model" : "m"}', '{"latency_ms":1,"model":"m"}', '{}\n{"model":"m"}',
        '{"request_id":7,"model":"m"}', '{"request_id":null,"model":"m"}', '{"latency_ms":1,"latency_ms":1,"model":"m"}',
        '{"latency_ms":1.0,"model":"m"}', '{"request_id":"","model":"m"}', '{"request_id":{"model":"m"},"model":"m"}',
        '{"other":["x"],"model":"m"}', '{"other":"\\"model\\":","model":"m"}', '\n{"model":"m"}',
    ],
)  # fmt: skip
def test_nothing_makes_up_for_a_field_that_is_not_looked_for(last: str) -> None:
    """No spelling of other fields hides one that only the last line has: its model is read as by the whole schema."""
    found = rows([*LEAN, *last.split("\n")])

    assert "m" == found["model"][-1]


def test_long_lines_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines are long, the search for names would cost more than it saves."""
    monkeypatch.setattr(narrow, "_any_of", lambda *_: pytest.fail("searched"))

    found = rows([json.dumps({"request_id": "r", "text": "x" * 4000})] * 20)

    assert 20 == found.height
