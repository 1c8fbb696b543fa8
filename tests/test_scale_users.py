"""`scale users`: how concentrated cost is, what the heaviest users do, who they may be, and what caps save."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from aiopsctl.analyses.scale._caps import nearest_rank
from aiopsctl.analyses.scale._concentration import gini, lorenz
from aiopsctl.analyses.scale._kinds import AUTOMATED, HUMAN, JOB, LOOP, TEAM, UNCLEAR
from aiopsctl.cli.app import app
from aiopsctl.demo.faults import LOOP_USER

SAMPLE = Path(__file__).parent.parent / "sample_data"
START = datetime(2026, 9, 1, tzinfo=UTC)
Row = dict[str, Any]


def ran(*words: str) -> Result:
    """Return what a command did."""
    return CliRunner().invoke(app, ["scale", "users", *words])


def found(*words: str) -> dict[str, Any]:
    """Return what the analysis says in the JSON document."""
    answer: dict[str, Any] = json.loads(ran(*words, "-f", "json").stdout)["users"]
    return answer


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of a JSONL file of rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def call(user: str | None, when: datetime, usd: float | None = 0.01, **more: Any) -> Row:
    """Return a call of a user."""
    return {"ts": when.isoformat(), "event": "call", "user_id": user, "cost_usd": usd, "status": "ok", **more}


def every(step: timedelta, count: int, user: str = "robot", **more: Any) -> Iterator[Row]:
    """Yield calls of a user at even times."""
    for number in range(count):
        yield call(
            user, START + number * step, **{name: of(number) if callable(of) else of for name, of in more.items()}
        )


def human(user: str = "person", days: int = 10, each: int = 6) -> Iterator[Row]:
    """Yield calls between 9:00 and 17:00, with gaps that grow from call to call, and prompts that differ."""
    for day in range(days):
        for number in range(each):
            minutes = 9 * 60 + day + 13 * number * number
            yield call(user, START + timedelta(days=day, minutes=minutes), prompt_hash=f"{user}-{day}-{number}")


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    """Return the answer on the sample logs."""
    return found(str(SAMPLE), "--top", "1000")


@cache
def calls() -> duckdb.DuckDBPyConnection:
    """Return a database with the sample calls, read by DuckDB alone."""
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE calls AS SELECT *, ts::TIMESTAMP AS called FROM read_json(?)", [str(SAMPLE / "calls.jsonl.gz")]
    )
    return database


def sql(query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query over the sample calls."""
    return calls().execute(query).fetchall()


class TestConcentration:
    """How unevenly cost is spread."""

    def test_by_hand(self, tmp_path: Path) -> None:
        """Four users at 1, 2, 3 and 10 dollars: the mean absolute difference is 3.5, the mean 4, so Gini is 0.4375."""
        log = written(tmp_path / "log.jsonl", [call(f"u{usd}", START, usd) for usd in (10, 1, 3, 2)])
        answer = found(log)

        assert {"p50": 2, "p90": 10, "p95": 10, "p99": 10, "max": 10, "mean": 4} == answer["cost_per_user"]
        assert answer["gini"] == 0.4375
        assert [(0, 0), (0.25, 1 / 16), (0.5, 3 / 16), (0.75, 6 / 16), (1, 1)] == [
            (point["users_share"], point["cost_share"]) for point in answer["lorenz"]
        ]
        assert [(1, 0.625)] * 4 + [(2, 0.8125)] == [(e["users"], e["cost_share"]) for e in answer["concentration"]]

    @pytest.mark.parametrize("seed", range(5))
    def test_gini_is_half_the_mean_absolute_difference_over_the_mean(self, seed: int) -> None:
        """The sorted sum equals the definition over all pairs, and the area under the curve of cumulated shares."""
        costs = (np.random.default_rng(seed).lognormal(0, 1.5, 300) * 1e6).astype(np.int64)
        pairs = np.abs(costs[:, None] - costs[None, :]).mean() / (2 * costs.mean())
        curve = np.concatenate([[0], np.sort(costs).cumsum() / costs.sum()])
        area = 1 - (curve[1:] + curve[:-1]).sum() / len(costs)

        assert [pairs, area] == pytest.approx([gini(costs.tolist())] * 2, abs=1e-12)

    def test_equal_users(self) -> None:
        """Where all users cost the same, Gini is 0 and the curve is the diagonal."""
        assert gini([5] * 7) == 0
        assert all(p["users_share"] == pytest.approx(p["cost_share"]) for p in lorenz([5] * 7))

    def test_no_cost_at_all(self) -> None:
        """Where nobody costs anything, concentration is unknown."""
        assert (gini([0, 0]), lorenz([0, 0])) == (None, [])

    def test_rank_without_the_error_of_a_float(self) -> None:
        """95 % of 20 values are 19 of them, not 20."""
        assert nearest_rank(range(1, 21), 0.95) == 19

    def test_sample(self, sample: Mapping[str, Any]) -> None:
        """Quantiles and shares on the sample logs are those of DuckDB."""
        ((n, p50, p90, p95, p99, most, top),) = sql(
            "SELECT count(*), quantile_disc(c, .5), quantile_disc(c, .9), quantile_disc(c, .95), quantile_disc(c, .99), "
            "max(c), list_sum(list_slice(list(c ORDER BY c DESC), 1, ceil(count(*) / 100)::int)) / sum(c) "
            "FROM (SELECT coalesce(sum(cost_usd), 0) AS c FROM calls GROUP BY user_id)"
        )

        assert n == sample["users"]
        assert [p50, p90, p95, p99, most] == pytest.approx(
            [sample["cost_per_user"][name] for name in ("p50", "p90", "p95", "p99", "max")]
        )
        assert top == pytest.approx(sample["concentration"][0]["cost_share"])


class TestBehaviour:
    """What a user does, and who that may be."""

    def test_loop(self, tmp_path: Path) -> None:
        """The same prompt every two hours: 12 hours of the day, a third of them in the quietest eight, even gaps."""
        (user,) = found(written(tmp_path / "a.jsonl", [*every(timedelta(hours=2), 36, prompt_hash="p")]))["heaviest"]
        seen = ("hours", "quiet_share", "gaps", "gap_minutes", "gap_share", "gap_cv", "prompt_share", "repeat_share")

        assert [12, 1 / 3, 35, 120, 1, 0, 1, pytest.approx(35 / 36)] == [user[name] for name in seen]
        assert [3, 12, LOOP] == [user["active_days"], user["calls_per_day"], user["kind"]]
        assert "100 % of the gaps are 120 min; 100 % the same prompt" in user["evidence"]

    def test_gaps_by_hand(self, tmp_path: Path) -> None:
        """Gaps of 1, 1 and 4 minutes have mean 2 and deviation sqrt(2); the most common is 1 minute."""
        times = [call("u", START + timedelta(minutes=minute)) for minute in (0, 6, 1, 2)]
        (user,) = found(written(tmp_path / "a.jsonl", times))["heaviest"]

        assert [3, pytest.approx(2**0.5 / 2), 1, pytest.approx(2 / 3)] == [
            user[name] for name in ("gaps", "gap_cv", "gap_minutes", "gap_share")
        ]

    @pytest.mark.parametrize(
        ("kind", "rows"),
        [
            (LOOP, [*every(timedelta(minutes=97), 60, prompt_hash=str)]),
            (LOOP, [*every(timedelta(seconds=20), 1000, prompt_hash="p")]),
            (JOB, [*every(timedelta(days=1), 31, prompt_hash=str)]),
            (JOB, [*every(timedelta(minutes=1), 600, prompt_hash=str)]),
            (TEAM, [row | {"session_id": s} for row in human(each=4) for s in "abc"]),
            (TEAM, [row | {"country": "DEFRUS"[at % 3 * 2 :][:2]} for at, row in enumerate(human())]),
            (UNCLEAR, [*human(days=4)]),
            (UNCLEAR, [*human()]),
        ],
    )  # fmt: skip
    def test_kind(self, tmp_path: Path, kind: str, rows: list[Row]) -> None:
        """Each kind is told by its rule; one person alone is no heavier than the median, which that person is."""
        (user,) = found(written(tmp_path / "a.jsonl", rows))["heaviest"]

        assert (kind, bool(user["why"])) == (user["kind"], kind != UNCLEAR)

    def test_heavy_human(self, tmp_path: Path) -> None:
        """Who calls twice as often as the median user, by day and irregularly, is a heavy human."""
        others = [row for name in "abc" for row in human(name, days=5)]
        users = found(written(tmp_path / "a.jsonl", [*human(), *others]))["heaviest"]

        assert [("person", 2.0, HUMAN)] == [(u["user_id"], u["calls_over_median"], u["kind"]) for u in users[:1]]

    def test_the_same_prompt_is_no_human(self, tmp_path: Path) -> None:
        """Many irregular calls by day with one prompt are neither regular nor like a person: unclear, and why."""
        others = [row for name in "abc" for row in human(name, days=5)]
        same = [row | {"prompt_hash": "p"} for row in human()]
        user = found(written(tmp_path / "a.jsonl", [*same, *others]))["heaviest"][0]

        assert ("person", UNCLEAR, True) == (user["user_id"], user["kind"], bool(user["why"]))

    def test_input_beside_the_median_user(self, tmp_path: Path) -> None:
        """Means of 100, 200 and 600 tokens: the last is three times the median user."""
        rows = [
            call(user, START, usd, input_tokens=n) for user, usd, n in (("a", 1, 100), ("b", 2, 200), ("c", 3, 600))
        ]
        users = found(written(tmp_path / "a.jsonl", rows))["heaviest"]

        assert [("c", 3.0), ("b", 1.0), ("a", 0.5)] == [(u["user_id"], u["input_over_median"]) for u in users]

    def test_most_used(self, tmp_path: Path) -> None:
        """Three calls of four with a feature are a draft: it is named with its share of those, as is the model; a query type is not."""
        told = [{"feature": name} for name in ("draft", "search", "draft", "draft")] + [{"model": "big"}]
        rows = [call("a", START + timedelta(hours=at), **more) for at, more in enumerate(told)]
        log = written(tmp_path / "a.jsonl", rows)
        (user,) = found(log)["heaviest"]

        assert user["most_used"] == {
            "feature": {"value": "draft", "share": 0.75},
            "model": {"value": "big", "share": 1.0},
            "query_type": {"value": None, "share": None},
        }
        assert "mostly draft (75 %), big (100 %)" in ran(log).stdout

    def test_what_is_missing_is_unknown(self, tmp_path: Path) -> None:
        """Without prompts, sessions, countries, tokens and features these are null, and no guess rests on them."""
        (user,) = found(written(tmp_path / "a.jsonl", [*every(timedelta(hours=2), 36)]))["heaviest"]
        missing = ("prompt_share", "repeat_share", "countries", "sessions_at_once", "input_tokens", "features")

        assert [None] * 6 == [user[name] for name in missing]
        assert "prompt" not in user["evidence"]

    def test_without_times(self, tmp_path: Path) -> None:
        """Calls without a time have a cost, but no days, gaps or months."""
        log = written(tmp_path / "a.csv", [])
        Path(log).write_text("who,usd\n" + "u,1\n" * 40)
        answer = found(log, "--map", "user_id=who", "--map", "cost_usd=usd")
        (user,) = answer["heaviest"]

        assert (40.0, None, None, None, UNCLEAR) == (
            user["cost_usd"], user["active_days"], user["hours"], user["gap_cv"], user["kind"],
        )  # fmt: skip
        assert answer["caps"] == []

    def test_planted_user(self, sample: Mapping[str, Any]) -> None:
        """The user whose loop was planted is the first, is called automated, and alone; its numbers are DuckDB's."""
        first = sample["heaviest"][0]
        ((calls, hours, prompt, gap),) = sql(
            "SELECT count(*), count(DISTINCT hour(called)), max(same) / count(*), "
            "count(*) FILTER (round(epoch(gap) / 60) = 120) / count(gap) FROM (SELECT called, count(*) OVER (PARTITION BY "
            "prompt_hash) AS same, called - lag(called) OVER (ORDER BY called) AS gap FROM calls WHERE user_id = 'LOOP')".replace(
                "LOOP", LOOP_USER
            )
        )

        assert (LOOP_USER, 120, True) == (first["user_id"], first["gap_minutes"], first["kind"] in AUTOMATED)
        assert (calls, hours, prompt, gap) == pytest.approx(
            (first["calls"], first["hours"], first["prompt_share"], first["gap_share"])
        )
        assert [LOOP_USER] == [user["user_id"] for user in sample["heaviest"] if user["kind"] in AUTOMATED]

    def test_planted_month(self) -> None:
        """In the month of the loop alone nearly all of its calls are the loop."""
        first = found(str(SAMPLE), "--since", "2026-10-01")["heaviest"][0]

        assert (LOOP_USER, LOOP) == (first["user_id"], first["kind"])
        assert min(first["gap_share"], first["prompt_share"]) > 0.9

    def test_healthy(self, healthy_logs: Path) -> None:
        """Without planted faults nobody is called automated."""
        kinds = {each["kind"]: each["users"] for each in found(str(healthy_logs))["kinds"]}

        assert [0, 0] == [kinds[kind] for kind in AUTOMATED]


class TestCaps:
    """What a cap on calls saves."""

    def test_by_hand(self, tmp_path: Path) -> None:
        """60 calls at 2 cents and 40 at 1: a cap of 50 cuts 10 calls of one user, which cost 20 cents."""
        rows = [*every(timedelta(hours=1), 60, "a", usd=0.02), *every(timedelta(hours=1), 40, "b", usd=0.01)]
        caps = {each["basis"]: each for each in found(written(tmp_path / "a.jsonl", rows))["caps"]}

        assert {
            "calls_per_month": 50, "basis": "occasional user, soft", "users_hit": 1, "user_months_hit": 1, "calls_cut": 10,
            "saved_usd": pytest.approx(0.2), "saved_share": pytest.approx(0.125),
        } == caps["occasional user, soft"]  # fmt: skip
        assert [60, 60] == [caps[f"{name} of user-months"]["calls_per_month"] for name in ("p95", "p99")]

    def test_months_count_apart(self, tmp_path: Path) -> None:
        """80 calls around the end of a month are 40 in each, and no cap of 50 cuts any."""
        rows = [call("a", datetime(2026, 9, 29, 8, tzinfo=UTC) + timedelta(hours=number)) for number in range(80)]
        caps = found(written(tmp_path / "a.jsonl", rows))["caps"]

        assert [(40, 0), (40, 0), (50, 0)] == [(c["calls_per_month"], c["calls_cut"]) for c in caps[:3]]

    def test_sample(self, sample: Mapping[str, Any]) -> None:
        """Each cap on the sample logs cuts what DuckDB says."""
        for cap in sample["caps"]:
            ((users, cut, saved),) = sql(
                "SELECT count(DISTINCT user_id), coalesce(sum(n - CAP), 0), coalesce(sum(c / n * (n - CAP)), 0) FROM ("
                "SELECT user_id, count(*) AS n, coalesce(sum(cost_usd), 0) AS c FROM calls GROUP BY user_id, "
                "date_trunc('month', called)) WHERE n > CAP".replace("CAP", str(cap["calls_per_month"]))
            )

            assert (users, cut) == (cap["users_hit"], cap["calls_cut"])
            assert saved == pytest.approx(cap["saved_usd"], abs=1e-9)


class TestUnknown:
    """What cannot be told is refused, not 0."""

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            ([call(None, START)], "no call has a user_id"),
            ([call("a", START, None)], "no call of a user has a known cost"),
            ([call("a", START), call("b", START, None)], "cost is known for 50.0% of the users' calls"),
        ],
    )
    def test_refused(self, tmp_path: Path, rows: list[Row], why: str) -> None:
        """Without users, or without costs of enough calls, there is no answer: exit code 3, and why."""
        done = ran(written(tmp_path / "a.jsonl", rows))

        assert (3, True) == (done.exit_code, why in done.stderr)

    def test_calls_without_user(self, tmp_path: Path) -> None:
        """Calls without a user are counted with their cost, and said."""
        rows = [call("a", START), call(None, START, 0.5), call(None, START, 0.25)]
        log = written(tmp_path / "a.jsonl", [row | {"request_id": str(at)} for at, row in enumerate(rows)])
        answer = found(log)

        assert (1, 2, 0.75) == (answer["users"], answer["calls_without_user"], answer["cost_without_user_usd"])
        assert "2 calls without user_id (66.7%) left out" in ran(log).stderr

    def test_nobody(self) -> None:
        """To show nobody is refused."""
        assert ran(str(SAMPLE), "--top", "0").exit_code == 2

    def test_defined(self, sample: Mapping[str, Any]) -> None:
        """Every number of a user, and every part of the answer, is defined in the document."""
        plain = {"user_id", "cost_usd", "cost_share", "calls", "active_days", "gaps", "features", "countries", "why",
                 "evidence", "input_tokens", "gap_share"}  # fmt: skip

        assert set(sample["heaviest"][0]) - plain <= set(sample["definitions"])
