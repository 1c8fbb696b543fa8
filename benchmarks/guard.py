"""The guard against lost lines beside a bare scan: Polars' `read_ndjson` of chunks, strict, with the same schema.

Whole processes in turn, the best of some runs; both must give as many rows. CPU seconds are of the reading alone.
Then the guard on the same calls with every tenth line bad, beside itself on the good ones: `guard.py dirty` is this alone.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
from check_million import generate

from aiopsctl.sources import chunks, files, lines
from aiopsctl.sources.files import Input
from aiopsctl.sources.native import SOURCE

RUNS = 3
LEAN, FAT = 300_000, 50_000
TEXT_BYTES = 3_000
BLOCK_BYTES = 4 << 20
BAD_EVERY = 10


def guarded(path: str) -> int:
    """Return the rows that the guard gives."""
    with files.open_bytes(Input(path)) as stream:
        parsed = lines.parse_ahead(chunks.joined(chunks.chunks(stream)), SOURCE.schema)
        return sum(each.rows.height for each in parsed)


def bare(path: str) -> int:
    """Return the rows that Polars gives of whole lines; where one cannot be read, it is an error."""
    return sum(pl.read_ndjson(each, schema=dict(SOURCE.schema)).height for each in whole_lines(path))


def whole_lines(path: str) -> Iterator[bytes]:
    """Yield the bytes of a file in blocks that end with a line."""
    opens: dict[str, Callable[[str], object]] = {".gz": gzip.open, ".zst": pa.input_stream}
    rest = b""
    with opens.get(Path(path).suffix, lambda name: open(name, "rb"))(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            cut = block.rfind(b"\n") + 1
            yield rest + block[:cut]
            rest = block[cut:]


HOW: dict[str, Callable[[str], int]] = {"guard": guarded, "bare": bare}


def fatten(lean: Path, fat: Path) -> None:
    """Write calls with 3 KB of text in fields that are in no schema."""
    text = 'The quick brown fox jumps over the lazy dog, and "quotes" it.\n' * (TEXT_BYTES // 120)
    with lean.open() as source, fat.open("w") as file:
        for _, line in zip(range(FAT), source, strict=False):
            file.write(json.dumps({**json.loads(line), "messages": [{"content": text}], "completion": text}) + "\n")


def duplicated(line: bytes) -> bytes:
    """Return a line whose first key comes once more."""
    return line[:-1] + b", " + line[1:].partition(b",")[0] + b"}"


BAD: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: line.replace(b'"latency_ms": ', b'"latency_ms": "about ", "was": '),
    lambda line: line.replace(b'"user_id": "', b'"user_id": "\xff'),
    lambda line: line.replace(b'"cost_usd": ', b'"cost_usd": NaN, "was": '),
    duplicated,
)
"""Ways for a line to be bad: torn, a wrong type, not UTF-8, no number, a key twice. Three of them cost the row."""


def soiled(clean: Path, dirty: Path) -> None:
    """Write a log with every tenth line bad, of each kind in turn."""
    with clean.open("rb") as source, dirty.open("wb") as file:
        for number, line in enumerate(map(bytes.rstrip, source)):
            kind, rest = divmod(number, BAD_EVERY)
            file.write((line if rest else BAD[kind % len(BAD)](line)) + b"\n")


def packed(path: Path) -> list[Path]:
    """Return a log with its compressed copies."""
    data = path.read_bytes()
    small, smaller = path.with_name(f"{path.name}.gz"), path.with_name(f"{path.name}.zst")
    small.write_bytes(gzip.compress(data, 6))
    with pa.output_stream(str(smaller), compression="zstd") as stream:
        stream.write(data)
    return [path, small, smaller]


def one(how: str, path: str) -> None:
    """Print CPU seconds, peak MB and rows of one reading."""
    begin = time.process_time()
    rows = HOW[how](path)
    spent = time.process_time() - begin
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(spent, int(peak.split()[1]) / 1024, rows)


def best(*readings: tuple[str, Path]) -> tuple[list[tuple[float, float]], list[int]]:
    """Return CPU seconds and peak MB of ways to read a file, each the smallest of runs in turn, and how many rows there were."""
    found: list[list[tuple[float, float, float]]] = [[] for _ in readings]
    for at, (how, path) in [*enumerate(readings)] * RUNS:
        told = subprocess.run([sys.executable, __file__, how, str(path)], capture_output=True, text=True, check=True)
        spent, peak, count = map(float, told.stdout.split())
        found[at].append((spent, peak, count))
    smallest = [(min(spent for spent, _, _ in runs), min(peak for _, peak, _ in runs)) for runs in found]
    return smallest, [int(runs[0][2]) for runs in found]


def beside_bare(paths: list[Path]) -> None:
    """Print what the guard costs beside a bare scan."""
    print(f"{'':<16} {'MB':>6} {'guard s':>8} {'bare s':>8} {'ratio':>6} {'guard MB':>9} {'bare MB':>8}")
    for path in paths:
        ((spent, peak), (bare_spent, bare_peak)), rows = best(("guard", path), ("bare", path))
        assert len(set(rows)) == 1, rows
        size = path.stat().st_size / 1e6
        ratio = f"{spent / bare_spent:.2f}x"
        print(f"{path.name:<16} {size:6.1f} {spent:8.2f} {bare_spent:8.2f} {ratio:>6} {peak:9.0f} {bare_peak:8.0f}")


def beside_clean(paths: list[Path]) -> None:
    """Print what bad lines cost beside good ones."""
    print(f"{'':<16} {'MB':>6} {'dirty s':>8} {'clean s':>8} {'ratio':>6} {'dirty MB':>9} {'clean MB':>8}")
    for clean in paths:
        dirty = clean.with_name(f"dirty-{clean.name}")
        soiled(clean, dirty)
        ((spent, peak), (clean_spent, clean_peak)), (kept, rows) = best(("guard", dirty), ("guard", clean))
        assert kept == rows - 3 * -(-rows // BAD_EVERY) // len(BAD), (kept, rows)
        ratio = f"{spent / clean_spent:.2f}x"
        size = dirty.stat().st_size / 1e6
        print(f"{dirty.name:<16} {size:6.1f} {spent:8.2f} {clean_spent:8.2f} {ratio:>6} {peak:9.0f} {clean_peak:8.0f}")


def main(*, dirty_alone: bool) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        lean, fat = Path(folder, "lean.jsonl"), Path(folder, "fat.jsonl")
        generate(lean, LEAN)
        fatten(lean, fat)
        print(f"{LEAN:,} lean calls, {FAT:,} fat ones, {os.cpu_count()} cores, best of {RUNS} runs in turn")
        if not dirty_alone:
            beside_bare([*packed(lean), *packed(fat)])
        beside_clean([lean, fat])


if __name__ == "__main__":
    one(*sys.argv[1:]) if len(sys.argv) > 2 else main(dirty_alone="dirty" in sys.argv)
