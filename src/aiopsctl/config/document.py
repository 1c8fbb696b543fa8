"""The config file as YAML nodes, with everything refused that could surprise or harm.

Aliases, anchors, tags, a second document, more depth or size than a config needs: each is an error.
"""

import re
from codecs import BOM_UTF8
from pathlib import Path

import yaml

from aiopsctl.config.problem import Problem, Span

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

# NOTE: these are the line breaks of YAML; str.splitlines knows more, and would count other lines.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

_HINTS = {
    "expected chomping or indentation": "> begins a text; a limit is a key, such as {above: 20%}",
    "expected a comment or a line break": "> begins a text; a limit is a key, such as {above: 20%}",
    "found character '\\t'": "indent with spaces",
    "found character '%'": "quote a value that starts with %",
    "found character '@'": "quote a value that starts with @",
    "found character '`'": "quote a value that starts with `",
    "mapping values are not allowed": "quote a value that holds a colon and a space",
}
_HINT = "a quote, bracket or comma is missing or too many, here or before"


class RefusedError(Exception):
    """The file cannot be read as YAML at all."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem for whoever shows it."""
        super().__init__(problem.what)
        self.problem = problem


class _Strict(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML is untyped; its C loader dies of deep nesting
    """A loader that only composes nodes, and checks each before it does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        """Compose the next node, unless it is refused."""
        event = self.peek_event()
        fault = _fault(event)
        if self.depth >= MAX_DEPTH:
            fault = f"nested more than {MAX_DEPTH} deep", "no config needs that"
        if fault:
            raise RefusedError(Problem(fault[0], _span(event.start_mark), fault[1]))
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _fault(event: yaml.Event) -> tuple[str, str] | None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        return "anchors and aliases are refused", "write the value out where it is needed"
    if event.tag is not None:
        return "tags are refused", "write the value without the word that starts with !"
    return None


def read_bytes(path: Path) -> bytes:
    """Return the bytes of the file, never many more than a config can have."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RefusedError(Problem(f"the config is larger than {MAX_BYTES // 1024} KiB", hint="no config needs that"))
    return data


def decode(data: bytes) -> str:
    """Return the text of the file, which is UTF-8."""
    data = data.removeprefix(BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        what = f"the config is not UTF-8: byte 0x{data[error.start]:02x}"
        raise RefusedError(Problem(what, _end(data[: error.start].decode()), "save it as UTF-8")) from None


def lines_of(text: str) -> list[str]:
    """Return the lines of the file as YAML counts them."""
    return _BREAK.split(text)


def compose(text: str) -> yaml.MappingNode:
    """Return the one mapping that the file holds."""
    node = _root(text)
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        raise RefusedError(Problem("the config is empty", hint="aiopsctl init writes one from your data"))
    if not isinstance(node, yaml.MappingNode):
        found = "a list" if isinstance(node, yaml.SequenceNode) else "text"
        raise RefusedError(Problem("the config must be a mapping", span_of(node), f"found {found}"))
    return node


def _root(text: str) -> yaml.Node | None:
    try:
        return _only_document(_Strict(text))
    except yaml.MarkedYAMLError as error:
        problem, mark = str(error.problem), error.problem_mark or error.context_mark
        hint = next((hint for start, hint in _HINTS.items() if problem.startswith(start)), _HINT)
        raise RefusedError(Problem(f"not YAML: {problem}", _span(mark) if mark else None, hint)) from None
    except yaml.reader.ReaderError as error:
        what = f"control character U+{error.character:04X} in the config"
        raise RefusedError(Problem(what, _end(text[: error.position]), "remove it")) from None
    except (ValueError, OverflowError):
        # NOTE: PyYAML lets these escape from huge numbers in directives and in \U escapes, without a place.
        raise RefusedError(
            Problem("not YAML: a number in a directive or an escape is too large", hint="write what it stands for")
        ) from None


def _only_document(loader: _Strict) -> yaml.Node | None:
    loader.get_event()
    if loader.check_event(yaml.StreamEndEvent):
        return None
    node = loader.compose_document()
    if not loader.check_event(yaml.StreamEndEvent):
        span = _span(loader.peek_event().start_mark)
        raise RefusedError(Problem("a second document in the config", span, "a config is one document"))
    return node


def span_of(node: yaml.Node) -> Span:
    """Return where `node` is, as far as it goes on its first line."""
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else None
    return Span(start.line + 1, start.column + 1, length)


def _span(mark: yaml.Mark) -> Span:
    return Span(mark.line + 1, mark.column + 1)


def _end(text: str) -> Span:
    lines = lines_of(text)
    return Span(len(lines), len(lines[-1]) + 1)
