"""`aiopsctl check` on a million synthetic calls in JSONL, beside hand-written DuckDB SQL for the same figures.

Whole processes in turn, medians, ratios; the answers must agree. Needs `duckdb`.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

RUNS = 5
COLUMNS = {
    "ts": "TIMESTAMP", "event": "VARCHAR", "request_id": "VARCHAR", "user_id": "VARCHAR", "feature": "VARCHAR",
    "model": "VARCHAR", "status": "VARCHAR", "latency_ms": "BIGINT", "input_tokens": "BIGINT",
    "output_tokens": "BIGINT", "cost_usd": "DOUBLE",
}  # fmt: skip
CONFIG = """\
version: 1
features: {draft: {class: on-demand}, search: {class: on-demand}, autocomplete: {class: inline}, analysis: {class: background}}
preset: handbook
"""
DUCKDB = """
import duckdb, json, sys
con = duckdb.connect()
con.execute(f"create table t as select * from read_json('{sys.argv[1]}', format='newline_delimited', columns=" + sys.argv[2] + ")")
con.execute("create table calls as select * from t qualify row_number() over (partition by request_id order by input_tokens + output_tokens desc) = 1") if len(sys.argv) > 3 else con.execute("create view calls as select * from t")
one = lambda sql: con.execute(sql).fetchall()
now = one("select max(ts) from calls")[0][0]
month = "date_trunc('month', (select max(ts) from calls))"
end = "(date_trunc('day', (select max(ts) from calls)) + interval 1 day)"
print(json.dumps({
    "user-cost-over-mean": one(f"with u as (select sum(cost_usd) c from calls where ts >= {month} group by user_id) select max(c) / avg(c) from u")[0][0],
    "cost-per-mau": one(f"select sum(cost_usd) / count(distinct user_id) from calls where ts >= {month}")[0][0],
    "cost-per-mau before": one(f"select sum(cost_usd) / count(distinct user_id) from calls where ts < {month} and ts >= {month} - interval 1 month and ts < {month} - interval 1 month + ((select max(ts) from calls) - {month})")[0][0],
    "input-tokens": one(f"select avg(input_tokens) from calls where ts >= {end} - interval 30 day")[0][0],
    "input-tokens before": one(f"select avg(input_tokens) from calls where ts >= {end} - interval 65 day and ts < {end} - interval 35 day")[0][0],
    "latency": one("select feature, quantile_disc(latency_ms, 0.5), quantile_disc(latency_ms, 0.95) from calls where status = 'ok' and ts > (select max(ts) from calls) - interval 7 day group by 1 order by 1"),
}))
"""


def generate(path: Path, calls: int) -> None:
    """Write calls of 90 days: four features, heavy-tailed users, log-normal latency, tokens and cost."""
    rng = random.Random(1)
    start = datetime(2026, 8, 1, tzinfo=UTC).timestamp()
    features, models = ("draft", "search", "autocomplete", "analysis"), ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5")
    with path.open("w") as file:
        for i in range(calls):
            when = datetime.fromtimestamp(start + i * 90 * 86_400 / calls, UTC)
            file.write(
                json.dumps({
                    "ts": when.isoformat(timespec="milliseconds"), "event": "call", "request_id": f"req-{i}",
                    "user_id": f"user-{int(rng.paretovariate(1.2) * 7) % 20_000}", "feature": features[i % 4],
                    "model": models[i % 3], "status": "ok" if rng.random() > 0.02 else "error",
                    "latency_ms": int(rng.lognormvariate(7, 0.6)), "input_tokens": int(rng.lognormvariate(7, 0.8)),
                    "output_tokens": int(rng.lognormvariate(5, 0.7)), "cost_usd": round(rng.lognormvariate(-6, 0.9), 7),
                    "tier": "free", "language": "en",
                }) + "\n"
            )  # fmt: skip


def timed(command: list[str]) -> tuple[str, float, float, float]:
    """Return stdout, wall seconds, CPU seconds and peak MB of a whole process."""
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        out.seek(0)
        return out.read().decode(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def agree(ours: str, theirs: str) -> None:
    """Assert that every figure of the check is DuckDB's."""
    checks = {(c["metric"], c["slice"].get("feature")): c for c in json.loads(ours)["checks"]}
    figures = json.loads(theirs)
    for name in ("user-cost-over-mean", "cost-per-mau", "input-tokens"):
        assert abs(checks[name, None]["value"] / figures[name] - 1) < 1e-6, name
    for name in ("cost-per-mau", "input-tokens"):
        assert abs(checks[name, None]["reference"]["value"] / figures[f"{name} before"] - 1) < 1e-6, name
    for feature, p50, p95 in figures["latency"]:
        assert (checks["latency-p50", feature]["value"], checks["latency-p95", feature]["value"]) == (p50, p95), feature


def main() -> None:
    """Print the table."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        log, config, script = Path(folder, "calls.jsonl"), Path(folder, "aiopsctl.yaml"), Path(folder, "duck.py")
        generate(log, calls)
        config.write_text(CONFIG)
        script.write_text(DUCKDB)
        columns = str(COLUMNS)
        commands = {
            "aiopsctl check": [sys.executable, "-m", "aiopsctl", "check", str(log), "-c", str(config), "-f", "json"],
            "DuckDB SQL": [sys.executable, str(script), str(log), columns],
            "DuckDB SQL, duplicates dropped": [sys.executable, str(script), str(log), columns, "unique"],
        }
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
        for _ in range(RUNS):
            outs = {}
            for name, command in commands.items():
                outs[name], *usage = timed(command)
                figures[name].append((usage[0], usage[1], usage[2]))
            agree(outs["aiopsctl check"], outs["DuckDB SQL"])
        print(
            f"{calls:,} calls, {log.stat().st_size / 1e6:,.0f} MB of JSONL, {os.cpu_count()} cores, medians of {RUNS} runs in turn"
        )
        print(f"{'':<32} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}   wall, CPU, memory over DuckDB SQL")
        base = [statistics.median(column) for column in zip(*figures["DuckDB SQL"], strict=True)]
        for name, runs in figures.items():
            wall, cpu, peak = (statistics.median(column) for column in zip(*runs, strict=True))
            ratios = f"{wall / base[0]:.2f}x, {cpu / base[1]:.2f}x, {peak / base[2]:.2f}x"
            print(f"{name:<32} {wall:8.2f} {cpu:8.2f} {peak:8.0f}   {ratios}")


if __name__ == "__main__":
    main()
