"""Values of fields: read right, or null and counted; the row and its other values stay."""

from collections.abc import Iterable

from torture.case import TOKENS, Case, call

WHOLE: dict[str, tuple[bytes, int | None]] = {
    "zero": (b"0", 0),
    "minus zero": (b"-0.0", 0),
    "text of digits": (b'"12"', 12),
    "text of digits between spaces": (b'" 13 "', 13),
    "text with exponent": (b'"1e3"', 1000),
    "whole float": (b"150.0", 150),
    "exponent": (b"1.52e2", 152),
    "most that is believed": (b"1000000000", 1_000_000_000),
    "one more": (b"1000000001", None),
    "fraction": (b"151.9", None),
    "negative": (b"-1", None),
    "negative text": (b'"-1"', None),
    "2^53 + 1": (b"9007199254740993", None),
    "2^63 - 1": (b"9223372036854775807", None),
    "2^63": (b"9223372036854775808", None),
    "2^64": (b"18446744073709551616", None),
    "-2^63": (b"-9223372036854775808", None),
    "1e308": (b"1e308", None),
    "1e-400": (b"1e-400", 0),
    "thousands": (b'"1,400"', None),
    "underscore": (b'"1_400"', None),
    "words": (b'"many"', None),
    "NaN as text": (b'"NaN"', None),
    "infinity as text": (b'"inf"', None),
    "hexadecimal text": (b'"0x10"', None),
    "Arabic digits": ('"\u0661\u0662"'.encode(), None),
    "full-width digits": ('"\uff11\uff12"'.encode(), None),
    "true": (b"true", None),
    "false": (b"false", None),
    "list": (b"[1]", None),
    "record": (b'{"x": 1}', None),
    "formula": (b'"=1+1"', None),
}  # fmt: skip
"""Input tokens as written, and as read; None is lost and counted."""

NOTHING = (b"null", b'""', b'"  "')
"""Values that say nothing: null, and no loss."""

LOST = {
    "latency_ms": (b"-1", b"86400001", b'"slow"', b"true", b"[]"),
    "cost_usd": (b"-0.01", b"1000001", b'"$1"', b'"NaN"', b"true", b'{"usd": 1}'),
    "output_tokens": (b"1.5", b'"1.5"', b"-7"),
    "http_status": (b"99", b"600", b'"OK"'),
    "status": (b'"banana"', b"[]"),
    "cache_hit": (b'"maybe"', b"2"),
    "user_id": (b'{"id": 7}',),
    "feature": (b'{"name": "draft"}',),
    "model": (b'{"name": "m"}',),
}
"""Values of other fields that are not believed."""

BELIEVED = {
    "latency_ms": (b"0", b"86400000", b"12.5", b'"12"'),
    "cost_usd": (b"0", b"0.000001", b'"0.5"', b"1e-7", b"1000000"),
    "http_status": (b"200", b'"429"', b"200.0"),
    "status": (b'"OK"', b'" timeout "', b"200", b'"rate-limited"'),
    "cache_hit": (b"true", b"1", b'"no"'),
    "user_id": (b"7", b"7.0", b"true", b'"\\u0000"', b'"\xe8\xaa\x9e"'),
}
"""Values that are taken."""

RATINGS: dict[str, tuple[str, bytes, bool]] = {
    "thumb up": ("thumb", b'"up"', True),
    "thumb -1": ("thumb", b"-1", True),
    "thumb true": ("thumb", b"true", True),
    "thumb 5": ("thumb", b"5", False),
    "star 5": ("star", b"5", True),
    "star as text": ("star", b'"4.5"', True),
    "star 0": ("star", b"0", False),
    "star 6": ("star", b"6", False),
    "star up": ("star", b'"up"', False),
    "star true": ("star", b"true", False),
    "nps 10": ("nps", b"10", True),
    "nps 11": ("nps", b"11", False),
    "csat 3": ("csat", b"3", True),
    "csat as a list": ("csat", b"[3]", False),
}
"""Ratings: kind, value as written, and whether it is taken."""


def _with(name: str, raw: bytes) -> bytes:
    return call(2)[:-1] + b', "%s": %s}' % (name.encode(), raw)


def _tokens(raw: bytes) -> bytes:
    return call(2).replace(b" 10}", b" " + raw + b"}")


def _many(name: str, lines: Iterable[bytes], *, tokens: int | None, fields: int) -> Case:
    """Return a log of calls that differ in one value each."""
    rows = [line.replace(b'"r2"', b'"v%d"' % number) for number, line in enumerate(lines)]
    data = call(1) + b"\n" + b"\n".join(rows) + b"\n"
    return Case(name, {"log.jsonl": data}, used=1 + len(rows), tokens=tokens, fields=fields)


CASES = (
    *(
        Case(f"tokens: {name}", {"log.jsonl": call(1) + b"\n" + _tokens(raw) + b"\n"}, used=2,
             tokens=TOKENS + (value or 0), fields=int(value is None))
        for name, (raw, value) in WHOLE.items()
    ),
    _many("tokens: all of these", (_tokens(raw) for raw, _ in WHOLE.values()),
          tokens=TOKENS + sum(value or 0 for _, value in WHOLE.values()), fields=[v for _, v in WHOLE.values()].count(None)),
    _many("tokens: nothing said", map(_tokens, NOTHING), tokens=TOKENS, fields=0),
    *(
        _many(f"{name}: not believed", (_with(name, raw) for raw in of), tokens=(1 + len(of)) * TOKENS if name != "output_tokens" else None, fields=len(of))
        for name, of in LOST.items()
    ),
    *(
        _many(f"{name}: believed", (_with(name, raw) for raw in of), tokens=(1 + len(of)) * TOKENS, fields=0)
        for name, of in BELIEVED.items()
    ),
    _many("ratings", (_with("kind", b'"%s", "value": %s' % (kind.encode(), raw)) for kind, raw, _ in RATINGS.values()),
          tokens=None, fields=sum(not taken for _, _, taken in RATINGS.values())),
)  # fmt: skip
