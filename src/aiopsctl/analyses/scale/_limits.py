"""The limits of providers: which kinds there are, and which hold for a provider or a model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiopsctl.config import Config
from aiopsctl.errors import UsageError

MINUTE, DAY = 60, 86_400


@dataclass(frozen=True)
class Kind:
    """A kind of limit: of what amount, in a window of how many seconds; `part` is its share of the limit `of`."""

    name: str
    words: str
    amount: str
    seconds: int
    of: str
    part: float = 1.0


KINDS = (
    Kind("rpm", "requests/min", "requests", MINUTE, "rpm"),
    Kind("tpm", "tokens/min", "tokens", MINUTE, "tpm"),
    Kind("input_tpm", "input tokens/min", "input", MINUTE, "input_tpm"),
    Kind("output_tpm", "output tokens/min", "output", MINUTE, "output_tpm"),
    Kind("requests_10s", "requests/10 s", "requests", 10, "rpm", 1 / 6),
    Kind("rpd", "requests/day", "requests", DAY, "rpd"),
    Kind("tpd", "tokens/day", "tokens", DAY, "tpd"),
)
BY_MINUTE = {kind.name: kind for kind in KINDS if kind.seconds == MINUTE}
SLICED = "requests_10s"
TYPED = ("rpm", "tpm", "rpd", "tpd")
"""What the command line can give."""

Limits = Mapping[str, float]


@dataclass(frozen=True)
class Group:
    """Calls that share limits: of a provider, or of a model of it. None is what the log does not say."""

    provider: str | None
    model: str | None = None
    of_model: bool = False

    @property
    def is_azure(self) -> bool:
        """Whether the provider counts requests in slices of ten seconds."""
        return "azure" in (self.provider or "").lower()

    @property
    def key(self) -> str:
        """Its name in the config."""
        return f"{self.provider or ''}/{self.model or ''}" if self.of_model else self.provider or ""


def configured(config: Config, group: Group) -> Limits:
    """Return the limits that the config gives a provider (`openai`), or a model of it (`openai/gpt-4o`)."""
    found = config.providers.get(group.key)
    given = {kind.of: getattr(found, kind.of, None) for kind in KINDS}
    return {name: float(value) for name, value in given.items() if value}


def typed(options: Mapping[str, Any]) -> Limits:
    """Return the limits that the command line gives; raise `UsageError` for one below 0."""
    given = {name: options[name] for name in TYPED if options[name]}
    for name, value in given.items():
        if value < 0:
            raise UsageError(f"--{name} {value} is no limit", help="write a number above 0")
    return {name: float(value) for name, value in given.items()}


def limit_of(kind: Kind, group: Group, limits: Limits) -> float | None:
    """Return the limit of a kind; where no slice of ten seconds has one of its own, they are counted by Azure alone."""
    if kind.name in limits:
        return limits[kind.name]
    if kind.name == SLICED and not group.is_azure:
        return None
    whole = limits.get(kind.of)
    return None if whole is None else whole * kind.part


@dataclass(frozen=True)
class Other:
    """Limits to replay a log with: a multiple of those that hold, or others by name."""

    name: str
    times: float | None = None
    limits: tuple[tuple[str, float], ...] = ()

    def of(self, base: Limits) -> Limits:
        """Return the limits themselves."""
        return dict(self.limits) if self.times is None else {name: value * self.times for name, value in base.items()}


_TIMES = re.compile(r"([0-9]+(?:\.[0-9]+)?)x")
_LIMIT = re.compile(rf"([0-9][0-9_]*)({'|'.join(BY_MINUTE)})")


def others(text: str) -> list[Other]:
    """Return the limits that `--at` names: `0.5x,1x,2x`, `200rpm`, `200rpm+90_000tpm`."""
    return [_other(word.strip()) for word in text.split(",") if word.strip()]


def _other(word: str) -> Other:
    if (times := _TIMES.fullmatch(word)) and float(times[1]) > 0:
        return Other(word, times=float(times[1]))
    parts = [_LIMIT.fullmatch(part.strip()) for part in word.split("+")]
    found = [(part[2], float(part[1].replace("_", ""))) for part in parts if part]
    if len(found) < len(parts) or not all(value > 0 for _, value in found):
        raise UsageError(f"--at: '{word}' is no limit", help="write 0.5x, 200rpm, or 200rpm+90_000tpm")
    return Other(word, limits=tuple(found))
