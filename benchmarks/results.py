"""The full handbook check on large logs beside DuckDB, pandas and a plain loop: time, processor time and peak memory.

`python benchmarks/results.py [--calls 1000000,10000000] [--parquet 100000000]`; ten minutes of two idle cores. Every peer
computes the same figures, which must agree; that DuckDB may also drop repeated calls, as `aiopsctl` does, stands apart. The table is printed, and written to `benchmarks/RESULTS.md`. Needs `duckdb`; `pandas` is
left out where it is not installed.
"""

import argparse
import gzip
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from check_million import COLUMNS, CONFIG, DUCKDB, agree, timed

HERE = Path(__file__).parent
PARQUET = DUCKDB.replace(
    "read_json('{sys.argv[1]}', format='newline_delimited', columns=\" + sys.argv[2] + \")",
    "read_parquet('{sys.argv[1]}')\" + \"",
).replace("create table t as", "create view t as")
PANDAS = """
import json, sys
import pandas as pd
t = pd.read_json(sys.argv[1], lines=True, dtype={"latency_ms": "int64"})
ts = pd.to_datetime(t["ts"], utc=True, format="ISO8601")
t["ts"], newest = ts, ts.max()
day = pd.Timedelta(days=1)
end, month = newest.floor("D") + day, newest.floor("D").replace(day=1)
now, before = t[ts >= month], month - pd.DateOffset(months=1)
then = t[(ts >= before) & (ts < month) & (ts < before + (newest - month))]
last, earlier = t[ts >= end - 30 * day], t[(ts >= end - 65 * day) & (ts < end - 35 * day)]
by_user = now.groupby("user_id")["cost_usd"].sum()
week = t[(t["status"] == "ok") & (ts > newest - 7 * day)].groupby("feature")["latency_ms"]
least = lambda q: week.quantile(q, interpolation="lower")
print(json.dumps({
    "user-cost-over-mean": by_user.max() / by_user.mean(), "cost-per-mau": now["cost_usd"].sum() / by_user.size,
    "cost-per-mau before": then["cost_usd"].sum() / then["user_id"].nunique(),
    "input-tokens": last["input_tokens"].mean(), "input-tokens before": earlier["input_tokens"].mean(),
    "latency": [],
}))
"""
LOOP = """
import json, sys
from datetime import datetime, timedelta
rows = []
with open(sys.argv[1]) as file:
    for line in file:
        row = json.loads(line)
        rows.append((datetime.fromisoformat(row["ts"]), row["user_id"], row["feature"], row["status"], row["latency_ms"],
                     row["input_tokens"], row["cost_usd"]))
newest = max(row[0] for row in rows)
end = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
month = newest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
before = (month - timedelta(days=1)).replace(day=1)
users, then_users, then, tokens, earlier, latency = {}, set(), 0.0, [], [], {}
for ts, user, feature, status, ms, count, cost in rows:
    if ts >= month:
        users[user] = users.get(user, 0.0) + cost
    elif before <= ts < before + (newest - month):
        then_users.add(user)
        then += cost
    if ts >= end - timedelta(days=30):
        tokens.append(count)
    elif end - timedelta(days=65) <= ts < end - timedelta(days=35):
        earlier.append(count)
    if status == "ok" and ts > newest - timedelta(days=7):
        latency.setdefault(feature, []).append(ms)
least = lambda values, share: sorted(values)[max(-(-int(len(values) * share * 1000) // 1000) - 1, 0)]
print(json.dumps({
    "user-cost-over-mean": max(users.values()) / (sum(users.values()) / len(users)),
    "cost-per-mau": sum(users.values()) / len(users), "cost-per-mau before": then / len(then_users),
    "input-tokens": sum(tokens) / len(tokens), "input-tokens before": sum(earlier) / len(earlier), "latency": [],
}))
"""


@dataclass
class Row:
    """One command on one input, with what it took."""

    work: str
    who: str
    wall: float
    cpu: float
    peak: float
    out: str = ""


@dataclass
class Bench:
    """A folder with logs of one size, and what was measured on them."""

    folder: Path
    calls: int
    rows: list[Row] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return a file of the folder."""
        return self.folder / name

    def run(self, work: str, who: str, command: list[str]) -> Row:
        """Measure a command as a whole process."""
        out, wall, cpu, peak = timed(command)
        row = Row(f"{self.calls:,} calls, {work}", who, wall, cpu, peak, out)
        self.rows.append(row)
        print(f"{row.work:<44} {who:<18} {wall:8.2f} s {cpu:8.2f} CPU s {peak:8.0f} MB", flush=True)
        return row

    def check(self, work: str, log: Path, *more: str) -> Row:
        """Measure the check of a log."""
        config = str(self.path("aiopsctl.yaml"))
        return self.run(
            work, "aiopsctl", [sys.executable, "-m", "aiopsctl", "check", str(log), "-c", config, "-f", "json", *more]
        )

    def peer(self, work: str, who: str, script: str, log: Path, *more: str) -> Row:
        """Measure a peer on a log."""
        path = self.path("peer.py")
        path.write_text(script)
        return self.run(work, who, [sys.executable, str(path), str(log), str(COLUMNS), *more])


def write(bench: Bench, *which: str) -> None:
    """Write logs of a size, in a process of its own: what this one holds would count as memory of those it starts."""
    bench.path("aiopsctl.yaml").write_text(CONFIG)
    subprocess.run([sys.executable, str(HERE / "calls.py"), str(bench.calls), str(bench.folder), *which], check=True)


def duckdb_on(bench: Bench, work: str, log: Path, *, parquet: bool = False) -> Row:
    """Measure DuckDB on a log."""
    return bench.peer(work, "DuckDB", PARQUET if parquet else DUCKDB, log)


def lines(bench: Bench) -> None:
    """Read JSONL that nothing is known of."""
    log = bench.path("calls.jsonl")
    agree(bench.check("JSONL", log).out, duckdb_on(bench, "JSONL", log).out)
    bench.peer("JSONL", "DuckDB, no repeats", DUCKDB, log, "unique")


def columns(bench: Bench) -> None:
    """Read Parquet that nothing is known of."""
    log = bench.path("calls.parquet")
    agree(bench.check("Parquet", log).out, duckdb_on(bench, "Parquet", log, parquet=True).out)


def others(bench: Bench) -> None:
    """Let pandas and a plain loop do it, and read compressed and fat lines."""
    log = bench.path("calls.jsonl")
    ours = bench.rows[0].out
    if importlib.util.find_spec("pandas"):
        agree(ours, bench.peer("JSONL", "pandas", PANDAS, log).out)
    agree(ours, bench.peer("JSONL", "loop", LOOP, log).out)
    packed = bench.path("calls.jsonl.gz")
    with log.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 1 << 20)
    agree(bench.check("JSONL .gz", packed).out, duckdb_on(bench, "JSONL .gz", packed).out)
    packed.unlink()
    heavy = bench.path("fat.jsonl")
    write(bench, "fat")
    agree(bench.check("JSONL, 3 KB of text", heavy).out, duckdb_on(bench, "JSONL, 3 KB of text", heavy).out)
    heavy.unlink()


def stored(bench: Bench) -> None:
    """Ingest 99 % of the lines, then check with nothing new, and with 1 % new."""
    log, grown = bench.path("calls.jsonl"), bench.path("grown.jsonl")
    size = log.stat().st_size * 99 // 100
    with log.open("rb") as whole, grown.open("wb") as file:
        for block in iter(lambda: whole.read(min(1 << 22, size - file.tell())), b""):
            file.write(block)
        file.write(whole.readline())
        rest = whole.tell()
    os.sync()
    store = ("--store", str(bench.path("store")))
    bench.run(
        "store, first reading",
        "aiopsctl",
        [sys.executable, "-m", "aiopsctl", "ingest", str(grown), *store, "-c", str(bench.path("aiopsctl.yaml")), "-qq"],
    )
    bench.check("store, first check", grown, *store)
    bench.check("store, nothing new", grown, *store)
    with log.open("rb") as whole, grown.open("ab") as file:
        whole.seek(rest)
        shutil.copyfileobj(whole, file)
    os.sync()
    plain = next(row for row in bench.rows if row.who == "DuckDB")
    agree(bench.check("store, 1 % new", grown, *store).out, plain.out)


def table(benches: list[Bench]) -> Iterator[str]:
    """Yield the lines of the table: each command beside DuckDB on the same input, stores beside DuckDB on JSONL."""
    yield "| work | command | wall s | CPU s | peak MB | wall, CPU, memory over DuckDB |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for bench in benches:
        base = {row.work: row for row in bench.rows if row.who == "DuckDB"}
        first = next(iter(base.values()))
        for row in bench.rows:
            own = base.get(row.work, first)
            ratios = f"{row.wall / own.wall:.2f}x, {row.cpu / own.cpu:.2f}x, {row.peak / own.peak:.2f}x"
            yield f"| {row.work} | {row.who} | {row.wall:.2f} | {row.cpu:.2f} | {row.peak:,.0f} | {'' if row is own else ratios} |"


def growth(benches: list[Bench]) -> Iterator[str]:
    """Yield how time and memory grow from one size to the next."""
    for small, large in pairwise(benches):
        before = {row.work.partition(", ")[2]: row for row in small.rows if row.who == "aiopsctl"}
        for row in large.rows:
            work = row.work.partition(", ")[2]
            if row.who == "aiopsctl" and work in before:
                one = before[work]
                yield f"- {large.calls // small.calls}x the calls, {work}: {row.wall / one.wall:.1f}x the time, {row.peak / one.peak:.1f}x the peak"


def installed(folder: Path) -> None:
    """Keep compiled modules for the processes that follow, as an installation has them: a check makes them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    bench = Bench(folder, 1_000)
    write(bench, "jsonl", "parquet")
    for log, *store in (("calls.jsonl",), ("calls.parquet",), ("calls.jsonl", "--store", str(folder / "store"))):
        bench.check("to begin with", bench.path(log), *store)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", default="1000000,10000000")
    parser.add_argument("--parquet", default="100000000")
    parser.add_argument("--output", default=str(HERE / "RESULTS.md"))
    given = parser.parse_args()
    benches: list[Bench] = []
    cache = tempfile.TemporaryDirectory()
    installed(Path(cache.name))
    sizes = [(int(calls), (lines, columns, others, stored)) for calls in given.calls.split(",")[:1]]
    sizes += [(int(calls), (lines, columns, stored)) for calls in given.calls.split(",")[1:]]
    sizes += [(int(calls), (columns,)) for calls in given.parquet.split(",") if calls]
    for calls, steps in sizes:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), calls)
            benches.append(bench)
            write(bench, *(("jsonl",) if lines in steps else ()), "parquet")
            for step in steps:
                step(bench)
    text = "\n".join([
        "# Results", "", f"`python benchmarks/results.py` on {os.cpu_count()} cores; one run of each, whole processes. Stores stand beside DuckDB on JSONL.",
        "", *table(benches), "", *growth(benches), "",
    ])  # fmt: skip
    Path(given.output).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
