"""A check, ready to be judged: where its limits come from no longer matters."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.config import CLASS_LIMITS, Config, Limit, Limits, as_limit
from aiopsctl.config import Check as Written
from aiopsctl.metric import Kind, Metric, Threshold

LEVELS = ("critical", "warning")


class Check(Struct, frozen=True):
    """One metric with its limits, the worst level first.

    `of_class` gives the limit of a feature for `above: class`; a feature that is not in `classes` has none.
    """

    id: str
    metric: Metric
    limits: Mapping[str, tuple[Limit, ...]]
    by: tuple[str, ...] = ()
    where: str | None = None
    window: str = "7d"
    compare: str | None = None
    min_samples: int = 50
    judge: str | None = None
    required: bool = False
    on_no_data: str = "unknown"
    on_few_samples: str = "skip"
    at: dict[str, Any] | None = None
    lasts: int = 0
    runbook: str | None = None
    by_class: frozenset[str] = frozenset()
    classes: Mapping[str, str] = field(default_factory=dict)
    of_class: Mapping[str, float] = field(default_factory=dict)
    origin: str = ""


def from_config(config: Config, file: str) -> list[Check]:
    """Return the checks of a config; where it has none, or names the preset, those of the handbook."""
    written = [check for name, each in config.checks.items() for check in _written(name, each, config, file)]
    wants_preset = config.preset == "handbook" or (config.preset is None and not written)
    taken = {check.metric.name for check in written}
    preset = [check for check in handbook(config) if check.metric.name not in taken] if wants_preset else []
    return [*written, *preset]


def _written(name: str, check: Written, config: Config, file: str) -> Iterable[Check]:
    defaults = config.defaults
    place = config.place("checks", name)
    at = None if place is None else {"file": file, "line": place.line}
    for metric in map(catalog.metric, check.metric):
        written = {level: of for level in LEVELS if (of := getattr(check, level)) is not None}
        classed = frozenset(level for level, of in written.items() if of.above == "class")
        yield Check(
            id=name, metric=metric, limits={level: _limits(of, metric) for level, of in written.items()},
            by=check.by if not classed or "feature" in check.by else (*check.by, "feature"), where=check.where,
            window=check.window or defaults.window, compare=check.compare,
            min_samples=int(defaults.min_samples if check.min_samples is None else check.min_samples),
            judge=check.judge, required=check.required, on_no_data=defaults.on_no_data,
            on_few_samples=defaults.on_few_samples, at=at, lasts=int((check.for_ or "0d")[:-1]), runbook=check.runbook,
            by_class=classed, classes=_classes(config), of_class=_class_limits(metric, config) if classed else {},
        )  # fmt: skip


def _limits(written: Limits, metric: Metric) -> tuple[Limit, ...]:
    kinds: tuple[Kind, ...] = ("above", "below", "rise", "fall")
    found = [(kind, getattr(written, kind)) for kind in kinds]
    return tuple(as_limit(q, metric.unit, kind) for kind, q in found if q is not None and q != "class")


def _classes(config: Config) -> dict[str, str]:
    return {name: f.class_ for name, f in config.features.items() if f.class_ is not None}


def _class_limits(metric: Metric, config: Config) -> dict[str, float]:
    """Return the limit of each class: the handbook's, unless the config says otherwise."""
    limits = {t.when["class"]: t.critical for t in metric.thresholds if "class" in t.when and t.critical is not None}
    for name, of in config.classes.items():
        own = getattr(of, CLASS_LIMITS[metric.name])
        limits.pop(name, None)
        if own is not None:
            limits[name] = own.value
    return limits


def handbook(config: Config | None = None) -> list[Check]:
    """Return the handbook's thresholds as checks, read off the declarations of the metrics."""
    config = config or Config()
    return [check for metric in catalog.metrics().values() for check in _preset(metric, config)]


def _preset(metric: Metric, config: Config) -> Iterable[Check]:
    for threshold in metric.thresholds:
        if "class" not in threshold.when:
            relative = threshold.kind in ("rise", "fall")
            limits = {
                level: (Limit(threshold.kind, value, "relative" if relative else "absolute"),)
                for level in LEVELS
                if (value := getattr(threshold, level)) is not None
            }
            yield replace(_default(metric, threshold, config), limits=limits, compare="previous" if relative else None)
    classed = next((t for t in metric.thresholds if "class" in t.when), None)
    if classed:
        own, limits_of = _classes(config), _class_limits(metric, config)
        default = _default(metric, classed, config)
        yield replace(default, by_class=frozenset({"critical"}), classes=own, of_class=limits_of)


def _default(metric: Metric, threshold: Threshold, config: Config) -> Check:
    return Check(
        id=metric.name, metric=metric, limits={}, by=threshold.by, window=threshold.window,
        min_samples=int(config.defaults.min_samples), on_no_data=config.defaults.on_no_data,
        on_few_samples=config.defaults.on_few_samples, origin=threshold.origin,
    )  # fmt: skip
