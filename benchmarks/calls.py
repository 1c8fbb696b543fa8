"""Writes synthetic calls: `python benchmarks/calls.py CALLS FOLDER [jsonl] [parquet] [fat]`."""

import sys
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

DAYS, TEXT_BYTES, PART = 90, 1500, 1_000_000


def frame(calls: int, first: int = 0, rows: int | None = None) -> pl.DataFrame:
    """Return calls of 90 days, or a part of them: four features, heavy-tailed users, log-normal latency, tokens and cost."""
    i = pl.int_range(first, min(first + rows, calls) if rows else calls, eager=True)
    unit = pl.DataFrame({f"u{k}": i.hash(seed=k).cast(pl.Float64) / 2.0**64 for k in range(6)})
    normal = (-2 * pl.col("u0").clip(1e-12).log()).sqrt() * (6.283185307 * pl.col("u1")).cos()
    other = (-2 * pl.col("u2").clip(1e-12).log()).sqrt() * (6.283185307 * pl.col("u3")).cos()
    start = pl.lit("2026-08-01").str.to_datetime(time_unit="us")
    return unit.with_columns(i=i).select(
        ts=(start + pl.duration(microseconds=pl.col("i") * (DAYS * 86_400_000_000 // calls))).dt.strftime(
            "%Y-%m-%dT%H:%M:%S%.3f+00:00"
        ),
        event=pl.lit("call"),
        request_id=pl.format("req-{}", "i"),
        user_id=pl.format("user-{}", ((pl.col("u4").clip(1e-9) ** (-1 / 1.2)) * 7).cast(pl.Int64) % 20_000),
        feature=pl.lit(pl.Series(["draft", "search", "autocomplete", "analysis"])).get(pl.col("i") % 4),
        model=pl.lit(pl.Series(["gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5"])).get(pl.col("i") % 3),
        status=pl.when(pl.col("u5") > 0.02).then(pl.lit("ok")).otherwise(pl.lit("error")),
        latency_ms=(7 + 0.6 * normal).exp().cast(pl.Int64),
        input_tokens=(7 + 0.8 * other).exp().cast(pl.Int64),
        output_tokens=(5 + 0.7 * normal).exp().cast(pl.Int64),
        cost_usd=(-6 + 0.9 * other).exp().round(7),
        tier=pl.lit("free"),
        language=pl.lit("en"),
    )


def fat(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with 3 KB of text each, as logs have them that keep prompts and outputs."""
    words = pl.format("{} ", pl.col("request_id").hash(seed=7)).repeat_by(TEXT_BYTES // 20).list.join("")
    return rows.with_columns(prompt=words, output=words)


def main() -> None:
    """Write the logs that are named, a part at a time: they may be larger than memory."""
    calls, folder, which = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    with ExitStack() as stack:
        lines, heavy = (
            stack.enter_context((folder / f"{name}.jsonl").open("wb")) if kind in which else None
            for name, kind in (("calls", "jsonl"), ("fat", "fat"))
        )
        table = None
        for first in range(0, calls, PART):
            rows = frame(calls, first, PART)
            if lines:
                rows.write_ndjson(lines)
            if heavy:
                for part in rows.iter_slices(50_000):
                    fat(part).write_ndjson(heavy)
            if "parquet" in which:
                timed = rows.with_columns(pl.col("ts").str.to_datetime(time_zone="UTC", time_unit="us")).to_arrow()
                table = table or stack.enter_context(
                    pq.ParquetWriter(folder / "calls.parquet", timed.schema, compression="zstd")
                )
                table.write_table(timed, row_group_size=PART // 8)


if __name__ == "__main__":
    main()
