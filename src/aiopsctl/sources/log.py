"""What was read: canonical events, and the account of every row that did or did not become one."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from aiopsctl.engine.kept import Events

if TYPE_CHECKING:
    import polars as pl

_EXAMPLES = 3


class FileRead(Struct, frozen=True):
    """What became of one file: its format, the events it gave, the rows rejected, and the time that it covers."""

    path: str
    source: str
    rows: int
    rejected: int
    since: str | None = None
    until: str | None = None


class Account(Struct):
    """Every row read is used, rejected, a duplicate, or filtered; the sum always holds.

    `contradictions` counts rows by the rule that their tokens break (see `consistency.py`) and their format.
    `mapped` says where a mapped column was found, `filled_by` which formats gave each column. `zoneless` is the first file
    with times that lack a zone, `empty` the first with nothing in it.
    """

    files: int = 0
    rows_read: int = 0
    rows_rejected: int = 0
    rows_duplicate: int = 0
    rows_other: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    reason_places: dict[str, str] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    field_errors: Counter[str] = field(default_factory=Counter)
    field_places: dict[str, str] = field(default_factory=dict)
    contradictions: Counter[tuple[str, str]] = field(default_factory=Counter)
    contradiction_places: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    read: list[FileRead] = field(default_factory=list)
    feedback_joined_ratio: float | None = None
    prices: str | None = None
    mapped: dict[str, str] = field(default_factory=dict)
    filled_by: dict[str, set[str]] = field(default_factory=dict)
    zoneless: str = ""
    empty: str = ""

    def reject(self, place: str, reason: str) -> None:
        """Count a rejected row, and keep the first places."""
        self.rows_rejected += 1
        self.reasons[reason] += 1
        self.reason_places.setdefault(reason, place)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{place} {reason}")

    def lose(self, name: str, count: int, place: str) -> None:
        """Count values of a field that could not be read, and keep the first place."""
        self.field_errors[name] += count
        self.field_places.setdefault(name, place)

    def contradict(self, rule: str, source: str, count: int, place: str) -> None:
        """Count rows of a format whose token counts break a rule, and keep the first place."""
        self.contradictions[rule, source] += count
        self.contradiction_places.setdefault((rule, source), place)

    def note(self, what: str) -> None:
        """Keep a note, once."""
        if what not in self.notes:
            self.notes.append(what)

    def add(self, other: "Account") -> None:
        """Count what another reading found, behind what this one did; what is told of all files alike stays."""
        for name in ("files", "rows_read", "rows_rejected", "rows_duplicate", "rows_other"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("sources", "reasons", "field_errors", "contradictions"):
            getattr(self, name).update(getattr(other, name))
        for name in ("reason_places", "field_places", "contradiction_places", "mapped"):
            setattr(self, name, getattr(other, name) | getattr(self, name))
        for column, formats in other.filled_by.items():
            self.filled_by.setdefault(column, set()).update(formats)
        self.examples = [*self.examples, *other.examples][:_EXAMPLES]
        self.zoneless = self.zoneless or other.zoneless
        self.empty = self.empty or other.empty
        self.read += other.read
        for note in other.notes:
            self.note(note)


class Log(Struct, frozen=True):
    """Canonical events in memory (columns that no row fills are left out), and their account.

    `money` is what pricing told of the calls, where they are priced already. `counted` remembers rows that were counted,
    by the scope.
    """

    events: Events
    account: Account
    money: Any = None
    counted: "dict[object, pl.DataFrame]" = field(default_factory=dict)
