"""From verdicts to an exit code."""

from collections.abc import Sequence

from aiopsctl.checks.check import Check
from aiopsctl.result import FAIL_ON, Verdict


def exit_code(verdicts: Sequence[Verdict], checks: Sequence[Check], *, fail_on: str, strict: bool) -> int:
    """Return 1 for a breach at or above `fail_on`, else 3 where something could not be judged, else 0.

    Not judged: any unknown; skipped or blind where the check is required or the run strict; or no check at all.
    """
    statuses = [v.status for v in verdicts]
    if any(status in FAIL_ON[fail_on] for status in statuses):
        return 1
    required = {check.id for check in checks if check.required}
    silent = [v for v in verdicts if v.status in ("skipped", "blind") and (strict or v.id in required)]
    return 3 if "unknown" in statuses or silent or not statuses else 0


def is_judged(verdicts: Sequence[Verdict]) -> bool:
    """Return whether any verdict is more than skipped: where all are, nobody looked."""
    return not verdicts or any(v.status != "skipped" for v in verdicts)


def monitor_code(verdicts: Sequence[Verdict], code: int, *, fail_on: str) -> int:
    """Return the code of monitors: 2 critical, 1 warning, 3 unknown, 0 ok; `fail_on` never leaves breaches out."""
    statuses = {v.status for v in verdicts} if fail_on != "never" else set()
    return 2 if "critical" in statuses else 1 if "warning" in statuses else code
