"""Logs that are read again and again: what a look gives is what a first reading gives, and old lines are not read again."""

import gzip
import json
import os
from io import BytesIO, TextIOWrapper
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import asdict

from aiopsctl.sources.follow import Follower
from aiopsctl.sources.log import Log
from aiopsctl.sources.read import Reading, read

THREE = "calls.jsonl", "more/calls.jsonl", "more/ratings.jsonl"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log of two calls."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text(call(1) + call(2))
    return tmp_path


def call(n: int, **given: object) -> str:
    """Return a line of a log."""
    row = {"ts": f"2026-09-{n % 28 + 1:02}T12:00:00Z", "request_id": f"r{n}", "status": "ok", "latency_ms": n}
    return json.dumps(row | given) + "\n"


def append(text: str, path: str = "log.jsonl") -> None:
    """Append text to a log."""
    Path(path).parent.mkdir(exist_ok=True)
    with Path(path).open("a") as file:
        file.write(text)


def assert_same(expected: Log, actual: Log) -> None:
    """Two readings gave the same events, in the same order, and the same account.

    Which places are named first may differ: those that were seen first.
    """
    assert expected.events.equals(actual.events.select(expected.events.columns))
    assert told(expected) == told(actual)


def told(log: Log) -> dict[str, object]:
    """Return what an account says, without the first places."""
    return {
        name: value
        for name, value in asdict(log.account).items()
        if name != "examples" and not name.endswith("_places")
    }


def test_only_what_was_appended_is_read() -> None:
    """A line that was read is not read again: were it damaged since, nobody would notice."""
    follower = Follower()
    follower.read(["log.jsonl"])
    text = Path("log.jsonl").read_text()
    with Path("log.jsonl").open("r+") as file:
        file.write("x" * 20)
    assert len(text) > 84  # the damage is further from the end than what is looked at again
    append(call(3))
    found = follower.read(["log.jsonl"])

    assert (1, 1) == (follower.whole, follower.appended)
    assert ["r1", "r2", "r3"] == found.events["request_id"].to_list()
    assert (3, 0) == (found.account.rows_read, found.account.rows_rejected)


def test_nothing_new() -> None:
    """A log that did not change is not read at all."""
    follower = Follower()
    expected = follower.read(["log.jsonl"])
    actual = follower.read(["log.jsonl"])

    assert (1, 0) == (follower.whole, follower.appended)
    assert_same(expected, actual)


@pytest.mark.parametrize("seed", range(4))
def test_looks_are_first_readings(seed: int) -> None:
    """Whatever is appended, whole lines or not, good or bad, in any file: a look gives what a first reading gives."""
    rng = Random(seed)
    follower, how = Follower(), Reading(source="native")
    for path in THREE:
        append(call(0), path)
    for n in range(1, 25):
        rating = json.dumps({"kind": "thumb", "value": n % 2, "request_id": f"r{n}", "ts": "2026-09-02T12:00:00Z"})
        line = rng.choice(
            [call(n), call(n, feature="draft"), call(n - 1), rating + "\n", "no json\n", "\n", call(n, latency_ms="x")]
        )
        cut = rng.randrange(len(line))
        first, *rest = rng.choice([(line,), (line[:cut], line[cut:])])
        path = rng.choice(THREE)
        append(first, path)
        assert_same(read(["calls.jsonl", "more"], how=how), follower.read(["calls.jsonl", "more"], how=how))
        append("".join(rest), path)

    assert 1 == follower.whole
    assert 20 < follower.appended


def test_line_without_its_newline() -> None:
    """A last line that lacks its newline counts as a first reading would count it, and once it is whole, once."""
    follower = Follower()
    append(call(3)[:30])
    torn = follower.read(["log.jsonl"])
    append(call(3)[30:-1])
    without_newline = follower.read(["log.jsonl"])
    append("\n")
    whole = follower.read(["log.jsonl"])

    assert (2, {"torn_tail": 1}) == (torn.events.height, dict(torn.account.reasons))
    assert (3, 0) == (without_newline.events.height, without_newline.account.rows_rejected)
    assert (3, 3) == (whole.events.height, whole.account.rows_read)
    assert 1 == follower.whole


def test_place_of_a_rejected_line() -> None:
    """A line that was appended is rejected with its number in the file."""
    follower = Follower()
    follower.read(["log.jsonl"])
    append(call(3) + "no json\n")

    assert ["log.jsonl:4 not_json"] == follower.read(["log.jsonl"]).account.examples


def test_feedback_finds_a_call_of_an_earlier_look() -> None:
    """Feedback that was appended is joined to a call that was read before."""
    follower = Follower()
    append(call(3, feature="draft"))
    follower.read(["log.jsonl"])
    append(json.dumps({"kind": "thumb", "value": 1, "request_id": "r3", "ts": "2026-09-05T12:00:00Z"}) + "\n")
    found = follower.read(["log.jsonl"])
    (feature,) = found.events.filter(found.events["event"] == "feedback")["feature"]

    assert ("draft", 1.0) == (feature, found.account.feedback_joined_ratio)


def shrunk() -> None:
    """Write fewer lines."""
    Path("log.jsonl").write_text(call(9))


def replaced() -> None:
    """Put another, longer file in its place."""
    Path("new").write_text("".join(map(call, range(5, 10))))
    os.replace("new", "log.jsonl")


def written_over() -> None:
    """Truncate the log and write more than it held, into the same file."""
    Path("log.jsonl").write_text("".join(map(call, range(5, 10))))


def same_length() -> None:
    """Write other lines of the same length."""
    Path("log.jsonl").write_text(call(7) + call(8))
    os.utime("log.jsonl", ns=(1, 1))


@pytest.mark.parametrize("change", [shrunk, replaced, written_over, same_length], ids=lambda change: change.__name__)
def test_log_that_did_not_only_grow(change: object) -> None:
    """A log that shrank, was replaced or written over is read again whole."""
    follower = Follower()
    follower.read(["log.jsonl"])
    change()  # type: ignore[operator]  # a function

    assert_same(read(["log.jsonl"]), follower.read(["log.jsonl"]))
    assert 2 == follower.whole


@pytest.mark.parametrize(("name", "write"), [
    ("log.jsonl.gz", lambda text: gzip.compress(text.encode())),
    ("log.json", lambda text: f"[{','.join(text.splitlines())}]".encode()),
    ("log.csv", lambda text: ("ts,request_id\n" + "".join(f"{json.loads(line)['ts']},{json.loads(line)['request_id']}\n" for line in text.splitlines())).encode()),
])  # fmt: skip
def test_log_that_is_read_whole(name: str, write: object) -> None:
    """What is compressed, or no JSONL, is read whole whenever it changed."""
    follower = Follower()
    for n in (2, 4):
        Path(name).write_bytes(write("".join(map(call, range(n)))))  # type: ignore[operator]  # a function
        assert_same(read([name]), follower.read([name]))

    assert (2, 0) == (follower.whole, follower.appended)


def test_files_that_come_and_go() -> None:
    """A folder in which a file comes or goes is read again whole."""
    follower = Follower()
    append(call(1), "more/a.jsonl")
    follower.read(["more"])
    append(call(2), "more/b.jsonl")
    assert_same(read(["more"]), follower.read(["more"]))
    Path("more/a.jsonl").unlink()
    assert_same(read(["more"]), follower.read(["more"]))

    assert 3 == follower.whole


def test_empty_log_that_fills() -> None:
    """A log that held nothing is read when it does."""
    follower = Follower()
    Path("log.jsonl").write_text("")
    assert 0 == follower.read(["log.jsonl"]).events.height
    append(call(1))

    assert 1 == follower.read(["log.jsonl"]).events.height


def test_rejects_that_are_saved_are_saved_whole() -> None:
    """Where rejected lines are saved, each look reads all files anew: what is saved is of all of them."""
    append("oops\n")
    follower = Follower()
    for _ in range(2):
        follower.read(["log.jsonl"], how=Reading(rejects="rejects.out"))
        append(call(3))

    assert (0, 0) == (follower.whole, follower.appended)
    assert [json.loads(line)["line"] for line in Path("rejects.out").read_text().splitlines()] == [3]


@pytest.mark.parametrize("before", [0, 2])
def test_a_long_line_on_its_way(before: int) -> None:
    """A line of 200 KB that is written in pieces is rejected as torn while it lacks its end, and read when it has it."""
    whole = "".join(map(call, range(1, before + 1)))
    long = call(9, text="x" * 200_000)
    Path("log.jsonl").write_text(whole + (long[:150_000] if before else ""))
    follower = Follower()
    follower.read(["log.jsonl"])
    for text in (whole + long[:-1], whole + long, whole + long + call(10)):
        Path("log.jsonl").write_text(text)
        assert_same(read(["log.jsonl"]), follower.read(["log.jsonl"]))


def test_what_was_appended_is_read_once() -> None:
    """A line that one look read is not read again by the next: were it damaged since, nobody would notice."""
    follower = Follower()
    for n in (3, 4):
        follower.read(["log.jsonl"])
        append(call(n) + call(10 + n))
    follower.read(["log.jsonl"])
    at = Path("log.jsonl").read_text().index('{"ts": "2026-09-04')
    with Path("log.jsonl").open("r+") as file:
        file.seek(at)
        file.write("x" * 20)
    append(call(5))
    found = follower.read(["log.jsonl"])

    assert (1, 3) == (follower.whole, follower.appended)
    assert ["r1", "r2", "r3", "r13", "r4", "r14", "r5"] == found.events["request_id"].to_list()


def test_standard_input_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input has no place to go on from: each look gives all of it."""
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO((call(1) + call(2)).encode())))
    follower = Follower()

    assert [follower.read(["-"]).events.height for _ in range(2)] == [2, 2]
    assert (follower.whole, follower.appended) == (0, 0)
