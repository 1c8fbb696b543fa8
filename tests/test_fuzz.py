"""What was found by fuzzing stays mended, and a few runs more are made each time. `python -m tests.fuzz` makes many."""

from random import Random

import pytest
from fuzz.targets import kept, targets

TARGETS = {target.name: target for target in targets()}
KEPT = list(kept())
RUNS = 3
"""Of each target; always the same ones."""


@pytest.mark.parametrize(("target", "data"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_what_was_found(target: str, data: bytes) -> None:
    """A case that broke something is read, rejected or refused."""
    TARGETS[target].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(name: str) -> None:
    """A sample that is broken a little is read, rejected or refused, and every row is accounted for."""
    random = Random(name)
    for _ in range(RUNS):
        TARGETS[name].run(TARGETS[name].mutant(random))
