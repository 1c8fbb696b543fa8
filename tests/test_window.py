"""What users write for times and spans, as half-open windows of one zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aiopsctl.errors import UsageError
from aiopsctl.window import Window, is_partial, judged, moment, previous, span, zone

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # a Monday


def at(text: str) -> datetime:
    """Return a time of UTC, written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(since: str, until: str) -> Window:
    """Return a window of two times of UTC."""
    return Window(at(since), at(until))


@pytest.mark.parametrize(
    ("text", "utc", "berlin"),
    [
        ("now", "2026-11-23T12:30", "2026-11-23T12:30"),
        ("90m", "2026-11-23T11:00", "2026-11-23T11:00"),
        ("36h", "2026-11-22T00:30", "2026-11-22T00:30"),
        ("7d", "2026-11-16T12:30", "2026-11-16T12:30"),
        ("2w", "2026-11-09T12:30", "2026-11-09T12:30"),
        ("0d", "2026-11-23T12:30", "2026-11-23T12:30"),
        ("today", "2026-11-23", "2026-11-22T23:00"),
        ("yesterday", "2026-11-22", "2026-11-21T23:00"),
        ("this-month", "2026-11-01", "2026-10-31T23:00"),
        ("last-month", "2026-10-01", "2026-09-30T22:00"),
        ("2026-11", "2026-11-01", "2026-10-31T23:00"),
        ("2026-W46", "2026-11-09", "2026-11-08T23:00"),
        ("2026-07-01", "2026-07-01", "2026-06-30T22:00"),
        ("2026-11-01T08:00", "2026-11-01T08:00", "2026-11-01T07:00"),
        ("2026-11-01 08:00:30", "2026-11-01T08:00:30", "2026-11-01T07:00:30"),
        ("2026-11-01T08:00Z", "2026-11-01T08:00", "2026-11-01T08:00"),
        ("2026-11-01T08:00+05:30", "2026-11-01T02:30", "2026-11-01T02:30"),
    ],
)
def test_moment(text: str, utc: str, berlin: str) -> None:
    """A time is read in the zone of the run, unless it names its own."""
    expected = (at(utc), at(berlin))
    actual = (moment(text, NOW, ZoneInfo("UTC")), moment(text, NOW, BERLIN))

    assert expected == actual


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", window("2026-11-16T12:30", "2026-11-23T12:30")),
        ("today", window("2026-11-23", "2026-11-24")),
        ("yesterday", window("2026-11-22", "2026-11-23")),
        ("this-month", window("2026-11-01", "2026-12-01")),
        ("last-month", window("2026-10-01", "2026-11-01")),
        ("2026-12", window("2026-12-01", "2027-01-01")),
        ("2028-02", window("2028-02-01", "2028-03-01")),
        ("2026-W01", window("2025-12-29", "2026-01-05")),
        ("2026-W53", window("2026-12-28", "2027-01-04")),
        ("2026-11-01", window("2026-11-01", "2026-11-02")),
        ("2026-11-01T08:00", window("2026-11-01T08:00", "2026-11-23T12:30")),
        ("2026-09-01..2026-10-01", window("2026-09-01", "2026-10-01")),
        ("2026-09..2026-10", window("2026-09-01", "2026-10-01")),
        ("14d..7d", window("2026-11-09T12:30", "2026-11-16T12:30")),
        ("2026-11-01..", Window(at("2026-11-01"), None)),
        ("..2026-11-01", Window(None, at("2026-11-01"))),
    ],
)
def test_span(text: str, expected: Window) -> None:
    """A range has two ends, a word for a period is the whole of it, and a span ends now; none includes its end."""
    actual = span(text, NOW, ZoneInfo("UTC"))

    assert expected == actual


@pytest.mark.parametrize(
    "text",
    [
        "", "lastweek", "7 d", "7D", "-7d", "+7d", "7d\n", "7.5d", "1y", "2026", "2026-13", "2026-00", "2026-W54",
        "2026-02-29", "2026-11-31", "2026-11-01T25:00", "11/01/2026", "1.11.2026", "999999w", "9" * 5000 + "d",
        "0001-01-01", "9999-12", "٣d", "2026-11-01T08:00+99:00",
    ],
)  # fmt: skip
def test_no_time(text: str) -> None:
    """What is no time of the calendar is an error that quotes it, and never a guess."""
    with pytest.raises(UsageError) as caught:
        moment(text, NOW, BERLIN)

    assert f"'{text}'" in caught.value.what


@pytest.mark.parametrize("text", ["..", "2026-10..2026-09", "2026-09..2026-09", "now", "now..now", "0d", "2026..2027"])
def test_no_span(text: str) -> None:
    """A range that holds nothing, or that has no ends, is an error."""
    with pytest.raises(UsageError):
        span(text, NOW, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-29", 23),  # clocks go forward at 02:00
        ("2026-10-25", 25),  # clocks go back at 03:00
        ("2026-10-26", 24),
        ("2026-W13", 7 * 24 - 1),
        ("2026-10", 31 * 24 + 1),
    ],
)
def test_days_on_which_clocks_change(text: str, expected: int) -> None:
    """A day of a zone has 23, 24 or 25 hours."""
    found = span(text, NOW, BERLIN)
    assert found.since
    assert found.until
    actual = (found.until - found.since).total_seconds() / 3600

    assert expected == actual


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1d", "2026-10-24T10:00"), ("1w", "2026-10-18T10:00"), ("24h", "2026-10-24T11:00"), ("60m", "2026-10-25T10:00")],
)
def test_days_back_over_a_clock_change(text: str, expected: str) -> None:
    """Days and weeks end at the clock time at which they began, hours are hours."""
    noon_in_berlin = at("2026-10-25T11:00")
    actual = moment(text, noon_in_berlin, BERLIN)

    assert at(expected) == actual


def test_times_that_clocks_skip_and_repeat() -> None:
    """A time that the clocks skip is the one after the change, one that they show twice is the first."""
    expected = (at("2026-03-29T01:30"), at("2026-10-25T00:30"))
    actual = (moment("2026-03-29T02:30", NOW, BERLIN), moment("2026-10-25T02:30", NOW, BERLIN))

    assert expected == actual


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("day", "2026-11-22T23:00"),
        ("week", "2026-11-22T23:00"),
        ("month", "2026-10-31T23:00"),
        ("7d", "2026-11-16T12:30"),
    ],
)
def test_judged_window(name: str, expected: str) -> None:
    """A check looks at a period of the zone up to now, or back from now."""
    actual = judged(name, NOW, BERLIN)

    assert window(expected, "2026-11-23T12:30") == actual


@pytest.mark.parametrize(("name", "expected"), [("day", "2026-10-31"), ("week", "2026-10-26"), ("month", "2026-10-01")])
def test_judged_window_at_its_end(name: str, expected: str) -> None:
    """At midnight the period that has just ended is judged, not the one that has no hour yet."""
    actual = judged(name, at("2026-11-01"), ZoneInfo("UTC"))

    assert window(expected, "2026-11-01") == actual


@pytest.mark.parametrize(
    ("name", "since", "until", "expected"),
    [
        # a whole month has the whole month before it
        ("month", "2026-10-01", "2026-11-01", ("2026-09-01", "2026-10-01")),
        ("month", "2026-09-01", "2026-10-01", ("2026-08-01", "2026-09-01")),
        ("2026-03", "2026-03-01", "2026-04-01", ("2026-02-01", "2026-03-01")),
        # a part of one has the same days
        ("month", "2026-11-01", "2026-11-23T12:30", ("2026-10-01", "2026-10-23T12:30")),
        ("this-month", "2026-11-10", "2026-11-12", ("2026-10-10", "2026-10-12")),
        ("month", "2026-10-01", "2026-10-31T12:00", ("2026-09-01", "2026-10-01")),  # there is no 31 September
        ("month", "2026-01-01", "2026-01-02", ("2025-12-01", "2025-12-02")),
        ("week", "2026-11-23", "2026-11-25", ("2026-11-16", "2026-11-18")),
        ("today", "2026-11-23", "2026-11-23T12:30", ("2026-11-22", "2026-11-22T12:30")),
        # anything else has as long a time
        ("7d", "2026-11-01", "2026-11-08", ("2026-10-25", "2026-11-01")),
        ("36h", "2026-11-01", "2026-11-02T12:00", ("2026-10-30T12:00", "2026-11-01")),
        ("", "2026-11-03", "2026-11-05", ("2026-11-01", "2026-11-03")),
        ("2026-09", "2026-09-01", "2026-11-01", ("2026-07-02", "2026-09-01")),  # more than the month that it names
    ],
)
def test_window_before(name: str, since: str, until: str, expected: tuple[str, str]) -> None:
    """Periods are compared by the same days, spans with the time just before them."""
    actual = previous(name, window(since, until), ZoneInfo("UTC"))

    assert window(*expected) == actual


def test_window_before_over_a_clock_change() -> None:
    """The same days of the month before are the same clock times, though the clocks changed in between."""
    expected = window("2026-02-28T23:00", "2026-03-30T10:00")  # 1 March 00:00 to 30 March 12:00 in Berlin
    actual = previous("month", window("2026-03-31T22:00", "2026-04-30T10:00"), BERLIN)

    assert expected == actual


def test_days_before_over_a_clock_change() -> None:
    """Seven days have seven days before them, though one of these has 25 hours."""
    expected = window("2026-10-24T22:00", "2026-10-31T23:00")
    actual = previous("7d", window("2026-10-31T23:00", "2026-11-07T23:00"), BERLIN)

    assert expected == actual


def test_no_window_before() -> None:
    """A window that has no beginning has none before it."""
    with pytest.raises(UsageError, match="previous"):
        previous("7d", Window(None, NOW), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("name", "since", "until", "expected"),
    [
        ("month", "2026-11-01", "2026-11-23", True),
        ("2026-11", "2026-11-01", "2026-12-01", False),
        ("7d", "2026-11-01", "2026-11-08", False),
        ("2026-09", "2026-09-01", "2026-11-01", False),
    ],
)
def test_partial(name: str, since: str, until: str, *, expected: bool) -> None:
    """A day, week or month that is not over is a part of one; a span is never."""
    actual = is_partial(name, window(since, until), ZoneInfo("UTC"))

    assert expected == actual


def test_whole_month() -> None:
    """A window is a month where it is one of the zone."""
    month = Window(at("2026-10-31T23:00"), at("2026-11-30T23:00"))
    expected = (True, False, False)
    actual = (month.is_month(BERLIN), month.is_month(ZoneInfo("UTC")), Window(month.since).is_month(BERLIN))

    assert expected == actual


@pytest.mark.parametrize("name", ["Europe/Berln", "", "/etc/passwd", "../../etc/passwd", "UTC\0"])
def test_no_zone(name: str) -> None:
    """What is no zone is an error."""
    with pytest.raises(UsageError, match="unknown time zone"):
        zone(name)


def test_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """`local` is the zone of the machine."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    expected = "Asia/Tokyo"
    actual = zone("local").key

    assert expected == actual
