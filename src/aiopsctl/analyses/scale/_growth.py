"""What the change of the mean input of a call is made of, and what a token of input costs.

The change of a mean splits into the mix of features, of languages within them, of models within those, and what is left
within all three; that is split by the logged parts of an input, or, where a feature logs none, by prompt version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiopsctl import sums
from aiopsctl.analyses.causes import USUAL
from aiopsctl.engine.plan import column_of
from aiopsctl.stats.decompose import Sums, nested

Row = Mapping[str, Any]
Key = tuple[str, str, str, str]

LEVELS = ("feature_or_none", "language", "model_or_none", "prompt_version")
MIXES = ("mix_of_features", "mix_of_languages", "mix_of_models", "prompt_versions")
LOGGED = {
    "template": (sums.system_tokens, sums.calls_with_system),
    "context": (sums.context_tokens, sums.calls_with_context),
    "user_input": (sums.user_tokens, sums.calls_with_user),
}
MOSTLY = 0.95
"""A part of the input counts as logged where so many of a feature's calls tell it, before and after."""

_TOKENS, _CALLS = column_of(sums.input_tokens), column_of(sums.calls_with_input)
_COLUMNS = {name: column_of(tokens) for name, (tokens, _) in LOGGED.items()}
_NANO = 1e9


def means(rows: Iterable[Row]) -> Sums:
    """Return the input tokens of rows, and the calls that tell them."""
    listed = list(rows)
    return sum(row[_TOKENS] for row in listed), sum(row[_CALLS] for row in listed)


def parts(before: Sequence[Row], after: Sequence[Row]) -> dict[str, float | None]:
    """Return what the change of the mean is made of, in tokens a call; what is known adds up to the change.

    A part that no feature on both sides logs is None. `rest` is what logged inputs hold beside their logged parts,
    `not_logged` what changed within features that log none, under one prompt version.
    """
    logged = _logged(before, after)
    zero, one = (_sides(side, logged) for side in (before, after))
    split = nested(_means(zero), _means(one), levels=len(LEVELS))
    found: dict[str, float | None] = dict(zip(MIXES, split.mix, strict=True))
    told = {name for key in split.leaves for name in logged.get(key[0], ())}
    inside = {name: 0.0 for name in LOGGED if name in told} | ({"rest": 0.0} if told else {})
    unsplit = 0.0
    for key, leaf in split.leaves.items():
        own = logged.get(key[0], ())
        if not own:
            unsplit += leaf.weight * (leaf.after - leaf.before)
        for name in (*own, "rest") if own else ():
            inside[name] += leaf.weight * (_part(one[key], name, own) - _part(zero[key], name, own))
    return found | {name: inside.get(name) for name in (*LOGGED, "rest")} | {"not_logged": unsplit}


def _logged(before: Sequence[Row], after: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Return which parts of its input each feature logs."""
    features = {row[LEVELS[0]] for row in (*before, *after)}
    sides = {f: [[row for row in side if row[LEVELS[0]] == f] for side in (before, after)] for f in features}
    return {f: tuple(name for name in LOGGED if all(_tells(own, name) for own in both)) for f, both in sides.items()}


def _tells(rows: Sequence[Row], name: str) -> bool:
    calls = sum(row[_CALLS] for row in rows)
    told = sum(row[column_of(LOGGED[name][1])] for row in rows)
    return bool(calls and told >= MOSTLY * calls)


def _sides(rows: Sequence[Row], logged: Mapping[str, tuple[str, ...]]) -> dict[Key, dict[str, float]]:
    """Return the sums by key; features that log the parts of their input have no prompt version of their own."""
    found: dict[Key, dict[str, float]] = {}
    for row in rows:
        feature, language, model, version = (row[name] or "" for name in LEVELS)
        key = (feature, language, model, "" if logged.get(feature) else version)
        own = found.setdefault(key, dict.fromkeys((_TOKENS, _CALLS, *_COLUMNS.values()), 0))
        for name in own:
            own[name] += row[name]
    return found


def _means(side: Mapping[Key, Mapping[str, float]]) -> dict[Key, Sums]:
    return {key: (row[_TOKENS], row[_CALLS]) for key, row in side.items()}


def _part(row: Mapping[str, float], name: str, logged: Sequence[str]) -> float:
    """Return the mean of a part of the input, or of what is in none of the logged ones."""
    rest = row[_TOKENS] - sum(row[_COLUMNS[part]] for part in logged)
    return (rest if name == "rest" else row[_COLUMNS[name]]) / row[_CALLS]


@dataclass(frozen=True)
class Price:
    """What a token of input costs on average; `usd` is None where that is not known, and `words` say why or whence."""

    usd: float | None
    words: str


def price(rows: Sequence[Row], weighing: Mapping[str, tuple[float, float]], min_coverage: float) -> Price:
    """Return the effective price of an input token: the input's share of the model cost over all input tokens.

    The cost of a model is shared out by tokens, each kind weighted by what it costs beside a plain input token.
    """
    priced, due = (sum(row[column_of(what)] for row in rows) for what in (sums.priced_calls, sums.due_calls))
    if not priced or priced < min_coverage * due:
        return Price(None, f"cost is known for {priced / due:.1%} of the calls" if due else "no call has a cost")
    cost = tokens = 0.0
    guessed = set()
    for row in rows:
        model = row["model_or_none"]
        cached_weight, output_weight = weighing.get(model, USUAL)
        of_model, read, cached, written = (row[column_of(what)] for what in _PRICED)
        whole = read + (cached_weight - 1) * cached
        every = whole + output_weight * written
        if every > 0:
            cost += of_model / _NANO * whole / every
            tokens += read
        if read and model not in weighing:
            guessed.add(model)
    if not tokens:
        return Price(None, "no priced call tells its input tokens")
    ratios = "usual ratios of cached and output tokens" if guessed else "the ratios of the price table"
    return Price(cost / tokens, f"model cost of the calls, shared between input and output by {ratios}")


_PRICED = (
    sums.model_cost, sums.input_tokens_of_priced, sums.cached_tokens_of_priced, sums.output_tokens_of_priced,
)  # fmt: skip

WANTED = {
    column_of(what): what
    for what in (
        sums.input_tokens, sums.calls_with_input, *(what for pair in LOGGED.values() for what in pair),
        sums.priced_calls, sums.due_calls, *_PRICED,
    )
}  # fmt: skip
"""The sums that all of it is made of."""

MEAN = {name: WANTED[name] for name in (_TOKENS, _CALLS)}
"""The sums that the mean is made of."""
