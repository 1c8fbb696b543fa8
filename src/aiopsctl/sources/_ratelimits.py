"""Rate limits as providers state them in the headers of their answers."""

from collections.abc import Callable

import polars as pl

from aiopsctl.sources.source import first_of

MINUTE, TEN_SECONDS, DAY = 60, 10, 86_400
_SPELLINGS = {
    "limit_requests": ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"),
    "remaining_requests": ("x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"),
    "limit_tokens": ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit", "x-ratelimit-limit-tokens-minute"),
    "remaining_tokens": (
        "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining", "x-ratelimit-remaining-tokens-minute",
    ),
}  # fmt: skip
_SLICED = {
    "limit_requests": "x-ratelimit-limit-req-10-second",
    "remaining_requests": "x-ratelimit-remaining-req-10-second",
}
_RESET = "x-ratelimit-reset-requests"
NAMES = (*(name for names in _SPELLINGS.values() for name in names), *_SLICED.values(), _RESET)
"""The headers that are read."""

_STEPS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3}
_ROUNDED = 120, 20_000
"""A reset is rounded: what comes out below the one is a minute, from the other on a day."""


def columns(header: Callable[[str], pl.Expr]) -> dict[str, pl.Expr]:
    """Return the canonical columns of rate limits, from what gives a header by its name.

    A provider that grants requests by the day says so only by when they are there again: the share that is used up is
    refilled in as large a share of the window.
    """
    found = {name: first_of(*(_number(header(each)) for each in names)) for name, names in _SPELLINGS.items()}
    sliced = {name: _number(header(each)) for name, each in _SLICED.items()}
    whole, left = found["limit_requests"], found["remaining_requests"]
    refill = pl.when(left < whole).then(_seconds(header(_RESET)) * whole / (whole - left))
    window = (
        pl.when(whole.is_null()).then(pl.when(sliced["limit_requests"].is_not_null()).then(TEN_SECONDS))
        .when(refill >= _ROUNDED[1]).then(DAY)
        .when(refill.is_null() | (refill < _ROUNDED[0])).then(MINUTE)
    )  # fmt: skip
    requests = {name: first_of(found[name], value) for name, value in sliced.items()}
    return found | requests | {"limit_requests_window_s": window}


def _number(said: pl.Expr) -> pl.Expr:
    """Return a header as a number; -1 is how some say that there is no limit."""
    number = said.str.strip_chars().cast(pl.Int64, strict=False)
    return pl.when(number >= 0).then(number)


def _seconds(said: pl.Expr) -> pl.Expr:
    """Return a duration such as `1m2.5s` in seconds; a plain number, whose unit providers disagree on, is none."""
    parts = [
        said.str.extract(rf"(?:^|[a-z])(\d+(?:\.\d+)?){unit}(?:\d|$)").cast(pl.Float64, strict=False) * seconds
        for unit, seconds in _STEPS.items()
    ]
    return pl.when(said.str.contains(r"^[\d.]+[a-z]")).then(pl.sum_horizontal(parts))
