"""`demo` writes the sample logs into a folder, and nothing over what it did not write."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app

FILES = {"FAULTS.md", "aiopsctl.yaml", "calls.jsonl.gz", "feedback.jsonl.gz", "tickets.jsonl.gz", "users.jsonl.gz"}


def demo(*words: str) -> Result:
    """Run the command; three days have room for no fault, and take a moment."""
    return CliRunner().invoke(app, ["demo", *words])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_writes_where_it_is_told() -> None:
    """All files lie in the folder, which is made with those above it, and nothing beside it is left."""
    done = demo("a/b", "--days", "3", "--no-tour")

    assert (0, "wrote a/b: calls, feedback, tickets and users of 3 days to 2026-10-31\n") == (
        done.exit_code,
        done.stdout,
    )
    assert FILES | {".aiopsctl-demo.json"} == {path.name for path in Path("a/b").iterdir()}
    assert [Path("a/b")] == list(Path("a").iterdir())


def test_writes_over_its_own() -> None:
    """What it wrote it replaces: another seed gives other logs in the same folder."""
    demo("here", "--days", "3", "--no-tour")
    before = Path("here/calls.jsonl.gz").read_bytes()

    assert 0 == demo("here", "--days", "3", "--seed", "8", "--no-tour").exit_code
    assert before != Path("here/calls.jsonl.gz").read_bytes()


@pytest.mark.parametrize("name", ["aiopsctl.yaml", "calls.jsonl.gz"])
def test_leaves_the_files_of_others(name: str) -> None:
    """A file that it did not write stays, and so does all else."""
    Path("mine").mkdir()
    Path("mine", name).write_text("mine")
    done = demo("mine", "--days", "3")

    assert (2, "") == (done.exit_code, done.stdout)
    assert f"error: mine/{name} was not written by demo" in done.stderr
    assert [("mine", name)] == [path.parts for path in Path("mine").iterdir()]
    assert "mine" == Path("mine", name).read_text()


def test_leaves_what_was_changed() -> None:
    """A file that it wrote, and that was changed since, stays as it is."""
    demo("here", "--days", "3", "--no-tour")
    Path("here/aiopsctl.yaml").write_text("version: 1\n")
    done = demo("here", "--days", "3")

    assert (2, "version: 1\n") == (done.exit_code, Path("here/aiopsctl.yaml").read_text())
    assert "error: here/aiopsctl.yaml was changed since" in done.stderr


def test_does_not_write_through_links() -> None:
    """A link in the place of a file is no file of its own."""
    demo("here", "--days", "3", "--no-tour")
    Path("here/FAULTS.md").rename("FAULTS.md")
    Path("here/FAULTS.md").symlink_to("../FAULTS.md")

    assert 2 == demo("here", "--days", "3").exit_code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("file",), "error: file is no folder"),
        (("--days", "0"), "error: --days 0 is no length of a log"),
        (("--days", "4000000"), "help: write 1 to 1,000"),
        (("--seed", "x"), "is not a valid"),
    ],
)
def test_refuses(words: tuple[str, ...], told: str) -> None:
    """What cannot be is said, and nothing is written."""
    Path("file").write_text("")
    done = demo(*words, *(() if "--days" in words else ("--days", "3")))

    assert 2 == done.exit_code
    assert told in done.stderr
    assert [Path("file")] == list(Path().iterdir())


def test_tells_the_faults_that_find_room() -> None:
    """Thirty days have room for three of the four faults, and a summary comes before their names."""
    done = demo("--days", "31")
    _, _, tour = done.stdout.partition("\nthree things are wrong in here:\n")

    assert "aiopsctl summary   2026-10-01 00:" in done.stdout
    assert ["prompt-grows", "user-loops", "rate-limit-hour", "next:"] == [line.split()[0] for line in tour.splitlines()]
    assert "next: cd aiopsctl-demo && aiopsctl check" == tour.splitlines()[-1]
