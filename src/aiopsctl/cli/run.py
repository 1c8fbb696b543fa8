"""The edge: errors become one message and an exit code, results become text on the right stream."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aiopsctl.errors import AiopsctlError, UsageError

if TYPE_CHECKING:
    from aiopsctl.cli.options import Common
    from aiopsctl.formats.format import Look
    from aiopsctl.result import Result

INTERNAL, INTERRUPTED = 70, 130


def guarded(command: Callable[[], int], *, debug: bool) -> None:
    """Run a command and leave with its exit code; no traceback reaches a user unless asked for."""
    try:
        code = command()
    except AiopsctlError as error:
        say(str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (typer.Exit, SystemExit):
        raise
    except BrokenPipeError:
        _forget_stdout()
        code = 0
    except BaseException as error:  # noqa: BLE001 - a panic of the engine is no Exception
        if debug:
            raise
        say(_bug(error))
        code = INTERNAL
    raise typer.Exit(code)


def _bug(error: BaseException) -> str:
    """Return where it broke, without the message: that may hold what the log holds."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"error: a bug in aiopsctl ({type(error).__name__} in {place})\n  help: run again with --debug, and report it"


def say(message: str) -> None:
    """Print to stderr; a closed stderr is no reason to fail."""
    try:
        print(message, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass


def emit(result: "Result", common: "Common") -> int:
    """Write the result to stdout and to every `-o`, notes to stderr, and return the exit code."""
    from aiopsctl.formats.format import format_named, target

    chosen = format_named(common.format) if common.format else None
    targets = [target(output) for output in common.output or []]
    to_stdout = [found for found, path in targets if path == "-"] or [chosen or format_named("table")]
    for found, path in targets:
        if path != "-":
            _write(Path(path), found.render(result, plain()))
    if common.quiet < 1:
        for note in notes(result, common):
            say(note)
    silent = common.quiet > 1 or (common.quiet == 1 and result.command == "check" and result.verdict == "pass")
    if not silent:
        for found in to_stdout:
            _print(found.render(result, look(common) if found.human else plain()))
    return result.exit_code


def notes(result: "Result", common: "Common") -> list[str]:
    """Return what a person should know of the input beside the answer."""
    from aiopsctl.formats.words import clean

    lines = [f"note: {clean(note)}" for note in result.notes if not note.startswith("error:")]
    lines += ["\n".join(clean(line, 2000) for line in note.split("\n")) for note in result.notes if note.startswith("error:")]
    return lines


def plain() -> "Look":
    """Return the look of a file or a pipe."""
    from aiopsctl.formats.format import Look

    return Look()


def look(common: "Common") -> "Look":
    """Return how stdout looks: its width on a terminal, and colour by flag, environment and terminal."""
    from aiopsctl.formats.format import Look

    terminal = sys.stdout.isatty()
    return Look(width=_columns() if terminal else None, color=_colored(common.color, terminal=terminal), wide=common.wide)


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _colored(choice: str, *, terminal: bool) -> bool:
    if choice not in ("auto", "always", "never"):
        raise UsageError(f"--color {choice}", help="auto, always or never")
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def _forget_stdout() -> None:
    """Point stdout at nothing, so that a reader who left does not change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: under a temporary name beside it, then renamed."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
