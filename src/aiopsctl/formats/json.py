"""One JSON document, as `explain --schema result` describes it."""

import json
from typing import Any

import msgspec

from aiopsctl.document import as_dict
from aiopsctl.formats.format import Format, Look
from aiopsctl.readable import UNSAFE
from aiopsctl.result import Result


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the result as JSON with two spaces of indent and a closing newline."""
    return encode(as_dict(result), indent=2) + "\n"


def encode(thing: Any, indent: int = 0) -> str:
    """Return JSON in which what a reader cannot see is written as an escape; it parses back equal.

    NOTE: no control below the space stands in a string of JSON, so the only ones are the line breaks between.
    """
    try:
        data = msgspec.json.encode(thing)
        text = (msgspec.json.format(data, indent=indent) if indent else data).decode()
    except UnicodeEncodeError:  # a lone surrogate: a name of a file that is no text
        separators = None if indent else (",", ":")
        text = json.dumps(msgspec.to_builtins(thing), ensure_ascii=False, indent=indent or None, separators=separators)
    text = text.replace("##[", "\\u0023#[")  # anywhere in a line a command to a build
    return UNSAFE.sub(lambda m: m[0] if m[0] == "\n" else json.dumps(m[0])[1:-1], text)


FORMAT = Format("json", (".json",), render)
