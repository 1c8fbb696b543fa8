"""`scale limits`: limits that suit engaged users, who is near them, and what they would have cut."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app
from aiopsctl.demo.faults import LOOP_USER

SAMPLE = Path(__file__).parent.parent / "sample_data"
Row = dict[str, Any]


def ran(*words: str) -> Result:
    """Return what a command did."""
    return CliRunner().invoke(app, ["scale", "limits", *words])


def found(*words: str) -> dict[str, Any]:
    """Return what the analysis says in the JSON document."""
    answer: dict[str, Any] = json.loads(ran(*words, "-f", "json").stdout)["limits"]
    return answer


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of a JSONL file of rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def calls(user: str | None, month: int, count: int, **more: Any) -> list[Row]:
    """Return calls of a user in a month of 30 days, from its first day to its last, a cent each."""
    first = datetime(2026, month, 1, 8, tzinfo=UTC)
    step = timedelta(days=29) / max(count - 1, 1)
    return [
        {"ts": (first + number * step).isoformat(), "event": "call", "user_id": user, "status": "ok", "cost_usd": 0.01,
         "tier": "free", "request_id": f"{user}-{month}-{number}"} | more
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def twenty(tmp_path: Path) -> str:
    """Return a log of September: user `u01` makes 1 call, and so on to `u20` with 20."""
    return written(tmp_path / "log.jsonl", [row for n in range(1, 21) for row in calls(f"u{n:02}", 9, n)])


class TestRule:
    """What an engaged user does, and the limits that follow."""

    def test_by_hand(self, twenty: str) -> None:
        """Of 20 users with 1 to 20 calls, 19 make at most 19: the limits are 38 and 95."""
        rule = found(twenty)["rule"]

        assert (19, 38, 95, 20, True) == (
            rule["engaged_calls"], rule["soft"], rule["hard"], rule["user_months"], rule["whole_months"],
        )  # fmt: skip

    def test_times(self, twenty: str) -> None:
        """The times are options, and part of a call is a whole one."""
        rule = found(twenty, "--soft", "1.5", "--hard", "3")["rule"]

        assert (29, 57) == (rule["soft"], rule["hard"])

    def test_part_of_a_month_is_left_out(self, twenty: str, tmp_path: Path) -> None:
        """A month that the log does not cover to its end says nothing of what a user does in one."""
        some = [row for row in calls("u01", 11, 25) if row["ts"] < "2026-11-20"]
        rule = found(twenty, written(tmp_path / "more.jsonl", some))["rule"]

        assert (19, ["2026-09"]) == (rule["engaged_calls"], rule["months"])

    def test_no_whole_month(self, tmp_path: Path) -> None:
        """Where no month is whole, what there is is taken, and said to be too low."""
        log = written(tmp_path / "log.jsonl", [row for row in calls("a", 9, 30) if row["ts"] < "2026-09-20"])

        assert (19, False) == ((rule := found(log)["rule"])["engaged_calls"], rule["whole_months"])
        assert "too low" in ran(log).stderr

    def test_automated_users_are_left_out(self, twenty: str, tmp_path: Path) -> None:
        """A loop with 360 calls does not raise what is called engaged, but is over the limits."""
        loop = written(tmp_path / "loop.jsonl", calls("robot", 9, 360, prompt_hash="same"))
        answer = found(twenty, loop)

        assert (19, 1) == (answer["rule"]["engaged_calls"], answer["automated_users"])
        assert [("robot", True)] == [(user["user_id"], user["automated"]) for user in answer["users"]]

    @pytest.mark.parametrize(
        "words", [("--soft", "5", "--hard", "2"), ("--soft", "0"), ("--hard", "inf"), ("--top", "0")]
    )
    def test_limits_that_cannot_be(self, twenty: str, words: tuple[str, ...]) -> None:
        """A soft limit beyond the hard one, no limit, and endless limits are refused."""
        assert ran(twenty, *words).exit_code == 2


class TestTiers:
    """The limits of the config, by tier."""

    def test_config(self, tmp_path: Path) -> None:
        """A tier of the config has its own limits and share; another has those of the rule."""
        config = tmp_path / "aiopsctl.yaml"
        config.write_text("tiers: {free: {soft: 10, hard: 15, notify_at: 50%}, pro: {revenue: 20 USD / month}}\n")
        free = [row for n in (4, 5, 10, 11, 16) for row in calls(f"f{n:02}", 9, n)]
        log = written(tmp_path / "log.jsonl", [*free, *calls("p", 9, 20, tier="pro"), *calls("x", 9, 20, tier=None)])
        tiers = found(log, "-c", str(config))["tiers"]
        seen = ("tier", "basis", "soft", "hard", "users", "notify", "over_soft", "over_hard")

        assert [
            ["free", "config", 10, 15, 5, 4, 2, 1], ["pro", "rule", 40, 100, 1, 0, 0, 0], [None, "rule", 40, 100, 1, 0, 0, 0],
        ] == [[tier[name] for name in seen] for tier in tiers]  # fmt: skip

    def test_only_a_hard_limit(self, tmp_path: Path) -> None:
        """Without a soft limit nobody can be near it, which is unknown and not 0."""
        config = tmp_path / "aiopsctl.yaml"
        config.write_text("tiers: {free: {hard: 15}}\n")
        (tier,) = found(written(tmp_path / "log.jsonl", calls("a", 9, 16)), "-c", str(config))["tiers"]

        assert (None, None, None, 1) == (tier["soft"], tier["notify"], tier["over_soft"], tier["over_hard"])

    def test_tier_is_the_newest(self, tmp_path: Path) -> None:
        """Who changes the plan within a month has the limits of the newer one for the whole month."""
        rows = calls("a", 9, 20)
        log = written(
            tmp_path / "log.jsonl", [row | {"tier": "free" if at < 19 else "pro"} for at, row in enumerate(rows)]
        )

        assert [("pro", 1)] == [(tier["tier"], tier["users"]) for tier in found(log)["tiers"]]


class TestNotify:
    """Who is near a limit in the current month."""

    def test_at_eighty_per_cent(self, twenty: str, tmp_path: Path) -> None:
        """At a soft limit of 19 those with 16 calls and more are told (15 are 78.9 %), the nearest first, as CSV."""
        listed = tmp_path / "notify.csv"
        done = ran(twenty, "--soft", "1", "--notify-list", str(listed))

        assert done.exit_code == 0
        assert [
            "user_id,tier,calls,limit,share", f"u20,free,20,19,{20 / 19}", "u19,free,19,19,1.0", f"u18,free,18,19,{18 / 19}",
            f"u17,free,17,19,{17 / 19}", f"u16,free,16,19,{16 / 19}", "",
        ] == listed.read_bytes().decode().split("\r\n")  # fmt: skip

    def test_only_the_current_month(self, twenty: str, tmp_path: Path) -> None:
        """The month in which the run ends counts: with a row in November, September is over."""
        log = written(tmp_path / "more.jsonl", calls("u20", 11, 1))
        answers = [found(twenty, log, "--soft", "1", *words) for words in ((), ("--until", "2026-10-01"))]

        assert [("2026-11", 0), ("2026-09", 5)] == [(answer["month"], len(answer["users"])) for answer in answers]

    def test_no_formula(self, tmp_path: Path) -> None:
        """A user id that a spreadsheet would compute is text in the list."""
        log = written(tmp_path / "log.jsonl", calls("=1+1", 9, 20))
        ran(log, "--soft", "1", "--notify-list", str(tmp_path / "notify.csv"))

        assert "\r\n'=1+1,free,20,20,1.0\r\n" in (tmp_path / "notify.csv").read_bytes().decode()

    def test_no_log_is_written_over(self, twenty: str) -> None:
        """The list goes into no file that is read."""
        before = Path(twenty).read_bytes()

        assert ran(twenty, "--notify-list", twenty).exit_code == 2
        assert before == Path(twenty).read_bytes()


class TestCut:
    """What each limit would have cut in each month."""

    def test_by_hand(self, tmp_path: Path) -> None:
        """At limits of 10 and 15, 16 and 30 calls lose 6 and 20, then 1 and 15; the loop of 30 is nobody who is hurt."""
        config = tmp_path / "aiopsctl.yaml"
        config.write_text("tiers: {free: {soft: 10, hard: 15}}\n")
        rows = [*calls("a", 9, 16), *calls("robot", 9, 30, prompt_hash="p", cost_usd=0.02), *calls("a", 11, 10)]
        months = found(written(tmp_path / "log.jsonl", rows), "-c", str(config))["months"]
        seen = ("month", "limit", "users_hit", "ordinary_users_hit", "calls_cut", "ordinary_calls_cut", "saved_usd")

        assert [
            ["2026-09", "soft", 2, 1, 26, 6, pytest.approx(0.46)], ["2026-09", "hard", 2, 1, 16, 1, pytest.approx(0.31)],
            ["2026-11", "soft", 0, 0, 0, 0, 0], ["2026-11", "hard", 0, 0, 0, 0, 0],
        ] == [[month[name] for name in seen] for month in months]  # fmt: skip

    def test_sample(self) -> None:
        """What the soft limit would have cut of the sample logs is what DuckDB says."""
        answer = found(str(SAMPLE), "--soft", "1")
        database = duckdb.connect()
        database.execute(
            "CREATE TABLE usage AS SELECT user_id, date_trunc('month', ts::TIMESTAMP) AS month, count(*) AS n, "
            "coalesce(sum(cost_usd), 0) AS c FROM read_json(?) GROUP BY ALL", [str(SAMPLE / "calls.jsonl.gz")],
        )  # fmt: skip
        ((engaged,),) = database.execute(
            "SELECT quantile_disc(n, 0.95) FROM usage WHERE user_id <> ? AND month >= '2026-09-01'", [LOOP_USER]
        ).fetchall()
        expected = database.execute(
            "SELECT strftime(month, '%Y-%m'), count(*), count(*) FILTER (user_id <> $1), sum(n - $2), sum(c / n * (n - $2)) "
            "FROM usage WHERE n > $2 GROUP BY month ORDER BY month", [LOOP_USER, engaged],
        ).fetchall()  # fmt: skip
        seen = ("month", "users_hit", "ordinary_users_hit", "calls_cut", "saved_usd")

        assert engaged == answer["rule"]["engaged_calls"]
        assert [(*row[:4], pytest.approx(row[4])) for row in expected] == [
            tuple(month[name] for name in seen) for month in answer["months"] if month["limit"] == "soft"
        ]

    def test_planted_user(self) -> None:
        """By the rule the planted loop alone is past its limits, and no ordinary user of the sample would be hurt."""
        answer = found(str(SAMPLE))

        assert [LOOP_USER] == [user["user_id"] for user in answer["users"]]
        assert {0} == {month["ordinary_users_hit"] for month in answer["months"]}


class TestUnknown:
    """What cannot be told is refused, not 0."""

    def test_no_user(self, tmp_path: Path) -> None:
        """Calls of nobody are refused."""
        done = ran(written(tmp_path / "log.jsonl", calls(None, 9, 3)))

        assert (3, True) == (done.exit_code, "no call has both a user_id and a time" in done.stderr)

    def test_no_cost(self, tmp_path: Path) -> None:
        """Without costs the calls are counted, the money is unknown, and the exit code says that an answer is missing."""
        log = written(tmp_path / "log.jsonl", calls("a", 9, 20, cost_usd=None))
        done = ran(log)

        assert (3, True) == (done.exit_code, "the money that limits cut is unknown" in done.stderr)
        assert {(20, None, None)} == {(m["calls"], m["cost_usd"], m["saved_usd"]) for m in found(log)["months"]}

    def test_some_without_user(self, twenty: str, tmp_path: Path) -> None:
        """Calls of nobody beside others are counted and said."""
        log = written(tmp_path / "more.jsonl", calls(None, 9, 2))

        assert "2 calls without user_id left out" in ran(twenty, log).stderr
