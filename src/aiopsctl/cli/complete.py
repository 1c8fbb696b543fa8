"""What a shell offers on Tab: names of metrics, columns and formats, from a file that is written from the declarations.

Nothing is imported for it: `words/names.json` is read, which `python -m aiopsctl.words.docs docs` writes.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

_NAMES = Path(__file__).parents[1] / "words" / "names.json"
SUBJECTS = ("columns", "drift", "config", "check", "exit-codes")

Offers = list[tuple[str, str]]
Completer = Callable[[str], Offers]


@cache
def names() -> dict[str, Any]:
    """Return the names of metrics, columns, formats, sources and analyses, each with what it is."""
    found: dict[str, Any] = json.loads(_NAMES.read_text(encoding="utf-8"))
    return found


def metrics(incomplete: str) -> Offers:
    """Return the metrics that go on what was typed, of a list with commas its last part."""
    return _listed(names()["metrics"], incomplete)


def columns(incomplete: str) -> Offers:
    """Return the columns and calendar periods to group by."""
    return _listed(names()["columns"] | dict.fromkeys(names()["calendar"], "a calendar period"), incomplete)


def formats(ctx: Any, incomplete: str) -> Offers:
    """Return the output formats of a command: verdicts are `check`'s alone."""
    of_check = ctx.info_name == "check"
    return _items(((name, "") for name, verdicts in names()["formats"].items() if of_check or not verdicts), incomplete)


def sources(incomplete: str) -> Offers:
    """Return the log formats."""
    return _items(dict.fromkeys(names()["sources"], "").items(), incomplete)


def subjects(incomplete: str) -> Offers:
    """Return what `explain` explains."""
    return _items((names()["metrics"] | names()["columns"] | dict.fromkeys(SUBJECTS, "")).items(), incomplete)


def words(*known: str) -> Completer:
    """Return what completes one of a few words."""

    def one(incomplete: str) -> Offers:
        return _items(dict.fromkeys(known, "").items(), incomplete)

    return one


def _listed(known: dict[str, str], typed: str) -> Offers:
    before, comma, _ = typed.rpartition(",")
    there = before.split(",")
    rest = ((f"{before}{comma}{name}", told) for name, told in known.items() if name not in there)
    return _items(rest, typed)


def _items(known: Iterable[tuple[str, str]], typed: str) -> Offers:
    return [(name, told) for name, told in known if name.startswith(typed)]


def lighten() -> None:
    """Keep typer from importing rich to take markup out of help texts, in which there is none."""
    from typer import _completion_classes

    _completion_classes._sanitize_help_text = str  # type: ignore[assignment]  # noqa: SLF001 - it offers no switch
