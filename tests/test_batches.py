"""Things taken a memory's load at a time."""

from aiopsctl.batches import batches


def test_batches_are_closed_by_what_fills_them() -> None:
    """A list ends with the thing that makes it large enough, however large that is; what is left comes last."""
    found = batches([4, 5, 1, 50, 9, 1, 2], lambda size: size, 10)

    assert list(found) == [[4, 5, 1], [50], [9, 1], [2]]


def test_nothing_is_no_batch() -> None:
    """Of nothing there is no list, and none is empty."""
    assert list(batches([], lambda size: size, 10)) == []
    assert list(batches([10], lambda size: size, 10)) == [[10]]
