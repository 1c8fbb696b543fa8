"""What a verdict can be, and which of that fails: words that help texts need, too."""

STATUSES = ("critical", "warning", "unknown", "blind", "skipped", "muted", "ok")
"""What a verdict can be, the worst first."""

BREACH = STATUSES[:2]
FAIL_ON = {"critical": BREACH[:1], "warning": BREACH, "never": ()}
"""The levels of `--fail-on`, and the statuses that fail at each."""

VERDICTS = ("pass", "breach", "not judged")
