"""Why the cost of a call changed: features, models, tokens, price, other layers."""

from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from building import events

from aiopsctl.analyses.causes import Cause, causes
from aiopsctl.cli.money import priced
from aiopsctl.config import Config
from aiopsctl.measure import Scope
from aiopsctl.sources.read import read

SCOPE = Scope(ZoneInfo("UTC"))
WEIGHTS = {"m": (0.1, 5.0)}
AUGUST, SEPTEMBER = "2026-08-05T10:00:00Z", "2026-09-05T10:00:00Z"


def call(
    ts: str, *, input: int = 1000, cached: int = 0, output: int = 100, usd: float = 0.0015, more: float = 0
) -> dict[str, object]:
    """Return a call of a model that takes 1 dollar for a million input tokens, 0.1 for cached, 5 for output."""
    return {
        "ts": ts, "feature": "draft", "model": "m", "input_tokens": input, "cache_read_tokens": cached,
        "output_tokens": output, "cost_usd": usd + more, "retrieval_cost_usd": more,
    }  # fmt: skip


def cost_of(*rows: dict[str, object]) -> Cause:
    """Return why the cost of a call changed from August to September."""
    (found, *_) = causes(events(*rows), SCOPE, WEIGHTS, "month")
    return found


@pytest.mark.parametrize(
    ("part", "after"),
    [
        ("input tokens", call(SEPTEMBER, input=2000, usd=0.0025)),
        ("output tokens", call(SEPTEMBER, output=300, usd=0.0025)),
        ("cached share", call(SEPTEMBER, cached=500, usd=0.00105)),
        ("price", call(SEPTEMBER, usd=0.003)),
        ("other layers", call(SEPTEMBER, more=0.001)),
        ("mix of models", call(SEPTEMBER, usd=0.003) | {"model": "n"}),
        ("mix of features", call(SEPTEMBER, usd=0.003) | {"feature": "agent"}),
    ],
)
def test_one_cause_is_the_whole_change(part: str, after: dict[str, object]) -> None:
    """What alone changed carries the change; all other parts are nothing."""
    found = cost_of(call(AUGUST), after)
    expected = dict.fromkeys(found.parts, 0.0) | {part: found.change}

    assert found.parts == pytest.approx(expected, abs=1e-15)
    assert found.change


def test_calls_without_a_cost_are_left_out() -> None:
    """A call whose cost is not known changes neither the mean nor its parts."""
    known = cost_of(call(AUGUST), call(SEPTEMBER, input=2000, usd=0.0025))

    found = cost_of(call(AUGUST), call(SEPTEMBER, input=2000, usd=0.0025), call(SEPTEMBER) | {"cost_usd": None})

    assert known == found


def test_price_that_tokens_cannot_tell() -> None:
    """Without tokens the change is one of price: there is nothing else to see."""
    bare = {"feature": "draft", "model": "m"}

    found = cost_of(bare | {"ts": AUGUST, "cost_usd": 1.0}, bare | {"ts": SEPTEMBER, "cost_usd": 3.0})

    assert found.parts["price"] == found.change == 2


def test_quarters_of_a_real_log(shared_data: Path) -> None:
    """The parts add up to the change of the means, which are those of SQL, quarter by quarter."""
    path = shared_data / "aider_analytics"
    log = priced(read([str(path)]), Config(), "auto")
    calls = log.events.filter(event="call")
    assert calls.height
    sql = """
        SELECT date_trunc('quarter', ts AT TIME ZONE 'UTC') AS quarter, avg(cost_usd), avg(input_tokens), avg(output_tokens)
        FROM calls GROUP BY 1 ORDER BY 1
    """
    means = duckdb.connect().sql(sql).fetchall()
    columns = {"cost-per-call": 1, "input-tokens": 2, "output-tokens": 3}

    found = causes(log.events, SCOPE, {}, "quarter")

    assert len(found) == 3 * (len(means) - 1)
    for number, cause in enumerate(found):
        before, after = (means[number // 3 + step][columns[cause.metric]] for step in (0, 1))
        assert (cause.before, cause.after) == pytest.approx((before, after))
        assert sum(cause.parts.values()) == pytest.approx(after - before, rel=1e-9)
