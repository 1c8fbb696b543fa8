"""Things of different sizes, a memory's load at a time."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batches(things: Iterable[T], size: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Yield things in their order, in lists whose sizes add up to `enough`, or are less at the end."""
    held: list[T] = []
    total = 0
    for thing in things:
        held.append(thing)
        total += size(thing)
        if total >= enough:
            yield held
            held, total = [], 0
    if held:
        yield held
