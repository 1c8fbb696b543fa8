"""A healthy log of calls: who asks what and when, and how it ends.

A failed call costs nothing, and only its input tokens are known.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random

from aiopsctl.demo.faults import SATURDAY, Window
from aiopsctl.demo.world import FEATURES, Feature, User, around

CALLS_A_DAY = 228
WEEKEND = 0.45
FAILED = ("error", "timeout", "rate_limited")


@dataclass(frozen=True)
class Ending:
    """A way in which a call ends, with its share of calls and what the log says of it."""

    status: str
    share: float
    http_status: int | None
    error_type: str | None
    finish_reason: str | None


@dataclass(frozen=True)
class Ask:
    """Someone wants something of a feature; `automated` when no person is there to see the answer."""

    ts: datetime
    user: User
    feature: Feature
    session_id: str | None
    query_type: str
    prompt_hash: str
    automated: bool = False


@dataclass(frozen=True)
class Tokens:
    """The tokens of a call; `cached` is part of the input, `reasoning` part of the output."""

    system: int
    context: int
    user: int
    output: int
    cached: int | None
    reasoning: int | None

    @property
    def input(self) -> int:
        """All tokens sent."""
        return self.system + self.context + self.user


@dataclass(frozen=True)
class Call:
    """A call as it ended; its cost follows from its tokens."""

    ask: Ask
    ending: Ending
    prompt_version: str
    tokens: Tokens
    passages: int
    latency_ms: int
    ttft_ms: int | None
    retries: int
    request_id: str = ""

    @property
    def failed(self) -> bool:
        """Whether the call brought nothing."""
        return self.ending.status in FAILED

    @property
    def trace_id(self) -> str:
        """The operation that the call is part of: one call each here."""
        return self.request_id.replace("r-", "t-")

    @property
    def nano(self) -> tuple[int, int, int]:
        """What model, retrieval and infrastructure cost, in nano-dollars."""
        if self.failed:
            return 0, 0, 0
        model, cached = self.ask.feature.model, self.tokens.cached or 0
        sent = (self.tokens.input - cached) * model.input_nano + cached * model.cached_nano
        retrieval = 200_000 + 150_000 * self.passages if self.passages else 0
        return sent + self.tokens.output * model.output_nano, retrieval, self.ask.feature.infra_nano


OK = Ending("ok", 0.977, 200, None, "stop")
RATE_LIMITED = Ending("rate_limited", 0.001, 429, "rate_limit_exceeded", None)
ENDINGS = (
    OK,
    Ending("ok", 0.008, 200, None, "length"),
    Ending("error", 0.003, 500, "server_error", None),
    Ending("error", 0.002, 529, "overloaded", None),
    Ending("timeout", 0.003, None, "timeout", None),
    RATE_LIMITED,
    Ending("filtered", 0.003, 200, None, "content_filter"),
    Ending("cancelled", 0.003, None, "client_cancelled", None),
)


def asks(rng: Random, users: list[User], span: Window) -> Iterator[Ask]:
    """Yield what users ask, each within fair use of the feature."""
    made: defaultdict[tuple[str, str, int], float] = defaultdict(float)
    for ask in _wishes(rng, users, span):
        month = (ask.user.id, ask.feature.name, ask.ts.month)
        made[month] += ask.user.place.tokens
        if made[month] <= ask.feature.fair_use:
            yield ask


def one_ask(rng: Random, ts: datetime, user: User, feature: Feature, session_id: str | None) -> Ask:
    """Return one ask; some prompts are asked again and again."""
    chosen = rng.choice(feature.query_types)
    if rng.random() < feature.repeat_share:
        number = int(feature.repeat_pool * rng.random() ** 2)
        return Ask(
            ts,
            user,
            feature,
            session_id,
            chosen,
            prompt_hash(f"{feature.name}/{user.place.language}/{number}"),
        )
    return Ask(ts, user, feature, session_id, chosen, f"{rng.getrandbits(48):012x}")


def prompt_hash(name: str) -> str:
    """Return the hash of a prompt that is known by a name."""
    return blake2b(name.encode(), digest_size=6).hexdigest()


def answered(rng: Random, ask: Ask) -> Call:
    """Return the call that an ask becomes."""
    feature = ask.feature
    passages = rng.randint(3, 8) if feature.retrieves else 0
    retries = int(rng.random() < 0.006)
    call = Call(ask, OK, feature.prompt_version, _tokens(rng, ask), passages, 0, None, retries)
    return ended(rng, call, rng.choices(ENDINGS, [ending.share for ending in ENDINGS])[0])


def ended(rng: Random, call: Call, ending: Ending) -> Call:
    """Return the call with that ending: how long it took, and whether anything came back."""
    feature = call.ask.feature
    usual = around(rng, feature.latency_ms, 0.42)
    share = {"ok": 1.0, "filtered": 0.8, "cancelled": 0.5, "error": 0.4, "rate_limited": 0.05}
    latency = feature.timeout_ms if ending.status == "timeout" else round(usual * share[ending.status])
    streamed = feature.streams and ending.status == "ok"
    first = round(latency * rng.uniform(0.15, 0.4)) if streamed else None
    return replace(call, ending=ending, latency_ms=latency, ttft_ms=first)


def _wishes(rng: Random, users: list[User], span: Window) -> Iterator[Ask]:
    """Yield what users would ask, fewer on weekends, and in the working hours of their countries."""
    sessions = CALLS_A_DAY * sum(feature.share / feature.session_calls for feature in FEATURES)
    days = [span.since + timedelta(days=day) for day in range((span.until - span.since).days)]
    crowds = [[user for user in users if user.uses(day)] for day in days]
    busy = [_day(day) * sum(user.weight for user in crowd) for day, crowd in zip(days, crowds, strict=True)]
    for day, crowd, weight in zip(days, crowds, busy, strict=True):
        number = round(around(rng, sessions * len(days) * weight / sum(busy), 0.05))
        for user in rng.choices(crowd, [user.weight for user in crowd], k=number):
            yield from _session(rng, user, day)


def _day(day: datetime) -> float:
    return WEEKEND if day.weekday() >= SATURDAY else 1.0


def _session(rng: Random, user: User, day: datetime) -> Iterator[Ask]:
    feature = rng.choices(FEATURES, user.tastes)[0]
    alone = feature.kind == "async"
    moment = day + (timedelta(hours=rng.uniform(2, 4)) if alone else _working_hour(rng, user))
    session_id = None if alone else f"s-{rng.getrandbits(32):08x}"
    more = 1 - 1 / feature.session_calls
    while moment < day + timedelta(days=1):
        yield one_ask(rng, moment, user, feature, session_id)
        if rng.random() >= more:
            return
        moment += timedelta(seconds=around(rng, feature.pause_s, 0.5))


def _working_hour(rng: Random, user: User) -> timedelta:
    mean, spread = rng.choices([(10.3, 1.4), (14.8, 1.7), (20.5, 1.3)], [45, 45, 10])[0]
    return timedelta(hours=(rng.gauss(mean, spread) - user.place.ahead) % 24)


def _tokens(rng: Random, ask: Ask) -> Tokens:
    feature, words = ask.feature, ask.user.place.tokens
    same = Random(ask.prompt_hash)  # equal prompts have equal lengths
    output = max(1, round(around(rng, feature.output_tokens * words, feature.spread)))
    return Tokens(
        system=feature.system_tokens,
        context=round(around(rng, feature.context_tokens * words, feature.spread)),
        user=max(1, round(around(same, feature.user_tokens * words, feature.spread))),
        output=output,
        cached=feature.cached_tokens if feature.cached_tokens and rng.random() < 0.45 else None,
        reasoning=round(output * rng.uniform(0.2, 0.6)) if feature.reasons else None,
    )
