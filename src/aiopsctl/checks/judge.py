"""From a check and a measurement to a verdict. Unknown is a verdict, never a pass."""

from dataclasses import dataclass
from math import sqrt

from aiopsctl.checks.check import LEVELS, Check
from aiopsctl.config import Limit
from aiopsctl.formats.words import change, number
from aiopsctl.result import Measurement, Reference, Verdict


@dataclass(frozen=True)
class _Finding:
    """How far a value is past a limit: in value, and with its whole interval."""

    level: str
    limit: Limit
    past: bool
    surely: bool


def judge(check: Check, m: Measurement, covered: str | None) -> Verdict:
    """Return the verdict of one check on one slice; `covered` says why the window before cannot be compared with."""
    if m.value is None or m.status == "unknown":
        status = check.on_no_data if m.value is None else "unknown"
        return _verdict(check, m, status, m.reason, None)
    if m.n < check.min_samples and check.on_few_samples != "judge":
        status = "unknown" if check.on_few_samples == "unknown" else "skipped"
        return _verdict(check, m, status, f"{m.n:,} of {check.min_samples:,} samples", None)
    limits = _limits(check, m)
    relative = [limit for _, limit in limits if limit.kind in ("rise", "fall")]
    if relative and (why := _no_reference(check, m.reference, covered)):
        return _verdict(check, m, "skipped", why, relative[0])
    findings = [_finding(level, limit, check, m) for level, limit in limits]
    for finding in findings:
        if finding.surely:
            return _verdict(check, m, finding.level, _words(finding.limit, m), finding.limit)
    near = next((f for f in findings if f.past), None)
    reason = f"{_words(near.limit, m)}, but its interval is not" if near else m.reason
    return _verdict(check, m, "ok", reason, findings[0].limit if findings else None)


def _limits(check: Check, m: Measurement) -> list[tuple[str, Limit]]:
    """Return the limits that hold for a slice, the worst level first; a class gives its own."""
    found = []
    for level in LEVELS:
        found += [(level, limit) for limit in check.limits.get(level, ())]
        if level in check.by_class:
            value = check.of_class.get(check.classes.get(str(m.slice.get("feature")), ""))
            found += [(level, Limit("above", value, "absolute"))] if value is not None else []
    return found


def has_limit(check: Check, m: Measurement) -> bool:
    """Return whether any limit of the check holds for the slice (a feature of class async has none for latency)."""
    return bool(_limits(check, m))


def _no_reference(check: Check, reference: Reference | None, covered: str | None) -> str | None:
    if covered:
        return covered
    if reference is None or reference.value is None:
        return "nothing to compare with in the window before"
    if reference.n < check.min_samples:
        return f"{reference.n:,} of {check.min_samples:,} samples in the window before"
    return None


def _finding(level: str, limit: Limit, check: Check, m: Measurement) -> _Finding:
    value, best = _distance(limit, m)
    past = value > 0
    by_interval = check.judge == "interval" or (check.judge is None and m.unit == "ratio")
    return _Finding(level, limit, past, past and (best > 0 if by_interval and best is not None else True))


def _distance(limit: Limit, m: Measurement) -> tuple[float, float | None]:
    """Return how far the value is past the limit, and how far the nearer end of its interval is (None: no interval)."""
    value = m.value or 0.0
    if limit.kind == "above":
        return value - limit.value, None if m.low is None else m.low - limit.value
    if limit.kind == "below":
        return limit.value - value, None if m.high is None else limit.value - m.high
    reference = m.reference
    before = 0.0 if reference is None or reference.value is None else reference.value
    sign = 1 if limit.kind == "rise" else -1
    allowed = _allowed(limit, before)
    moved = sign * (value - before)
    return moved - allowed, _least_move(sign, m, reference, moved, allowed)


def _allowed(limit: Limit, before: float) -> float:
    """Return the absolute change that a limit allows from a reference."""
    if limit.mode == "absolute":
        return limit.value
    share = limit.value if limit.mode == "relative" else abs(limit.value - 1)
    return share * abs(before)


def _least_move(
    sign: int, m: Measurement, reference: Reference | None, moved: float, allowed: float
) -> float | None:
    """Return the lower bound of the change beyond what is allowed (MOVER: Newcombe 1998; Zou and Donner 2008)."""
    if reference is None or None in (m.low, m.high, reference.low, reference.high) or m.value is None:
        return None
    near = m.value - m.low if sign > 0 else m.high - m.value  # type: ignore[operator]  # None is excluded above
    far = reference.high - reference.value if sign > 0 else reference.value - reference.low  # type: ignore[operator]
    return moved - sqrt(near**2 + far**2) - allowed


def _words(limit: Limit, m: Measurement) -> str:
    if limit.kind in ("above", "below"):
        return f"{number(m.value, m.unit)} is {limit.kind} the limit of {number(limit.value, m.unit)}"
    before = m.reference.value if m.reference else None
    verb = "rose" if limit.kind == "rise" else "fell"
    return f"{verb} {change(m.value, before, m.unit).lstrip('+-')} from {number(before, m.unit)}; limit: {limit_words(limit, m.unit)}"


def limit_words(limit: Limit, unit: str) -> str:
    """Return a limit as it would be written: `rise of 20 %`, `above $0.02`."""
    if limit.mode == "relative":
        return f"{limit.kind} of {limit.value * 100:g} %"
    if limit.mode == "factor":
        return f"{limit.kind} to {limit.value:g}x"
    if limit.kind in ("rise", "fall"):
        return f"{limit.kind} of {limit.value * 100:g} points" if unit == "ratio" else f"{limit.kind} of {number(limit.value, unit)}"
    return f"{limit.kind} {number(limit.value, unit)}"


def _verdict(check: Check, m: Measurement, status: str, reason: str | None, limit: Limit | None) -> Verdict:
    written = None if limit is None else {"kind": limit.kind, "value": limit.value, "mode": limit.mode}
    return Verdict(
        id=check.id, metric=m.metric, slice=m.slice, status=status, value=m.value, low=m.low, high=m.high, n=m.n,
        unit=m.unit, reference=m.reference, limit=written, window={"name": check.window}, breached_since=None, reason=reason, at=check.at, next=None,
    )  # fmt: skip
