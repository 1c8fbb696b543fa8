"""Drift: the planted changes are named and dated, nothing else is, and every number is one that others would compute."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from building import events
from scipy import stats
from typer.testing import CliRunner

from aiopsctl import demo
from aiopsctl.analyses.drift.columns import columns
from aiopsctl.analyses.drift.moves import POINTS, RARE, SIZES, Gate
from aiopsctl.analyses.drift.pages import sections
from aiopsctl.analyses.drift.signals import signals, told
from aiopsctl.analyses.drift.windows import pair
from aiopsctl.cli.app import app
from aiopsctl.demo.faults import PROMPT_GROWS, RATINGS_FALL
from aiopsctl.measure import Scope
from aiopsctl.window import Window, zone

UTC_ZONE = zone("UTC")
SAMPLE = Path(__file__).parent.parent / "sample_data"
DRIFTED = ("warning", "critical")
END = date(2026, 10, 31)


def written(folder: Path, *options: str) -> str:
    """Return what `drift` writes of a folder as JSON."""
    done = CliRunner().invoke(app, ["drift", str(folder), "--isolated", "-f", "json", *options])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def asked(folder: Path, *options: str) -> dict[str, Any]:
    """Return the document that `drift` writes of a folder."""
    found: dict[str, Any] = json.loads(written(folder, *options))
    return found


@pytest.fixture(scope="module")
def told_of_faulty() -> str:
    """Return what is written of the sample logs."""
    return written(SAMPLE)


@pytest.fixture(scope="module")
def faulty(told_of_faulty: str) -> dict[str, Any]:
    """Return the answer for the sample logs."""
    found: dict[str, Any] = json.loads(told_of_faulty)
    return found


@pytest.fixture(scope="module")
def healthy(healthy_logs: Path) -> dict[str, Any]:
    """Return the answer for logs without a fault."""
    return asked(healthy_logs)


def signal(document: Mapping[str, Any], metric: str, **slice_: str) -> dict[str, Any]:
    """Return the signal of a metric and slice."""
    (found,) = [each for each in document["signals"] if each["metric"] == metric and each["slice"] == slice_]
    return dict(found)


def column(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a column by its name."""
    (found,) = [each for each in document["columns"] if each["column"] == name]
    return dict(found)


class TestPlanted:
    """The sample logs, of which it is known what is wrong."""

    def test_ratings_fall(self, faulty: dict[str, Any]) -> None:
        """The slow fall of the drafts' ratings is critical, slow, and dated within a week of its first day."""
        found = signal(faulty, "thumbs-up-rate", feature="draft")
        began = RATINGS_FALL.window(END).since.date()

        assert found["status"] == "critical"
        assert found["changed_slowly"]
        assert found["label"] == "sustained decline"
        assert abs(date.fromisoformat(found["changed_at"]) - began) <= timedelta(days=7)
        assert found["high"] < 0

    def test_prompt_grows(self, faulty: dict[str, Any]) -> None:
        """The longer prompt is critical, sudden, dated within two days, and stands beside the version that came then."""
        found = signal(faulty, "input-tokens", feature="search-answer")
        began = PROMPT_GROWS.window(END).since.date()
        beside = {
            (each["dimension"], each["value"], each["at"])
            for each in faulty["changes"]
            if each["metric"] == "input-tokens"
        }

        assert found["status"] == "critical"
        assert (found["changed_slowly"], found["label"]) == (False, None)
        assert abs(date.fromisoformat(found["changed_at"]) - began) <= timedelta(days=2)
        assert ("prompt_version", "v4", began.isoformat()) in beside
        assert column(faulty, "prompt_version")["status"] == "warning"

    def test_carrier(self, faulty: dict[str, Any]) -> None:
        """What the longer prompt costs is carried by the mix of prompt versions; mix and within add up to the whole."""
        own = [c for c in faulty["carriers"] if c["metric"] == "input-tokens" and c["dimension"] == "prompt_version"]

        assert [c["mix"] + c["within"] for c in own] == pytest.approx([c["total"] for c in own])
        assert own[0]["mix"] / own[0]["total"] > 0.8

    def test_nothing_else(self, faulty: dict[str, Any]) -> None:
        """The looping user and the hour of refused calls are no drift: only the two slow faults and what they cost are."""
        found = {(s["metric"], *s["slice"].values()) for s in faulty["signals"] if s["status"] in DRIFTED}

        assert found == {
            ("thumbs-up-rate",),
            ("thumbs-up-rate", "draft"),
            ("input-tokens", "search-answer"),
            ("cost-per-call", "search-answer"),
        }
        assert [c["column"] for c in faulty["columns"] if c["status"] in DRIFTED] == ["prompt_version"]

    def test_healthy(self, healthy: dict[str, Any]) -> None:
        """Logs without a fault have no drift."""
        assert healthy["verdict"] == "no drift"
        assert not [each for each in healthy["signals"] + healthy["columns"] if each["status"] in DRIFTED]
        assert healthy["carriers"] == []

    @pytest.mark.parametrize("seed", [1, 2])
    def test_other_healthy_logs(self, seed: int, tmp_path: Path) -> None:
        """Other logs without a fault have none either."""
        demo.write(tmp_path, faults=(), seed=seed)

        assert asked(tmp_path)["verdict"] == "no drift"

    def test_lagged(self, faulty: dict[str, Any]) -> None:
        """The last 28 complete days stand beside the eight weeks that ended four weeks before."""
        own = faulty["compared_with"]

        assert faulty["window"]["since"] == "2026-10-04T00:00:00+00:00"
        assert (own["name"], own["since"], own["until"]) == (
            "lagged", "2026-08-09T00:00:00+00:00", "2026-10-04T00:00:00+00:00",
        )  # fmt: skip

    def test_weeks(self, faulty: dict[str, Any]) -> None:
        """The slope is SciPy's over the complete weeks that are given."""
        found = signal(faulty, "thumbs-up-rate", feature="draft")
        values = [week["value"] for week in found["weeks"]]

        assert found["slope_per_week"] == pytest.approx(stats.theilslopes(values).slope)
        assert found["kendall_p"] == pytest.approx(stats.kendalltau(range(len(values)), values, method="exact").pvalue)
        assert {date.fromisoformat(week["week"]).weekday() for week in found["weeks"]} == {0}

    @pytest.mark.parametrize(("level", "code"), [("never", 0), ("critical", 1), ("warning", 1)])
    def test_fail_on(self, level: str, code: int, tmp_path: Path) -> None:
        """Drift fails a build only where it is asked to."""
        rows = ({"ts": f"2026-09-{d:02}T{h:02}:00:00Z", "user_id": f"u{h}", "status": "ok", "input_tokens": (900 + h) * (1 + d // 15)}
                for d in range(1, 31) for h in range(24))  # fmt: skip
        (tmp_path / "calls.jsonl").write_text("\n".join(map(json.dumps, rows)))
        done = CliRunner().invoke(app, ["drift", str(tmp_path), "--isolated", "--fail-on", level, "-qq"])

        assert done.exit_code == code

    def test_same_bytes(self, told_of_faulty: str) -> None:
        """The same log gives the same bytes."""
        assert told_of_faulty == written(SAMPLE)


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    """Return the checklist of the sample logs."""
    return list(asked(SAMPLE, "--investigate")["investigation"])


class TestChecklist:
    """The handbook's five steps, from the log."""

    def test_steps(self, steps: list[dict[str, Any]], faulty: dict[str, Any]) -> None:
        """Each step is answered from the sample logs; without being asked there is none."""
        assert [step["step"] for step in steps] == [1, 2, 3, 4, 5]
        assert all(step["findings"] for step in steps)
        assert faulty["investigation"] is None

    def test_sample(self, steps: list[dict[str, Any]]) -> None:
        """Three calls of each of five features are drawn, of the last week and of 60 to 90 days ago."""
        rows = pl.read_ndjson(SAMPLE / "calls.jsonl.gz", infer_schema_length=None).select("request_id", "ts", "feature")
        times = {row[0]: datetime.fromisoformat(row[1]) for row in rows.iter_rows()}
        end = datetime(2026, 11, 1, tzinfo=UTC)
        for when, (first, last) in {"recent": (7, 0), "earlier": (90, 60)}.items():
            ids = [call["request_id"] for call in steps[0]["sample"][when]]

            assert len(set(ids)) == 15
            assert all(timedelta(days=last) <= end - times[i] <= timedelta(days=first) for i in ids)

    def test_prompts(self, steps: list[dict[str, Any]]) -> None:
        """The prompt that came into use is named with its day, and the part of the input that grew."""
        found = " ".join(steps[3]["findings"])

        assert "prompt_version=v4 of search-answer 0 % -> 100.0 % on 7 Oct" in found
        assert "system_tokens a call" in found

    def test_missing(self, tmp_path: Path) -> None:
        """A log without evaluations and prompt versions says what is missing."""
        rows = [{"ts": f"2026-09-{d:02}T{h:02}:00:00Z", "user_id": f"u{h}", "status": "ok", "input_tokens": 900 + h}
                for d in range(1, 31) for h in range(24)]  # fmt: skip
        (tmp_path / "calls.jsonl").write_text("\n".join(map(json.dumps, rows)))

        steps = asked(tmp_path, "--investigate")["investigation"]

        assert [bool(step["findings"]) for step in steps] == [False, False, True, False, False]
        assert "kind eval" in steps[4]["missing"]
        assert "prompt_version" in steps[3]["missing"]


START = datetime(2026, 6, 1, tzinfo=UTC)
SPLIT = START + timedelta(days=28)
SCOPE = Scope(UTC_ZONE, Window(SPLIT, SPLIT + timedelta(days=28)), Window(START, SPLIT))


def calls(tokens: Sequence[int], models: Sequence[str] = ()) -> pl.DataFrame:
    """Return as many calls as tokens, one after the other over the 56 days, of 50 users in turn."""
    step = timedelta(days=56) / len(tokens)
    return events(*(
        {"ts": START + i * step, "user_id": f"u{i * 7 % 50}", "request_id": str(i), "status": "ok", "input_tokens": n,
         "model": models[i] if models else "a"}
        for i, n in enumerate(tokens)
    ))  # fmt: skip


class TestColumns:
    """The distances of columns, from events."""

    def test_numbers(self) -> None:
        """Distances of a column of numbers are SciPy's on the values themselves."""
        tokens = np.random.default_rng(3).lognormal(7, 0.5, 1_000).astype(int)
        before, after = tokens[:500], tokens[500:]

        found = column({"columns": columns(calls(tokens.tolist()), SCOPE)}, "input_tokens")

        far = stats.wasserstein_distance(before, after)
        test = stats.ks_2samp(before, after)
        assert (found["n"], found["n_reference"]) == (500, 500)
        assert (found["ks"], found["ks_p"]) == pytest.approx((test.statistic, test.pvalue))
        assert (found["wasserstein"], found["wasserstein_normalized"]) == pytest.approx((far, far / before.std()))
        assert (found["chi2"], found["tvd"]) == (None, None)

    def test_categories(self) -> None:
        """A model that takes over 40 of 100 calls moves 40 % of the traffic; the test is that of a table of four cells."""
        models = ["a"] * 500 + ["a", "a", "a", "b", "b"] * 100
        test = stats.chi2_contingency([[500, 0], [300, 200]], correction=False)

        found = column({"columns": columns(calls([9] * 1_000, models), SCOPE)}, "model")

        assert (found["status"], found["tvd"]) == ("critical", pytest.approx(0.4))
        assert (found["chi2"], found["chi2_p"]) == pytest.approx((test.statistic, test.pvalue))
        assert found["changed_at"] == SPLIT.date().isoformat()
        assert (found["ks"], found["direction"]) == (None, None)

    def test_one_user(self) -> None:
        """A column that one user alone moves is no drift, and it is said so."""
        log = calls([1_000, 1_010, 990, 1_005] * 300)
        heavy = (
            pl.when((pl.col("user_id") == "u7") & (pl.col("ts") >= SPLIT))
            .then(30_000)
            .otherwise(pl.col("input_tokens"))
        )

        found = column({"columns": columns(log.with_columns(input_tokens=heavy), SCOPE)}, "input_tokens")

        assert (found["status"], found["reason"]) == ("ok", "one user alone makes the change")

    def test_too_little(self) -> None:
        """Of few events nothing is said, and why."""
        found = column({"columns": columns(calls([1, 2] * 40), SCOPE)}, "input_tokens")

        assert (found["status"], found["p_adjusted"]) == ("unknown", None)
        assert found["reason"] == "40 events in one of the windows, 100 are needed"

    def test_nothing_before(self) -> None:
        """A model that only the window tells is unknown, without a word of a division by zero."""
        log = calls([9] * 1_000).with_columns(model=pl.when(pl.col("ts") >= SPLIT).then(pl.lit("a")))

        found = column({"columns": columns(log, SCOPE)}, "model")

        assert (found["status"], found["n"], found["n_reference"], found["tvd"]) == ("unknown", 500, 0, None)

    def test_long_end(self) -> None:
        """Where one input in six becomes three times as long and all others shorter, the mean stays and the end is critical."""
        rng = np.random.default_rng(5)
        before, after = (rng.lognormal(7, 0.4, 1_000) for _ in range(2))
        after *= np.where(rng.random(1_000) < 1 / 6, 3, 1)
        after *= before.mean() / after.mean()
        before, after = before.astype(int), after.astype(int)
        limit, now = (np.quantile(side, 0.95, method="inverted_cdf") for side in (before, after))

        found = column({"columns": columns(calls([*before.tolist(), *after.tolist()]), SCOPE)}, "input_tokens")
        tail = found["tail"]

        assert (found["status"], found["judged_by"], tail["status"]) == ("critical", "tail", "critical")
        assert abs(found["change"]) < 0.01
        assert (tail["value_reference"], tail["value"]) == (limit, now)
        shares = tail["share_beyond_reference"], tail["share_beyond"]
        assert shares == ((before > limit).mean(), (after > limit).mean())
        assert tail["change_low"] < shares[1] - shares[0] < tail["change_high"]
        assert found["changed_at"] == SPLIT.date().isoformat()

    def test_long_end_of_few(self) -> None:
        """Below 400 events in a window nothing is said of the long end, and the mean is judged as before."""
        tokens = [1_000, 1_100, 900, 1_000] * 90 + [1_250, 1_375, 1_125, 1_250] * 90

        found = column({"columns": columns(calls(tokens), SCOPE)}, "input_tokens")

        assert (found["status"], found["judged_by"], found["tail"]["status"]) == ("critical", "mean", "unknown")
        assert found["tail"]["reason"] == "360 events in one of the windows, 400 are needed"

    def test_moved_twice(self) -> None:
        """Input that doubles and later falls back half of the way has both dates, each with its step; the larger is the date."""
        tokens = (
            [1_000, 1_100, 900, 1_000] * 250 + [2_000, 2_200, 1_800, 2_000] * 125 + [1_500, 1_600, 1_400, 1_500] * 125
        )

        found = column({"columns": columns(calls(tokens), SCOPE)}, "input_tokens")

        later = (SPLIT + timedelta(days=14)).date().isoformat()
        assert found["changed_at"] == SPLIT.date().isoformat()
        assert [each["at"] for each in found["changes_at"]] == [SPLIT.date().isoformat(), later]
        assert [each["size"] for each in found["changes_at"]] == pytest.approx([1_000, -500], rel=0.02)
        (when,) = [each for each in sections([found], [], [], [], "") if each.title == "when"]
        assert [row[1] for row in when.rows] == ["29 Jun", "also 13 Jul"]
        assert when.rows[1][3] == "down"

    def test_growth(self) -> None:
        """Input that is a quarter longer is critical and goes up."""
        tokens = [1_000, 1_100, 900, 1_000] * 125 + [1_250, 1_375, 1_125, 1_250] * 125

        found = column({"columns": columns(calls(tokens), SCOPE)}, "input_tokens")

        assert (found["status"], found["direction"], found["change"]) == ("critical", "up", pytest.approx(0.25))


class TestSignals:
    """Signals that are no plain mean of calls."""

    def test_tickets(self) -> None:
        """Tickets about accuracy that triple are critical; others are not looked at."""
        tickets = [
            {"ts": START + timedelta(hours=h), "kind": "ticket", "category": category, "user_id": f"u{h % 50}"}
            for h in range(0, 56 * 24, 8) for category in ("accuracy", "billing")
            if h >= 28 * 24 or h % 24 == 0
        ]  # fmt: skip
        log = pl.concat([calls([9] * 2_000), events(*tickets)], how="diagonal")

        found = [s for s in told(signals(log, SCOPE, SPLIT + timedelta(days=28))) if s["metric"] == "ticket-rate"]

        assert [(s["slice"], s["status"]) for s in found] == [({"category": "accuracy"}, "critical")]

    def test_usage(self) -> None:
        """The product keeps its users while fewer of them use the AI: the share of a week falls from 50 to 20 of 100."""
        active = [
            {"ts": START + timedelta(days=day, hours=9), "kind": "active", "user_id": f"u{n}"}
            for day in range(0, 56, 7) for n in range(100)
        ]  # fmt: skip
        asks = [
            {"ts": START + timedelta(days=day, hours=9), "user_id": f"u{n}", "request_id": f"{day}-{n}"}
            for day in range(0, 56, 7) for n in range(50 if day < 28 else 20)
        ]  # fmt: skip

        found = told(signals(events(*active, *asks), SCOPE, SPLIT + timedelta(days=28)))

        (usage,) = [s for s in found if s["metric"] == "adoption-rate"]
        assert (usage["value_reference"], usage["value"]) == pytest.approx((0.5, 0.2))
        assert usage["status"] == "critical"


@pytest.mark.parametrize(
    ("gate", "before", "after", "harm", "level"),
    [
        (POINTS, 0.75, 0.65, -1, "critical"),
        (POINTS, 0.75, 0.71, -1, "warning"),
        (POINTS, 0.75, 0.85, -1, "ok"),
        (RARE, 0.002, 0.0085, 1, "warning"),
        (RARE, 0.030, 0.038, 1, "ok"),
        (RARE, 0.010, 0.021, 1, "critical"),
        (SIZES, 1_000, 1_150, 1, "warning"),
        (SIZES, 1_000, 790, 0, "critical"),
        (SIZES, 0, 5, 1, "ok"),
    ],
)
def test_gates(gate: Gate, before: float, after: float, harm: int, level: str) -> None:
    """A change counts from its gate on, in the harmful direction; a rare rate must besides be a multiple."""
    assert gate.level(before, after, harm) == level


class TestWindows:
    """What is set beside each other where the user does not say."""

    @pytest.mark.parametrize(
        ("days", "name", "since", "begin"),
        [(90, "lagged", 28, 84), (84, "lagged", 28, 84), (83, "previous", 28, 56), (56, "previous", 28, 56), (40, "first half", 20, 40)],
    )  # fmt: skip
    def test_reach(self, days: int, name: str, since: int, begin: int) -> None:
        """The log decides: eight weeks that ended earlier, the window before, or its first half."""
        end = datetime(2026, 11, 1, tzinfo=UTC)

        found = pair(Window(), end - timedelta(days=days), end, end, UTC_ZONE)

        assert found.name == name
        assert found.window == Window(end - timedelta(days=since), end)
        assert found.reference.since == end - timedelta(days=begin)

    def test_hours(self) -> None:
        """A log of one hour is cut in its middle."""
        oldest = datetime(2026, 11, 1, 9, tzinfo=UTC)
        found = pair(Window(), oldest, datetime(2026, 11, 1, tzinfo=UTC), oldest + timedelta(hours=1), UTC_ZONE)

        assert found.reference == Window(oldest, oldest + timedelta(minutes=30))
        assert found.window == Window(oldest + timedelta(minutes=30), oldest + timedelta(hours=1))

    def test_since(self) -> None:
        """A window that is asked for is kept."""
        since = datetime(2026, 10, 1, tzinfo=UTC)
        end = datetime(2026, 11, 1, tzinfo=UTC)

        found = pair(Window(since, end), end - timedelta(days=90), end, end, UTC_ZONE)

        assert found.window == Window(since, end)
        assert (found.name, found.reference.since) == ("previous", datetime(2026, 8, 31, tzinfo=UTC))
