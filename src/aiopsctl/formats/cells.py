"""What a table is made of."""

from msgspec import Struct, field
from msgspec.structs import replace

NONE = "\N{EN DASH}"
"""How a slice without a name is shown."""


class Column(Struct, frozen=True):
    """One column, and how it makes room: the highest `rank` goes first, 0 stays.

    `under` marks what a row says in its own words below it (`Row.under`), where the columns find no room; the name of
    a `tall` column may be broken at its hyphens.
    """

    name: str
    right: bool = False
    rank: int = 0
    under: bool = False
    tall: bool = False


class Row(Struct, frozen=True):
    """Cells, the style of the row in words (a status), and what is said below it where there is no room.

    `under` are names of columns with what is said below where they find no room: the first on lines of its own. The
    numbers of the cells that say little, of few events, are `faint`. What is `below` is said there in any case.
    """

    cells: tuple[str, ...]
    status: str = ""
    under: tuple[tuple[str, str], ...] = ()
    faint: frozenset[int] = frozenset()
    below: tuple[str, ...] = ()


class Table(Struct):
    """A table; `groups` are runs of rows under a heading, with an empty line between them unless it is `dense`."""

    columns: list[Column]
    groups: list[tuple[str, list[Row]]] = field(default_factory=list)
    dense: bool = False


def without_empty(table: Table, optional: set[str]) -> Table:
    """Return the table without those optional columns in which no row says anything."""
    rows = [row for _, own in table.groups for row in own]
    kept = [i for i, c in enumerate(table.columns) if c.name not in optional or any(row.cells[i] for row in rows)]
    groups = [(title, [replace(r, cells=tuple(r.cells[i] for i in kept)) for r in own]) for title, own in table.groups]
    return Table([table.columns[i] for i in kept], groups, table.dense)
