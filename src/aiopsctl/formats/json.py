"""One JSON document, as `explain --schema result` describes it."""

import msgspec

from aiopsctl.formats.format import Format, Look
from aiopsctl.result import Result, as_dict


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the result as JSON with two spaces of indent and a closing newline."""
    return msgspec.json.format(msgspec.json.encode(as_dict(result)), indent=2).decode() + "\n"


FORMAT = Format("json", (".json",), render)
