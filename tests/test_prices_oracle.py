"""Our vectorised prices are genai-prices' own to the nano-dollar: on random usages, and on recorded ones."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aiopsctl.events import COLUMNS
from aiopsctl.prices import match
from aiopsctl.prices.apply import price
from aiopsctl.prices.rates import Book
from aiopsctl.prices.snapshot import shipped
from aiopsctl.sources.coerce import dtype_of

USAGES = Path(__file__).parents[2] / "shared" / "data" / "genai_prices" / "usages.jsonl.gz"
FIELDS = (
    "ts", "provider", "model", "service_tier", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
TOKENS = FIELDS[4:]
TIERS = (None, "default", "batch", "flex", "priority", "fast")
BY_TOKENS = frozenset({"input_mtok", "output_mtok"})
MODELS = [
    (provider.id, model.id)
    for provider in shipped().providers
    for model in provider.models
    if BY_TOKENS & model.prices[0].rates.keys()
] + [("azure", model.id) for model in shipped().by_id["openai"].models if BY_TOKENS & model.prices[0].rates.keys()]
"""Every model that is priced by tokens, with its provider and some with another that sells it.

The id of a model need not be a name that it goes by; it then has no price there and here.
"""


def ours(calls: Sequence[dict[str, Any]]) -> list[int | None]:
    """Return the price of each call in nano-dollars by the shipped table."""
    frame = pl.DataFrame(calls, schema={name: dtype_of(COLUMNS[name]) for name in FIELDS}, orient="row")
    return [None if usd is None else round(usd * 1e9) for usd in price(frame, Book(), "priced").events["cost_usd"]]


def theirs(call: dict[str, Any]) -> int | None:
    """Return the price of a call in nano-dollars by the library, None where it knows no such model."""
    library = pytest.importorskip("genai_prices")
    names = {**dict(zip(TOKENS, TOKENS, strict=True)), "reasoning_tokens": "output_reasoning_tokens"}
    usage = library.Usage(**{names[name]: call[name] for name in TOKENS if call.get(name) is not None})
    tier = call["service_tier"]
    try:
        found = library.calc_price(
            usage, call["model"], provider_id=call["provider"], genai_request_timestamp=call["ts"],
            price_context=dict.fromkeys(("processing", "service_tier", "speed"), tier) if tier else None,
        )  # fmt: skip
    except LookupError:
        return None
    return nano(found.total_price)


def nano(usd: Decimal) -> int:
    """Return exact dollars as whole nano-dollars, rounded half up."""
    return int((usd * 10**9).to_integral_value(ROUND_HALF_UP))


def same_version() -> None:
    """Skip the test where the library is of another version than the table."""
    library = pytest.importorskip("genai_prices")
    if library.__version__ != shipped().version:
        pytest.skip(f"the table is made from genai-prices {shipped().version}, installed is {library.__version__}")


def moments(st: Any) -> Any:
    """Return times over all changes of prices, among them the changes themselves and the instants before."""
    days = sorted({p.since for who in shipped().providers for m in who.models for p in m.prices if p.since})
    starts = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
    edges = st.builds(
        lambda start, us: start + timedelta(microseconds=us), st.sampled_from(starts), st.sampled_from((-1, 0))
    )
    anywhen = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given
    return edges | anywhen


def calls(st: Any) -> Any:
    """Return calls that a log may hold: cached tokens within the input, reasoning within the output."""
    sizes = st.sampled_from((0, 1, 32_000, 128_001, 199_999, 200_000, 200_001, 272_001)) | st.integers(0, 10**9)
    shares = st.integers(0, 100)

    def build(
        ts: datetime, model: tuple[str, str], tier: str | None, tokens: tuple[int, int, int, int, int, int]
    ) -> dict[str, Any]:
        whole, read, write, hourly, output, reasoning = tokens
        cached = whole * read // 100
        written = (whole - cached) * write // 100
        values = (whole, cached, written, written * hourly // 100, output, output * reasoning // 100)
        return {
            "ts": ts,
            "provider": model[0],
            "model": model[1],
            "service_tier": tier,
            **dict(zip(TOKENS, values, strict=True)),
        }

    return st.builds(
        build,
        moments(st),
        st.sampled_from(MODELS),
        st.sampled_from(TIERS),
        st.tuples(sizes, shares, shares, shares, sizes, shares),
    )


def test_any_price_is_the_library_s_to_the_nano_dollar() -> None:
    """Over all models, changes of price, tiers by size and time of day, and service tiers."""
    same_version()
    hypothesis = pytest.importorskip("hypothesis")
    st = pytest.importorskip("hypothesis.strategies")

    @hypothesis.settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @hypothesis.given(st.lists(calls(st), min_size=60, max_size=60))
    def holds(some: list[dict[str, Any]]) -> None:
        assert [theirs(call) for call in some] == ours(some)

    holds()


def test_every_model_has_the_library_s_price_in_every_season() -> None:
    """One call to each model on three days, above the first tier by size."""
    same_version()
    usage = dict(zip(TOKENS, (300_001, 100_000, 50_000, 20_000, 12_345, 2_345), strict=True))
    days = [
        datetime(2025, 6, 9, 1, tzinfo=UTC),
        datetime(2026, 10, 31, 17, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    ]
    some = [
        {"ts": days[i % 3], "provider": provider, "model": model, "service_tier": TIERS[i % 6], **usage}
        for i, (provider, model) in enumerate(MODELS)
    ]

    assert [theirs(call) for call in some] == ours(some)
    assert len(some) > 2_000


# recorded usages

AGREEING = 1_734
EXPLAINED = {
    "audio tokens, which a log does not tell from others": 15,
    "image tokens in the output, which a log does not tell from others": 2,
    "a model without any rate is unpriced here, and free there": 1,
    "the table has another price for the model since the file was written": 1,
}
"""Why a price differs from the recorded one, and how often, with every call dated before the first of the changes."""

BEFORE = datetime(2025, 12, 1, 12, tzinfo=UTC)
OTHER_SINCE = {("mistral", "ministral-8b-latest")}


def recorded() -> list[dict[str, Any]]:
    """Return each recorded usage with each provider that has a price for it; the test is skipped without the file."""
    if not USAGES.exists():
        pytest.skip(f"no recorded usages: {USAGES.name} of genai-prices is not there")
    with gzip.open(USAGES) as lines:
        records = [json.loads(line) for line in lines]
    return [
        {
            "provider": price["provider_id"], "model": record["model"], "usage": found["usage"],
            "nano": nano(Decimal(price["input_price"]) + Decimal(price["output_price"])),
        }
        for record in records
        for found in record["extracted"]
        for price in found["extractors"]
        if "input_price" in price
    ]  # fmt: skip


def as_call(each: dict[str, Any], ts: datetime) -> dict[str, Any]:
    """Return a recorded usage as a log would have it."""
    usage = {**each["usage"], "reasoning_tokens": each["usage"].get("output_reasoning_tokens")}
    tokens = {name: usage.get(name) for name in TOKENS}
    return {"ts": ts, "provider": each["provider"], "model": each["model"], "service_tier": None, **tokens}


def why(each: dict[str, Any], found: int | None) -> str:
    """Return which explanation a disagreement has."""
    audio, image, unpriced, other = EXPLAINED
    if found is None:
        return unpriced
    if (each["provider"], each["model"]) in OTHER_SINCE:
        return other
    if each["usage"].get("input_audio_tokens"):
        return audio
    return image if each["usage"].get("output_image_tokens") else "unexplained"


def test_recorded_usages_have_their_recorded_prices() -> None:
    """All but nineteen of 1,753 to the nano-dollar, and the nineteen are explained."""
    same_version()
    usages = recorded()
    found = ours([as_call(each, BEFORE) for each in usages])
    differing = Counter(why(each, value) for each, value in zip(usages, found, strict=True) if value != each["nano"])

    assert dict(differing) == EXPLAINED
    assert len(usages) - AGREEING == sum(differing.values())


def test_recorded_usages_have_the_library_s_prices_of_today() -> None:
    """Where a price has changed since the file was written, the library's has changed alike."""
    same_version()
    some = [as_call(each, datetime(2026, 11, 10, tzinfo=UTC)) for each in recorded()]
    differing = Counter(
        (call["provider"], call["model"]) for call, value in zip(some, ours(some), strict=True) if theirs(call) != value
    )

    assert dict(differing) == {("cerebras", "qwen-3-coder-480b"): 1}


def test_recorded_models_resolve_as_in_the_library() -> None:
    """Each recorded model at each provider that the file tries it with, whether it has a price there or not."""
    same_version()
    snapshot = pytest.importorskip("genai_prices.data_snapshot").get_snapshot()

    def library(provider: str, model: str) -> tuple[str, str] | None:
        try:
            who, entry = snapshot.find_provider_model(model, None, provider, None)
        except LookupError:
            return None
        return who.id, entry.id

    pairs = {(each["provider"], each["model"]) for each in recorded()}
    found = {pair: match.find(shipped(), *pair) for pair in pairs}

    assert {pair: library(*pair) for pair in pairs} == {
        pair: entry and (entry.provider, entry.model.id) for pair, entry in found.items()
    }
