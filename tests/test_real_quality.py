"""Ratings that people gave in studies of others, against NumPy and SciPy: values, and intervals over the raters."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, t
from typer.testing import CliRunner

from aiopsctl.cli.app import app

Numbers = NDArray[np.float64]


def measured(*words: Any) -> dict[tuple[Any, ...], tuple[float, float, float, int]]:
    """Return value, bounds and n of what `quality` prints, by metric and slice."""
    done = CliRunner().invoke(app, ["quality", *map(str, words), "-f", "json", "--isolated"])
    assert done.exit_code == 0, done.output
    return {
        (m["metric"], *m["slice"].values()): (m["value"], m["low"], m["high"], m["n"])
        for m in json.loads(done.stdout)["measurements"]
    }


def score_interval(p: float, n: float, z: float) -> tuple[float, float]:
    """Return the shares that lie `z` standard errors of their own from `p`: Wilson's interval, by root finding."""

    def past(share: float) -> float:
        return (p - share) ** 2 - z**2 * share * (1 - share) / n

    low = float(brentq(past, 0, p, xtol=1e-15)) if p > 0 else 0.0
    return low, float(brentq(past, p, 1, xtol=1e-15)) if p < 1 else 1.0


def clustered(hits: Numbers, votes: Numbers) -> tuple[float, float, float, int]:
    """Return a share of votes with its interval over voters: Wilson's, at the size that their likeness leaves."""
    size, voters = votes.sum(), len(votes)
    p = hits.sum() / size
    d = (hits - p * votes) / size
    plain = p * (1 - p) / size
    if voters < 2 or plain == 0:
        return p, *score_interval(p, size, norm.ppf(0.975)), int(size)
    variance = voters / (voters - 1) * (d**2).sum()
    alike = (d**2).sum() < 1e-30
    z = norm.ppf(0.975) if alike else t.ppf(0.975, (d**2).sum() ** 2 / (d**4).sum())
    return p, *score_interval(p, size / max(variance / plain, 1), z), int(size)


# dialogues of people with bots, each rated from 1 to 5 by the person, or not at all


@pytest.fixture
def stars(shared_data: Path, tmp_path: Path) -> tuple[Path, Numbers]:
    """Return the ratings as a log of feedback, and those that were given."""
    dialogs = [
        dialog
        for path in sorted((shared_data / "convai2018").glob("*.json.gz"))
        for dialog in json.loads(gzip.decompress(path.read_bytes()))
    ]
    rows = [{"kind": "star", "value": each["eval_score"], "user_id": each["dialog_id"]} for each in dialogs]
    path = tmp_path / "stars.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path, np.array([each["eval_score"] for each in dialogs if each["eval_score"] is not None], float)


def test_mean_stars(stars: tuple[Path, Numbers]) -> None:
    """The mean is of the ratings that were given, with the t interval of independent raters."""
    path, given = stars
    n = len(given)
    d = (given - given.mean()) ** 2
    half = t.ppf(0.975, d.sum() ** 2 / (d**2).sum()) * given.std(ddof=1) / np.sqrt(n)
    expected = (given.mean(), given.mean() - half, given.mean() + half, n)

    found = measured(path, "--source", "native", "--metrics", "star-mean")

    assert found["star-mean",] == pytest.approx(expected, rel=1e-4)
    assert n == 1_542


def test_distribution_of_stars(stars: tuple[Path, Numbers]) -> None:
    """The shares of 1 to 5 stars have the intervals of independent raters, and add up to one."""
    path, given = stars
    expected = {
        (f"star-{number}-share",): clustered((given == number).astype(float), np.ones(len(given)))
        for number in range(1, 6)
    }

    found = measured(path, "--source", "native", "--metrics", ",".join(name for (name,) in expected))

    assert {name: values[0] for name, values in found.items()} == {
        name: pytest.approx(values[0], rel=1e-12) for name, values in expected.items()
    }
    assert found == {name: pytest.approx(values, rel=1e-4) for name, values in expected.items()}
    assert sum(value for value, *_ in found.values()) == pytest.approx(1)


# answers of language models to the same prompts, and the votes of a crowd on pairs of them


VOTES = """
    COPY (
        WITH votes AS (SELECT * FROM read_parquet($votes) WHERE winner <> 'tie')
        SELECT 'thumb' AS kind, CASE WHEN winner = 'left' THEN 1 ELSE 0 END AS value, r.id AS request_id, worker AS user_id
        FROM votes JOIN read_json($answers) AS r ON r.prompt = votes.prompt AND r.name = votes."left"
        UNION ALL
        SELECT 'thumb', CASE WHEN winner = 'right' THEN 1 ELSE 0 END, r.id, worker
        FROM votes JOIN read_json($answers) AS r ON r.prompt = votes.prompt AND r.name = votes."right"
    ) TO $feedback (FORMAT json)
"""
BY_VOTER = """
    SELECT r.name, v.user_id, sum(v.value), count(*) FROM read_json($feedback) AS v JOIN read_json($answers) AS r
    ON r.id = v.request_id GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture
def votes(shared_data: Path, tmp_path: Path) -> dict[str, str]:
    """Return the answers, the votes on pairs, and the votes as one thumb for each of a pair."""
    folder = shared_data / "llmfao"
    paths = {
        "answers": str(folder / "results.jsonl"),
        "votes": str(folder / "crowd-comparisons.parquet"),
        "feedback": str(tmp_path / "votes.jsonl"),
    }
    duckdb.connect().execute(
        VOTES.replace("$feedback", f"'{paths['feedback']}'"), {k: paths[k] for k in ("answers", "votes")}
    )
    return paths


def test_votes_by_model(votes: dict[str, str]) -> None:
    """Each model's share of votes, taken from its calls, has an interval in which the votes of a worker hang together."""
    found: dict[str, list[tuple[float, float]]] = {}
    for model, _, hits, count in (
        duckdb.connect().execute(BY_VOTER, {k: votes[k] for k in ("answers", "feedback")}).fetchall()
    ):
        found.setdefault(model, []).append((hits, count))
    expected = {model: clustered(*np.array(rows, float).T) for model, rows in found.items()}

    maps = ("--map", "request_id=id", "--map", "model=name")
    words = (votes["answers"], votes["feedback"], "--source", "native", *maps, "--by", "model")
    actual = measured(*words, "--metrics", "thumbs-up-rate")

    assert {model for _, model in actual} == set(expected)
    for model, values in expected.items():
        assert actual["thumbs-up-rate", model] == pytest.approx(values, rel=1e-3), model
    assert sum(n for *_, n in actual.values()) == 2 * (2_911 + 2_549)


def test_votes_are_joined_to_calls(votes: dict[str, str]) -> None:
    """Calls that were voted on are a share of all calls, each once, however many votes it got."""
    sql = "SELECT count(DISTINCT request_id) / (SELECT count(*) FROM read_json($answers)) FROM read_json($feedback)"
    (expected,) = duckdb.connect().execute(sql, {k: votes[k] for k in ("answers", "feedback")}).fetchone() or (0,)

    found = measured(
        votes["answers"],
        votes["feedback"],
        "--source",
        "native",
        "--map",
        "request_id=id",
        "--metrics",
        "feedback-rate",
    )

    assert found["feedback-rate",][0] == pytest.approx(expected, rel=1e-12)
    assert found["feedback-rate",][3] == 1_133
