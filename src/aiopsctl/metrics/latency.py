"""Latency: how soon it answers, and how close the busiest minute comes to the provider's limits."""

from aiopsctl import sums
from aiopsctl.metric import Metric, Threshold
from aiopsctl.values import counted_quantile, maximum, mean

_SECTION = "What to Watch / 3. Latency"
_BENCHMARKS = f"{_SECTION} / Practical benchmarks"


def _latency(q: float, why: str, limits: dict[str, float]) -> Metric:
    return Metric(
        name=f"latency-p{q * 100:.0f}",
        title=f"p{q * 100:.0f} latency",
        dimension="latency",
        dashboard="health",
        headline=q == 0.95,
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


def _ttft(q: float, why: str) -> Metric:
    return Metric(
        name=f"ttft-p{q * 100:.0f}",
        title=f"p{q * 100:.0f} time to first token",
        dimension="latency",
        unit="ms",
        worse="higher",
        why=why,
        formula=f"smallest time to the first token, in whole milliseconds, that at least {q:.0%} of the ok calls that tell "
        "it do not exceed; no interpolation, failed calls left out",
        handbook=_SECTION,
        grain=("ttft_ms",),
        sums={"ok_calls": sums.ok_calls},
        value=counted_quantile("ttft_ms", "ok_calls", q),
        needs=("ttft_ms",),
        example=([*({"ttft_ms": ms} for ms in range(1, 101)), {"ttft_ms": 9_000, "status": "timeout"}], q * 100),
    )


ttft_p50 = _ttft(0.50, "When the typical user sees that something comes.")
ttft_p95 = _ttft(0.95, "How long an unlucky user looks at nothing.")

tokens_per_second = Metric(
    name="tokens-per-second",
    title="tokens per second",
    dimension="latency",
    unit="tokens/s",
    worse="lower",
    why="How fast an answer is written once it has begun; a fall is a slower model or a busier provider.",
    formula="sum of output_tokens / sum of the time in which they came, of ok calls with latency and output_tokens; the "
    "time is latency_ms - ttft_ms, or the whole latency_ms where the first token's time is unknown or not earlier",
    handbook=_SECTION,
    sums={"tokens": sums.generated_tokens, "generation_ms": sums.generation_ms, "generated": sums.generated_calls},
    value=mean("tokens", "generation_ms", n="generated", per=1e-3),
    needs=("latency_ms", "output_tokens"),
    example=(
        [
            {"latency_ms": 3_000, "ttft_ms": 1_000, "output_tokens": 100},
            {"latency_ms": 2_000, "output_tokens": 60},
            {"latency_ms": 500, "ttft_ms": 500, "output_tokens": 20},
            {"latency_ms": 9_000, "output_tokens": 10, "status": "timeout"},
        ],
        40,
    ),
)

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
