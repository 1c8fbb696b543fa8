"""A metric is sums at a grain, and a value over those sums. Shards add."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field

from aiopsctl.events import COLUMNS, OF_FEEDBACK
from aiopsctl.facts import FACTS
from aiopsctl.sums import Sum, name_of
from aiopsctl.values import Value

Dimension = Literal["quality", "cost", "latency", "satisfaction"]
Unit = Literal[
    "ratio", "ms", "usd", "tokens", "calls", "users", "x", "points", "rpm", "tpm", "score", "events", "tokens/s",
    "per 1,000 users", "hours", "months",
]  # fmt: skip
Kind = Literal["above", "below", "rise", "fall"]
Group = Literal["health", "quality", "cost", "engagement"]
"""The groups of the handbook's dashboard."""


class Threshold(Struct, frozen=True):
    """A default limit with its origin: the bad side (`kind`), and where a warning and a critical begin.

    `above` and `below` are in the metric's unit; `rise` and `fall` are relative to the window before (0.2 is 20 %).
    `when` narrows it to features of a class; `by` judges each value of the columns apart; `window` is the span judged.
    """

    kind: Kind
    origin: str
    warning: float | None = None
    critical: float | None = None
    when: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    window: str = "7d"


class Metric(Struct, frozen=True):
    """One metric, declared once; tables, help, docs, schema, default checks and tests derive from it.

    `grain` are the columns that the sums are taken by (a row whose grain is null is no row of the metric), `sums` what
    is added, `value` what is made of the sums. `needs` are the columns without which it is unknown, `kinds` the kinds of
    feedback or activity: where the log never has any of them, their absence says nothing; where it has, none is 0.
    `facts` are what no log tells (see `facts.py`), the `optional` of them what it does without. `base` are the sums that
    hold for every value of the columns `across` (calls have no category). `not_by` are columns that it cannot be cut by,
    `lack` is why rows may give no value. `example` is a list of events and the value that they must give, with the facts `given`. `dashboard` is the group of the dashboard that shows it;
    a `headline` keeps its column in the narrowest table.
    """

    name: str
    title: str
    dimension: Dimension
    unit: Unit
    worse: Literal["higher", "lower", "neither"]
    why: str
    formula: str
    handbook: str
    sums: Mapping[str, Sum]
    value: Value
    example: tuple[Sequence[Mapping[str, Any]], float | None]
    needs: tuple[str, ...]
    grain: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    covers: tuple[str, str] | None = None
    note: str = ""
    kinds: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    across: tuple[str, ...] = OF_FEEDBACK
    not_by: tuple[str, ...] = ()
    lack: str = ""
    given: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    dashboard: Group | None = None
    headline: bool = False

    def __post_init__(self) -> None:
        """Refuse a declaration that could only fail later."""
        unknown = [column for column in self.needs if column not in COLUMNS]
        if unknown:
            message = f"{self.name}: needs {unknown}, which are no canonical columns"
            raise ValueError(message)
        for what in self.sums.values():
            name_of(what)
        loose = [name for name in self.facts if FACTS[name].key not in ("", *self.grain)]
        if loose or not set(self.base) <= set(self.sums):
            message = f"{self.name}: facts {loose} are told by no column of its grain, or its base is none of its sums"
            raise ValueError(message)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that the sums are grouped by, beside the slices: the grain and the unit of the interval."""
        cluster = self.value.cluster
        return self.grain if cluster is None or cluster in self.grain else (*self.grain, cluster)
