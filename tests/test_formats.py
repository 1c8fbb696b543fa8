"""Results as text: what people read stays readable, what machines read stays parseable, and no log can forge either."""

import csv
import json
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import jsonschema
import pytest
from cases import each
from hostile import HOSTILE, UNSEEN
from msgspec.structs import asdict, replace
from rich.cells import cell_len

from aiopsctl import catalog
from aiopsctl.document import as_dict, schema
from aiopsctl.errors import UsageError
from aiopsctl.formats.format import Look, format_named, formats, target
from aiopsctl.readable import change, clean, interval, number, plural
from aiopsctl.result import STATUSES, Data, Measurement, Reference, Result, Section, Span, Verdict

SAFE_ENDS = ("\n", "\r\n")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
CELL = re.compile(r"(?<!\\)\|")
WIDTHS = (80, 120, 160)
METRICS = list(catalog.metrics())


def measurement(metric: str, value: float | None = 0.5, **given: Any) -> Measurement:
    """Return a measurement of 1,234 samples."""
    found = {"slice": {}, "low": 0.4, "high": 0.6, "n": 1234, "unit": catalog.metric(metric).unit}
    return Measurement(metric, value=value, **(found | given))


def verdict(status: str = "critical", **given: Any) -> Verdict:
    """Return a verdict on the error rate."""
    found: dict[str, Any] = {
        "id": "errors", "metric": "error-rate", "slice": {"feature": "draft"}, "status": status, "value": 0.5,
        "low": 0.4, "high": 0.6, "n": 1234, "unit": "ratio", "reference": None,
        "limit": {"kind": "above", "value": 0.05, "mode": "absolute"}, "window": {"name": "7d"},
        "breached_since": None, "reason": "50.0 % is above the limit of 5.00 %",
        "at": {"file": "aiopsctl.yaml", "line": 7}, "next": "aiopsctl latency logs --by day",
    }  # fmt: skip
    return Verdict(**(found | given))


def result(measurements: Sequence[Measurement], *, by: tuple[str, ...] = (), **given: Any) -> Result:
    """Return the answer of `summary`, or of `check` where checks are given."""
    data = Data(2, 100, 98, 2, 0, 0, 90, 8, 0, 0, 1.0, 0, {"not_json": 2}, {"native": 2})
    span = Span("2026-09-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00", "UTC")
    found = {"command": "check" if "checks" in given else "summary", "exit_code": 0, "window": span, "data": data}
    return Result(**(found | given), measurements=list(measurements), by=by)


def checked(*checks: Verdict) -> Result:
    """Return the answer of a check."""
    counts = {status: sum(check.status == status for check in checks) for status in STATUSES}
    return result([], checks=list(checks), verdict="breach", counts=counts, exit_code=1)


def hostile_results(text: str) -> list[Result]:
    """Return answers that show a text wherever a text of others can be shown."""
    by = {"feature": text, "model": "m"}
    return [
        result([measurement("calls", 3, slice=by), measurement("error-rate", slice=by)], by=("feature", "model")),
        result([measurement("calls", None, reason=text, status="unknown"), measurement("error-rate", reason=text)]),
        result([], sections=(Section(text, (text, "calls"), ((text, 3),)),)),
        checked(verdict(id=text, slice={"feature": text}, reason=text, at={"file": text, "line": 1}, next=text)),
    ]


def render(name: str, shown: Result, **look: Any) -> str:
    """Return an answer in a format."""
    return format_named(name).render(shown, Look(**look))


@each("text", HOSTILE)
@pytest.mark.parametrize("name", ["table", "md", "csv"])
def test_nothing_unseen_reaches_a_reader(name: str, text: str) -> None:
    """No control, turn of direction or letter without width passes, and no line commands a build."""
    for shown in hostile_results(text):
        rendered = render(name, shown).replace("\r\n", "\n")

        assert UNSEEN.findall(rendered) == []
        assert [line for line in rendered.split("\n") if line.lstrip().startswith(("::", "##["))] == []


@each("text", HOSTILE)
@pytest.mark.parametrize("color", [False, True])
def test_nothing_unseen_reaches_a_terminal(text: str, *, color: bool) -> None:
    """On a terminal the only escapes are our own colours, and no line is wider than it."""
    for shown in hostile_results(text):
        rendered = render("table", shown, width=80, color=color)
        plain = COLOR.sub("", rendered)
        wide = [line for line in plain.split("\n") if cell_len(line) > 80 and not line.startswith("next: ")]

        assert (UNSEEN.findall(plain), wide) == ([], [])
        assert color or plain == rendered


@pytest.mark.parametrize("name", formats())
def test_no_text_commands_a_build(name: str) -> None:
    """A build takes `##[` for a command wherever it stands in a line, and so it stands in none."""
    shown = hostile_results("a ##[error]b")[-1 if formats()[name].of_check else 0]
    rendered = render(name, shown)

    assert "error" in rendered
    assert "##[" not in rendered


@each("text", HOSTILE)
def test_markdown_keeps_its_shape(text: str) -> None:
    """No text opens a cell, a link, an image, markup or a tag."""
    for shown in hostile_results(text):
        rendered = render("md", shown)
        cells = {len(CELL.findall(line)) for line in rendered.split("\n") if line.startswith("|")}
        prose = re.sub(r"^next: (`+).*?\1$", "", rendered, flags=re.MULTILINE)  # a code span: nothing acts in it
        active = re.findall(r"(?<!\\)[<>\[\]*_`~#!&@]", prose.removeprefix("## aiopsctl"))

        assert len(cells) <= 1
        assert active == []
        assert re.findall(r"https?://|www\.", prose) == []


@each("text", HOSTILE)
def test_csv_is_no_formula(text: str) -> None:
    """A cell of text does not begin as a formula does, and the rows have one shape."""
    for shown in hostile_results(text):
        rows = list(csv.reader(StringIO(render("csv", shown), newline="")))
        formulas = [
            cell for row in rows for cell in row if cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0"))
        ]

        assert formulas == []
        assert len({len(row) for row in rows}) == 1


@each("text", HOSTILE)
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_parses_back_equal(name: str, text: str) -> None:
    """A document holds every text as it was, with nothing in it that cannot be seen."""
    for shown in hostile_results(text):
        rendered = render(name, shown)
        items = shown.measurements if shown.checks is None else shown.checks
        expected = as_dict(shown) if name == "json" else [asdict(item) for item in items]
        actual = json.loads(rendered) if name == "json" else [json.loads(line) for line in rendered.split("\n")[:-1]]

        assert expected == actual
        assert UNSEEN.findall(rendered) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("draft", "draft"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud83d", "\\ud83d"),
        ("::error::x", "\\x3a:error::x"),
        (" ##[group]x", " \\x23#[group]x"),
        ("a ##[group]x ###[b", "a \\x23#[group]x #\\x23#[b"),
        ("a::b", "a::b"),
        ("x" * 201, "x" * 199 + "…"),
        (None, "None"),
    ],
)
def test_clean(text: object, expected: str) -> None:
    """What cannot be seen is shown as an escape, what commands is taken its force, what is too long is cut."""
    actual = clean(text)

    assert expected == actual


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "ms", "?"),
        (0.0, "ratio", "0 %"), (0.618, "ratio", "61.8 %"), (1.0, "ratio", "100.0 %"), (0.00191, "ratio", "0.191 %"),
        (0.09996, "ratio", "10.0 %"), (0.000001, "ratio", "0.0001 %"),
        (0, "ms", "0 ms"), (95, "ms", "95 ms"), (2140.4, "ms", "2,140 ms"), (9999.4, "ms", "9,999 ms"),
        (9999.6, "ms", "10.0 s"), (54_800, "ms", "54.8 s"), (1_234_567, "ms", "1,235 s"),
        (0, "usd", "$0.00"), (0.0041, "usd", "$0.0041"), (0.005225123, "usd", "$0.005225"), (0.5, "usd", "$0.50"),
        (0.99999, "usd", "$1.00"), (1, "usd", "$1.00"), (12_345.678, "usd", "$12,345.68"), (1.23e-7, "usd", "$0.000000123"),
        (-3.5, "usd", "-$3.50"),
        (25.07, "x", "25.1x"), (999.96, "x", "1,000x"), (1234.5, "x", "1,234x"), (2.999, "x", "3.00x"),
        (34_099, "tpm", "34,099 /min"), (19_933, "calls", "19,933"),
        (1469.0, "tokens", "1,469"), (352.24, "tokens", "352.2"), (35.9, "points", "35.9"), (-12.0, "points", "-12"),
        (84.52, "users", "84.5"),
    ],
)  # fmt: skip
def test_number(value: float | None, unit: str, expected: str) -> None:
    """A number has its unit, about three digits that mean something, and no more."""
    actual = number(value, unit)

    assert expected == actual


@pytest.mark.parametrize(
    ("value", "before", "unit", "expected"),
    [
        (0.6178, 0.7088, "ratio", "-9.1 points"), (0.5, 0.5, "ratio", "0.0 points"), (0.49999, 0.5, "ratio", "0.0 points"),
        (120, 100, "ms", "+20.0 %"), (80, 100, "ms", "-20.0 %"), (5, 0, "ms", ""), (None, 1, "ms", ""), (1, None, "ms", ""),
        (35, 30, "points", "+5.0 points"), (2500, 100, "x", "+2,400.0 %"), (-5, -10, "usd", "+50.0 %"),
    ],
)  # fmt: skip
def test_change(value: float | None, before: float | None, unit: str, expected: str) -> None:
    """Shares and scores move by points, anything else by per cent; what is unknown does not move."""
    actual = change(value, before, unit)

    assert expected == actual


def test_interval_and_plural() -> None:
    """An open end is shown as such, no interval as nothing, and one is not many."""
    expected = ["", "? to 5 ms", "1.00 % to 2.00 %", "1 call", "2,000 calls", "0 calls", "2 feedback"]
    actual = [
        interval(None, None, "ms"), interval(None, 5, "ms"), interval(0.01, 0.02, "ratio"),
        plural(1, "call"), plural(2000, "call"), plural(0, "call"), plural(2, "feedback", "feedback"),
    ]  # fmt: skip

    assert expected == actual


def by_feature(metrics: Sequence[str], value: float = 1234.5) -> Result:
    """Return metrics of two features."""
    features = ("autocomplete", "search-answer")
    found = [measurement(m, value, slice={"feature": feature}) for m in metrics for feature in features]
    return result(found, by=("feature",))


def long_check() -> Result:
    """Return a check with everything that a verdict can say, at length."""
    reason = "fell 10.2 points from 75.0 %; limit: fall of 3 points against 2026-08-03..2026-09-06"
    return checked(
        verdict(id="thumbs-up", metric="thumbs-up-rate", slice={"feature": "search-answer"}, reason=reason),
        verdict("unknown", id="heavy-users", metric="user-cost-over-mean", slice={}, value=None, low=None, high=None),
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "shown",
    [
        by_feature(METRICS),
        result([measurement(m, 1234.5, reason="some remark on it") for m in METRICS]),
        result([measurement(m, 0.1, reference=Reference("previous", 0.2, 0.1, 0.3, 9, None, None)) for m in METRICS]),
        long_check(),
    ],
    ids=["by feature", "by metric", "compared", "check"],
)
def test_table_fits_its_terminal(shown: Result, width: int) -> None:
    """No line is wider than the terminal, but for the command to paste."""
    lines = render("table", shown, width=width).split("\n")
    wide = [line for line in lines if cell_len(line) > width and not line.startswith("next: ")]

    assert wide == []


def test_columns_that_find_no_room() -> None:
    """On a narrow terminal the metrics that matter keep their columns, and a line names those that do not."""
    asked = ["latency-p99", "peak-tpm", "calls", "error-rate", "latency-p95", "thumbs-up-rate", "cost-per-call",
             "cost-total", "input-tokens", "latency-p50", "user-cost-p99", "user-cost-over-mean"]  # fmt: skip
    expected = """\
                                                 cost-
                      error-  latency-  thumbs-   per-  cost-  input-  latency-
feature        calls    rate       p95  up-rate   call  total  tokens       p50
───────────────────────────────────────────────────────────────────────────────
autocomplete       0  50.0 %      0 ms   50.0 %  $0.50  $0.50   0.500      0 ms
search-answer      0  50.0 %      0 ms   50.0 %  $0.50  $0.50   0.500      0 ms
4 columns hidden (latency-p99, peak-tpm, user-cost-p99, user-cost-over-mean):
--wide shows all
"""
    actual = render("table", by_feature(asked, 0.5), width=80).split("\n\n", 1)[1]

    assert expected == actual


def test_nothing_is_dropped_when_asked() -> None:
    """With --wide, and off a terminal, every column is there in full."""
    shown = by_feature(METRICS)
    wide = render("table", shown, width=80, wide=True)
    piped = render("table", shown)
    names = wide.split("\n")[4].split()

    assert ["feature", *METRICS] == names
    assert "hidden" not in wide
    assert piped == wide


def test_check_on_a_roomy_terminal() -> None:
    """At 120 columns interval and samples have columns of their own; the reason, which is longest, is below, once."""
    lines = render("table", long_check(), width=120).split("\n")
    (head,) = [line for line in lines if line.startswith("status")]

    assert {"status", "check", "slice", "value", "n"} <= set(head.split())
    assert "reason" not in head
    assert not [line for line in lines if line.strip().startswith("n ")]


def test_check_on_a_narrow_terminal() -> None:
    """Verdict, check, slice, value and reason stay at 80 columns; what has no column is said below the row."""
    expected = """\
status      check                              slice                   value
────────────────────────────────────────────────────────────────────────────
✖ critical  thumbs-up (thumbs-up-rate)         feature=search-answer  50.0 %
            fell 10.2 points from 75.0 %; limit: fall of 3 points against
            2026-08-03..2026-09-06
            40.0 % to 60.0 %, n 1,234, over 7d, aiopsctl.yaml:7
? unknown   heavy-users (user-cost-over-mean)  feature=x
            no rows
            n 1,234, over 7d, aiopsctl.yaml:7

breach: 1 critical, 1 unknown   exit 1
next: aiopsctl latency logs --by day
"""
    first, second = long_check().checks or []
    other = Verdict(**(asdict(second) | {"slice": {"feature": "x"}, "reason": "no rows", "next": None}))
    actual = render("table", checked(first, other), width=80).split("\n\n", 1)[1]

    assert expected == actual


def test_check_in_a_pipe() -> None:
    """Off a terminal a verdict is one line."""
    expected = """\
status      check                       slice                   value     95 % interval      n  over  reason                               at
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
✖ critical  thumbs-up (thumbs-up-rate)  feature=search-answer  50.0 %  40.0 % to 60.0 %  1,234  7d    50.0 % is above the limit of 5.00 %  aiopsctl.yaml:7
▲ warning   errors (error-rate)         feature=draft          50.0 %  40.0 % to 60.0 %  1,234  7d    50.0 % is above the limit of 5.00 %  aiopsctl.yaml:7

✔ 1 passed (--all lists them)
breach: 1 critical, 1 warning, 1 ok   exit 1
next: aiopsctl quality
"""
    worst = verdict(
        id="thumbs-up", metric="thumbs-up-rate", slice={"feature": "search-answer"}, next="aiopsctl quality"
    )
    actual = render("table", checked(verdict("ok"), verdict("warning"), worst)).split("\n\n", 1)[1]

    assert expected == actual


def test_slices_beside_another_window() -> None:
    """Grouped and compared, each value has behind it how far it moved."""
    before = Reference("previous", 100, None, None, 9, None, None)
    found = [
        measurement("latency-p95", 120, slice={"feature": "draft"}, reference=before),
        measurement("latency-p95", 90, slice={"feature": None}, reference=replace(before, value=None)),
    ]
    expected = """\
feature       latency-p95
─────────────────────────
draft    120 ms (+20.0 %)
\N{EN DASH}                   90 ms
"""
    actual = render("table", result(found, by=("feature",))).split("\n\n", 1)[1]

    assert expected == actual


def test_small_samples_say_so() -> None:
    """In a table by slice a value of fewer than 30 events is faint and has its number beside it; a count is what it is."""
    few, many = {"slice": {"feature": "chat"}, "n": 29}, {"slice": {"feature": "draft"}, "n": 30}
    before = Reference("previous", 0.4, None, None, 9, None, None)
    found = [measurement("calls", 3.0, **few), measurement("calls", 3.0, **many), measurement("error-rate", **few),
             measurement("error-rate", **many), measurement("thumbs-up-rate", **few, reference=before)]  # fmt: skip
    shown = result(found, by=("feature",))
    plain, colored = render("table", shown), render("table", shown, color=True)

    assert "50.0 % (n 29)" in plain
    assert "50.0 % (n 29, +10.0 points)" in plain
    assert "\x1b[2m  50.0 % (n 29)" in colored
    assert 2 == plain.count("(n ")
    assert "50.0 % (n 29)" in render("md", shown)


def test_colour_has_a_word_beside_it() -> None:
    """A status is a sign, a word and, where colours are shown, a colour."""
    expected = "\x1b[1;31m✖ critical"
    actual = render("table", checked(verdict()), color=True)

    assert expected in actual


def test_remarks_and_unknowns_are_told_once() -> None:
    """What holds for several metrics is one line below the table."""
    found = [
        measurement("cost-per-mau", 1.5, reason="no calendar month"), measurement("mau", 20, reason="no calendar month"),
        measurement("nps", None, status="unknown", reason="the log has no kind"),
        measurement("cost-total", 7, status="unknown", reason="cost is known for 60.0% of the calls"),
    ]  # fmt: skip
    expected = """\
note: cost-per-mau, mau: no calendar month
note: cost-total: cost is known for 60.0% of the calls
unknown: nps (the log has no kind)
"""
    shown = render("table", result(found))

    assert expected == shown.split("\n\n")[-1]
    assert "$7.00 ?" in shown


def test_slice_that_is_named_like_a_column() -> None:
    """Grouped by status, a CSV has the status of the calls and that of the measurement."""
    expected = "metric,by_status,value,low,high,n,unit,reference,reference_n,status,reason\r\ncalls,timeout,3,0.4,0.6,1234,calls,,,ok,\r\n"
    actual = render("csv", result([measurement("calls", 3, slice={"status": "timeout"})], by=("status",)))

    assert expected == actual


@pytest.mark.parametrize("name", ["csv", "jsonl", "json", "md", "table"])
def test_no_measurements(name: str) -> None:
    """An answer without measurements is still a whole document of its format."""
    expected = {
        "csv": "metric,feature,value",
        "jsonl": "",
        "json": '{\n  "schema_version"',
        "md": "## ",
        "table": "aiops",
    }
    actual = render(name, result([], by=("feature",)))

    assert actual.startswith(expected[name])
    assert actual == "" if name == "jsonl" else actual.endswith("\n")


@pytest.mark.parametrize("shown", [*hostile_results("draft"), long_check(), by_feature(METRICS), result([])])
def test_documents_are_as_the_schema_says(shown: Result) -> None:
    """Every document is valid by the schema that is printed for it."""
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    problems = list(validator.iter_errors(json.loads(render("json", shown))))

    assert problems == []


@pytest.mark.parametrize(
    ("command", "damage"),
    [
        ("summary", {"schema_version": 1}),
        ("summary", {"measurements": None}),
        ("check", {"verdict": "fine"}),
        ("check", {"counts": {}}),
    ],
)
def test_schema_refuses(command: str, damage: dict[str, Any]) -> None:
    """The schema is strict enough to see a document that is not as promised."""
    document = as_dict(checked(verdict()) if command == "check" else result([])) | damage
    problems = list(jsonschema.Draft202012Validator(schema()).iter_errors(document))

    assert len(problems) > 0


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("out.json", ("json", "out.json")),
        ("out.md", ("md", "out.md")),
        ("json=out.md", ("json", "out.md")),
        ("csv=-", ("csv", "-")),
        ("a=b.csv", ("csv", "a=b.csv")),
        ("table=x=y", ("table", "x=y")),
    ],
)
def test_target(output: str, expected: tuple[str, str]) -> None:
    """A file's format is the one that is named, else the one of its suffix."""
    found, path = target(output)

    assert expected == (found.name, path)


@pytest.mark.parametrize("output", ["out", "-", "out.xls", "", "jsn=out"])
def test_no_target(output: str) -> None:
    """A file whose format cannot be told is an error."""
    with pytest.raises(UsageError):
        target(output)


def test_formats_are_found() -> None:
    """Every format is found by looking."""
    expected = {"table", "json", "jsonl", "csv", "md"}
    actual = set(formats())

    assert expected <= actual
