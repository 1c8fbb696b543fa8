"""The sample logs are reproducible, and healthy but for planted faults of the declared size."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from aiopsctl import demo
from aiopsctl.demo.faults import (
    LOOP_USER,
    PROMPT_GROWS,
    RATE_LIMIT_HOUR,
    RATINGS_FALL,
    USER_LOOPS,
    Window,
)
from aiopsctl.errors import UsageError
from aiopsctl.events import COLUMNS, FEEDBACK_KINDS

END = date(2026, 10, 31)
SAMPLE = Path(__file__).parent.parent / "sample_data"
NANO = 1_000_000_000
LATENCY_LIMITS = {
    "autocomplete": (500, 1_500),
    "draft": (3_000, 8_000),
    "search-answer": (3_000, 8_000),
    "doc-analysis": (30_000, 90_000),
}


@dataclass(frozen=True)
class Logs:
    """What was written, as frames."""

    folder: Path
    calls: pl.DataFrame
    feedback: pl.DataFrame
    tickets: pl.DataFrame
    users: pl.DataFrame

    @property
    def thumbs(self) -> pl.DataFrame:
        """The thumbs with the feature of their call."""
        rated = self.calls.select("request_id", "feature")
        return self.feedback.filter(kind="thumb").join(rated, on="request_id")


def read(folder: Path) -> Logs:
    """Return the logs of a folder."""
    names = ("calls", "feedback", "tickets", "users")
    frames = (pl.read_ndjson(folder / f"{name}.jsonl.gz", infer_schema_length=None) for name in names)
    return Logs(folder, *(frame.with_columns(pl.col("ts").str.to_datetime(time_zone="UTC")) for frame in frames))


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in the files that were written, unpacked, since zlib versions pack differently."""
    logs = {path.name: gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.jsonl.gz"))}
    return logs | {name: (folder / name).read_bytes() for name in ("FAULTS.md", "aiopsctl.yaml")}


def within(window: Window) -> pl.Expr:
    """Return whether a row lies in the window."""
    return pl.col("ts").is_between(window.since, window.until, closed="left")


def days(first: int, last: int) -> pl.Expr:
    """Return whether a row lies between two numbers of days before the end of the log."""
    until = datetime(END.year, END.month, END.day, tzinfo=UTC) + timedelta(days=1)
    return within(Window(until - timedelta(days=first), until - timedelta(days=last)))


def rate(frame: pl.DataFrame, condition: pl.Expr) -> float:
    """Return the share of rows for which the condition holds."""
    return frame.select(condition.mean()).item()


def thumbs_up(logs: Logs, feature: str, period: pl.Expr) -> float:
    """Return the thumbs-up rate of a feature in a period."""
    return rate(logs.thumbs.filter(period, feature=feature), pl.col("value") == 1)


def input_growth(logs: Logs, feature: str, before: pl.Expr, after: pl.Expr) -> float:
    """Return by how much the mean input of a feature's calls has grown, relative to before."""
    tokens = logs.calls.filter(feature=feature)
    return tokens.filter(after)["input_tokens"].mean() / tokens.filter(before)["input_tokens"].mean() - 1


def user_multiples(logs: Logs) -> Mapping[int, float]:
    """Return for each month how many times the mean user the dearest user costs."""
    users = logs.calls.group_by(pl.col("ts").dt.month().alias("month"), "user_id").agg(pl.sum("cost_usd"))
    months = users.group_by("month").agg(pl.max("cost_usd") / pl.mean("cost_usd"))
    return dict(months.rows())


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """Return logs as they are written by default."""
    folder = tmp_path_factory.mktemp("faulty") / "sample_data"
    demo.write(folder)
    return read(folder)


@pytest.fixture(scope="module")
def healthy(healthy_logs: Path) -> Logs:
    """Return logs without any fault."""
    return read(healthy_logs)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """Return logs without any fault of as few days as every fault finds room in."""
    folder = tmp_path_factory.mktemp("short")
    demo.write(folder, faults=(), days=56)
    return read(folder)


class TestFiles:
    """What is written, whatever the faults."""

    def test_seeds(self, tmp_path: Path) -> None:
        """The same seed gives the same bytes, another seed another log."""
        first, again, other = (
            {
                path.name: path.read_bytes()
                for path in demo.write(tmp_path / name / "sample_data", faults=(), days=8, seed=seed)
            }
            for name, seed in (("first", 7), ("again", 7), ("other", 8))
        )

        assert first == again
        assert first["calls.jsonl.gz"] != other["calls.jsonl.gz"]

    def test_returns_paths(self, tmp_path: Path) -> None:
        """All files that were written are returned, and there are no others."""
        paths = demo.write(tmp_path, faults=(), days=3)

        assert sorted(tmp_path.iterdir()) == sorted(paths)

    def test_size(self, faulty: Logs) -> None:
        """All files together are smaller than 3 MB."""
        assert sum(path.stat().st_size for path in faulty.folder.iterdir()) < 3_000_000

    def test_number_of_calls(self, faulty: Logs, healthy: Logs) -> None:
        """There are about 20,000 calls, with faults and without."""
        assert pytest.approx([faulty.calls.height, healthy.calls.height], rel=0.1) == [20_000, 20_000]

    def test_days(self, faulty: Logs) -> None:
        """The log covers ninety days that end with the last day."""
        covered = [(frame["ts"].min().date(), frame["ts"].max().date()) for frame in (faulty.calls, faulty.feedback)]

        assert [(date(2026, 8, 3), END)] * 2 == covered

    def test_columns(self, faulty: Logs) -> None:
        """Every column is canonical, and every closed text has one of its values."""
        frames = (faulty.calls, faulty.feedback, faulty.tickets, faulty.users)
        strange = [
            (name, value)
            for frame in frames
            for name in frame.columns
            for value in ([name] if name not in COLUMNS else frame[name].drop_nulls().unique())
            if name not in COLUMNS or (COLUMNS[name].values and value not in COLUMNS[name].values)
        ]

        assert strange == []

    def test_feedback_kinds(self, faulty: Logs) -> None:
        """Every kind of feedback occurs."""
        kinds = set(faulty.feedback["kind"]) | set(faulty.tickets["kind"])

        assert set(FEEDBACK_KINDS) == kinds

    def test_activity_kinds(self, faulty: Logs) -> None:
        """Every kind of activity occurs, and only being active needs no feature."""
        featured = faulty.users.filter(pl.col("feature").is_not_null())["kind"]

        assert ({"activate", "opt_in", "opt_out"}, {"active"}) == (
            set(featured),
            set(faulty.users.filter(pl.col("feature").is_null())["kind"]),
        )

    @pytest.mark.parametrize("key", ["request_id", "trace_id", "session_id"])
    def test_feedback_joins(self, faulty: Logs, key: str) -> None:
        """Feedback names a call, trace or session that is in the log."""
        named = faulty.feedback[key].drop_nulls()

        assert named.len() > 100
        assert set(named) <= set(faulty.calls[key])

    def test_cost_parts(self, faulty: Logs) -> None:
        """The parts of every cost add up to it, to the nano-dollar."""
        parts = ("model_cost_usd", "retrieval_cost_usd", "infra_cost_usd")
        nano = [(pl.col(part).fill_null(0) * NANO).round().cast(pl.Int64) for part in parts]
        whole = (pl.col("cost_usd") * NANO).round().cast(pl.Int64)
        priced = faulty.calls.filter(pl.col("cost_usd").is_not_null())

        assert (
            priced.select(whole).to_series().to_list() == priced.select(pl.sum_horizontal(nano)).to_series().to_list()
        )

    def test_failed_calls(self, faulty: Logs) -> None:
        """A failed call has no output tokens, and costs nothing or, after a timeout, nobody knows what."""
        failed = faulty.calls.filter(pl.col("status").is_in(["error", "timeout", "rate_limited"]))
        costs = {status[0]: set(group["cost_usd"]) for status, group in failed.group_by("status")}

        assert {"error": {0.0}, "rate_limited": {0.0}, "timeout": {None}} == costs
        assert failed["output_tokens"].null_count() == failed.height

    def test_one_life_each(self, faulty: Logs) -> None:
        """A user keeps one tier, country and language."""
        lives = faulty.calls.group_by("user_id").agg(pl.n_unique("tier", "country", "language"))

        assert {(1, 1, 1)} == set(lives.drop("user_id").rows())

    def test_too_few_days(self, tmp_path: Path) -> None:
        """A log that is too short for a fault is refused with the number of days that it takes."""
        with pytest.raises(UsageError, match="ask for at least 56 days"):
            demo.write(tmp_path, days=30)

    def test_fresh(self, faulty: Logs) -> None:
        """The committed sample data is what the generator writes."""
        assert contents(faulty.folder) == contents(SAMPLE)


class TestFaults:
    """Each planted fault is as large as it is declared."""

    def test_told(self, faulty: Logs) -> None:
        """The page of faults has a section for every fault that is declared."""
        sections = [
            line[3:] for line in contents(faulty.folder)["FAULTS.md"].decode().splitlines() if line[:3] == "## "
        ]

        assert [fault.name for fault in demo.FAULTS] == sections

    def test_ratings_fall(self, faulty: Logs) -> None:
        """Thumbs up fall from 75 % in the first two weeks to about 65 % in the last two."""
        rates = [thumbs_up(faulty, RATINGS_FALL.feature, period) for period in (days(90, 76), days(14, 0))]

        assert [RATINGS_FALL.usual, RATINGS_FALL.faulty] == pytest.approx(rates, abs=0.03)

    def test_ratings_before(self, faulty: Logs) -> None:
        """Thumbs up are steady until the fall begins."""
        rates = [thumbs_up(faulty, RATINGS_FALL.feature, period) for period in (days(90, 73), days(73, 56))]

        assert [RATINGS_FALL.usual] * 2 == pytest.approx(rates, abs=0.02)

    def test_enough_ratings(self, faulty: Logs) -> None:
        """There are enough ratings for the fall to be seen."""
        assert faulty.thumbs.filter(feature=RATINGS_FALL.feature).height > 1_500

    @pytest.mark.parametrize("feature", ["search-answer", "doc-analysis"])
    def test_other_ratings(self, faulty: Logs, feature: str) -> None:
        """The ratings of other features stay as they are."""
        assert thumbs_up(faulty, feature, days(90, 45)) == pytest.approx(
            thumbs_up(faulty, feature, days(45, 0)), abs=0.03
        )

    def test_prompt_grows(self, faulty: Logs) -> None:
        """The input of the feature is 30 % longer from the day of the new template."""
        after = within(PROMPT_GROWS.window(END))

        assert PROMPT_GROWS.change == pytest.approx(input_growth(faulty, PROMPT_GROWS.feature, ~after, after), abs=0.05)

    def test_prompt_version(self, faulty: Logs) -> None:
        """The prompt version changes with the template and nowhere else."""
        after = within(PROMPT_GROWS.window(END))
        versions = (
            faulty.calls.filter(feature=PROMPT_GROWS.feature).group_by(after).agg(pl.col("prompt_version").unique())
        )

        assert dict(versions.rows()) == {False: ["v3"], True: ["v4"]}

    def test_user_loops(self, faulty: Logs) -> None:
        """The dearest user of the last month costs about 25 times the mean."""
        assert pytest.approx(USER_LOOPS.faulty, abs=2) == user_multiples(faulty)[END.month]

    def test_loop(self, faulty: Logs) -> None:
        """The loop calls with one prompt at regular gaps, at every even hour of the day, all month long."""
        mine = faulty.calls.filter(within(USER_LOOPS.window(END)), user_id=LOOP_USER, feature=USER_LOOPS.feature)
        loop = mine.filter(pl.col("prompt_hash") == pl.col("prompt_hash").mode().first())
        gaps = loop["ts"].diff().drop_nulls().dt.total_minutes()

        assert (31 * 12, set(range(0, 24, 2)), {119, 120}) == (
            loop.height,
            set(loop["ts"].dt.hour()),
            set(gaps),
        )

    def test_rate_limit_hour(self, faulty: Logs) -> None:
        """About half the calls of a busy hour are refused with 429."""
        hour = faulty.calls.filter(within(RATE_LIMIT_HOUR.window(END)))

        assert hour.height >= 60
        assert RATE_LIMIT_HOUR.faulty == pytest.approx(rate(hour, pl.col("status") == "rate_limited"), abs=0.05)
        assert {429} == set(hour.filter(status="rate_limited")["http_status"])

    def test_weekday(self) -> None:
        """The hour of rate limits is on a weekday, whatever day the log ends with."""
        weekdays = {RATE_LIMIT_HOUR.window(END + timedelta(days=day)).since.weekday() for day in range(7)}

        assert {0, 1, 2, 3, 4} == weekdays


class TestHealthy:
    """Without faults nothing is wrong: none is measurable, and no limit of the handbook is breached."""

    def test_told(self, healthy: Logs) -> None:
        """The page says that there is no fault."""
        assert b"no fault is planted" in contents(healthy.folder)["FAULTS.md"]

    def test_ratings_stay(self, healthy: Logs) -> None:
        """Thumbs up stay at 75 % to the end."""
        rates = [thumbs_up(healthy, RATINGS_FALL.feature, period) for period in (days(90, 76), days(14, 0))]

        assert [RATINGS_FALL.usual] * 2 == pytest.approx(rates, abs=0.02)

    def test_prompt_stays(self, healthy: Logs) -> None:
        """The prompt template stays the same."""
        assert {"v3"} == set(healthy.calls.filter(feature=PROMPT_GROWS.feature)["prompt_version"])

    def test_quiet_hour(self, healthy: Logs) -> None:
        """Nobody is refused in the hour that would have had the rate limits."""
        hour = healthy.calls.filter(within(RATE_LIMIT_HOUR.window(END)))

        assert hour.filter(status="rate_limited").height == 0

    def test_user_cost(self, healthy: Logs) -> None:
        """No user costs five times the mean in any month."""
        assert max(user_multiples(healthy).values()) < 5

    @pytest.mark.parametrize("slices", [[], ["feature"], ["tier"]])
    def test_cost_per_mau(self, healthy: Logs, slices: list[str]) -> None:
        """Cost per monthly active user grows by less than 20 % a month, as a whole and in each slice."""
        month = pl.col("ts").dt.month().alias("month")
        each = pl.sum("cost_usd") / pl.n_unique("user_id")
        months = healthy.calls.group_by(month, *slices).agg(each).sort("month")
        growth = pl.col("cost_usd") / pl.col("cost_usd").shift().over(slices or pl.lit(0)) - 1

        assert months.select(growth.max()).item() < 0.2

    @pytest.mark.parametrize("feature", [*LATENCY_LIMITS, "nightly-digest"])
    def test_input_tokens(self, healthy: Logs, feature: str) -> None:
        """Input grows by less than 20 % over 30 days."""
        assert input_growth(healthy, feature, days(60, 30), days(30, 0)) < 0.2

    @pytest.mark.parametrize("feature", LATENCY_LIMITS)
    def test_latency(self, healthy: Logs, feature: str) -> None:
        """The median and the 95th percentile are below the limits of the feature's class."""
        latency = healthy.calls.filter(feature=feature, status="ok")["latency_ms"]
        p50, p95 = LATENCY_LIMITS[feature]

        assert latency.quantile(0.5) < p50
        assert latency.quantile(0.95) < p95

    @pytest.mark.parametrize("fault", demo.FAULTS, ids=lambda fault: fault.name)
    def test_one_fault(self, short: Logs, fault: demo.Fault, tmp_path: Path) -> None:
        """A fault can be planted alone, and leaves calls of other features and hours as they were."""
        demo.write(tmp_path, faults=(fault,), days=56)
        untouched = (pl.col("feature") != fault.feature) & ~within(RATE_LIMIT_HOUR.window(END))
        expected, actual = (
            logs.calls.filter(untouched).drop("request_id", "trace_id") for logs in (short, read(tmp_path))
        )

        assert_frame_equal(expected, actual, check_column_order=False)
