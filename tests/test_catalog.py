"""A metric is sums at a grain, and a value over those sums. Shards add: on every engine, in every split."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, get_args
from zoneinfo import ZoneInfo

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from building import events
from cases import each
from conftest import Engine
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.config import Tier, quantity
from aiopsctl.engine.plan import add, column_of, evaluate, reduction_of, reductions
from aiopsctl.errors import UsageError
from aiopsctl.events import CALENDAR, COLUMNS, FEEDBACK_KINDS, STATUSES, TEXT
from aiopsctl.facts import FACTS, Setting, table
from aiopsctl.measure import Scope, measure
from aiopsctl.metric import Dimension, Metric, Unit
from aiopsctl.sources.coerce import empty
from aiopsctl.sums import GRAINS, SUMS, Sum

METRICS = list(catalog.metrics().values())
UTC_SCOPE = Scope(ZoneInfo("UTC"))
PROMISED = {
    "adoption-rate", "ai-completion-rate", "availability", "cache-hit-rate", "cache-read-share", "calls", "copy-rate",
    "correction-rate", "correction-size", "cost-per-call", "cost-per-call-p50", "cost-per-mau", "cost-total", "csat",
    "csat-gap", "csat-non-users", "csat-users", "dau", "error-rate", "escalations", "escalations-24h", "eval-score",
    "feedback-rate", "flag-rate", "input-tokens", "input-tokens-p50", "input-tokens-p95", "latency-p50",
    "latency-p95", "latency-p99", "mau", "nps", "nps-gap", "nps-non-users", "nps-users", "opt-out-rate",
    "output-tokens", "output-tokens-p50", "output-tokens-p95", "peak-rpm", "peak-tpm", "rate-limited-rate",
    "redo-rate", "refusal-rate", "rejection-rate", "repeat-prompt-share", "retention-30d", "retention-30d-others",
    "retention-60d", "retention-60d-others", "retention-90d", "retention-90d-others", "review-coverage",
    "review-queue", "review-queue-age", "review-score", "share-rate", "star-mean", "stickiness",
    "task-completion-rate", "thumbs-up-rate", "thumbs-up-rate-7d", "ticket-rate", "tickets", "timeout-rate",
    "tokens-per-character", "tokens-per-second", "top-1pct-cost-share", "truncation-rate", "ttft-p50", "ttft-p95",
    "unpriced-share", "user-cost-over-mean", "user-cost-p50", "user-cost-p90", "user-cost-p95", "user-cost-p99",
    "wau",
}  # fmt: skip
CONFIG = SimpleNamespace(
    tiers={"free": Tier(revenue=quantity("1 USD / month")), "pro": Tier(revenue=quantity("20 USD / month"))},
    forecast={f"2026-{month:02}": quantity("4 USD") for month in range(9, 13)},
    revenue={f"2026-{month:02}": quantity("300 USD") for month in range(9, 13)},
    product_mau={f"2026-{month:02}": 50 for month in range(9, 13)},
)
"""What the config of the made-up log says."""

SETTING = Setting(
    CONFIG, ZoneInfo("UTC"), since=datetime(2026, 9, 1, tzinfo=UTC), until=datetime(2026, 12, 25, tzinfo=UTC),
    end=datetime(2026, 12, 25, tzinfo=UTC), features=dict.fromkeys(FEEDBACK_KINDS, frozenset({"draft", ""})),
)  # fmt: skip
FACTS_OF_LOG = {name: table(fact, fact.read(SETTING)) for name, fact in FACTS.items()}
each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def evaluated(
    engine: Engine,
    metrics: Sequence[Metric],
    shards: Sequence[pl.DataFrame],
    by: tuple[str, ...] = (),
    facts: Mapping[str, pl.DataFrame] = FACTS_OF_LOG,
) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of slice, value, n, low, high and coverage of each metric, by its name."""
    plan = reductions(metrics, by)
    parts = zip(*(engine(shard, plan) for shard in shards), strict=True)
    sums = {r.keys: add(part, r) for r, part in zip(plan, parts, strict=True)}
    found = {m.name: evaluate(sums[reduction_of(m, by, plan).keys], m, by, facts) for m in metrics}
    return {name: sorted(frame.rows(), key=repr) for name, frame in found.items()}


def given(metric: Metric) -> dict[str, pl.DataFrame]:
    """Return the facts of the metric's worked example."""
    return {name: table(FACTS[name], values) for name, values in metric.given.items()}


def split(frame: pl.DataFrame, seed: int) -> list[pl.DataFrame]:
    """Return the rows of a frame, permuted and dealt out at random to 1 to 7 shards, some of them empty."""
    rng = Random(seed)
    shards: list[list[int]] = [[] for _ in range(rng.randint(1, 7))]
    for row in rng.sample(range(frame.height), frame.height):
        rng.choice(shards).append(row)
    return [frame[rows] for rows in shards]


def log(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return a log in which everything occurs, and everything is missing at times."""
    rng = Random(seed)

    def row() -> dict[str, Any]:
        who = {
            "user_id": rng.choice([None, *"abcdefghijklmnopqrstuvwxyzäöü" * 12]),
            "feature": rng.choice(["draft", "search", None]),
            "tier": rng.choice([*["free", "pro"] * 30, None]),
        }
        when = {"ts": datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(60 * 24 * 115))}
        kind = rng.choice([*[None] * 20, *FEEDBACK_KINDS, "active", "activate", "opt_in", "opt_out"])
        if kind in ("active", "nps", "csat") and rng.random() < 0.4:
            who = who | {"user_id": f"without AI {rng.randrange(9)}"}
        name = {"request_id": rng.choice([None, f"r{rng.randrange(rows)}"])}
        if kind is not None:
            category = rng.choice([None, "wrong", "tone"])
            return when | who | name | {"kind": kind, "value": rng.choice([None, *range(11)]), "category": category}
        figures = {
            "status": rng.choice([None, *["ok"] * 9, *STATUSES]),
            "latency_ms": rng.choice([None, rng.randrange(100), rng.randrange(90_000)]),
            "input_tokens": rng.choice([None, rng.randrange(5_000)]),
            "output_tokens": rng.choice([None, rng.randrange(500)]),
            "cost_usd": rng.choice([None, *[rng.lognormvariate(-5, 2)] * 9]),
            "retrieval_cost_usd": rng.choice([None, rng.lognormvariate(-9, 2)]),
            "infra_cost_usd": rng.choice([None, rng.lognormvariate(-9, 2)]),
            "ttft_ms": rng.choice([None, rng.randrange(100)]),
            "http_status": rng.choice([None, *[200] * 9, 400, 429, 500]),
            "finish_reason": rng.choice([None, *["stop"] * 9, "length", "refusal"]),
            "retries": rng.choice([None, *[0] * 9, 2]),
            "cache_hit": rng.choice([None, True, False]),
            "cache_read_tokens": rng.choice([None, rng.randrange(500)]),
            "prompt_characters": rng.choice([None, rng.randrange(9_000)]),
            "prompt_hash": rng.choice([None, *"abc", f"p{rng.randrange(rows)}"]),
        }
        return when | who | name | figures

    return events(*(row() for _ in range(rows)))


@each_metric
def test_example(metric: Metric, engine: Engine) -> None:
    """The worked example of a metric gives its value."""
    rows, expected = metric.example

    ((actual, n, *_),) = evaluated(engine, [metric], [events(*rows)], facts=given(metric))[metric.name]

    assert pytest.approx(expected, rel=1e-12) == actual
    assert n > 0


@each_metric
def test_example_in_shards(metric: Metric, engine: Engine) -> None:
    """The worked example of a metric gives the same to the last bit, however it is cut into shards."""
    whole = events(*metric.example[0])
    expected = evaluated(engine, [metric], [whole], facts=given(metric))

    for seed in range(3):
        actual = evaluated(engine, [metric], split(whole, seed), facts=given(metric))

        assert (seed, expected) == (seed, actual)


@pytest.mark.parametrize(
    ("by", "seed"), [((), 0), ((), 1), (("feature",), 1), (("month", "feature"), 2), (("user_id",), 0)]
)
def test_log_in_shards(engine: Engine, by: tuple[str, ...], seed: int) -> None:
    """A log gives the same to the last bit, however it is cut into shards, overall and by slices."""
    whole = log(rows=1_500, seed=seed)
    expected = evaluated(engine, METRICS, [whole], by)

    actual = evaluated(engine, METRICS, split(whole, seed), by)

    assert expected == actual


def test_log_says_something_of_every_metric(engine: Engine) -> None:
    """The log that the shards are tested with has a value of every metric, and every interval that there is."""
    expected = {metric.name for metric in METRICS if metric.value.has_interval}
    found = evaluated(engine, METRICS, [log(rows=1_500, seed=1)])

    actual = {name for name, ((_, _, low, high, _),) in found.items() if (low, high) != (None, None)}

    assert not [name for name, ((value, *_),) in found.items() if value is None]
    assert expected == actual


@each_metric
@pytest.mark.parametrize("nothing", [events(), empty()], ids=["no columns", "no rows"])
def test_no_rows(metric: Metric, nothing: pl.DataFrame) -> None:
    """Without rows every metric is unknown: null, neither 0 nor NaN."""
    expected = (None, None, None, 0, "unknown")
    (found,) = measure(nothing, [metric], UTC_SCOPE)

    assert expected == (found.value, found.low, found.high, found.n, found.status)
    assert found.reason


@each_metric
def test_rows_of_something_else(metric: Metric) -> None:
    """Where no row is one of the metric, it is unknown."""
    expected = (None, 0, "unknown")
    (found,) = measure(events({"kind": "share", "user_id": "a", "feature": "draft"}), [metric], UTC_SCOPE)

    assert expected == (found.value, found.n, found.status)


@each("metric", METRICS)
def test_declaration_is_whole(metric: Metric) -> None:
    """A metric says what it is, why it matters, how it is computed, and where it comes from."""
    said = (metric.title, metric.why, metric.formula, metric.handbook, metric.value.words, metric.needs)

    assert all(said)
    assert metric.why.endswith(".")
    assert not metric.formula.endswith(".")


@each("metric", METRICS)
def test_declaration_uses_known_words(metric: Metric) -> None:
    """Name, unit, dimension, direction, needs and grain of a metric are of the closed lists."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", metric.name)
    assert metric.unit in get_args(Unit)
    assert metric.dimension in get_args(Dimension)
    assert metric.worse in {"higher", "lower", "neither"}
    assert set(COLUMNS) - set(TEXT) >= set(metric.needs)
    assert {*COLUMNS, *CALENDAR, *GRAINS} >= set(metric.keys)


@each("metric", METRICS)
def test_declaration_names_its_sums_apart(metric: Metric) -> None:
    """No sum of a metric has the name of a column, so that its value can use both."""
    assert set() == set(metric.sums) & {*COLUMNS, *CALENDAR, *GRAINS}


@each("metric", METRICS)
def test_example_can_be_shown(metric: Metric) -> None:
    """The events of an example are what a JSON log would hold."""
    assert json.loads(json.dumps(list(metric.example[0]))) == list(metric.example[0])


@each("metric", METRICS)
def test_thresholds_have_an_origin(metric: Metric) -> None:
    """Every default threshold has a level, and names where it comes from."""
    for threshold in metric.thresholds:
        assert threshold.origin
        assert (threshold.warning, threshold.critical) != (None, None)


def test_promised_metrics_exist() -> None:
    """Every metric that the four dimensions of monitoring ask for is declared."""
    assert set() == PROMISED - set(catalog.metrics())


def test_unknown_metric_has_a_neighbour() -> None:
    """An unknown metric is a usage error that names the nearest one."""
    expected = "did you mean 'latency-p95'?"
    with pytest.raises(UsageError) as error:
        catalog.metric("latency-p59")

    assert expected == error.value.help


def test_metrics_of_one_grain_share_a_reduction() -> None:
    """All metrics together take one group-by for each grain, and no two group by the same keys."""
    plan = reductions(METRICS, ["feature"])
    grains = {frozenset(metric.keys) - {"feature"} for metric in METRICS}

    assert len(grains) == len(plan)
    assert len(plan) == len({frozenset(reduction.keys) for reduction in plan})
    assert len(plan) < len(METRICS) / 2


def test_sums_are_shared_by_meaning() -> None:
    """Two metrics that sum the same by different names share a column; different sums by one name do not."""
    first, second = (catalog.metric(name) for name in ("input-tokens", "output-tokens"))
    same = replace(first, name="same", sums={"renamed": first.sums["tokens"]})

    (reduction,) = reductions([first, second, same], [])

    assert {column_of(what) for metric in (first, second) for what in metric.sums.values()} == set(reduction.sums)
    assert len(reduction.sums) == 4


def test_a_key_is_required_where_all_metrics_require_it() -> None:
    """Rows without a user are summed where any metric of the grain can use them, and else are not."""
    expected = [("user_id",), ()]
    tail, mean = catalog.metric("user-cost-p99"), catalog.metric("cost-per-mau")

    actual = [reductions(metrics, [])[0].required for metrics in ([tail], [tail, mean])]

    assert expected == actual


def test_columns_of_sums_are_names() -> None:
    """The column of a sum is the same in every run, so that sums can be kept."""
    expected = "sum_failed_calls"
    assert expected == column_of(SUMS["failed_calls"])


def test_sum_must_be_declared() -> None:
    """A metric refuses a sum that has no name."""
    metric = METRICS[0]

    with pytest.raises(ValueError, match=r"declared in sums\.py"):
        replace(metric, sums={"own": Sum(nw.lit(1))})


def test_metric_needs_canonical_columns() -> None:
    """A metric refuses a need that is no canonical column."""
    with pytest.raises(ValueError, match="no canonical columns"):
        replace(METRICS[0], needs=("latency",))


def test_newest_and_oldest_add() -> None:
    """The newest of a group is the newest of all its shards; a shard without any says nothing."""
    metric = catalog.metric("opt-out-rate")
    (reduction,) = reductions([metric], [])
    column = column_of(metric.sums["last_opt_out"])
    rows = [{"sum_opt_outs": 0, column: None}, {"sum_opt_outs": 1, column: datetime(2026, 9, 2, tzinfo=UTC)}]
    zeros = dict.fromkeys((c for c in reduction.sums if c not in rows[0]), 0)
    frames = [
        pl.DataFrame({"user_id": ["a"]} | zeros | row, schema_overrides={column: pl.Datetime("us", "UTC")})
        for row in rows
    ]

    actual = add(frames, reduction).select("user_id", "sum_opt_outs", column).rows()

    assert [("a", 1, datetime(2026, 9, 2, tzinfo=UTC))] == actual
