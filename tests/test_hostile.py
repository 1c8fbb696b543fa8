"""Texts of strangers in every field, through every command and every format: shown as text, and nothing acts."""

import csv
import json
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pyte
import pytest
from canary import TEXTS, leaks
from everything import everywhere, no_network, runs, written
from hostile import ALL, UNSEEN
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families
from running import run

from aiopsctl.formats.format import formats

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
COLOR = re.compile(r"\x1b\[[0-9;]*m")
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0")
NUMBER = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?%?")
NAME = "\x1b]0;title\x07\u202e[red]<script>=1+1.jsonl"
CONFIG = """\
defaults: {min_samples: 1}
checks:
  slow: {metric: latency-p50, by: [feature, model], critical: {above: 1ms}}
  errors: {metric: error-rate, by: [tenant, query_type], warning: {below: 1}}
"""
READ_OUT = ("aria-label", "alt", "title")
"""Attributes that are read out, and point nowhere."""

OWN_CHART = re.compile(r"out[a-z0-9-]*\.svg")
OWN_TAGS = {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "h2",
    "h3",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "strong",
    "em",
}


def document() -> bytes:
    """Return a log in which each text is in every free column of a call and of its feedback, and each is a bad row.

    What people and models wrote in it are canaries, in good rows and in bad ones.
    """
    rows = []
    for number, text in enumerate(ALL):
        at = (START + timedelta(hours=9 * number)).isoformat()
        same = everywhere(text) | TEXTS | {"ts": at, "request_id": f"{number} {text}", text or "x": 1}
        rows.append(
            same
            | {"latency_ms": 100 + number, "input_tokens": 1000, "output_tokens": 50, "cost_usd": 0.01, "status": "ok"}
        )
        rows.append(same | {"kind": "thumb", "value": number % 2})
        rows.append(same | {"kind": text or "applause"})
    rows.append(rows[0] | {"request_id": "corrected"})
    rows.append(
        {"ts": rows[0]["ts"], "kind": "correction", "request_id": "corrected", "final_text": TEXTS["final_text"]}
    )
    torn = json.dumps(rows[0])[:-1] + "\n" + TEXTS["prompt"] + "\n"
    return ("".join(json.dumps(row) + "\n" for row in rows) + torn).encode()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with such a log, whose own name is hostile, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    Path("logs").mkdir()
    Path("logs", NAME).write_bytes(document())
    Path("checks.yaml").write_text(CONFIG)
    return tmp_path


def test_every_command_in_every_format(folder: Path) -> None:
    """Whatever a command writes, in whatever format, shows texts as texts, is whole, and leaves a terminal as it was.

    Nothing of what people and models wrote is in it, and nothing goes over the network.

    One test, because what all commands write is expensive: the formats and the commands are found by looking.
    """
    found = {}
    for name, words in runs(["logs"], "--config", "checks.yaml", "--max-rejected", "60%"):
        with no_network():
            done, texts = written(words)
        assert done.exit_code in (0, 1, 3), (name, done.exit_code, done.stderr[-500:])
        found |= {(name, where): text for where, text in texts.items()}

    for (name, where), text in found.items():
        nothing_unseen(f"{name} {where}", where, text)
        if text and (check := CHECKS.get(where.removeprefix("out.")) or CHECKS.get(Path(where).suffix[1:])):
            check(f"{name} {where}", text)
    for columns, streams in ((80, ("stdout",)), (160, ("stderr",))):
        terminal_is_as_it_was(columns, [text for (_, where), text in found.items() if where in streams])
    assert leaks({f"{name} {where}": text for (name, where), text in found.items()}) == {}
    every_text_is_there(found["latency --by all", "out.json"])
    assert {f"out.{name}" for name in formats()} <= {where for _, where in found}
    for name in HTML:
        pages = [text for (_, where), text in found.items() if where == f"out.{name}"]
        page_is_inert_in_a_browser(max(pages, key=len), folder)


def nothing_unseen(told: str, where: str, text: str) -> None:
    """No control, turn of direction or letter without width is in an output, and no line commands a build."""
    plain = text.replace("\r\n", "\n")
    plain = COLOR.sub("", plain) if where == "stdout" else plain
    commands = [line for line in plain.split("\n") if line.lstrip().startswith("::") and where != "out.github"]

    assert (told, set(UNSEEN.findall(plain)), commands) == (told, set(), [])
    assert "##[" not in plain, told


def every_text_is_there(document: str) -> None:
    """Each text is in the answer as it was; what is a record, or half a character, was none."""
    shown = {value for m in json.loads(document)["measurements"] for value in m["slice"].values()}
    whole = [text for text in ALL if text and not text.startswith("{") and not re.search("[\ud800-\udfff]", text)]

    assert [text for text in whole if text not in shown] == []
    assert len(whole) >= 150


def terminal_is_as_it_was(columns: int, texts: list[str]) -> None:
    """Hold that a terminal that was sent everything has its title, modes, margins and letters, and was asked nothing."""
    screen, fresh = pyte.Screen(columns, 50), pyte.Screen(columns, 50)
    asked: list[str] = []
    screen.write_process_input = asked.append
    stream = pyte.Stream(screen)
    for text in texts:
        lines = {line.strip()[:1_000] for line in text.split("\n")}
        stream.feed("\r\n".join(sorted(lines, key=len)[-40:]) + "\r\n")

    state = ("title", "icon_name", "mode", "margins", "charset", "g0_charset", "g1_charset", "tabstops", "savepoints")
    assert [name for name in state if getattr(screen, name) != getattr(fresh, name)] == []
    assert (asked, screen.cursor.x, screen.cursor.attrs) == ([], 0, fresh.cursor.attrs)
    assert any(line.strip() for line in screen.display)


def test_terminal_would_have_changed() -> None:
    """The terminal of these tests is one that such texts change, where they reach it."""
    screen, asked = pyte.Screen(80, 50), []
    screen.write_process_input = asked.append
    pyte.Stream(screen).feed("\x1b]0;owned\x07\x1b[?25l\x1b[3;5r\x1b[5n\x1b[31m")

    assert screen.title == "owned"
    assert (screen.margins, screen.cursor.attrs.fg, len(asked)) == ((2, 4), "red", 1)


def json_is_json(told: str, text: str) -> None:
    """Hold that a document is one value."""
    assert json.loads(text), told


def each_line_is_json(told: str, text: str) -> None:
    """Each line is an object."""
    assert all(isinstance(json.loads(line), dict) for line in text.split("\n")[:-1]), told


def csv_opens_without_formulas(told: str, text: str) -> None:
    """Every row has the cells of the header, and no cell of text begins a formula."""
    rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    formulas = {
        each for row in rows for each in row if each.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(each)
    }

    assert (told, len({len(row) for row in rows}), formulas) == (told, 1, set())


def markdown_shows_text(told: str, text: str) -> None:
    """Hold that a reader that passes HTML on finds our headings, tables and charts: no link, image or tag of others."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tags = Tags(reader.render("\n".join([*dict.fromkeys(text.split("\n"))][:400])))

    others = [address for address in tags.addresses if not OWN_CHART.fullmatch(address)]
    own = OWN_TAGS | ({"h1", "h4", "br", "img"} if told.startswith("report ") else set())
    assert (told, tags.names - own, others) == (told, set(), [])


def xml_is_well_formed(told: str, text: str) -> None:
    """Other parsers read the document."""
    assert list(ET.fromstring(text).iter("testcase")), told  # noqa: S314 - what we wrote


def prometheus_reads_it(told: str, text: str) -> None:
    """Its own client reads the text, and no series is there twice."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    names = [(sample.name, *sorted(sample.labels.items())) for sample in found]

    assert names, told
    assert len(set(names)) == len(names), told


def html_is_inert(told: str, text: str) -> None:
    """Hold that a page has nothing that runs and nothing that is fetched."""
    tags = Tags(text)
    fetched = [address for address in tags.addresses if not address.startswith("data:")]

    assert (told, tags.runs, fetched) == (told, [], [])
    assert tags.names & {"script", "iframe", "object", "embed", "base", "form", "link"} == set(), told


def svg_is_inert(told: str, text: str) -> None:
    """Hold that a chart is well-formed, and has nothing that runs or is fetched."""
    names = {each.tag.rpartition("}")[2] for each in ET.fromstring(text).iter()}  # noqa: S314 - what we wrote
    tags = Tags(text)

    assert (told, tags.runs, tags.addresses) == (told, [], [])
    assert names & {"script", "foreignObject", "image", "a", "use"} == set(), told


class Tags(HTMLParser):
    """The tags of a page, what they point to, and what would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.runs: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag and what it points to."""
        self.names.add(tag)
        given = {name: value or "" for name, value in attrs}
        self.addresses += [
            v for k, v in given.items() if k in ("src", "href", "action", "data") and not v.startswith("#")
        ]
        self.runs += [
            name
            for name, value in given.items()
            if name.startswith("on") or (name not in READ_OUT and "javascript:" in value.lower())
        ]


HTML = [name for name, found in formats().items() if any(suffix.startswith(".htm") for suffix in found.suffixes)]

CHECKS: dict[str, Callable[[str, str], None]] = {
    **dict.fromkeys(("json", "sarif", "gitlab"), json_is_json),
    **dict.fromkeys(("jsonl", "saved"), each_line_is_json),
    "csv": csv_opens_without_formulas,
    "md": markdown_shows_text,
    "junit": xml_is_well_formed,
    "prometheus": prometheus_reads_it,
    "svg": svg_is_inert,
    **dict.fromkeys(HTML, html_is_inert),
}
"""What must hold of a format, or of a file by its suffix, beside what holds of all."""


def page_is_inert_in_a_browser(page: str, folder: Path) -> None:
    """In a browser no script of a log runs and no request leaves."""
    dom, requests = browsed(page, folder)

    assert requests == []
    assert "<title>pwned" not in dom


def test_browser_would_have_acted(tmp_path: Path) -> None:
    """The browser of these tests runs scripts and sends requests, where a page has them."""
    page = "<title>x</title><script>document.title='pwned'</script><img src=http://evil.example/x.png>"
    dom, requests = browsed(page, tmp_path)

    assert "<title>pwned" in dom
    assert requests == ["evil.example"]


def browsed(page: str, folder: Path) -> tuple[str, list[str]]:
    """Return the page as a browser has it after its scripts ran, and the hosts that it asked for."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("needs Chromium")
    (folder / "page.html").write_text(page, encoding="utf-8")
    asked: list[str] = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _heard(asked)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules=MAP * 127.0.0.1:{server.server_address[1]}", "--virtual-time-budget=2000",
            "--dump-dom", (folder / "page.html").as_uri(),
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, timeout=120, check=False)  # noqa: S603 - a browser that was looked for
        server.shutdown()
    return done.stdout.decode("utf-8", "replace"), [host for host in asked if "evil" in host]


def _heard(asked: list[str]) -> Callable[..., BaseHTTPRequestHandler]:
    class Heard(BaseHTTPRequestHandler):
        """Keeps the host of each request."""

        def do_GET(self) -> None:
            """Keep the host, and say that there is nothing."""
            asked.append(self.headers.get("Host", ""))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Heard


SAID: dict[str, Callable[[str], list[str]]] = {
    "path": lambda text: ["latency", f"./{text}"],
    "--by": lambda text: ["latency", "log.jsonl", f"--by={text}"],
    "--where": lambda text: ["latency", "log.jsonl", f"--where={text}"],
    "--source": lambda text: ["latency", "log.jsonl", f"--source={text}"],
    "--map": lambda text: ["latency", "log.jsonl", f"--map=user_id={text}"],
    "--since": lambda text: ["latency", "log.jsonl", f"--since={text}"],
    "--tz": lambda text: ["latency", "log.jsonl", f"--tz={text}"],
    "--metrics": lambda text: ["latency", "log.jsonl", f"--metrics={text},x"],
    "--format": lambda text: ["latency", "log.jsonl", f"--format={text}"],
    "--output": lambda text: ["latency", "log.jsonl", f"--output={text}/x"],
    "--config": lambda text: ["check", "log.jsonl", f"--config={text}"],
    "--compare": lambda text: ["latency", "log.jsonl", f"--compare={text}"],
    "--check": lambda text: ["check", "log.jsonl", f"--check={text}"],
    "--color": lambda text: ["latency", "log.jsonl", f"--color={text}"],
    "explain": lambda text: ["explain", text],
    "command": lambda text: [f"x{text}"],
    "option": lambda text: ["latency", f"--{text}"],
}


@pytest.mark.parametrize("asked", SAID)
def test_errors_show_text(asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error repeats what was typed or read as text that cannot act, and is an error of the user, not ours."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text('{"ts": "2026-09-01T12:00:00Z", "request_id": "r", "latency_ms": 5, "user_id": "u"}\n')
    step = list(SAID).index(asked) % 17
    for text in [*ALL[step::24], *ALL[:2]]:
        done = run(*SAID[asked](text))

        assert (text, done.exit_code) in {(text, code) for code in (0, 2, 3)}, done.stderr
        assert (text, UNSEEN.findall(done.stderr)) == (text, [])
        assert [line for line in done.stderr.split("\n") if line.startswith(("::", "##["))] == []


@pytest.mark.parametrize("place", ["key", "id", "where", "runbook", "metric", "feature"])
def test_configs_show_text(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a config says, errors and verdicts repeat it as text."""
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text('{"ts": "2026-09-01T12:00:00Z", "request_id": "r", "latency_ms": 5, "user_id": "u"}\n')
    for text in ALL[len(place) :: 43]:
        quoted = json.dumps(text)
        config = {
            "key": f"{quoted}: 1\n",
            "id": f"checks: {{{quoted}: {{metric: latency-p50, critical: {{above: 1ms}}}}}}\n",
            "where": f"checks: {{a: {{metric: latency-p50, where: {quoted}, critical: {{above: 1ms}}}}}}\n",
            "runbook": f"checks: {{a: {{metric: latency-p50, runbook: {quoted}, critical: {{above: 1ms}}}}}}\n",
            "metric": f"checks: {{a: {{metric: {quoted}, critical: {{above: 1ms}}}}}}\n",
            "feature": f"features: {{{quoted}: {{class: inline}}}}\n",
        }[place]
        Path("aiopsctl.yaml").write_text(config)
        done = run("check", "log.jsonl", "--all", "--color", "never")

        assert (text, done.exit_code) in {(text, code) for code in (0, 1, 2, 3)}, done.stderr
        assert (text, UNSEEN.findall(done.told)) == (text, [])
        assert [line for line in done.told.split("\n") if line.startswith(("::", "##["))] == []
