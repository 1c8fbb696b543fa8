"""Raw values into canonical ones: times, numbers, words, ratings; what is not believed is null, counted and located."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aiopsctl.events import COLUMNS
from aiopsctl.sources.coerce import Coerced, coerce, dtype_of, empty

NOON = "2026-09-01T12:00:00Z"
NAIVE = datetime.fromisoformat("2026-09-01T12:00:00")
BERLIN = "Europe/Berlin"


def coerced(tz: str = "UTC", *, timed: bool = True, **columns: Any) -> Coerced:
    """Return what becomes of raw columns (lists of values, or Series); rows lie in lines 11, 12, ... at noon."""
    height = len(next(iter(columns.values())))
    frame = pl.DataFrame({"_line": range(11, 11 + height)} | ({"ts": [NOON] * height} if timed else {}) | columns)
    return coerce(frame, tz=tz, timed=timed)


def refused(found: Coerced) -> list[tuple[int, str]]:
    """Return the line and the reason of each rejected row."""
    return [(reject.line, reject.reason) for reject in found.rejects]


def at(text: str) -> datetime:
    """Return an instant that is written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TIMES: dict[str, str] = {
    "2026-09-01T12:00:00Z": "2026-09-01 12:00:00",
    "2026-09-01t12:00:00z": "2026-09-01 12:00:00",
    "2026-09-01T12:00:00.5Z": "2026-09-01 12:00:00.500000",
    "2026-09-01T12:00:00.123456Z": "2026-09-01 12:00:00.123456",
    "2026-09-01T12:00:00.1234567Z": "2026-09-01 12:00:00.123456",
    "2026-09-01T12:00:00.123456789Z": "2026-09-01 12:00:00.123456",
    "2026-09-01T12:00:00+00:00": "2026-09-01 12:00:00",
    "2026-09-01T12:00:00+02:00": "2026-09-01 10:00:00",
    "2026-09-01T12:00:00-05:30": "2026-09-01 17:30:00",
    "2026-09-01T12:00:00\u221202:00": "2026-09-01 14:00:00",
    "2026-09-01T12:00:00+0200": "2026-09-01 10:00:00",
    "2026-09-01T12:00:00+02": "2026-09-01 10:00:00",
    "2026-09-01 12:00:00+00": "2026-09-01 12:00:00",
    "2026-09-01 12:00:00.25+02": "2026-09-01 10:00:00.250000",
    "2026-09-01 12:00:00Z": "2026-09-01 12:00:00",
    "2026-09-01 12:00:00 +02:00": "2026-09-01 10:00:00",
    "2026-09-01 12:00:00 UTC": "2026-09-01 12:00:00",
    "2026-09-01T12:00:00 GMT": "2026-09-01 12:00:00",
    "2026-09-01T12:00:00,123Z": "2026-09-01 12:00:00.123000",
    "2026-09-01T12:00Z": "2026-09-01 12:00:00",
    "2026-09-01T12:00+02:00": "2026-09-01 10:00:00",
    " 2026-09-01T12:00:00Z ": "2026-09-01 12:00:00",
    "2026-12-31T23:59:60Z": "2027-01-01 00:00:00",
    "1788264000": "2026-09-01 12:00:00",
    "1788264000.25": "2026-09-01 12:00:00.250000",
    "1788264000123": "2026-09-01 12:00:00.123000",
    "1788264000123.456": "2026-09-01 12:00:00.123456",
    "1788264000123456": "2026-09-01 12:00:00.123456",
    "1788264000123456789": "2026-09-01 12:00:00.123456",
    " 1788264000 ": "2026-09-01 12:00:00",
}

ZONELESS: dict[str, str] = {
    "2026-09-01T12:00:00": "2026-09-01 10:00:00",
    "2026-09-01 12:00:00": "2026-09-01 10:00:00",
    "2026-09-01 12:00:00.1234567": "2026-09-01 10:00:00.123456",
    "2026-09-01 12:00:00,123": "2026-09-01 10:00:00.123000",
    "2026-09-01T12:00": "2026-09-01 10:00:00",
    "2026-12-01 12:00": "2026-12-01 11:00:00",
    "2026-09-01": "2026-08-31 22:00:00",
    "2026-10-25T02:30:00": "2026-10-25 00:30:00",
}

NO_TIMES = (
    "01/10/2026", "01/10/2026 12:00:00", "10.01.2026", "1.10.26", "Sep 1 2026", "Tue, 01 Sep 2026 12:00:00 GMT",
    "2026-13-01", "2026-02-30T00:00:00Z", "2026-09-01T25:00:00Z", "2026-09-01T24:00:00Z", "2026-09-01T12:00:00 CET",
    "20260901T120000Z", "20260901", "2026-09", "2026-W36", "12:00:00", "yesterday", "null", "NaN", "-1788264000",
    "17882640001", "1788264000123456789012", "1.788e9", "0", "2026-09-01T12:00:00+02:00[Europe/Berlin]",
)  # fmt: skip

IMPLAUSIBLE = (
    "2014-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T00:00:00Z",
    "100000000",
)


@pytest.mark.parametrize("written", TIMES)
def test_time(written: str) -> None:
    """A time with a zone, or an epoch number by its digits, is that instant."""
    found = coerced(tz=BERLIN, ts=[written])

    assert [at(TIMES[written])] == found.rows["ts"].to_list()
    assert found.zoneless is None


def test_times_of_all_spellings_in_one_file() -> None:
    """A spelling is told for each row: what the others look like does not matter."""
    written = {**TIMES, **ZONELESS}

    found = coerced(tz=BERLIN, ts=list(written))

    assert [at(each) for each in written.values()] == found.rows["ts"].to_list()
    assert 11 + len(TIMES) == found.zoneless


@pytest.mark.parametrize("written", ZONELESS)
def test_time_without_a_zone(written: str) -> None:
    """A time without a zone is read in the zone of the run, the earlier one where it happens twice, and that is told."""
    found = coerced(tz=BERLIN, ts=[NOON, written])

    assert [at(NOON[:-1]), at(ZONELESS[written])] == found.rows["ts"].to_list()
    assert found.zoneless == 12


@pytest.mark.parametrize("written", NO_TIMES)
def test_no_time(written: str) -> None:
    """What is no time for certain rejects its row: no order of day and month is guessed."""
    found = coerced(ts=[NOON, written])

    assert refused(found) == [(12, "bad_time")]
    assert [at(NOON[:-1])] == found.rows["ts"].to_list()


def test_time_that_never_was() -> None:
    """A time without a zone that daylight saving skips rejects its row."""
    found = coerced(tz=BERLIN, ts=["2026-03-29T02:30:00", "2026-03-29T03:30:00"])

    assert refused(found) == [(11, "bad_time")]
    assert [at("2026-03-29 01:30:00")] == found.rows["ts"].to_list()


@pytest.mark.parametrize("written", IMPLAUSIBLE)
def test_implausible_time(written: str) -> None:
    """A time before 2015 or from 2100 on rejects its row, so that one row does not stretch the report."""
    found = coerced(ts=[written, NOON])

    assert refused(found) == [(11, "implausible_time")]


def test_plausible_times() -> None:
    """The first and the last moment that are believed are kept."""
    kept = ["2015-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z"]

    assert coerced(ts=kept).rows["ts"].to_list() == [at(time[:-1]) for time in kept]


@pytest.mark.parametrize("absent", [None, "", "   "])
def test_no_time_given(absent: str | None) -> None:
    """A row without a time, in a file that has times, is rejected as such."""
    assert refused(coerced(ts=[absent, NOON])) == [(11, "no_time")]


def test_file_without_times() -> None:
    """Rows of a file that has no times are kept undated; one that says nothing at all is rejected."""
    found = coerced(timed=False, model=["m", None])

    assert refused(found) == [(12, "empty")]
    assert found.rows.select("ts", "event", "model").rows() == [(None, "call", "m")]


def test_rows_that_say_nothing() -> None:
    """Rows without any column of ours are rejected, each by itself."""
    found = coerce(pl.DataFrame({"_line": [1, 2], "surprise": [1, 2]}), tz="UTC", timed=False)

    assert refused(found) == [(1, "empty"), (2, "empty")]


def test_no_times_where_they_are_due() -> None:
    """Rows of a format with times, in which no row of a chunk has one, are all rejected."""
    found = coerce(pl.DataFrame({"_line": [1, 2], "ts": [None, None], "model": ["m", "n"]}), tz="UTC", timed=True)

    assert refused(found) == [(1, "no_time"), (2, "no_time")]


TYPED: dict[str, tuple[pl.Series, str | None]] = {
    "naive us": (pl.Series([NAIVE], dtype=pl.Datetime("us")), "2026-09-01 10:00:00"),
    "naive ns": (pl.Series([NAIVE], dtype=pl.Datetime("ns")), "2026-09-01 10:00:00"),
    "naive ms": (pl.Series([NAIVE], dtype=pl.Datetime("ms")), "2026-09-01 10:00:00"),
    "UTC": (pl.Series([NAIVE], dtype=pl.Datetime("ns")).dt.replace_time_zone("UTC"), NOON[:-1]),
    "New York": (
        pl.Series([NAIVE], dtype=pl.Datetime("ms")).dt.replace_time_zone("America/New_York"),
        "2026-09-01 16:00:00",
    ),
    "date": (pl.Series([date(2026, 9, 1)]), "2026-08-31 22:00:00"),
    "int s": (pl.Series([1_788_264_000]), NOON[:-1]),
    "unsigned s": (pl.Series([1_788_264_000], dtype=pl.UInt32), NOON[:-1]),
    "int ms": (pl.Series([1_788_264_000_123]), "2026-09-01 12:00:00.123"),
    "int us": (pl.Series([1_788_264_000_123_456]), "2026-09-01 12:00:00.123456"),
    "int ns": (pl.Series([1_788_264_000_123_456_789]), "2026-09-01 12:00:00.123456"),
    "float s": (pl.Series([1_788_264_000.25]), "2026-09-01 12:00:00.25"),
    "float ms": (pl.Series([1_788_264_000_250.0]), "2026-09-01 12:00:00.25"),
    "float ns": (pl.Series([1.788264e18]), NOON[:-1]),
    "decimal s": (pl.Series([Decimal("1788264000.25")]), "2026-09-01 12:00:00.25"),
    "categorical text": (pl.Series([NOON], dtype=pl.Categorical), NOON[:-1]),
    "small number": (pl.Series([12], dtype=pl.UInt8), None),
    "not a number": (pl.Series([float("nan")]), None),
    "boolean": (pl.Series([True]), None),
    "time of day": (pl.Series([time(12)]), None),
    "record": (pl.Series([{"seconds": 1}]), None),
    "bytes": (pl.Series([b"2026"]), None),
}


@pytest.mark.parametrize("name", TYPED)
def test_typed_time(name: str) -> None:
    """A time of a typed column is its instant; one without a zone is read in the zone of the run."""
    series, expected = TYPED[name]

    found = coerced(tz=BERLIN, ts=series)

    assert ([at(expected)] if expected else []) == found.rows["ts"].to_list()
    assert (found.zoneless == 11) == (name.startswith("naive") or name == "date")
    assert refused(found) == ([] if expected else [(11, "bad_time")])


NUMBERS: list[tuple[str, Any, Any]] = [
    ("latency_ms", 1500, 1500),
    ("latency_ms", "1500", 1500),
    ("latency_ms", " 1500.0 ", 1500),
    ("latency_ms", 0.4, 0),
    ("latency_ms", 0.5, 1),
    ("latency_ms", 1499.5, 1500),
    ("latency_ms", "12.25", 12),
    ("latency_ms", Decimal("1500.50"), 1501),
    ("latency_ms", timedelta(seconds=1, microseconds=500), 1001),
    ("latency_ms", 86_400_000, 86_400_000),
    ("latency_ms", 86_400_001, None),
    ("latency_ms", -1, None),
    ("latency_ms", "1.5 s", None),
    ("input_tokens", 0, 0),
    ("input_tokens", 10**9, 10**9),
    ("input_tokens", 10**9 + 1, None),
    ("input_tokens", "1e3", 1000),
    ("input_tokens", "+5", 5),
    ("input_tokens", "1,400", None),
    ("input_tokens", "1_000", None),
    ("input_tokens", "0x10", None),
    ("input_tokens", "NaN", None),
    ("input_tokens", "Infinity", None),
    ("input_tokens", 151.9, None),
    ("input_tokens", float("nan"), None),
    ("input_tokens", True, None),
    ("input_tokens", date(2026, 9, 1), None),
    ("input_tokens", [1], None),
    ("input_tokens", {"total": 1}, None),
    ("input_tokens", b"12", None),
    ("retries", 2, 2),
    ("http_status", 200, 200),
    ("http_status", 0, None),
    ("http_status", 600, None),
    ("cost_usd", 0.0025, 0.0025),
    ("cost_usd", "0.0025", 0.0025),
    ("cost_usd", ".5", 0.5),
    ("cost_usd", 3, 3.0),
    ("cost_usd", Decimal("0.0025"), 0.0025),
    ("cost_usd", "$0.10", None),
    ("cost_usd", "0,10", None),
    ("cost_usd", -0.01, None),
    ("cost_usd", 1_000_001, None),
    ("cost_usd", float("inf"), None),
    ("cost_usd", timedelta(seconds=1), None),
    ("cache_hit", True, True),
    ("cache_hit", "True", True),
    ("cache_hit", "no", False),
    ("cache_hit", 1, True),
    ("cache_hit", 0.0, False),
    ("cache_hit", "maybe", None),
    ("cache_hit", 2, None),
]


@pytest.mark.parametrize(("column", "value", "expected"), NUMBERS, ids=str)
def test_number(column: str, value: Any, expected: Any) -> None:
    """A number within its column's bounds is taken, milliseconds rounded half up; any other is a field error."""
    found = coerced(**{column: [value]})

    assert [expected] == found.rows[column].to_list()
    assert dtype_of(COLUMNS[column]) == found.rows.schema[column]
    assert found.field_errors == ({column: (1, 11)} if expected is None else {})


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt64, pl.Float32, pl.Float64])
def test_number_of_any_width(dtype: pl.DataType) -> None:
    """Numbers of any width become the column's own."""
    found = coerced(input_tokens=pl.Series([100, None], dtype=dtype))

    assert found.rows["input_tokens"].to_list() == [100, None]
    assert found.rows.schema["input_tokens"] == pl.Int64


TEXTS: list[tuple[str, Any, Any]] = [
    ("user_id", "u1", "u1"),
    ("user_id", 2, "2"),
    ("user_id", 2.0, "2"),
    ("user_id", 2.5, "2.5"),
    ("user_id", 12345678901234567890, "12345678901234567890"),
    ("user_id", Decimal(7), "7"),
    ("user_id", b"u1", "u1"),
    ("user_id", b"\xff", None),
    ("user_id", {"id": 1}, None),
    ("user_id", '{"id": 1}', None),
    ("user_id", float("nan"), None),
    ("user_id", timedelta(1), None),
    ("tags", ["a", "b"], "a,b"),
    ("tags", '{"a": 1}', '{"a": 1}'),
    ("tags", [{"a": 1}], None),
    ("model_version", "2.0", "2.0"),
    ("language", " de ", " de "),
    ("cost_source", "recorded", "recorded"),
    ("cost_source", "guessed", None),
]


@pytest.mark.parametrize(("column", "value", "expected"), TEXTS, ids=str)
def test_text(column: str, value: Any, expected: Any) -> None:
    """Text is taken as it is, a whole number without its point; a record or a word outside the list is a field error."""
    found = coerced(**{column: [value]})

    assert [expected] == found.rows[column].to_list()
    assert found.field_errors == ({column: (1, 11)} if expected is None else {})


def test_nothing_is_null() -> None:
    """Null and empty text are no value, and no error; neither are blank numbers and words."""
    names = ("user_id", "input_tokens", "cost_usd", "cache_hit", "status", "kind")
    found = coerced(**{name: ["", None] for name in (*names, "event")})

    assert found.field_errors == {}
    assert [name for name in names if found.rows[name].drop_nulls().len()] == []
    assert found.rows["event"].to_list() == ["call", "call"]


def test_field_errors_are_counted_and_located() -> None:
    """Of the values that are not believed, each column tells how many and the line of the first."""
    found = coerced(input_tokens=["1", "x", "", "y", "3"], cost_usd=[-1.0, 0.5, None, -2.0, 3.0], user_id=list("abcde"))

    assert found.field_errors == {"input_tokens": (2, 12), "cost_usd": (2, 11)}
    assert found.rows["input_tokens"].to_list() == [1, None, None, None, 3]
    assert found.rows["cost_usd"].to_list() == [None, 0.5, None, None, 3.0]


STATUSES = {
    "ok": "ok", "OK": "ok", " Success ": "ok", "succeeded": "ok", "completed": "ok", "200": "ok", "incomplete": "ok",
    "error": "error", "failure": "error", "Failed": "error", "timeout": "timeout", "timed_out": "timeout",
    "429": "rate_limited", "rate-limited": "rate_limited", "rate_limited": "rate_limited",
    "content_filter": "filtered", "blocked": "filtered", "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip


@pytest.mark.parametrize("word", STATUSES)
def test_status_words(word: str) -> None:
    """The words that logs use for how a call ended are one of ours."""
    assert [STATUSES[word]] == coerced(status=[word]).rows["status"].to_list()


STATUS_FROM: list[tuple[dict[str, Any], str | None]] = [
    ({"http_status": 200}, "ok"),
    ({"http_status": 204}, "ok"),
    ({"http_status": 301}, None),
    ({"http_status": 400}, "error"),
    ({"http_status": 408}, "timeout"),
    ({"http_status": 429}, "rate_limited"),
    ({"http_status": 499}, "cancelled"),
    ({"http_status": 500}, "error"),
    ({"http_status": 504}, "timeout"),
    ({"error_type": "RateLimitError"}, "rate_limited"),
    ({"error_type": "rate_limit_exceeded"}, "rate_limited"),
    ({"error_type": "429"}, "rate_limited"),
    ({"error_type": "APITimeoutError"}, "timeout"),
    ({"error_type": "timed out"}, "timeout"),
    ({"error_type": "DEADLINE_EXCEEDED"}, "timeout"),
    ({"error_type": "ValueError"}, "error"),
    ({"http_status": 200, "error_type": "ValueError"}, "error"),
    ({"http_status": 200, "error_type": ""}, "ok"),
    ({"http_status": 500, "error_type": "APITimeoutError"}, "error"),
    ({"status": "cancelled", "http_status": 500}, "cancelled"),
    ({"status": "?", "http_status": 500}, "error"),
    ({"model": "m"}, None),
]


@pytest.mark.parametrize(("said", "expected"), STATUS_FROM, ids=str)
def test_status_is_derived(said: dict[str, Any], expected: str | None) -> None:
    """How a call ended is what it says, else what its HTTP status says, else its error."""
    assert [expected] == coerced(**{name: [value] for name, value in said.items()}).rows["status"].to_list()


RATINGS: list[tuple[str, Any, float | None]] = [
    ("thumb", 1, 1.0),
    ("thumb", 0, 0.0),
    ("thumb", -1, 0.0),
    ("thumb", -1.0, 0.0),
    ("thumb", "-1", 0.0),
    ("thumb", "1", 1.0),
    ("thumb", True, 1.0),
    ("thumb", False, 0.0),
    ("thumb", "true", 1.0),
    ("thumb", "up", 1.0),
    ("thumb", "Thumbs_Up", 1.0),
    ("thumb", " down ", 0.0),
    ("thumb", "negative", 0.0),
    ("thumb", "sideways", None),
    ("thumb", 5, None),
    ("Thumb", "up", 1.0),
    ("star", 4.5, 4.5),
    ("star", "5", 5.0),
    ("star", 0, None),
    ("star", 6, None),
    ("star", True, None),
    ("star", "good", None),
    ("csat", 1, 1.0),
    ("csat", 7, None),
    ("nps", 0, 0.0),
    ("nps", 10, 10.0),
    ("nps", 11, None),
    ("accept", True, 1.0),
    ("accept", "false", 0.0),
    ("accept", "up", None),
    ("correction", 0.25, 0.25),
    ("review", -1, -1.0),
    ("eval", "0.75", 0.75),
]


@pytest.mark.parametrize(("kind", "value", "expected"), RATINGS, ids=str)
def test_rating(kind: str, value: Any, expected: float | None) -> None:
    """A rating is a number on the scale of its kind; thumbs may be words, and -1 is down."""
    found = coerced(kind=[kind], value=[value])

    assert [expected] == found.rows["value"].to_list()
    assert found.field_errors == ({"value": (1, 11)} if expected is None else {})


def test_value_without_a_kind() -> None:
    """A value of nothing in particular is a number."""
    assert coerced(value=["4", "up", "-1"]).rows["value"].to_list() == [4.0, None, -1.0]


def test_kinds_beside_each_other() -> None:
    """The kind of each row decides how its value is read."""
    found = coerced(kind=["thumb", "star", "thumb", None], value=["up", "4", "-1", "3"])

    assert found.rows["value"].to_list() == [1.0, 4.0, 0.0, 3.0]


def test_event_follows_from_kind() -> None:
    """A row is what it says; without a word it is activity or feedback by its kind, and a call without a kind."""
    found = coerced(event=[None, "", None, "Feedback", "call"], kind=["thumb", "active", None, " NPS ", None])

    assert found.rows.select("event", "kind").rows() == [
        ("feedback", "thumb"), ("activity", "active"), ("call", None), ("feedback", "nps"), ("call", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [("event", "message_send"), ("kind", "applause"), ("kind", 3), ("event", True), ("kind", {"a": 1})],
)
def test_unknown_word(column: str, value: Any) -> None:
    """A word for `event` or `kind` that is none of ours rejects its row, and is no field error as well."""
    found = coerced(**{column: [value]})

    assert refused(found) == [(11, f"unknown_{column}")]
    assert found.field_errors == {}


def test_one_reason_a_row() -> None:
    """A row with several faults is rejected once; rows of the same line do not share its fate."""
    raw = pl.DataFrame({"_line": [3, 3, 4], "ts": [None, NOON, "soon"], "kind": ["applause", "thumb", None]})

    found = coerce(raw, tz="UTC", timed=True)

    assert refused(found) == [(3, "unknown_kind"), (4, "bad_time")]
    assert found.rows.select("_line", "kind").rows() == [(3, "thumb")]


def test_unknown_columns_are_left_out() -> None:
    """Columns that are not canonical, and those that no row fills, are not there."""
    found = coerced(model=["m"], surprise=[1], tenant=[None])

    assert sorted(found.rows.columns) == ["_line", "event", "model", "status", "ts"]


def test_empty() -> None:
    """The frame without rows has every canonical column in its dtype."""
    assert list(COLUMNS) == empty().columns
    assert empty().height == 0


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (["true", "TRUE ", "1", "1.0", "Yes"], True),
        (["false", "False", "0", "0.0", " no"], False),
        (["", "2", "y", "nil", "-0"], None),
        ([1.0, 1.0], True),
        ([0.0, -0.0], False),
        ([1, 1], True),
        ([2.0, float("nan")], None),
    ],
)
def test_yes_and_no(raw: list[object], expected: bool | None) -> None:  # noqa: FBT001 - what is expected
    """Yes and no are read as words and numbers, in any case; what is neither is lost and counted."""
    found = coerced(cache_hit=raw)
    lost = len([value for value in raw if expected is None and value != ""])

    assert found.rows.to_dict().get("cache_hit", pl.Series([None] * len(raw))).to_list() == [expected] * len(raw)
    assert found.field_errors == ({"cache_hit": (lost, 12 if raw[0] == "" else 11)} if lost else {})
