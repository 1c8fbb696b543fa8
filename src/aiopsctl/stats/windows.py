"""The busiest of all windows of one length, wherever they begin."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Peak(Struct, frozen=True):
    """The largest sum, and the time of the last event of the first window that reaches it."""

    total: int
    until: int


def peak(times: "NDArray[Any]", amounts: "NDArray[Any]", length: int) -> Peak | None:
    """Return the largest sum of whole amounts in any half-open window of a length; None without any amount.

    `times` are whole numbers in rising order, in the unit of `length`. A window that ends with the event at `t` holds
    what is later than `t - length`, so that two events a whole length apart are in no window together. As amounts are
    not negative, some window that ends with an event is as busy as any.
    """
    if not len(times) or not amounts.any():
        return None
    import numpy as np

    running = np.concatenate(([0], np.cumsum(amounts, dtype=np.int64)))
    after = np.searchsorted(times, times, side="right")
    before = np.searchsorted(times, times - length, side="right")
    sums = running[after] - running[before]
    at = int(sums.argmax())
    return Peak(int(sums[at]), int(times[at]))
