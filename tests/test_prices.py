"""Every call has the price of its day, size and tier, or none; and the layers of a call add up to its total."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from aiopsctl.errors import UsageError
from aiopsctl.events import COLUMNS
from aiopsctl.prices.apply import Priced, price
from aiopsctl.prices.layers import Mode
from aiopsctl.prices.override import Override
from aiopsctl.prices.rates import Book
from aiopsctl.prices.reconcile import reconcile
from aiopsctl.sources.coerce import dtype_of

MILLION = 1_000_000
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
CALL = {"ts": NOON, "event": "call", "provider": "openai", "model": "o3", "status": "ok"}
PARTS = ("model_cost_usd", "retrieval_cost_usd", "infra_cost_usd")


def log(*calls: Mapping[str, Any]) -> pl.DataFrame:
    """Return calls to o3 on an ordinary day that differ from it as they say, as events."""
    rows = [{**CALL, **each} for each in calls]
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(rows, schema={name: dtype_of(COLUMNS[name]) for name in names}, orient="row")


def priced(*calls: Mapping[str, Any], mode: Mode = "auto", overrides: Sequence[Override] = ()) -> Priced:
    """Return the calls priced by the shipped table and some overrides."""
    return price(log(*calls), Book(tuple(overrides)), mode)


def costs(*calls: Mapping[str, Any], mode: Mode = "auto", overrides: Sequence[Override] = ()) -> list[float | None]:
    """Return the total cost of each call in dollars."""
    return priced(*calls, mode=mode, overrides=overrides).events["cost_usd"].to_list()


def nanos(value: float | None) -> int:
    """Return dollars as whole nano-dollars; what is not there adds nothing."""
    return 0 if value is None else round(value * 1e9)


def asked(provider: str | None, model: str, **more: Any) -> dict[str, Any]:
    """Return a call of a million input tokens to a model."""
    return {"provider": provider, "model": model, "input_tokens": MILLION, **more}


# by hand


def test_cached_tokens_are_a_part_of_the_input() -> None:
    """500 plain, 9,000 read and 500 written tokens are each priced once: 0.0015 + 0.0027 + 0.001875 + 0.0015."""
    call = {
        **asked("anthropic", "claude-sonnet-4-5"), "input_tokens": 10_000, "cache_read_tokens": 9_000,
        "cache_write_tokens": 500, "output_tokens": 100,
    }  # fmt: skip

    assert costs(call) == [0.007575]


def test_cache_writes_that_are_kept_for_an_hour_cost_more() -> None:
    """Anthropic: 1.25 times the input's rate (15 dollars) for five minutes, 2 times for an hour; the rest is the former."""
    call = asked("anthropic", "claude-opus-4-1")
    every, some = ({**call, "cache_write_tokens": MILLION, "cache_write_1h_tokens": n} for n in (MILLION, 400_000))

    assert costs({**call, "cache_write_tokens": MILLION}, every, some) == [18.75, 30.0, 0.6 * 18.75 + 0.4 * 30]


def test_an_hour_s_part_is_never_more_than_the_writes() -> None:
    """A part without its whole is the whole, a larger one is cut to it; without a rate of an hour it costs what writes do."""
    alone = {**asked("anthropic", "claude-opus-4-1"), "cache_write_1h_tokens": MILLION}
    larger = {**alone, "cache_write_tokens": MILLION // 2}
    unrated = {**asked("openai", "gpt-5.2"), "cache_write_tokens": MILLION, "cache_write_1h_tokens": MILLION}

    assert costs(alone, larger, unrated) == [30.0, 7.5 + 15.0, 1.75]


def test_an_override_of_cache_writes_is_of_all_of_them() -> None:
    """The table's rate of an hour does not stay beside an own rate of writes; it may have one of its own."""
    call = {**asked("anthropic", "claude-sonnet-4-5"), "cache_write_1h_tokens": MILLION}
    five, both = Override("claude-*", cache_write=3), Override("claude-*", cache_write=3, cache_write_1h=4)

    assert costs(call, overrides=[five]) == [3.0]
    assert costs(call, overrides=[both]) == [4.0]


def test_a_large_input_raises_the_rate_of_all_tokens() -> None:
    """A tier begins above its threshold and holds for the whole call, output included."""
    small, large = (
        {"provider": "google", "model": "gemini-2.5-pro", "input_tokens": n, "output_tokens": 1_000}
        for n in (200_000, 200_001)
    )

    assert costs(small, large) == [0.26, 0.5150025]


def test_a_price_holds_from_its_day_on() -> None:
    """o3 fell from 10 to 2 dollars per million on 2025-06-10 (UTC)."""
    last, first = datetime(2025, 6, 9, 23, 59, 59, 999_999, UTC), datetime(2025, 6, 10, tzinfo=UTC)

    assert costs(asked("openai", "o3", ts=last), asked("openai", "o3", ts=first)) == [10.0, 2.0]


def test_off_peak_hours_have_their_own_price() -> None:
    """DeepSeek is half price from 16:30 to 00:30 (UTC), to the minute, on every day."""
    clock = ((0, 0), (0, 29), (0, 30), (12, 0), (16, 29), (16, 30), (23, 59))
    calls = [asked("deepseek", "deepseek-chat", ts=datetime(2026, 3, 1, h, m, tzinfo=UTC)) for h, m in clock]

    assert costs(*calls) == [0.135, 0.135, 0.27, 0.27, 0.27, 0.135, 0.135]


def test_a_service_tier_has_its_own_rates() -> None:
    """Batch and flex halve the price of o3, priority raises it; a word that is no tier changes nothing."""
    tiers = (None, "default", "standard", "batch", "flex", "priority", "Priority")
    result = priced(*(asked("openai", "o3", service_tier=tier) for tier in tiers))

    assert result.events["cost_usd"].to_list() == [2.0, 2.0, 2.0, 1.0, 1.0, 3.5, 3.5]
    assert result.at_standard == 0


def test_a_tier_without_a_rate_has_the_standard_price_and_is_counted() -> None:
    """Tier rates are known from 2026-10-12 on, and not where a provider sells the model of another."""
    early = asked("openai", "o3", service_tier="flex", ts=datetime(2026, 10, 11, tzinfo=UTC))
    elsewhere = asked("azure", "gpt-4o", service_tier="priority")
    result = priced(early, elsewhere)

    assert result.events["cost_usd"].to_list() == [2.0, 2.5]
    assert result.at_standard == 2


def test_fast_mode_is_a_tier() -> None:
    """Anthropic's fast mode doubles the price of a model that has it."""
    assert costs(*(asked("anthropic", "claude-opus-4-8", service_tier=tier) for tier in (None, "fast"))) == [5.0, 10.0]


def test_reasoning_and_requests_have_rates_where_the_table_gives_them() -> None:
    """Reasoning is a part of the output; a fee for the request is added once."""
    research = {**asked("perplexity", "sonar-deep-research"), "output_tokens": MILLION, "reasoning_tokens": 400_000}

    assert costs(research, asked("perplexity", "sonar")) == [2 + 0.6 * 8 + 0.4 * 3, 1.012]


def test_an_embedding_has_no_output() -> None:
    """A model that is priced by its input alone is priced."""
    assert costs(asked(None, "text-embedding-3-small")) == [0.02]


def test_a_model_that_answered_goes_before_the_one_that_was_asked_for() -> None:
    """A fingerprint is no model, so the asked one is taken; the gateway's prefix holds for both."""
    calls = (
        asked("openai", "o3", model_version="gpt-4o-mini-2024-07-18"),
        asked("openai", "o3", model_version="fp_57db37749c"),
        asked(None, "azure/my-deployment", model_version="gpt-4o-mini-2024-07-18"),
    )

    assert costs(*calls) == [0.15, 2.0, 0.15]


# what is not known


def test_an_unknown_price_is_null_and_listed() -> None:
    """What has no price costs null, never 0, and the report says why, most calls first."""
    result = priced(
        asked("openai", "gpt-nope"), asked("openai", "gpt-nope"), asked(None, "ollama/llama3"),
        asked("my-gateway", "gpt-4o"), asked("openai", "whisper-1"), asked("openai", "moderation"),
        {"model": None, "input_tokens": 1}, {"input_tokens": None},
        {**asked("openai", "o3"), "cache_read_tokens": MILLION + 1},
    )  # fmt: skip
    expected = [
        ("openai", "gpt-nope", "unknown model", 2),
        (None, "ollama/llama3", "self-hosted", 1),
        ("my-gateway", "gpt-4o", "unknown provider", 1),
        ("openai", None, "no model", 1),
        ("openai", "moderation", "no rate", 1),
        ("openai", "o3", "cached tokens exceed the input", 1),
        ("openai", "o3", "no tokens", 1),
        ("openai", "whisper-1", "priced by audio_hours, input_audio_hours", 1),
    ]

    assert result.events["cost_usd"].to_list() == [None] * 9
    assert {"unpriced"} == set(result.events["cost_source"])
    assert expected == list(result.unpriced.iter_rows())
    assert result.sources == {"recorded": 0, "priced": 0, "unpriced": 9}


def test_free_is_what_says_so() -> None:
    """The table leaves out a rate of 0, so without any rate only a name that ends in `:free` costs nothing."""
    calls = (asked("openrouter", "deepseek/deepseek-r1:free"), asked(None, "deepseek/deepseek-r1:free"))

    assert costs(*calls) == [0.0, 0.0]


def test_a_failed_call_without_an_answer_has_no_price_and_no_source() -> None:
    """Providers do not bill it, so it is no gap either, and a recorded 0 is believed."""
    failed = {"status": "error", "input_tokens": MILLION}
    result = priced({"status": "timeout"}, failed, {**failed, "cost_usd": 0.0}, {**failed, "output_tokens": 0})

    assert [None, None, 0.0, None] == result.events["cost_usd"].to_list()
    assert [None, None, "recorded", None] == result.events["cost_source"].to_list()


def test_a_failed_call_that_answered_in_part_is_priced() -> None:
    """An answer that broke off was paid for: 2 dollars in, 8 dollars out for a million tokens each."""
    call = {"status": "error", "input_tokens": 100_000, "output_tokens": 100_000}

    assert [1.0] == costs(call)


def test_what_is_no_call_is_left_alone() -> None:
    """Feedback that has taken the model of its call is not priced, and not counted."""
    events = log({"event": "feedback", "input_tokens": None, "cost_usd": None}, asked("openai", "o3"))
    result = price(events, Book())

    assert result.events.select("cost_usd", "cost_source").rows() == [(None, None), (2.0, "priced")]
    assert result.sources == {"recorded": 0, "priced": 1, "unpriced": 0}


def test_a_log_without_the_columns_is_unpriced() -> None:
    """A column that no row has is the same as one that is null; layers that nobody knows are not added."""
    result = price(pl.DataFrame({"feature": ["a", "b"]}), Book())

    assert result.events["cost_usd"].to_list() == [None, None]
    assert result.events.columns == ["feature", "cost_usd", "model_cost_usd", "cost_source"]


def test_calls_outside_of_what_is_known_are_counted() -> None:
    """Older: before the first dated change. Newer: after the snapshot. Undated: priced at the latest rate."""
    result = priced(
        asked("openai", "o3", ts=datetime(2024, 1, 1, tzinfo=UTC)),
        asked("openai", "o3", ts=datetime(2031, 1, 1, tzinfo=UTC)),
        asked("openai", "o3", ts=None),
        asked("openai", "gpt-4o", ts=datetime(1969, 12, 31, tzinfo=UTC)),
        asked("deepseek", "deepseek-chat", ts=None),
    )

    assert result.events["cost_usd"].to_list() == [10.0, 2.0, 2.0, 2.5, 0.27]
    assert (result.older, result.newer, result.undated) == (1, 1, 2)
    assert str(result.snapshot).startswith("genai-prices ")


# recorded and priced


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("auto", [(7.0, "recorded"), (2.0, "priced"), (0.0, "recorded"), (0.0, "recorded"), (None, "unpriced")]),
        ("recorded", [(7.0, "recorded"), (None, "unpriced"), (0.0, "recorded"), (0.0, "recorded"), (None, "unpriced")]),
        ("priced", [(2.0, "priced"), (2.0, "priced"), (None, "unpriced"), (0.0, "priced"), (None, "unpriced")]),
    ],
)
def test_the_mode_says_which_cost_is_taken(mode: Mode, expected: list[tuple[float | None, str]]) -> None:
    """A recorded 0 is believed without tokens and for the application's own cache; with tokens it is no cost."""
    result = priced(
        asked("openai", "o3", cost_usd=7.0),
        asked("openai", "o3", cost_usd=0.0),
        {"cost_usd": 0.0},
        asked("openai", "o3", cost_usd=0.0, cache_hit=True),
        asked("openai", "gpt-nope", cost_usd=0.0),
        mode=mode,
    )

    assert expected == result.events.select("cost_usd", "cost_source").rows()


def test_layers_add_up_to_the_total() -> None:
    """Recorded layers are kept, the missing model's part is priced, and a recorded total leaves the model the rest."""
    layers = {"retrieval_cost_usd": 0.3, "infra_cost_usd": 0.1}
    result = priced(
        asked("openai", "o3", **layers),
        asked("openai", "o3", model_cost_usd=0.5, **layers),
        asked("openai", "o3", cost_usd=1.0, **layers),
        asked("openai", "o3", cost_usd=1.0),
        asked("openai", "gpt-nope", **layers),
        asked("openai", "o3", model_cost_usd=0.0, **layers),
    )
    expected = [
        (2.4, 2.0, 0.3, 0.1, "priced"),
        (0.9, 0.5, 0.3, 0.1, "recorded"),
        (1.0, 0.6, 0.3, 0.1, "recorded"),
        (1.0, 1.0, None, None, "recorded"),
        (None, None, 0.3, 0.1, "unpriced"),
        (2.4, 2.0, 0.3, 0.1, "priced"),
    ]

    assert expected == result.events.select("cost_usd", *PARTS, "cost_source").rows()
    assert result.contradictory == 0


def test_parts_add_up_to_the_nano_dollar() -> None:
    """However the numbers fall, the layers of a priced or split call are its total in whole nano-dollars."""
    calls = [
        asked("openai", "o3", input_tokens=7 * i + 1, output_tokens=i, retrieval_cost_usd=i * 1.1e-7,
              infra_cost_usd=1 / (i + 3), cost_usd=None if i % 2 else 0.1234567891 + 1 / (i + 3))
        for i in range(500)
    ]  # fmt: skip
    rows = priced(*calls, overrides=[Override("o3", since=date(2026, 1, 1), input=1.2345678)]).events

    assert [nanos(total) for total in rows["cost_usd"]] == [
        sum(map(nanos, parts)) for parts in rows.select(PARTS).iter_rows()
    ]


def test_recorded_parts_that_contradict_the_total_are_kept_and_counted() -> None:
    """Which of them is wrong cannot be known; a difference of rounding is none."""
    result = priced(
        {"cost_usd": 1.0, "model_cost_usd": 0.5},
        {"cost_usd": 1.0, "retrieval_cost_usd": 1.5},
        {"cost_usd": 1.0, "model_cost_usd": 0.9999999994, "infra_cost_usd": 0.0000000014},
    )

    assert result.events.select("cost_usd", "model_cost_usd").rows() == [(1.0, 0.5), (1.0, None), (1.0, 0.999999999)]
    assert result.contradictory == 2


@pytest.mark.parametrize("mode", ["auto", "recorded", "priced"])
def test_pricing_twice_is_pricing_once(mode: Mode) -> None:
    """A cost that was priced before is not taken for a recorded one."""
    once = priced(
        asked("openai", "o3"), asked("openai", "o3", cost_usd=7.0), asked("openai", "gpt-nope", infra_cost_usd=0.1),
        asked("openai", "o3", infra_cost_usd=0.1), {"status": "timeout"}, mode=mode,
    )  # fmt: skip
    twice = price(once.events, Book(), mode)

    assert_frame_equal(once.events, twice.events)


# overrides


def test_an_override_goes_before_the_table() -> None:
    """Its rates are taken by pattern and provider; a field that it leaves out is the table's."""
    contract = Override("GPT-4o*", provider="azure", input=2.0)
    calls = (
        asked("azure", "gpt-4o"), asked(None, "azure/gpt-4o"), asked("openai", "gpt-4o"), asked("azure", "o3"),
        asked("azure", "gpt-4o", cache_read_tokens=MILLION),
    )  # fmt: skip
    also = Override("azure/gpt-4o", provider="azure", input=2.0)

    assert costs(*calls, overrides=[contract, also]) == [2.0, 2.0, 2.5, 2.0, 1.25]


def test_an_override_holds_up_to_its_last_day() -> None:
    """`since` is in, `until` is out, both at midnight UTC."""
    days = [datetime(2026, 9, 30, 23, 59, tzinfo=UTC), *(datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11))]
    contract = Override("o3", since=date(2026, 10, 1), until=date(2026, 11, 1), input=1.5)

    assert costs(*(asked("openai", "o3", ts=day) for day in days), overrides=[contract]) == [2.0, 1.5, 2.0]


def test_the_last_override_wins_field_by_field() -> None:
    """A general one may state a layer, and a later one a rate, without either hiding the other."""
    overrides = [Override("*", infra=0.25, input=9.0), Override("o3", input=1.0), Override("o4", input=7.0)]

    assert costs(asked("openai", "o3"), overrides=overrides) == [1.25]


def test_an_own_machine_costs_what_is_said() -> None:
    """Nothing, said explicitly; so much per call; or rates for a model that no table has."""
    overrides = [
        Override("ollama/*", free=True),
        Override("house-model", input=0.0, output=0.0),
        Override("ocr", request=0.02),
        Override("tuned:*", input=6.0),
    ]
    calls = (
        asked(None, "ollama/llama3"), asked(None, "house-model"), asked(None, "ocr"), asked(None, "tuned:a"),
        asked(None, "tuned:a", output_tokens=1), asked(None, "llama3"),
    )  # fmt: skip
    result = priced(*calls, overrides=overrides)

    assert result.events["cost_usd"].to_list() == [0.0, 0.0, 0.02, 6.0, None, None]
    assert result.unpriced.sort("reason", descending=True)["reason"].to_list() == ["unknown model", "no rate of output"]


def test_free_frees_the_cache_and_the_request_too() -> None:
    """Nothing of the table's price is left, and the call is not counted as priced by the table."""
    old = datetime(2020, 1, 1, tzinfo=UTC)
    calls = (asked("openai", "o3", cache_read_tokens=MILLION, ts=old), asked("perplexity", "sonar", ts=old))
    result = priced(*calls, overrides=[Override("*", free=True)])

    assert result.events["cost_usd"].to_list() == [0.0, 0.0]
    assert (result.older, result.newer) == (0, 0)


def test_stated_layers_are_added_where_no_total_is_recorded() -> None:
    """A recorded total holds all layers already, and a recorded layer goes before a stated one; `priced` turns it."""
    stated = Override("o3", retrieval=0.25, infra=0.5)
    calls = (
        asked("openai", "o3"),
        asked("openai", "o3", retrieval_cost_usd=0.125),
        asked("openai", "o3", cost_usd=3.0),
    )

    assert costs(*calls, overrides=[stated]) == [2.75, 2.625, 3.0]
    assert costs(*calls, overrides=[stated], mode="priced") == [2.75, 2.75, 2.75]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": -1.0}, "price of 'o3': input is -1.0"),
        ({"request": float("nan")}, "price of 'o3': request is NaN"),
        ({"output": 0.0000025}, "price of 'o3': output is 0.0000025"),
        ({"free": True, "input": 1.0}, "price of 'o3': free and a rate exclude each other"),
        ({"since": date(2026, 2, 1), "until": date(2026, 2, 1)}, "price of 'o3': since 2026-02-01 is not before until"),
    ],
)
def test_an_override_that_can_only_be_a_mistake_is_refused(fields: dict[str, Any], message: str) -> None:
    """Among them a rate that was written per token instead of per million tokens."""
    with pytest.raises(UsageError) as error:
        Override("o3", **fields)

    assert message in error.value.what
    assert error.value.help


# sizes


def test_a_rate_of_many_decimals_is_exact() -> None:
    """0.08333333333333334 dollars per million, times a billion tokens, is not off by a nano-dollar."""
    call = asked("openrouter", "google/gemini-2.5-flash-lite", input_tokens=10**9, cache_write_tokens=10**9)
    expected = Decimal("0.08333333333333334") * 1_000

    assert nanos(float(expected)) == nanos(costs(call)[0])


def test_the_largest_call_does_not_overflow() -> None:
    """A billion tokens each way, at the highest rate that may be written, is a number of dollars."""
    call = asked("openai", "o3", input_tokens=10**9, output_tokens=10**9)

    assert costs(call, overrides=[Override("o3", input=1e6, output=1e6)]) == [2_000_000_000.0]


def test_no_calls_are_no_cost() -> None:
    """A log without rows is priced."""
    result = price(log(asked("openai", "o3")).head(0), Book())

    assert result.sources == {"recorded": 0, "priced": 0, "unpriced": 0}
    assert result.unpriced.is_empty()


# against what is recorded


def test_reconciliation_shows_where_costs_differ() -> None:
    """Only calls with both costs count, without their other layers; the largest difference comes first."""
    found = reconcile(
        log(
            asked("openai", "o3", cost_usd=2.0), asked("openai", "o3", cost_usd=2.5, infra_cost_usd=0.25),
            asked("openai", "gpt-4o", cost_usd=1.0), asked("openai", "gpt-4o"),
            asked("openai", "gpt-nope", cost_usd=9.0), asked("openai", "o3", event="feedback", cost_usd=9.0),
        ),
        Book(),
    )  # fmt: skip
    expected = [
        {"provider": "openai", "model": "gpt-4o", "calls": 1, "recorded_usd": 1.0, "priced_usd": 2.5,
         "difference_usd": -1.5, "ratio": 0.4},
        {"provider": "openai", "model": "o3", "calls": 2, "recorded_usd": 4.25, "priced_usd": 4.0,
         "difference_usd": 0.25, "ratio": 1.0625},
    ]  # fmt: skip

    assert expected == found.models.to_dicts()
    assert {
        "calls": 3,
        "recorded_usd": 5.25,
        "priced_usd": 6.5,
        "difference_usd": -1.25,
        "ratio": 5.25 / 6.5,
    } == found.total


def test_the_size_of_slices_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are priced a slice at a time; the answer is that of all at once."""
    calls = [
        {"input_tokens": 1000 * i, "output_tokens": i, "infra_cost_usd": 0.1 if i == 3 else None} for i in range(7)
    ]
    calls += [{"model": "nobody-knows", "input_tokens": 5}, {"cost_usd": 0.5}]
    expected = priced(*calls)
    monkeypatch.setattr("aiopsctl.prices.apply._ROWS", 2)
    actual = priced(*calls)

    assert expected.events.equals(actual.events.select(expected.events.columns))
    assert (expected.sources, expected.unpriced.rows()) == (actual.sources, actual.unpriced.rows())


def test_recorded_costs_do_not_depend_on_calls_beside_them() -> None:
    """Where every call has a recorded cost no price is looked up; each costs what it does beside calls that need one."""
    recorded = [
        {"cost_usd": 0.25, "input_tokens": 10, "retrieval_cost_usd": 0.05},
        {"cost_usd": 0.5, "model_cost_usd": 0.1, "infra_cost_usd": 0.1},
        {"status": "error", "cost_usd": 0.0},
        {"status": "error"},
        {"cost_usd": 0.0, "input_tokens": 5, "cache_hit": True},
    ]
    overrides = [Override(model="o3", provider="openai", input=1, output=1, retrieval=0.01)]

    alone = priced(*recorded, overrides=overrides)
    beside = priced(*recorded, {"input_tokens": MILLION}, overrides=overrides)

    assert_frame_equal(beside.events.head(5).select(alone.events.columns), alone.events)
    assert {"recorded": 4, "priced": 0, "unpriced": 0} == alone.sources
    assert (1, 1) == (alone.contradictory, beside.contradictory)
