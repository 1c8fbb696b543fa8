"""How long calls took, by feature: counts on a logarithmic scale, beside the quantiles and the limits of the class."""

from collections.abc import Sequence
from math import floor, log10
from typing import Any

from msgspec.structs import replace

from aiopsctl import catalog, sums
from aiopsctl.checks.check import Check
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import Scope, measure, prepared
from aiopsctl.result import Result
from aiopsctl.sources.log import Log

_PER_DECADE = 12
_METRICS = ("latency-p50", "latency-p95", "latency-p99")


def with_distributions(result: Result, log: Log, scope: Scope, checks: Sequence[Check]) -> Result:
    """Return the answer with `distributions`, of the features with most calls first; limits are those of the checks."""
    return replace(result, extra={**result.extra, "distributions": distributions(log, scope, checks)})


def distributions(log: Log, scope: Scope, checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return the latency of each feature's calls that are ok, in bins of a twelfth of a decade, `ms` their middle."""
    own = replace(scope, by=("feature",), reference=None, told=None)
    plan = Reduction(own.by, ("latency_ms",), ("latency_ms",), {column_of(sums.ok_calls): sums.ok_calls})
    (found,) = local.reduce(prepared(log.events, own), [plan])
    counted: dict[Any, dict[int, int]] = {}
    for feature, ms, calls in found.iter_rows():
        if ms is not None and ms > 0 and calls:
            bins = counted.setdefault(feature, {})
            at = floor(log10(ms) * _PER_DECADE)
            bins[at] = bins.get(at, 0) + calls
    measured = measure(log.events, [catalog.metric(name) for name in _METRICS], own)
    quantiles = {(m.metric, m.slice["feature"]): m.value for m in measured}
    return [
        {
            "feature": feature, "class": _class(feature, checks), "calls": sum(bins.values()),
            **{f"{name.removeprefix('latency-')}_ms": quantiles.get((name, feature)) for name in _METRICS},
            **{f"{name.removeprefix('latency-')}_limit_ms": _limit(name, feature, checks) for name in _METRICS},
            "bins": [
                {"ms": 10 ** ((at + 0.5) / _PER_DECADE), "calls": bins.get(at, 0)} for at in range(min(bins), max(bins) + 1)
            ],
        }
        for feature, bins in sorted(counted.items(), key=lambda item: -sum(item[1].values()))
    ]  # fmt: skip


def _class(feature: Any, checks: Sequence[Check]) -> str | None:
    return next((check.classes[feature] for check in checks if feature in check.classes), None)


def _limit(name: str, feature: Any, checks: Sequence[Check]) -> float | None:
    own = (check for check in checks if check.metric.name == name and check.of_class)
    return next((check.of_class[c] for check in own if (c := check.classes.get(feature, "")) in check.of_class), None)
