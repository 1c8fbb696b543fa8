"""Calls that a provider refused because there were too many: when, and what became of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from aiopsctl import sums
from aiopsctl.analyses.analysis import Asked
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction, column_of
from aiopsctl.measure import iso, newest, prepared

RETRIED_WITHIN = timedelta(minutes=5)
FEW, MUCH = 5, 0.1
NO_STATUS = "the log has no status of calls"
IDENTITIES = ("trace_id", "session_id", "user_id")

DEFINITIONS = {
    "refused": "calls with status rate_limited (HTTP 429); the share is of all calls",
    "hours": f"clock hours in which at least {FEW} calls and at least {MUCH:.0%} of the calls were refused, most refused first",
    "served": "refused calls after which, within 5 minutes, a call of the same feature and the same trace, session or user "
    "was ok, whatever it asked",
    "lost": "refused calls after which no such call came; those with no trace, session or user, and those of the last 5 "
    "minutes without a later ok call, are unknown",
}

_COUNTS = (sums.calls, sums.rate_limited_calls, sums.calls_with_status)


def refusals(asked: Asked) -> dict[str, Any]:
    """Return how many calls were refused: in all, by hour of the day, and in which hours many of them."""
    counts = {column_of(what): what for what in _COUNTS}
    (found,) = local.reduce(prepared(asked.log.events, asked.scope), [Reduction((), ("hour",), ("hour",), counts)])
    hours = found.sort("hour").rename(dict(zip(counts, ("calls", "refused", "judged"), strict=True)))
    if not hours["judged"].sum():
        return {"refused": None, "share": None, "reason": NO_STATUS, "by_hour_of_day": [], "hours": []}
    refused, calls = int(hours["refused"].sum()), int(hours["calls"].sum())
    zone = asked.scope.tz.key
    of_day = (
        hours.group_by(hour=pl.col("hour").dt.convert_time_zone(zone).dt.hour().cast(pl.Int64))
        .agg(pl.col("calls", "refused").sum())
        .filter(pl.col("calls") > 0)
        .with_columns(share=pl.col("refused") / pl.col("calls"))
        .sort("hour")
    )
    many = hours.filter((pl.col("refused") >= FEW) & (pl.col("refused") >= MUCH * pl.col("calls"))).sort(
        ["refused", "hour"], descending=[True, False]
    )
    return {
        "refused": refused, "calls": calls, "share": refused / calls, "reason": None,
        "by_hour_of_day": of_day.to_dicts(),
        "hours": [_hour(row, asked) for row in many.iter_rows(named=True)],
    }  # fmt: skip


def _hour(row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    begin: datetime = row["hour"]
    ends = (iso(begin, asked.scope.tz), iso(begin + timedelta(hours=1), asked.scope.tz))
    return {
        "since": ends[0], "until": ends[1], "calls": row["calls"], "refused": row["refused"],
        "share": row["refused"] / row["calls"],
    }  # fmt: skip


def fate(asked: Asked, refused_calls: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of the refused calls: served in the end, lost, or unknown; None where there are none."""
    if not refused_calls["refused"]:
        nothing = dict.fromkeys(("served", "lost", "unknown", "served_share", "median_wait_s"))
        return nothing | {"reason": refused_calls["reason"] or "no call was refused"}
    calls = (
        prepared(asked.log.events, asked.scope)
        .filter((pl.col("event") == "call") & pl.col("ts").is_not_null())
        .select("ts", "status", pl.col("feature").fill_null(""), *IDENTITIES)
        .sort("ts", maintain_order=True)
        .collect()
    )
    refused = calls.filter(pl.col("status") == "rate_limited").with_row_index("call")
    served = _served(refused, calls.filter(pl.col("status").fill_null("ok") == "ok"))
    last = newest(asked.log.events)
    end = min(each for each in (last, asked.scope.window.until) if each is not None)
    named = pl.any_horizontal(pl.col(name).is_not_null() for name in IDENTITIES)
    left = refused.join(served, on="call", how="anti")
    lost = left.filter(named & (pl.col("ts") + RETRIED_WITHIN <= end)).height
    known = served.height + lost
    waits = (served["wait"].sort().gather([(served.height - 1) // 2])) if served.height else None
    return {
        "served": served.height, "lost": lost, "unknown": refused.height - known,
        "served_share": served.height / known if known else None,
        "median_wait_s": None if waits is None else waits.item() / 1e6,
        "reason": None if known else "the refused calls have no trace, session or user, or the log ends with them",
    }  # fmt: skip


def _served(refused: pl.DataFrame, ok: pl.DataFrame) -> pl.DataFrame:
    """Return the refused calls that were followed by one that was ok, and after how many microseconds."""
    found = [
        refused.select("call", "ts", "feature", name)
        .drop_nulls(name)
        .join_asof(
            ok.select("ts", "feature", name, later="ts").drop_nulls(name).sort("ts"),
            on="ts", by=["feature", name], strategy="forward", tolerance=RETRIED_WITHIN, allow_exact_matches=False,
            check_sortedness=False,
        )
        .drop_nulls("later")
        .select("call", wait=(pl.col("later") - pl.col("ts")).dt.total_microseconds())
        for name in IDENTITIES
    ]  # fmt: skip
    return pl.concat(found).group_by("call").agg(pl.col("wait").min()).sort("call")
