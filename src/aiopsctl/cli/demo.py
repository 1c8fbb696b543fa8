"""`demo`: sample logs with planted faults, and a first look at them."""

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiopsctl.cli.group import Command
from aiopsctl.errors import UsageError

if TYPE_CHECKING:
    from aiopsctl.demo import Fault

HELP = "Sample logs with planted faults, and a first look at them."
_RECORD = ".aiopsctl-demo.json"
"""What was written, by the hash of each file: nothing else may be written over."""
_MOST_DAYS = 1_000
_NUMBERS = ("nothing is", "one thing is", "two things are", "three things are", "four things are")


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("demo", cls=Command, rich_help_panel="Start", short_help=HELP)(demo)


def demo(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="The folder to write.")] = "aiopsctl-demo",
    *,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same number gives the same logs.")] = 7,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How many days the logs cover.")] = 90,
    no_tour: Annotated[bool, typer.Option("--no-tour", help="Write the files, and show nothing.")] = False,
    debug: Annotated[  # noqa: ARG001 - read where bugs are caught
        bool, typer.Option("--debug", help="Show the traceback of a bug.")
    ] = False,
) -> int:
    """Write three months of logs of an imagined product with planted faults, a config, and show the summary.

    Calls, feedback, tickets and users; FAULTS.md says what is planted. Nothing is written over that demo did not write.
    """
    from aiopsctl.cli.run import put
    from aiopsctl.demo import END, fitting
    from aiopsctl.readable import clean

    if not 1 <= days <= _MOST_DAYS:
        raise UsageError(f"--days {days} is no length of a log", help=f"write 1 to {_MOST_DAYS:,}")
    faults = fitting(days)
    _write(Path(folder), seed, days, faults)
    put(f"wrote {clean(folder)}: calls, feedback, tickets and users of {days} days to {END}\n", machine=False)
    if not no_tour:
        put("\n", machine=False)
        _look(folder)
        put(_tour(folder, faults), machine=False)
    return 0


def _look(folder: str) -> None:
    """Show the summary of the logs that were written."""
    from msgspec.structs import replace

    from aiopsctl.cli.look import dashboard
    from aiopsctl.cli.options import Common
    from aiopsctl.cli.run import emit

    common = Common(paths=[folder], config=os.path.join(folder, "aiopsctl.yaml"))
    emit(replace(dashboard(common), breaches=(), next=""), common)


def _tour(folder: str, faults: "tuple[Fault, ...]") -> str:
    """Return what there is to find, and the command that finds it."""
    from aiopsctl.readable import clean

    width = max((len(fault.name) for fault in faults), default=0)
    lines = [f"  {fault.name:<{width}}  {fault.metric} of {fault.feature}" for fault in faults]
    listed = "\n".join(lines) + "\n" if lines else ""
    wrong = f"\n{_NUMBERS[len(faults)]} wrong in here{':' if faults else '; --days 90 has room for faults'}\n{listed}"
    return f"{wrong}next: cd {clean(shlex.quote(folder))} && aiopsctl check\n"


def _write(folder: Path, seed: int, days: int, faults: "tuple[Fault, ...]") -> None:
    """Write the files beside the folder, then put each in its place, so that a run that is stopped leaves nothing."""
    from aiopsctl.demo import write

    name = folder.resolve().name
    written = _written(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".aiopsctl-demo-") as beside:
            paths = write(Path(beside) / name, seed=seed, days=days, faults=faults)
            _require_own(folder, (path.name for path in paths), written)
            folder.mkdir(exist_ok=True)
            record = Path(beside) / _RECORD
            record.write_text(json.dumps({path.name: _hash(path) for path in paths}, indent=1) + "\n", encoding="utf-8")
            for path in (record, *paths):
                os.replace(path, folder / path.name)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}") from None


def _written(folder: Path) -> dict[str, str]:
    """Return the hash of each file that `demo` wrote into a folder."""
    try:
        found = json.loads((folder / _RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _require_own(folder: Path, names: Iterable[str], written: dict[str, str]) -> None:
    """Raise `UsageError` where a file is in the way that was not written by `demo`, or was changed since."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is no folder", help="name another one: aiopsctl demo DIR")
    for name in names:
        path = folder / name
        if os.path.lexists(path) and (path.is_symlink() or _hash(path) != written.get(name)):
            what = "was changed since" if name in written else "was not written by demo"
            raise UsageError(f"{path} {what}", help="move it away, or name another folder: aiopsctl demo DIR")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
