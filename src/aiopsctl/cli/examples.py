"""What help begins with: commands to copy, by the command that they are of, each with what it is for."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        "": (
            ("demo", "sample logs, with faults to find"),
            ("summary logs/", "the dashboard of your own logs"),
            ("check logs/", "the handbook's limits; exit 1 on a breach"),
        ),
        "demo": (
            ("demo", "write ./aiopsctl-demo, and look around"),
            ("demo play --seed 3 --days 120", "other logs, in another folder"),
        ),
        "init": (
            ("init logs/", "aiopsctl.yaml from what the logs hold"),
            ("init logs/ --ci github", "and the workflow that checks it"),
            ("init logs/ --dry-run", "look first"),
        ),
        "doctor": (
            ("doctor logs/", "how files were read, what metrics lack"),
            ("doctor logs/ --map ts=TIMESTAMP", "with a column by another name"),
            ("doctor logs/ --fatal -q", "exit 1 where there is a problem"),
        ),
        "explain": (
            ("explain", "all metrics"),
            ("explain latency-p95", "formula, columns, limits, an example"),
            ("explain columns", "the canonical columns"),
            ("explain config", "each value that holds, and where it is from"),
        ),
        "summary": (
            ("summary logs/", "one page: value, change, trend, verdict"),
            ("summary logs/ --since 7d", "of the last seven days"),
            ("summary logs/ --by feature", "by feature, as a table"),
        ),
        "quality": (
            ("quality logs/", "ratings, corrections, completed tasks"),
            ("quality logs/ --by feature,week", "by feature and week"),
            ("quality logs/ --feature draft --compare previous --since 28d", "against before"),
        ),
        "cost": (
            ("cost logs/ --by model,month", "by model and month"),
            ("cost logs/ --causes month", "why a call's cost changed"),
            ("cost logs/ --by user_id --metrics cost-total,calls", "who it is spent on"),
        ),
        "latency": (
            ("latency logs/ --by feature", "p50, p95, p99, errors, busiest minute"),
            ("latency logs/ --since 2026-10-21 --until 2026-10-22 --by hour", "hour by hour"),
            ("latency logs/ --where \"status = 'ok'\" -f csv", "rows for a spreadsheet"),
        ),
        "satisfaction": (
            ("satisfaction logs/", "NPS, retention, active users, tickets"),
            ("satisfaction logs/ --by tier", "by tier"),
        ),
        "drift": (
            ("drift logs/", "the last 28 complete days against earlier"),
            ("drift logs/ --feature draft", "of one feature"),
            ("drift logs/ --investigate", "the handbook's checklist, filled in"),
        ),
        "check": (
            ("check logs/", "the handbook's limits, without a config"),
            ("check", "the limits of aiopsctl.yaml"),
            ("check -q", "for cron: silent on a pass"),
            ("check -o junit.xml -o check.sarif", "files for CI beside the table"),
            ("check --dry-run", "what would be judged, on how much"),
        ),
        "report": (
            ("report logs/ -o report.html", "everything, as one page with charts"),
            ("report logs/ --cadence weekly -o week.md", "the handbook's review of the week"),
            ("report --from result.json -o page.html", "a saved answer of any command"),
        ),
        "ingest": (
            ("ingest logs/ --store .aiopsctl/store", "read what is new into a store"),
            ("ingest --store .aiopsctl/store --status", "what it holds"),
        ),
        "scale": (
            ("scale users logs/", "who makes the cost"),
            ("scale forecast logs/", "spend in three scenarios"),
            ("scale rate-limits logs/ --rpm 500", "busiest windows against limits"),
        ),
        "scale forecast": (("scale forecast logs/ --months 6", "half a year ahead"),),
        "scale languages": (("scale languages logs/ --reference en", "each language against English"),),
        "scale limits": (("scale limits logs/ --notify-list near.csv", "fair limits, and who is near them"),),
        "scale prompts": (("scale prompts logs/ --by feature", "which prompts grew, since when"),),
        "scale rate-limits": (("scale rate-limits logs/ --rpm 500 --at 0.5x,1x", "busiest windows against limits"),),
        "scale users": (("scale users logs/ --since 2026-10", "the heaviest users of a month"),),
    }
)


def lines(command: str, width: int) -> list[str]:
    """Return the examples of a command, what they are for beside them where there is room, else above."""
    own = [(f"aiopsctl {typed}", why) for typed, why in EXAMPLES.get(command, ())]
    longest = max((len(typed) for typed, _ in own if len(typed) <= width // 2), default=0)
    found = []
    for typed, why in own:
        beside = f"{typed:<{longest}}  # {why}"
        found += [beside] if len(beside) <= width else [f"# {why}", typed]
    return found
