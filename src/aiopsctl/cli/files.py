"""Files that are written: whole or not at all, and never one that is read."""

import os
import stat
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiopsctl.errors import UsageError


def protect(inputs: Sequence[str], outputs: Iterable[str]) -> None:
    """Raise `UsageError` where a file to write is one of the logs to read."""
    written = {identity: path for path in outputs if path != "-" and (identity := _identity(path))}
    if not written:
        return
    from aiopsctl.sources.files import expand

    for each in expand(inputs):
        if each.path != "-" and (identity := _identity(each.path)) in written:
            raise UsageError(
                f"{written[identity]} is a log to read, and would be written over", help="write to another file"
            )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def write(path: Path, text: str) -> None:
    """Write a file under a temporary name beside it, then rename; a device or a pipe is written to as it is."""
    try:
        if _is_special(path):
            path.write_text(text, encoding="utf-8", newline="")
        else:
            _replace(path, text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
