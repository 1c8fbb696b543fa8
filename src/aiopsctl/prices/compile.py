"""Makes the shipped table from the installed genai-prices: `python -m aiopsctl.prices.compile 2026-11-10`.

The day is that of the package's release, which the package itself does not know. The table has one model a line, in
the package's order, because the first match wins; what does not concern prices is left out. Its licence
lies beside it.
"""

import sys
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from aiopsctl.prices.snapshot import FILE

PACKAGE = "genai-prices"
_DECIMALS = 18
_SEVERAL = ("or", "and")


def table(released: date) -> bytes:
    """Return the bytes of the table of the installed package. Raises `ValueError` for a rate finer than 1e-18."""
    from importlib.metadata import version

    from genai_prices.data import providers

    head = {"package": PACKAGE, "version": version(PACKAGE), "date": released.isoformat()}
    blocks = b",\n".join(_block(provider) for provider in providers)
    return msgspec.json.encode(head)[:-1] + b',"providers":[\n' + blocks + b"\n]}\n"


def _block(provider: Any) -> bytes:
    head = {
        "id": provider.id,
        "provider_match": _clause(provider.provider_match),
        "model_match": _clause(provider.model_match),
        "fallback_model_providers": provider.fallback_model_providers,
    }
    models = b",\n".join(msgspec.json.encode(_model(model)) for model in provider.models)
    return msgspec.json.encode(_given(head))[:-1] + b',"models":[\n' + models + b"\n]}"


def _model(model: Any) -> dict[str, Any]:
    prices = model.prices if isinstance(model.prices, list) else [_Always(model.prices)]
    return _given({
        "id": model.id,
        "match": _clause(model.match),
        "prices": [_price(each) for each in prices],
        "variants": [_price(each) | {"when": dict(sorted(each.when.items()))} for each in model.price_variants or ()],
    })  # fmt: skip


class _Always:
    """A price without a condition, in the shape of one that has."""

    constraint = None

    def __init__(self, prices: Any) -> None:
        self.prices = prices


def _price(price: Any) -> dict[str, Any]:
    return {**_constraint(price.constraint), "rates": _rates(price.prices)}


def _constraint(constraint: Any) -> dict[str, Any]:
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"since": constraint.start_date.isoformat()}
    return {"hours": [_hour(constraint.start_time), _hour(constraint.end_time)]}


def _hour(when: Any) -> str:
    if when.utcoffset():
        raise ValueError(f"{when}: hours of the table are in UTC")
    return str(when.replace(tzinfo=None).isoformat())


def _rates(prices: Any) -> dict[str, Any]:
    return {key: _rate(value) for key, value in sorted(vars(prices).items()) if value is not None}


def _rate(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _exact(value)
    return {"base": _exact(value.base), "tiers": [[tier.start, _exact(tier.price)] for tier in value.tiers]}


def _exact(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > _DECIMALS:
        raise ValueError(f"{value}: a rate has at most {_DECIMALS} decimals")
    return format(value, "f")


def _clause(clause: Any) -> dict[str, Any] | None:
    """Return a clause in lower case, as names are compared; only a regular expression is kept as it is."""
    if clause is None:
        return None
    ((name, value),) = vars(clause).items()
    kind = name.rstrip("_")
    if kind in _SEVERAL:
        return {kind: [_clause(each) for each in value]}
    return {kind: value if kind == "regex" else value.lower()}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_pairs(fields))


def _pairs(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in fields.items() if value)


def main(arguments: list[str]) -> None:
    """Write the table beside this file."""
    Path(__file__).with_name(FILE).write_bytes(table(date.fromisoformat(*arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
