"""`--watch`: an answer on a terminal that is refreshed in place, until it is interrupted."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from aiopsctl.cli.options import Common
from aiopsctl.errors import AiopsctlError, UsageError

_EVERY = re.compile(r"([0-9]{1,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""Another screen, no cursor, long lines cut at the edge; and all of it as it was before."""


def seconds(text: str) -> int:
    """Return the seconds of `30s`, `5m` or `1h`, or raise `UsageError`."""
    found = _EVERY.fullmatch(text)
    if found is None or not int(found[1]):
        raise UsageError(f"--watch {text} is no time to wait", help="write 30s, 5m or 1h")
    return int(found[1]) * _SECONDS[found[2]]


def require_screen(common: Common) -> None:
    """Raise `UsageError` where there is no terminal to refresh, or something else than a screen was asked for."""
    if sys.stdout is None or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        raise UsageError(
            "--watch needs a terminal that can be refreshed", help="leave --watch away, or run it by a timer"
        )
    if common.format not in (None, "table") or common.output or common.rejects or "-" in (common.paths or []):
        raise UsageError("--watch shows a table of files", help="leave -f, -o, --rejects and - away")


def watch(look: Callable[[], str], every: int) -> int:
    """Show what `look` returns, again and again; being interrupted is its normal end, with exit code 0.

    What is wrong at the first look is an error; later it is shown, and the next look may be better.
    """
    from aiopsctl.cli.run import put

    began = monotonic()
    try:
        text = look()
        with _screen():
            while True:
                put(_page(text, monotonic() - began, every), machine=False)
                sleep(every)
                began = monotonic()
                text = _looked(look)
    except KeyboardInterrupt:
        return 0


def _looked(look: Callable[[], str]) -> str:
    try:
        return look()
    except AiopsctlError as error:
        from aiopsctl.cli.run import told

        return told(error)


@contextmanager
def _screen() -> Iterator[None]:
    """Enter another screen, and leave it however it ends."""
    from aiopsctl.cli.run import put

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        put(_ENTER, machine=False)
        yield
    finally:
        put(_LEAVE, machine=False)
        signal.signal(signal.SIGTERM, before)


def _page(text: str, took: float, every: int) -> str:
    """Return a text from the first line of the screen on, as far as there is room, with a last line on itself.

    NOTE: what a line held is erased before it is written: behind its last letter that would erase the letter, too.
    """
    room = shutil.get_terminal_size().lines - 1
    lines = text.rstrip("\n").split("\n")
    lines = lines if len(lines) <= room else [*lines[: room - 1], f"… {len(lines) - room + 1} lines more"]
    ending = f"every {every} s; read and summed in {took:.1f} s; Ctrl-C ends"
    return "\x1b[H" + "".join(f"\x1b[K{line}\r\n" for line in lines) + f"\x1b[J\x1b[2m{ending}\x1b[0m"
