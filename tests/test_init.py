"""A first config from what logs hold: it loads, its check runs, and no name of a log gets out of its quotes."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from building import events
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from aiopsctl import catalog
from aiopsctl.analyses.found import FoundFeature, baseline_of
from aiopsctl.analyses.jobs import FILES, KINDS, cron_line, job
from aiopsctl.analyses.starter import Asked, is_writable, quoted, starter
from aiopsctl.checks.check import from_config, handbook
from aiopsctl.cli import session
from aiopsctl.cli.app import app
from aiopsctl.config import Config, load
from aiopsctl.errors import UsageError
from aiopsctl.readable import UNSAFE
from aiopsctl.sources import files
from aiopsctl.sources.log import Account, Log

SAMPLE = Path(__file__).parents[1] / "sample_data"
UNITS = {name: metric.unit for name, metric in catalog.metrics().items()}
SCHEMA = ".aiopsctl/config.schema.json"
HOSTILE = (
    "a: b", "- x", "# not a comment", "x, {class: inline}", "'", '"', "\\", "no", "null", "~", "1", "1.5", "2026-01-01", "<<",
    "&a", "*a", "!!python/object:os.system", "%", "@", "`", "|", ">", "?", "...", "---", " padded ", "Größe", "日本語",
    "a\u200bb", "::error::x", "x" * 100, "=cmd()", "[link](http://x)", "\U0001f600", "a #b", "$HOME `id`",
)  # fmt: skip
UNWRITABLE = ("a\nb", "\x1b[31mred", "a\u202eb", "\t", "   ", "x" * 101, "a\x85b", "nul\x00")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into an empty folder, two days after the sample logs end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIOPSCTL_CONFIG", raising=False)
    monkeypatch.setattr(files, "_stdin", None, raising=False)
    monkeypatch.setattr(session, "_clock", lambda: datetime(2026, 11, 2, 12, tzinfo=UTC))
    return tmp_path


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(words))


def log(name: str, rows: Iterable[dict[str, Any]]) -> str:
    """Write a log of calls, one an hour from 1 October on, and return its name."""
    common = {"status": "ok", "user_id": "u1"}
    lines = (
        {"ts": f"2026-10-{1 + n // 24:02}T{n % 24:02}:00:00Z", "request_id": f"r{n}"} | common | row
        for n, row in enumerate(rows)
    )
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return name


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a log of four days that lies elsewhere."""
    return log(str(tmp_path_factory.mktemp("few") / "a.jsonl"), [{"feature": "chat", "latency_ms": 100}] * 96)


def written() -> Config:
    """Return the config of this folder, read as strictly as a command reads it."""
    return load("aiopsctl.yaml", metrics=UNITS, columns=None, checks=tuple(UNITS))


def uncommented(text: str) -> str:
    """Return a config in which what is commented out is not; words have a space behind their `#`, keys have not."""
    return re.sub(r"^( *)#(?! \S)", r"\1", text, flags=re.MULTILINE)


def test_config_of_the_sample_logs() -> None:
    """The sample logs give their features with the classes that they were made with, their tiers and the last 28 days."""
    call("init", str(SAMPLE), "--tz", "UTC")
    config = written()
    classes = {name: feature.class_ for name, feature in config.features.items()}
    made = {name: feature.class_ for name, feature in load(SAMPLE / "aiopsctl.yaml").features.items()}
    launch = config.baselines["launch"]

    assert made == classes
    assert {"free", "pro", "team"} == set(config.tiers)
    assert (date(2026, 10, 3), date(2026, 10, 31)) == (launch.since, launch.until)
    assert "UTC" == config.timezone
    assert 5 == Path("aiopsctl.yaml").read_text().count("# guessed: p50")


def test_checks_are_those_of_the_handbook() -> None:
    """Active are the handbook's limits that the log can answer, unchanged; the others stand there with what they lack."""
    call("init", str(SAMPLE))
    known = {check.id: (check.limits, check.window, check.by) for check in handbook()}
    actual = {check.id: (check.limits, check.window, check.by) for check in from_config(written(), "")}
    missing = known.keys() - actual.keys()
    text = Path("aiopsctl.yaml").read_text()

    assert {"cost-share-of-revenue"} <= missing
    assert actual == {name: of for name, of in known.items() if name in actual} | {
        name: of for name, of in actual.items() if name.startswith("latency")
    }
    assert all(f"\n  #{name}:" in text for name in missing)


def test_check_works_right_after() -> None:
    """The next command that `init` names runs the checks, on the sources as they were given."""
    os.symlink(SAMPLE, "logs")
    done = call("init", "logs")
    following = done.stdout.splitlines()[-1].removeprefix("next: aiopsctl ").split()
    actual = call(*following)

    assert ["check", "--now", "data"] == following
    assert 1 == actual.exit_code
    assert "user-cost-over-mean" in actual.stdout


def test_live_logs_need_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the logs reach to today, check is told no time."""
    monkeypatch.setattr(session, "_clock", lambda: datetime(2026, 10, 5, tzinfo=UTC))
    done = call("init", log("a.jsonl", [{"feature": "chat", "latency_ms": 100}] * 96))

    assert "next: aiopsctl check" == done.stdout.splitlines()[-1]
    assert 0 == call("check").exit_code


def test_schema_beside_the_config(few: str) -> None:
    """The first line points at the schema by a relative path, and the schema is draft-07 of this version."""
    call("init", few)
    first = Path("aiopsctl.yaml").read_text().splitlines()[0]
    schema = json.loads(Path(SCHEMA).read_text())

    assert f"# yaml-language-server: $schema=./{SCHEMA}" == first
    assert "http://json-schema.org/draft-07/schema#" == schema["$schema"]
    assert schema == json.loads(call("explain", "--schema", "config").stdout)


@pytest.mark.parametrize("words", [(), ("--ci", "github"), ("--ci", "gitlab")])
@pytest.mark.parametrize(
    "existing", ["aiopsctl.yaml", SCHEMA, ".github/workflows/aiopsctl.yml", ".gitlab-ci.aiopsctl.yml"]
)
def test_nothing_is_written_over(existing: str, words: tuple[str, ...], few: str) -> None:
    """A file that exists stops everything before anything is written; --force writes over it."""
    concerned = existing in ("aiopsctl.yaml", SCHEMA) or words[-1:] == (
        ("github",) if "github" in existing else ("gitlab",)
    )
    Path(existing).parent.mkdir(parents=True, exist_ok=True)
    Path(existing).write_text("mine")
    done = call("init", few, *words)
    kept = [path for path in Path().rglob("*") if path.is_file()]

    assert Path(existing).read_text() == "mine"
    assert (2 if concerned else 0) == done.exit_code
    if concerned:
        assert f"error: {existing} exists already" in done.stderr
        assert [Path(existing)] == kept
        assert 0 == call("init", few, *words, "--force").exit_code
        assert Path(existing).read_text() != "mine"


def test_a_second_run_is_refused(few: str) -> None:
    """The config is not even written over by itself; a schema that is the same already is in no way."""
    call("init", few)

    assert 2 == call("init", few).exit_code
    Path("aiopsctl.yaml").unlink()
    assert 0 == call("init", few).exit_code


def test_what_is_in_the_way(few: str) -> None:
    """A folder or a file where another is needed is an error before anything is written, also with --force."""
    Path(".aiopsctl").write_text("")
    done = call("init", few, "--force")

    assert (2, False) == (done.exit_code, Path("aiopsctl.yaml").exists())
    assert "is in the way" in done.stderr


def test_dry_run_writes_nothing(folder: Path, few: str) -> None:
    """--dry-run prints the config that would be written, also where there is one, and nothing else."""
    Path("aiopsctl.yaml").write_text("mine")
    shown = call("init", few, "--dry-run", "--ci", "github")
    kept = sorted(path.name for path in folder.iterdir())
    call("init", few, "--force")

    assert ["aiopsctl.yaml"] == kept
    assert Path("aiopsctl.yaml").read_text() == shown.stdout
    assert "would write aiopsctl.yaml" in shown.stderr


@pytest.mark.parametrize(("names", "expected"), [(HOSTILE, set(HOSTILE)), (UNWRITABLE, set())])
def test_hostile_names(names: Sequence[str], expected: set[str]) -> None:
    """Whatever features, tiers and models are called, the config loads, and holds exactly these names or none."""
    figures = {"latency_ms": 100, "input_tokens": 5, "output_tokens": 5}
    done = call(
        "init", log("a.jsonl", [dict.fromkeys(("feature", "tier", "model"), name) | figures for name in names] * 20)
    )
    text = Path("aiopsctl.yaml").read_text()
    config = written()

    assert 0 == done.exit_code, done.stderr
    assert expected == set(config.features) == set(config.tiers)
    assert not UNSAFE.search(text.replace("\n", ""))
    assert 2 != call("check", "--now", "data").exit_code
    load_text(uncommented(text))


def load_text(text: str) -> Config:
    """Return the config of a text."""
    Path("other.yaml").write_text(text)
    return load("other.yaml", metrics=UNITS, columns=None, checks=tuple(UNITS))


@given(st.text(st.characters(exclude_categories=())))
def test_quoted_names(name: str) -> None:
    """A name that a config can hold reads back as itself, on one line, with nothing that a terminal would act on."""
    if not is_writable(name):
        return
    word = quoted(name)

    assert name == yaml.safe_load(word) == yaml.safe_load(f"{{{word}: {{}}}}").popitem()[0]
    assert not UNSAFE.search(word)


def test_many_features() -> None:
    """Of very many features the most used are written, and the rest is counted."""
    call("init", log("a.jsonl", ({"feature": f"f{n % 70}", "latency_ms": 5} for n in range(105))))

    assert [f"f{n}" for n in range(35)] == sorted(written().features, key=lambda name: int(name[1:]))[:35]
    assert 60 == len(written().features)
    assert "# more features in the log: 10" in Path("aiopsctl.yaml").read_text()


def test_template() -> None:
    """Without logs a template is written: it loads as it is, and with every example of it."""
    done = call("init")
    text = Path("aiopsctl.yaml").read_text()
    full = load_text(uncommented(text))

    assert (0, {}) == (done.exit_code, written().checks)
    assert full.sources.calls
    assert full.features
    assert full.tiers
    assert full.baselines
    assert full.mutes
    assert {check.id for check in handbook()} < full.checks.keys()


def test_every_comment_is_an_example() -> None:
    """What a config of logs has as a comment loads when it is none."""
    call("init", str(SAMPLE))

    assert {check.id for check in handbook()} < load_text(uncommented(Path("aiopsctl.yaml").read_text())).checks.keys()


def test_sources_are_read_as_asked() -> None:
    """Paths, a forced format and mapped columns are in the config as they were given."""
    rows = [{"took": 0.2, "feature": "chat"}] * 60
    name = log("calls [1].jsonl", rows)
    done = call(
        "init", name, "--map", "latency_ms=took:s", "--source", "native", "--feedback", str(Path("fb.jsonl").absolute())
    )
    assert (2, True) == (done.exit_code, "fb.jsonl" in done.stderr)

    Path("fb.jsonl").write_text('{"request_id": "r1", "kind": "thumb", "value": 1, "ts": "2026-10-02T00:00:00Z"}\n')
    call(
        "init", name, "--map", "latency_ms=took:s", "--source", "native", "--feedback", str(Path("fb.jsonl").absolute())
    )
    config = written()

    assert [(name, "native")] == [(each.path, each.format) for each in config.sources.calls]
    assert ["fb.jsonl"] == [each.path for each in config.sources.feedback]
    assert {"latency_ms": "took:s"} == config.columns
    assert "p50 200 ms" in Path("aiopsctl.yaml").read_text()
    assert 0 == call("check", "--now", "data").exit_code


@pytest.mark.parametrize(
    ("p50", "p95", "expected"),
    [
        (500, 1_500, "inline"), (501, 1_500, "on-demand"), (500, 1_501, "on-demand"), (3_000, 8_000, "on-demand"),
        (100, 8_001, "background"), (30_000, 90_000, "background"), (30_001, 40_000, "async"), (None, None, None),
    ],
)  # fmt: skip
def test_guessed_class(p50: float | None, p95: float | None, expected: str | None) -> None:
    """A feature is of the first class of the handbook whose median and p95 it keeps."""
    assert expected == FoundFeature("it", 1, p50, p95).class_


@pytest.mark.parametrize(
    ("first", "last", "days", "expected"),
    [
        ("2026-09-01T00:00:00Z", "2026-10-31T23:59:00Z", 28, ("2026-10-03", "2026-10-31")),
        ("2026-10-29T00:00:00Z", "2026-10-31T05:00:00Z", 28, ("2026-10-29", "2026-10-31")),
        ("2026-10-29T00:00:01Z", "2026-10-31T05:00:00Z", 28, ("2026-10-30", "2026-10-31")),
        ("2026-10-29T00:00:01Z", "2026-10-30T05:00:00Z", 28, None),
        ("2026-09-01T00:00:00Z", "2026-10-31T23:30:00Z", 7, ("2026-10-24", "2026-10-31")),
    ],
)
def test_baseline(first: str, last: str, days: int, expected: tuple[str, str] | None) -> None:
    """The baseline is the last complete days: not the day of the newest row, nor a first day that began before the log."""
    between = f"{last[:8]}{int(last[8:10]) - 1}T12:00:00Z"
    found = baseline_of(Log(events({"ts": first}, {"ts": between}, {"ts": last}), Account()), ZoneInfo("UTC"), days)

    assert expected == (None if found is None else (str(found.since), str(found.until)))


def test_baseline_in_its_zone() -> None:
    """The days of a baseline are those of the zone: 23:30 UTC is the next day in Berlin."""
    rows = [{"ts": "2026-09-01T00:00:00Z"}, {"ts": "2026-10-28T00:00:00Z"}, {"ts": "2026-10-31T23:30:00Z"}]
    found = baseline_of(Log(events(*rows), Account()), ZoneInfo("Europe/Berlin"), 7)

    assert found
    assert date(2026, 11, 1) == found.until


@pytest.mark.parametrize("text", ["28", "0d", "-1d", "x", "4w", "99999999d", "\u0662d", ""])
def test_no_number_of_days(text: str) -> None:
    """What is no number of days is refused before logs are read."""
    done = call("init", "nowhere", "--baseline", text)

    assert (2, True) == (done.exit_code, "is no number of days" in done.stderr)


def test_nothing_to_write_from() -> None:
    """Logs without a row, standard input and options without logs are errors that write nothing."""
    Path("empty.jsonl").write_text("")

    assert 3 == call("init", "empty.jsonl").exit_code
    assert 2 == call("init", "-").exit_code
    assert 2 == call("init", "--map", "latency_ms=x").exit_code
    assert 2 == call("init", "--ci", "jenkins").exit_code
    assert 2 == call("init", "--tz", "Mars/Base").exit_code
    assert not Path("aiopsctl.yaml").exists()


def test_github_job(few: str) -> None:
    """The workflow runs check with files of findings, and keeps them also where it fails."""
    call("init", few, "--ci", "github")
    found = yaml.safe_load(Path(".github/workflows/aiopsctl.yml").read_text())
    steps = found["jobs"]["check"]["steps"]
    command = next(step["run"] for step in steps if "aiopsctl check" in step.get("run", ""))

    assert "aiopsctl check --now data -o junit=aiopsctl-junit.xml -o sarif=aiopsctl.sarif" == command
    assert {"contents": "read"} == found["permissions"]
    assert ["${{ !cancelled() }}"] == [step["if"] for step in steps if "if" in step]


def test_gitlab_job() -> None:
    """The job of GitLab hands over test results and code quality, also where it fails."""
    found = yaml.safe_load(job("gitlab", "1.2.3", ""))["aiopsctl"]

    assert {"junit": "aiopsctl-junit.xml", "codequality": "aiopsctl-quality.json"} == found["artifacts"]["reports"]
    assert "always" == found["artifacts"]["when"]
    assert "aiopsctl check -o junit=aiopsctl-junit.xml -o gitlab=aiopsctl-quality.json" == found["script"][-1]


def test_cron_line_alone_on_stdout(few: str) -> None:
    """The line of cron is all that stdout has, so it can be piped into crontab."""
    done = call("init", few, "--ci", "cron")

    assert re.fullmatch(r"0 6 \* \* \* cd \S+ && \S.* check -q --now data\n", done.stdout)
    assert "next: aiopsctl check --now data" == done.stderr.splitlines()[-1]


def test_cron_line_of_a_hostile_folder() -> None:
    """A folder's name cannot end the command, nor the line."""
    assert r"0 6 * * * cd '/a b/100\%; rm' && aiopsctl check -q" == cron_line("/a b/100%; rm", "aiopsctl", "")
    with pytest.raises(UsageError):
        cron_line("/a\n* * * * * rm", "aiopsctl", "")


def test_every_job_has_a_test() -> None:
    """Nothing but these three is offered."""
    assert ("github", "gitlab", "cron") == KINDS


def test_starter_is_the_same_each_time() -> None:
    """The same question gives the same bytes."""
    assert starter(Asked("UTC")) == starter(Asked("UTC"))


@pytest.mark.parametrize("kind", FILES)
def test_command_of_a_job_runs(kind: str) -> None:
    """The check that a job runs writes the files that the job hands over."""
    call("init", str(SAMPLE), "--ci", kind)
    text = Path(FILES[kind]).read_text()
    command = next(line for line in text.splitlines() if "aiopsctl check" in line)
    words = command.partition("aiopsctl ")[2].split()
    handed = [word.partition("=")[2] for word in words if "=" in word]

    assert 1 == call(*words).exit_code
    assert 2 == len(handed)
    assert all(Path(path).stat().st_size > 100 and text.count(path) == 2 for path in handed)
