"""How well daily runs of `check` find the changes of data that others labelled, beside fixed thresholds.

    python benchmarks/labelled.py [--data ../shared/data] [--every 1]

Two sets: 100,000 loan predictions of NannyML, whose inputs shift at a known day, and the metrics of Numenta's anomaly
benchmark with their labelled windows. Each is written as a log, read once, and judged by `checks.run` as a job at every
midnight would: only complete days before it are looked at. `--every 7` looks at every seventh day of the loans.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median, stdev
from zoneinfo import ZoneInfo

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # one process a core

import polars as pl

from aiopsctl import catalog
from aiopsctl.checks.check import from_config
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.config import load
from aiopsctl.events import CALENDAR, COLUMNS
from aiopsctl.result import Verdict
from aiopsctl.sources.read import read

BESIDE = Path(__file__).parents[2] / "shared" / "data"
ZONE = ZoneInfo("UTC")
RED = ("warning", "critical")
DAY = timedelta(days=1)

ONSET, LOANS_END = date(2019, 3, 31), date(2019, 8, 29)
LOANS_BEGIN, REFERENCE = date(2018, 10, 31), "2018-01-01..2018-10-30"
LIMITS = {"3 / 5 points": ("3 points", "5 points"), "1 / 2 points": ("1 points", "2 points")}

Looks = dict[date, dict[str, Verdict]]
"""By the last complete day that a run saw: its verdicts by check."""


def check(name: str, metric: str, window: str, compare: str, warning: str, critical: str) -> str:
    """Return one check as the config has it; `warning` and `critical` are the limits between braces."""
    return (f"  {name}: {{metric: {metric}, window: {window}, compare: {compare}, min_samples: 20, "
            f"warning: {{{warning}}}, critical: {{{critical}}}}}\n")  # fmt: skip


def watched(rows: pl.DataFrame, checks: str, days: Sequence[date]) -> Looks:
    """Return what a job at the midnight after each day says of a log of these rows."""
    with tempfile.TemporaryDirectory() as folder:
        path, config_path = Path(folder, "log.jsonl"), Path(folder, "aiopsctl.yaml")
        rows.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")).write_ndjson(path)
        config_path.write_text(f"version: 1\nchecks:\n{checks}")
        units = {name: metric.unit for name, metric in catalog.metrics().items()}
        config = load(config_path, metrics=units, columns=(*COLUMNS, *CALENDAR), checks=tuple(units))
        log = read([str(path)])
    assert not log.account.rows_rejected
    found = {}
    for day in days:
        now = datetime.combine(day + DAY, datetime.min.time(), UTC)
        result = run(from_config(config, ""), log, Run(now=now, tz=ZONE, config=config, complete=now))
        found[day] = {v.id: v for v in result.checks or []}
    return found


def named(rows: pl.DataFrame, *, users: bool) -> pl.DataFrame:
    """Return the rows with an id each, and, if asked, a user for each."""
    ids = pl.format("r{}", pl.int_range(pl.len()))
    return rows.with_columns(request_id=ids, **({"user_id": ids} if users else {}))


# Loans: a known onset


def loans(data: Path) -> pl.DataFrame:
    """Return all predictions: when, whether right, and the value of the car."""
    folder = data / "nannyml_car_loan"
    after = pl.read_parquet(folder / "analysis.parquet").join(
        pl.read_parquet(folder / "analysis_target.parquet"), on="id"
    )
    rows = pl.concat([pl.read_parquet(folder / "reference.parquet"), after], how="diagonal_relaxed")
    right = (pl.col("y_pred") == pl.col("repaid")).cast(pl.Int64)
    ts = pl.col("timestamp").str.to_datetime(time_zone="UTC")
    return rows.select(ts=ts, value=right, input_tokens=pl.col("car_value").cast(pl.Int64)).sort("ts")


def accuracy(data: Path, every: int, *, users: bool) -> Looks:
    """Judge each prediction as a rating: up where it was right."""
    rows = loans(data).select("ts", "value", event=pl.lit("feedback"), kind=pl.lit("thumb"))
    checks = "".join(
        check(f"{w} {c} {name}".replace(" ", "_"), "thumbs-up-rate", w, COMPARE[c], f"fall: {low}", f"fall: {high}")
        for w, c, (name, (low, high)) in product(("7d", "28d"), COMPARE, NUMBERED)
    )
    return watched(named(rows, users=users), checks, loan_days(every))


COMPARE = {"reference": REFERENCE, "previous": "previous", "lagged": "lagged"}
NUMBERED = [(str(number), limits) for number, limits in enumerate(LIMITS.values())]


def car_value(data: Path, every: int, *, users: bool) -> Looks:
    """Judge the mean value of the cars as one of tokens."""
    rows = loans(data).select("ts", "input_tokens", event=pl.lit("call"))
    checks = "".join(
        check(f"{w}_{c}", "input-tokens", w, COMPARE[c], "rise: 20 %, fall: 20 %", "rise: 50 %, fall: 50 %")
        for w, c in product(("7d", "28d"), COMPARE)
    )
    return watched(named(rows, users=users), checks, loan_days(every))


def loan_days(every: int) -> list[date]:
    """Return the complete days of the period that is judged."""
    return [LOANS_BEGIN + n * DAY for n in range(0, (LOANS_END - LOANS_BEGIN).days, every)]


def loan_row(name: str, alerts: dict[date, str]) -> str:
    """Return a line of the table: alert days before the onset, then how soon and how long it is red."""
    before = [day for day in alerts if day < ONSET]
    after = [day for day in alerts if day >= ONSET]
    cells = [f"{sum(alerts[d] in RED for d in before):>6} / {len(before):<4}"]
    for levels in (RED, ("critical",)):
        red = [day for day in after if alerts[day] in levels]
        first = f"day {(red[0] - ONSET).days + 1}" if red else "never"
        cells.append(f"{first:>9}{len(red) / len(after):>7.0%}")
    cells.append(f"{sum(v == 'blind' for v in alerts.values()) / len(alerts):>7.0%}")
    return f"  {name:<54}" + "".join(cells)


def loan_report(data: Path, right: dict[bool, Looks], cars: dict[bool, Looks]) -> None:
    """Print how the checks and the fixed rules saw the onset."""
    first = next(iter(right.values()))
    print(
        f"\nNannyML car loans: {len(first)} daily runs, onset {ONSET}; accuracy falls 2.8 points from 94.4 %, car value rises 64 %"
    )
    print(f"  {'':<54}{'false':>8}     {'warning':>9}{'red':>7}{'critical':>9}{'red':>7}{'blind':>7}")
    for users, looks in right.items():
        for window, compare, (number, _) in product(("7d", "28d"), COMPARE, NUMBERED):
            own = {day: v[f"{window}_{compare}_{number}"].status for day, v in looks.items()}
            who = "user each" if users else "no users"
            print(loan_row(f"accuracy {window} {compare}, {list(LIMITS)[int(number)]}, {who}", own))
    moved = {day: v["7d_reference_0"] for day, v in first.items()}
    for name, low, high in (("3 / 5 points", 0.03, 0.05), ("1 / 2 points", 0.01, 0.02)):
        falls = {day: v.reference.value - v.value for day, v in moved.items()}
        print(
            loan_row(f"fixed: 7 days under the reference, {name}", {d: graded(x, low, high) for d, x in falls.items()})
        )
    print(loan_row("z-test p < 0.05, day against 28 before", z_tests(loans(data), list(first))))
    for users, looks in cars.items():
        for key in next(iter(looks.values())):
            own = {day: v[key].status for day, v in looks.items()}
            print(
                loan_row(f"car value {key.replace('_', ' ')}, 20 / 50 %, {'user each' if users else 'no users'}", own)
            )


def graded(size: float, low: float, high: float) -> str:
    """Return the level that a size of change has by two thresholds alone."""
    return "critical" if size >= high else "warning" if size >= low else "ok"


def z_tests(rows: pl.DataFrame, days: Sequence[date]) -> dict[date, str]:
    """Return where a day differs from the 28 before by a two-sided test that takes events for independent."""
    daily = rows.group_by(pl.col("ts").dt.date()).agg(pl.col("value").sum(), size=pl.len())
    sums = {day: (up, size) for day, up, size in daily.iter_rows()}
    return {day: "warning" if abs(_z(sums, day)) > 1.96 else "ok" for day in days}


def _z(sums: dict[date, tuple[int, int]], day: date) -> float:
    before = [sums[day - n * DAY] for n in range(1, 29)]
    (up, size), (up0, size0) = sums[day], (sum(b[0] for b in before), sum(b[1] for b in before))
    pooled = (up + up0) / (size + size0)
    return (up / size - up0 / size0) / sqrt(pooled * (1 - pooled) * (1 / size + 1 / size0))


# Numenta's benchmark: labelled windows

LATER = timedelta(weeks=520)
"""Its times are of 2011 to 2014, which logs of AI calls cannot have; whole weeks later they keep their weekdays."""


@dataclass(frozen=True)
class Series:
    """A metric by time: its labelled windows, the complete days, and what each rule said on which of them."""

    labels: list[tuple[datetime, datetime]]
    days: list[date]
    said: dict[tuple[str, str], list[date]]
    statuses: dict[tuple[str, str], list[str]]


def series(path: Path, labels: list[list[str]]) -> Series:
    """Judge one metric by day and week against the window before, and by the rules that people copy."""
    rows = pl.read_csv(path).select(
        ts=pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC") + LATER, value=pl.col("value")
    )
    scaled = (pl.col("value") * (100_000 / (rows["value"].mean() or 1))).round().cast(pl.Int64)
    calls = rows.select("ts", event=pl.lit("call"), input_tokens=scaled)
    first, last = calls["ts"].min().date() + DAY, calls["ts"].max().date() - DAY
    days = [first + n * DAY for n in range((last - first).days + 1)]
    checks = "".join(
        check(w, "input-tokens", w, "previous", "rise: 20 %, fall: 20 %", "rise: 50 %, fall: 50 %")
        for w in ("1d", "7d")
    )
    said: dict[tuple[str, str], list[date]] = {}
    statuses: dict[tuple[str, str], list[str]] = {}
    for users in (False, True):
        looks = watched(named(calls, users=users), checks, days)
        for window in ("1d", "7d"):
            own = {day: v[window] for day, v in looks.items()}
            key = (f"check, {'user each' if users else 'no users'}", window)
            statuses[key] = [v.status for v in own.values()]
            said[key] = [day for day, v in own.items() if v.status in RED]
            said["fixed: 20 % from the window before", window] = [day for day, v in own.items() if _moved(v) >= 0.2]
    means = dict(calls.group_by(pl.col("ts").dt.date()).agg(pl.col("input_tokens").mean()).iter_rows())
    said["fixed: |z| > 3, day against 28 before", "1d"] = [
        day for day in days if _far([means[d] for d in days if day - 28 * DAY <= d < day], means[day])
    ]
    return Series([tuple(datetime.fromisoformat(when).replace(tzinfo=UTC) + LATER for when in pair) for pair in labels], days, said, statuses)  # fmt: skip


def _moved(v: Verdict) -> float:
    """Return the share by which a value moved, where the window before could be compared with."""
    if v.status not in (*RED, "ok", "blind") or not v.reference or not v.reference.value:
        return 0.0
    return abs(v.value / v.reference.value - 1)


def _far(before: list[float], value: float) -> bool:
    """Return whether a daily mean is three standard deviations off those before: at least five of them."""
    return len(before) >= 5 and abs(value - fmean(before)) > 3 * stdev(before)


def hits(label: tuple[datetime, datetime], days: Sequence[date], length: int) -> list[date]:
    """Return the days that touch a labelled window, or the time up to a window's length after its start."""
    start, end = label[0], max(label[1], label[0] + length * DAY)
    return [day for day in days if start.date() <= day and datetime.combine(day, datetime.min.time(), UTC) <= end]


def nab_report(found: Sequence[Series]) -> None:
    """Print precision of episodes, recall of labelled windows and delay, by rule."""
    labels = sum(len(each.labels) for each in found)
    print(f"\nNumenta: {len(found)} series, {sum(len(s.days) for s in found):,} series-days, {labels} labelled windows")
    print(
        f"  {'':<54}{'episodes':>9}{'precision':>10}{'(chance)':>9}{'recall':>8}{'delay':>8}{'judged':>8}{'blind':>7}"
    )
    for rule, window in found[0].said:
        length = int(window[:-1])
        episodes, true, caught, delays, near, days = 0, 0, 0, [], 0, 0
        for each in found:
            good = {day for label in each.labels for day in hits(label, each.days, length)}
            near, days = near + len(good), days + len(each.days)
            runs = episodes_of(each.said[rule, window])
            episodes, true = episodes + len(runs), true + sum(not good.isdisjoint(run_) for run_ in runs)
            for label in each.labels:
                seen = hits(label, each.said[rule, window], length)
                caught += bool(seen)
                delays += [(seen[0] + DAY - label[0].date()).days] if seen else []
        statuses = [status for each in found for status in each.statuses.get((rule, window), [])]
        judged = (
            f"{sum(s in (*RED, 'ok') for s in statuses) / len(statuses):>8.0%}{sum(s == 'blind' for s in statuses) / len(statuses):>7.0%}"
            if statuses
            else ""
        )
        precision = f"{true / episodes:.0%}" if episodes else "none"
        delay = f"{median(delays):.0f} d" if delays else "none"
        print(
            f"  {f'{window} {rule}':<54}{episodes:>9}{precision:>10}{near / days:>9.0%}{caught / labels:>8.0%}{delay:>8}{judged}"
        )


def episodes_of(days: Sequence[date]) -> list[list[date]]:
    """Return runs of days that follow each other."""
    runs = [[day] for day in days[:1]]
    for before, day in pairwise(days):
        if day - before == DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BESIDE)
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    if not (asked.data / "nab").is_dir() or not (asked.data / "nannyml_car_loan").is_dir():
        print(
            f"skipped: needs nannyml_car_loan and nab in {asked.data}, data of others that are not part of the project"
        )
        return
    import json

    labels = json.loads((asked.data / "nab" / "combined_windows.json").read_text())
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        right, cars = (
            {users: pool.submit(of, asked.data, asked.every, users=users) for users in (False, True)}
            for of in (accuracy, car_value)
        )
        nab = [pool.submit(series, asked.data / "nab" / "data" / name, windows) for name, windows in labels.items()]
        loan_report(asked.data, *({users: job.result() for users, job in jobs.items()} for jobs in (right, cars)))
        nab_report([job.result() for job in nab])


if __name__ == "__main__":
    main()
