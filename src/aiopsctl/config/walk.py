"""YAML nodes -> the values of the types, with every problem on the way.

The types lead: a key that they do not have is a problem, and so is a value that is not of theirs. Whatever
can be read is read, so that all problems come to light at once.
"""

from collections.abc import Iterator
from contextlib import suppress
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import yaml
from msgspec import Meta, Struct, field
from msgspec.structs import FieldInfo, fields

from aiopsctl.config import scalar
from aiopsctl.config.document import span_of
from aiopsctl.config.problem import KeyPath, Problems, Span, inside, named, quoted
from aiopsctl.errors import UsageError, nearest


class UnreadError(Exception):
    """A value could not be read; why is among the problems already."""


class Reading(Struct):
    """Where each key and each value is written, and what is wrong with them."""

    keys: dict[KeyPath, Span] = field(default_factory=dict)
    values: dict[KeyPath, Span] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)

    def key(self, path: KeyPath) -> Span | None:
        """Return where the key is; of an item, where the item is."""
        return self.keys.get(path) or self.values.get(path)

    def value(self, path: KeyPath) -> Span | None:
        """Return where the value is; of a block, where its key is."""
        span = self.values.get(path)
        return span if span and span.length else self.keys.get(path) or span


class Kind(Struct, frozen=True):
    """A type without its wrapping: what it is, the words that may stand for it, what limits it."""

    type: Any
    words: tuple[str | int, ...]
    metas: list[Meta]


def kind_of(annotation: Any) -> Kind:
    """Return what `annotation` is at its heart; `X | None` is X, since a key without a value is refused."""
    if get_origin(annotation) is Annotated:
        inner, *metas = get_args(annotation)
        kind = kind_of(inner)
        return Kind(kind.type, kind.words, [*metas, *kind.metas])
    if get_origin(annotation) is Literal:
        return Kind(Literal, get_args(annotation), [])
    if get_origin(annotation) in (Union, UnionType):
        return _joined([kind_of(member) for member in get_args(annotation) if member is not type(None)])
    return Kind(annotation, (), [])


def _joined(members: list[Kind]) -> Kind:
    words = tuple(word for member in members for word in member.words)
    whole = [member for member in members if member.type is not Literal]
    return Kind(whole[0].type, words, whole[0].metas) if whole else Kind(Literal, words, [])


def read(node: yaml.Node, annotation: Any, path: KeyPath, reading: Reading) -> object:
    """Return the value of `node` as `annotation` says; `path` is where in the file that is."""
    kind = kind_of(annotation)
    if scalar.is_nothing(node):
        what = f"nothing is written for {named(path)}"
        return _refuse(reading, what, reading.key(path), "write it, or remove the key")
    if get_origin(kind.type) is tuple:
        return _items(node, get_args(kind.type)[0], path, reading)
    if get_origin(kind.type) is dict:
        return _members(node, kind.type, path, reading)
    if isinstance(kind.type, type) and issubclass(kind.type, Struct):
        return _struct(node, kind.type, path, reading)
    return _scalar(node, kind, path, reading)


def _refuse(reading: Reading, what: str, span: Span | None, hint: str) -> object:
    reading.problems.add(what, span, hint)
    raise UnreadError


def _scalar(node: yaml.Node, kind: Kind, path: KeyPath, reading: Reading) -> object:
    if not isinstance(node, yaml.ScalarNode):
        expected = scalar.NAMES.get(kind.type, " or ".join(map(str, kind.words)))
        return _wrong_shape(node, expected, path, reading)
    try:
        if kind.type is Literal:
            return scalar.one_of(node, kind.words)
        if node.value in kind.words:
            return node.value
        return scalar.read_as(node, kind.type, kind.metas)
    except UsageError as error:
        return _refuse(reading, f"{error.what}{inside(path)}", reading.value(path), error.help)


def _items(node: yaml.Node, item: Any, path: KeyPath, reading: Reading) -> object:
    many = isinstance(node, yaml.SequenceNode)
    nodes = node.value if many else [node]
    if not nodes:
        what = f"{named(path)} is an empty list"
        return _refuse(reading, what, reading.value(path), "write an item, or remove the key")
    values: list[object] = []
    for number, each in enumerate(nodes):
        own = (*path, number)
        reading.values[own] = span_of(each)
        spoken_of = own if many or not isinstance(each, yaml.ScalarNode) else path
        # NOTE: None keeps the places of the others; nobody sees it, since a problem has been kept.
        values.append(None)
        with suppress(UnreadError):
            values[number] = read(each, item, spoken_of, reading)
    return tuple(values)


def _members(node: yaml.Node, mapping: Any, path: KeyPath, reading: Reading) -> object:
    key_type, value_type = get_args(mapping)
    metas = kind_of(key_type).metas
    members = {}
    for key, key_node, value in _entries(node, path, reading):
        with suppress(UnreadError):
            _key(key_node, metas, path, reading)
            members[key] = read(value, value_type, (*path, key), reading)
    return members


def _key(node: yaml.ScalarNode, metas: list[Meta], path: KeyPath, reading: Reading) -> None:
    try:
        scalar.constrained(scalar.text(node), metas)
    except UsageError as error:
        _refuse(reading, f"{error.what}{inside(path)}", span_of(node), error.help)


def _struct(node: yaml.Node, struct: type[Struct], path: KeyPath, reading: Reading) -> object:
    known = {field.encode_name: field for field in fields(struct)}
    short = getattr(struct, "short", None)
    if short and isinstance(node, yaml.ScalarNode):
        return struct(**{short: read(node, known[short].type, path, reading)})
    values = {}
    for key, key_node, value in _entries(node, path, reading):
        if key not in known:
            hint = nearest(key, list(known)) or f"known: {', '.join(known)}"
            reading.problems.add(f"unknown key {quoted(key)}{inside(path)}", span_of(key_node), hint)
            continue
        with suppress(UnreadError):
            values[known[key].name] = read(value, known[key].type, (*path, key), reading)
    return struct(**{**_required(known, path, reading), **values})


def _required(known: dict[str, FieldInfo], path: KeyPath, reading: Reading) -> dict[str, None]:
    required = [name for name, field in known.items() if field.required]
    for name in required:
        if (*path, name) not in reading.keys:
            what = f"{named(path)} lacks '{name}'"
            reading.problems.add(what, reading.key(path), f"add {name}: …")
    # NOTE: None stands for what could not be read, so that the rest is still looked at; nobody else sees it,
    # since a problem has been kept for each.
    return dict.fromkeys(known[name].name for name in required)


def _entries(node: yaml.Node, path: KeyPath, reading: Reading) -> Iterator[tuple[str, yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        _wrong_shape(node, "a mapping", path, reading)
    for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        if not isinstance(key, yaml.ScalarNode):
            reading.problems.add(f"a key that is no text{inside(path)}", span_of(key), "a key is one word")
            continue
        own, span = (*path, key.value), span_of(key)
        first = reading.keys.get(own)
        if first:
            what = f"key {quoted(key.value)} is written twice{inside(path)}"
            reading.problems.add(what, span, f"first written on line {first.line}")
            continue
        reading.keys[own], reading.values[own] = span, span_of(value)
        yield key.value, key, value


def _wrong_shape(node: yaml.Node, expected: str, path: KeyPath, reading: Reading) -> object:
    found = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}.get(type(node), "text")
    return _refuse(reading, f"{named(path)} must be {expected}", reading.value(path), f"found {found}")
