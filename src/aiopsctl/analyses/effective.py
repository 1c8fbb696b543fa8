"""The config that holds, value by value, with where each comes from; and what each of its checks is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, fields

from aiopsctl.analyses.found import class_limits
from aiopsctl.checks.check import Check
from aiopsctl.checks.plan import words_of
from aiopsctl.config import CLASS_LIMITS, HANDBOOK_CLASSES, Config, Quantity
from aiopsctl.config.types import Settings
from aiopsctl.readable import clean, number

BUILT_IN = "built-in"
_SECTIONS = ("forecast", "revenue", "product_mau")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Setting:
    """One value of the config that holds: its dotted key, and where it comes from."""

    key: str
    value: str | bool | int | list[str] | None
    origin: str
    line: int | None = None


def effective(config: Config, file: str, flags: Mapping[str, tuple[Any, str]]) -> list[Setting]:
    """Return every value that holds: by a flag (`flags`: key -> value, flag), by a line of the file, or built in.

    What has no value and is not at the top is left out; the handbook's classes are told.
    """
    found = [_preset(each, config) for each in _struct(config, (), config, file) if each.key not in (*flags, "classes")]
    given = [Setting(key, _value(value), flag) for key, (value, flag) in flags.items()]
    order = [each.encode_name for each in fields(Settings)]
    return sorted([*found, *given, *_classes(config)], key=lambda each: order.index(re.split(r"[.[]", each.key)[0]))


def _preset(setting: Setting, config: Config) -> Setting:
    """Say what holds where the file does not say whether the handbook's limits are judged."""
    if setting.key != "preset" or setting.value is not None:
        return setting
    return replace(setting, value="none" if config.checks else "handbook")


def _struct(of: Struct, path: Path, config: Config, file: str) -> Iterator[Setting]:
    for each in fields(Settings if path == () else type(of)):
        own = (*path, each.encode_name)
        value = getattr(of, each.name)
        if value is not None or not path:
            yield from _any(value, own, config, file)


def _any(value: Any, path: Path, config: Config, file: str) -> Iterator[Setting]:
    if isinstance(value, Struct):
        yield from _struct(value, path, config, file)
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _any(each, (*path, key), config, file)
    elif isinstance(value, tuple) and any(isinstance(each, Struct) for each in value):
        for n, each in enumerate(value):
            yield from _any(each, (*path, n), config, file)
    elif value not in ((), {}) or len(path) == 1:
        origin, line = _origin(path, config, file)
        yield Setting(_dotted(path), _value(value), origin, line)


def _origin(path: Path, config: Config, file: str) -> tuple[str, int | None]:
    """Return where a value is written; a path that stands alone is written where its source is."""
    place = config.place(*path)
    if place is None and path[0] == "sources" and path[-1] == "path":
        place = config.place(*path[:-1])
    if place is not None:
        return f"{file}:{place.line}", place.line
    return (str(config.monthly), None) if len(path) == 2 and path[0] in _SECTIONS else (BUILT_IN, None)


def _dotted(path: Path) -> str:
    """Return a key as it is written: names with dots are quoted, items have their number."""
    parts = [f"[{part}]" if isinstance(part, int) else f'."{part}"' if "." in part else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def _value(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [str(each) for each in value]
    if isinstance(value, Quantity | date):
        return str(value)
    return None if value in ((), {}) else value


def _classes(config: Config) -> Iterator[Setting]:
    """Yield the handbook's limits of the classes that the file does not write itself."""
    limits = class_limits()
    for name in HANDBOOK_CLASSES:
        for metric, of in limits.items():
            if name not in config.classes and name in of:
                yield Setting(f"classes.{name}.{CLASS_LIMITS[metric]}", f"{of[name]:g}ms", BUILT_IN)


def as_rows(settings: Sequence[Setting]) -> list[tuple[str, str, str]]:
    """Return values as a table of text: key, value, origin."""
    return [(clean(each.key), _shown(each.value), clean(each.origin)) for each in settings]


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return str(value).lower()
    return clean(", ".join(value) if isinstance(value, list) else value)


def described(check: Check) -> dict[str, Any]:
    """Return what a check is, one metric of it: what it looks at, when it is bad, and what happens then."""
    classes = {name: limit for name, limit in check.of_class.items() if check.by_class}
    return {
        "id": check.id, "metric": check.metric.name, "title": check.metric.title, "by": list(check.by),
        "where": check.where, "window": check.window, "compare": check.compare, "limits": words_of(check),
        "levels": {level: [asdict(limit) for limit in limits] for level, limits in check.limits.items()},
        "classes": classes, "judge": check.judge or ("interval" if check.metric.unit == "ratio" else "value"),
        "min_samples": check.min_samples, "on_few_samples": check.on_few_samples, "on_no_data": check.on_no_data,
        "for_days": check.lasts or None, "required": check.required, "runbook": check.runbook,
        "at": check.at, "origin": check.origin or None,
    }  # fmt: skip


def check_rows(check: Check) -> list[tuple[str, str]]:
    """Return what a check is, in words."""
    of, unit = described(check), check.metric.unit
    place = f"{of['at']['file']}:{of['at']['line']}" if of["at"] else f"the handbook: {check.origin}"
    classes = ", ".join(f"{name} {number(limit, unit)}" for name, limit in of["classes"].items())
    rows = (
        ("metric", f"{of['metric']}: {check.metric.why}"),
        ("by", ", ".join(of["by"])),
        ("where", of["where"] or ""),
        ("over", f"{check.window}, up to now"),
        ("against", check.compare or ""),
        ("limits", of["limits"]),
        ("of classes", classes),
        ("judged by", "the whole interval" if of["judge"] == "interval" else "the value"),
        (
            "samples",
            f"at least {check.min_samples:,}; with fewer: {check.on_few_samples}; with none: {check.on_no_data}",
        ),
        ("lasts", f"{check.lasts} days before it is a breach" if check.lasts else ""),
        ("required", "yes: exit 3 where it cannot be judged" if check.required else "no"),
        ("runbook", check.runbook or ""),
        ("written in", place),
    )
    return [(name, clean(text, 2000)) for name, text in rows if text]
