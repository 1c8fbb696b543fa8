"""What a breach says of itself in words: since when, what carries it, and what else changed at that time."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from aiopsctl.formats.cells import NONE
from aiopsctl.readable import DIFFER, clean, number
from aiopsctl.result import TELLING, Carrier, Part, Shift, Verdict

_NAMED = 3
_IMPLIED = ("provider", "model_version")
"""What is not said of the calls of one model."""


def explanation(check: Verdict) -> list[str]:
    """Return a line on what carries the change and one on what else changed then, as far as they are known.

    What changed at the same time is told as that, and not as a cause.
    """
    told = [_since(check), _carried(check)]
    lines = [", ".join(part for part in told if part), _meanwhile(check)]
    return [line for line in lines if line]


def _since(check: Verdict) -> str:
    if not check.changed_at:
        return ""
    first, last = check.changed_between or (check.changed_at, check.changed_at)
    span = "" if first == last else f" ({_day(first)} to {_day(last)})"
    verb = "moving slowly since" if check.changed_slowly else "moved"
    return f"{verb} {'about ' if span else '' if check.changed_slowly else 'on '}{_day(check.changed_at)}{span}"


def _carried(check: Verdict) -> str:
    best = next((each for each in check.carriers if each.power >= TELLING), None)
    if best:
        return f"carried by {_of(best, check.unit)}"
    same = next((each for each in check.carriers if not each.segments and each.within is not None), None)
    if same is None or abs(same.within or 0) < abs(same.total) / 2:
        return ""
    names = [name for name in same.dimension.split(", ") if name not in _IMPLIED]
    return f"within the same {', '.join(names)} ({_parts(same.within, same.total, check.unit)})"


def _of(carrier: Carrier, unit: str) -> str:
    """Return the mix of a dimension where it carries most, else its first value, with what that is of the whole."""
    if carrier.mix is not None and abs(carrier.mix) > abs(carrier.total) / 2:
        return f"the mix of {carrier.dimension} ({_parts(carrier.mix, carrier.total, unit)})"
    first = carrier.segments[0]
    if first.share_before is None and first.within is None:
        return f"{carrier.dimension}={_name(first)} ({number(first.total, unit)} of {number(carrier.total, unit)})"
    kind = "" if first.within is None else "within "
    size = first.total if first.within is None else first.within
    return f"{carrier.dimension}={_name(first)} ({kind}{_parts(size, carrier.total, unit)})"


def _parts(part: float | None, whole: float, unit: str) -> str:
    return f"{_signed(part or 0.0, unit)} of {_signed(whole, unit)}{' points' if unit in DIFFER[:2] else ''}"


def _signed(size: float, unit: str) -> str:
    if unit == "ratio":
        return f"{size * 100:+.1f}"
    return f"{'+' if size > 0 else ''}{number(size, unit)}"


def _meanwhile(check: Verdict) -> str:
    found = [_moves(list(own)) for _, own in groupby(check.changes, key=lambda s: (s.dimension, s.at))]
    named = [text for texts in found for text in texts]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    when = "at the same time" if check.changed_at else "in these windows"
    return f"{when}: {', '.join(named[:_NAMED])}{more}" if named else ""


def _moves(own: Sequence[Shift]) -> list[str]:
    """Return what moved in a dimension on a day; one value in place of another is one move."""
    down, up = ([s for s in own if (s.share_after > s.share_before) is rose] for rose in (False, True))
    if len(down) == len(up) == 1:
        return [f"{own[0].dimension} {_name(down[0])} -> {_name(up[0])} ({_share(up[0])})"]
    return [f"{shift.dimension}={_name(shift)} ({_share(shift)})" for shift in own]


def _name(of: Part | Shift) -> str:
    return NONE if of.value is None else clean(of.value, 60)


def _share(shift: Shift) -> str:
    return f"{_day(shift.at)}, {_percent(shift.share_before)} to {_percent(shift.share_after)}"


def _percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def _day(at: str) -> str:
    day = date.fromisoformat(at)
    return f"{day.day} {day:%b}"
