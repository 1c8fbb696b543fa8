"""The text of a first config: what a log holds filled in, and everything else as a comment with an example.

Names come from logs, and logs are hostile: each is quoted as YAML, or left out where no config can hold it. What is
commented out begins with `#` alone, words about it begin with `# `.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from aiopsctl import catalog
from aiopsctl.analyses.found import FirstBaseline, Found, FoundFeature, class_limits
from aiopsctl.checks.preset import checks_of
from aiopsctl.config import HANDBOOK_CLASSES
from aiopsctl.config.problem import is_harmless
from aiopsctl.readable import UNSAFE, clean, number, plural

MODELINE = "# yaml-language-server: $schema=./.aiopsctl/config.schema.json"
MOST = 60
"""So many names of a kind are written; of more, the number is told."""

_LONGEST = 100
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_MORE = """\
# What no log says, and some checks need:
#forecast: {2026-11: 18_400 USD}   # the expected cost of each month
#revenue: {2026-11: 120_000 USD}   # of the whole product, by month
#product_mau: {2026-11: 12_000}    # monthly active users of the whole product
#providers:                        # rate limits that were granted
#  acme: {tpm: 2_000_000, rpm: 10_000}
#classes:                          # latency limits of your own, instead of the handbook's
#  inline: {p50: 400ms, p95: 1200ms}
#defaults: {window: 7d, min_samples: 50, on_no_data: unknown, on_few_samples: skip}
#max_rejected: 1%                  # more unreadable rows than this, and nothing is judged
#mutes:                            # a check that may fail for a while: it is still printed
#  - {check: latency-p95, where: "feature = 'draft'", reason: migration, until: 2026-12-15}
"""
_BEHIND = [
    "  thumbs-up:",
    "    metric: thumbs-up-rate",
    "    by: feature",
    "    window: 28d",
    "    compare: launch",
    "    warning: {fall: 3 points}",
    "    critical: {fall: 5 points}",
]


@dataclass(frozen=True)
class Asked:
    """What the command line says: the zone, paths as a config writes them, and how they are read."""

    tz: str
    calls: Sequence[str] = ()
    feedback: Sequence[str] = ()
    source: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def starter(asked: Asked, log: Found | None = None) -> str:
    """Return the text of a config; without a log, that of one in which everything is still a comment."""
    about = (
        f"# Written by aiopsctl init from {plural(log.rows, 'row')}, {log.since} to {log.until}. Look at what is guessed."
        if log
        else "# A config to fill in; aiopsctl init LOGS writes one from what logs hold."
    )
    blocks = (
        [MODELINE, about, "# Your editor says what each key means; so does: aiopsctl explain --schema config",
         "version: 1", f"timezone: {quoted(asked.tz)}  # of days and months"],
        _sources(asked),
        _columns(asked),
        _features(log.features if log else []),
        _tiers(log.tiers if log else []),
        _prices(log.unpriced if log else {}),
        _baseline(log.baseline if log else None),
        _checks(log),
        [_MORE.rstrip("\n")],
    )  # fmt: skip
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def quoted(text: str) -> str:
    """Return a text as one YAML word in which nothing acts: plain where that is safe, else in double quotes.

    A build takes `##[` for a command wherever it stands.
    """
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    dumped = yaml.safe_dump(text, default_style='"', allow_unicode=not UNSAFE.search(text), width=float("inf"))
    return str(dumped).removesuffix("\n").replace("##[", r"\x23#[")


def is_writable(name: str) -> bool:
    """Return whether a config can hold a name: it is visible, no longer than a key may be, and harmless to show."""
    return bool(name.strip()) and len(name) <= _LONGEST and all(map(is_harmless, name))


def held(names: Iterable[str]) -> list[str]:
    """Return the names that a config is written with."""
    return [name for name in names if is_writable(name)][:MOST]


def _named(names: Iterable[str], line: Callable[[str], str], noun: str) -> list[str]:
    """Return a line for each name, up to so many, and how many have none."""
    every = list(names)
    writable = sum(map(is_writable, every))
    left = {
        f"more {noun} in the log": writable - MOST,
        f"{noun} with names that no config can hold": len(every) - writable,
    }
    return [*map(line, held(every)), *(f"  # {what}: {count:,}" for what, count in left.items() if count > 0)]


def _sources(asked: Asked) -> list[str]:
    head = "sources:  # what is read when a command is given no paths"
    found = [f"  {key}: {_paths(of, asked.source)}" for key, of in
             (("calls", asked.calls), ("feedback", asked.feedback)) if of]  # fmt: skip
    if found:
        return [head, *found]
    return [f"#{head}", "#  calls: logs/calls/", "#  feedback: logs/feedback/*.jsonl",
            "#columns: {feature: metadata.feature}  # only what detection gets wrong"]  # fmt: skip


def _paths(paths: Sequence[str], source: str | None) -> str:
    each = [f"{{path: {quoted(path)}, format: {quoted(source)}}}" if source else quoted(path) for path in paths]
    return each[0] if len(each) == 1 else f"[{', '.join(each)}]"


def _columns(asked: Asked) -> list[str]:
    lines = [f"  {quoted(name)}: {quoted(raw)}" for name, raw in asked.columns.items()]
    return ["columns:  # canonical column: the log's column", *lines] if lines else []


def _features(features: Sequence[FoundFeature]) -> list[str]:
    by_name = {each.name: each for each in features}
    lines = _named(by_name, lambda name: _feature(by_name[name]), "features")
    if not held(by_name):
        lines = ["#features:", "#  draft: {class: on-demand, owner: pia}", *(line.lstrip() for line in lines)]
        return [*_guide(), *lines]
    return [*_guide(), "features:", *lines]


def _guide() -> list[str]:
    """Return what the classes mean, in words."""
    limits = {metric.removeprefix("latency-"): of for metric, of in class_limits().items()}
    words = [f"{name} {_limits_of(name, limits)}" for name in HANDBOOK_CLASSES]
    return ["# The class of a feature sets its latency limits:", f"# {'; '.join(words)}."]


def _limits_of(name: str, limits: Mapping[str, Mapping[str, float]]) -> str:
    return " and ".join(f"{key} {number(of[name], 'ms')}" for key, of in limits.items() if name in of) or "none"


def _feature(of: FoundFeature) -> str:
    if of.class_ is None:
        return f"  {quoted(of.name)}: {{}}  # the log has no latency of it to guess a class from"
    seen = f"p50 {number(of.p50, 'ms')}, p95 {number(of.p95, 'ms')} of {plural(of.calls, 'call')}"
    return f"  {quoted(of.name)}: {{class: {of.class_}}}  # guessed: {seen}"


def _tiers(tiers: Sequence[str]) -> list[str]:
    lines = _named(tiers, lambda name: f"  {quoted(name)}: {{}}  # {{revenue: 20 USD / month}}", "tiers")
    if not held(tiers):
        example = "#  pro: {revenue: 20 USD / month, soft: 250, hard: 1000, notify_at: 80%}"
        return ["#tiers:  # what a user of each pays and may use", example, *(line.lstrip() for line in lines)]
    return ["tiers:  # what a user of each pays is in no log: write it for cost-share-of-revenue", *lines]


def _prices(unpriced: Mapping[str, int]) -> list[str]:
    lines = _named(unpriced, lambda name: f"#  - {{model: {quoted(name)}, input: 1 USD, output: 2 USD}}"
                   f"  # {plural(unpriced[name], 'call')}", "models")  # fmt: skip
    if not held(unpriced):
        return []
    return [
        "# Models of the log without a price; a million tokens cost:",
        "#prices:",
        *(line.lstrip() for line in lines),
    ]


def _baseline(found: FirstBaseline | None) -> list[str]:
    if found is None:
        return [
            "#baselines:  # good periods to compare with",
            '#  launch: {since: 2026-09-01, until: 2026-09-29, note: "canary"}',
        ]
    days = plural((found.until - found.since).days, "complete day")
    note = f"the last {days} when this file was written, {plural(found.calls, 'call')}"
    return [
        "baselines:  # good periods to compare with: change the dates to those of a good one",
        f"  launch: {{since: {found.since}, until: {found.until}, note: {quoted(note)}}}  # guessed",
    ]


def _checks(log: Found | None) -> list[str]:
    """Return the handbook's limits: those that the log can answer, and as comments the others with what they lack."""
    active: list[str] = []
    rest: list[tuple[str, list[str]]] = []
    for metric in catalog.metrics().values():
        for lines in checks_of(metric):
            lack = log.lacks.get(metric.name, "") if log else ""
            if log and not lack:
                active += lines
            else:
                rest.append((f"not active: {clean(lack)}" if lack else "", lines))
    rest += [("what falls behind the baseline, such as:", _BEHIND)] if log is None or log.baseline else []
    if active:
        head = ["# The handbook's limits; aiopsctl explain METRIC says what each means.", "checks:", *active]
        return [*head, *_commented(rest, "  ", 2)]
    head = ["# The handbook's limits; as long as no check is written, they are judged.", "#checks:"]
    return [*head, *_commented(rest, "", 0)]


def _commented(checks: Iterable[tuple[str, list[str]]], indent: str, cut: int) -> list[str]:
    """Return checks as comments, each below the words about it."""
    return [
        line
        for why, lines in checks
        for line in ([f"{indent}# {why}"] if why else []) + [f"{indent}#{each[cut:]}" for each in lines]
    ]
