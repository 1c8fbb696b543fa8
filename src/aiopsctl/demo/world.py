"""The imagined product: its models and their prices, its features, and who uses them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from random import Random

from aiopsctl.demo.faults import OLD_PROMPT, Window

USERS = 600
LOYAL = 60
JOINING = 0.18
MONTHLY_CHURN = 0.03
CAP = 2.0


@dataclass(frozen=True)
class Model:
    """A model and what a token of it costs, in nano-dollars (a dollar per million tokens is 1,000)."""

    name: str
    version: str
    provider: str
    input_nano: int
    cached_nano: int
    output_nano: int


@dataclass(frozen=True)
class Feature:
    """A feature: its share of all calls, and what a usual call of it is like.

    Sizes and times are medians, `spread` is that of their logarithms. `fair_use` is the most calls of a user
    in a calendar month (fewer where words take more tokens), so that nobody costs five times the mean.
    """

    name: str
    kind: str
    model: Model
    prompt_version: str
    query_types: tuple[str, ...]
    share: float
    session_calls: float
    pause_s: int
    fair_use: int
    system_tokens: int
    context_tokens: int
    user_tokens: int
    output_tokens: int
    latency_ms: int
    timeout_ms: int
    infra_nano: int
    streams: bool = False
    cached_tokens: int = 0
    reasons: bool = False
    retrieves: bool = False
    repeat_share: float = 0.0
    repeat_pool: int = 1
    spread: float = 0.4


@dataclass(frozen=True)
class Place:
    """Where users are: their country, language, share, hours ahead of UTC, and tokens for the same words."""

    country: str
    language: str
    share: float
    ahead: int
    tokens: float


@dataclass(frozen=True)
class Tier:
    """A price plan: its share of users, and how busy they are."""

    name: str
    share: float
    busy: float


@dataclass(frozen=True)
class User:
    """A person with a habit: how many calls, of which features, from when to when."""

    id: str
    tier: str
    place: Place
    weight: float
    tastes: tuple[float, ...]
    joined: datetime
    left: datetime
    is_new: bool

    def uses(self, moment: datetime) -> bool:
        """Return whether the moment lies between the user's coming and going."""
        return self.joined <= moment < self.left


GPT_4O_MINI = Model("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", 150, 75, 600)
GPT_4O = Model("gpt-4o", "gpt-4o-2024-08-06", "openai", 2_500, 1_250, 10_000)
GPT_5_MINI = Model("gpt-5-mini", "gpt-5-mini-2025-08-07", "openai", 250, 25, 2_000)
SONNET = Model("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", 3_000, 300, 15_000)

FEATURES = (
    Feature(
        "autocomplete", "inline", GPT_4O_MINI, "v7", ("prose", "code", "table"),
        share=0.38, session_calls=5.0, pause_s=25, fair_use=26,
        system_tokens=180, context_tokens=0, user_tokens=220, output_tokens=24,
        latency_ms=290, timeout_ms=3_000, infra_nano=12_000, repeat_share=0.25, repeat_pool=300,
    ),
    Feature(
        "draft", "on-demand", GPT_4O, "v5", ("email", "report", "post", "reply"),
        share=0.34, session_calls=2.2, pause_s=200, fair_use=15,
        system_tokens=1_060, context_tokens=0, user_tokens=340, output_tokens=390,
        latency_ms=2_100, timeout_ms=30_000, infra_nano=60_000, repeat_share=0.02, repeat_pool=60,
        streams=True, cached_tokens=1_024,
    ),
    Feature(
        "search-answer", "on-demand", SONNET, OLD_PROMPT, ("how-to", "lookup", "comparison"),
        share=0.16, session_calls=1.8, pause_s=90, fair_use=9,
        system_tokens=1_100, context_tokens=1_500, user_tokens=40, output_tokens=230,
        latency_ms=1_800, timeout_ms=30_000, infra_nano=80_000, repeat_share=0.2, repeat_pool=90,
        streams=True, cached_tokens=1_100, retrieves=True,
    ),
    Feature(
        "doc-analysis", "background", GPT_5_MINI, "v2", ("summary", "extraction", "comparison"),
        share=0.08, session_calls=1.3, pause_s=400, fair_use=7,
        system_tokens=800, context_tokens=7_500, user_tokens=50, output_tokens=1_300,
        latency_ms=14_000, timeout_ms=180_000, infra_nano=150_000, reasons=True,
    ),
    Feature(
        "nightly-digest", "async", GPT_4O_MINI, "v1", ("daily",),
        share=0.04, session_calls=1.0, pause_s=0, fair_use=5,
        system_tokens=600, context_tokens=5_200, user_tokens=20, output_tokens=520,
        latency_ms=40_000, timeout_ms=600_000, infra_nano=40_000,
    ),
)  # fmt: skip

PLACES = (
    Place("US", "en", 0.40, -5, 1.0),
    Place("GB", "en", 0.16, 0, 1.0),
    Place("DE", "de", 0.12, 1, 1.15),
    Place("ES", "es", 0.08, 1, 1.1),
    Place("MX", "es", 0.06, -6, 1.1),
    Place("FR", "fr", 0.10, 1, 1.15),
    Place("JP", "ja", 0.08, 9, 1.6),
)
TIERS = (Tier("free", 0.55, 0.8), Tier("pro", 0.30, 1.15), Tier("team", 0.15, 1.3))


def around(rng: Random, median: float, spread: float) -> float:
    """Return a log-normal number about a median, the shape of most sizes and times in such logs."""
    return median * exp(rng.gauss(0, spread))


def usual_input(feature: Feature) -> float:
    """Return the mean input of a feature's call, against which a change of its template is sized."""
    words = sum(place.share * place.tokens for place in PLACES)
    return feature.system_tokens + words * exp(feature.spread**2 / 2) * (feature.context_tokens + feature.user_tokens)


def population(rng: Random, span: Window, size: int = USERS, prefix: str = "u") -> list[User]:
    """Return that many users in the order of their coming: most were there before, and some leave."""
    old = round(size * (1 - JOINING))
    length = span.until - span.since
    comings = [span.since] * old + sorted(span.since + rng.random() * length for _ in range(size - old))
    return [
        _user(rng, f"{prefix}-{number:04d}", joined, is_new=number > old, stays=number <= LOYAL)
        for number, joined in enumerate(comings, start=1)
    ]


def _user(rng: Random, name: str, joined: datetime, *, is_new: bool, stays: bool) -> User:
    tier = rng.choices(TIERS, [tier.share for tier in TIERS])[0]
    place = rng.choices(PLACES, [place.share for place in PLACES])[0]
    stay = timedelta(days=3 + rng.expovariate(MONTHLY_CHURN / 30))
    return User(
        id=name,
        tier=tier.name,
        place=place,
        weight=min(CAP, tier.busy * around(rng, 0.85, 0.6)),
        tastes=tuple(feature.share / feature.session_calls * rng.uniform(0.7, 1.3) for feature in FEATURES),
        joined=joined,
        left=joined + (timedelta(days=10_000) if stays else stay),
        is_new=is_new,
    )
