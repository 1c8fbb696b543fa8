"""Reports: one file that says what the other commands say, stands alone, and gives nothing away."""

import hmac
import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import pytest
from cases import each
from msgspec.structs import replace
from test_formats import HOSTILE, hostile_results
from typer.testing import CliRunner

from aiopsctl.charts import render as drawing
from aiopsctl.cli.app import app
from aiopsctl.errors import UsageError
from aiopsctl.formats.format import Look, format_named
from aiopsctl.formats.pages import page
from aiopsctl.page import Drawing, Page, Part, Section
from aiopsctl.reports.disguise import Disguise
from aiopsctl.reports.saved import result_of
from aiopsctl.result import Result

ROOT = Path(__file__).parents[1]
LOGS = ["sample_data", "--config", "sample_data/aiopsctl.yaml", "--now", "data"]
ROOM = 500_000
CELL = re.compile(r"(?<!\\)\|")


def run(*words: str) -> Any:
    """Run the program in the project's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the report of the sample logs, in each of its formats."""
    folder = tmp_path_factory.mktemp("report")
    done = run("report", *LOGS, *(word for name in ("r.html", "r.md", "r.json") for word in ("-o", str(folder / name))))

    assert (done.exit_code, done.stdout) == (0, "")
    return folder


def tree(text: str) -> Any:
    """Return a page as a browser parses it; a page that is not valid is refused."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def html(result: Result) -> str:
    """Return an answer as a page."""
    return format_named("html").render(result, Look())


def test_the_page_stands_alone(made: Path) -> None:
    """It parses without an error, is small, and holds no script, no reference to elsewhere and no handler."""
    text = (made / "r.html").read_text()
    root = tree(text)
    links = [node.get("href") for node in root.iter("a")]
    handlers = [name for node in root.iter() for name in node.attrib if str(name).startswith("on")]
    loading = {node.tag for node in root.iter()} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    }

    assert len(text.encode()) < ROOM
    assert [link for link in links if not link.startswith("#")] == []
    assert (handlers, loading) == ([], set())
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text


def test_the_page_can_be_used_by_everyone(made: Path) -> None:
    """Headings go down step by step, each table has named columns and rows, each picture words, each anchor its place."""
    root = tree((made / "r.html").read_text())
    body = [node for node in root.find("body").iter() if isinstance(node.tag, str)]
    levels = [int(node.tag[1]) for node in body if re.fullmatch("h[1-6]", node.tag)]
    ids = [node.get("id") for node in body if node.get("id")]
    pictures = [node for node in body if node.get("role") == "img"]
    words = [next(part for part in picture if part.tag.endswith("title")) for picture in pictures]
    regions = [node.get("aria-label") for node in body if node.get("class") == "scroll"]

    assert levels.count(1) == 1
    assert [b for a, b in pairwise(levels) if b > a + 1] == []
    assert len(ids) == len(set(ids))
    assert {node.get("href")[1:] for node in body if node.tag == "a"} <= set(ids)
    assert [node for node in body if node.tag == "th" and node.get("scope") not in ("col", "row")] == []
    assert all(table.find("thead") is not None for table in body if table.tag == "table")
    assert len(pictures) >= 12
    assert all(title.text.endswith(".") for title in words)
    assert [picture.get("aria-labelledby") for picture in pictures] == [title.get("id") for title in words]
    assert len(regions) == len(set(regions))
    assert root.get("lang") == "en"


def test_the_page_says_what_the_commands_say(made: Path) -> None:
    """Verdicts are those of `check`, drift is that of `drift`, and the parts come in their order."""
    document = json.loads((made / "r.json").read_text())
    checked = json.loads(run("check", *LOGS, "-f", "json").stdout)
    titles = [part["title"] for part in document["report"]["parts"]]
    (drift,) = [part for part in document["report"]["parts"] if part["title"] == "Drift"]

    assert titles == ["Verdicts", "Quality", "Cost", "Latency and health", "User satisfaction", "Drift", "Scale",
                      "What changed", "What to do next", "Definitions", "Data quality"]  # fmt: skip
    assert document["checks"] == checked["checks"]
    assert (document["verdict"], document["counts"]) == (checked["verdict"], checked["counts"])
    assert [row[1] for row in drift["sections"][0]["rows"]][:2] == [
        "thumbs-up-rate of draft",
        "input-tokens of search-answer",
    ]


def test_a_saved_report_is_shown_as_it_was(made: Path, tmp_path: Path) -> None:
    """`--from` gives the same pages as the run that saved it."""
    done = run("report", "--from", str(made / "r.json"), "-o", str(tmp_path / "r.html"), "-o", str(tmp_path / "r.md"))

    assert done.exit_code == 0
    assert (tmp_path / "r.html").read_text() == (made / "r.html").read_text()
    assert (tmp_path / "r.md").read_text() == (made / "r.md").read_text()


def test_no_user_is_named(made: Path) -> None:
    """User ids of the log are nowhere in a report."""
    texts = [path.read_text() for path in made.iterdir()]

    assert [found for text in texts for found in re.findall(r"u-\d{4}", text)] == []
    assert "user 1" in (made / "r.md").read_text()


def test_markdown_keeps_its_shape(made: Path) -> None:
    """Each table has as many cells in each row, each picture is a file beside it, and headings go down step by step."""
    text = (made / "r.md").read_text().strip()
    rows = [[len(CELL.findall(line)) for line in block.split("\n")] for block in text.split("\n\n") if block[:1] == "|"]
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]

    assert [counts for counts in rows if len(set(counts)) != 1 or len(counts) < 3] == []
    assert len(pictures) >= 12
    assert [name for name in pictures if not (made / name).is_file()] == []
    assert [b for a, b in pairwise(levels) if b > a + 1] == []


@pytest.mark.parametrize("command", ["check", "scale users"])
def test_a_saved_answer_is_shown_as_it_was(command: str, tmp_path: Path) -> None:
    """The HTML of a saved answer of another command is the HTML that the command itself writes."""
    words = [*command.split(), *LOGS, "--since", "2026-10-25"]
    direct = run(*words, "-o", str(tmp_path / "a.html"), "-o", str(tmp_path / "a.json"), "-q")
    again = run("report", "--from", str(tmp_path / "a.json"), "--show-users", "-o", str(tmp_path / "b.html"))

    assert direct.exit_code in (0, 1)
    assert again.exit_code == 0
    assert (tmp_path / "b.html").read_text() == (tmp_path / "a.html").read_text()


@each("text", HOSTILE)
def test_no_text_of_a_log_can_act(text: str) -> None:
    """Whatever a log holds is text in the page: no element, attribute or control comes of it."""
    for shown in hostile_results(text):
        root = tree(html(replace(shown, page=replace(page(shown), title=f"x{text}"))))
        tags = {node.tag for node in root.iter()} - {"style"}

        assert not tags & {"script", "img", "a1", "red"}
        assert [name for node in root.iter() for name in node.attrib if str(name).startswith("on")] == []


def test_without_the_package_charts_are_lines_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing draws, the page says so, and has a line of blocks and the words of each chart."""
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    drawing.can_draw.cache_clear()
    points = [
        {"days": f"{n} days", "group": "with AI", "value": v, "low": v, "high": v, "n": 9}
        for n, v in ((30, 0.9), (60, 0.1))
    ]
    own = Drawing("retention", "retention", "Retention", "It fell.", {"points": points})
    shown = replace(hostile_results("x")[0], page=Page("t", parts=(Part("p", drawings=(own,)),)))
    try:
        text, plain = html(shown), format_named("md").render(shown, Look())
    finally:
        drawing.can_draw.cache_clear()

    assert ("█▁" in text, "It fell." in text, "pip install" in text) == (True, True, True)
    assert ("█▁" in plain, "It fell." in plain) == (True, True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON document"),
        ("[]", "is no result"),
        ('{"schema_version": "2.0", "command": "check"}', "schema_version 2.0; this program reads 1.0"),
        ('{"schema_version": "1.0", "command": "check"}', "is no result"),
    ],
)
def test_what_is_no_result_is_refused(text: str, why: str) -> None:
    """A document that is not of this program, or of a version that it does not know, is refused in words."""
    with pytest.raises(UsageError, match=why):
        result_of(text, "x.json")


def test_a_disguise_is_the_same_for_a_user_everywhere() -> None:
    """A user has one number in tables, slices and commands; with a key the pseudonym that `--pseudonymize` gives."""
    rows = (("ann", 3), ("bo", 2), ("ann", 1))
    section = Section("", ("user", "calls"), rows)
    judged = next(result for result in hostile_results("x") if result.checks)
    check = replace(judged.checks[0], slice={"user_id": "bo"}, next="x --where \"user_id = 'ann'\"")  # type: ignore[index]
    shown = replace(judged, sections=(section,), checks=[check])
    plain, keyed = Disguise(None).result(shown), Disguise(b"key").result(shown)

    assert plain.sections[0].rows == (("user 1", 3), ("user 2", 2), ("user 1", 1))
    assert plain.checks
    assert plain.checks[0].slice == {"user_id": "user 2"}
    assert plain.checks[0].next == "x --where \"user_id = 'user 1'\""
    assert keyed.sections[0].rows[0][0] == f"u_{hmac.new(b'key', b'ann', 'sha256').hexdigest()[:12]}"
    assert Disguise(None).result(plain).sections == plain.sections


REVIEWS: Mapping[str, tuple[str, str]] = {
    "daily": ("PM + relevant expert", "Escalations and critical flags"),
    "weekly": ("Pia", "Top negative feedback categories"),
}


@pytest.mark.parametrize("cadence", REVIEWS)
def test_a_review_has_its_owner_and_its_subject(cadence: str, tmp_path: Path) -> None:
    """A review names who holds it, from the config or in the handbook's words, and looks at what the handbook says."""
    config = tmp_path / "aiopsctl.yaml"
    config.write_text("version: 1\nreviews: {weekly: Pia}\nfeatures: {draft: {class: on-demand, owner: Ole}}\n")
    done = run("report", "sample_data", "--config", str(config), "--now", "data", "--cadence", cadence, "-f", "json")
    shown = json.loads(done.stdout)["report"]
    owner, subject = REVIEWS[cadence]

    assert shown["facts"][0] == f"Owner: {owner}"
    assert subject in [part["title"] for part in shown["parts"]]
