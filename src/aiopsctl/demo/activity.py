"""What users do beside their calls: they turn features on and off, and are active in the product."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from aiopsctl.demo.calls import Call
from aiopsctl.demo.faults import Window
from aiopsctl.demo.rows import Row, known, person, stamp
from aiopsctl.demo.world import User, population

BYSTANDERS = 150
ACTIVE_DAYS = 0.12
OPT_OUT = 0.3
CONSENT = "nightly-digest"


def activity(rng: Random, calls: list[Call], span: Window) -> list[Row]:
    """Return activations and opt-outs of features, and the active days of users with and without AI."""
    own = [call for call in calls if not call.ask.automated]
    rows = [*_first_uses(own), *_opt_outs(rng, own, span), *_active_days(own), *_bystanders(rng, span)]
    return sorted(rows, key=lambda each: tuple(str(each[column]) for column in ("ts", "user_id", "kind")))


def _did(kind: str, moment: datetime, user: User, feature: str | None = None) -> Row:
    columns: Row = {"event": "activity", "ts": stamp(moment), "kind": kind, "feature": feature}
    return known(columns | person(user))


def _first_uses(calls: list[Call]) -> Iterator[Row]:
    """Yield the activations of new users; the others turned their features on before the log begins."""
    for call in {(call.ask.user, call.ask.feature): call for call in reversed(calls)}.values():
        if call.ask.user.is_new:
            feature = call.ask.feature.name
            kind = "opt_in" if feature == CONSENT else "activate"
            yield _did(kind, call.ask.ts, call.ask.user, feature)


def _opt_outs(rng: Random, calls: list[Call], span: Window) -> Iterator[Row]:
    """Yield the opt-outs of some of those who leave, from the feature that they used last."""
    for call in {call.ask.user: call for call in calls}.values():
        moment = call.ask.ts + timedelta(minutes=5)
        if call.ask.user.left in span and moment in span and rng.random() < OPT_OUT:
            yield _did("opt_out", moment, call.ask.user, call.ask.feature.name)


def _active_days(calls: list[Call]) -> Iterator[Row]:
    for call in {(call.ask.user, call.ask.ts.date()): call for call in reversed(calls)}.values():
        yield _did("active", call.ask.ts, call.ask.user)


def _bystanders(rng: Random, span: Window) -> Iterator[Row]:
    """Yield the active days of users of the product who never use its AI."""
    days = [span.since + timedelta(days=day) for day in range((span.until - span.since).days)]
    for user in population(rng, span, BYSTANDERS, prefix="p"):
        for day in days:
            if user.uses(day) and rng.random() < ACTIVE_DAYS:
                yield _did("active", day + timedelta(hours=rng.uniform(6, 20)), user)
