"""What was read: canonical events, and the account of every row that did or did not become one."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl


@dataclass
class Account:
    """Every row read is used, rejected, a duplicate, or filtered; the sum always holds."""

    files: int = 0
    rows_read: int = 0
    rows_rejected: int = 0
    rows_duplicate: int = 0
    rows_other: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    field_errors: Counter[str] = field(default_factory=Counter)
    field_places: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    feedback_joined_ratio: float | None = None


@dataclass(frozen=True)
class Log:
    """Canonical events in memory (columns that no row fills are left out), and their account."""

    events: pl.DataFrame
    account: Account
