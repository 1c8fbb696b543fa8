"""Numbers and names as people read them, at their edges."""

import unicodedata

import pytest

from aiopsctl.readable import LONGEST_CELL, UNSAFE, cell, change, clean, moved, number, sparkline

IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8 "
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""What a display is to show as nothing: Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt."""
NOTHING = "FFF9-FFFB FFFE-FFFF"
"""Marks of annotations, and what is no character."""
MOVES = {"Cc", "Cs", "Zl", "Zp"}
"""Categories: controls, halves of characters, ends of lines and of paragraphs."""


def codes(ranges: str) -> set[int]:
    """Return the code points of ranges in hexadecimal digits."""
    edges = [each.partition("-") for each in ranges.split()]
    return {code for first, _, last in edges for code in range(int(first, 16), int(last or first, 16) + 1)}


def test_what_cannot_be_seen() -> None:
    """Exactly what Unicode says to be invisible, to end a line or to be no character is escaped; all else stays."""
    every = "".join(map(chr, range(0x110000)))
    moves = {ord(each) for each in every if unicodedata.category(each) in MOVES}

    assert {ord(each) for each in UNSAFE.findall(every)} == moves | codes(IGNORABLE) | codes(NOTHING)
    assert clean("a\u034fb\U000e0041") == r"a\u034fb\U000e0041"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("draft", "draft"),
        ("=1+1", "'=1+1"),
        (" @x", "' @x"),
        ("\uff0bx", "'\uff0bx"),
        ("\uff1dx", "'\uff1dx"),
        ("\uff0dx", "'\uff0dx"),
        ("\uff20x", "'\uff20x"),
        ("-5", "'-5"),
        ("a=1", "a=1"),
        (-5, -5),
        (None, None),
        ("x" * LONGEST_CELL, "x" * LONGEST_CELL),
        ("x" * (LONGEST_CELL + 1), "x" * (LONGEST_CELL - 1) + "…"),
    ],
)
def test_cell(value: object, expected: object) -> None:
    """Text that a spreadsheet would compute is marked as text, in either width of letters; numbers stay what they are."""
    assert cell(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (4.256, "score", "4.26"), (-1.0, "score", "-1.00"), (41.0, "tokens/s", "41 tokens/s"), (1.0, "tokens/s", "1 tokens/s"),
        (1, "hours", "1 hour"), (2, "hours", "2 hours"), (1.5, "hours", "1.50 hours"), (1, "months", "1 month"), (0.25, "months", "0.250 months"),
        (12.4, "rpm", "12 /min"), (12.4, "events", "12"), (0.0009, "x", "0.0009x"), (0.001, "x", "0.001x"), (9.996, "x", "10.0x"),
        (0.9996, "x", "1.00x"), (-0.5, "points", "-0.500"), (999.94, "points", "999.9"), (-0.004, "usd", "-$0.004"),
    ],
)  # fmt: skip
def test_number(value: float, unit: str, expected: str) -> None:
    """A number has its unit in one or many, and as many digits at the edges as within."""
    assert number(value, unit) == expected


def test_scores_move_by_points() -> None:
    """A score is on a scale of its own: its change is a difference of two decimals, not a share of what it was."""
    assert [moved(3.0, 4.5, "score"), moved(3.0, 0.0, "score"), moved(3.0, 4.0, "x")] == [-1.5, 3.0, -0.25]
    assert [change(4.5, 4.25, "score"), change(3.0, 4.5, "score"), change(0.95, 0.9, "ratio")] == [
        "+0.25",
        "-1.50",
        "+5.0 points",
    ]


@pytest.mark.parametrize(
    ("values", "cells", "expected"),
    [
        ([1, 2], 2, "▁█"), ([2, 1, None], 3, "█▁ "), ([3, 3, 3], 3, "▁▁▁"), ([1, None, None], 3, ""), ([], 3, ""),
        ([0, 7, 14, 21, 28, 35, 42, 49], 8, "▁▂▃▄▅▆▇█"), ([9, 0, 2, 10, 12], 2, "▁█"),
    ],
)  # fmt: skip
def test_sparkline(values: list[float | None], cells: int, expected: str) -> None:
    """Blocks rise with the values, of several in a cell with their mean, counted from the newest."""
    assert sparkline(values, cells) == expected
