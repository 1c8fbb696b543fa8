"""From paths to bytes: what a path stands for, what is refused, and what a damaged stream still gives."""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from time import process_time

import polars as pl
import pyarrow as pa
import pytest

from aiopsctl.errors import UsageError
from aiopsctl.sources import files
from aiopsctl.sources.files import Input, expand, open_bytes, printable
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read

SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18\x04\x00\x00\x00more"


def call(number: int) -> dict[str, object]:
    """Return a call."""
    return {"ts": "2026-09-01T12:00:00Z", "request_id": f"r{number}", "model": "m", "input_tokens": number}


def jsonl(*numbers: int) -> bytes:
    """Return a log of these calls."""
    return b"".join(json.dumps(call(number)).encode() + b"\n" for number in numbers)


def zstd(data: bytes) -> bytes:
    """Return data as one zstd frame."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def names(*paths: str) -> list[str]:
    """Return the base names of the files behind paths."""
    return [os.path.basename(each.path) for each in expand(paths)]


def ids(log: Log) -> list[str]:
    """Return the ids of the calls in a log."""
    return log.events["request_id"].to_list() if "request_id" in log.events.columns else []


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in which the test works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*paths: str) -> None:
    """Write a small log to each path."""
    for number, path in enumerate(paths):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(jsonl(number))


def test_folder() -> None:
    """A folder stands for the logs in it and below, by their suffix, in a stable order."""
    put(
        "logs/b.jsonl",
        "logs/a.ndjson.gz",
        "logs/deep/er/c.json.zst",
        "logs/d.csv",
        "logs/e.parquet",
        "logs/f.jsonl.zst",
    )
    put("logs/readme.md", "logs/app.log", "logs/jsonl", "logs/x.jsonl.bak", "logs/x.jsonl.tmp", "logs/data.json5")

    assert names("logs") == ["a.ndjson.gz", "b.jsonl", "d.csv", "e.parquet", "f.jsonl.zst", "c.json.zst"]


def test_folder_skips_what_is_hidden() -> None:
    """Names that begin with a dot or an underscore are skipped, and so are folders of such names."""
    put("logs/.a.jsonl", "logs/_b.jsonl", "logs/.git/c.jsonl", "logs/_temporary/d.jsonl", "logs/e.jsonl")

    assert names("logs") == ["e.jsonl"]
    assert names("logs/_b.jsonl") == ["_b.jsonl"]


def test_glob(here: Path) -> None:
    """A glob stands for what it matches; a folder that it matches for the logs in it."""
    put("logs/a1.jsonl", "logs/a2.jsonl", "logs/b1.jsonl", "logs/deep/a3.jsonl", "part.parquet/p.parquet", "logs/a.txt")

    assert names("logs/a?.jsonl") == ["a1.jsonl", "a2.jsonl"]
    assert names("logs/[b]*.jsonl") == ["b1.jsonl"]
    assert names("logs/**/*.jsonl") == ["a1.jsonl", "a2.jsonl", "b1.jsonl", "a3.jsonl"]
    assert names("**/a3.jsonl") == ["a3.jsonl"]
    assert names("*.parquet") == ["p.parquet"]
    assert names(str(here / "logs" / "**" / "a[13].jsonl")) == ["a1.jsonl", "a3.jsonl"]


def test_glob_that_matches_nothing() -> None:
    """A glob that matches nothing is an error."""
    with pytest.raises(UsageError, match="no file matches"):
        expand(["*.jsonl"])


@pytest.mark.parametrize("name", ["[a].jsonl", "a*.jsonl", "what?.jsonl", "a b.jsonl", "ü.jsonl", "-x.jsonl"])
def test_name_that_looks_like_a_glob(name: str) -> None:
    """A file that exists is opened by its exact name, whatever it looks like."""
    put(name, "a.jsonl")

    assert names(name) == [name]
    assert ids(read([name])) == ["r0"]


def test_name_that_is_no_text() -> None:
    """A name that is no UTF-8, or holds control characters, is read, and shown with these escaped."""
    Path("logs").mkdir()
    for number, name in enumerate((b"caf\xe9.jsonl", b"\x1b[31mred.jsonl.gz", b"bad\xff.jsonl.zst")):
        packed = (lambda data: data, gzip.compress, zstd)[number]
        (Path("logs") / os.fsdecode(name)).write_bytes(packed(jsonl(number)) + b"oops\n" * (number == 0))

    log = read(["logs"])

    assert sorted(ids(log)) == ["r0", "r1", "r2"]
    assert log.account.examples == [r"logs/caf\udce9.jsonl:2 not_json"]
    assert printable("a\x1b[31m\u202eb c") == r"a\x1b[31m\u202eb c"


def test_same_file_twice() -> None:
    """A file that several paths lead to is read once."""
    put("logs/a.jsonl", "logs/b.jsonl")
    os.symlink("a.jsonl", "logs/c.jsonl")
    os.link("logs/b.jsonl", "logs/d.jsonl")

    log = read(["logs", "logs/a.jsonl", "./logs/../logs/a.jsonl", "logs/*.jsonl"])

    assert sorted(ids(log)) == ["r0", "r1"]
    assert log.account.files == 2


def test_named_beats_found() -> None:
    """A file that is found in a folder and named as well counts as named."""
    put("logs/a.jsonl")

    (found,) = expand(["logs", "logs/a.jsonl"])

    assert Input("logs/a.jsonl", named=True, asked="logs") == found


def test_links_in_circles() -> None:
    """Links to folders are not followed, so that circles end; links to files are."""
    put("logs/a.jsonl", "other/b.jsonl")
    os.symlink("..", "logs/up")
    os.symlink(".", "logs/self")
    os.symlink("../other", "logs/other")
    os.symlink("../other/b.jsonl", "logs/link.jsonl")
    os.symlink("nowhere.jsonl", "logs/dangling.jsonl")

    assert names("logs") == ["a.jsonl", "link.jsonl"]
    assert names("logs/**/*.jsonl") == ["a.jsonl", "link.jsonl"]


@pytest.mark.parametrize(("path", "target"), [("dangling.jsonl", "nowhere"), ("self.jsonl", "self.jsonl")])
def test_link_that_leads_nowhere(path: str, target: str) -> None:
    """A link to nothing is an error where it is named."""
    os.symlink(target, path)

    with pytest.raises(UsageError, match=f"cannot open {path}: "):
        expand([path])


def test_missing_file_names_the_nearest() -> None:
    """A path that does not exist is an error that names the nearest file."""
    put("logs/calls.jsonl", "logs/feedback.jsonl")

    with pytest.raises(UsageError, match=r"no such file: logs/call\.jsonl") as caught:
        expand(["logs/call.jsonl"])

    assert caught.value.help == "did you mean 'calls.jsonl'?"


def test_missing_folder() -> None:
    """A path into a folder that does not exist says so."""
    with pytest.raises(UsageError) as caught:
        expand(["logz/calls.jsonl"])

    assert caught.value.help == "the folder logz does not exist either"


def test_pipe_and_device() -> None:
    """A named pipe or a device is refused at once, and passed over in a folder."""
    put("logs/a.jsonl")
    os.mkfifo("logs/pipe.jsonl")
    os.symlink("/dev/zero", "logs/zero.jsonl")
    began = process_time()

    for path in ("logs/pipe.jsonl", "logs/zero.jsonl", "/dev/zero"):
        with pytest.raises(UsageError, match="no regular file"):
            expand([path])

    assert names("logs", "logs/*.jsonl") == ["a.jsonl"]
    assert process_time() - began < 0.1


def test_file_that_went_away() -> None:
    """A file that cannot be opened is an error with its reason."""
    with pytest.raises(UsageError, match=r"cannot open gone\.jsonl: No such file"), open_bytes(Input("gone.jsonl")):
        pass


def test_empty_folder() -> None:
    """A folder without logs gives no events, and a note."""
    Path("logs").mkdir()

    log = read(["logs"])

    assert (log.events.height, log.account.files) == (0, 0)
    assert log.account.notes == ["no logs in logs"]


def test_empty_files() -> None:
    """Files that hold nothing are counted as read, and give nothing."""
    Path("a.jsonl").write_bytes(b"")
    Path("b.jsonl").write_bytes(b"\n \n")
    Path("c.jsonl.gz").write_bytes(gzip.compress(b""))
    put("d.jsonl")

    log = read(["a.jsonl", "b.jsonl", "c.jsonl.gz", "d.jsonl"])

    assert (ids(log), log.account.files, log.account.rows_read) == (["r0"], 4, 1)


def parquet(data: bytes) -> bytes:
    """Return JSON lines as Parquet."""
    buffer = io.BytesIO()
    pl.read_ndjson(data).write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", [bytes, gzip.compress, zstd, parquet])
def test_standard_input(form: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, in any form; what is read in one run is not read in the next."""
    for number in (1, 3):
        data = form(jsonl(number, number + 1))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

        assert ids(read(["-"])) == [f"r{number}", f"r{number + 1}"]


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal is no log."""
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)

    with pytest.raises(UsageError, match="nothing on standard input"):
        read(["-"])


def test_nothing_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without standard input has no log there."""
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(UsageError, match="nothing on standard input"):
        read(["-"])


def test_compression_is_told_by_content() -> None:
    """What a file is compressed with is seen in its bytes, whatever its name says."""
    Path("plain.jsonl.gz").write_bytes(jsonl(1))
    Path("gzip.jsonl").write_bytes(gzip.compress(jsonl(2)))
    Path("zstd.jsonl.gz").write_bytes(zstd(jsonl(3)))
    Path("gzip.jsonl.zst").write_bytes(gzip.compress(jsonl(4)))

    assert ids(read(["plain.jsonl.gz", "gzip.jsonl", "zstd.jsonl.gz", "gzip.jsonl.zst"])) == ["r1", "r2", "r3", "r4"]


def test_several_members() -> None:
    """Members of gzip and frames of zstd follow each other, a line may lie across them; zeros are padding."""
    data = jsonl(*range(1000))
    cuts = [data[start : start + 7001] for start in range(0, len(data), 7001)]
    Path("a.gz").write_bytes(b"".join(map(gzip.compress, cuts)) + b"\0" * 512)
    Path("b.zst").write_bytes(SKIPPABLE_FRAME + b"".join(map(zstd, cuts)))

    for path in ("a.gz", "b.zst"):
        with open_bytes(Input(path)) as stream:
            assert data == stream.read(1 << 30)


@pytest.mark.parametrize(
    ("name", "packed"), [("bzip2", bz2.compress(jsonl(1))), ("xz", lzma.compress(jsonl(1))), ("zip", b"PK\x03\x04...")]
)
def test_foreign_compression(name: str, packed: bytes) -> None:
    """A compression that is not read is an error that names it, and those that are."""
    Path("log.jsonl").write_bytes(packed)

    with pytest.raises(UsageError, match=f"log.jsonl is compressed with {name}") as caught:
        read(["log.jsonl"])

    assert caught.value.help == "gzip and zstd are read"


def damaged(how: str, data: bytes) -> bytes:
    """Return a gzip or zstd stream that was damaged."""
    packed = gzip.compress(data, mtime=0)
    match how:
        case "gzip without its trailer":
            return packed[:-8]
        case "gzip without half its trailer":
            return packed[:-4]
        case "gzip with a wrong checksum":
            return packed[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + packed[-4:]
        case "gzip with a wrong length":
            return packed[:-1] + bytes([packed[-1] ^ 1])
        case "gzip with garbage behind":
            return packed + b"garbage"
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "how", ["gzip without its trailer", "gzip without half its trailer", "gzip with garbage behind"]
)
def test_good_stream_with_a_bad_end(how: str) -> None:
    """All lines of a stream that only lacks its end, or has more behind it, are kept; the break is one reject."""
    Path("log.jsonl.gz").write_bytes(damaged(how, jsonl(*range(500))))

    log = read(["log.jsonl.gz"])

    reason = "trailing_garbage" if "garbage" in how else "truncated_stream"
    assert [f"r{number}" for number in range(500)] == ids(log)
    assert log.account.examples == [f"log.jsonl.gz:501 {reason}"]


@pytest.mark.parametrize("how", ["gzip with a wrong checksum", "gzip with a wrong length"])
@pytest.mark.parametrize("rows", [500, 50_000])
def test_wrong_checksum(how: str, rows: int) -> None:
    """No row of a stream whose checksum is wrong is believed: an error where it is named, else others go on."""
    put("logs/good.jsonl")
    Path("logs/bad.jsonl.gz").write_bytes(damaged(how, jsonl(*range(1, rows + 1))))

    log = read(["logs"])

    assert ids(log) == ["r0"]
    assert log.account.rows_read == log.account.rows_rejected + 1
    assert sum(each.rejected for each in log.account.read) == log.account.rows_rejected
    assert log.account.notes == ["skipped: logs/bad.jsonl.gz is damaged: its checksum or its structure is wrong"]
    with pytest.raises(UsageError, match=r"logs/bad\.jsonl\.gz is damaged"):
        read(["logs/bad.jsonl.gz", "logs/good.jsonl"])


def test_zstd_with_garbage_behind() -> None:
    """Of a zstd stream with something else behind it, all lines are kept but those of its last 4 KiB at most."""
    Path("log.jsonl.zst").write_bytes(zstd(jsonl(*range(500))) + b"garbage")

    log = read(["log.jsonl.zst"])

    assert 440 < log.events.height <= 500
    assert log.account.reasons == {"truncated_stream": 1}


def test_bits_that_rot() -> None:
    """A zstd stream whose blocks are wrong is not believed."""
    packed = bytearray(zstd(jsonl(*range(50_000))))
    packed[len(packed) * 3 // 4] ^= 0xFF
    Path("log.jsonl.zst").write_bytes(packed)

    with pytest.raises(UsageError, match="its checksum or its structure is wrong"):
        read(["log.jsonl.zst"])


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_stream_that_was_cut(pack: Callable[[bytes], bytes]) -> None:
    """Whole lines before a cut are kept, whatever surrounds the file, and the cut is one reject."""
    numbers = range(20_000)
    data = jsonl(*numbers)
    Path("log.jsonl").write_bytes(pack(data)[: len(pack(data)) // 2])

    log = read(["log.jsonl"])

    kept = len(ids(log))
    assert 5_000 < kept < 15_000
    assert [f"r{number}" for number in range(kept)] == ids(log)
    assert log.account.examples == [f"log.jsonl:{kept + 1} truncated_stream"]


@pytest.mark.parametrize("start", [b"\x1f\x8b\x08\x00", b"\x1f\x8bgarbage that is no gzip", b"\x28\xb5\x2f\xfdgarbage"])
def test_stream_that_gives_nothing(start: bytes) -> None:
    """A compressed file of which nothing can be read is an error where it was named, else a note."""
    Path("logs").mkdir()
    Path("logs/bad.jsonl").write_bytes(start)

    with pytest.raises(UsageError, match=r"logs/bad\.jsonl is damaged"):
        read(["logs/bad.jsonl"])

    assert len(read(["logs"]).account.notes) == 1


def test_one_bad_file_does_not_hide_the_others() -> None:
    """Of a folder, what cannot be read is skipped with a note."""
    put("logs/good.jsonl")
    Path("logs/drift.jsonl").write_bytes(b'{"something": "else"}\n')
    Path("logs/empty.jsonl").write_bytes(b"")
    Path("logs/torn.jsonl").write_bytes(jsonl(7) + b'{"ts": "20')
    Path("logs/half.parquet").write_bytes(b"PAR1 and then nothing")
    Path("logs/photo.json").write_bytes(bytes(range(256)))

    log = read(["logs"])

    assert sorted(ids(log)) == ["r0", "r7"]
    assert log.account.reasons == {"torn_tail": 1}
    assert [note.split(";")[0] for note in log.account.notes] == [
        "skipped: cannot tell the format of logs/drift.jsonl",
        "skipped: logs/half.parquet is a damaged Parquet file",
        "skipped: logs/photo.json is not a log that can be read",
    ]


def test_five_thousand_small_files() -> None:
    """Small files are read together: 5,000 of them take a second or so, each line under its own name."""
    Path("logs").mkdir()
    for number in range(5_000):
        Path(f"logs/{number:04}.jsonl").write_bytes(jsonl(number) + b"oops" * (number % 1000 == 999))
    began = process_time()

    log = read(["logs"])

    assert process_time() - began < 5
    assert [f"r{number}" for number in range(5_000)] == ids(log)
    assert log.account.examples == [f"logs/{number}.jsonl:2 torn_tail" for number in ("0999", "1999", "2999")]
    assert (log.account.files, log.account.rows_read, log.account.rows_rejected) == (5_000, 5_005, 5)


BOMB = r"""
import re
from pathlib import Path
from aiopsctl.errors import UsageError
from aiopsctl.sources.read import read
try:
    log = read(["bomb.jsonl.gz"])
    print(log.events.height, dict(log.account.reasons))
except UsageError as error:
    print(error.what)
print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.fixture(scope="module")
def spaces() -> bytes:
    """Return 300 MiB of spaces, compressed."""
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(b" " * (1 << 20))
    return packed.getvalue()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is asked of Linux")
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (b'{"ts": "', b"\n" + jsonl(1), "1 {'too_long': 1}"),
        (jsonl(1) + b'{"ts": "', b"", "1 {'too_long': 1}"),
        (b"[", b"]", "bomb.jsonl.gz is one JSON document of more than"),
        (b"ts,request_id,model\n", b"", "0 {'too_long': 1}"),
    ],
    ids=["first line", "last line", "array", "csv"],
)
def test_bomb(spaces: bytes, start: bytes, end: bytes, expected: str) -> None:
    """A line that inflates without end is passed over in little memory."""
    Path("bomb.jsonl.gz").write_bytes(gzip.compress(start) + spaces + gzip.compress(end))

    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, check=True)  # noqa: S603
    said, peak = done.stdout.strip().rsplit("\n", 1)

    assert said.startswith(expected)
    assert int(peak) < 300


def test_whole_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that has to be read in one piece may not be of any size."""
    monkeypatch.setattr(files, "WHOLE_BYTES", 1 << 20)
    Path("log.json").write_bytes(b"[" + b" " * (1 << 20) + b"]")

    with pytest.raises(UsageError, match="one JSON document of more than 1 MiB"):
        read(["log.json"])


def test_rows_are_guessed_from_the_first_lines() -> None:
    """A file has about as many rows as lines as long as its first ones; eight times as many if packed. Parquet tells."""
    packed, parquet = gzip.compress(jsonl(*[7] * 10)), io.BytesIO()
    pl.DataFrame({"same": [1] * 70_000}).write_parquet(parquet)
    about = {
        "log.jsonl": (jsonl(*range(1_000)), 1_000),
        "long.jsonl": (jsonl(*[7] * 10_000), 10_000),
        "one.jsonl": (jsonl(1).strip(), 1),
        "empty.jsonl": (b"", 0),
        "log.jsonl.gz": (packed, len(packed) * 8 // len(jsonl(7))),
        "log.parquet": (parquet.getvalue(), 70_000),
        "bad.parquet": (b"PAR1" + b"x" * 1_996, 0),
        "bad.jsonl.gz": (b"\x1f\x8bnone", 0),
        "log.bz2": (b"BZh9", 0),
    }
    for name, (data, _) in about.items():
        Path(name).write_bytes(data)

    assert {name: files.rows_about(Input(name)) for name in (*about, "missing")} == pytest.approx(
        {name: rows for name, (_, rows) in about.items()} | {"missing": 0}, rel=0.001
    )


def test_a_long_cell_beside_a_bad_record() -> None:
    """A cell of 200 KB is read as any other where a bad record has the others looked at one by one."""
    Path("log.csv").write_text(
        f'ts,request_id,status,prompt\n2026-09-01T12:00:00Z,r1,ok,"{"x" * 200_000}"\n2026-09-01T12:00:00Z,r2\n2026-09-01T12:00:00Z,r3,ok,y\n'
    )

    log = read(["log.csv"])

    assert ids(log) == ["r1", "r3"]
    assert log.account.examples == ["log.csv:3 too_few_cells"]


def test_the_format_of_standard_input_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said to be the format of `-` holds for standard input, though its columns tell none."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"ts": "2026-09-01T12:00:00Z", "model": "m"}\n')))

    with pytest.raises(UsageError, match="cannot tell the format of"):
        read(["-"])
    assert read(["-"], how=Reading(formats={"-": "native"})).events["model"].to_list() == ["m"]
