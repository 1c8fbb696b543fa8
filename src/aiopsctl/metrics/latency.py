"""Latency and health: does it answer, and how soon."""

from aiopsctl import sums
from aiopsctl.metric import Metric, Threshold
from aiopsctl.values import counted_quantile, maximum, rate, total

_SECTION = "What to Watch / 3. Latency"
_BENCHMARKS = f"{_SECTION} / Practical benchmarks"
_STATUSES = [{"status": "ok", "user_id": f"u{i}"} for i in range(18)]

calls = Metric(
    name="calls",
    title="calls",
    dimension="latency",
    dashboard="health",
    unit="calls",
    worse="neither",
    why="How much the feature is used; every other figure is read beside it.",
    formula="number of calls, failed ones included",
    handbook="Dashboard Template / Health",
    sums={"calls": sums.calls},
    value=total("calls", "calls"),
    needs=("event",),
    example=([{"status": "ok"}, {"status": "error"}, {"event": "feedback", "kind": "thumb"}], 2),
)

error_rate = Metric(
    name="error-rate",
    title="error rate",
    dimension="latency",
    dashboard="health",
    unit="ratio",
    worse="higher",
    why="Calls that gave the user nothing.",
    formula="calls with status error, timeout or rate_limited / calls",
    handbook="Dashboard Template / Health",
    sums={"failed": sums.failed_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("failed", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "error"}, {"status": "rate_limited"}], 0.1),
)

timeout_rate = Metric(
    name="timeout-rate",
    title="timeout rate",
    dimension="latency",
    dashboard="health",
    unit="ratio",
    worse="higher",
    why="Calls that took so long that nobody waited for them.",
    formula="calls with status timeout / calls",
    handbook=_SECTION,
    sums={"timed_out": sums.timed_out_calls, "calls": sums.calls, "judged": sums.calls_with_status},
    value=rate("timed_out", "calls", known="judged"),
    needs=("status",),
    example=([*_STATUSES, {"status": "timeout"}, {"status": "error"}], 0.05),
)


def _latency(q: float, why: str, limits: dict[str, float]) -> Metric:
    return Metric(
        name=f"latency-p{q * 100:.0f}",
        title=f"p{q * 100:.0f} latency",
        dimension="latency",
        dashboard="health",
        unit="ms",
        worse="higher",
        why=why,
        formula=f"smallest latency, in whole milliseconds, that at least {q:.0%} of ok calls do not exceed; "
        "no interpolation, failed calls left out",
        handbook=_SECTION,
        grain=("latency_ms",),
        sums={"ok_calls": sums.ok_calls},
        value=counted_quantile("latency_ms", "ok_calls", q),
        needs=("latency_ms",),
        thresholds=tuple(
            Threshold("above", _BENCHMARKS, critical=limit, when={"class": name}, by=("feature",))
            for name, limit in limits.items()
        ),
        example=([{"latency_ms": ms} for ms in range(1, 101)], q * 100),
    )


latency_p50 = _latency(
    0.50, "The response time of the typical user.", {"inline": 500, "on-demand": 3_000, "background": 30_000}
)
latency_p95 = _latency(
    0.95, "The response time of an unlucky user.", {"inline": 1_500, "on-demand": 8_000, "background": 90_000}
)
latency_p99 = _latency(0.99, "The worst cases.", {})

peak_rpm = Metric(
    name="peak-rpm",
    title="busiest minute, requests",
    dimension="latency",
    unit="rpm",
    worse="higher",
    why="Providers limit requests per minute; the peak, not the mean, meets the limit.",
    formula="largest number of calls in a calendar minute",
    handbook="From 100 Users to 100,000 / Rate Limit Encounters",
    grain=("minute",),
    sums={"calls": sums.calls},
    value=maximum("calls", "calls"),
    needs=("ts",),
    example=([{"ts": "2026-09-01T10:00:00Z"}, {"ts": "2026-09-01T10:00:59Z"}, {"ts": "2026-09-01T10:01:00Z"}], 2),
)

peak_tpm = Metric(
    name="peak-tpm",
    title="busiest minute, tokens",
    dimension="latency",
    unit="tpm",
    worse="higher",
    why="Providers limit tokens per minute; the peak, not the mean, meets the limit.",
    formula="largest number of input and output tokens in a calendar minute",
    handbook="From 100 Users to 100,000 / Rate Limit Encounters",
    grain=("minute",),
    sums={"tokens": sums.tokens, "calls": sums.calls_with_tokens},
    value=maximum("tokens", "calls"),
    needs=("ts", "input_tokens"),
    example=(
        [
            {"ts": "2026-09-01T10:00:00Z", "input_tokens": 100, "output_tokens": 20},
            {"ts": "2026-09-01T10:00:30Z", "input_tokens": 50},
            {"ts": "2026-09-01T10:01:00Z", "input_tokens": 160, "output_tokens": 5},
        ],
        170,
    ),
)
