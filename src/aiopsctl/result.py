"""What a command answers: one shape for every command and every output format.

Additive only within a major `SCHEMA_VERSION`. Unknown is None, never 0.
"""

from typing import Any

from msgspec import Struct, field

from aiopsctl.page import Page, Section
from aiopsctl.status import BREACH, FAIL_ON, STATUSES, VERDICTS

__all__ = ["BREACH", "FAIL_ON", "STATUSES", "VERDICTS", "Section"]  # part of what an answer is made of

SCHEMA_VERSION = "1.0"
TELLING = 0.4
"""A carrier of less power is hardly more than chance."""

Slice = dict[str, Any]


class Reference(Struct, frozen=True):
    """The same metric in the window compared with, or as a saved baseline has it.

    `saved_at` is when the baseline was saved; `reason` is why the metric cannot be compared with it at all.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    since: str | None
    until: str | None
    saved_at: str | None = None
    reason: str | None = None


class Measurement(Struct, frozen=True):
    """One metric of one slice; `status` is `ok` or `unknown`, and then `reason` says why.

    `coverage` is the share of calls whose cost is known, None for what is no cost.
    """

    metric: str
    slice: Slice
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    reference: Reference | None = None
    status: str = "ok"
    reason: str | None = None
    coverage: float | None = None


class Part(Struct, frozen=True):
    """What one value of a dimension did to a change: by its share (`mix`), by itself (`within`), and in all.

    Of a sum there is no mix, and the shares are of the sum; else they are of the events.
    """

    value: Any
    mix: float | None
    within: float | None
    total: float
    share_before: float | None
    share_after: float | None


class Carrier(Struct, frozen=True):
    """A change split by a dimension, or by several at once (`a, b`); `total` is the whole change, in the metric's unit.

    `power` is how much of it few values tell, beyond what they would if all had moved alike; `segments` are those that
    carry most. A split by several has no segments: its `within` is what moved at the same mix of all of them.
    """

    dimension: str
    mix: float | None
    within: float | None
    total: float
    power: float
    segments: list[Part]


class Shift(Struct, frozen=True):
    """A value of a dimension that came, went or moved on a day: its shares of the calls before and since."""

    dimension: str
    value: Any
    at: str
    share_before: float
    share_after: float


class Verdict(Struct, frozen=True):
    """One check of one slice, judged.

    A breach that is explained also has the day on which the change began (`changed_at`, with 95 % within
    `changed_between`) overnight or slowly, what carries it, and what else changed then, which may or may not be the cause.
    """

    id: str
    metric: str
    slice: Slice
    status: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    reference: Reference | None
    limit: dict[str, Any] | None
    window: dict[str, Any]
    breached_since: str | None
    reason: str | None
    at: dict[str, Any] | None
    next: str | None
    runbook: str | None = None
    detectable: float | None = None
    changed_at: str | None = None
    changed_between: tuple[str, str] | None = None
    changed_slowly: bool | None = None
    carriers: list[Carrier] = field(default_factory=list)
    changes: list[Shift] = field(default_factory=list)


class Point(Struct, frozen=True):
    """A value of a day, None where it is unknown."""

    since: str
    value: float | None


class Tile(Struct, frozen=True):
    """A metric on the dashboard: its value in the window, its change, its trend by day, and its worst verdict.

    `change` is a difference in the metric's unit, or relative: a share of what it was `against`, which is the 7 days
    before the last 7 (`7d`) or the window compared with. `check` is the one that gave the `status`.
    """

    group: str
    metric: str
    value: float | None
    change: float | None
    change_kind: str | None
    against: str | None
    trend: list[Point]
    status: str | None
    check: str | None


class Span(Struct, frozen=True):
    """The window of the answer, as ISO 8601 with offset."""

    since: str | None
    until: str | None
    tz: str
    partial: bool = False


class Data(Struct, frozen=True):
    """The account of what was read: used + rejected + duplicate + filtered = read.

    `contradictory_tokens` counts rows by the rule that their token counts break.
    """

    files: int
    rows_read: int
    rows_used: int
    rows_rejected: int
    rows_duplicate: int
    rows_filtered: int
    calls: int
    feedback: int
    activity: int
    unpriced_calls: int
    feedback_joined_ratio: float | None
    fields_rejected: int
    rejected: dict[str, int]
    sources: dict[str, int]
    cost_sources: dict[str, int] = field(default_factory=dict)
    unpriced_models: dict[str, int] = field(default_factory=dict)
    prices: str | None = None
    contradictory_tokens: dict[str, int] = field(default_factory=dict)


class Result(Struct, frozen=True):
    """The answer of a command; `notes` are for people and go to stderr; `by`, `everything`, `breaches` are for tables.

    `fail_on` is from which level on a breach fails a check. `next` is the command that follows where no verdict has one.

    An analysis adds its own keys (`extra`) to the document, and shows `sections` instead of the measurements, or below
    them where they are `measured`, too, and
    `records` where an output format has one row a line. A report has a `page` of its own.
    """

    command: str
    exit_code: int
    window: Span
    data: Data
    measurements: list[Measurement]
    checks: list[Verdict] | None = None
    verdict: str | None = None
    counts: dict[str, int] | None = None
    by: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    everything: bool = False
    fail_on: str = "critical"
    extra: dict[str, Any] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    measured: bool = False
    records: list[dict[str, Any]] | None = None
    breaches: tuple[Verdict, ...] = ()
    next: str = ""
    page: Page | None = None
