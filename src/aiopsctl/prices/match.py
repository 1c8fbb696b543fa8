"""Which price entry a model is: genai-prices' own rules first, then the prefixes that gateways write before a model.

Names are compared in lower case. What is resolved is a name, never a call: a log has few names.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from aiopsctl.prices.snapshot import Clause, Model, Provider, Snapshot

ALIASES = {
    "arn:aws:bedrock": "aws", "bedrock": "aws", "bedrock_converse": "aws",
    "az.ai.inference": "azure", "azure.ai.inference": "azure", "azure_ai": "azure",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "gcp.gen_ai": "google", "gemini": "google", "vertex_ai": "google",
    "github_copilot": "github-copilot",
    "moonshot": "moonshotai",
    "together_ai": "together",
    "voyage": "voyageai",
    "x_ai": "x-ai", "xai": "x-ai",
}  # fmt: skip
"""Names of providers in OpenTelemetry and in LiteLLM that genai-prices does not know, and its own names for them."""

SELF_HOSTED = frozenset({
    "hosted_vllm", "llama.cpp", "llamacpp", "llamafile", "lm_studio", "lmstudio", "local", "localai", "ollama",
    "ollama_chat", "self-hosted", "self_hosted", "sglang", "tgi", "vllm", "xinference",
})  # fmt: skip
"""Names of servers that people run themselves: no table has their price."""

ROUTERS = frozenset({"litellm", "litellm_proxy"})
"""Gateways that are no provider: the model's name says whose it is."""

OWNERS = {
    "chatgpt-": "openai", "omni-moderation": "openai", "text-embedding-3": "openai", "text-embedding-ada": "openai",
    "embed-": "cohere", "rerank-": "cohere", "sonar": "perplexity",
}  # fmt: skip
"""Beginnings of names that one provider alone uses, where genai-prices needs to be told the provider."""

_BEDROCK = re.compile(r"(?:(?:us|eu|apac|global)\.)?(?:amazon|anthropic|meta|mistral|cohere|deepseek|ai21)\.")
_PLACE = re.compile(r"models|publishers|converse|invoke|[a-z]{2}-[a-z]+-\d")
_OPENROUTER = re.compile(r"[^/]+/[^/]+:(?:batch|beta|exacto|extended|floor|free|nitro|online|thinking)")
_COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

_ONE: Mapping[str, Callable[[str, str], object]] = {
    "equals": operator.eq,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": operator.contains,
    "regex": lambda text, pattern: re.search(pattern, text),
}
_SEVERAL: Mapping[str, Callable[[Iterable[bool]], bool]] = {"or": any, "and": all}


class Found(Struct, frozen=True):
    """A price entry, who serves it, and whether the entry is that provider's own; only an own one has tiers."""

    provider: str
    model: Model
    own: bool


def holds(clause: Clause, text: str) -> bool:
    """Return whether a clause recognises a name in lower case."""
    ((kind, value),) = clause.items()
    if kind in _SEVERAL:
        return _SEVERAL[kind](holds(each, text) for each in value)
    return bool(_ONE[kind](text, value))


def provider_named(snapshot: Snapshot, name: str) -> Provider | None:
    """Return the provider of that id, else the first that recognises the name, else the one it is an alias of."""
    name = name.lower().strip()
    recognised = (p for p in snapshot.providers if p.provider_match and holds(p.provider_match, name))
    return snapshot.by_id.get(name) or next(recognised, None) or snapshot.by_id.get(ALIASES.get(name, ""))


def provider_of_prefix(snapshot: Snapshot, prefix: str) -> Provider | None:
    """Return the provider that a prefix of a model names exactly; `mistralai/` names weights, not a provider."""
    return snapshot.by_id.get(prefix) or snapshot.by_id.get(ALIASES.get(_service(prefix), ""))


def find(snapshot: Snapshot, provider: str | None, model: str | None, version: str | None = None) -> Found | None:
    """Return the entry of the model that answered, else of the one that was asked for; None where there is none."""
    if is_self_hosted(provider, model):
        return None
    provider = None if provider is None or provider.lower().strip() in ROUTERS else provider
    if provider is None and model is not None:
        named = provider_of_prefix(snapshot, model.lower().partition("/")[0]) if "/" in model else None
        found = version and named and _lookup(snapshot, named, version.lower())
        if found:
            return found
    who = provider_named(snapshot, provider) if provider else None
    if provider and who is None:
        return None
    tries = (_lookup(snapshot, who, name.lower()) for name in (version, model) if name)
    return next((found for found in tries if found), None)


def is_self_hosted(provider: str | None, model: str | None) -> bool:
    """Return whether the provider, or else the model's prefix, names a server that people run themselves."""
    return (provider or (model or "").partition("/")[0]).lower().strip() in SELF_HOSTED


def _lookup(snapshot: Snapshot, provider: Provider | None, name: str) -> Found | None:
    """Return the entry of a name in lower case: by the rules of the table, else by what the name's prefix says."""
    pairs = ((who, part) for who, part in _readings(snapshot, provider, name) if who)
    return next((found for who, part in pairs if (found := _of_provider(snapshot, who, part))), None)


def _readings(snapshot: Snapshot, provider: Provider | None, name: str) -> Iterator[tuple[Provider | None, str]]:
    """Yield what a name can mean, surest first: whose model it is, and the name that it has there."""
    yield provider or _recogniser(snapshot, name), name
    if provider is None:
        yield _owner(snapshot, name), name
        if _OPENROUTER.fullmatch(name):
            yield snapshot.by_id.get("openrouter"), name
            return
    who, rest = provider, name
    while "/" in rest:
        head, _, rest = rest.partition("/")
        named = provider_of_prefix(snapshot, head)
        if named is None and _PLACE.fullmatch(head) is None:
            return
        if named and provider and named is not provider:
            return
        provider = provider or named
        who = named or who
        yield who or _recogniser(snapshot, rest), rest


def _recogniser(snapshot: Snapshot, name: str) -> Provider | None:
    return next((p for p in snapshot.providers if p.model_match and holds(p.model_match, name)), None)


def _owner(snapshot: Snapshot, name: str) -> Provider | None:
    owner = "aws" if _BEDROCK.match(name) else next((OWNERS[each] for each in OWNERS if name.startswith(each)), "")
    return snapshot.by_id.get(owner)


def _service(prefix: str) -> str:
    """Return the service of an ARN, which is its beginning; any other prefix as it is."""
    return ":".join(prefix.split(":")[:3]) if prefix.startswith("arn:") else prefix


def _of_provider(snapshot: Snapshot, provider: Provider, name: str) -> Found | None:
    """Return a provider's entry of a name; `-20251211` is tried as `-2025-12-11` where it is not known as it is."""
    dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
    names = (name,) if dashed == name else (name, dashed)
    return next((found for each in names if (found := _exactly(snapshot, provider, each))), None)


def _exactly(snapshot: Snapshot, provider: Provider, name: str) -> Found | None:
    others = (snapshot.by_id[each] for each in provider.fallback_model_providers if each in snapshot.by_id)
    for who in (provider, *others):
        for model in who.models:
            if holds(model.match, name):
                return Found(provider.id, model, who is provider)
    return None
