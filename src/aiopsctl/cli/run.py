"""The edge: errors become one message and an exit code, results become text on the right stream."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiopsctl.errors import AiopsctlError, ConfigError, UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.cli.options import Common
    from aiopsctl.formats.format import Format, Look
    from aiopsctl.result import Result

INTERNAL, INTERRUPTED, TERMINATED, NAGIOS_UNKNOWN = 70, 130, 143, 3
_LONGEST = 2000


def guarded(enter: Callable[[], Any], words: Sequence[str]) -> int:
    """Return the exit code of a run; no traceback reaches a user unless asked for, and nobody who left changes it."""
    try:
        with _terminable():
            code = int(enter() or 0)
        if code != INTERRUPTED:
            return code
    except _Terminated:
        code = TERMINATED
    except AiopsctlError as error:
        say(told(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as leave:
        if not isinstance(leave.__context__, BrokenPipeError):
            raise
        forget_stdout()
        return 0
    except BaseException as error:  # noqa: BLE001 - a panic of the engine is no Exception
        code = _parser_said(error) if hasattr(error, "format_message") else _bug(error, words)
    return NAGIOS_UNKNOWN if _wants_nagios(words) else code


class _Terminated(BaseException):
    """The program was asked to end: what is half done is undone on the way out."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end what runs as Ctrl-C does, unless somebody looks after it already."""
    try:
        ours = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        before = signal.signal(signal.SIGTERM, _terminated) if ours else None
    except ValueError:  # not the main thread: signals go elsewhere
        before = None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _terminated(*_: object) -> None:
    raise _Terminated


def _wants_nagios(words: Sequence[str]) -> bool:
    return "--exit-codes=nagios" in words or ("--exit-codes", "nagios") in pairwise(words)


def told(error: AiopsctlError) -> str:
    """Return an error as text in which nothing of a file or a name can act on a terminal or forge a line."""
    from aiopsctl.readable import clean

    if isinstance(error, ConfigError):
        return "\n".join(clean(line, _LONGEST) for line in error.what.split("\n"))
    what, where, help = (clean(part, _LONGEST) for part in (error.what, error.where, error.help))
    return str(AiopsctlError(what, where=where, help=help))


def _parser_said(error: Any) -> int:
    """Tell an error of the command line in the words of all other errors."""
    context = getattr(error, "ctx", None)
    option = str(getattr(error, "option_name", ""))
    known = [name for param in context.command.params for name in param.opts] if context else []
    more = f"{context.command_path} -h lists the options" if context else ""
    if type(error).__name__ == "NoArgsIsHelpError":
        say(_short(context) if context and not context.parent else error.format_message())
    elif type(error).__name__ == "NoSuchOption":
        say(told(UsageError(f"no such option '{option}'", help=nearest(option, known) or more)))
    else:
        message = error.format_message().rstrip(".")
        say(told(UsageError(message[:1].lower() + message[1:], help=more)))
    return int(error.exit_code)


def _short(context: Any) -> str:
    """Return what the program says of itself when nothing is asked: what it is for, examples, and where there is more."""
    from aiopsctl.cli.examples import lines

    names = context.command.list_commands(context)
    examples = [f"  {line}" for line in lines("", 78)]
    more = [
        "",
        f"commands: {', '.join(names)}",
        "aiopsctl -h says what each is for; aiopsctl COMMAND -h how it is used",
    ]
    return "\n".join([context.command.help, "", *examples, *more])


def _bug(error: BaseException, words: Sequence[str]) -> int:
    """Tell where it broke, without the message: that may hold what the log holds."""
    debug = "--debug" in words
    if debug:
        say(_trace(error, with_text="--with-text" in words))
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    hint = "please report it" if debug else "run again with --debug, and please report it"
    say(f"error: a bug in aiopsctl ({type(error).__name__} in {place}): {hint}")
    return INTERNAL


_PLAIN = (RuntimeError, TypeError, AttributeError, NameError, ImportError, AssertionError)
"""Errors whose messages name what is in the code; those of engines and parsers repeat the value that they met."""


def _trace(error: BaseException, *, with_text: bool) -> str:
    """Return the traceback of an error; its message is that of a value only where text is asked for."""
    import traceback

    if with_text:
        return "".join(traceback.format_exception(error)).rstrip()
    message = error if isinstance(error, _PLAIN) else "(it may repeat what the log holds: --with-text shows it)"
    steps = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{steps}{type(error).__name__}: {message}"


def say(message: str) -> None:
    """Print to stderr; a closed stderr is no reason to fail, nor to write elsewhere."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        print(message, file=sys.stderr, flush=True)


def one_of(option: str, given: str, known: tuple[str, ...]) -> str:
    """Return the word given to an option, or raise `UsageError` where it is none of those known."""
    if given not in known:
        raise UsageError(f"{option} {given} is not known", help=nearest(given, known) or f"one of: {', '.join(known)}")
    return given


def check_output(common: "Common", *, judges: bool = False) -> None:
    """Raise `UsageError` for a format that is unknown, or that shows verdicts where none are, before anything is read."""
    from aiopsctl.formats.format import format_named, formats, target

    one_of("--color", common.color, ("auto", "always", "never"))
    chosen = [format_named(common.format)] if common.format else []
    chosen += [target(output)[0] for output in common.output or []]
    if wrong := next((found.name for found in chosen if found.of_check and not judges), ""):
        known = ", ".join(name for name, found in formats().items() if not found.of_check)
        raise UsageError(f"format {wrong} shows verdicts: only check has them", help=f"formats here: {known}")


def pictured(common: "Common") -> bool:
    """Return whether a format is asked for that shows charts."""
    from aiopsctl.formats.format import format_named, target

    chosen = [format_named(common.format)] if common.format else []
    return any(found.pictures for found in (*chosen, *(target(output)[0] for output in common.output or ())))


def emit(result: "Result", common: "Common", *, shown: bool = True) -> int:
    """Write the result to stdout (where it is `shown`) and to every `-o`, notes to stderr, and return the exit code."""
    from aiopsctl.formats.format import Look, format_named, target

    targets = [target(output) for output in common.output or []]
    for found, path in targets:
        if path != "-":
            _save(result, found, Path(path))
    if common.quiet < 2:
        _say_notes(result, quiet=common.quiet > 0)
    chosen = format_named(common.format or "table")
    for found in [found for found, path in targets if path == "-"] or ([chosen] if shown else []):
        if not is_silent(result, common, human=found.human):
            put(found.render(result, look(common) if found.human else Look()), machine=not found.human)
    return result.exit_code


def _save(result: "Result", found: "Format", path: Path) -> None:
    """Write a file, and those that belong beside it."""
    from aiopsctl.cli.files import write
    from aiopsctl.formats.format import Look

    beside = found.beside(result, path.stem) if found.beside else {}
    write(path, found.render(result, Look(beside=path.stem if beside else "")))
    for name, text in beside.items():
        write(path.parent / name, text)


def is_silent(result: "Result", common: "Common", *, human: bool) -> bool:
    """Return whether nothing goes to stdout: with -qq, and with -q where a person has nothing to do."""
    return common.quiet > 1 or (common.quiet == 1 and human and result.verdict == "pass")


def _say_notes(result: "Result", *, quiet: bool) -> None:
    """Say what a person should know of the input beside the answer; why there is no answer is said in any case."""
    from aiopsctl.readable import clean

    for note in result.notes:
        if note.startswith("error:"):
            say("\n".join(clean(line, _LONGEST) for line in note.split("\n")))
        elif not quiet:
            say(f"note: {clean(note, _LONGEST)}")


def look(common: "Common") -> "Look":
    """Return how stdout looks: its width on a terminal, and colour by flag, environment and terminal."""
    from aiopsctl.formats.format import Look

    width = terminal_width()
    return Look(width=width, color=_colored(common.color, terminal=width is not None), wide=common.wide)


def terminal_width() -> int | None:
    """Return the columns of the terminal that stdout is, else None."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def _colored(choice: str, *, terminal: bool) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


_ASCII = str.maketrans({
    "─": "-", "\u2013": "-", "…": "...", "✔": "+", "▲": "!", "✖": "x", "○": "o", "♪": "~",
    **dict(zip("▁▂▃▄▅▆▇█", "_.-:=+*#", strict=True)),
})  # fmt: skip


def put(text: str, *, machine: bool) -> None:
    """Print to stdout. A reader who left is no failure; a stream that lacks letters gets others, documents stay UTF-8."""
    out = sys.stdout
    if out is None:
        return
    try:
        try:
            out.write(text)
        except UnicodeEncodeError:
            encoding = "utf-8" if machine else out.encoding
            out.flush()
            out.buffer.write((text if machine else text.translate(_ASCII)).encode(encoding, "backslashreplace"))
        out.flush()
    except BrokenPipeError:
        forget_stdout()
    except OSError as error:
        forget_stdout()
        raise UsageError(f"cannot write to standard output: {error.strerror}") from None


def forget_stdout() -> None:
    """Point stdout at nothing, so that what is still to be flushed does not change the exit code."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        sys.stdout = None  # no stream of the system: nothing to point
