"""What a case of the torture list is, and the calls that most of them are made of."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKENS = 10
"""Input tokens of a good call."""

Build = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """Files, the words of the command line that read them, and what must become of every row.

    A file is bytes, or a function that makes whatever lies at its path. `used` rows have `tokens` input tokens in all
    (None: not looked at), `fields` values are lost, and `rejected` has the reason of each rejected place. `says` is part
    of what a person is told. The exit code is `exits`, by default 0 where a row is used, else 3.
    """

    name: str
    files: Mapping[str, bytes | Build]
    used: int = 0
    tokens: int | None = None
    rejected: Mapping[str, str] = field(default_factory=dict)
    fields: int = 0
    duplicate: int = 0
    filtered: int = 0
    says: str = ""
    exits: int | None = None
    words: tuple[str, ...] = ("log.jsonl",)
    since: str = ""
    needs: str = ""

    @property
    def exit_code(self) -> int:
        """How the command ends."""
        return (0 if self.used else 3) if self.exits is None else self.exits


def record(number: int, **more: Any) -> dict[str, Any]:
    """Return a good call of its own second."""
    found = {"ts": f"2026-09-01T12:00:{number:02}Z", "request_id": f"r{number}", "input_tokens": TOKENS}
    return found | more


def call(number: int, **more: Any) -> bytes:
    """Return a good call as a line without its newline."""
    return json.dumps(record(number, **more)).encode()


def log(count: int, first: int = 1) -> bytes:
    """Return whole lines of good calls."""
    return b"".join(call(number) + b"\n" for number in range(first, first + count))


def refused(name: str, data: bytes, says: str, *, file: str = "log.jsonl") -> Case:
    """Return a file that is named and cannot be read at all."""
    return Case(name, {file: data}, says=says, exits=2, words=(file,))
