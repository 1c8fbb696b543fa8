"""Charts: each says in its data what an answer says, its specification draws that, and its words tell it too."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from math import log10
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from building import events
from cases import each
from test_formats import HOSTILE, UNSEEN

from aiopsctl import catalog
from aiopsctl.analyses.distributions import distributions
from aiopsctl.charts import style
from aiopsctl.charts.chart import charts, chosen, drawings, lines_of, spec_of
from aiopsctl.charts.render import inline, standalone
from aiopsctl.checks.check import handbook
from aiopsctl.config import Config
from aiopsctl.config.types import Feature
from aiopsctl.errors import UsageError
from aiopsctl.formats.format import Look, target
from aiopsctl.measure import Scope
from aiopsctl.page import Drawing
from aiopsctl.result import Data, Measurement, Result, Span, Verdict
from aiopsctl.sources.log import Account, Log

UTC_ZONE = ZoneInfo("UTC")
DAY = date(2026, 9, 1)


def answer(*measurements: Measurement, **given: Any) -> Result:
    """Return an answer with measurements."""
    data = Data(1, 9, 9, 0, 0, 0, 9, 0, 0, 0, None, 0, {}, {"native": 1})
    span = Span("2026-09-01T00:00:00+00:00", "2026-09-05T00:00:00+00:00", "UTC")
    return Result("latency", 0, span, data, list(measurements), **given)


def of(metric: str, value: float | None, n: int = 100, **slice_: Any) -> Measurement:
    """Return a measurement with an interval of a tenth around its value."""
    ends = (None, None) if value is None else (value * 0.9, value * 1.1)
    return Measurement(metric, slice_, value, *ends, n, catalog.metric(metric).unit)


def by_day(metric: str, *values: float | None) -> list[Measurement]:
    """Return a metric of consecutive days."""
    return [of(metric, v, day=(DAY + timedelta(days=i)).isoformat()) for i, v in enumerate(values) if v is not None]


def drawn(spec: Mapping[str, Any], mark: str) -> list[dict[str, Any]]:
    """Return the rows that the layers of a kind of mark draw."""
    return [row for layer in spec["layer"] if layer["mark"]["type"] == mark for row in layer["data"]["values"]]


def verdict(**given: Any) -> Verdict:
    """Return a verdict on the error rate of all calls."""
    found: dict[str, Any] = {
        "id": "errors", "metric": "error-rate", "slice": {}, "status": "ok", "value": 0.02, "low": 0.01, "high": 0.03, "n": 9,
        "unit": "ratio", "reference": None, "limit": {"kind": "above", "value": 0.04, "mode": "absolute"}, "window": {},
        "breached_since": None, "reason": None, "at": None, "next": None,
    }  # fmt: skip
    return Verdict(**(found | given))


PICTURES = {
    "daily": answer(*by_day("error-rate", 0.01, 0.02, 0.03)),
    "mix": answer(*(of("calls", 3, week=week, model=model) for week in ("2026-W36", "2026-W37") for model in "ab")),
    "retention": answer(of("retention-30d", 0.5), of("retention-30d-others", 0.4)),
    "lorenz": answer(extra={"users": {
        "lorenz": [{"users_share": u, "cost_share": c} for u, c in ((0, 0), (0.5, 0.2), (1, 1))], "gini": 0.3, "users": 2,
        "concentration": [{"part": 0.1, "cost_share": 0.8}, {"part": 0.5, "cost_share": 0.8}],
    }}),
    "prompts": answer(extra={"prompts": {"slices": [{
        "slice": {"feature": "draft"}, "status": "warning",
        "curve": [{"day": f"2026-09-0{n}", "tokens": 100.0 * n, "rolling_tokens": None, "calls": 9} for n in range(1, 5)],
        "began": {"versions": [{"feature": "draft", "prompt_version": "v2", "first_seen": "2026-09-03"}]},
    }]}}),
    "latency": answer(extra={"distributions": [{
        "feature": "draft", "class": "inline", "calls": 3, "p50_ms": 100, "p95_ms": 900, "p99_ms": 900, "p50_limit_ms": 500,
        "p95_limit_ms": 1500, "p99_limit_ms": None, "bins": [{"ms": 100.0, "calls": 2}, {"ms": 900.0, "calls": 1}],
    }]}),
}  # fmt: skip
"""An answer for each chart."""


def picture(name: str) -> Drawing:
    """Return the picture of a chart."""
    return chosen(PICTURES[name], name)


def test_every_chart_is_tried_here() -> None:
    """There is an answer for each declared chart, and each has a picture of it."""
    assert set(charts()) == set(PICTURES)
    assert {name: picture(name).chart for name in PICTURES} == {name: name for name in PICTURES}


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_draws_and_tells(name: str) -> None:
    """A chart becomes an image with a text alternative and without a script, a reference or a colour that no dark has."""
    drawing = picture(name)
    root = ET.fromstring(standalone(drawing))  # noqa: S314 - our own
    text = inline(drawing, "c1")
    painted = set(re.findall(r"(?:fill|stroke)=\"(#\w+)\"", text))

    assert root.find("{http://www.w3.org/2000/svg}desc").text == drawing.alt  # type: ignore[union-attr]
    assert drawing.alt.endswith(".")
    assert painted
    assert painted <= set(style.DARK)
    assert not re.search(r"<script|<image|href|http|\bon\w+=", text)
    assert lines_of(drawing)


def test_daily_draws_values_interval_and_limits() -> None:
    """The line has the value of each day, a day without one is a gap, and the limit is the one judged by."""
    rows = [m for m in by_day("error-rate", 0.01, 0.02, 0.03, 0.01) if m.slice["day"] != "2026-09-02"]
    (drawing,) = drawings(answer(*rows, checks=[verdict()]))
    spec = spec_of(drawing)

    assert [row["value"] for row in drawn(spec, "line")] == [0.01, None, 0.03, 0.01]
    assert [row["low"] for row in drawn(spec, "area")] == pytest.approx([0.009, None, 0.027, 0.009])
    assert [row["value"] for row in drawn(spec, "rule")] == [0.04]
    assert drawing.alt == (
        "Line of error rate over 3 days, 2026-09-01 to 2026-09-04: from 1.00 % to 1.00 %, lowest 1.00 %, highest 3.00 %; "
        "the critical limit is above 4.00 %."
    )


def test_daily_tells_a_limit_out_of_reach_without_drawing_it() -> None:
    """A limit far above the line would flatten it, and is told in words alone."""
    far = verdict(limit={"kind": "above", "value": 0.9, "mode": "absolute"})
    (drawing,) = drawings(answer(*by_day("error-rate", 0.01, 0.02, 0.01), checks=[far]))

    assert drawn(spec_of(drawing), "rule") == []
    assert "the critical limit is above 90.0 %" in drawing.alt


def test_daily_marks_the_day_of_a_change() -> None:
    """A breach that is explained puts a mark on its day, with the slice that moved."""
    moved = verdict(status="critical", slice={"feature": "draft"}, changed_at="2026-09-02")
    (drawing,) = drawings(answer(*by_day("error-rate", 0.01, 0.02, 0.03), checks=[moved]))

    assert {"day": "2026-09-02", "text": "draft moved"} in drawn(spec_of(drawing), "text")


def test_mix_adds_up_and_keeps_the_most_frequent() -> None:
    """Shares of a week add up to one, and what is beyond the five most frequent values is one."""
    calls = {"a": 50, "b": 20, "c": 10, "d": 8, "e": 6, "f": 4, "g": 2}
    weeks = ("2026-W36", "2026-W37")
    (drawing,) = drawings(answer(*(of("calls", n, week=week, model=m) for week in weeks for m, n in calls.items())))
    rows = drawn(spec_of(drawing), "bar")
    first = {row["value"]: row["share"] for row in rows if row["at"] == "2026-W36"}

    assert first == pytest.approx({"a": 0.5, "b": 0.2, "c": 0.1, "d": 0.08, "e": 0.06, "other": 0.06})


def test_retention_has_both_groups_with_intervals() -> None:
    """A dot is the retention, its line the interval, of those with the feature and of those without."""
    expected = [("with AI", 0.5, 0.45, 0.55), ("without AI", 0.4, 0.36, 0.44)]
    actual = [
        tuple(row[k] for k in ("group", "value", "low", "high"))
        for row in drawn(spec_of(picture("retention")), "point")
    ]

    assert actual == [(name, *map(pytest.approx, numbers)) for name, *numbers in expected]


def test_lorenz_draws_the_curve_and_tells_the_shares() -> None:
    """The curve has the points of the analysis, and the words its concentration."""
    drawing = picture("lorenz")

    assert {"users": 0.5, "cost": 0.2} in drawn(spec_of(drawing), "line")
    assert "the dearer half makes 80.0 % of the cost" in drawing.alt


def test_prompts_mark_the_versions() -> None:
    """The line is the mean of each day, and a version is marked on the day of its first call."""
    spec = spec_of(picture("prompts"))

    assert [row["tokens"] for row in drawn(spec, "line")] == [100, 200, 300, 400]
    assert drawn(spec, "text") == [{"day": "2026-09-03", "text": "v2"}]


def test_distributions_count_by_twelfths_of_a_decade() -> None:
    """Each call is in the bin of its logarithm, quantiles are of the calls themselves, and limits of the feature's class."""
    took = [100] * 6 + [110] * 3 + [2000]
    log = Log(events(*({"feature": "draft", "latency_ms": ms, "status": "ok"} for ms in took)), Account())
    checks = handbook(Config(features={"draft": Feature(class_="inline")}))
    (found,) = distributions(log, Scope(UTC_ZONE), checks)
    bins = {round(log10(b["ms"]) * 12 - 0.5): b["calls"] for b in found["bins"] if b["calls"]}

    assert bins == {24: 9, 39: 1}
    assert (found["p50_ms"], found["p95_ms"], found["p95_limit_ms"], found["class"]) == (100, 2000, 1500, "inline")


@each("text", HOSTILE)
def test_no_text_of_a_log_can_act(text: str) -> None:
    """A hostile value stays text: the data and the words of a chart hold nothing unseen, and nothing commands a build."""
    weeks = ("2026-W36", "2026-W37")
    (drawing,) = drawings(answer(*(of("calls", 3, week=week, model=model) for week in weeks for model in (text, "m"))))
    shown = [drawing.alt, *drawing.data["values"]]

    assert [part for part in shown if UNSEEN.search(part) or "##[" in part] == []


def test_hostile_text_is_text_of_the_image() -> None:
    """Markup in a value is escaped in the image."""
    weeks = ("2026-W36", "2026-W37")
    rows = [of("calls", 3, week=week, model=model) for week in weeks for model in ("<script>x</script>", "]]>&<b>")]
    root = ET.fromstring(standalone(chosen(answer(*rows), "mix-model")))  # noqa: S314 - our own

    assert not [node for node in root.iter() if node.tag.endswith(("script", "}b"))]
    assert "<script>x</script>" in [node.text for node in root.iter()]


def test_an_answer_without_a_chart_says_what_charts_need() -> None:
    """A chart that an answer does not have is refused, and the nearest name offered."""
    with pytest.raises(UsageError, match="has no chart"):
        chosen(answer(of("calls", 3)), "")
    with pytest.raises(UsageError, match="did you mean 'retention'"):
        chosen(PICTURES["retention"], "retenton")


def test_a_chart_is_chosen_by_name() -> None:
    """`chart:NAME=FILE` writes the chart of a name; a format without names refuses one."""
    rows = [*by_day("error-rate", 0.1, 0.2, 0.3), *by_day("calls", 1, 2, 3)]
    found, path = target("chart:daily-calls=calls.svg")

    assert path == "calls.svg"
    assert "Calls by day" in found.render(answer(*rows), Look())
    with pytest.raises(UsageError, match="has no parts"):
        target("json:x=y")


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_can_be_read(*, dark: bool) -> None:
    """Text has a contrast of 4.5 on each ground, and what charts draw one of 3, in light and dark."""
    shown = style.DARK if dark else {color: color for color in style.DARK}
    grounds = [shown[style.PAPER], shown[style.TINT]]
    texts = (style.INK, style.MUTED, style.BLUE, style.AMBER, style.RED, style.GREEN)

    assert {c: [contrast(shown[c], g) >= 4.5 for g in grounds] for c in texts} == {c: [True, True] for c in texts}
    assert [contrast(shown[c], grounds[0]) >= 3 for c in style.SERIES] == [True] * len(style.SERIES)


def test_luminance_is_that_of_the_standard() -> None:
    """Black on white has the contrast 21, and #767676 the 4.54 that WCAG's own example gives."""
    assert (contrast("#000000", "#ffffff"), round(contrast("#767676", "#ffffff"), 2)) == (21.0, 4.54)


def test_days_are_named_as_utc() -> None:
    """A named day of the axis is its midnight in UTC, whatever the zone of the machine."""
    expected = datetime(2026, 9, 1, tzinfo=UTC).timestamp() * 1000

    assert style.days("2026-09-01", "2026-09-04")["axis"]["values"][0] == expected
