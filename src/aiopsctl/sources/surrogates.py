"""Escapes of half a character, as written by programs that cut a text in the middle of an emoji.

Polars reads them as NUL, silently.
"""

import re

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ANY = re.compile(rb"\\u[dD]")
_WHOLE_OR_HALF = re.compile(rb"(\\\\|" + _HIGH + _LOW + rb")|" + _HIGH + rb"|" + _LOW)
"""An escaped backslash or both halves of a character (which stay), or one half."""


def without_lone_surrogates(data: bytes) -> tuple[bytes, list[int]]:
    """Return JSON with U+FFFD for each escape of half a character, and the places of these."""
    if b"\\" not in data or not _ANY.search(data):
        return data, []
    places: list[int] = []

    def replaced(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return found[1]
        places.append(found.start())
        return rb"\ufffd"

    return _WHOLE_OR_HALF.sub(replaced, data), places
