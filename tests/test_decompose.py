"""Why a mean moved: mix and within add up to the change, and say what a hand says."""

from random import Random

import pytest
from cases import each

from aiopsctl.stats.decompose import Sums, kitagawa, nested, power

# 100 calls before and after. Cheap: 80 at 1, then 60 at 1; dear: 20 at 4, then 40 at 5. The mean goes from 1.6 to 2.6.
BEFORE: dict[tuple[str, str], Sums] = {("draft", "cheap"): (80, 80), ("draft", "dear"): (80, 20)}
AFTER: dict[tuple[str, str], Sums] = {("draft", "cheap"): (60, 60), ("draft", "dear"): (200, 40)}


def random_side(rng: Random) -> dict[tuple[str, str], Sums]:
    """Return sums of some of six segments."""
    keys = [(feature, model) for feature in "ab" for model in "xyz"]
    chosen = rng.sample(keys, rng.randint(1, 6))
    return {key: (rng.uniform(0, 100), rng.randint(1, 50)) for key in chosen}


def mean(side: dict[tuple[str, str], Sums]) -> float:
    """Return the mean over all segments."""
    return sum(x for x, _ in side.values()) / sum(n for _, n in side.values())


def test_kitagawa_by_hand() -> None:
    """Shares of 0.2 moved at means of 1 and 4.5, and one segment's mean rose by 1 at a share of 0.3."""
    found = kitagawa(BEFORE, AFTER)
    dear = found["draft", "dear"]

    assert dear.within == pytest.approx(0.3)
    assert sum(segment.mix for segment in found.values()) == pytest.approx(0.2 * 4.5 - 0.2 * 1)
    assert dear.mix == pytest.approx(0.2 * (4.5 - 2.1))
    assert (dear.share_before, dear.share_after) == pytest.approx((0.2, 0.4))


def test_levels_by_hand() -> None:
    """With one feature, the mix is all of models, and the rest is what the dear model did by itself."""
    found = nested(BEFORE, AFTER, levels=2)

    assert found.mix == pytest.approx([0.0, 0.7])
    assert found.within == pytest.approx(0.3)
    assert found.leaves["draft", "dear"].weight == pytest.approx(0.3)


def test_new_segment_is_all_mix() -> None:
    """A feature that comes in dearer than the rest is mix of features, not of models, and nothing within."""
    after: dict[tuple[str, str], Sums] = {("draft", "m"): (50, 50), ("agent", "n"): (500, 50)}

    found = nested({("draft", "m"): (100, 100)}, after, levels=2)

    assert found.mix == pytest.approx([4.5, 0.0])
    assert found.within == 0


@each("seed", range(200))
def test_parts_add_up(seed: int) -> None:
    """Mix and within are the whole change, whatever the segments."""
    rng = Random(seed)
    before, after = random_side(rng), random_side(rng)
    expected = pytest.approx(mean(after) - mean(before), abs=1e-9)

    split = nested(before, after, levels=2)
    flat = kitagawa(before, after)

    assert sum(split.mix) + split.within == expected
    assert sum(segment.total for segment in flat.values()) == expected


@pytest.mark.parametrize(
    ("alike", "totals", "expected"),
    [
        ({"a": 0.6, "b": 0.4}, {"a": 0.6, "b": 0.4}, (0.0, 0)),
        ({"a": 0.4, "b": 0.6}, {"a": 1.0, "b": 0.0}, (0.6, 1)),
        ({"a": 0.0, "b": 0.0}, {"a": 0.6, "b": 0.5}, (1.0, 2)),
        ({"a": -2.0, "b": -2.0}, {"a": -4.0, "b": 0.0}, (0.5, 1)),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": -1.0}, (0.0, 0)),
        ({}, {}, (0.0, 0)),
    ],
)
def test_power(alike: dict[str, float], totals: dict[str, float], expected: tuple[float, int]) -> None:
    """All alike tells nothing, one segment of 40 % that did it all tells the other 60 %, and a mix that did it all, all."""
    actual = power(alike, totals)

    assert expected == (pytest.approx(actual[0]), actual[1])


def test_only_few_segments_tell() -> None:
    """What a hundred small segments did by chance is told by no few of them."""
    totals = dict.fromkeys(range(100), 0.01)

    assert power(dict.fromkeys(totals, 0.0), totals) == (pytest.approx(0.03), 2)
