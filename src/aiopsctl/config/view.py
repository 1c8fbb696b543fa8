"""What the rules look at: the settings as read, their places, and the names that exist elsewhere."""

from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct, field

from aiopsctl.config.problem import ENTITIES, KeyPath, Problem, Span, inside, quoted
from aiopsctl.config.types import Settings
from aiopsctl.config.walk import Reading
from aiopsctl.errors import nearest

LISTED = 30
"""So many names are listed in a message, when none is near."""


class Known(Struct, frozen=True):
    """The names that the file may refer to; None where the caller does not say."""

    metrics: Mapping[str, str] | None = None
    columns: Collection[str] | None = None
    checks: Collection[str] | None = None
    condition: Callable[[str], tuple[str, str] | None] | None = None
    """What is wrong with a SQL condition, and what would be right; None where it is fine."""
    baselines: Collection[str] | None = ()


class View(Struct, frozen=True):
    """The settings, where they are written, and what is known."""

    settings: Settings
    reading: Reading
    known: Known = field(default_factory=Known)

    def written(self, *path: str | int) -> bool:
        """Whether the key is in the file, readable or not."""
        return path in self.reading.keys

    def members(self, section: str) -> list[str]:
        """Return the names in a section, readable or not."""
        return [str(path[1]) for path in self.reading.keys if len(path) == 2 and path[0] == section]

    def key(self, *path: str | int) -> Span | None:
        """Return where the key is."""
        return self.reading.key(path)

    def value(self, *path: str | int) -> Span | None:
        """Return where the value is."""
        return self.reading.value(path)

    def unknown(self, noun: str, word: str, known: Iterable[str], at: KeyPath, otherwise: str = "") -> Problem:
        """Return the problem of a name that does not exist, with the nearest that does."""
        names = sorted(known)
        owner = at[:2] if at[0] in ENTITIES else at[:-1]
        span = self.key(*at) if at[0] == "columns" else self.value(*at)
        listed = f"known: {', '.join(names)}" if len(names) <= LISTED else ""
        hint = nearest(word, names) or otherwise or listed
        return Problem(f"unknown {noun} {quoted(word)}{inside(owner)}", span, hint)
