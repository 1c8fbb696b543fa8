"""From a check and a measurement to a verdict. Unknown is a verdict, never a pass."""

from math import copysign, isfinite, sqrt

from msgspec import Struct
from msgspec.structs import replace

from aiopsctl.checks.alarms import HARM, Evidence, in_words
from aiopsctl.checks.check import LEVELS, Check
from aiopsctl.config import Limit
from aiopsctl.readable import change, number
from aiopsctl.result import Measurement, Reference, Verdict


class _Finding(Struct, frozen=True):
    """Whether a value is past a limit, and whether it surely is: with its whole interval, where that is asked."""

    level: str
    limit: Limit
    past: bool
    surely: bool


def judge(check: Check, m: Measurement, covered: str | None, proof: Evidence | None = None) -> Verdict:
    """Return the verdict of one check on one slice.

    `covered` says why the window before cannot be compared with, `proof` what speaks for a change being no chance.
    """
    if m.value is None or m.status == "unknown":
        status = check.on_no_data if m.value is None else "unknown"
        return verdict(check, m, status, m.reason, None)
    if m.n < check.min_samples and check.on_few_samples != "judge":
        status = "unknown" if check.on_few_samples == "unknown" else "skipped"
        return verdict(check, m, status, f"{m.n:,} of {check.min_samples:,} samples", None)
    limits = _limits(check, m)
    relative = [limit for _, limit in limits if limit.kind in ("rise", "fall")]
    missing = _no_reference(check, m.reference, covered) if relative else None
    judged = [(level, limit) for level, limit in limits if not (missing and limit in relative)]
    findings = [_finding(level, limit, check, m, proof) for level, limit in judged]
    for finding in findings:
        if finding.surely:
            return verdict(check, m, finding.level, _words(finding.limit, m), finding.limit)
    if missing:
        status = "unknown" if m.reference and m.reference.reason else "skipped"
        return verdict(check, m, status, missing, relative[0])
    if unseen := _unseen(judged, m, proof):
        return unseen_verdict(check, m, *unseen, past=any(f.past and f.limit == unseen[1] for f in findings))
    near = next((f for f in findings if f.past), None)
    reason = f"{_words(near.limit, m)}, but {_doubt(near, proof)}" if near else m.reason
    return verdict(check, m, "ok", reason, near.limit if near else findings[0].limit if findings else None)


def _doubt(near: _Finding, proof: Evidence | None) -> str:
    """Return why a value past its limit is no breach."""
    if proof is None or near.limit.kind not in HARM:
        return "not with its whole interval"
    return (
        f"chance explains it (p {proof.p(near.limit.kind):.2g}, an alarm is below {proof.bar.cutoffs[near.level]:.1g})"
    )


def _unseen(
    judged: list[tuple[str, Limit]], m: Measurement, proof: Evidence | None
) -> tuple[str, Limit, Evidence] | None:
    """Return the mildest limit of a change that could have been passed without being seen."""
    if proof is None or m.reference is None or m.reference.value is None:
        return None
    for level, limit in reversed(judged):
        if limit.kind in HARM:
            return None if proof.sees(level, limit, m.reference.value) else (level, limit, proof)
    return None


def unseen_verdict(check: Check, m: Measurement, level: str, limit: Limit, proof: Evidence, *, past: bool) -> Verdict:
    """Return the verdict of a check that is blind: it says the smallest change that it could have seen."""
    size = proof.detectable(level, limit.kind)
    seen = f"the smallest {limit.kind} it could see is {in_words(size, m, proof.change.scale)}; limit: {limit_words(limit, m.unit)}"
    reason = f"{_words(limit, m)}, which chance may explain; {seen.partition(';')[0]}" if past else seen
    return replace(verdict(check, m, "blind", reason, limit), detectable=size if isfinite(size) else None)


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
        return (reference and reference.reason) or f"nothing to compare with in {_place(reference)}"
    if reference.n < check.min_samples and check.on_few_samples != "judge":
        return f"{reference.n:,} of {check.min_samples:,} samples in {_place(reference)}"
    return None


def _place(reference: Reference | None) -> str:
    saved = reference and reference.saved_at
    return f"baseline '{reference.name}', saved {saved[:10]}" if reference and saved else "the window before"


def _finding(level: str, limit: Limit, check: Check, m: Measurement, proof: Evidence | None) -> _Finding:
    value, nearest = _distance(limit, m)
    if proof is not None and limit.kind in HARM:
        return _Finding(level, limit, value >= 0, value >= 0 and proof.believed(level, limit.kind))
    is_mean = m.unit == "ratio" or (limit.kind in HARM and check.metric.value.ratio is not None)
    by_interval = check.judge == "interval" or (check.judge is None and is_mean)
    return _Finding(level, limit, value > 0, value > 0 and (nearest is None or nearest > 0 or not by_interval))


def _distance(limit: Limit, m: Measurement) -> tuple[float, float | None]:
    """Return how far the value is past the limit, and how far the nearer end of its interval is (None: no interval)."""
    value = m.value or 0.0
    if limit.kind == "above":
        return value - limit.value, None if m.low is None else m.low - limit.value
    if limit.kind == "below":
        return limit.value - value, None if m.high is None else limit.value - m.high
    before = m.reference
    if before is None or before.value is None:
        return 0.0, None
    sign = 1 if limit.kind == "rise" else -1
    factor, allowed = _allowed(limit, sign, before.value)
    past = sign * (value - factor * before.value) - allowed
    return past, _least(sign, factor, past, m, before)


def _allowed(limit: Limit, sign: int, before: float) -> tuple[float, float]:
    """Return what the value may be: a factor of the reference, and an allowance beside it."""
    if limit.mode == "absolute":
        return 1.0, limit.value
    share = limit.value if limit.mode == "relative" else abs(limit.value - 1)
    return 1 + sign * share * copysign(1, before), 0.0


def _least(sign: int, factor: float, past: float, m: Measurement, before: Reference) -> float | None:
    """Return the lower bound of `past`, a difference of two estimates (MOVER: Newcombe 1998; Zou and Donner 2008)."""
    if m.value is None or before.value is None:
        return None
    if m.low is None or m.high is None or before.low is None or before.high is None:
        return None
    own = m.value - m.low if sign > 0 else m.high - m.value
    theirs = before.high - before.value if sign > 0 else before.value - before.low
    return past - sqrt(own**2 + (factor * theirs) ** 2)


def _words(limit: Limit, m: Measurement) -> str:
    if limit.kind in ("above", "below"):
        return f"{number(m.value, m.unit)} is {limit.kind} the limit of {number(limit.value, m.unit)}"
    before = m.reference.value if m.reference else None
    name = m.reference.name if m.reference else "previous"
    saved = f", saved {m.reference.saved_at[:10]}" if m.reference and m.reference.saved_at else ""
    verb = "rose" if limit.kind == "rise" else "fell"
    moved = change(m.value, before, m.unit).lstrip("+-") or f"to {number(m.value, m.unit)}"
    against = "" if name == "previous" else f" against {name}{saved}"
    return f"{verb} {moved} from {number(before, m.unit)}; limit: {limit_words(limit, m.unit)}{against}"


def limit_words(limit: Limit, unit: str) -> str:
    """Return a limit as it would be written: `rise of 20 %`, `above $0.02`."""
    if limit.mode == "relative":
        return f"{limit.kind} of {limit.value * 100:g} %"
    if limit.mode == "factor":
        return f"{limit.kind} to {limit.value:g}x"
    if limit.kind in ("rise", "fall"):
        size = f"{limit.value * 100:g} points" if unit == "ratio" else number(limit.value, unit)
        return f"{limit.kind} of {size}"
    return f"{limit.kind} {number(limit.value, unit)}"


def verdict(check: Check, m: Measurement, status: str, reason: str | None, limit: Limit | None) -> Verdict:
    """Return a verdict on a measurement; the window and the next command are added by who knows them."""
    written = None if limit is None else {"kind": limit.kind, "value": limit.value, "mode": limit.mode}
    return Verdict(
        id=check.id, metric=m.metric, slice=m.slice, status=status, value=m.value, low=m.low, high=m.high, n=m.n,
        unit=m.unit, reference=m.reference, limit=written, window={"name": check.window}, breached_since=None,
        reason=reason, at=check.at, next=None, runbook=check.runbook,
    )  # fmt: skip
