"""What the planted faults do to a healthy log of calls: each is a function from calls to calls."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from aiopsctl.demo.calls import OK, RATE_LIMITED, Ask, Call, Tokens, answered, ended, one_ask, prompt_hash
from aiopsctl.demo.faults import (
    HOUR_CALLS,
    LOOP_GAP,
    LOOP_USER,
    NEW_PROMPT,
    PROMPT_GROWS,
    RATE_LIMIT_HOUR,
    USER_LOOPS,
    Window,
)
from aiopsctl.demo.world import FEATURES, User, usual_input

LOOP_PROMPT_TOKENS = 360
DRAFT = next(feature for feature in FEATURES if feature.name == USER_LOOPS.feature)


def dealt(rng: Random, shares: list[float]) -> list[bool]:
    """Return a yes or no for each share, dealt in hands of twenty that each hold their right number of yeses.

    Drawing each alone would leave the size of a fault to luck; dealing keeps it close to what is declared.
    """
    answers: list[bool] = []
    owed = 0.0
    for start in range(0, len(shares), 20):
        hand = shares[start : start + 20]
        yeses = max(0, min(len(hand), round(owed + sum(hand))))
        owed += sum(hand) - yeses
        cards = [place < yeses for place in range(len(hand))]
        rng.shuffle(cards)
        answers += cards
    return answers


def grown(calls: list[Call], window: Window) -> list[Call]:
    """Return the calls with the new, longer prompt template in use from the first moment of the window."""
    return [_grown(call) if _has_new_prompt(call, window) else call for call in calls]


def limited(rng: Random, calls: list[Call], users: list[User], window: Window) -> list[Call]:
    """Return the calls with a rush in the window, of which the declared share is refused."""
    quiet = [call for call in calls if call.ask.ts not in window]
    hour = [call for call in calls if call.ask.ts in window]
    hour += [_rushed(rng, users, window) for _ in range(HOUR_CALLS - len(hour))]
    refused = dealt(rng, [RATE_LIMIT_HOUR.faulty] * len(hour))
    return quiet + [_refused(rng, call) if no else call for call, no in zip(hour, refused, strict=True)]


def looped(rng: Random, calls: list[Call], users: list[User], window: Window) -> list[Call]:
    """Return the calls with those of the automated user, who then costs the declared multiple of the mean."""
    user = next(user for user in users if user.id == LOOP_USER)
    number = int((window.until - window.since) / LOOP_GAP)
    ask = Ask(window.since, user, DRAFT, None, DRAFT.query_types[0], prompt_hash("loop"), automated=True)
    tokens = Tokens(DRAFT.system_tokens, 0, LOOP_PROMPT_TOKENS, 0, None, None)
    unanswered = Call(ask, OK, DRAFT.prompt_version, tokens, 0, 0, None, 0)
    left = _missing_nano(calls, window) / number - sum(unanswered.nano)
    output = max(1.0, left / DRAFT.model.output_nano)
    return calls + [_turn(rng, unanswered, turn, output) for turn in range(number)]


def _missing_nano(calls: list[Call], window: Window) -> float:
    """Return what the user has yet to spend: x = m * (others + x) / users, less what is spent already."""
    month = [call for call in calls if call.ask.ts in window]
    users = len({call.ask.user.id for call in month} | {LOOP_USER})
    own = sum(sum(call.nano) for call in month if call.ask.user.id == LOOP_USER)
    others = sum(sum(call.nano) for call in month) - own
    return USER_LOOPS.faulty * others / (users - USER_LOOPS.faulty) - own


def _turn(rng: Random, unanswered: Call, turn: int, output: float) -> Call:
    ask = replace(unanswered.ask, ts=unanswered.ask.ts + turn * LOOP_GAP + timedelta(seconds=rng.randint(0, 3)))
    tokens = replace(unanswered.tokens, output=round(output * rng.uniform(0.95, 1.05)))
    return ended(rng, replace(unanswered, ask=ask, tokens=tokens), OK)


def _has_new_prompt(call: Call, window: Window) -> bool:
    return call.ask.feature.name == PROMPT_GROWS.feature and call.ask.ts in window


def _grown(call: Call) -> Call:
    more = round(PROMPT_GROWS.change * usual_input(call.ask.feature))
    tokens = replace(call.tokens, system=call.tokens.system + more)
    return replace(call, prompt_version=NEW_PROMPT, tokens=tokens)


def _rushed(rng: Random, users: list[User], window: Window) -> Call:
    moment = window.since + rng.random() * (window.until - window.since)
    user = rng.choice([user for user in users if user.uses(moment)])
    feature = rng.choice([feature for feature in FEATURES if feature.kind != "async"])
    return answered(rng, one_ask(rng, moment, user, feature, f"s-{rng.getrandbits(32):08x}"))


def _refused(rng: Random, call: Call) -> Call:
    return ended(rng, call, RATE_LIMITED)
