"""How much CPU a command costs beyond the imports that it cannot do without, each process started anew.

`python benchmarks/start_up.py [RUNS]`. Commands run in turn, A B C A B C, and each figure is the median of the user and
system seconds of finished processes, so that a machine whose speed drifts moves all of them alike. Goals: `--help` at most
2 times `import typer`; `check` on a small log at most 0.2 s beyond `import polars`.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data"
PYTHON = (sys.executable,)
CLI = (sys.executable, "-m", "aiopsctl")
COMMANDS = {
    "import typer": (*PYTHON, "-c", "import typer"),
    "import polars": (*PYTHON, "-c", "import polars"),
    "import polars, rich": (*PYTHON, "-c", "import polars, rich"),
    "--version": (*CLI, "--version"),
    "--help": (*CLI, "--help"),
    "check --help": (*CLI, "check", "--help"),
    "check, small log": (*CLI, "check", str(SAMPLE / "_formats" / "openai.jsonl"), "--isolated"),
    "check, sample data": (*CLI, "check", "-c", str(SAMPLE / "aiopsctl.yaml")),
    "summary, sample data": (*CLI, "summary", str(SAMPLE), "--isolated"),
}
RATIOS = (
    ("--version", "import typer"), ("--help", "import typer"), ("check --help", "import typer"),
    ("check, small log", "import polars, rich"), ("check, sample data", "import polars, rich"),
    ("summary, sample data", "import polars, rich"),
)  # fmt: skip


def cpu_seconds(command: tuple[str, ...], environment: dict[str, str]) -> float:
    """Return the user and system seconds of a command, as the system accounts for the finished process."""
    with open(os.devnull, "r+b") as nothing:
        redirected = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), stream) for stream in (0, 1, 2)]
        process = os.posix_spawn(command[0], command, environment, file_actions=redirected)
        _, status, used = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), command
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and print seconds and ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONPYCACHEPREFIX": cache}
        for command in COMMANDS.values():
            cpu_seconds(command, environment)  # writes the bytecode, as an installation has it
        rounds = [{name: cpu_seconds(command, environment) for name, command in COMMANDS.items()} for _ in range(runs)]
    print(f"CPU seconds of {runs} runs: median, least, most")
    for name in COMMANDS:
        seconds = [each[name] for each in rounds]
        print(f"  {name:<22}{statistics.median(seconds):7.3f}{min(seconds):7.3f}{max(seconds):7.3f}")
    print("ratios, run by run: median")
    for name, base in RATIOS:
        print(f"  {name} / {base}: {statistics.median(each[name] / each[base] for each in rounds):.2f}")
    beyond = statistics.median(each["check, small log"] - each["import polars"] for each in rounds)
    print(f"  check, small log - import polars: {beyond:.3f} s")


if __name__ == "__main__":
    main()
