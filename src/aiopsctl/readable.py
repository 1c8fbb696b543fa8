"""Numbers and names as people read them. Every string that came from a log passes through `clean` on its way out."""

import re
from collections.abc import Sequence
from math import floor, log10

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What a reader cannot see, or what moves a terminal: controls, turns of direction, letters without width, tags."""

BLOCKS = "▁▂▃▄▅▆▇█"

DIFFER = ("ratio", "points", "score")
"""Units whose changes are differences; a change of any other is a share of what was before."""

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula where a spreadsheet reads text, in either width of letters."""

LONGEST_CELL = 30_000
"""A spreadsheet's cell holds about so many characters."""

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)")
"""What a build takes for a command: two colons where a line begins, and `##[` anywhere in it."""


def clean(text: object, longest: int = 200) -> str:
    """Return text that cannot move a terminal, forge a row, command a build or hide what it says: as escapes."""
    shown = UNSAFE.sub(lambda m: escaped(m[0]), str(text))
    shown = _COMMAND.sub(lambda m: f"{m[1] or ''}{ascii_escape(m[0][-1])}", shown)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def cell(value: object) -> object:
    """Return a value as a cell of CSV: text of a log is clean, and cannot become a spreadsheet formula."""
    if not isinstance(value, str):
        return value
    text = clean(value, LONGEST_CELL)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def escaped(character: str) -> str:
    """Return a character as an escape of Python."""
    return character.encode("unicode_escape").decode()


def ascii_escape(character: str) -> str:
    """Return a harmless character as an escape, where its place makes it harmful."""
    return f"\\x{ord(character):02x}"


def number(value: float | None, unit: str) -> str:  # noqa: PLR0911 - one line a unit
    """Return a value with its unit: `61.8 %`, `2,140 ms`, `$0.0041`, `1,469`, `25.1x`."""
    if value is None:
        return "?"
    match unit:
        case "ratio":
            return f"{_digits(value * 100)} %"
        case "usd":
            return f"{'-' if value < 0 else ''}${_money(abs(value))}"
        case "ms":
            return f"{value:,.0f} ms" if abs(value) < 9_999.5 else f"{_digits(value / 1000)} s"
        case "x":
            return f"{_digits(value)}x"
        case "rpm" | "tpm":
            return f"{value:,.0f} /min"
        case "tokens/s" | "hours" | "months":
            shown = f"{value:,.0f}" if value == int(value) else _digits(value)
            return f"{shown} {unit if value != 1 or unit == 'tokens/s' else unit.removesuffix('s')}"
        case "score":
            return f"{value:.2f}"
        case "calls" | "events":
            return f"{value:,.0f}"
    return f"{value:,.0f}" if value == int(value) else _digits(value)


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return `low to high`; an open end is shown as `?`, no interval as nothing."""
    if low is None and high is None:
        return ""
    return f"{number(low, unit)} to {number(high, unit)}"


def change(value: float | None, before: float | None, unit: str) -> str:
    """Return the change since a reference: points for shares and scores, else per cent; nothing where unknown."""
    return change_words(moved(value, before, unit), unit)


def moved(value: float | None, before: float | None, unit: str) -> float | None:
    """Return the change since a reference: the difference for shares and scores, else a share of the reference."""
    if value is None or before is None:
        return None
    if unit in DIFFER:
        return value - before
    return (value - before) / abs(before) if before else None


def change_words(size: float | None, unit: str) -> str:
    """Return a change as people read it; nothing where it is unknown."""
    if size is None:
        return ""
    if unit == "score":
        return f"{size:+.2f}"
    if unit in DIFFER:
        return f"{_signed(size * (100 if unit == 'ratio' else 1))} points"
    return f"{_signed(size * 100)} %"


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """Return values as blocks between the lowest and the highest, each cell the mean of its share of them.

    What is unknown is a space, and values all alike lie at the bottom; nothing comes of fewer than two known values.
    """
    if sum(value is not None for value in values) < 2:
        return ""
    size = -(-len(values) // cells)
    parts = [[v for v in values[max(end - size, 0) : end] if v is not None] for end in range(len(values), 0, -size)]
    means = [sum(part) / len(part) if part else None for part in reversed(parts)]
    known = [mean for mean in means if mean is not None]
    low, spread = min(known), max(known) - min(known)
    return "".join(
        " " if mean is None else BLOCKS[round((mean - low) / spread * 7)] if spread else BLOCKS[0] for mean in means
    )


def plural(count: int, noun: str, many: str = "") -> str:
    """Return `1 call`, `2,000 calls`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def _signed(size: float) -> str:
    shown = f"{size:+,.1f}"
    return "0.0" if float(shown.replace(",", "")) == 0 else shown


def _digits(value: float) -> str:
    """Return about three significant digits; a zero is just that, and nothing else looks like one."""
    if value == 0:
        return "0"
    if abs(value) < 0.001:
        return f"{value:.2g}"
    for decimals, limit in ((3, 1), (2, 10), (1, 1000)):
        if abs(round(value, decimals)) < limit:
            return f"{value:.{decimals}f}"
    return f"{value:,.0f}"


def _money(value: float) -> str:
    """Return cents from a dollar up, below it up to four significant digits: prices of calls are small."""
    if value >= 1 or value == 0:
        return f"{value:,.2f}"
    whole, _, cents = f"{value:.{3 - floor(log10(value))}f}".partition(".")
    return f"{whole}.{cents.rstrip('0'):0<2}"
