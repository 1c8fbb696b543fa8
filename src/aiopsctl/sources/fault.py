"""Why a line is no JSON object."""

import msgspec


def fault(line: bytes) -> str:
    """Return the reason for which a line is rejected, or an empty string."""
    try:
        value = msgspec.json.decode(line)
    except RecursionError:
        return "too_deep"
    except UnicodeDecodeError:
        return "not_utf8"
    except msgspec.DecodeError:
        return _syntax(line)
    return "" if isinstance(value, dict) else "not_object"


def _syntax(line: bytes) -> str:
    try:
        line.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    return "nul_block" if b"\0" in line else "not_json"
