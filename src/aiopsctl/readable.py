"""Numbers and names as people read them. Every string that came from a log passes through `clean` on its way out."""

import re
from math import floor, log10

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What a reader cannot see, or what moves a terminal: controls, turns of direction, letters without width, tags."""

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)")
"""What a build takes for a command: two colons where a line begins, and `##[` anywhere in it."""


def clean(text: object, longest: int = 200) -> str:
    """Return text that cannot move a terminal, forge a row, command a build or hide what it says: as escapes."""
    shown = UNSAFE.sub(lambda m: escaped(m[0]), str(text))
    shown = _COMMAND.sub(lambda m: f"{m[1] or ''}{ascii_escape(m[0][-1])}", shown)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def escaped(character: str) -> str:
    """Return a character as an escape of Python."""
    return character.encode("unicode_escape", "surrogatepass").decode()


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
            return f"{shown} {unit if value != 1 else unit.removesuffix('s')}"
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
    if value is None or before is None:
        return ""
    if unit == "score":
        return f"{value - before:+.2f}"
    if unit in ("ratio", "points"):
        return f"{_signed((value - before) * (100 if unit == 'ratio' else 1))} points"
    return f"{_signed((value - before) / abs(before) * 100)} %" if before else ""


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
