"""Numbers and names as people read them. Every string that came from a log passes through `clean` on its way out."""

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def clean(text: object, longest: int = 200) -> str:
    """Return text that cannot move a terminal, forge a row or hide what it says: controls are shown as escapes."""
    shown = _UNSAFE.sub(lambda m: m[0].encode("unicode_escape", "surrogatepass").decode(), str(text))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def number(value: float | None, unit: str) -> str:
    """Return a value with its unit: `61.8 %`, `2,140 ms`, `$0.0041`, `1,469`, `25.1x`."""
    if value is None:
        return "?"
    match unit:
        case "ratio":
            return f"{_digits(value * 100)} %"
        case "usd":
            return f"${_money(value)}"
        case "ms":
            return f"{value:,.0f} ms" if abs(value) < 10_000 else f"{_digits(value / 1000)} s"  # noqa: PLR2004 - ten seconds
        case "x":
            return f"{_digits(value)}x"
        case "rpm" | "tpm":
            return f"{value:,.0f} /min"
        case "calls":
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
    if unit in ("ratio", "points"):
        return f"{(value - before) * (100 if unit == 'ratio' else 1):+.1f} points"
    return f"{(value / before - 1) * 100:+.1f} %" if before else ""


def plural(count: int, noun: str, many: str = "") -> str:
    """Return `1 call`, `2,000 calls`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def _digits(value: float) -> str:
    size = abs(value)
    if size >= 1000:  # noqa: PLR2004 - four digits say enough
        return f"{value:,.0f}"
    decimals = 1 if size >= 10 or size == 0 else 2 if size >= 1 else 3  # noqa: PLR2004 - three significant digits
    return f"{value:.{decimals}f}"


def _money(value: float) -> str:
    if abs(value) >= 1 or value == 0:
        return f"{value:,.2f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.3e}"  # noqa: PLR2004 - a hundredth of a cent
