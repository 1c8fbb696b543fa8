"""Breaks bytes and records a little, so that most of what is around the break still makes sense."""

import json
from random import Random
from typing import Any

TOKENS = (
    b"", b"\n", b"\r", b"\0", b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"-1", b"1e400", b"9" * 40, b"\\ud83d",
    b"\\u0000", b"\xff", b"\xe2\x82", b"\xef\xbb\xbf", b"\x1f\x8b", b"[" * 2000, b'{"a":' * 2000, b"PAR1", b"#", b"'", b"- ", b"&a ", b"*a",
    b"!!python/object:x ", b"2026-02-30", b"  ", b"\t", b"%", b"|", b"> ", b"=== record 0001 ===\n",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 1e308, 2**63, 2**64, 10**40, "", " ", "x", "0", "-1", "1e3", "NaN", "\0", "\u202e", "2026-09-01T12:00:00Z",
    "9999-12-31T23:59:59Z", 1788264000, [], [None], [[]], [{}], {}, {"": None}, {"a": {"b": [1]}}, "{}", "[]", '{"a": 1}', "x" * 5000,
)  # fmt: skip


def broken_bytes(data: bytes, random: Random) -> bytes:
    """Return data with some places overwritten, left out, repeated or filled with what parsers stumble over."""
    found = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, end = sorted((random.randint(0, len(found)), random.randint(0, len(found))))
        end = min(end, at + random.choice((1, 3, 40, 100_000)))
        match random.randint(0, 4):
            case 0:
                found[at:at] = random.choice(TOKENS)
            case 1:
                del found[at:end]
            case 2:
                found[at:at] = found[at:end]
            case 3:
                found[at:end] = random.choice(TOKENS)
            case _:
                found[at : at + 1] = bytes((random.randrange(256),))
    return bytes(found)


def broken_records(lines: list[bytes], random: Random) -> bytes:
    """Return lines of JSON, one or two of which have another value, a key less, or one more than before."""
    found = list(lines)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(found))
        try:
            found[at] = json.dumps(_broken(json.loads(found[at]), random)).encode()
        except (ValueError, RecursionError):
            continue
    return b"\n".join(found) + b"\n"


def _broken(value: Any, random: Random) -> Any:
    """Return a value that differs somewhere within."""
    inside = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    if not inside or random.random() < 0.15:
        return random.choice(VALUES)
    key = random.choice(inside)
    changed = dict(value) if isinstance(value, dict) else list(value)
    match random.randint(0, 5):
        case 0:
            del changed[key]
        case 1 if isinstance(changed, dict):
            changed[random.choice(("", "ts", "kind", f"{key} ", str(key).upper()))] = changed.pop(key)
        case 2 if isinstance(changed, list):
            changed.append(changed[key])
        case _:
            changed[key] = _broken(changed[key], random)
    return changed
