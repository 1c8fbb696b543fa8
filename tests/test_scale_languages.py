"""What each language costs, how fast and good it is, against a reference; and languages told by prompts."""

import json
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from building import events
from scipy.stats import binomtest
from typer.testing import CliRunner

from aiopsctl.analyses.scale.languages import COST_PER_CHARACTER, LATENCY_PER_CHARACTER, recovered
from aiopsctl.cli.app import app
from aiopsctl.measure import Scope, measure
from aiopsctl.sources import languages

SAMPLE = Path(__file__).parent.parent / "sample_data"
CALLS = f"read_json('{SAMPLE / 'calls.jsonl.gz'}')"
TEXTS = {
    "en": "How many eggs does she sell at the market every day, and how much does she earn?",
    "de": "Wie viele Eier verkauft sie jeden Tag auf dem Markt, und wie viel verdient sie damit?",
    "th": "เธอขายไข่ที่เหลือที่ตลาดเกษตรกรทุกวันในราคา",
}


def ran(*words: Any) -> Any:
    """Return what `scale languages` came back with."""
    return CliRunner().invoke(app, ["scale", "languages", *map(str, words), "--isolated"])


def found(*words: Any) -> dict[str, Any]:
    """Return what `scale languages` says to machines."""
    done = ran(*words, "-f", "json")
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)["languages"]
    return answer


def cells(answer: dict[str, Any], metric: str) -> dict[Any, dict[str, Any]]:
    """Return the cells of a metric by language."""
    return {each["language"]: each for each in answer["cells"] if each["metric"] == metric}


def log(folder: Path, *rows: dict[str, Any]) -> Path:
    """Write a log of calls, each of a user of its own."""
    path = folder / "calls.jsonl"
    whole = [
        {"ts": "2026-09-01T12:00:00Z", "request_id": f"r{n}", "user_id": f"u{n}"} | row for n, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in whole))
    return path


def call(language: str | None, tokens: int, **more: Any) -> dict[str, Any]:
    """Return a call in a language."""
    return {"language": language, "input_tokens": tokens} | more


def test_by_hand(tmp_path: Path) -> None:
    """Twice the tokens for half the characters are four times the tokens, cost and time of a character."""
    en = call("en", 100, prompt_characters=400, cost_usd=0.001, latency_ms=200, status="ok")
    th = call("th", 200, prompt_characters=200, cost_usd=0.002, latency_ms=400, status="ok")

    answer = found(log(tmp_path, *[en] * 40, *[th] * 30))
    th_of = {name: cells(answer, name)["th"] for name in (
        "input-tokens", "tokens-per-character", COST_PER_CHARACTER.name, LATENCY_PER_CHARACTER.name, "latency-p50")}  # fmt: skip

    assert answer["reference"] == "en"
    assert answer["calls"] == {"en": 40, "th": 30}
    assert {name: each["value"] for name, each in th_of.items()} == pytest.approx(
        {"input-tokens": 200, "tokens-per-character": 1, COST_PER_CHARACTER.name: 0.01,
         LATENCY_PER_CHARACTER.name: 2000, "latency-p50": 400}
    )  # fmt: skip
    assert [each["against"]["value"] for each in th_of.values()] == pytest.approx([2, 4, 4, 4, 2])
    assert (1, 2) == (th_of["input-tokens"]["rank"], cells(answer, "input-tokens")["en"]["rank"])
    assert cells(answer, "input-tokens")["en"]["against"] is None


def test_small_cells_are_not_ranked(tmp_path: Path) -> None:
    """A language of 29 calls is shown with its number, and has no rank; nor have calls without a language."""
    answer = found(log(tmp_path, *[call("en", 100)] * 40, *[call("de", 900)] * 29, *[call(None, 500)] * 35))
    of = cells(answer, "input-tokens")

    assert {language: (each["n"], each["rank"]) for language, each in of.items()} == {
        "en": (40, 1), "de": (29, None), None: (35, None),
    }  # fmt: skip
    assert answer["calls_without_language"] == 35


def test_without_characters(tmp_path: Path) -> None:
    """Without `prompt_characters` all is by call, and said so."""
    path = log(tmp_path, *[call("en", 100)] * 3)
    answer = found(path)

    assert answer["characters"] is None
    assert "by call only" in answer["reason"]
    assert "by call only" in ran(path).stderr
    assert cells(answer, "tokens-per-character")["en"]["value"] is None


def test_without_languages(tmp_path: Path) -> None:
    """A log in which no call says its language is refused, with the ways out."""
    done = ran(log(tmp_path, call(None, 100)))

    assert done.exit_code == 3
    assert "--map language=COLUMN" in done.stderr
    assert "--with-text" in done.stderr


@pytest.mark.parametrize("words", [("--reference", "xx"), ("--compare", "2026-09")])
def test_usage(words: tuple[str, ...]) -> None:
    """A reference that no call is in, and windows beside each other, are errors of usage."""
    assert ran(SAMPLE, *words).exit_code == 2


def test_interval_of_a_difference() -> None:
    """The interval of a difference of two shares is the published one.

    Newcombe (1998), method 10, example a: 56/70 against 48/80 differ by 0.0524 to 0.3339, from their Wilson intervals.
    """
    one, other = ((k / n, *binomtest(k, n).proportion_ci(method="wilson")) for k, n in ((56, 70), (48, 80)))

    assert recovered(one, other) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("metric", [COST_PER_CHARACTER, LATENCY_PER_CHARACTER], ids=lambda m: m.name)
def test_examples(metric: Any) -> None:
    """A metric of this analysis gives what its example says."""
    rows, expected = metric.example
    (m,) = measure(events(*rows), [metric], Scope(ZoneInfo("UTC")))

    assert expected == pytest.approx(m.value)


def test_sample() -> None:
    """Means, shares and differences are those of SQL."""
    sql = f"SELECT language, avg(input_tokens), avg(cost_usd), count(input_tokens) FROM {CALLS} GROUP BY 1"  # noqa: S608 - our own file
    expected = {language: rest for language, *rest in duckdb.connect().sql(sql).fetchall()}
    answer = found(SAMPLE)
    tokens, cost = (cells(answer, name) for name in ("input-tokens", "cost-per-call"))

    assert set(expected) == set(tokens)
    for language, (mean, usd, n) in expected.items():
        assert (tokens[language]["value"], cost[language]["value"], tokens[language]["n"]) == pytest.approx(
            (mean, usd, n)
        )
    assert tokens["ja"]["against"]["value"] == pytest.approx(expected["ja"][0] / expected["en"][0])


def test_ratings_of_the_sample() -> None:
    """A rating has the language of its call."""
    sql = f"""
        SELECT c.language, avg(f.value), count(*) FROM read_json('{SAMPLE / "feedback.jsonl.gz"}') f
        JOIN {CALLS} c USING (request_id) WHERE f.kind = 'thumb' GROUP BY 1
    """  # noqa: S608 - our own file
    expected = {language: (share, n) for language, share, n in duckdb.connect().sql(sql).fetchall()}

    actual = cells(found(SAMPLE), "thumbs-up-rate")

    assert set(expected) == set(actual)
    for language, (share, n) in expected.items():
        assert (actual[language]["value"], actual[language]["n"]) == (pytest.approx(share), n)


def test_within_slices() -> None:
    """`--by` sets languages side by side within each slice."""
    answer = found(SAMPLE, "--by", "feature")
    own = [c for c in answer["cells"] if c["metric"] == "input-tokens" and c["slice"] == {"feature": "draft"}]
    value = {c["language"]: c["value"] for c in own}

    assert len(own) == 5
    assert next(c for c in own if c["language"] == "de")["against"]["value"] == pytest.approx(value["de"] / value["en"])


# the same questions in five languages


def questions(shared_data: Path, language: str) -> list[str]:
    """Return the questions of MGSM."""
    lines = (shared_data / "mgsm" / f"mgsm_{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[0] for line in lines]


def test_tokens_of_a_character(shared_data: Path, tmp_path: Path) -> None:
    """At a token for four bytes of UTF-8, Thai and Telugu take over twice the tokens of a character of English."""
    texts = {name: questions(shared_data, name) for name in ("en", "es", "de", "th", "te")}
    rows = [
        call(name, -(-len(text.encode()) // 4), prompt_characters=len(text))
        for name, own in texts.items()
        for text in own
    ]
    expected = {
        name: sum(-(-len(text.encode()) // 4) for text in own) / sum(map(len, own)) for name, own in texts.items()
    }

    of = cells(found(log(tmp_path, *rows), "--reference", "en"), "tokens-per-character")

    assert {name: each["value"] for name, each in of.items()} == pytest.approx(expected)
    assert {each["n"] for each in of.values()} == {250}
    assert [of[name]["against"]["low"] > 2 for name in ("th", "te", "es", "de")] == [True, True, False, False]


def test_detected_of_real_questions(shared_data: Path, tmp_path: Path) -> None:
    """Every question is told to be in the language that it is in, and its characters are counted."""
    pytest.importorskip("py3langid")
    texts = {name: questions(shared_data, name) for name in ("en", "es", "de", "th", "te")}
    rows = [{"input_tokens": 10, "prompt": text} for own in texts.values() for text in own]

    answer = found(log(tmp_path, *rows), "--with-text")

    assert answer["calls"] == dict.fromkeys(sorted(texts), 250)
    per_character = {name: 2500 / sum(map(len, own)) for name, own in texts.items()}
    actual = {name: each["value"] for name, each in cells(answer, "tokens-per-character").items()}
    assert actual == pytest.approx(per_character)


# languages told by prompts


def test_prompts_are_not_read_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--with-text` no prompt is looked at."""
    monkeypatch.setattr(languages, "_teller", lambda: pytest.fail("a prompt was read"))

    assert ran(log(tmp_path, {"input_tokens": 1, "prompt": TEXTS["de"]})).exit_code == 3


def test_column_goes_before_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that says its language keeps it; the others have that of their prompt, or none where that is not sure."""
    monkeypatch.setattr(languages, "_teller", lambda: lambda text: "de" if "Wie" in text else None)
    path = log(
        tmp_path, call("fr", 1, prompt=TEXTS["de"]), call(None, 1, prompt=TEXTS["de"]), call(None, 1, prompt="ok")
    )

    answer = found(path, "--with-text")

    assert answer["calls"] == {"de": 1, "fr": 1}
    assert answer["calls_without_language"] == 1
    assert cells(answer, "tokens-per-character")["fr"]["value"] == pytest.approx(1 / len(TEXTS["de"]))


def test_no_prompt_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a prompt is its language and its length: its words are in no output."""
    monkeypatch.setattr(languages, "_teller", lambda: lambda _: "de")
    done = ran(log(tmp_path, {"input_tokens": 1, "prompt": "geheimnis " * 9}), "--with-text", "-f", "json")

    assert done.exit_code == 0
    assert "geheimnis" not in done.stdout + done.stderr


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is not installed, the answer is how to install it."""
    monkeypatch.setitem(sys.modules, "py3langid", None)
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)

    done = ran(log(tmp_path, {"input_tokens": 1, "prompt": TEXTS["de"]}), "--with-text")

    assert done.exit_code == 3
    assert "pip install 'aiopsctl[languages]'" in done.stderr


def test_teller() -> None:
    """Sentences are told apart; what holds no words is in no language."""
    pytest.importorskip("py3langid")
    tell = languages._teller()

    assert {name: tell(text) for name, text in TEXTS.items()} == dict(zip(TEXTS, TEXTS, strict=True))
    assert [None] * 4 == [tell(text) for text in ("", "12 34", "ok", "\ud800")]
