"""The documentation is true: its commands run, and print what it shows; the first five minutes work as they are written."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiopsctl import demo
from aiopsctl.cli import session
from aiopsctl.cli.app import app

DOCS = Path(__file__).parents[1] / "docs"
FORMATS = DOCS.parent / "sample_data" / "_formats"
FENCE = re.compile(r"^```(console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted((DOCS / "how-to").glob("*.md"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a page, with the lines that it is shown to print."""
    for kind, text in FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == "bash":
            yield from ((line, []) for line in text.splitlines() if line.startswith("aiopsctl "))
        else:
            _, *steps = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
            yield from ((typed, shown.splitlines()) for typed, shown in zip(steps[::2], steps[1::2], strict=True))


def run(typed: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Return the exit code of a command of a page, and what it printed."""
    *before, command = typed.split(" && ")
    for step in before:
        monkeypatch.chdir(step.removeprefix("cd "))
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    return done.exit_code, done.output


def words(line: str) -> str:
    """Return a line with each run of spaces as one."""
    return " ".join(line.split())


def missing(shown: list[str], printed: str) -> list[str]:
    """Return the shown lines of which a part, between wide gaps, is not on one printed line with the others."""
    lines = [words(line) for line in printed.splitlines()]
    parts = [[words(part) for part in re.split(r"\s{2,}", line.strip())] for line in shown if line.strip("… ")]
    return [" ".join(own) for own in parts if not any(all(part in line for part in own) for line in lines)]


def exit_code(shown: list[str]) -> int:
    """Return the exit code that is shown, 0 where none is."""
    told = [found[1] for line in shown if (found := re.search(r"exit (\d+)$", line))]
    return int(told[-1]) if told else 0


def write_calls(path: Path) -> None:
    """Write what a user who keeps calls alone may have: two features, up to now."""
    path.parent.mkdir()
    rows = (
        {"ts": (NOW - timedelta(hours=2 * n)).isoformat(), "request_id": f"r{n}", "user_id": f"u{n % 40}",
         "feature": ("chat", "search")[n % 2], "model": "gpt-4o-mini", "status": "ok", "latency_ms": 300 + n % 7 * 60,
         "input_tokens": 500, "output_tokens": 50}
        for n in range(400)
    )  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_first_five_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tutorial runs as it is written: faults are found, own logs are read, and a gate is set up."""
    monkeypatch.setattr(session, "_clock", lambda: NOW)
    monkeypatch.chdir(tmp_path)
    own, played = tmp_path / "own", []
    for typed, shown in commands(DOCS / "tutorial.md"):
        if "logs/" in typed and not own.exists():
            own.mkdir()
            monkeypatch.chdir(own)
            write_calls(Path("logs/calls.jsonl"))
        code, printed = run(typed, monkeypatch)
        played.append(typed)
        last = [*printed.rstrip().splitlines(), ""][-1]

        assert (exit_code(shown), []) == (code, missing(shown, printed)), printed
        assert not shown or not shown[-1].startswith("next: ") or shown[-1] in (last, *printed.splitlines())

    assert ["demo", "check", "drift", "report", "summary", "doctor", "init", "check"] == [
        re.search(r"aiopsctl (\w+)", typed)[1] for typed in played
    ]
    assert {Path("aiopsctl.yaml"), Path(".github/workflows/aiopsctl.yml")} <= set(Path().rglob("*.y*ml"))


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with logs, a config and exports, as the pages take them to be there."""
    folder = tmp_path_factory.mktemp("product")
    demo.write(folder / "logs", days=8, faults=())
    shutil.copytree(FORMATS, folder / "exports")
    (folder / "aiopsctl.yaml").write_text("sources: {calls: logs}\n")
    (folder / "exports" / "trace.csv").write_text("TIMESTAMP,ContextTokens,took\n2026-11-01T10:00:00Z,500,1.5\n")
    return folder


@pytest.mark.parametrize(
    ("typed", "shown"), [pytest.param(*each, id=f"{page.stem}-{each[0]}") for page in PAGES for each in commands(page)]
)
def test_commands_of_how_to_pages(typed: str, shown: list[str], product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of a page runs where there are logs and a config; a check may find something."""
    monkeypatch.chdir(product)
    monkeypatch.setattr(session, "_clock", lambda: datetime(2026, 11, 1, tzinfo=UTC))
    code, printed = run(typed, monkeypatch)

    assert code in ((0, 1) if "aiopsctl check" in typed else (0,)), printed
    assert [] == missing(shown, printed)


@pytest.mark.parametrize("page", [*DOCS.rglob("*.md"), DOCS.parent / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project leads to one."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]
