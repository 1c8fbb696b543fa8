"""User ids replaced by a keyed hash: the same user stays the same, run after run, and who it is stays out.

Only `user_id` is replaced: a tenant is an organisation, and a group that figures are read by.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hmac import digest

import polars as pl

from aiopsctl.engine.kept import Kept

_DIGITS, _MORE = 12, 32


def pseudonymized(events: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """Return events whose `user_id` is `u_` and 12 hexadecimal digits of its HMAC-SHA-256; each id is hashed once."""
    return events.with_columns(pseudonym(events.lazy(), key)) if "user_id" in events.columns else events


def with_pseudonyms(events: Kept, key: bytes | None) -> Kept:
    """Return events on disk with pseudonyms, where there is a key for them."""
    if key is None or "user_id" not in events.columns:
        return events
    name = pseudonym(events.lazy(), key)
    return events.changed(lambda rows: rows.with_columns(name))


def pseudonym(events: pl.LazyFrame, key: bytes) -> pl.Expr:
    """Return what stands for the `user_id` of any of some events."""
    ids = events.select(pl.col("user_id").drop_nulls().unique()).collect(engine="streaming").to_series().to_list()
    return pl.col("user_id").replace_strict(ids, pseudonyms(ids, key), return_dtype=pl.String)


def pseudonyms(ids: Sequence[str], key: bytes) -> list[str]:
    """Return what stands for each of some distinct ids."""
    return list(_shortened([digest(key, each.encode(), "sha256").hex() for each in ids]))


def _shortened(hashes: Iterable[str]) -> Iterator[str]:
    """Yield the beginnings of hashes, with more digits where two would be alike: distinct ids stay distinct."""
    whole = list(hashes)
    met = Counter(each[:_DIGITS] for each in whole)
    return (f"u_{each[: _DIGITS if met[each[:_DIGITS]] == 1 else _MORE]}" for each in whole)
