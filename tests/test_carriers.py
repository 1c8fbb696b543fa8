"""A breach says since when, what carries it, what else changed then, and what to type next."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from building import events
from typer.testing import CliRunner

from aiopsctl import catalog
from aiopsctl.checks.carriers import MOST
from aiopsctl.checks.check import Check
from aiopsctl.checks.run import Run, run
from aiopsctl.checks.shifts import shifts
from aiopsctl.cli.app import app
from aiopsctl.config import Limit
from aiopsctl.formats.explained import explanation
from aiopsctl.formats.findings import details
from aiopsctl.formats.format import Look
from aiopsctl.formats.table import FORMAT as TABLE
from aiopsctl.result import TELLING, Result, Shift, Verdict
from aiopsctl.sources.log import Account, Log

BEGIN = date(2026, 9, 1)
NOW = datetime(2026, 10, 31, tzinfo=UTC)
MOVED = date(2026, 10, 11)
SAMPLE = Path(__file__).parent.parent / "sample_data"


def log_of(days: int, calls: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> pl.DataFrame:
    """Return so many days of the same calls, which are the second of each pair from the 11th of October on."""
    rows = []
    for day in (BEGIN + timedelta(days=n) for n in range(days)):
        for number, pair in enumerate(calls):
            rows.append({"ts": f"{day}T12:00:00Z", "request_id": f"{day}-{number}"} | pair[day >= MOVED])
    return events(*rows)


def judged(log: pl.DataFrame, metric: str, kind: str, value: float, **given: Any) -> Result:
    """Return a check of 30 days against the 30 before, with one absolute limit."""
    limit = {"critical": (Limit(kind, value, "absolute"),)}  # type: ignore[arg-type]  # spelt out
    options = {"window": "30d", "compare": "previous", "min_samples": 1, "judge": "value", **given}
    found = run([Check("it", catalog.metric(metric), limit, **options)], Log(log, Account()), Run(NOW, ZoneInfo("UTC")))
    assert found.checks
    return found


def only(result: Result) -> Verdict:
    """Return the one verdict."""
    (found,) = result.checks or []
    return found


def tokens(before: int, after: int | None = None, **also: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call of so many tokens, then and later."""
    return {"input_tokens": before, **also}, {"input_tokens": before if after is None else after, **also}


NEW_PROMPT = [
    ({"input_tokens": 1000, "prompt_version": "v3", "country": "NO"}, {"input_tokens": 1300, "prompt_version": "v4", "country": "NO"}),
    ({"input_tokens": 1000, "prompt_version": "v3", "country": "SE"}, {"input_tokens": 1300, "prompt_version": "v4", "country": "SE"}),
]  # fmt: skip
"""October has 10 days of v3 and 20 of v4: the mean goes from 1,000 to 1,200."""


def test_new_prompt_by_hand() -> None:
    """All calls went to a longer prompt: all is mix, of v4 2 / 3 * (1300 - 1100), of v3 -2 / 3 * (1000 - 1100)."""
    found = only(judged(log_of(60, NEW_PROMPT), "input-tokens", "rise", 100))
    best = found.carriers[0]
    parts = [(part.value, part.mix, part.within, part.share_before, part.share_after) for part in best.segments]

    assert (found.value, found.changed_at, found.changed_slowly) == (1200, "2026-10-11", False)
    assert found.changed_between == ("2026-10-11", "2026-10-11")
    assert (best.dimension, best.mix, best.within, best.total, best.power) == ("prompt_version", pytest.approx(200), pytest.approx(0), pytest.approx(200), pytest.approx(1))  # fmt: skip
    assert parts == [("v4", *map(pytest.approx, (400 / 3, 0, 0, 2 / 3))), ("v3", *map(pytest.approx, (200 / 3, 0, 1, 1 / 3)))]  # fmt: skip
    assert found.changes == [
        Shift("prompt_version", "v3", "2026-10-11", 1, 0),
        Shift("prompt_version", "v4", "2026-10-11", 0, 1),
    ]


def test_words() -> None:
    """A line says since when and what carries it, one what else changed, worded as a coincidence."""
    found = only(judged(log_of(60, NEW_PROMPT), "input-tokens", "rise", 100))

    assert explanation(found) == [
        "moved on 11 Oct, carried by the mix of prompt_version (+200 of +200)",
        "at the same time: prompt_version v3 -> v4 (11 Oct, 0 % to 100 %)",
    ]


def test_words_find_room() -> None:
    """On a narrow terminal the lines are folded, and findings say them, too."""
    result = judged(log_of(60, NEW_PROMPT), "input-tokens", "rise", 100)
    lines = TABLE.render(result, Look(width=60)).splitlines()
    told = " ".join(line.strip() for line in lines)

    assert all(len(line) <= 60 for line in lines if not line.startswith("next: "))
    assert all(line in told for line in explanation(only(result)))
    assert details(only(result))[1:3] == explanation(only(result))


def test_one_segment_that_got_worse() -> None:
    """One feature of four grew by 400 for 20 of 30 days: it carries all of the mean's 67, within."""
    calls = [tokens(1000, 1400, feature="draft"), *(tokens(1000, feature=name) for name in ("a", "b", "c"))]
    found = only(judged(log_of(60, calls), "input-tokens", "rise", 1))
    best = found.carriers[0]

    assert best.segments[0].value == "draft"
    assert best.segments[0].within == pytest.approx(400 * 2 / 3 / 4)
    assert best.power == pytest.approx(0.75)
    assert explanation(found) == ["moved on 11 Oct, carried by feature=draft (within +66.7 of +66.7)"]
    assert found.changes == []


def test_all_got_worse_alike() -> None:
    """Where no dimension carries it, what moved at the same mix of all is told; that is how a provider's change looks."""
    calls = [tokens(1000, 1300, model=model, prompt_version="v1") for model in ("m", "n")]
    found = only(judged(log_of(60, calls), "input-tokens", "rise", 1))

    assert [(each.dimension, each.power) for each in found.carriers] == [("model", pytest.approx(0)), ("model, prompt_version", 0)]  # fmt: skip
    assert found.carriers[-1].within == pytest.approx(200)
    assert explanation(found) == ["moved on 11 Oct, within the same model, prompt_version (+200 of +200)"]


def test_limit_that_was_passed_before() -> None:
    """A value that was past its limit in the window before, too, has no change to explain."""
    high = only(judged(log_of(60, NEW_PROMPT), "input-tokens", "above", 900, compare=None))
    new = only(judged(log_of(60, NEW_PROMPT), "input-tokens", "above", 1100, compare=None))

    assert (high.status, high.carriers, high.changes, high.changed_at) == ("critical", [], [], None)
    assert (new.changed_at, new.carriers[0].dimension) == ("2026-10-11", "prompt_version")
    assert new.reference is None


def test_sum_by_hand() -> None:
    """Of a total that grew by 20 dollars, a tenant that had 1 of 3 dollars a day and took a dollar more has it all."""
    calls = [({"cost_usd": 1.0, "tenant": "a"}, {"cost_usd": 2.0, "tenant": "a"}), *[({"cost_usd": 1.0, "tenant": "b"},) * 2] * 2]  # fmt: skip
    found = only(judged(log_of(60, calls), "cost-total", "rise", 1))
    best = found.carriers[0]

    assert (best.dimension, best.mix, best.within) == ("tenant", None, None)
    assert (best.total, best.power) == (pytest.approx(20), pytest.approx(2 / 3))
    assert (best.segments[0].value, best.segments[0].total, best.segments[0].share_before) == ("a", pytest.approx(20), pytest.approx(1 / 3))  # fmt: skip
    assert explanation(found)[0] == "carried by tenant=a (+$20.00 of +$20.00)"


@pytest.mark.parametrize("metric", ["latency-p50", "mau"])
def test_what_is_no_mean_and_no_sum_is_not_explained(metric: str) -> None:
    """A quantile and a count of users have no parts that add up."""
    calls = [({"latency_ms": 100, "user_id": user, "status": "ok"},) * 2 for user in "ab"]
    found = only(judged(log_of(60, calls), metric, "above", 1, compare=None))

    assert (found.status, found.carriers, found.changed_at) == ("critical", [], None)


def test_passed_checks_are_not_explained() -> None:
    """What is within its limit says nothing."""
    found = only(judged(log_of(60, NEW_PROMPT), "input-tokens", "rise", 300))

    assert (found.status, found.carriers, found.changes, found.changed_at) == ("ok", [], [], None)


def test_only_the_worst_are_explained() -> None:
    """Of many breaches ten are explained."""
    calls = [tokens(1000, 1400, feature=f"f{n}", country=c) for n in range(MOST + 2) for c in ("NO", "SE")]
    result = judged(log_of(60, calls), "input-tokens", "rise", 1, by=("feature",))
    told = [bool(v.changed_at) for v in result.checks or []]

    assert (len(told), sum(told)) == (MOST + 2, MOST)


def test_no_times_no_explanation() -> None:
    """A log without times has no window before."""
    log = log_of(60, NEW_PROMPT).drop("ts")

    assert only(judged(log, "input-tokens", "above", 1, compare=None)).carriers == []


def test_hostile_values_are_cleaned() -> None:
    """A value can move no terminal and forge no line."""
    name = "v4\n\x1b[31m::error::x"
    calls = [tuple(row | {"prompt_version": name} if row["prompt_version"] == "v4" else row for row in pair) for pair in NEW_PROMPT]  # fmt: skip
    found = only(judged(log_of(60, calls), "input-tokens", "rise", 100))  # type: ignore[arg-type]  # pairs

    assert (
        explanation(found)[1]
        == "at the same time: prompt_version v3 -> v4\\n\\x1b[31m::error::x (11 Oct, 0 % to 100 %)"
    )


def daily(*counts: dict[str, int]) -> dict[str, pl.DataFrame]:
    """Return calls by model and day, from the first of September on."""
    rows = [(BEGIN + timedelta(days=n), model, calls) for n, of in enumerate(counts) for model, calls in of.items()]
    return {"model": pl.DataFrame(rows, schema=["day", "model", "calls"], orient="row")}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([{"a": 100}] * 5 + [{"a": 97, "b": 3}] * 5, [("b", "2026-09-06", 0, 0.03)]),
        ([{"a": 97, "b": 3}] * 5 + [{"a": 100}] * 5, [("b", "2026-09-06", 0.03, 0)]),
        ([{"a": 80, "b": 20}] * 5 + [{"a": 69, "b": 31}] * 5, [("a", "2026-09-06", 0.8, 0.69), ("b", "2026-09-06", 0.2, 0.31)]),
        ([{"a": 80, "b": 20}] * 5 + [{"a": 75, "b": 25}] * 5, []),
        ([{"a": 2}] * 5 + [{"a": 2, "b": 1}] + [{"a": 3}] * 4, []),
    ],
)  # fmt: skip
def test_shifts(days: list[dict[str, int]], expected: list[tuple[str, str, float, float]]) -> None:
    """New and gone are told from 1 % of the calls on, a move from 10 points on; what may be chance is not."""
    found = [(s.value, s.at, pytest.approx(s.share_before), pytest.approx(s.share_after)) for s in shifts(daily(*days), None)]  # fmt: skip

    assert sorted(expected) == sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize(("day", "expected"), [(3, 1), (9, 1), (2, 0), (10, 0)])
def test_shifts_near_a_date(day: int, expected: int) -> None:
    """Only what happened within three days of the change is told."""
    calls = daily(*[{"a": 100}] * 5, *[{"a": 95, "b": 5}] * 10)

    assert len(shifts(calls, date(2026, 9, day))) == expected


def documents(command: str) -> list[dict[str, Any]]:
    """Return the measurements that a pasted command prints."""
    done = CliRunner().invoke(app, [*shlex.split(command)[1:], "-f", "json"])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["measurements"]
    return found


@pytest.fixture(scope="module")
def sample() -> dict[str, dict[str, Any]]:
    """Return the breaches of the sample logs by check."""
    done = CliRunner().invoke(app, ["check", str(SAMPLE), "-c", str(SAMPLE / "aiopsctl.yaml"), "-f", "json"])
    checks = json.loads(done.stdout)["checks"]
    return {check["id"]: check for check in checks if check["status"] in ("critical", "warning")}


def test_planted_prompt(sample: dict[str, dict[str, Any]]) -> None:
    """The longer prompt of 7 October is dated to the day, and told as what carries the tokens."""
    found = sample["prompt-creep"]
    told = {(each["dimension"], each["value"], each["at"]) for each in found["changes"]}

    assert found["changed_at"] == "2026-10-07"
    assert found["carriers"][0]["dimension"] == "prompt_version"
    assert told == {("prompt_version", "v3", "2026-10-07"), ("prompt_version", "v4", "2026-10-07")}


def test_planted_fall(sample: dict[str, dict[str, Any]]) -> None:
    """The slow fall from 6 September is told as slow, its beginning is covered, and nothing is blamed for it."""
    found = sample["thumbs-up"]
    first, last = found["changed_between"]

    assert found["changed_slowly"]
    assert first <= "2026-09-06" <= last
    assert abs(date.fromisoformat(found["changed_at"]) - date(2026, 9, 6)) <= timedelta(days=3)
    assert all(each["power"] < TELLING for each in found["carriers"])
    assert found["changes"] == []


def test_pasted_command_splits_the_breach(sample: dict[str, dict[str, Any]]) -> None:
    """The command for a mean gives its segments: weighted by their calls they are the value of the breach."""
    found = sample["prompt-creep"]
    rows = [each for each in documents(found["next"]) if each["metric"] == "input-tokens"]

    assert {each["slice"]["prompt_version"] for each in rows} == {"v3", "v4"}
    assert sum(each["value"] * each["n"] for each in rows) / sum(each["n"] for each in rows) == pytest.approx(found["value"])  # fmt: skip


def test_pasted_command_shows_the_users(sample: dict[str, dict[str, Any]]) -> None:
    """The command for the dearest user gives the costs of all: the largest over their mean is the value of the breach."""
    found = sample["heavy-users"]
    costs = [each["value"] for each in documents(found["next"]) if each["metric"] == "cost-total" and each["value"] is not None]  # fmt: skip

    assert max(costs) / (sum(costs) / found["n"]) == pytest.approx(found["value"])


def test_pasted_command_shows_the_fall(sample: dict[str, dict[str, Any]]) -> None:
    """The command for a slow fall shows it week by week from where the good period began."""
    weeks = {each["slice"]["week"]: each["value"] for each in documents(sample["thumbs-up"]["next"])}

    assert len(weeks) == 13
    assert weeks["2026-W32"] > 0.74
    assert weeks["2026-W44"] < 0.66


def test_no_dimension_but_a_date() -> None:
    """Where the log has nothing to tell calls apart by, the date is told all the same."""
    found = only(judged(log_of(60, [tokens(1000, 1300)]), "input-tokens", "rise", 1))

    assert (found.changed_at, found.carriers) == ("2026-10-11", [])


def test_share_of_a_total() -> None:
    """Of a total that is compared with nothing, the largest part is told, and nothing of when."""
    calls = [({"cost_usd": 8.0, "tenant": "a"},) * 2, *[({"cost_usd": 1.0, "tenant": name},) * 2 for name in "bc"]]
    found = only(judged(log_of(60, calls), "cost-total", "above", 1, compare=None))

    assert explanation(found) == ["carried by tenant=a ($240.00 of $300.00)"]
    assert (found.next or "").endswith("--metrics cost-total --since 30d --by tenant")


@pytest.mark.parametrize(
    ("window", "given", "expected"),
    [
        ("30d", (), "--since 30d --compare previous"),
        ("30d", ("--until", "2026-10-31"), "--since 2026-10-01 --compare 2026-09-01..2026-10-01"),
        ("month", (), "--since this-month --compare previous"),
        ("week", (), "--since 2026-10-26 --compare 2026-10-19..2026-10-24"),
    ],
)
def test_next_names_the_windows(window: str, given: tuple[str, ...], expected: str) -> None:
    """The command looks at exactly the windows of the verdict, also where no word names them."""
    calls = [tokens(1000, feature=f"a{n}") for n in range(8)]
    log = log_of(60, calls)
    late = (pl.col("ts") >= datetime(2026, 10, 26, tzinfo=UTC)) & (pl.col("feature") == "a0")
    log = log.with_columns(input_tokens=pl.when(late).then(5000).otherwise("input_tokens"))
    limit = {"critical": (Limit("rise", 1, "absolute"),)}
    check = Check("it", catalog.metric("input-tokens"), limit, window=window, compare="previous", judge="value")
    found = only(run([replace(check, min_samples=1)], Log(log, Account()), Run(NOW, ZoneInfo("UTC"), inputs=given)))

    assert found.next == " ".join(["aiopsctl cost", *given, "--metrics input-tokens", expected, "--by feature"])
