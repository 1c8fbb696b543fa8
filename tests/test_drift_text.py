"""Drift of text: a planted topic is found, none where there is none, and nothing is read or shown that was not asked for."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import log, sqrt
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import t, ttest_ind
from typer.testing import CliRunner

from aiopsctl.analyses.drift.text import terms, texts
from aiopsctl.cli.app import app
from aiopsctl.measure import WINDOW, Scope
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read
from aiopsctl.stats.text import Moved, apart, log_odds, plain, profile
from aiopsctl.window import Window, zone

START = datetime(2026, 8, 1, tzinfo=UTC)
DAYS, BEFORE, A_DAY, USERS = 84, 56, 50, 100
SCOPE = Scope(
    zone("UTC"), Window(START + timedelta(days=BEFORE), START + timedelta(days=DAYS)),
    Window(START, START + timedelta(days=BEFORE)),
)  # fmt: skip
COMMON = [f"{a}{b}" for a in ("ka", "lo", "mi", "nu", "re", "so", "ti", "va", "we", "zo") for b in "bcdfghjklmnprst"]
TOPIC = ["refund", "chargeback", "dispute", "merchant", "reversal", "pending", "statement", "receipt"]


def calls(share: float, *, a_day: int = A_DAY, days: int = DAYS, user: str = "") -> pl.DataFrame:
    """Return calls of 12 weeks; in the last four, a share of the prompts has two words of a new topic among nine."""
    rng = Random(7)  # noqa: S311 - a synthetic log
    rows = []
    for i in range(days * a_day):
        ts = START + timedelta(days=i // a_day, minutes=i % a_day)
        words = rng.choices(COMMON, [1 / (k + 1) for k in range(len(COMMON))], k=7)
        new = ts >= START + timedelta(days=BEFORE) and rng.random() < share
        who = user if new and user else f"u{rng.randrange(USERS)}"
        words += rng.sample(TOPIC if new else COMMON, 2)
        rows.append((ts, "call", f"r{i}", who, " ".join(words)))
    schema = ["ts", "event", "request_id", "user_id", "prompt"]
    return pl.DataFrame(rows, schema, orient="row").with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))


def found(events: pl.DataFrame, scope: Scope = SCOPE) -> dict[str, Any]:
    """Return what is said of the prompts."""
    (only,) = texts(events, scope)
    return only


@pytest.fixture(scope="module")
def planted() -> pl.DataFrame:
    """Return calls in which a quarter of the prompts turns to a new topic."""
    return calls(0.25)


class TestPlanted:
    """Prompts of which it is known what is new."""

    def test_topic(self, planted: pl.DataFrame) -> None:
        """A quarter on a new topic is a warning, never critical, and its words are those that are more frequent."""
        own = found(planted)

        assert own["status"] == "warning"
        assert own["p_adjusted"] <= 0.001
        assert own["js_distance"] > own["js_distance_reference"]
        assert {term["term"] for term in own["terms"]["more"]} == set(TOPIC)

    def test_none(self) -> None:
        """Prompts of one distribution have not drifted, and no word is telling."""
        own = found(calls(0))

        assert own["status"] == "ok"
        assert own["p"] > 0.001
        assert own["terms"]["more"] == []

    def test_one_user(self) -> None:
        """A topic of one user alone is no drift, and its words are not shown."""
        own = found(calls(0.25, a_day=60, user="loop"))

        assert own["status"] == "ok"
        assert own["reason"] == "one user alone makes the change"
        assert own["terms"]["more"] == []

    def test_nobody(self, planted: pl.DataFrame) -> None:
        """Where no user is known, it cannot be told whether it is one alone, and no word is shown."""
        own = found(planted.with_columns(user_id=pl.lit(None, pl.String)))

        assert own["status"] == "unknown"
        assert own["terms"] == {"more": [], "less": []}

    @pytest.mark.parametrize(
        ("rows", "days", "why"),
        [
            (42, DAYS, "no week of the window has 300 texts"),
            (50, BEFORE, "no week of the window has 300 texts"),
        ],
    )
    def test_too_few(self, rows: int, days: int, why: str) -> None:
        """Fewer than 300 texts a week, or none at all, cannot be told."""
        own = found(calls(0.25, a_day=rows, days=days))

        assert (own["status"], own["reason"], own["p"], own["js_distance"]) == ("unknown", why, None, None)

    def test_few_weeks(self, planted: pl.DataFrame) -> None:
        """Seven weeks before are one too few."""
        late = Scope(SCOPE.tz, SCOPE.window, Window(START + timedelta(days=7), START + timedelta(days=BEFORE)))

        assert found(planted, late)["reason"] == "7 weeks of the window before have 300 texts, 8 are needed"


class TestNumbers:
    """Every number is one that others would compute."""

    def test_distance(self) -> None:
        """The distance is SciPy's of words and of runs of three characters, whose divergences have equal weight."""
        one, other = (["Where is my card?", "Card 12 is lost"], ["The app is slow today", "my card, 7 times"])
        lower = [[text.lower().replace("12", "0").replace("7", "0") for text in side] for side in (one, other)]

        def far(parts: list[list[str]]) -> float:
            a, b = map(Counter, parts)
            keys = sorted(a | b)
            return float(jensenshannon([a[k] for k in keys], [b[k] for k in keys], base=2))

        words = far([[w for text in side for w in text.replace("?", "").replace(",", "").split()] for side in lower])
        runs = far([[text[i : i + 3] for text in side for i in range(len(text) - 2)] for side in lower])
        profiles = [profile(pl.Series(side).to_frame("t").select(plain(pl.col("t")))["t"]) for side in (one, other)]

        assert apart(*profiles) == pytest.approx(sqrt((words**2 + runs**2) / 2))

    def test_p(self) -> None:
        """The p-value is that of Student's test of one value against a sample, as SciPy has it, one-sided."""
        usual = [0.20, 0.22, 0.19, 0.21, 0.20, 0.23, 0.18, 0.21]
        own = Moved(0.26, usual)
        expected = ttest_ind([0.26], usual, alternative="greater")

        assert own.p == pytest.approx(expected.pvalue)
        assert own.error == pytest.approx(np.std(usual, ddof=1) * sqrt(1 + 1 / 8))
        assert own.detectable(0.001) == pytest.approx((t.isf(0.001, 7) + 0.84) * own.error)

    def test_log_odds(self) -> None:
        """The log-odds of a word are those worked by hand after Monroe, Colaresi and Quinn (2008), equations 16 and 22."""
        now, before = np.array([6.0, 4.0]), np.array([2.0, 8.0])
        a = 10 * 8 / 20  # the prior of the first word: 10 words, 8 of 20 of them this one
        odds = log((6 + a) / (10 + 10 - 6 - a)) - log((2 + a) / (10 + 10 - 2 - a))
        by_hand = odds / sqrt(1 / (6 + a) + 1 / (2 + a))

        assert log_odds(now, before, 10)[0] == pytest.approx(by_hand)
        assert log_odds(now, before, 10)[1] == pytest.approx(-odds / sqrt(1 / (4 + 6) + 1 / (8 + 6)))

    def test_only_word(self) -> None:
        """A word that is all there is tells nothing."""
        assert log_odds(np.array([3.0]), np.array([5.0])).tolist() == [0]

    @pytest.mark.parametrize(("users", "shown"), [(4, []), (5, ["hunter"])])
    def test_secret(self, users: int, shown: list[str]) -> None:
        """A word is shown from five users on: however often fewer of them write it, it is theirs."""
        rows = [(0, f"u{i % users}", "hunter card") for i in range(200)] + [
            (1, f"u{i}", "card please") for i in range(200)
        ]
        own = terms(pl.DataFrame(rows, [WINDOW, "user_id", "text"], orient="row"))

        assert [term["term"] for term in own["more"]] == shown


def written(folder: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write a log and return its folder."""
    (folder / "calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def ran(*words: Any) -> Any:
    """Return what `drift` came back with."""
    done = CliRunner().invoke(app, ["drift", *map(str, words), "--isolated"])
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def folder(planted: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the planted log, whose outputs move a terminal."""
    rows = planted.with_columns(
        ts=pl.col("ts").dt.to_string("iso:strict"), output=pl.lit("\x1b[31mdone"), latency_ms=100
    )
    return written(tmp_path_factory.mktemp("text"), rows.to_dicts())


class TestCommand:
    """`drift --with-text`."""

    def test_asked(self, folder: Path) -> None:
        """The prompts are a column of kind text, shaped as others; sampled outputs are shown, clean."""
        done = ran(folder, "--with-text", "--investigate", "-f", "json")
        document = json.loads(done.stdout)
        (prompt,) = [each for each in document["columns"] if each["column"] == "prompt"]

        assert (prompt["kind"], prompt["status"]) == ("text", "warning")
        assert set(document["columns"][0]) <= set(prompt)
        assert {call["output"] for call in document["investigation"][0]["sample"]["recent"]} == {"\\x1b[31mdone"}

    def test_page(self, folder: Path) -> None:
        """The page has the text, its words, and nothing that moves a terminal."""
        shown = ran(folder, "--with-text", "--investigate").stdout

        assert "chargeback" in shown
        assert "\x1b" not in shown

    def test_not_asked(self, folder: Path) -> None:
        """Without `--with-text` no text is a column, and no word of it is anywhere."""
        done = ran(folder, "--investigate", "-f", "json")

        assert not {each["kind"] for each in json.loads(done.stdout)["columns"]} & {"text"}
        assert "chargeback" not in done.stdout
        assert "done" not in done.stdout

    def test_held(self, folder: Path) -> None:
        """Text is among the events only where it is asked for, and no more of it than is said."""
        kept = read([str(folder)], how=Reading(keep_text=True)).events

        assert not {"prompt", "output", "comment"} & set(read([str(folder)]).events.columns)
        assert kept["prompt"].null_count() == 0

    def test_sample(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a day with many calls some texts are kept, the same in every run, and their beginnings."""
        monkeypatch.setattr("aiopsctl.sources.texts.A_DAY", 10)
        monkeypatch.setattr("aiopsctl.sources.texts.CHARACTERS", 4)
        rows = [{"ts": f"2026-09-01T12:00:{i:02}Z", "event": "call", "prompt": f"text {i}"} for i in range(40)]
        folder = written(tmp_path, rows)
        one, two = (read([str(folder)], how=Reading(keep_text=True)).events["prompt"] for _ in range(2))

        assert one.to_list() == two.to_list()
        assert one.drop_nulls().to_list() == ["text"] * 10

    def test_no_text(self, tmp_path: Path) -> None:
        """A log without text is said to have none."""
        rows = [
            {"ts": f"2026-09-{i + 1:02}T12:00:00Z", "event": "call", "user_id": "u", "latency_ms": 5} for i in range(28)
        ]
        done = CliRunner().invoke(app, ["drift", str(written(tmp_path, rows)), "--isolated", "--with-text"])

        assert "no text was found: --map prompt=COLUMN says where it is" in done.output
