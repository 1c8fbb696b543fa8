"""A guess at who is behind a user id, by rules that are written down as data; the first that applies is taken.

A rule says what must hold. What is not known of a user holds for no rule, so that a guess never rests on what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOOP, JOB, TEAM, HUMAN, UNCLEAR = (
    "automated loop", "scheduled job", "shared or team account", "heavy human", "unclear",
)  # fmt: skip
KINDS = (LOOP, JOB, TEAM, HUMAN, UNCLEAR)
AUTOMATED = (LOOP, JOB)

LEAST_CALLS = 30
"""With fewer calls than this nothing is guessed."""


@dataclass(frozen=True)
class Condition:
    """A measure of a user (see `by_user`) that is at least, or at most, a bound."""

    measure: str
    bound: float
    at_most: bool = False

    def holds(self, user: Mapping[str, Any]) -> bool:
        """Return whether it holds; what is unknown does not."""
        value = user[self.measure]
        return value is not None and (value <= self.bound if self.at_most else value >= self.bound)

    def __str__(self) -> str:
        return f"{self.measure} {'<=' if self.at_most else '>='} {self.bound:g}"


@dataclass(frozen=True)
class Rule:
    """A kind of user, what must all hold for it, and why that tells."""

    kind: str
    why: str
    all: tuple[Condition, ...]


AROUND_THE_CLOCK = Condition("quiet_share", 0.2)
SLEEPS = Condition("quiet_share", 0.1, at_most=True)
SAME_PROMPT = Condition("prompt_share", 0.5)
SAME_GAP = (Condition("gap_share", 0.5), Condition("gap_minutes", 5))
EVEN_GAPS = Condition("gap_cv", 0.25, at_most=True)
FLOOD = Condition("calls_per_day", 500)

RULES = (
    Rule(LOOP, "the same wait between calls, day and night", (AROUND_THE_CLOCK, *SAME_GAP)),
    Rule(LOOP, "even gaps between calls, day and night", (AROUND_THE_CLOCK, EVEN_GAPS)),
    Rule(LOOP, "the same prompt, day and night", (AROUND_THE_CLOCK, SAME_PROMPT)),
    Rule(LOOP, "the same prompt, more often in a day than a person could send it", (FLOOD, SAME_PROMPT)),
    Rule(JOB, "the same wait between calls", SAME_GAP),
    Rule(JOB, "even gaps between calls", (EVEN_GAPS,)),
    Rule(
        JOB, "the same prompt at the same hours of many days",
        (SAME_PROMPT, Condition("hours", 3, at_most=True), Condition("active_days", 5)),
    ),
    Rule(TEAM, "several sessions at the same time", (Condition("sessions_at_once", 3),)),
    Rule(TEAM, "calls from several countries", (Condition("countries", 3),)),
    Rule(TEAM, "varied and irregular calls at hours at which one person sleeps", (AROUND_THE_CLOCK,)),
    Rule(UNCLEAR, "mostly the same prompt, but neither around the clock nor regular", (SAME_PROMPT,)),
    Rule(HUMAN, "many calls, and a daily pause as of one who sleeps", (SLEEPS, Condition("calls_over_median", 2))),
)  # fmt: skip
"""A uniform user has a third of the calls in the quietest eight hours; one who sleeps has hardly any."""

_SAYS = {
    "hours": "calls at {0} hours of the day",
    "quiet_share": "{0:.0%} of them in the 8 quietest",
    "gap_share": "{0:.0%} of the gaps are {gap}",
    "gap_cv": "the gaps vary by {0:.2f} of their mean",
    "prompt_share": "{0:.0%} the same prompt",
    "calls_per_day": "{0:,.0f} calls a day",
    "calls_over_median": "{0:.1f}x the calls of the median user",
    "active_days": "active on {0} days",
    "sessions_at_once": "up to {0} sessions in one minute",
    "countries": "calls from {0} countries",
}
_ALWAYS = ("hours", "quiet_share", "gap_share", "prompt_share")


@dataclass(frozen=True)
class Guess:
    """A kind of user, why the rule tells (empty without a rule), and what was seen, as a sentence."""

    kind: str
    why: str
    evidence: str


def guess(user: Mapping[str, Any]) -> Guess:
    """Return who a user of `by_user` may be."""
    if user["calls"] < LEAST_CALLS:
        return Guess(UNCLEAR, "", f"too few calls to tell: {user['calls']} of {LEAST_CALLS}")
    rule = next((rule for rule in RULES if all(each.holds(user) for each in rule.all)), None)
    told = dict.fromkeys([*_ALWAYS, *(each.measure for each in rule.all if each.measure in _SAYS)] if rule else _ALWAYS)
    gap = f"{user['gap_minutes']:,} min" if user["gap_minutes"] else "under 30 s"
    evidence = "; ".join(_SAYS[name].format(user[name], gap=gap) for name in told if user[name] is not None)
    found = evidence.replace("%", " %") or "the log tells neither times nor prompts"
    return Guess(rule.kind, rule.why, found) if rule else Guess(UNCLEAR, "", found)


def as_data() -> list[dict[str, Any]]:
    """Return the rules as they are written to JSON, in the order in which they are tried."""
    return [{"kind": rule.kind, "why": rule.why, "all": [str(each) for each in rule.all]} for rule in RULES]
