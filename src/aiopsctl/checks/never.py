"""Why a check, or a limit of it, cannot fire on a log, whatever its values are."""

from collections.abc import Iterator

import polars as pl

from aiopsctl.checks.check import Check
from aiopsctl.checks.judge import limit_words
from aiopsctl.config import Limit
from aiopsctl.engine.kept import Events
from aiopsctl.events import CALENDAR
from aiopsctl.facts import FACTS
from aiopsctl.measure import complete
from aiopsctl.metric import Metric
from aiopsctl.readable import number
from aiopsctl.result import Verdict
from aiopsctl.where import predicate


def never(check: Check, verdict: Verdict, events: Events, where: str | None, most: int | None) -> list[str]:
    """Return every reason why nothing can fire, for one slice.

    `most` are the most samples of any window as long as the check's, where all that were seen had too few.
    """
    return [*_of_rows(check, events, where), *_of_samples(check, most), *_of_limits(check, verdict)]


def _of_rows(check: Check, events: Events, where: str | None) -> Iterator[str]:
    if where and complete(events).filter(predicate(where)).select(pl.len()).collect().item() == 0:
        yield f"no row of the log is where {where}"
    for column in check.by:
        if ("ts" if column in CALENDAR else column) not in events.columns:
            yield f"the log has no {column}, so it cannot be judged by it"


def _of_samples(check: Check, most: int | None) -> Iterator[str]:
    if most is not None and most < check.min_samples and check.on_few_samples != "judge":
        yield f"no window of {check.window} has {check.min_samples:,} samples: the most are {most:,}"


def _of_limits(check: Check, verdict: Verdict) -> Iterator[str]:
    own = [(level, limit) for level, limits in check.limits.items() for limit in limits]
    if check.by_class and not own and check.classes.get(str(verdict.slice.get("feature"))) is None:
        yield verdict.reason or "no feature has a class"
    for level, limit in own:
        beyond = _beyond(limit, check.metric)
        if beyond:
            yield f"{level} {limit_words(limit, check.metric.unit)}: {beyond}"
    relative = [limit for _, limit in own if limit.kind in ("rise", "fall")]
    if relative and (verdict.reference is None or verdict.reference.value is None) and verdict.value is not None:
        yield f"no {' or '.join(dict.fromkeys(limit.kind for limit in relative))}: {_why(verdict)}"


def _why(verdict: Verdict) -> str:
    return verdict.reason if verdict.status == "skipped" and verdict.reason else "nothing to compare with"


def _beyond(limit: Limit, metric: Metric) -> str:
    """Return why no value can be past a limit."""
    low, high = _range(metric)
    least, most = number(low, metric.unit), number(high, metric.unit)
    if limit.mode == "relative" and limit.kind == "fall" and limit.value >= 1 and low == 0:
        return f"it would have to fall below {least}"
    if limit.mode != "absolute":
        return ""
    if limit.kind == "above" and high is not None and limit.value >= high:
        return f"it is at most {most}"
    if limit.kind == "below" and low is not None and limit.value <= low:
        return f"it is at least {least}"
    if limit.kind in ("rise", "fall") and low is not None and high is not None and limit.value >= high - low:
        return f"it lies between {least} and {most}"
    return ""


def _range(metric: Metric) -> tuple[float | None, float | None]:
    """Return the least and the most that a metric can be; a difference, a score or one set against facts may be anything."""
    told = any(FACTS[name].written for name in metric.facts)
    if told or metric.unit == "score" or " minus " in metric.value.words:
        return None, None
    return {"ratio": (0.0, 1.0), "points": (-100.0, 100.0)}.get(metric.unit, (0.0, None))
