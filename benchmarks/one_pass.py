"""What all metrics cost beside the dearest of them: `summary`, `report`, and a config of 40 checks, on one log.

`python benchmarks/one_pass.py [CALLS] [RUNS]`; a million calls in JSONL and the same in Parquet, three runs, four minutes of
one core. CPU is that of a whole process, that until its log is read and for metrics alone (sums and values), and that for
all that comes behind reading. The goal is a ratio of at most 1.5. Ratios are of the least seconds of each command; all
commands run in turn.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

PYTHON, HERE = sys.executable, Path(__file__).parent
METRICS = ("error-rate", "latency-p95", "cost-per-call", "cost-per-mau", "input-tokens", "output-tokens", "user-cost-p99",
           "user-cost-over-mean")  # fmt: skip
LOOKS = ("window: 7d", "window: 28d", "window: month", "window: 7d, by: feature", "window: 28d, by: model")
CONFIG = "version: 1\nchecks:\n" + "".join(
    f"  {metric}-{i}: {{metric: {metric}, {look}, compare: previous, warning: {{rise: 900%}}}}\n"
    for metric in METRICS
    for i, look in enumerate(LOOKS)
)
DEAREST = 3
"""So many candidates for the dearest are run as commands; they are chosen by measuring each in one process."""


def main() -> None:
    """Write logs, find the dearest, measure, and print."""
    calls, runs = (int(given) for given in (*sys.argv[1:], *("1000000", "3")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        for form in ("jsonl", "parquet"):
            subprocess.run([PYTHON, str(HERE / "calls.py"), str(calls), folder, form], check=True)
            print(f"{calls:,} calls, {form}")
            compare(Path(folder, f"calls.{form}"), Path(folder, "aiopsctl.yaml"), runs)


def compare(log: Path, config: Path, runs: int) -> None:
    """Run the dearest and all together on a log, and print."""
    config.write_text(CONFIG)
    metrics, checks = _said("--dearest", str(log), str(config)).splitlines()
    plain, judged = (str(log), "--isolated", "-f", "json"), (str(log), "-c", str(config), "-f", "json")
    singles = {name: ("summary", *plain, "--metrics", name) for name in metrics.split()}
    own = {name: ("check", *judged, "--check", name) for name in checks.split()}
    whole = {"summary": ("summary", *plain), "report": ("report", *plain), "40 checks": ("check", *judged)}
    every = singles | own | whole
    rounds = [{name: _cpu(command) for name, command in every.items()} for _ in range(runs)]
    least = {name: [min(each[name][i] for each in rounds) for i in range(3)] for name in rounds[0]}
    print(f"{'CPU seconds':<32}{'whole':>8}{'metrics':>9}{'beyond reading':>16}")
    for name, (total, alone, beyond) in least.items():
        print(f"{name:<32}{total:8.2f}{alone:9.2f}{beyond:16.2f}")
    for name, among in (("summary", singles), ("report", singles), ("40 checks", own)):
        total, alone, beyond = (least[name][i] / max(least[one][i] for one in among) for i in range(3))
        print(
            f"{name} / dearest of its own: {total:.2f} as a whole, {alone:.2f} metrics alone, {beyond:.1f} beyond reading"
        )


def _said(*words: str) -> str:
    return subprocess.run([PYTHON, __file__, *words], check=True, capture_output=True, text=True).stdout


def _cpu(command: tuple[str, ...]) -> list[float]:
    """Return the CPU seconds of a command: all, those until its log was read and for metrics, and those since then."""
    return [float(each) for each in _said("--command", *command).split()[-3:]]


def run_command(words: list[str]) -> None:
    """Run a command, and print its CPU seconds below its answer, as `_cpu` has them."""
    from aiopsctl import measure
    from aiopsctl.cli import app, session

    began, measuring = [], []
    session.open_session = _timed(session.open_session, lambda _: began.append(time.process_time()))  # type: ignore[assignment]
    measure.measure = _timed(measure.measure, measuring.append)  # type: ignore[assignment]
    sys.argv = ["aiopsctl", *words]
    try:
        app.main()
    except SystemExit as leave:
        if leave.code not in (0, 1, 3):
            raise
    end = time.process_time()
    print(f"\n{end} {began[-1] + sum(measuring)} {end - began[-1]}")


def _timed(function: Callable[..., object], tell: Callable[[float], object]) -> Callable[..., object]:
    """Return a function that tells how long it took."""

    def timed(*given: object, **named: object) -> object:
        start = time.process_time()
        found = function(*given, **named)
        tell(time.process_time() - start)
        return found

    return timed


def find_dearest(log: str, config: str) -> None:
    """Print the names of the dearest metrics on a line, and those of the dearest checks on the next."""
    from aiopsctl.catalog import metrics
    from aiopsctl.checks.check import from_config
    from aiopsctl.checks.run import run
    from aiopsctl.checks.scopes import Run
    from aiopsctl.cli.options import Common
    from aiopsctl.cli.session import open_session
    from aiopsctl.measure import Scope, measure

    given = open_session(Common(paths=[log], config=config))
    how = Run(given.now, given.tz, config=given.config, complete=given.complete)
    ways = {name: partial(measure, given.log.events, [m], Scope(given.tz)) for name, m in metrics().items()}
    print(*_slowest(ways))
    checks = from_config(given.config, config)
    print(*_slowest({check.id: partial(run, [check], given.log, how) for check in checks}))


def _slowest(ways: dict[str, Callable[[], object]]) -> Iterable[str]:
    def seconds(way: Callable[[], object]) -> float:
        began = time.process_time()
        way()
        return time.process_time() - began

    taken = {name: min(seconds(way), seconds(way)) for name, way in ways.items()}
    return sorted(taken, key=lambda name: -taken[name])[:DEAREST]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--command", *words]:
            run_command(words)
        case ["--dearest", log, config]:
            find_dearest(log, config)
        case _:
            main()
