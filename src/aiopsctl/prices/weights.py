"""What a token costs beside a plain input token, model by model."""

from datetime import datetime

import polars as pl

from aiopsctl.engine.kept import Events
from aiopsctl.prices.cells import NAMES
from aiopsctl.prices.rates import Book, Name, cell, entry


def weights(events: Events, book: Book, when: datetime) -> dict[str, tuple[float, float]]:
    """Return by model (that was asked for, else that answered) what a cached and an output token cost at an instant.

    The unit is the price of an input token; models whose rates are not known, or that take no money for input, are
    left out.
    """
    names = [name for name in NAMES if name in events.columns]
    found: dict[str, tuple[float, float]] = {}
    if not {"model", "model_version"} & set(names):
        return found
    calls = events.lazy().filter(pl.col("event") == "call").select(names).unique().collect(engine="streaming")
    for row in calls.sort(names).iter_rows(named=True):
        asked = Name(row.get("provider"), row.get("model"), row.get("model_version"), row.get("service_tier"))
        rates = cell(entry(book, asked), when, 0)
        model = asked.model or asked.version
        if model and rates.input and rates.output is not None and rates.cache_read is not None:
            found.setdefault(model, (rates.cache_read / rates.input, rates.output / rates.input))
    return found
