"""User ids behind a keyed hash: who a user is stays out, and that it is the same user stays known."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from rich.pretty import pretty_repr
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app
from aiopsctl.sources import pseudonyms
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read

KEY = "a key that nobody should use, being in a test"
VARIABLE = "AIOPSCTL_PSEUDONYM_KEY"
USERS = ("ann@example.com", "bob@example.com", "ann@example.com", None)


def pseudonym(user: str, key: str = KEY) -> str:
    """Return what a user is to be called, by Python's own HMAC."""
    return "u_" + hmac.new(key.encode(), user.encode(), hashlib.sha256).hexdigest()[:12]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a log of four calls and a rating that takes its user from its call; the key is set."""
    monkeypatch.setenv(VARIABLE, KEY)
    calls = [{"ts": f"2026-09-01T00:00:0{i}Z", "request_id": f"r{i}", "user_id": user, "cost_usd": 1.0 + i}
             for i, user in enumerate(USERS)]  # fmt: skip
    rating = {"ts": "2026-09-01T01:00:00Z", "request_id": "r1", "kind": "thumb", "value": 1}
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (*calls, rating)))
    return str(path)


def ran(*words: str) -> Result:
    """Return what a command did."""
    return CliRunner().invoke(app, words)


def costs(*words: str) -> dict[Any, float]:
    """Return the cost by user."""
    found = json.loads(ran("cost", *words, "--by", "user_id", "-f", "json").stdout)["measurements"]
    return {m["slice"]["user_id"]: m["value"] for m in found if m["metric"] == "cost-total"}


def test_users_have_pseudonyms(log: str) -> None:
    """Each user is a keyed hash, the same in each run; a call without a user has none, and the figures stay."""
    expected = {pseudonym("ann@example.com"): 4.0, pseudonym("bob@example.com"): 2.0, None: 4.0}

    assert expected == costs(log, "--isolated", "--pseudonymize")
    assert expected == costs(log, "--isolated", "--pseudonymize")


def test_another_key_gives_other_pseudonyms(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not have the key cannot tell the users."""
    monkeypatch.setenv(VARIABLE, "another")

    assert {pseudonym("ann@example.com", "another"), pseudonym("bob@example.com", "another"), None} == set(
        costs(log, "--isolated", "--pseudonymize")
    )


def test_feedback_is_joined_as_before(log: str) -> None:
    """Feedback that takes its user from its call has that user's pseudonym."""
    found = read([log], (), Reading(pseudonym_key=KEY.encode())).events

    assert [pseudonym("bob@example.com")] == found.filter(event="feedback")["user_id"].to_list()


def test_filters_see_pseudonyms(log: str) -> None:
    """A filter by user takes the pseudonym; the id itself matches nothing."""
    ann = pseudonym("ann@example.com")

    assert {ann: 4.0} == costs(log, "--isolated", "--pseudonymize", "--where", f"user_id = '{ann}'")
    assert 3 == ran("cost", log, "--isolated", "--pseudonymize", "--where", "user_id = 'ann@example.com'").exit_code


@pytest.mark.parametrize("value", [None, "", "  "])
def test_no_key(log: str, monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Without a key nothing is read, and the error says how to set one."""
    monkeypatch.delenv(VARIABLE)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    done = ran("cost", log, "--isolated", "--pseudonymize")

    assert (2, "") == (done.exit_code, done.stdout)
    assert f"export {VARIABLE}=" in done.stderr


def test_config_switches_it_on(log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The config can ask for pseudonyms, and name the variable that holds the key."""
    monkeypatch.setenv("TEAM_KEY", "another")
    config = tmp_path / "aiopsctl.yaml"
    config.write_text("pseudonymize: true\npseudonym_key_env: TEAM_KEY\n")

    assert pseudonym("ann@example.com", "another") in costs(log, "-c", str(config))


@pytest.mark.parametrize("command", ["summary", "cost", "check", "doctor"])
def test_no_id_and_no_key_comes_out(log: str, tmp_path: Path, command: str) -> None:
    """No output holds an id or the key, nor does the file of rejected rows, unless text is asked for."""
    rejects, bad = tmp_path / "rejects.jsonl", '{"ts": "yesterday", "user_id": "ann@example.com"}\n{"ann@example.com'
    Path(log).write_text(Path(log).read_text() + bad)
    words = () if command == "doctor" else ("--by", "user_id")
    files = {form: tmp_path / f"out.{form}" for form in ("json", "jsonl", "csv", "md")}
    outputs = (word for form, path in files.items() for word in ("-o", f"{form}={path}"))
    done = ran(
        command, log, "--isolated", "--pseudonymize", "--rejects", str(rejects), "-f", "table", "-v", *words, *outputs
    )
    texts = [path.read_text() for path in files.values()]
    out = "".join((done.stdout, done.stderr, rejects.read_text(), *texts))

    assert done.stdout
    assert all(texts)
    assert "example.com" not in out
    assert KEY not in out


def test_next_command_sees_pseudonyms_too(log: str) -> None:
    """A command that follows from a breach names the user as this run does, and reads as this run does."""
    Path(log).with_name("aiopsctl.yaml").write_text(
        "checks: {dear: {metric: cost-total, by: user_id, window: 7d, critical: {above: 3.5 USD}}}\ndefaults: {min_samples: 1}\n"
    )
    done = ran("check", log, "-c", str(Path(log).with_name("aiopsctl.yaml")), "--pseudonymize")

    assert 1 == done.exit_code
    assert "--pseudonymize" in done.stdout.rpartition("next:")[2]


def test_distinct_users_stay_distinct(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two hashes begin alike, both are shown longer."""
    monkeypatch.setattr(pseudonyms, "_DIGITS", 0)

    assert 3 == len(costs(log, "--isolated", "--pseudonymize"))


def test_key_is_never_shown() -> None:
    """How logs are read can be printed, also by Rich, without the key of the pseudonyms."""
    how = Reading(tz="UTC", pseudonym_key=b"not-for-anybody")

    for shown in (repr(how), pretty_repr(how)):
        assert "tz='UTC'" in shown
        assert "not-for-anybody" not in shown
