"""The native format: canonical columns, flat, in JSONL, CSV or Parquet; also the ground that a column map stands on."""

import polars as pl

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources.coerce import dtype_of
from aiopsctl.sources.source import LINE, TOTAL, Head, Source

_TELLING = frozenset(
    {"ts", "event", "kind", "request_id", "user_id", "feature", "latency_ms", "input_tokens", "cost_usd"}
)
_ENOUGH = 2
_STATED = "total_tokens"


def _detects(head: Head) -> bool:
    return "ts" in head.names and len(head.names & _TELLING) >= _ENOUGH


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    stated = [pl.col(_STATED).alias(TOTAL)] if _STATED in raw.columns else []
    return raw.select(LINE, *stated, *(name for name in raw.columns if name in COLUMNS and name not in TEXT))


SOURCE = Source(
    name="native",
    title="canonical columns, flat",
    detects=_detects,
    schema={
        name: pl.String() if column.dtype == "time" else dtype_of(column)
        for name, column in COLUMNS.items()
        if name not in TEXT
    }
    | {_STATED: pl.Int64()},
    events=_events,
    rank=9,
    texts={name: ((name,),) for name in TEXT},
)
