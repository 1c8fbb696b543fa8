"""A price that the table does not have or has wrong: a contract, a fine-tuned model, a model on own machines."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from msgspec import Struct

from aiopsctl.errors import UsageError
from aiopsctl.prices.snapshot import Rate, Rates

PER_MILLION = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
"""The fields of an override that are rates, and the table's key of each."""

_PARTS = {"output": "output_reasoning_mtok", "cache_write": "cache_write_1h_mtok"}
"""Rates of the table that an override of the whole replaces too: a part costs what the rest does."""

_PER_CALL = ("request", "retrieval", "infra")
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(1_000_000)


class Override(Struct, frozen=True):
    """What calls of some models cost, instead of what the table says; a field that is None is left as it is.

    `model` is a glob over the name that was asked for and the name that answered, in any case. `provider` is the log's
    word or the table's. It holds from `since` up to, without, `until` (days in UTC), for every size of the input and
    every service tier. Rates are US dollars per million tokens; `request`, `retrieval` and `infra` are US dollars per
    call, of the layers model, retrieval and infrastructure. `free` says that the model costs nothing.

    Of several overrides that match, each field is taken from the last one that gives it.
    """

    model: str
    provider: str | None = None
    since: date | None = None
    until: date | None = None
    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    request: float | None = None
    retrieval: float | None = None
    infra: float | None = None
    free: bool = False

    def __post_init__(self) -> None:
        """Refuse what can only be a mistake."""
        for name in (*PER_MILLION, *_PER_CALL):
            self._check(name)
        if self.since and self.until and self.since >= self.until:
            raise self._wrong(f"since {self.since} is not before until {self.until}", "a price holds up to `until`")
        if self.free and any(getattr(self, name) is not None for name in (*PER_MILLION, "request")):
            raise self._wrong("free and a rate exclude each other", "leave one of them away")

    def _check(self, name: str) -> None:
        usd = self.usd(name)
        if usd is None:
            return
        if not (usd.is_finite() and 0 <= usd <= _LARGEST):
            raise self._wrong(f"{name} is {usd}", f"write a number of US dollars from 0 to {_LARGEST:,}")
        if name in PER_MILLION and 0 < usd < _SMALLEST:
            raise self._wrong(f"{name} is {usd}", "rates are US dollars per million tokens, not per token")

    def _wrong(self, what: str, help: str) -> UsageError:
        return UsageError(f"price of '{self.model}': {what}", help=help)

    def usd(self, name: str) -> Decimal | None:
        """Return the dollars of a field as they are written, without the error of a binary float."""
        value = getattr(self, name)
        return None if value is None else Decimal(str(value))

    def of(self, names: Sequence[str | None], providers: Sequence[str | None]) -> bool:
        """Return whether the override is about a model that goes by these names at these providers."""
        pattern = self.model.lower()
        about = any(fnmatchcase(name.lower(), pattern) for name in names if name)
        return about and (self.provider is None or self.provider.lower() in (p.lower() for p in providers if p))

    def during(self, day: date) -> bool:
        """Return whether the override holds on a day (UTC)."""
        return (self.since is None or day >= self.since) and (self.until is None or day < self.until)

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing of the table's price of plain tokens."""
        return self.free or (self.input is not None and self.output is not None)

    def over(self, rates: Rates) -> dict[str, Rate]:
        """Return the rates with this override laid over them."""
        if self.free:
            return dict.fromkeys(("input_mtok", "output_mtok"), Decimal(0))
        given = {key: usd for name, key in PER_MILLION.items() if (usd := self.usd(name)) is not None}
        replaced = {part for name, part in _PARTS.items() if getattr(self, name) is not None}
        kept = {key: rate for key, rate in rates.items() if key not in replaced}
        request = self.usd("request")
        return {**kept, **given, **({} if request is None else {"requests_kcount": request * 1000})}
