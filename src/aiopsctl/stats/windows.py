"""The busiest of all windows of one length, wherever they begin."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Peak(Struct, frozen=True):
    """The largest sum, and the time of the last event of the first window that reaches it."""

    total: int
    until: int


def peaks(times: "NDArray[Any]", many: "Iterable[NDArray[Any]]", length: int) -> list[Peak | None]:
    """Return the largest sum of each of several amounts in any half-open window of a length; None without any amount.

    `times` are whole numbers in rising order, in the unit of `length`; amounts are whole. A window that ends with the
    event at `t` holds what is later than `t - length`, so that two events a whole length apart are in no window together.
    As amounts are not negative, some window that ends with an event is as busy as any.
    """
    import numpy as np

    before, after = (np.searchsorted(times, end, side="right") for end in (times - length, times))
    return [_busiest(times, amounts, before, after) if amounts.any() else None for amounts in many]


def _busiest(
    times: "NDArray[Any]", amounts: "NDArray[Any]", before: "NDArray[Any]", after: "NDArray[Any]"
) -> Peak | None:
    import numpy as np

    running = np.concatenate(([0], np.cumsum(amounts, dtype=np.int64)))
    sums = running[after] - running[before]
    at = int(sums.argmax())
    return Peak(int(sums[at]), int(times[at]))
