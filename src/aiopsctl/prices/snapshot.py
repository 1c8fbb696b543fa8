"""The shipped table of prices: who serves which model, and each model's rates over time, as genai-prices gives them.

A rate is an exact decimal number of US dollars, under the key of genai-prices, which names its unit: `input_mtok` is
dollars per million input tokens, `requests_kcount` per thousand requests. It is kept as a decimal from the file to the
cell of a call, and becomes an integer there (see `rates.py`): no binary float ever holds a rate.
"""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

Clause = Mapping[str, Any]
"""How a name is recognised: one of `equals`, `starts_with`, `ends_with`, `contains`, `regex`, `or`, `and`."""


class Tiered(Struct, frozen=True):
    """A rate that depends on the size of the whole input: the last tier below it holds for all tokens of the call."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...]

    def at(self, input_tokens: int) -> Decimal:
        """Return the rate of a call with so many input tokens; a tier begins just above its threshold."""
        return next((rate for start, rate in reversed(self.tiers) if input_tokens > start), self.base)


Rate = Decimal | Tiered
Rates = Mapping[str, Rate]


class Price(Struct, frozen=True):
    """Rates, and when they hold: from a day on (UTC), or during some hours of each day (UTC), or always.

    `when` names the request that a variant is for, such as `{"processing": "batch"}`; a standard price has none.
    """

    rates: dict[str, Rate]
    since: date | None = None
    hours: tuple[time, time] | None = None
    when: dict[str, str] = field(default_factory=dict)


class Model(Struct, frozen=True):
    """A model of a provider; the last of its prices that is active holds, and the first active variant overlays it."""

    id: str
    match: dict[str, Any]
    prices: tuple[Price, ...]
    variants: tuple[Price, ...] = ()


class Provider(Struct, frozen=True, dict=True):
    """Who serves models, under its own names, and whose models it offers besides.

    The models are kept as they are `written` until they are asked for: a log is of few providers.
    """

    id: str
    written: Raw = field(name="models")
    provider_match: dict[str, Any] | None = None
    model_match: dict[str, Any] | None = None
    fallback_model_providers: tuple[str, ...] = ()

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The models, in the order in which they are asked."""
        return msgspec.json.decode(self.written, type=tuple[Model, ...])


class Snapshot(Struct, frozen=True, dict=True):
    """All prices as they were known on a day, and the package that they come from."""

    package: str
    version: str
    date: date
    providers: tuple[Provider, ...]

    def __str__(self) -> str:
        """Return what a report prints: `genai-prices 0.2.3 of 2026-11-10`."""
        return f"{self.package} {self.version} of {self.date}"

    @cached_property
    def by_id(self) -> dict[str, Provider]:
        """The providers by their ids."""
        return {provider.id: provider for provider in self.providers}


FILE = "rates.json"


def decode(content: bytes) -> Snapshot:
    """Return the snapshot that the bytes of a table hold."""
    return msgspec.json.decode(content, type=Snapshot)


@cache
def shipped() -> Snapshot:
    """Return the table that comes with this version of aiopsctl."""
    return decode(files("aiopsctl.prices").joinpath(FILE).read_bytes())
