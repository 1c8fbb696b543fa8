"""The handbook's thresholds written out as a config, from the declarations of the metrics."""

import sys

from aiopsctl import catalog
from aiopsctl.checks.check import LEVELS
from aiopsctl.facts import FACTS
from aiopsctl.metric import Metric, Threshold

_HEAD = """\
# Every threshold that the handbook names, as aiopsctl judges them without a config.
# Written from the declarations of the metrics; copy what you need and change the figures.
version: 1

# The class of a feature sets its latency limits. Name your features, for example:
#   features:
#     draft: {class: on-demand, owner: pia}
"""


def as_yaml() -> str:
    """Return the config that says what `aiopsctl check` judges without one."""
    parts = [_HEAD, "classes:", *_classes(), "", "checks:"]
    for metric in catalog.metrics().values():
        parts += [line for check in checks_of(metric) for line in _when_told(metric, check)]
    return "\n".join(parts) + "\n"


def checks_of(metric: Metric) -> list[list[str]]:
    """Return the checks of a metric's thresholds, each as the lines that a config has for it."""
    plain = [t for t in metric.thresholds if "class" not in t.when]
    classed = [_class_check(metric)] if len(plain) < len(metric.thresholds) else []
    return [_check(metric, threshold) for threshold in plain] + classed


def _classes() -> list[str]:
    limits: dict[str, dict[str, float]] = {}
    for metric in catalog.metrics().values():
        for threshold in metric.thresholds:
            if "class" in threshold.when and threshold.critical is not None:
                key = metric.name.removeprefix("latency-")
                limits.setdefault(threshold.when["class"], {})[key] = threshold.critical
    lines = [
        f"  {name + ':':<12} {{{', '.join(f'{key}: {_time(value)}' for key, value in of.items())}}}"
        for name, of in limits.items()
    ]
    return [*lines, f"  {'async:':<12} {{}}"]


def _time(ms: float) -> str:
    return f"{ms / 1000:g}s" if ms >= 1000 else f"{ms:g}ms"


def _class_check(metric: Metric) -> list[str]:
    first = next(t for t in metric.thresholds if "class" in t.when)
    return [
        f"  {metric.name}:  # {first.origin}",
        f"    metric: {metric.name}",
        f"    by: {', '.join(first.by)}",
        f"    window: {first.window}",
        "    critical: {above: class}",
    ]


def _when_told(metric: Metric, lines: list[str]) -> list[str]:
    """Return a check as a comment where the config first has to say what no log does."""
    told = [FACTS[name].written for name in metric.facts if FACTS[name].written]
    return [f"  # needs {', '.join(told)}", *(f"  # {line[2:]}" for line in lines)] if told else lines


def _check(metric: Metric, threshold: Threshold) -> list[str]:
    lines = [f"  {metric.name}:  # {threshold.origin}", f"    metric: {metric.name}"]
    lines += [f"    by: {', '.join(threshold.by)}"] if threshold.by else []
    lines.append(f"    window: {threshold.window}")
    if threshold.kind in ("rise", "fall"):
        lines.append("    compare: previous")
    for level in reversed(LEVELS):
        value = getattr(threshold, level)
        if value is not None:
            lines.append(f"    {level}: {{{threshold.kind}: {_quantity(value, metric, threshold)}}}")
    return lines


def _quantity(value: float, metric: Metric, threshold: Threshold) -> str:
    if threshold.kind in ("rise", "fall") or metric.unit == "ratio":
        return f"{value * 100:g}%"
    return f"{value:g}" + {"x": "x", "ms": "ms", "usd": " USD"}.get(metric.unit, "")


if __name__ == "__main__":
    sys.stdout.write(as_yaml())
