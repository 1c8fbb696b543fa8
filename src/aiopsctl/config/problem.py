"""One thing that is wrong with the config, shown at its place."""

from collections.abc import Sequence
from unicodedata import category, east_asian_width

from msgspec import Struct, field

SHOWN = 100
"""So many problems are worth reading; nobody looks for more."""

WIDEST = 120
LONGEST_WORD = 60

# NOTE: these turn the direction of what follows, so that a line can show what it does not say.
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

KeyPath = tuple[str | int, ...]

ENTITIES = {
    "features": "feature",
    "classes": "class",
    "tiers": "tier",
    "providers": "provider",
    "baselines": "baseline",
    "checks": "check",
    "mutes": "mute",
}
"""The sections whose members have a name of their own in messages."""


class Span(Struct, frozen=True):
    """A stretch of one line, counted from 1; without a length it is the rest of the line."""

    line: int
    column: int
    length: int | None = 1


class Problem(Struct, frozen=True):
    """What is wrong, where, and what would have been right."""

    what: str
    span: Span | None = None
    hint: str = ""


class TooManyProblems(Exception):  # noqa: N818 - not an error: it ends a search that has found enough
    """There is no use in looking for more problems."""


class Problems(Struct):
    """The problems found so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, what: str, span: Span | None, hint: str = "") -> None:
        """Keep one more problem."""
        if len(self.found) == SHOWN:
            raise TooManyProblems
        self.found.append(Problem(what, span, hint))


def render(problems: Sequence[Problem], file: str, lines: Sequence[str], *, more: bool = False) -> str:
    """Return all problems as text, in the order of the file, with their number in the last line."""
    ordered = sorted(problems, key=lambda p: (p.span.line, p.span.column) if p.span else (0, 0))
    noun = "problem" if len(ordered) == 1 and not more else "problems"
    count = f"{'more than ' if more else ''}{len(ordered)} {noun} in {file}"
    return "\n\n".join([*(_one(problem, file, lines) for problem in ordered), count])


def _one(problem: Problem, file: str, lines: Sequence[str]) -> str:
    head = f"error: {problem.what}"
    if problem.span is None:
        return "\n".join([head, f"  --> {file}", *([f"  help: {problem.hint}"] if problem.hint else [])])
    span = problem.span
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    before, marked, after = _around(line, span)
    gutter = " " * len(str(span.line))
    carets = "^" * max(1, _width(marked))
    return "\n".join(
        [
            head,
            f"  --> {file}:{span.line}:{span.column}",
            f" {span.line} | {before}{marked}{after}".rstrip(),
            f" {gutter} | {' ' * _width(before)}{carets} {problem.hint}".rstrip(),
        ]
    )


def _around(line: str, span: Span) -> tuple[str, str, str]:
    start = span.column - 1
    end = len(line) if span.length is None else start + span.length
    before, marked, after = line[:start], line[start:end], line[end:]
    if len(before) > WIDEST // 2:
        before = "…" + before[-WIDEST // 2 :]
    if len(marked) > WIDEST:
        marked, after = marked[:WIDEST], "…"
    if len(after) > WIDEST // 2:
        after = after[: WIDEST // 2] + "…"
    return visible(before), visible(marked), visible(after)


def visible(text: str) -> str:
    """Return `text` without anything that a terminal would act upon, character for character."""
    return "".join(" " if c == "\t" else c if is_harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def is_harmless(character: str) -> bool:
    """Whether a terminal would only show the character, in its place."""
    return category(character) not in ("Cc", "Cs", "Zl", "Zp") and character not in _TURNING


def _width(text: str) -> int:
    return sum(0 if category(c) in ("Mn", "Me", "Cf") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def quoted(word: str) -> str:
    """Return a word of the file for a message: visible, not too long, in quotes."""
    cut = word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}…"
    return f"'{visible(cut)}'"


def named(path: KeyPath) -> str:
    """Return what `path` is called in a message, such as `'rise' of 'warning' of check 'latency'`."""
    if not path:
        return "the config"
    *parents, last = path
    if len(path) == 2 and path[0] in ENTITIES:
        return f"{ENTITIES[str(path[0])]} {last + 1 if isinstance(last, int) else quoted(last)}"
    own = f"item {last + 1}" if isinstance(last, int) else quoted(last)
    return f"{own} of {named(tuple(parents))}" if parents else own


def inside(path: KeyPath) -> str:
    """Return ` in check 'latency'` for what lies in it, and nothing for what lies at the top."""
    return f" in {named(path)}" if path else ""
