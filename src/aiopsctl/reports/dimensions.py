"""The four dimensions of a report: the metrics that each shows, and its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from aiopsctl.charts.chart import drawings
from aiopsctl.page import Drawing, Part
from aiopsctl.reports.found import Found
from aiopsctl.reports.tables import by_slice, metrics


@dataclass(frozen=True)
class Dimension:
    """A dimension of a report: its metrics, those of a feature, and those drawn by day; the most important first."""

    title: str
    whole: tuple[str, ...]
    cut: tuple[str, ...]
    daily: tuple[str, ...]


QUALITY = Dimension(
    "Quality",
    ("thumbs-up-rate", "star-mean", "correction-rate", "correction-size", "rejection-rate", "task-completion-rate", "flag-rate",
     "escalations", "review-coverage", "review-score", "review-queue", "eval-score", "feedback-rate"),
    ("thumbs-up-rate", "correction-rate", "rejection-rate", "task-completion-rate", "flag-rate"),
    ("thumbs-up-rate", "task-completion-rate", "correction-rate", "rejection-rate"),
)  # fmt: skip
COST = Dimension(
    "Cost",
    ("cost-total", "cost-per-call", "cost-per-call-p50", "cost-per-mau", "user-cost-p90", "user-cost-p99", "user-cost-over-mean",
     "top-1pct-cost-share", "forecast-error", "cost-share-of-revenue", "input-tokens", "output-tokens", "cache-read-share",
     "unpriced-share"),
    ("cost-total", "cost-per-call", "input-tokens", "output-tokens"),
    ("cost-total", "cost-per-call", "input-tokens", "output-tokens"),
)  # fmt: skip
LATENCY = Dimension(
    "Latency and health",
    ("calls", "availability", "error-rate", "timeout-rate", "rate-limited-rate", "latency-p50", "latency-p95", "latency-p99",
     "ttft-p50", "ttft-p95", "tokens-per-second", "truncation-rate", "refusal-rate"),
    ("calls", "latency-p50", "latency-p95", "error-rate", "timeout-rate"),
    ("error-rate", "latency-p95", "calls"),
)  # fmt: skip
SATISFACTION = Dimension(
    "User satisfaction",
    ("nps", "nps-gap", "csat", "ticket-rate", "retention-30d", "retention-60d", "retention-90d", "opt-out-rate", "adoption-rate",
     "mau", "wau", "dau", "stickiness", "ai-completion-rate"),
    (),
    ("dau",),
)  # fmt: skip
HEALTH = (
    "calls",
    "availability",
    "error-rate",
    "timeout-rate",
    "rate-limited-rate",
    "server-error-rate",
    "latency-p95",
)
DIMENSIONS = (QUALITY, COST, LATENCY, SATISFACTION)
DAILY = tuple(name for dimension in DIMENSIONS for name in dimension.daily)
MARKED = ("escalations", "flag-rate", "escalation-rate")
"""What says that somebody must look at a call."""

REVIEWED = ("review-coverage", "review-score")
CUT = tuple(dict.fromkeys((*(name for dimension in DIMENSIONS for name in dimension.cut), *MARKED, *REVIEWED)))
"""The metrics that any report shows of each feature."""

_DRAWN = 4


def part(found: Found, of: Dimension) -> Part:
    """Return the part of a dimension."""
    pictures = daily(found, of.daily)
    if of is LATENCY:
        pictures = [*drawings(replace(found.measured, measurements=[], extra=_only(found, "distributions"))), *pictures]
    if of is SATISFACTION:
        pictures += [d for d in drawings(replace(found.measured, extra={})) if d.chart == "retention"]
    tables = (metrics(found, of.whole), by_slice(found.cut.measurements, of.cut, "by feature"))
    sections = tuple(section for section in tables if section)
    return Part(of.title, () if sections else (lack(found, of.whole),), tuple(pictures), sections)


def _only(found: Found, key: str) -> dict[str, object]:
    return {name: of for name, of in found.measured.extra.items() if name == key}


def daily(found: Found, names: Sequence[str], most: int = _DRAWN) -> list[Drawing]:
    """Return the pictures of metrics by day, with the limits that the check judged them by."""
    shown = [m for m in found.daily.measurements if m.metric in names]
    every = drawings(replace(found.daily, measurements=shown, extra={}, breaches=tuple(found.check.checks or ())))
    by_name = {drawing.data["metric"]: drawing for drawing in every if drawing.chart == "daily"}
    return [by_name[name] for name in names if name in by_name][:most]


def lack(found: Found, names: Sequence[str]) -> str:
    """Return why nothing is known of some metrics."""
    reasons = dict.fromkeys(m.reason for m in found.measured.measurements if m.metric in names and m.reason)
    return f"Nothing is known of it here: {'; '.join(reasons)}." if reasons else "Nothing is known of it here."
