"""Hashes of ids: which days know an id is told by eight bytes of each row, and the ids are looked at only there.

Equal ids have equal hashes, and different ones may: a hash says where to look, never what is there. Polars may hash
otherwise with its next version, or on another machine. So a store remembers by what it was hashed (`hashing`), and
where that is not what would be done now, all hashes are made anew before any is compared.
"""

from collections.abc import Iterable
from functools import cache

import polars as pl

from aiopsctl.sources.join import IDS
from aiopsctl.store.disk import sha256

HASHES = {name: f"_{name}" for name in IDS}
"""The column with the hashes of each id."""

_ONE = pl.lit(1, pl.UInt64)


def hashes(columns: Iterable[str]) -> list[pl.Expr]:
    """Return the hash columns of rows with these columns; null where there is no id.

    The last bit tells calls from feedback and all else, so that a call is not found where only feedback names it.
    """
    others = pl.col("event").ne_missing("call").cast(pl.UInt64)
    return [
        pl.when(pl.col(name).is_not_null()).then(hashed(name).xor(others)).alias(HASHES[name])
        for name in IDS
        if name in columns
    ]


def hashed(name: str) -> pl.Expr:
    """Return the hash that an id has where it is one of a call."""
    return pl.col(name).hash()


def of_others(hash_: pl.Expr) -> pl.Expr:
    """Return the hash that an id of a call has in other rows, and the other way round."""
    return hash_.xor(_ONE)


def met_twice(found: pl.Series) -> pl.Series:
    """Return the hashes that are there more than once; to sort takes half the time and memory of grouping."""
    ordered = found.sort()
    return ordered.filter(ordered == ordered.shift()).unique()


@cache
def hashing() -> str:
    """Return what tells by which function ids are hashed: the version of Polars, and what it makes of some words."""
    words = pl.Series(["".join(map(chr, range(33, 33 + length))) for length in range(90)])
    return sha256(repr((pl.__version__, words.hash().to_list())).encode())
