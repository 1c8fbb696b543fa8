"""From a config and a log to verdicts and an exit code."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from building import events
from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.checks.check import Check, from_config, handbook
from aiopsctl.checks.judge import judge, limit_words
from aiopsctl.checks.outcome import exit_code
from aiopsctl.checks.run import run
from aiopsctl.checks.scopes import Run
from aiopsctl.cli.configured import baselines
from aiopsctl.config import Config, Limit, load
from aiopsctl.result import Measurement, Reference, Result, Verdict
from aiopsctl.sources.log import Account, Log
from aiopsctl.window import Window, span

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 10, 1, tzinfo=UTC)
UNITS = {name: metric.unit for name, metric in catalog.metrics().items()}
NO_INTERVAL = (None, None)


def check(metric: str, **given: Any) -> Check:
    """Return a check that judges the smallest sample."""
    return Check(**{"id": "it", "metric": catalog.metric(metric), "limits": {}, "min_samples": 1} | given)


def limited(metric: str, level: str, kind: str, value: float, mode: str = "absolute", **given: Any) -> Check:
    """Return a check with one limit."""
    return check(metric, limits={level: (Limit(kind, value, mode),)}, **given)  # type: ignore[arg-type]  # spelt out


def measured(
    metric: str,
    value: float | None,
    interval: tuple[float | None, float | None] = NO_INTERVAL,
    before: float | None = None,
    interval_before: tuple[float | None, float | None] = NO_INTERVAL,
    **given: Any,
) -> Measurement:
    """Return a measurement of 100 samples, and of 100 in the window before where it is compared."""
    reference = None if before is None else Reference("previous", before, *interval_before, 100, None, None)
    found = Measurement(metric, {}, value, *interval, 100, UNITS[metric], reference)
    return replace(found, **given)


def config(text: str, folder: Path) -> Config:
    """Return a config from its text."""
    path = folder / "aiopsctl.yaml"
    path.write_text(text)
    return load(path, metrics=UNITS, columns=None, checks=tuple(UNITS))


def judged(log: pl.DataFrame, checks: list[Check], **how: Any) -> Result:
    """Return the result of checks on a log, judged at the end of September."""
    return run(checks, Log(log, Account(rows_read=log.height)), Run(**{"now": NOW, "tz": UTC_ZONE} | how))


def statuses(result: Result) -> dict[tuple[str, ...], str]:
    """Return the status of each check by its name and slice."""
    return {(v.id, *(str(part) for part in v.slice.values())): v.status for v in result.checks or []}


def calls(count: int, day: str, **row: Any) -> list[Mapping[str, Any]]:
    """Return equal calls of one day of 2026."""
    return [{"ts": f"2026-{day}T12:00:00Z", "status": "ok"} | row for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "limit", "mode", "value", "before", "expected"),
    [
        ("above", 200, "absolute", 201, None, "critical"),
        ("above", 200, "absolute", 200, None, "ok"),  # a limit may be reached
        ("below", 200, "absolute", 199, None, "critical"),
        ("below", 200, "absolute", 200, None, "ok"),
        ("rise", 20, "absolute", 121, 100, "critical"),
        ("rise", 20, "absolute", 120, 100, "ok"),
        ("rise", 0.2, "relative", 121, 100, "critical"),
        ("rise", 0.2, "relative", 120, 100, "ok"),
        ("rise", 1.5, "factor", 151, 100, "critical"),
        ("rise", 1.5, "factor", 150, 100, "ok"),
        ("fall", 20, "absolute", 79, 100, "critical"),
        ("fall", 20, "absolute", 80, 100, "ok"),
        ("fall", 0.2, "relative", 79, 100, "critical"),
        ("fall", 0.2, "relative", 80, 100, "ok"),
        ("fall", 0.5, "factor", 49, 100, "critical"),
        ("fall", 0.5, "factor", 50, 100, "ok"),
        ("fall", 0.2, "relative", 200, 100, "ok"),  # it rose
        ("rise", 0.2, "relative", 1, 0, "critical"),  # anything is a rise from nothing
        ("rise", 0.2, "relative", 0, 0, "ok"),
    ],
)
def test_limits(kind: str, limit: float, mode: str, value: float, before: float | None, expected: str) -> None:
    """A value is bad past its limit: the value itself, or how far it moved from the window before."""
    verdict = judge(
        limited("latency-p50", "critical", kind, limit, mode), measured("latency-p50", value, before=before), None
    )

    assert expected == verdict.status


@pytest.mark.parametrize(("value", "expected"), [(-24, "critical"), (-22, "ok"), (-8, "ok")])
def test_relative_limit_of_a_negative_score(value: float, expected: str) -> None:
    """A score below zero falls by a share of its size, too: from -20 a fall of 15 % ends at -23."""
    verdict = judge(limited("nps", "critical", "fall", 0.15, "relative"), measured("nps", value, before=-20), None)

    assert expected == verdict.status


@pytest.mark.parametrize(("value", "expected"), [(99, "ok"), (101, "warning"), (201, "critical")])
def test_levels(value: float, expected: str) -> None:
    """The worst level whose limit is passed is the status."""
    limits = {"critical": (Limit("above", 200, "absolute"),), "warning": (Limit("above", 100, "absolute"),)}
    verdict = judge(check("latency-p50", limits=limits), measured("latency-p50", value), None)

    assert expected == verdict.status


@pytest.mark.parametrize(
    ("metric", "how", "expected"),
    [
        ("error-rate", None, "ok"),
        ("error-rate", "interval", "ok"),
        ("error-rate", "value", "critical"),
        ("latency-p50", None, "critical"),
        ("latency-p50", "interval", "ok"),
    ],
)
def test_interval_or_value(metric: str, how: str | None, expected: str) -> None:
    """A rate must be past its limit with its whole interval, anything else with its value, unless the check says so."""
    verdict = judge(limited(metric, "critical", "above", 0.1, judge=how), measured(metric, 0.12, (0.09, 0.15)), None)

    assert expected == verdict.status


def test_value_past_a_limit_that_its_interval_is_not() -> None:
    """A pass that might be a breach says so."""
    expected = "12.0 % is above the limit of 10.0 %, but not with its whole interval"
    verdict = judge(limited("error-rate", "critical", "above", 0.1), measured("error-rate", 0.12, (0.09, 0.15)), None)

    assert expected == verdict.reason


@pytest.mark.parametrize(("limit", "expected"), [(0.0916, "critical"), (0.0918, "ok")])
def test_interval_of_a_difference(limit: float, expected: str) -> None:
    """A fall from 75 % (72 to 78) to 60 % (55 to 65) is surely one of 0.15 - sqrt(0.05² + 0.03²) = 0.09169."""
    m = measured("thumbs-up-rate", 0.60, (0.55, 0.65), 0.75, (0.72, 0.78))
    verdict = judge(limited("thumbs-up-rate", "critical", "fall", limit), m, None)

    assert expected == verdict.status


@pytest.mark.parametrize(("limit", "expected"), [(0.5702, "critical"), (0.5704, "ok")])
def test_interval_of_a_relative_rise(limit: float, expected: str) -> None:
    """A rise from 10 % (9 to 11) to 20 % (16 to 24) is surely one by 57.03 %: 0.2 - 0.15703 = sqrt(0.04² + 0.015703²)."""
    m = measured("error-rate", 0.20, (0.16, 0.24), 0.10, (0.09, 0.11))
    verdict = judge(limited("error-rate", "critical", "rise", limit, "relative"), m, None)

    assert expected == verdict.status


def test_no_interval_is_judged_by_its_value() -> None:
    """A share that has no interval is judged by its value."""
    limit = limited("top-1pct-cost-share", "critical", "above", 0.4)
    verdict = judge(limit, measured("top-1pct-cost-share", 0.41), None)

    assert verdict.status == "critical"


@pytest.mark.parametrize(
    ("how", "expected"), [("skip", ("skipped", "49 of 50 samples")), ("unknown", ("unknown", "49 of 50 samples"))]
)
def test_too_few_samples(how: str, expected: tuple[str, str]) -> None:
    """Fewer samples than are asked for are skipped, or unknown, as the config says."""
    few = limited("latency-p50", "critical", "above", 1, min_samples=50, on_few_samples=how)
    verdict = judge(few, measured("latency-p50", 100, n=49), None)

    assert expected == (verdict.status, verdict.reason)


def test_few_samples_judged_all_the_same() -> None:
    """With `on_few_samples: judge` the sample size does not matter, here and in the window before."""
    few = limited("latency-p50", "critical", "rise", 0.1, "relative", min_samples=500, on_few_samples="judge")
    verdict = judge(few, measured("latency-p50", 120, before=100), None)

    assert verdict.status == "critical"


@pytest.mark.parametrize(
    ("reference", "covered", "expected"),
    [
        (None, None, "nothing to compare with in the window before"),
        (Reference("previous", None, None, None, 0, None, None), None, "nothing to compare with in the window before"),
        (Reference("previous", 100, None, None, 49, None, None), None, "49 of 50 samples in the window before"),
        (Reference("previous", 100, None, None, 99, None, None), "the log begins later", "the log begins later"),
    ],
)
def test_no_reference(reference: Reference | None, covered: str | None, expected: str) -> None:
    """A rise or fall that cannot be told is skipped, and says why."""
    m = measured("latency-p50", 200, reference=reference)
    verdict = judge(limited("latency-p50", "critical", "rise", 0.1, "relative", min_samples=50), m, covered)

    assert ("skipped", expected) == (verdict.status, verdict.reason)


@pytest.mark.parametrize(("value", "expected"), [(501, "critical"), (499, "skipped")])
def test_no_reference_beside_a_plain_limit(value: float, expected: str) -> None:
    """A limit that needs no window before is judged though there is none."""
    limits = (Limit("rise", 0.1, "relative"), Limit("above", 500, "absolute"))
    verdict = judge(check("latency-p50", limits={"critical": limits}), measured("latency-p50", value), None)

    assert expected == verdict.status


@pytest.mark.parametrize("status", ["unknown", "ok", "warning", "critical"])
def test_no_data(status: str) -> None:
    """Without data the status is unknown, or what the config says."""
    nothing = measured("latency-p50", None, status="unknown", reason="no rows", n=0)
    verdict = judge(limited("latency-p50", "critical", "above", 1, on_no_data=status), nothing, None)

    assert (status, "no rows") == (verdict.status, verdict.reason)


def test_cost_of_too_few_calls_is_unknown() -> None:
    """A cost that is known for a part of the calls is no cost to judge, whatever is said of no data."""
    partly = measured("cost-total", 5.0, status="unknown", reason="cost is known for 60.0% of the calls")
    expected = ("unknown", 5.0)
    verdict = judge(limited("cost-total", "critical", "above", 1, on_no_data="ok"), partly, None)

    assert expected == (verdict.status, verdict.value)


@pytest.mark.parametrize(
    ("metric", "kind", "limit", "mode", "value", "before", "expected"),
    [
        ("latency-p95", "above", 8000, "absolute", 8412, None, "8,412 ms is above the limit of 8,000 ms"),
        ("thumbs-up-rate", "below", 0.7, "absolute", 0.65, None, "65.0 % is below the limit of 70.0 %"),
        (
            "thumbs-up-rate",
            "fall",
            0.08,
            "absolute",
            0.6178,
            0.7088,
            "fell 9.1 points from 70.9 %; limit: fall of 8 points",
        ),
        ("input-tokens", "rise", 0.2, "relative", 2310, 1860, "rose 24.2 % from 1,860; limit: rise of 20 %"),
        ("cost-total", "rise", 1.5, "factor", 20, 10, "rose 100.0 % from $10.00; limit: rise to 1.5x"),
        ("cost-total", "rise", 5, "absolute", 20, 10, "rose 100.0 % from $10.00; limit: rise of $5.00"),
        ("nps", "fall", 8, "absolute", 20, 30, "fell 10.0 points from 30; limit: fall of 8"),
        ("cost-total", "rise", 0.2, "relative", 20, 0, "rose to $20.00 from $0.00; limit: rise of 20 %"),
    ],
)
def test_reason(
    metric: str, kind: str, limit: float, mode: str, value: float, before: float | None, expected: str
) -> None:
    """A breach says what happened and what the limit was, in the units of people."""
    verdict = judge(limited(metric, "warning", kind, limit, mode), measured(metric, value, before=before), None)

    assert ("warning", expected) == (verdict.status, verdict.reason)


def test_limit_in_words() -> None:
    """A limit reads as it would be written."""
    expected = ["above $0.02", "rise of 20 %", "fall to 0.5x", "fall of 3 points", "rise of 100 ms"]
    limits = [
        (Limit("above", 0.02, "absolute"), "usd"), (Limit("rise", 0.2, "relative"), "tokens"),
        (Limit("fall", 0.5, "factor"), "ms"), (Limit("fall", 0.03, "absolute"), "ratio"),
        (Limit("rise", 100, "absolute"), "ms"),
    ]  # fmt: skip
    actual = [limit_words(limit, unit) for limit, unit in limits]

    assert expected == actual


CLASSES = """
features:
  complete: {class: inline}
  draft: {class: on-demand}
  nightly: {class: async}
checks:
  slow: {metric: [latency-p50, latency-p95], critical: {above: class}, min_samples: 1}
"""


def test_class_limits(tmp_path: Path) -> None:
    """Each feature has the limit of its class; those of class async, and those without a class, have none."""
    features = {"complete": 600, "draft": 600, "nightly": 600_000, "other": 600_000}
    log = events(*(row for name, ms in features.items() for row in calls(1, "09-30", feature=name, latency_ms=ms)))
    expected = {("slow", "complete"): "ok", ("slow", "draft"): "ok"}
    result = judged(log, from_config(config(CLASSES, tmp_path), "it.yaml"))
    p50 = {v.slice["feature"]: v.status for v in result.checks or [] if v.metric == "latency-p50"}

    assert expected == statuses(result)
    assert p50 == {"complete": "critical", "draft": "ok"}


def test_class_limits_of_the_config(tmp_path: Path) -> None:
    """A class of the config has its own limits, and no others."""
    text = CLASSES + "classes:\n  inline: {p50: 1s}\n"
    log = events(*calls(1, "09-30", feature="complete", latency_ms=1600))
    expected = [("latency-p50", "critical", 1000)]
    result = judged(log, from_config(config(text, tmp_path), "it.yaml"))
    actual = [(v.metric, v.status, (v.limit or {}).get("value")) for v in result.checks or []]

    assert expected == actual


@pytest.mark.parametrize(
    ("text", "feature", "expected"),
    [
        (CLASSES, "other", ("unknown", "no feature of the log has a class; the config gives them")),
        ("checks:\n  slow: {metric: latency-p50, critical: {above: class}}\n", "draft",
         ("unknown", "no feature has a class; the config gives them")),
    ],
)  # fmt: skip
def test_no_classes(text: str, feature: str, expected: tuple[str, str], tmp_path: Path) -> None:
    """Where no feature has a class, a check that asks for one cannot be judged, and one line says so."""
    log = events(*calls(1, "09-30", feature=feature, latency_ms=600))
    result = judged(log, [c for c in from_config(config(text, tmp_path), "") if c.metric.name == "latency-p50"])
    actual = [(v.status, (v.reason or "").partition(":")[0]) for v in result.checks or []]

    assert [expected] == actual
    assert result.exit_code == 3


GROWTH = """
checks:
  growth: {metric: calls, window: month, compare: previous, critical: {rise: 50%}, min_samples: 1}
"""


def test_months_are_compared_by_the_same_days(tmp_path: Path) -> None:
    """The first ten days of a month are held against the first ten days of the one before, not against all of it."""
    log = events(*calls(2, "08-01"), *calls(2, "08-09"), *calls(90, "08-11"), *calls(4, "09-02"), *calls(3, "09-09"))
    begin, end = "2026-09-01T00:00:00+00:00", "2026-09-11T00:00:00+00:00"
    reference = Reference("previous", 4, None, None, 4, "2026-08-01T00:00:00+00:00", "2026-08-11T00:00:00+00:00")
    expected = ("critical", 7, reference, {"name": "month", "since": begin, "until": end, "partial": True})
    checks = from_config(config(GROWTH, tmp_path), "")
    (actual,) = judged(log, checks, now=datetime(2026, 9, 11, tzinfo=UTC)).checks or []

    assert expected == (actual.status, actual.value, actual.reference, actual.window)


def test_log_that_does_not_reach_back(tmp_path: Path) -> None:
    """A window before of which the log lacks more than a tenth is no reference."""
    log = events(*calls(9, "08-10"), *calls(30, "09-02"))
    expected = ("skipped", "the log begins 2026-08-10, the window before on 2026-08-01")
    (actual,) = judged(log, from_config(config(GROWTH, tmp_path), "")).checks or []

    assert expected == (actual.status, actual.reason)


def test_log_that_ended(tmp_path: Path) -> None:
    """A log that ended before the window is unknown, says when it ended, and gives the code 3."""
    text = "checks:\n  busy: {metric: calls, window: 7d, critical: {below: 1}}\n"
    reason = "no rows since 2026-09-24: the newest is of 2026-09-10"
    note = "the newest row is 20 days older than now; --now data counts back from it"
    expected = ("unknown", reason, 3, "not judged", note)
    result = judged(events(*calls(9, "09-10")), from_config(config(text, tmp_path), ""))
    (actual,) = result.checks or []

    assert expected == (actual.status, actual.reason, result.exit_code, result.verdict, result.notes[0])


@pytest.mark.parametrize("compare", ["launch", "baseline:launch", "2026-08-01..2026-08-03"])
def test_compared_with_a_baseline(compare: str, tmp_path: Path) -> None:
    """A check may be held against a good period, by its name or by its dates."""
    text = f"""
baselines: {{launch: {{since: 2026-08-01, until: 2026-08-03}}}}
checks: {{busy: {{metric: calls, window: 2d, compare: "{compare}", warning: {{fall: 50%}}, min_samples: 1}}}}
"""
    first = {"ts": "2026-08-01T00:00:00Z"}
    log = events(first, *calls(9, "08-01"), *calls(10, "08-02"), *calls(99, "08-03"), *calls(9, "09-30"))
    expected = f"fell 55.0 % from 20; limit: fall of 50 % against {compare.removeprefix('baseline:')}"
    known = (("launch", span("2026-08-01..2026-08-03", NOW, UTC_ZONE)),)
    (actual,) = judged(log, from_config(config(text, tmp_path), ""), baselines=known).checks or []

    assert ("warning", expected) == (actual.status, actual.reason)


def test_compared_with_a_relative_baseline(tmp_path: Path) -> None:
    """A baseline may be the window before, under a name of its own."""
    text = """
baselines: {before: {relative: previous}}
checks: {busy: {metric: calls, window: 2d, compare: before, warning: {fall: 50%}, min_samples: 1}}
"""
    log = events({"ts": "2026-09-27T00:00:00Z"}, *calls(9, "09-28"), *calls(4, "09-30"))
    loaded = config(text, tmp_path)
    result = judged(log, from_config(loaded, ""), baselines=baselines(loaded, NOW, UTC_ZONE))
    expected = "fell 60.0 % from 10; limit: fall of 50 % against before"

    assert [expected] == [v.reason for v in result.checks or []]


MUTED = """
checks:
  slow: {metric: latency-p50, by: feature, critical: {above: 1s}, min_samples: 1}
mutes:
  - {check: slow, where: "feature = 'nightly'", reason: migration, until: UNTIL}
"""


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-10-02", ("muted", "migration, until 2026-10-02; critical: 2,000 ms is above the limit of 1,000 ms")),
        ("2026-10-01", ("critical", "2,000 ms is above the limit of 1,000 ms; its mute ended 2026-10-01")),
    ],
)
def test_mute(until: str, expected: tuple[str, str], tmp_path: Path) -> None:
    """A muted check does not fail, and is told all the same; when the mute ends it fires, and says so."""
    log = events(*(row for name in ("draft", "nightly") for row in calls(1, "09-30", feature=name, latency_ms=2000)))
    loaded = config(MUTED.replace("UNTIL", until), tmp_path)
    result = judged(log, from_config(loaded, ""), mutes=loaded.mutes)
    draft, nightly = result.checks or []

    assert expected == (nightly.status, nightly.reason)
    assert (draft.status, draft.reason) == ("critical", "2,000 ms is above the limit of 1,000 ms")


@pytest.mark.parametrize(("where", "expected"), [("tier = 'pro'", "critical"), ("latency_ms > 5", "critical")])
def test_mute_of_something_else(where: str, expected: str, tmp_path: Path) -> None:
    """A mute by what the slices do not say covers none of them."""
    loaded = config(MUTED.replace("UNTIL", "2027-01-01").replace("feature = 'nightly'", where), tmp_path)
    log = events(*calls(1, "09-30", feature="nightly", latency_ms=2000))
    result = judged(log, from_config(loaded, ""), mutes=loaded.mutes)

    assert [expected] == [v.status for v in result.checks or []]


@pytest.mark.parametrize(
    ("days", "first", "expected"),
    [
        ("2d", 29, ("critical", "2026-09-30", "2,000 ms is above the limit of 1,000 ms")),
        ("2d", 30, ("ok", None, "2,000 ms is above the limit of 1,000 ms, for 1 of 2 days")),
        ("3d", 29, ("ok", None, "2,000 ms is above the limit of 1,000 ms, for 2 of 3 days")),
        ("2d", 26, ("critical", "2026-09-27", "2,000 ms is above the limit of 1,000 ms")),
    ],
)
def test_breach_that_must_last(days: str, first: int, expected: tuple[str, str | None, str], tmp_path: Path) -> None:
    """A limit `for` some days is breached when it was on each of them, and the verdict says since when."""
    text = (
        f"checks:\n  slow: {{metric: latency-p50, window: 1d, critical: {{above: 1s}}, min_samples: 1, for: {days}}}\n"
    )
    slow = {day: 2000 if day >= first else 100 for day in range(20, 31)}
    log = events(*(row for day, ms in slow.items() for row in calls(1, f"09-{day}", latency_ms=ms)))
    (actual,) = judged(log, from_config(config(text, tmp_path), "")).checks or []

    assert expected == (actual.status, actual.breached_since, actual.reason)


def test_where_and_since_narrow_a_check(tmp_path: Path) -> None:
    """The check's own condition and those of the command line hold together."""
    text = "checks:\n  busy: {metric: calls, where: \"feature = 'draft'\", critical: {below: 1}, min_samples: 1}\n"
    rows = [*calls(1, "09-29", feature="draft", tier="pro"), *calls(2, "09-30", feature="draft", tier="pro"),
            *calls(4, "09-30", feature="draft", tier="free"), *calls(8, "09-30", feature="chat", tier="pro")]  # fmt: skip
    within = Window(datetime(2026, 9, 30, tzinfo=UTC), None)
    result = judged(events(*rows), from_config(config(text, tmp_path), ""), where="tier = 'pro'", within=within)
    (actual,) = result.checks or []

    assert actual.value == 2


def verdict(status: str, id: str = "it") -> Verdict:
    """Return a verdict of a status."""
    return Verdict(id, "calls", {}, status, 1, None, None, 1, "calls", None, None, {}, None, None, None, None)


@pytest.mark.parametrize(
    ("found", "fail_on", "expected"),
    [
        (["ok"], "critical", 0),
        (["ok", "warning"], "critical", 0),
        (["ok", "warning"], "warning", 1),
        (["ok", "critical"], "critical", 1),
        (["ok", "critical"], "never", 0),
        (["critical", "unknown"], "critical", 1),
        (["warning", "unknown"], "critical", 3),
        (["warning", "unknown"], "warning", 1),
        (["critical", "unknown"], "never", 3),
        (["ok", "unknown"], "critical", 3),
        (["ok", "skipped"], "critical", 0),
        (["ok", "blind"], "critical", 0),
        (["ok", "muted"], "critical", 0),
        (["muted"], "critical", 0),
        (["warning", "skipped"], "critical", 0),
        (["skipped"], "critical", 0),
        (["blind"], "critical", 0),
        ([], "critical", 3),
    ],
)
def test_exit_code(found: list[str], fail_on: str, expected: int) -> None:
    """A breach that counts is 1 and beats 3, what cannot be judged is 3 and beats 0, and no check at all is 3."""
    actual = exit_code([verdict(status) for status in found], [check("calls")], fail_on=fail_on, strict=False)

    assert expected == actual


@pytest.mark.parametrize("status", ["skipped", "blind"])
@pytest.mark.parametrize(("required", "strict", "expected"), [(True, False, 3), (False, True, 3), (False, False, 0)])
def test_exit_code_of_what_must_be_judged(status: str, required: bool, strict: bool, expected: int) -> None:  # noqa: FBT001
    """A required check that was skipped is not judged, nor is any under --strict."""
    checks = [check("calls", id="a"), check("calls", id="b", required=required)]
    found = [verdict("ok", "a"), verdict(status, "b")]
    actual = exit_code(found, checks, fail_on="critical", strict=strict)

    assert expected == actual


@pytest.mark.parametrize(
    ("limits", "fail_on", "expected"),
    [
        ("critical: {above: 9}", "critical", (0, "pass")),
        ("warning: {above: 1}", "critical", (1, "breach")),
        ("critical: {above: 1}", "critical", (2, "breach")),
        ("critical: {above: 1}", "warning", (2, "breach")),
        ("critical: {above: 1}", "never", (0, "pass")),
    ],
)
def test_codes_of_monitors(limits: str, fail_on: str, expected: tuple[int, str], tmp_path: Path) -> None:
    """Monitors get 0, 1, 2 for ok, warning, critical, and the verdict agrees."""
    text = f"checks:\n  busy: {{metric: calls, {limits}, min_samples: 1}}\n"
    checks = from_config(config(text, tmp_path), "")
    result = judged(events(*calls(2, "09-30")), checks, nagios=True, fail_on=fail_on)

    assert expected == (result.exit_code, result.verdict)


def test_no_data_that_is_critical_breaches(tmp_path: Path) -> None:
    """Where the config says that no data is critical, an empty log is a breach."""
    text = "defaults: {on_no_data: critical}\nchecks:\n  busy: {metric: calls, critical: {below: 1}}\n"
    expected = (1, "breach")
    result = judged(events(*calls(2, "01-01")), from_config(config(text, tmp_path), ""))

    assert expected == (result.exit_code, result.verdict)


def test_handbook() -> None:
    """Without a config every threshold of every metric is a check; those by class are one for each metric."""
    expected = []
    for name, metric in catalog.metrics().items():
        by_class = ["class" in threshold.when for threshold in metric.thresholds]
        expected += [name] * (by_class.count(False) + any(by_class))
    actual = [each.id for each in from_config(Config(), "")]

    assert expected == actual
    assert {"cost-per-mau", "user-cost-over-mean", "input-tokens", "latency-p50", "latency-p95"} <= set(actual)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("cost-per-mau", ("month", "previous", {"critical": 0.5, "warning": 0.2})),
        ("user-cost-over-mean", ("month", None, {"critical": 20, "warning": 5})),
        ("input-tokens", ("30d", "previous", {"warning": 0.2})),
    ],
)
def test_limits_of_the_handbook(metric: str, expected: tuple[str, str | None, dict[str, float]]) -> None:
    """The handbook's figures: +20 % and +50 % a month, 5x and 20x the mean, +20 % tokens over 30 days."""
    (found,) = (each for each in handbook() if each.id == metric)
    actual = (found.window, found.compare, {level: limit.value for level, (limit,) in found.limits.items()})

    assert expected == actual


def test_latency_limits_of_the_handbook() -> None:
    """The handbook's figures: 0.5 and 1.5 s inline, 3 and 8 s on demand, 30 and 90 s in the background."""
    expected = {
        "latency-p50": {"inline": 500, "on-demand": 3_000, "background": 30_000},
        "latency-p95": {"inline": 1_500, "on-demand": 8_000, "background": 90_000},
    }
    actual = {each.id: each.of_class for each in handbook() if each.by_class}

    assert expected == actual


OWN = "checks:\n  tokens: {metric: input-tokens, critical: {above: 5000}}\n"


@pytest.mark.parametrize(
    ("preset", "expected"), [("", ["tokens"]), ("preset: none\n", ["tokens"]), ("preset: handbook\n", None)]
)
def test_preset(preset: str, expected: list[str] | None, tmp_path: Path) -> None:
    """A config with checks has only those, unless it names the preset; what it checks itself replaces the preset's."""
    others = ["tokens", *(each.id for each in handbook() if each.id != "input-tokens")]
    actual = [each.id for each in from_config(config(preset + OWN, tmp_path), "")]

    assert (expected or others) == actual


def test_defaults_hold_for_the_preset(tmp_path: Path) -> None:
    """What a config says of every check holds for those of the handbook, too."""
    text = "defaults: {min_samples: 7, on_no_data: critical, on_few_samples: judge}\n"
    expected = {(7, "critical", "judge")}
    found = from_config(config(text, tmp_path), "")
    actual = {(each.min_samples, each.on_no_data, each.on_few_samples) for each in found}

    assert expected == actual


def test_place_of_a_check(tmp_path: Path) -> None:
    """A verdict says where its check is written, and where it is written what to do."""
    text = OWN.replace("}}", "}, runbook: https://wiki.example/tokens}")
    expected = ({"file": "conf/aiopsctl.yaml", "line": 2}, "https://wiki.example/tokens")
    checks = from_config(config(text, tmp_path), "conf/aiopsctl.yaml")
    (actual,) = judged(events(*calls(1, "09-30", input_tokens=1)), checks).checks or []

    assert expected == (actual.at, actual.runbook)


@pytest.mark.parametrize(
    ("row", "by", "expected"),
    [
        ({"feature": "draft"}, "feature", "\"feature = 'draft'\""),
        ({"feature": "it's"}, "feature", "\"feature = 'it''s'\""),
        ({"feature": '$(rm) `x` "y" \\'}, "feature", '"feature = \'\\$(rm) \\`x\\` \\"y\\" \\\\\'"'),
        ({"feature": "hey!"}, "feature", "'feature = '\"'\"'hey!'\"'\"''"),
        ({"feature": None}, "feature", "'feature IS NULL'"),
        ({"cache_hit": True}, "cache_hit", "'cache_hit = true'"),
        ({"http_status": 200}, "http_status", "'http_status = 200'"),
        ({"feature": "draft"}, "feature, month", "\"feature = 'draft'\""),
    ],
)
def test_next_command(row: Mapping[str, Any], by: str, expected: str, tmp_path: Path) -> None:
    """A breach ends in a command that shows its rows, in which no name can do harm."""
    text = f"checks:\n  busy: {{metric: calls, by: [{by}], critical: {{above: 1}}, min_samples: 1}}\n"
    result = judged(events(*calls(2, "09-30", **row)), from_config(config(text, tmp_path), ""), inputs=("my logs",))
    (actual,) = result.checks or []

    assert f"aiopsctl latency 'my logs' --metrics calls --where {expected} --since 2026-09-24 --by day" == actual.next
