"""How far reading is, on a terminal, once it takes longer than a moment."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from aiopsctl.sources.meter import Meter

DELAY, _EVERY = 1.0, 0.1
_CELLS = 24
_CLEAR = "\r\x1b[K"
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@contextmanager
def progress(*, wanted: bool = True, out: TextIO | None = None, delay: float = DELAY) -> Iterator[None]:
    """Show bytes and rate of what is read inside, on stderr, if that is a terminal; however it ends, the line is empty then."""
    from aiopsctl.sources.meter import metered

    out = out or sys.stderr
    if not wanted or out is None or not out.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    ended = Event()
    with metered() as meter:
        drawing = Thread(target=_draw, args=(meter, out, ended, delay), daemon=True)
        drawing.start()
        try:
            yield
        finally:
            ended.set()
            drawing.join()


def _draw(meter: "Meter", out: TextIO, ended: Event, delay: float) -> None:
    began, drawn, seen, seconds = monotonic(), False, -1, 0.0
    while not ended.wait(_EVERY if drawn else delay):
        if meter.done != seen:
            seen, seconds = meter.done, monotonic() - began
        if meter.total:
            drawn = _put(_CLEAR + line(seen, meter.total, seconds, _room(out)), out)
    if drawn:
        _put(_CLEAR, out)


def _put(text: str, out: TextIO) -> bool:
    """Write what the terminal has letters for; one that has gone is no reason to fail."""
    try:
        out.write(text.encode(out.encoding or "ascii", "replace").decode(out.encoding or "ascii"))
        out.flush()
    except (OSError, ValueError):
        return False
    return True


def _room(out: TextIO) -> int:
    try:
        return os.get_terminal_size(out.fileno()).columns - 1
    except (OSError, ValueError):
        return 79


def line(done: int, total: int, seconds: float, room: int) -> str:
    """Return `reading ####---- 50 %  1.0 of 2.0 GB  0.4 GB/s`, as much of it as there is room for."""
    share = min(done / total, 1)
    size, unit = next((each for each in _UNITS if total >= each[0]), (1, "B"))
    rate, per = next((each for each in _UNITS if done / seconds >= each[0]), (1, "B"))
    bar = "#" * int(share * _CELLS)
    told = f"{share:4.0%}  {done / size:,.1f} of {total / size:,.1f} {unit}  {done / seconds / rate:,.1f} {per}/s"
    return f"reading {bar:-<{_CELLS}} {told}"[:room]
