"""What can go wrong, as a tree.

AiopsctlError               every error that a user can cause or meet; the CLI prints it as text, never as a traceback
├── UsageError              exit 2: a wrong flag, an unknown name, a file that does not exist
│   └── ConfigError         exit 2: the config file, every problem at once, each with its place
└── NotJudged               exit 3: nothing could be judged (no rows, a needed column missing, too many rejects)

An error says what was wrong, where, and what would have been right.
"""

from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher, get_close_matches
from types import MappingProxyType
from typing import ClassVar

EXIT_CODES: Mapping[int, str] = MappingProxyType({
    0: "fine; warnings may be printed",
    1: "a breach at or above --fail-on (critical, warning, never)",
    2: "usage or config is wrong, or a named file does not exist",
    3: "could not be judged: no rows, a column or price missing, too many rejected rows, a required check without samples",
    70: "a bug of aiopsctl",
    130: "interrupted",
    143: "terminated",
})  # fmt: skip
"""What the program exits with, and what that means."""


class AiopsctlError(Exception):
    """An error with a place (`where`) and a way out (`help`), both one line or empty."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", help: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.help = what, where, help

    def __str__(self) -> str:
        lines = [f"error: {self.what}"]
        lines += [f"  --> {self.where}"] if self.where else []
        lines += [f"  help: {self.help}"] if self.help else []
        return "\n".join(lines)


class UsageError(AiopsctlError):
    """The command line asks for something that does not exist or cannot be."""


class ConfigError(UsageError):
    """The config file cannot be used; the message lists every problem in it."""

    def __str__(self) -> str:
        return self.what


class NotJudged(AiopsctlError):  # noqa: N818 - the word of the exit code
    """There is nothing that a verdict could rest on."""

    exit_code: ClassVar[int] = 3


def nearest(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """Return `did you mean 'x'?` for the known word closest to `word`, or an empty string."""
    close = get_close_matches(word, sorted(known), n=5, cutoff=0.6)
    best = max(close, key=lambda name: (SequenceMatcher(None, word, name).ratio(), _letters(word, name)), default="")
    return f"did you mean '{best}'?" if best else ""


def _letters(one: str, other: str) -> int:
    """Return how many letters two words share, so that swapped letters beat a wrong one."""
    return (Counter(one) & Counter(other)).total()
