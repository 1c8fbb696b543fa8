"""Prompts that grow: how much, since when, by what and at what cost."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from aiopsctl.analyses.scale._curve import curve, jump
from aiopsctl.analyses.scale._growth import price
from aiopsctl.cli.app import app
from aiopsctl.engine.plan import column_of
from aiopsctl.sums import (
    cached_tokens_of_priced,
    due_calls,
    input_tokens_of_priced,
    model_cost,
    output_tokens_of_priced,
    priced_calls,
)

SAMPLE = Path(__file__).parent.parent / "sample_data"
CALLS = f"read_json('{SAMPLE / 'calls.jsonl.gz'}')"
FIRST = date(2026, 9, 1)


def ran(*words: Any) -> Any:
    """Return what `scale prompts` came back with."""
    return CliRunner().invoke(app, ["scale", "prompts", *map(str, words), "--isolated"])


def prompts(*words: Any) -> dict[str, Any]:
    """Return what `scale prompts` says to machines."""
    done = ran(*words, "-f", "json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)["prompts"]
    return found


def slices(*words: Any) -> dict[Any, dict[str, Any]]:
    """Return the slices by the values that they are cut by, the whole by none."""
    return {(*each["slice"].values(),): each for each in prompts(*words)["slices"]}


def log(folder: Path, *days: list[dict[str, Any]]) -> Path:
    """Write a log whose first day is the first of September; users take turns."""
    path = folder / "calls.jsonl"
    rows = [
        {"ts": f"{FIRST + timedelta(days=day)}T12:00:00Z", "user_id": f"u{n % 4}", "request_id": f"{day}-{n}"} | row
        for day, own in enumerate(days)
        for n, row in enumerate(own)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def call(tokens: int, feature: str = "draft", **more: Any) -> dict[str, Any]:
    """Return a call of a feature with its input."""
    return {"feature": feature, "model": "m", "input_tokens": tokens} | more


def parts(found: dict[str, Any]) -> dict[str, float]:
    """Return the parts of a change that are something."""
    return {name: size for name, size in found["parts"].items() if size}


def test_template_that_grows(tmp_path: Path) -> None:
    """A longer template is dated, named, and costed: 30 tokens of 0.00001 dollars in 60 calls a month."""
    old = call(100, system_tokens=60, context_tokens=25, user_tokens=10, prompt_version="v1", cost_usd=0.001)
    new = call(130, system_tokens=90, context_tokens=25, user_tokens=10, prompt_version="v2", cost_usd=0.0013)
    new["output_tokens"] = old["output_tokens"] = 0

    found = slices(log(tmp_path, *[[old] * 2] * 3, *[[new] * 2] * 3), "--days", 3)["draft",]

    assert (100, 130, pytest.approx(0.3)) == (found["tokens_before"], found["tokens"], found["change"])
    assert found["status"] == "warning"
    assert parts(found) == {"template": pytest.approx(30)}
    assert found["parts"]["rest"] == 0
    assert found["began"]["day"] == "2026-09-04"
    assert found["began"]["explained"] == pytest.approx(1)
    assert found["began"]["versions"] == [{"feature": "draft", "prompt_version": "v2", "first_seen": "2026-09-04"}]
    assert found["cost_usd_per_month"] == pytest.approx(30 * 20 * 0.00001 * 3)


def test_version_stands_in_for_parts(tmp_path: Path) -> None:
    """Where no part of the input is logged, a new version of the prompt carries the change; the parts are unknown."""
    old, new = call(100, prompt_version="v1"), call(150, prompt_version="v2")

    found = slices(log(tmp_path, *[[old] * 2] * 3, *[[old, new]] * 3), "--days", 3)["draft",]

    assert parts(found) == {"prompt_versions": pytest.approx(25)}
    assert found["parts"]["template"] is None
    assert found["cost_usd_per_month"] is None
    assert found["price"] == "cost is known for 0.0% of the calls"


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("mix_of_features", call(100), call(300, "agent")),
        ("mix_of_languages", call(100, language="en"), call(300, language="ja")),
        ("mix_of_models", call(100), call(300) | {"model": "n"}),
    ],
)
def test_mix(tmp_path: Path, part: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Other shares of what itself stays as it is are mix: from 1 in 4 to 3 in 4 is half the difference of 200."""
    before, after = [one] * 3 + [other], [one] + [other] * 3

    whole = slices(log(tmp_path, *[before] * 3, *[after] * 3), "--days", 3)[()]

    assert parts(whole) == {part: pytest.approx(100)}


def test_rest_of_the_input(tmp_path: Path) -> None:
    """What no logged part holds is the rest, and a part that grows by itself is itself."""
    old = call(100, system_tokens=40, user_tokens=30)
    new = call(160, system_tokens=40, user_tokens=50)

    found = slices(log(tmp_path, *[[old] * 2] * 3, *[[new] * 2] * 3), "--days", 3)["draft",]

    assert parts(found) == {"user_input": pytest.approx(20), "rest": pytest.approx(40)}
    assert found["parts"]["context"] is None


def test_part_that_is_logged_on_one_side_only(tmp_path: Path) -> None:
    """A part that began to be logged has not grown."""
    found = slices(
        log(tmp_path, *[[call(100)] * 2] * 3, *[[call(120, system_tokens=70)] * 2] * 3), "--days", 3
    )["draft",]  # fmt: skip

    assert parts(found) == {"not_logged": pytest.approx(20)}


def test_few_calls_are_no_warning(tmp_path: Path) -> None:
    """A rise that chance may explain is unknown, and a window that could not show one is blind."""
    noisy, higher = (
        [[call(size, user_id=f"{name}{day}{n}") for n, size in enumerate(own)] for day, own in enumerate(sizes)]
        for name, sizes in (("a", [(100, 400), (90, 300), (400, 110)]), ("b", [(100, 700), (90, 300), (500, 110)]))
    )

    rise = slices(log(tmp_path, *noisy, *higher), "--days", 3)["draft",]
    none = slices(log(tmp_path, *higher, *noisy), "--days", 3)["draft",]

    assert (rise["status"], none["status"]) == ("unknown", "blind")
    assert rise["reason"]
    assert none["reason"]
    assert rise["began"] is None


def test_without_input_tokens(tmp_path: Path) -> None:
    """A log that tells no input is refused, with the way out."""
    done = ran(log(tmp_path, *[[{"feature": "draft", "latency_ms": 5}] * 2] * 6), "--days", 3)

    assert done.exit_code == 3
    assert "--map input_tokens=COLUMN" in done.stderr


def test_without_times(tmp_path: Path) -> None:
    """A log without times has no last days, and says what it lacks."""
    path = tmp_path / "calls.jsonl"
    path.write_text('{"feature": "draft", "input_tokens": 5, "user_id": "u"}\n')

    done = ran(path, "--source", "native")

    assert done.exit_code == 3
    assert "--map ts=COLUMN" in done.stderr


def test_without_days_before(tmp_path: Path) -> None:
    """Where nothing lies before, nothing is compared."""
    done = ran(log(tmp_path, *[[call(100)] * 2] * 6))

    assert done.exit_code == 3
    assert "nothing to compare" in done.stderr


@pytest.mark.parametrize("words", [("--by", "day"), ("--days", 0), ("--by", "nonsense")])
def test_usage(words: tuple[Any, ...]) -> None:
    """What cannot be cut or counted is an error of usage."""
    assert ran(SAMPLE, *words).exit_code == 2


# the sample: one prompt grows on 7 October


@pytest.fixture(scope="module")
def sample() -> dict[Any, dict[str, Any]]:
    """Return the slices of the sample."""
    return slices(SAMPLE)


def test_means_of_the_sample(sample: dict[Any, dict[str, Any]]) -> None:
    """Means and numbers of calls are those of SQL over the last 30 days and the 30 before."""
    sql = f"""
        SELECT feature, ts >= '2026-10-02' AS after, avg(input_tokens), count(input_tokens)
        FROM {CALLS} WHERE ts >= '2026-09-02' AND ts < '2026-11-01' GROUP BY GROUPING SETS ((feature, after), (after))
    """  # noqa: S608 - our own file
    expected = {((f,) if f else (), after): (mean, n) for f, after, mean, n in duckdb.connect().sql(sql).fetchall()}

    assert len(expected) == 2 * len(sample)
    for key, found in sample.items():
        assert (found["tokens"], found["calls"]) == pytest.approx(expected[key, True])
        assert (found["tokens_before"], found["calls_before"]) == pytest.approx(expected[key, False])


def test_planted_fault(sample: dict[Any, dict[str, Any]]) -> None:
    """The prompt that was made longer is the only warning, dated within two days, and its template is the cause."""
    found = sample["search-answer",]
    off = date.fromisoformat(found["began"]["day"]) - date(2026, 10, 7)

    assert [key for key, each in sample.items() if each["status"] == "warning"] == [("search-answer",)]
    assert abs(off.days) <= 2
    assert found["parts"]["template"] == pytest.approx(found["tokens"] - found["tokens_before"], rel=0.05)
    assert [each["prompt_version"] for each in found["began"]["versions"]] == ["v4"]


def test_template_of_the_sample(sample: dict[Any, dict[str, Any]]) -> None:
    """The template's part is what SQL says that the mean of `system_tokens` rose by."""
    sql = f"""
        SELECT avg(system_tokens) FILTER (ts >= '2026-10-02') - avg(system_tokens) FILTER (ts < '2026-10-02')
        FROM {CALLS} WHERE feature = 'search-answer' AND ts >= '2026-09-02' AND ts < '2026-11-01'
    """  # noqa: S608 - our own file
    ((expected,),) = duckdb.connect().sql(sql).fetchall()

    assert sample["search-answer",]["parts"]["template"] == pytest.approx(expected, rel=0.01)


def test_parts_add_up(sample: dict[Any, dict[str, Any]]) -> None:
    """What is known of the parts is the whole change, of every slice."""
    for found in sample.values():
        change = found["tokens"] - found["tokens_before"]
        assert sum(size for size in found["parts"].values() if size is not None) == pytest.approx(change, abs=1e-8)


def test_curve_of_the_sample(sample: dict[Any, dict[str, Any]]) -> None:
    """The rolling mean is that of SQL over 30 days, of every day that the log reaches back from."""
    sql = f"""
        WITH days AS (SELECT ts::DATE AS day, sum(input_tokens) AS t, count(input_tokens) AS n
                      FROM {CALLS} WHERE feature = 'search-answer' GROUP BY 1)
        SELECT day, sum(t) OVER w / sum(n) OVER w FROM days
        WINDOW w AS (ORDER BY day RANGE BETWEEN INTERVAL 29 DAYS PRECEDING AND CURRENT ROW) ORDER BY day
    """  # noqa: S608 - our own file
    expected = [mean for _, mean in duckdb.connect().sql("SET TimeZone = 'UTC'; " + sql).fetchall()]
    points = sample["search-answer",]["curve"]

    assert [None] * 29 == [point["rolling_tokens"] for point in points[:29]]
    assert expected[29:] == pytest.approx([point["rolling_tokens"] for point in points[29:]])
    assert points[-1]["change"] == pytest.approx(sample["search-answer",]["change"])
    assert points[58]["change"] is None


def test_rows_for_machines() -> None:
    """CSV has a row a series and day."""
    lines = ran(SAMPLE, "-f", "csv").stdout.splitlines()

    assert lines[0] == "series,feature,day,tokens,calls,rolling_tokens,change"
    assert len(lines) == 1 + 6 * 90


def test_other_windows() -> None:
    """`--compare` names the windows: two whole months have no days before themselves."""
    found = prompts(SAMPLE, "--since", "2026-10-01", "--until", "2026-11-01", "--compare", "2026-09")

    assert (found["window_before"]["since"], found["window_before"]["until"]) == (
        "2026-09-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00",
    )  # fmt: skip


def test_healthy(healthy_logs: Path) -> None:
    """A healthy sample warns of nothing."""
    found = slices(healthy_logs)

    assert len(found) == 6
    assert [key for key, each in found.items() if each["status"] == "warning"] == []


# the pieces, by other means


@pytest.mark.parametrize("seed", range(5))
def test_best_break(seed: int) -> None:
    """The break is the one that leaves the smallest squared error, found by trying every day."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 50, 40)
    means = random.normal(100, 10, 40) + 8 * (np.arange(40) >= 25)
    days = {
        FIRST + timedelta(days=n): (float(m * s), float(s)) for n, (m, s) in enumerate(zip(means, sizes, strict=True))
    }

    def left(end: int) -> float:
        halves = (slice(0, end), slice(end, 40))
        return sum(float((sizes[h] * (means[h] - np.average(means[h], weights=sizes[h])) ** 2).sum()) for h in halves)

    best = min(range(3, 38), key=left)
    whole = float((sizes * (means - np.average(means, weights=sizes)) ** 2).sum())
    found = jump(days)

    assert found is not None
    assert found.day == FIRST + timedelta(days=best)
    assert found.explained == pytest.approx(1 - left(best) / whole)


def test_days_without_calls() -> None:
    """A day without calls has no mean, and does not change the rolling one."""
    found = curve({FIRST: (100, 1), FIRST + timedelta(days=2): (300, 1)}, FIRST, FIRST + timedelta(days=2), 2)

    assert [(100, None), (None, 100), (300, 300)] == [(point.tokens, point.rolling_tokens) for point in found]


def test_too_short_for_a_break() -> None:
    """Five days cannot show two levels of three."""
    assert jump({FIRST + timedelta(days=n): (100, 1) for n in range(5)}) is None


def row(**of: int) -> dict[str, Any]:
    """Return summed rows of one model."""
    names = {
        "cost": model_cost, "input": input_tokens_of_priced, "cached": cached_tokens_of_priced,
        "output": output_tokens_of_priced, "priced": priced_calls, "due": due_calls,
    }  # fmt: skip
    return {"model_or_none": "m"} | {column_of(what): of.get(name, 0) for name, what in names.items()}


def test_price_of_a_token() -> None:
    """The input's share of the cost, by weighted tokens, over all input tokens.

    1,000 input tokens of which 500 cached at 0.1 weigh 550, 90 output tokens at 5 weigh 450: the input's share of 10
    dollars is 5.50, over 1,000 tokens.
    """
    found = price([row(cost=10 * 10**9, input=1000, cached=500, output=90, priced=1, due=1)], {"m": (0.1, 5.0)}, 0.95)

    assert found.usd == pytest.approx(0.0055)


def test_price_of_too_few() -> None:
    """A cost that is known for half of the calls is no price."""
    found = price([row(cost=10**9, input=100, priced=1, due=2)], {"m": (0.1, 5.0)}, 0.95)

    assert found.usd is None
    assert "50.0%" in found.words
