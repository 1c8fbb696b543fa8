"""What is large or deep enough to kill a process: read in a process of its own, in little memory and time."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from torture.case import call, log

READS = r"""
import json, re, resource, sys
from pathlib import Path
from time import process_time
from aiopsctl.errors import AiopsctlError
from aiopsctl.sources.read import read
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for path in sys.argv[1:]:
    began, said = process_time(), ""
    try:
        account = (log := read([path])).account
        assert log.events.height + account.rows_rejected + account.rows_duplicate + account.rows_other == account.rows_read
        said = [log.events.height, dict(account.reasons)]
    except AiopsctlError as error:
        said = error.what
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
    print(json.dumps([path, said, peak, process_time() - began]), flush=True)
"""
"""Reads files one after the other; memory is the peak so far."""

LINE = 50 << 20


def dense(path: Path) -> None:
    """Write Parquet of one million prompts of 1 KB, all the same: small on disk, 1 GB as text."""
    rows = 1_000_000
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(["x" * 1000]))
    ts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(["2026-09-01T12:00:00Z"]))
    pq.write_table(pa.table({"ts": ts, "prompt": text, "latency_ms": pa.array([5] * rows, pa.int32())}), path)


def deep(levels: int) -> bytes:
    """Return a log with a line that is nested so deep."""
    return log(2) + b'{"x":' * levels + b"1" + b"}" * levels + b"\n" + log(2, 5)


FILES: dict[str, tuple[Callable[[Path], object], object]] = {
    "long.jsonl": (
        lambda path: path.write_bytes(log(2) + call(9)[:-1] + b', "x": "' + b"a" * LINE + b'"}\n' + log(2, 5)), [4, {"too_long": 1}],
    ),
    "open.jsonl": (lambda path: path.write_bytes(log(2) + b'{"x": "' + b"a" * LINE), [2, {"too_long": 1}]),
    "no_newline.jsonl": (lambda path: path.write_bytes(b"a" * LINE), "no_newline.jsonl is not a log that can be read"),
    "zeros.jsonl": (lambda path: path.write_bytes(log(2) + bytes(LINE) + b"\n" + log(2, 5)), [4, {"too_long": 1}]),
    "deep.jsonl": (lambda path: path.write_bytes(deep(1_000_000)), [4, {"too_deep": 1}]),
    "deep.json": (lambda path: path.write_bytes(b"[" * 1_000_000 + b"]" * 1_000_000), "deep.json is neither JSON nor JSON lines"),
    "newlines.jsonl": (lambda path: path.write_bytes(log(2) + b"\n" * (LINE // 20) + log(2, 5)), [4, {}]),
    "quotes.csv": (lambda path: path.write_bytes(b"ts,request_id\n" + b'"' + b"2026-09-01T12:00:00Z,r\n" * 150_000), None),
    "dense.parquet": (dense, [1_000_000, {}]),
}  # fmt: skip
"""Files, and what is said of them: rows and rejects, or an error; None where it is only that it ends."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is asked of Linux")
def test_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing large, deep or dense takes more than 300 MB or 10 s, and each line is accounted for."""
    monkeypatch.chdir(tmp_path)
    for name, (make, _) in FILES.items():
        make(Path(name))

    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", READS, *FILES], capture_output=True, text=True, timeout=300, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
    for path, said, peak, seconds in map(json.loads, done.stdout.splitlines()):
        expected = FILES[path][1]
        assert expected is None or (said.startswith(expected) if isinstance(expected, str) else said == expected), (
            path,
            said,
        )
        assert (path, peak < 300, seconds < 10) == (path, True, True), (peak, seconds)
