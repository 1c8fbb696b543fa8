"""Logs that are one document: what is told of their beginning, and of records that are none."""

from pathlib import Path

import pytest

from aiopsctl.errors import UsageError
from aiopsctl.sources import documents
from aiopsctl.sources.files import Input

DEEP = b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'[{"a": 1}, {"b": 2}, 3, {}, {"c": "cut of', [{"a": 1}, {"b": 2}]),
        (b'[\n  {"a": 1}\n  ,\n\t{"b": 2}]', [{"a": 1}, {"b": 2}]),
        (b'[{"a": "\xc3', []),
        (b'[{"a": 1}, ' + DEEP, [{"a": 1}]),
    ],
)
def test_first_of_array(text: bytes, found: list[object]) -> None:
    """Of the beginning of an array the whole objects with something in them are known, up to what is cut off or too deep."""
    assert documents.first_of_array(text) == found


def test_objects() -> None:
    """What is no object, holds nothing, is no UTF-8 or too deep is left out, and none of these is a whole value but the former."""
    raw = [b'{"a": 1}', b"{}", b"3", b"oops", b'"\xff"', DEEP, b'{"b": 2}']

    assert documents.objects(raw) == [{"a": 1}, {"b": 2}]
    assert [documents.is_whole(each) for each in raw] == [True, True, True, False, False, False, True]


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"data": [], "items": [{"a": 1}]}, "items"),
        ({"items": [{"a": 1}], "data": [{"b": 1}]}, "data"),
        ({"data": [1], "rows": {"a": 1}}, ""),
        ({"others": [{"a": 1}]}, ""),
    ],
)
def test_wrapper(record: dict[str, object], key: str) -> None:
    """Records lie under the first known key that holds a list of objects."""
    assert documents.wrapper(record) == key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'# a remark\n===== record 0001 =====\n{"a": 1}', True),
        (b'== record 7 ==  \r\n{"a": 1}', True),
        (b'{"a": 1}\n== record 7 ==\n', False),
        (b'# a remark\n"== record 7 =="', False),
    ],
)
def test_separated(text: bytes, found: bool) -> None:  # noqa: FBT001 - what is expected
    """Lines between records are told only where the file begins with one, or with a remark."""
    assert documents.separated(text) is found


def test_records(tmp_path: Path) -> None:
    """Each record is on one line, those under a key and those between lines too; what is no JSON is an error that says where."""
    path = tmp_path / "log.json"

    def records(text: str, inside: str = "") -> list[bytes]:
        path.write_text(text)
        return documents.records(Input(str(path)), inside)

    assert records('[{"a":\n1},\r\n{"b": 2}]') == [b'{"a": 1}', b'{"b": 2}']
    assert records('\ufeff {"a":\n1} ') == [b'{"a": 1}']
    assert records('{"data": [{"a": "\\ud83d"}, {"b": 2}]}', "data") == [b'{"a": "\\ud83d"}', b'{"b": 2}']
    assert [record.strip() for record in records('# x\n== record 1 ==\n{"a":\n1}\n== record 2 ==\n{}')] == [
        b'{"a": 1}',
        b"{}",
    ]
    assert records("[]") == []
    with pytest.raises(UsageError, match=r"log\.json is neither JSON nor JSON lines") as caught:
        records("[1, 2")
    assert caught.value.help.startswith("expected one JSON object per line")
