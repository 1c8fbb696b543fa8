"""The money of a run: recorded costs, prices by tokens, and what the config says of prices."""

from typing import TYPE_CHECKING, cast

from aiopsctl.errors import UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.cli.options import Common
    from aiopsctl.config import Config, Price
    from aiopsctl.prices.apply import Priced
    from aiopsctl.prices.layers import Mode
    from aiopsctl.prices.override import Override
    from aiopsctl.prices.rates import Book
    from aiopsctl.sources.log import Log

MODES = ("auto", "recorded", "priced")
_NAMED = 3


def priced(log: "Log", config: "Config", mode: str) -> "Log":
    """Return the log with the cost of its calls, and an account of where the costs come from."""
    from aiopsctl.prices.apply import price
    from aiopsctl.sources.log import Log

    if mode not in MODES:
        raise UsageError(f"--cost {mode}", help=nearest(mode, MODES) or "auto, recorded or priced")
    found = log.money or price(log.events.lazy().collect(), book(config), cast("Mode", mode))
    account = log.account
    if found.sources.get("priced"):
        account.prices = str(found.snapshot)
    for note in _notes(found, _models(found)):
        account.note(note)
    if log.money:
        return Log(log.events, account, log.money)
    filled = [name for name in found.events.columns if found.events[name].null_count() < found.events.height]
    return Log(found.events[filled] if found.events.height else log.events, account)


def require_both(common: "Common") -> None:
    """Raise `UsageError` for options that say nothing where recorded costs stand beside priced ones, by model."""
    unused = {"--cost": common.cost != "auto", "--by": bool(common.by), "--compare": bool(common.compare)}
    for option in (option for option, given in unused.items() if given):
        what = "takes both the recorded and the priced costs" if option == "--cost" else "compares by model"
        raise UsageError(f"{option} with --reconcile, which {what}", help=f"leave {option} away")


def book(config: "Config") -> "Book":
    """Return the shipped prices under those of the config."""
    from aiopsctl.prices.rates import Book

    return Book(overrides=tuple(_override(price) for price in config.prices))


def _override(price: "Price") -> "Override":
    from aiopsctl.prices.override import PER_MILLION, Override

    money = (*PER_MILLION, "request", "retrieval", "infra")
    amounts = {name: getattr(price, name).value for name in money if getattr(price, name) is not None}
    return Override(
        model=price.model, provider=price.provider, since=price.since, until=price.until, free=price.free, **amounts
    )


def _models(found: "Priced") -> dict[str, int]:
    """Return the calls of each model without a price, most first."""
    counted: dict[str, int] = {}
    for row in found.unpriced.iter_rows(named=True):
        name = row["model"] or "no model"
        counted[name] = counted.get(name, 0) + row["calls"]
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _notes(found: "Priced", models: dict[str, int]) -> list[str]:
    notes = []
    if count := found.sources.get("priced"):
        notes.append(f"{count:,} calls priced by their tokens ({found.snapshot})")
    if models and (found.sources["recorded"] or found.sources["priced"]):
        named = ", ".join(f"{model} {count:,}" for model, count in list(models.items())[:_NAMED])
        more = f" and {len(models) - _NAMED} more models" if len(models) > _NAMED else ""
        notes.append(f"{sum(models.values()):,} calls have no price: {named}{more}")
    if found.contradictory:
        notes.append(f"{found.contradictory:,} calls have parts of the cost that do not add up to the cost")
    return notes
