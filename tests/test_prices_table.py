"""The shipped table is what genai-prices says, and names are resolved by its rules."""

from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

import pytest

from aiopsctl.prices import match
from aiopsctl.prices.compile import _exact, table
from aiopsctl.prices.rates import Book, Name, cell, entry
from aiopsctl.prices.snapshot import FILE, Clause, Tiered, decode, shipped

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


def literals(clause: Clause) -> list[str]:
    """Return the names that a clause compares with."""
    ((kind, value),) = clause.items()
    if kind in ("or", "and"):
        return [name for each in value for name in literals(each)]
    return [] if kind == "regex" else [value]


def names() -> list[tuple[str, str]]:
    """Return every provider with the ids of its models and all that their clauses compare with."""
    return [
        (provider.id, name)
        for provider in shipped().providers
        for model in provider.models
        for name in {model.id, *literals(model.match)}
    ]


def found(provider: str | None, model: str | None, served: str | None = None) -> tuple[str, str] | None:
    """Return who serves a model by our rules, and the entry."""
    entry = match.find(shipped(), provider, model, served)
    return entry and (entry.provider, entry.model.id)


def library(provider: str | None, model: str) -> tuple[str, str] | None:
    """Return who serves a model by the library's rules, and the entry; the test is skipped without the library."""
    snapshot = pytest.importorskip("genai_prices.data_snapshot").get_snapshot()
    try:
        theirs, entry = snapshot.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    return theirs.id, entry.id


def same_version() -> None:
    """Skip the test where the table comes from another version of the package than the installed one."""
    try:
        installed = version("genai-prices")
    except PackageNotFoundError:
        pytest.skip("genai-prices is not installed")
    if installed != shipped().version:
        pytest.skip(f"the table is made from genai-prices {shipped().version}, installed is {installed}")


def test_the_shipped_table_is_compiled_from_the_installed_package() -> None:
    """`python -m aiopsctl.prices.compile` would change nothing."""
    same_version()
    assert files("aiopsctl.prices").joinpath(FILE).read_bytes() == table(shipped().date)


def test_a_rate_too_fine_to_be_exact_stops_the_compilation() -> None:
    """A call is priced in units that hold eighteen decimals."""
    assert _exact(Decimal("0.123456789012345678")) == "0.123456789012345678"
    with pytest.raises(ValueError, match="at most 18 decimals"):
        _exact(Decimal("0.1234567890123456789"))


def test_the_table_is_read_as_exact_decimals() -> None:
    """No rate passes through a binary float."""
    one_model = b"""{"package": "p", "version": "1", "date": "2026-01-02", "providers": [{"id": "a", "models": [
        {"id": "m", "match": {"equals": "m"}, "prices": [
            {"rates": {"input_mtok": {"base": "0.1", "tiers": [[100, "0.3"]]}}, "hours": ["00:30:00", "16:30:00"]}
        ]}]}]}"""
    snapshot = decode(one_model)
    (price,) = snapshot.providers[0].models[0].prices
    rate = price.rates["input_mtok"]

    assert str(snapshot) == "p 1 of 2026-01-02"
    assert isinstance(rate, Tiered)
    assert [Decimal("0.1"), Decimal("0.3")] == [rate.at(100), rate.at(101)]


def test_every_name_of_the_table_resolves_as_in_the_library() -> None:
    """With its own provider, and with one that sells the models of others."""
    same_version()
    pairs = {*names(), *(("azure", name) for _, name in names()), *(("Vertex_AI", name) for _, name in names())}
    differing = [
        (pair, found(*pair), theirs) for pair in pairs if (theirs := library(*pair)) and found(*pair) != theirs
    ]

    assert differing == []
    assert len(pairs) > 10_000


def test_a_name_without_a_provider_resolves_as_in_the_library() -> None:
    """Where the library recognises a name; beyond that only prefixes and a few owners are known."""
    same_version()
    bare = {name for _, name in names()}
    differing = [
        (name, found(None, name), theirs)
        for name in bare
        if (theirs := library(None, name)) and found(None, name) != theirs
    ]
    guessed = [name for name in bare if found(None, name) and not library(None, name)]

    assert differing == []
    assert [
        name for name in guessed if "/" not in name and "." not in name and not name.startswith(tuple(match.OWNERS))
    ] == []


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        (None, "GPT-4o", ("openai", "gpt-4o")),
        ("OpenAI ", "gpt-4o-2024-08-06", ("openai", "gpt-4o")),
        (None, "openai/gpt-4o", ("openai", "gpt-4o")),
        (None, "azure/gpt-4o", ("azure", "gpt-4o")),
        ("azure", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("azure.ai.inference", "gpt-4o", ("azure", "gpt-4o")),
        (None, "anthropic/claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        (None, "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("google", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        (None, "gemini/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("vertex_ai", "claude-sonnet-4-5", ("google", "claude-sonnet-4-5")),
        (None, "groq/llama-3.3-70b-versatile", ("groq", "llama-3.3-70b-versatile")),
        (None, "openrouter/openai/gpt-4o", ("openrouter", "openai/gpt-4o")),
        (None, "gpt-5.2-20251211", ("openai", "gpt-5.2")),
        (None, "text-embedding-3-small", ("openai", "text-embedding-3-small")),
        ("litellm", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("openai", "anthropic/claude-sonnet-4-5", None),
        ("groq", "azure/gpt-4o", None),
        ("vllm", "openai/gpt-oss-120b", None),
        ("my-gateway", "gpt-4o", None),
        (None, "ollama/deepseek-r1", None),
        (None, "mistralai/Mistral-7B-Instruct-v0.2", None),
        (None, "unheard-of", None),
        (None, None, None),
        ("openai", None, None),
    ],
)
def test_names_as_logs_write_them(provider: str | None, model: str | None, expected: tuple[str, str] | None) -> None:
    """A prefix names a provider, a place, or a server of one's own, which has no price in any table."""
    assert expected == found(provider, model)


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/us-east-1/anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ],
)
def test_bedrock_is_recognised_in_all_its_spellings(model: str) -> None:
    """The model is sold by AWS, at its rates, whether the log says so or not."""
    ours = found(None, model)

    assert ours is not None
    assert ours[0] == "aws"


def test_an_own_server_hides_the_name_that_answered() -> None:
    """A model that is asked of one's own server is not priced as the public one of the same name."""
    assert found(None, "deepseek-r1:8b") == ("deepseek", "deepseek-reasoner")
    assert found(None, "ollama/deepseek-r1:8b", "deepseek-r1:8b") is None
    assert found("ollama", "deepseek-r1:8b") is None


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ({"equals": "o3"}, [True, False, False]),
        ({"starts_with": "o3"}, [True, True, False]),
        ({"ends_with": "mini"}, [False, True, True]),
        ({"contains": "3-"}, [False, True, False]),
        ({"regex": "^o[13]"}, [True, True, True]),
        ({"or": [{"equals": "o3"}, {"equals": "o1-mini"}]}, [True, False, True]),
        ({"and": [{"starts_with": "o"}, {"ends_with": "3"}]}, [True, False, False]),
    ],
)
def test_clauses(clause: dict[str, Any], expected: list[bool]) -> None:
    """Each kind of clause compares a name in its own way."""
    assert expected == [match.holds(clause, name) for name in ("o3", "o3-mini", "o1-mini")]


def test_a_part_without_a_rate_costs_what_the_rest_does() -> None:
    """Cached input falls back to the input's rate and reasoning to the output's, as in the library."""
    rates = cell(entry(Book(), Name("openai", "gpt-4-turbo")), NOON, 0)

    assert rates.input is not None
    assert rates.input == 10 * 10**18
    assert (rates.input, rates.input, rates.output) == (rates.cache_read, rates.cache_write, rates.reasoning)
