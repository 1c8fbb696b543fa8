"""Strict scalars: text stays what is written, numbers must be numbers, booleans are true and false.

YAML would read `no` as false, `12:30` as 750 and `010` as 8; here the type of the key decides.
Each function returns the value or raises `UsageError` with what would have been right.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import yaml
from msgspec import Meta

from aiopsctl.config.problem import is_harmless, quoted
from aiopsctl.config.quantity import LARGEST, Quantity, quantity
from aiopsctl.errors import UsageError, nearest

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*(?:_[0-9]+)*)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS = {"true": True, "false": False}
_LIKE_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def text(node: yaml.ScalarNode) -> str:
    """Return the text as it is written."""
    written: str = node.value
    if not written.strip():
        raise UsageError("empty text", help="write something, or remove the key")
    if not all(map(is_harmless, written.replace("\n", "").replace("\t", ""))):
        raise UsageError(f"a control character in {quoted(written)}", help="write visible characters only")
    return written


def whole(node: yaml.ScalarNode) -> int:
    """Return the whole number that is written, with or without underscores."""
    written = node.value
    if node.style is None and re.fullmatch(r"-?0[0-9_]+", written):
        raise UsageError(f"{quoted(written)} has a leading zero", help="write it without")
    if node.style is not None or not _WHOLE.fullmatch(written):
        raise UsageError(f"{quoted(written)} is not a whole number", help=_digits(node))
    # NOTE: the length is looked at first, since int() of very many digits raises an error of its own.
    if len(written) > len(f"{LARGEST:_}") or abs(int(written)) > LARGEST:
        raise UsageError(f"{quoted(written)} is too large", help=f"the largest number is {LARGEST:_}")
    return int(written)


def boolean(node: yaml.ScalarNode) -> bool:
    """Return true or false."""
    if node.style is None and node.value in _BOOLEANS:
        return _BOOLEANS[node.value]
    meant = _LIKE_BOOLEANS.get(node.value.lower(), "true or false")
    raise UsageError(f"{quoted(node.value)} is neither true nor false", help=f"write {meant}")


def day(node: yaml.ScalarNode) -> date:
    """Return the date that is written."""
    try:
        if _DAY.fullmatch(node.value):
            return date.fromisoformat(node.value)
    except ValueError:
        pass
    raise UsageError(f"{quoted(node.value)} is not a date", help="such as 2026-11-30")


def one_of(node: yaml.ScalarNode, words: tuple[str | int, ...]) -> str | int:
    """Return the one of `words` that is written."""
    for word in words:
        if node.value == str(word):
            return word
    known = [str(word) for word in words]
    allowed = " or ".join(known)
    raise UsageError(f"unknown value {quoted(node.value)}", help=nearest(node.value, known) or f"write {allowed}")


def amount(node: yaml.ScalarNode) -> Quantity:
    """Return the quantity that is written."""
    return quantity(text(node))


READERS: dict[object, Callable[[yaml.ScalarNode], object]] = {
    str: text,
    int: whole,
    bool: boolean,
    date: day,
    Quantity: amount,
}

NAMES: dict[object, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    date: "a date",
    Quantity: "a quantity",
}


def read_as(node: yaml.ScalarNode, type_: object, metas: list[Meta]) -> object:
    """Return the value that is written, if it is of `type_` and keeps within what its key allows."""
    try:
        return constrained(READERS[type_](node), metas)
    except UsageError as error:
        units = [meta for meta in metas if meta.extra]
        if units and not error.help.startswith("did you mean"):
            raise UsageError(error.what, help=_examples(units[0])) from None
        raise


def constrained(value: object, metas: list[Meta]) -> object:
    """Return `value` if it keeps within what its key allows."""
    for meta in metas:
        _within(value, meta)
    return value


def _within(value: Any, meta: Meta) -> None:
    if meta.pattern is not None and not re.search(meta.pattern, value):
        raise UsageError(f"{quoted(value)} is not a {meta.title}", help=_examples(meta))
    if meta.ge is not None and value < meta.ge:
        raise UsageError(f"{value} is less than {meta.ge}", help=f"the least is {meta.ge}")
    if meta.extra and isinstance(value, Quantity):
        low, high = meta.extra["units"].get(value.unit, (1, 0))
        if not low <= value.value <= high:
            raise UsageError(f"'{value}' is not a {meta.title}", help=_examples(meta))


def _examples(meta: Meta) -> str:
    return f"such as {' or '.join(map(str, meta.examples))}" if meta.examples else ""


def is_nothing(node: yaml.Node) -> bool:
    """Whether no value is written, or YAML's word for none."""
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in ("", "~", "null", "Null", "NULL")


def _digits(node: yaml.ScalarNode) -> str:
    return "write digits, such as 2_000_000" if node.style is None else "write it without quotes"
