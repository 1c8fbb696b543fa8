"""Finds what a package declares, by looking: there is no list to keep."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from aiopsctl.errors import UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.metric import Metric

T = TypeVar("T")


def modules(package: str) -> Iterator[ModuleType]:
    """Yield the modules of a package by name, in alphabetical order."""
    for found in sorted(iter_modules(import_module(package).__path__), key=lambda m: m.name):
        yield import_module(f"{package}.{found.name}")


def declared(package: str, kind: type[T]) -> list[T]:
    """Return every module-level object of a type in the modules of a package, in the order of their declaration."""
    return [
        thing
        for module in modules(package)
        for name, thing in vars(module).items()
        if isinstance(thing, kind) and not name.startswith("_")
    ]


@cache
def metrics() -> "dict[str, Metric]":
    """Return every declared metric by name."""
    from aiopsctl.metric import Metric

    found = declared("aiopsctl.metrics", Metric)
    by_name = {metric.name: metric for metric in found}
    if len(by_name) != len(found):
        names = [metric.name for metric in found]
        message = f"declared twice: {sorted({name for name in names if names.count(name) > 1})}"
        raise ValueError(message)
    return by_name


def metric(name: str) -> "Metric":
    """Return a metric by its name, or raise `UsageError` with the nearest one."""
    found = metrics().get(name)
    if found is None:
        known = tuple(metrics())
        raise UsageError(f"unknown metric '{name}'", help=nearest(name, known) or "aiopsctl explain lists all metrics")
    return found
