"""What the types cannot say of the whole file: names exist, limits and dates are in order.

Each rule is a function from what was read to the problems that it sees.
"""

from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from aiopsctl.config.judging import check_problems
from aiopsctl.config.problem import KeyPath, Problem, named
from aiopsctl.config.types import CONFIDENCE, HANDBOOK_CLASSES, Settings
from aiopsctl.config.view import Known, View
from aiopsctl.config.walk import Reading


def look(settings: Settings, reading: Reading, known: Known) -> None:
    """Keep every problem that a rule sees."""
    view = View(settings, reading, known)
    for rule in RULES:
        for problem in rule(view):
            reading.problems.add(problem.what, problem.span, problem.hint)


def zone(view: View) -> Iterator[Problem]:
    """See that the timezone exists."""
    name = view.settings.timezone
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        otherwise = "write a zone such as Europe/Berlin"
        yield view.unknown("timezone", name, available_timezones(), ("timezone",), otherwise)


def columns(view: View) -> Iterator[Problem]:
    """See that the columns that are mapped are canonical ones."""
    known = view.known.columns
    for name in view.settings.columns:
        if known is not None and name not in known:
            yield view.unknown("column", name, known, ("columns", name))


def feature_classes(view: View) -> Iterator[Problem]:
    """See that the class of a feature exists."""
    known = {*HANDBOOK_CLASSES, *view.members("classes")}
    for name, feature in view.settings.features.items():
        if feature.class_ is not None and feature.class_ not in known:
            yield view.unknown("class", feature.class_, known, ("features", name, "class"))


def muted_checks(view: View) -> Iterator[Problem]:
    """See that what is muted is a check; those of the preset are known to the caller only."""
    written = view.members("checks")
    by_preset = view.settings.preset == "handbook" or (view.settings.preset is None and not written)
    preset = view.known.checks if by_preset else ()
    names = [*written, *(preset or ())]
    for number, mute in enumerate(view.settings.mutes):
        if preset is not None and mute and mute.check and mute.check not in names:
            yield view.unknown("check", mute.check, names, ("mutes", number, "check"), "there are no checks")


def baselines(view: View) -> Iterator[Problem]:
    """See that a baseline has two dates in order, or is relative."""
    for name, baseline in view.settings.baselines.items():
        path: KeyPath = ("baselines", name)
        dated = [key for key in ("since", "until") if view.written(*path, key)]
        if view.written(*path, "relative"):
            if dated:
                what = f"{named(path)} is relative and has dates"
                yield Problem(what, view.key(*path, dated[0]), "write one or the other")
        elif len(dated) < 2:
            missing = "until" if dated == ["since"] else "since"
            yield Problem(f"{named(path)} lacks '{missing}'", view.key(*path), f"add {missing}: 2026-11-30")
        elif baseline.since and baseline.until and baseline.since >= baseline.until:
            yield Problem(f"{named(path)} ends before it begins", view.value(*path, "until"), "since comes first")


def tiers(view: View) -> Iterator[Problem]:
    """See that the soft limit of a tier comes before the hard one."""
    for name, tier in view.settings.tiers.items():
        if tier.soft is not None and tier.hard is not None and tier.soft > tier.hard:
            what = f"'soft' is more than 'hard' in {named(('tiers', name))}"
            yield Problem(what, view.value("tiers", name, "soft"), f"at most {tier.hard}")


def classes(view: View) -> Iterator[Problem]:
    """See that the limits of a class are in order."""
    for name, limits in view.settings.classes.items():
        written = [(key, getattr(limits, key)) for key in ("p50", "p95", "timeout")]
        present = [(key, time) for key, time in written if time is not None]
        for (lower, low), (upper, high) in pairwise(present):
            if low.value > high.value:
                what = f"'{lower}' is more than '{upper}' in {named(('classes', name))}"
                yield Problem(what, view.value("classes", name, lower), f"at most {high}")


def conditions(view: View) -> Iterator[Problem]:
    """See that the rows that checks and mutes are narrowed to can be told by SQL."""
    written: list[tuple[KeyPath, str | None]] = [
        *((("checks", name), check.where) for name, check in view.settings.checks.items()),
        *((("mutes", number), mute.where) for number, mute in enumerate(view.settings.mutes) if mute),
    ]
    for path, where in written:
        fault = view.known.condition(where) if view.known.condition and where else None
        if fault:
            yield Problem(f"{fault[0]} in 'where' of {named(path)}", view.value(*path, "where"), fault[1])


def confidence(view: View) -> Iterator[Problem]:
    """See that no other confidence is asked for than that of the intervals."""
    asked = view.settings.defaults.confidence
    if asked.value != CONFIDENCE.value:
        what = f"intervals are {CONFIDENCE}, not {asked}"
        yield Problem(what, view.value("defaults", "confidence"), f"write {CONFIDENCE}, or remove the key")


RULES = (
    zone,
    columns,
    feature_classes,
    muted_checks,
    baselines,
    tiers,
    classes,
    conditions,
    confidence,
    check_problems,
)
