"""What a call costs at an instant and a size: the cell of prices in which it lies.

A price is constant between the days, hours and sizes at which some rate changes. So time and tokens are cut there, and
each cell that a log has calls in is resolved once; this file says where the cuts are and what holds inside a cell.

Inside a cell all money is whole numbers of 1e-24 dollars, in which a rate of 18 decimals per million tokens is exact.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

from msgspec import Struct, field

from aiopsctl.prices import match
from aiopsctl.prices.match import Found
from aiopsctl.prices.override import Override
from aiopsctl.prices.snapshot import Model, Price, Rate, Rates, Snapshot, Tiered, shipped

PER_USD = 10**24
"""How many units of a cell make one US dollar."""

PER_NANO = PER_USD // 10**9

_PER = {"requests_kcount": 1_000}
_MILLION = 1_000_000
_TIERS = frozenset({"batch", "flex", "priority", "fast"})
_CONTEXT = ("processing", "service_tier", "speed")
_NOON = time(12)

UNKNOWN_MODEL = "unknown model"
UNKNOWN_PROVIDER = "unknown provider"
SELF_HOSTED = "self-hosted"
NO_MODEL = "no model"
NO_RATE = "no rate"


class Book(Struct, frozen=True):
    """Everything that says what a call costs: the table, and the overrides that go before it, in written order."""

    overrides: tuple[Override, ...] = ()
    snapshot: Snapshot = field(default_factory=shipped)


class Name(Struct, frozen=True):
    """What a log says of a call's price apart from its time and size."""

    provider: str | None = None
    model: str | None = None
    version: str | None = None
    tier: str | None = None


class Entry(Struct, frozen=True):
    """What the book has on a name: the table's entry, the overrides that match, and why there is no entry."""

    name: Name
    found: Found | None
    overrides: tuple[Override, ...]
    missing: str = ""

    def days(self) -> Iterator[date]:
        """Yield the days on which some rate changes."""
        for price in self._prices():
            yield from (price.since,) if price.since else ()
        for override in self.overrides:
            yield from (day for day in (override.since, override.until) if day)

    def hours(self) -> Iterator[time]:
        """Yield the times of day (UTC) at which some rate changes."""
        for price in self._prices():
            yield from price.hours or ()

    def sizes(self) -> Iterator[int]:
        """Yield the numbers of input tokens above which some rate changes."""
        for price in self._prices():
            for rate in price.rates.values():
                yield from (start for start, _ in rate.tiers) if isinstance(rate, Tiered) else ()

    def _prices(self) -> tuple[Price, ...]:
        return (*self.found.model.prices, *self.found.model.variants) if self.found else ()


class Cell(Struct, frozen=True):
    """Rates per token and amounts per call in units of 1e-24 dollars; None is unknown, `missing` says why.

    `carried_back`: the earliest rate of a model whose later rates are dated, so its own beginning is not known.
    `at_standard`: the call asked for a tier for which the table has no rate at that time. `listed`: the rates of plain
    tokens are the table's.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    request: int | None = None
    retrieval: int | None = None
    infra: int | None = None
    missing: str = ""
    carried_back: bool = False
    at_standard: bool = False
    listed: bool = False


def entry(book: Book, name: Name) -> Entry:
    """Return what the book has on a name."""
    found = match.find(book.snapshot, name.provider, name.model, name.version)
    providers = (name.provider, found.provider if found else _provider(book.snapshot, name.provider))
    overrides = tuple(o for o in book.overrides if o.of((name.model, name.version), providers))
    return Entry(name, found, overrides, "" if found else _missing(book.snapshot, name))


def _provider(snapshot: Snapshot, name: str | None) -> str | None:
    named = match.provider_named(snapshot, name) if name else None
    return named.id if named else None


def _missing(snapshot: Snapshot, name: Name) -> str:
    if not (name.model or name.version):
        return NO_MODEL
    if match.is_self_hosted(name.provider, name.model):
        return SELF_HOSTED
    known = not name.provider or name.provider.lower().strip() in match.ROUTERS or _provider(snapshot, name.provider)
    return UNKNOWN_MODEL if known else UNKNOWN_PROVIDER


def latest(days: Iterable[date]) -> datetime:
    """Return the instant at which a call without a time is priced: noon of a day after all changes."""
    last = max(days, default=date(2000, 1, 1))
    return datetime.combine(last, _NOON, UTC)


def cell(entry: Entry, when: datetime, input_tokens: int) -> Cell:
    """Return what holds for a call of the entry at an instant (UTC) and a size of its whole input."""
    overrides = [o for o in entry.overrides if o.during(when.date())]
    rates, variant = _of_table(entry, when)
    listed = any(key in rates for key in ("input_mtok", "output_mtok", "requests_kcount"))
    if entry.found and not rates and entry.found.model.id.endswith(":free"):
        rates, listed = {"input_mtok": Decimal(0)}, True
    units = sorted(rates)
    for override in overrides:
        rates = override.over(rates)
    whole = any(o.whole for o in overrides)
    return Cell(
        **_tokens({key: _at(rate, input_tokens) for key, rate in rates.items()}, listed=listed),
        retrieval=_last(overrides, "retrieval"),
        infra=_last(overrides, "infra"),
        missing=entry.missing or _unit_words(units),
        carried_back=listed and not whole and _is_carried_back(entry, when),
        at_standard=listed and not whole and not variant and _tier(entry.name.tier) in _TIERS,
        listed=listed and not whole,
    )


def _of_table(entry: Entry, when: datetime) -> tuple[Rates, bool]:
    """Return the table's rates, and whether they are those of the tier that the call asked for."""
    if entry.found is None:
        return {}, False
    rates: dict[str, Rate] = dict(_standard(entry.found.model, when).rates)
    tier = _tier(entry.name.tier)
    if not (tier and entry.found.own):
        return rates, False
    context = dict.fromkeys(_CONTEXT, tier)
    active = [v for v in entry.found.model.variants if _active(v, when) and v.when.items() <= context.items()]
    for variant in reversed(active):  # the first goes before the others, so it is laid on last
        rates |= variant.rates
    return rates, bool(active)


def _standard(model: Model, when: datetime) -> Price:
    return next((price for price in reversed(model.prices) if _active(price, when)), model.prices[0])


def _active(price: Price, when: datetime) -> bool:
    if price.since:
        return when.date() >= price.since
    if price.hours is None:
        return True
    start, end = price.hours
    hour = when.time()
    return start <= hour < end if start <= end else hour >= start or hour < end


def _is_carried_back(entry: Entry, when: datetime) -> bool:
    days = [price.since for price in entry.found.model.prices if price.since] if entry.found else []
    return bool(days) and when.date() < min(days)


def _tier(word: str | None) -> str:
    return (word or "").lower().strip()


def _at(rate: Rate, input_tokens: int) -> Decimal:
    return rate.at(input_tokens) if isinstance(rate, Tiered) else rate


def _tokens(usd: dict[str, Decimal], *, listed: bool) -> dict[str, int | None]:
    """Return the rates of a cell; a part of the input or the output without a rate of its own costs what the rest does.

    So do cache writes kept for an hour what other cache writes do.

    The table leaves out what costs nothing, so a listed model's missing rate is 0; an override's is unknown, unless it
    is a price per call and no more.
    """
    request = _units(usd, "requests_kcount")
    zero = 0 if listed or (request is not None and not {"input_mtok", "output_mtok"} & usd.keys()) else None
    plain, output = _units(usd, "input_mtok", zero), _units(usd, "output_mtok", zero)
    written = _units(usd, "cache_write_mtok", plain)
    return {
        "input": plain,
        "output": output,
        "cache_read": _units(usd, "cache_read_mtok", plain),
        "cache_write": written,
        "cache_write_1h": _units(usd, "cache_write_1h_mtok", written),
        "reasoning": _units(usd, "output_reasoning_mtok", output),
        "request": request or 0,
    }


def _units(usd: dict[str, Decimal], key: str, default: int | None = None) -> int | None:
    return int(usd[key] * (PER_USD // _PER.get(key, _MILLION))) if key in usd else default


def _last(overrides: list[Override], name: str) -> int | None:
    given = [usd for o in overrides if (usd := o.usd(name)) is not None]
    return int(given[-1] * PER_USD) if given else None


def _unit_words(units: list[str]) -> str:
    return f"priced by {', '.join(units)}" if units else NO_RATE
