"""What is said of metrics is what is declared of them: `explain`, its document, and the page of all metrics."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from aiopsctl import catalog, sums, words
from aiopsctl.analyses.drift.definitions import ALSO, DEFINITIONS
from aiopsctl.events import COLUMNS
from aiopsctl.facts import FACTS
from aiopsctl.metric import Metric
from aiopsctl.readable import number
from aiopsctl.values import total
from aiopsctl.words.docs import as_markdown, written
from aiopsctl.words.example import MORE, worked
from aiopsctl.words.reference import pages

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
CELL = re.compile(r"(?<!\\)\|")
METRICS = list(catalog.metrics().values())
each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def of_revenue(**given: object) -> Metric:
    """Return a metric that needs what only a config tells."""
    declared = Metric(
        name="cost-of-tiers", title="cost | tiers", dimension="cost", unit="usd", worse="higher", why="Why.", formula="a",
        handbook="Nowhere", sums={"cost": sums.cost, "calls": sums.calls}, grain=("tier_or_none",), needs=("cost_usd",),
        value=total("cost", "calls", per=10**9), facts=("tier_revenue",), kinds=("thumb", "star"),
        given={"tier_revenue": {"pro": 20}}, example=([{"tier": "pro", "cost_usd": 2}], 2),
    )  # fmt: skip
    return replace(declared, **given)  # type: ignore[arg-type]  # fields of a metric


def shown(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Return what is said of a metric that is not declared: as text, as a document and on the page."""
    monkeypatch.setattr(catalog, "metrics", lambda: {metric.name: metric})
    return words.as_text(metric.name), words.as_json(metric.name), as_markdown()


@each_metric
def test_example_ends_in_the_declared_value(metric: Metric) -> None:
    """The last step of a worked example is the value that the declaration promises."""
    assert f" = {number(metric.example[1], metric.unit)} (n " in worked(metric).value


@each_metric
@pytest.mark.parametrize("width", [80, 160])
def test_explanation_fits_its_terminal(metric: Metric, width: int) -> None:
    """No line of an explanation is wider than the terminal."""
    assert [] == [line for line in words.as_text(metric.name, width).split("\n") if cell_len(line) > width]


@each_metric
def test_explanation_is_whole(metric: Metric) -> None:
    """An explanation has the formula, the kinds, each fact with how a config gives it, and each limit with its origin."""
    text = words.as_text(metric.name)
    told = [metric.formula, metric.value.words, *metric.needs, *metric.kinds, *(t.origin for t in metric.thresholds)]

    assert [] == [part for part in told if part not in text]
    assert f"dashboard   {metric.dashboard or 'no'}" in text


def test_steps_of_an_example() -> None:
    """An example is worked as by hand: two costs of user a and one of b, added by user, shared by the users."""
    expected = """\
  worked example
  1. 3 events:
     user_id  cost_usd
     a        3
     a        1
     b        2
  2. summed by user_id (money in nano-dollars, 10^9 to the dollar):
     user_id  cost           priced  unpriced  calls
     a        4,000,000,000  2       0         2
     b        2,000,000,000  1       0         1
  3. sum of cost / users with calls above 0 = $3.00 (n 2, 95 % interval $0.00 to $15.71)"""

    assert expected == words.as_text("cost-per-mau").split("\n\n")[-1]


def test_long_example_is_cut() -> None:
    """Of a hundred events the first and the last are shown, and how many there are."""
    events = worked(catalog.metric("latency-p95")).events

    assert (100, ("1",), ("2",), ("3",), (MORE,), ("100",)) == (events.height, *events.rows)


def test_facts_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no log tells stands with the key of the config, the kinds of feedback with their names."""
    text, document, page = shown(of_revenue(), monkeypatch)
    found = json.loads(document)["metrics"][0]

    assert FACTS["tier_revenue"].meaning in text
    assert "in the config: tiers: {pro: {revenue: 20 USD / month}}" in text
    assert "counts      feedback or activity of kind thumb, star" in text
    assert "tier_revenue: 20 for pro" in text
    assert ["thumb", "star"] == found["kinds"]
    assert ("tier_revenue", "tier_or_none") == (found["facts"][0]["name"], found["facts"][0]["key"])
    assert {"tier_revenue": [{"key": "pro", "value": 20}]} == found["example"]["given"]
    assert "cost \\| tiers" in page


def test_days_are_told_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that is told by month has the month's first day in the document."""
    month = {"facts": ("month_share",), "grain": ("month",), "given": {"month_share": {date(2026, 9, 1): 0.5}}}
    events = [{"ts": "2026-09-01T10:00:00Z", "cost_usd": 2}]
    text, document, _ = shown(of_revenue(**month, example=(events, 2)), monkeypatch)

    assert "month_share: 0.5 for 2026-09-01" in text
    assert [{"key": "2026-09-01", "value": 0.5}] == json.loads(document)["metrics"][0]["example"]["given"][
        "month_share"
    ]


def test_table_that_is_too_wide() -> None:
    """Where the sums find no room side by side, each row is told in words."""
    lines = words.as_text("opt-out-rate", 60).split("\n")

    assert [] == [line for line in lines if len(line) > 60]
    assert any(line.startswith("     user_id u0, activations 1, opt_outs 1") for line in lines)


def test_pages_are_fresh() -> None:
    """What is written from the declarations is what they say; `python -m aiopsctl.words.docs docs` writes it."""
    pages_now = written(PAGE.parent)
    stale = [path.name for path, text in pages_now.items() if not path.is_file() or path.read_text("utf-8") != text]

    assert [] == stale
    assert {"metrics.md", "columns.md", "config.md", "json.md", "exit-codes.md", "names.json"} == {
        path.name for path in pages_now
    }


def test_reference_is_whole() -> None:
    """Every canonical column, every key at the top of the config and every exit code has its row."""
    rows = {page: set(re.findall(r"^\| `?([a-z_0-9]+)`? \|", text, re.MULTILINE)) for page, text in pages().items()}

    assert set(COLUMNS) <= rows["columns.md"]
    assert {"sources", "checks", "now", "prices", "above", "rpm"} <= rows["config.md"]
    assert {"schema_version", "measurements", "rows_rejected", "carriers"} <= rows["json.md"]
    assert {"0", "1", "2", "3", "70", "130", "143"} == rows["exit-codes.md"] - {"code"}


def test_page_of_metrics_is_sound() -> None:
    """Every row of a table has as many cells as its head, and every link leads to a heading."""
    page = as_markdown()
    blocks = [[line for line in block.split("\n") if line] for block in page.split("\n\n") if block.startswith("| ")]
    uneven = [rows[0] for rows in blocks if len({len(CELL.findall(row)) for row in rows}) != 1]
    headings = set(re.findall(r"^#+ (\S+)$", page, re.MULTILINE))

    assert [] == uneven
    assert set(re.findall(r"\(#([a-z0-9-]+)\)", page)) <= headings
    assert set(catalog.metrics()) <= headings


@pytest.mark.parametrize("name", [name for name in DEFINITIONS if name not in COLUMNS])
def test_statistics_of_drift(name: str) -> None:
    """Each statistic of drift is explained by its name and by what else it is called, in the list of all, and on the page."""
    text = DEFINITIONS[name]

    assert text in words.as_text(name)
    assert all(words.as_text(other) == words.as_text(name) for other in ALSO.get(name, name).split(", "))
    assert text in words.as_text("drift")
    assert json.loads(words.as_json(name))["statistics"][0]["definition"] == text
    assert f"| {name} |" in PAGE.read_text()
