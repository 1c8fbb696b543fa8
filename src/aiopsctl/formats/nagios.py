"""Monitoring plugins: a status line with performance data, then a line a finding."""

from aiopsctl.checks.outcome import monitor_code
from aiopsctl.formats.cells import NONE
from aiopsctl.formats.findings import findings, subject, unjudged, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.verdicts import counted
from aiopsctl.readable import ascii_escape, clean
from aiopsctl.result import Result, Verdict

_CODES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_RANGES = {"above": "~:{}", "below": "{}:"}


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return what a monitor reads; the word is that of the code that `--exit-codes nagios` leaves with."""
    checks, found = result.checks or [], findings(result)
    word = _CODES[monitor_code(checks, 3 if result.verdict == "not judged" else 0, fail_on=result.fail_on)]
    why = unjudged(result) or (f"{subject(found[0])}: {words(found[0])}" if found and found[0].status != "ok" else "")
    told = f"AIOPSCTL {word} - {counted(result)}{'; ' if why else ''}{why}"
    data = " ".join(_performance(check) for check in checks)
    lines = [f"{check.status.upper()} {subject(check)}: {words(check)}" for check in found]
    return "".join(f"{line}\n" for line in (f"{_safe(told)}{' | ' if data else ''}{data}", *map(_safe, lines)))


def _safe(text: str) -> str:
    """Return text without a bar: that would begin performance data."""
    return text.replace("|", ascii_escape("|"))


def _performance(check: Verdict) -> str:
    """Return `'label'=value[UOM];warn;crit`; only the limit that a value is past is known to be of a level."""
    slices = [f"{clean(key)}:{NONE if value is None else clean(value)}" for key, value in check.slice.items()]
    names = [clean(check.id)] if check.id == check.metric else [clean(check.id), check.metric]
    label = _safe(" ".join([*names, *slices])).replace("=", ascii_escape("=")).replace("'", "''")
    if check.value is None:
        return f"'{label}'=U"
    limits = [_range(check) if check.status == level else "" for level in ("warning", "critical")]
    return f"'{label}'={_number(check.value, check.unit)}{_unit(check.unit)};{';'.join(limits)}".rstrip(";")


def _range(check: Verdict) -> str:
    limit = check.limit or {}
    kind, value = limit.get("kind"), limit.get("value")
    return _RANGES[kind].format(_number(value, check.unit)) if kind in _RANGES and value is not None else ""


def _unit(unit: str) -> str:
    return {"ratio": "%", "ms": "ms"}.get(unit, "")


def _number(value: float, unit: str) -> str:
    """Return digits, a point and a sign, all that monitors read; nine decimals hold a nano-dollar."""
    return f"{value * 100 if unit == 'ratio' else value:.9f}".rstrip("0").rstrip(".")


FORMAT = Format("nagios", (), render, of_check=True)
