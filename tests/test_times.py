"""Times that are all of one shape are read at once, and as each is by itself."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from aiopsctl.sources import times

WRONG = ("2026-02-30T00:00:00{}", "2026-13-01T00:00:00{}", "2026-09-01T24:00:00{}", "\u0662026-09-01T12:00:00{}")


def written(count: int, unit: str, zone: str) -> list[tuple[str, datetime]]:
    """Return times of a century as Python writes them, in UTC."""
    rng = random.Random(5)
    step = 1 if unit == "microseconds" else 1000
    found = [
        datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(0, 3_000_000_000_000_000, step))
        for _ in range(count)
    ]
    if unit == "seconds":
        found = [each.replace(microsecond=0) for each in found]
    return [(each.isoformat(timespec=unit).replace("+00:00", zone), each) for each in found]


@pytest.mark.parametrize("zone", ["Z", "+00:00"])
@pytest.mark.parametrize("unit", ["seconds", "milliseconds", "microseconds"])
def test_times_of_one_shape(unit: str, zone: str) -> None:
    """They are the instants that Python wrote."""
    texts, instants = zip(*written(500, unit, zone), strict=True)

    found, zoneless = times.read(pl.Series(texts), "UTC")

    assert (list(instants), None) == (found.to_list(), zoneless)


@pytest.mark.parametrize("end", ["Z", ".123Z", ".123456+00:00"])
@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_is_no_time_among_times_of_one_shape(wrong: str, end: str) -> None:
    """It is null, and the others are read."""
    good = f"2026-09-01T12:00:00{end}"

    found, _ = times.read(pl.Series([good, wrong.format(end), good]), "UTC")

    assert [datetime.fromisoformat(good), None, datetime.fromisoformat(good)] == found.to_list()
