"""A store answers what the logs would, and reads of them only what is new."""

import json
import random
import shutil
from pathlib import Path

import pytest
import store_world as world
from store_world import assert_equal, by_store, lines
from typer.testing import CliRunner

from aiopsctl import daily
from aiopsctl.cli.app import app
from aiopsctl.errors import AiopsctlError
from aiopsctl.store import finish, ids
from aiopsctl.store.disk import StoreError

SAMPLES = Path(__file__).parent.parent / "sample_data"
FORMATS = sorted(path for path in (SAMPLES / "_formats").iterdir() if path.suffix == ".jsonl")


def run(*words: object) -> str:
    """Return what a command prints, whatever its verdict."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code in (0, 1), done.output
    return done.stdout


@pytest.mark.parametrize("seed", range(2))
def test_every_step_gives_what_a_reading_gives(tmp_path: Path, seed: int) -> None:
    """Appended to, rotated, cut off, compressed: each row is there once, with its call's facts, as if read at once."""
    rng = random.Random(seed)
    (tmp_path / "logs").mkdir()
    writer = world.Writer(tmp_path / "logs", rng, lines(300, seed, days=3))
    writer.append()
    while writer.rest:
        rng.choice(world.STEPS)(writer)
        assert_equal(tmp_path / "store", tmp_path / "logs")


@pytest.mark.parametrize("sample", FORMATS, ids=lambda path: path.stem)
def test_every_format_may_grow(tmp_path: Path, sample: Path) -> None:
    """Of every format, the second half of a file gives with the first what the whole file gives."""
    log, rows = tmp_path / sample.name, sample.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(rows[: len(rows) // 2 + 1]))
    try:
        by_store(tmp_path / "store", log)
    except AiopsctlError:
        pytest.skip("half of it tells no format")
    with log.open("ab") as file:
        file.writelines(rows[len(rows) // 2 + 1 :])

    assert_equal(tmp_path / "store", log)


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    """What was read is not looked at again: a line that turns to nonsense behind the reader's back changes nothing."""
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(lines(400)))
    before = by_store(tmp_path / "store", log).events.height
    data = bytearray(log.read_bytes())
    data[20_000:20_010] = b"x" * 10
    log.write_bytes(data + b'{"ts": "2026-09-05T00:00:00Z", "model": "m"}\n')

    assert by_store(tmp_path / "store", log).events.height == before + 1


def test_a_line_without_its_end_waits(tmp_path: Path) -> None:
    """The beginning of a line is neither used nor rejected before the rest is there; a whole one needs no newline."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    line = b'{"ts": "2026-09-05T00:00:00Z", "model": "m", "latency_ms": 5}'
    log.write_bytes(line + b"\n" + line[:20])
    first = by_store(store, log)
    log.write_bytes(line + b"\n" + line)
    second = by_store(store, log)
    log.write_bytes(line + b"\n" + line + b"\n" + line + b"\n")
    third = by_store(store, log)

    assert [each.events.height for each in (first, second, third)] == [1, 2, 3]
    assert [each.account.rows_rejected for each in (first, second, third)] == [0, 0, 0]


def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    """An export of the same days that takes the place of the last one replaces it; one of later days is added to it."""
    log, store = tmp_path / "export.csv", tmp_path / "store"
    log.write_text("ts,model,latency_ms\n2026-09-01T00:00:00Z,m,1\n2026-09-02T00:00:00Z,m,2\n")
    by_store(store, log)
    log.write_text(
        "ts,model,latency_ms\n2026-09-01T00:00:00Z,m,3\n2026-09-02T00:00:00Z,m,4\n2026-09-03T00:00:00Z,m,5\n"
    )
    again = by_store(store, log)
    log.write_text("ts,model,latency_ms\n2026-09-04T00:00:00Z,m,6\n")
    later = by_store(store, log)

    assert sorted(again.events["latency_ms"]) == [3, 4, 5]
    assert sorted(later.events["latency_ms"]) == [3, 4, 5, 6]


def test_a_log_that_was_rotated_away_is_read_to_its_end(tmp_path: Path) -> None:
    """What was written between the last reading and a rotation is read, though no path names the old file any more."""
    log = tmp_path / "app.jsonl"
    first, second, third = (b"".join(lines(30, seed)) for seed in (1, 2, 3))
    log.write_bytes(first)
    by_store(tmp_path / "store", log)
    log.write_bytes(first + second)
    log.rename(tmp_path / "app.jsonl.1")
    log.write_bytes(third)

    assert_equal_to = tmp_path / "whole.jsonl"
    assert_equal_to.write_bytes(first + second + third)
    ours = by_store(tmp_path / "store", log)
    assert ours.events.height == world.by_logs(assert_equal_to).events.height


def test_commands_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure of a check, of a look and of an analysis is that of the logs, at first, remembered, and after an append."""
    monkeypatch.setattr(daily, "MANY", 0)
    calls, log = lines(400, 5, days=28), tmp_path / "app.jsonl"
    commands = (
        ["check"],
        ["cost", "--by", "feature", "--tz", "America/New_York"],
        ["latency", "--where", "feature = 'a'"],
    )
    for part, times in ((calls[:400], 2), (calls, 1)):
        log.write_bytes(b"".join(part))
        for words in commands:
            plain = run(*words, log, "--isolated", "--max-rejected", "5%", "-f", "json")
            for _ in range(times):
                assert (
                    run(*words, log, "--isolated", "--max-rejected", "5%", "--store", tmp_path / "store", "-f", "json")
                    == plain
                )


def test_damaged_sums_are_summed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that a disk has damaged are not believed."""
    monkeypatch.setattr(daily, "MANY", 0)
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(lines(200)))
    plain = run("latency", log, "--isolated", "-f", "json")
    run("latency", log, "--isolated", "--store", store)
    kept = list(store.glob("sums*/*/.sums*"))
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1])

    assert kept
    assert run("latency", log, "--isolated", "--store", store, "-f", "json") == plain


def test_a_config_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `store` in the config, its sources are read once; `ingest --status` tells how far each was read."""
    (tmp_path / "app.jsonl").write_bytes(b"".join(lines(50)))
    (tmp_path / "aiopsctl.yaml").write_text("version: 1\nsources: {calls: app.jsonl}\nstore: .aiopsctl/store\n")
    monkeypatch.chdir(tmp_path)
    run("ingest")
    told = json.loads(run("ingest", "--status", "-f", "json"))["store"]
    shown = json.loads(run("latency", "--now", "data", "-f", "json"))["data"]

    assert [file["state"] for file in told["files"]] == ["grows"]
    assert told["files"][0]["read_bytes"] == (tmp_path / "app.jsonl").stat().st_size
    assert told["rows"] == shown["rows_used"]


def test_days_can_be_forgotten(tmp_path: Path) -> None:
    """`--prune` forgets the days before a day, counts them as filtered, and does not read them again."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(lines(200)))
    run("ingest", log, "--isolated", "--store", store)
    run("ingest", "--isolated", "--store", store, "--prune", "2026-09-06")
    data = json.loads(run("latency", log, "--isolated", "--store", store, "-f", "json"))["data"]
    whole = json.loads(run("latency", log, "--isolated", "--since", "2026-09-06", "-f", "json"))["data"]

    assert data["calls"] == whole["calls"]
    told = ("rows_used", "rows_rejected", "rows_duplicate", "rows_filtered")
    assert data["rows_read"] == whole["rows_read"] == sum(data[name] for name in told)


def test_a_store_among_the_logs_is_no_log(tmp_path: Path) -> None:
    """A store that lies in the folder of the logs is not read as one of them."""
    (tmp_path / "app.jsonl").write_bytes(b"".join(lines(50)))

    assert_equal(tmp_path / "store", tmp_path)
    assert_equal(tmp_path / "store", tmp_path)


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """A format that is not known is not touched: commands answer from the logs."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(lines(50)))
    by_store(store, log)
    manifest = store / "MANIFEST"
    body = json.dumps({"format": 99})
    from hashlib import sha256

    manifest.write_text(json.dumps({"sha256": sha256(body.encode()).hexdigest()})[:-1] + f', "manifest": {body}}}')
    before = manifest.read_bytes()
    with pytest.raises(StoreError, match="newer"):
        by_store(store, log)
    assert run("latency", log, "--isolated", "--store", store, "-f", "json") == run(
        "latency", log, "--isolated", "-f", "json"
    )
    assert manifest.read_bytes() == before


def test_what_is_gone_stays(tmp_path: Path) -> None:
    """Rows of a file that was deleted are still answered with."""
    (tmp_path / "logs").mkdir()
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / "logs" / f"{name}.jsonl").write_bytes(b"".join(lines(40, seed)))
    before = by_store(tmp_path / "store", tmp_path / "logs").events.height
    (tmp_path / "logs" / "a.jsonl").unlink()

    assert by_store(tmp_path / "store", tmp_path / "logs").events.height == before


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """What a store writes, nobody else can read."""
    log, store = tmp_path / "app.jsonl", tmp_path / "store"
    log.write_bytes(b"".join(lines(20)))
    by_store(store, log)
    shutil.rmtree(store / "none", ignore_errors=True)

    assert {path.stat().st_mode & 0o777 for path in store.iterdir() if path.is_file()} == {0o600}
    assert store.stat().st_mode & 0o777 == 0o700


def test_ids_are_compared_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated calls are found where their ids are too many to be held at once."""
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(lines(300)))
    monkeypatch.setattr(ids, "_AT_ONCE", 50)
    monkeypatch.setattr(finish, "_AT_ONCE", 50)

    assert_equal(tmp_path / "store", log)
    with log.open("ab") as file:
        file.writelines(lines(300, seed=2))
    assert_equal(tmp_path / "store", log)
