"""Reading a million calls against reading and pricing them, in one process: what prices cost.

`python benchmarks/pricing.py [CALLS]`. The log has a year of calls to models whose prices changed, that have tiers by
size, by time of day and by service tier; a sample of the prices is compared with `genai_prices.calc_price` where that
package is installed. The goal is a ratio of at most 1.5.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl

from aiopsctl.prices.apply import Priced, price
from aiopsctl.prices.rates import Book
from aiopsctl.sources.read import read

RUNS = 5
SAMPLE = 1_000
MODELS = (
    ("openai", "gpt-4o-mini"), ("openai", "gpt-4o"), ("openai", "o3"), ("openai", "gpt-5.6-sol"),
    ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"), ("deepseek", "deepseek-chat"), ("mistral", "mistral-medium-latest"),
)  # fmt: skip
TIERS = (None, None, None, "default", "batch", "flex", "priority")


def generate(path: Path, calls: int) -> None:
    """Write a year of calls without a cost, in JSONL."""
    rng = random.Random(1)
    start = datetime(2025, 11, 15, tzinfo=UTC).timestamp()
    with path.open("w") as file:
        for i in range(calls):
            file.write(json.dumps(_call(i, start + i * 365 * 86_400 / calls, rng)) + "\n")


def _call(number: int, when: float, rng: random.Random) -> dict[str, Any]:
    provider, model = MODELS[number % len(MODELS)]
    tokens = int(rng.lognormvariate(7.5, 1.5))
    return {
        "ts": datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds"), "event": "call",
        "request_id": f"req-{number}", "user_id": f"user-{int(rng.paretovariate(1.2) * 7) % 20_000}",
        "feature": ("draft", "search", "autocomplete")[number % 3], "provider": provider, "model": model,
        "service_tier": rng.choice(TIERS), "status": "ok", "latency_ms": int(rng.lognormvariate(7, 0.6)),
        "input_tokens": tokens, "cache_read_tokens": tokens // 2 if number % 2 else 0,
        "cache_write_tokens": tokens // 10 if number % 5 == 0 else 0,
        "output_tokens": int(rng.lognormvariate(5, 0.7)),
    }  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what some work gives, and its seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def agree(priced: Priced) -> str:
    """Assert that a sample of the prices is genai-prices' own, and say so; or say that it could not be asked."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return "not compared: genai-prices is not installed"
    for call in priced.events.sample(SAMPLE, seed=1).to_dicts():
        usage = Usage(**{name: call[name] for name in call if name.endswith("_tokens")})
        tier = call["service_tier"] or ""
        theirs = calc_price(
            usage, call["model"], provider_id=call["provider"], genai_request_timestamp=call["ts"],
            price_context={"processing": tier, "service_tier": tier} if tier else None,
        ).total_price  # fmt: skip
        assert round(call["cost_usd"] * 1e9) == int((theirs * 10**9).to_integral_value(ROUND_HALF_UP)), call
    return f"{SAMPLE:,} sampled prices equal calc_price to the nano-dollar"


def total(frame: pl.DataFrame) -> Decimal:
    """Return the sum of all costs in dollars, exact to the nano-dollar."""
    return Decimal(frame.select((pl.col("cost_usd") * 1e9).round().cast(pl.Int64).sum()).item()) / 10**9


def main() -> None:
    """Print the figures."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    book = Book()
    reading, pricing = [], []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "calls.jsonl")
        generate(log, calls)
        for _ in range(RUNS):
            events, seconds = timed(lambda: read([str(log)]).events)
            priced, more = timed(lambda events=events: price(events, book))
            reading.append(seconds)
            pricing.append(more)
        size = log.stat().st_size / 1e6
    ratios = [(first + second) / first for first, second in zip(reading, pricing, strict=True)]
    print(f"{calls:,} calls, {size:,.0f} MB of JSONL, medians of {RUNS} runs in turn; {book.snapshot}")
    print(f"reading           {statistics.median(reading):6.2f} s")
    print(
        f"pricing           {statistics.median(pricing):6.2f} s   ${total(priced.events):,.9f}, {dict(priced.sources)}"
    )
    print(f"reading + pricing {statistics.median(ratios):6.2f} x reading (goal: at most 1.5)")
    print(agree(priced))


if __name__ == "__main__":
    main()
