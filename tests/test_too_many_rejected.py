"""Rejected rows are counted and located alike in every container and compression, and too many of them judge nothing."""

import csv
import gzip
import json
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from aiopsctl.cli.app import app

BAD = (7, 150)
"""The rows, counted from 1, that have no readable time."""

ROWS = [{"ts": "yesterday" if i in BAD else f"2026-09-01T{i % 24:02d}:00:00Z", "request_id": f"r{i}", "user_id": "u",
         "status": "ok"} for i in range(1, 201)]  # fmt: skip
"""Two hundred calls, of which 1 % are rejected."""


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV."""
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as Parquet."""
    out = BytesIO()
    pl.DataFrame(rows).write_parquet(out)
    return out.getvalue()


CONTAINERS: dict[str, tuple[Callable[[list[dict[str, Any]]], bytes], int]] = {
    "jsonl": (lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows), 0),
    "json": (lambda rows: json.dumps(rows).encode(), 0),
    "csv": (as_csv, 1),
    "parquet": (as_parquet, 0),
}
"""How rows are written, and how many lines stand before the first."""

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
"""How files are compressed; Parquet is so by itself."""


@pytest.mark.parametrize(
    ("container", "packed"), [(one, how) for one in CONTAINERS for how in PACKED if one != "parquet" or not how]
)
def test_exact_counts_and_places(tmp_path: Path, container: str, packed: str) -> None:
    """Two rows of two hundred are 1 %: allowed at 1 %, too many at 0.9 %; each is saved with its line and reason."""
    write, before = CONTAINERS[container]
    log, rejects = tmp_path / f"log.{container}{packed}", tmp_path / "rejects.jsonl"
    log.write_bytes(PACKED[packed](write(ROWS)))
    words = ["latency", str(log), "--isolated", "-f", "json", "--rejects", str(rejects), "--max-rejected"]
    done, refused = (CliRunner().invoke(app, [*words, share]) for share in ("1%", "0.9%"))
    data = json.loads(done.stdout)["data"]
    saved = [json.loads(line) for line in rejects.read_text().splitlines()]

    assert (200, 198, 2, {"bad_time": 2}) == tuple(
        data[name] for name in ("rows_read", "rows_used", "rows_rejected", "rejected")
    )
    assert [(str(log), number + before, "bad_time") for number in BAD] == [
        (each["file"], each["line"], each["reason"]) for each in saved
    ]
    assert (0, 3) == (done.exit_code, refused.exit_code)
    assert f"{log}:{BAD[0] + before} bad_time" in refused.stderr
