"""From a log to measurements: windows, zones, filters, slices, and what is known of each value."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from building import events

from aiopsctl import catalog
from aiopsctl.errors import UsageError
from aiopsctl.events import CALENDAR, COLUMNS
from aiopsctl.measure import Scope, calendar, complete, measure, newest, prepared
from aiopsctl.result import Measurement
from aiopsctl.where import check_by, predicate
from aiopsctl.window import Window

ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
TOTALS = ("calls", "cost-total")
DAYS = [datetime(2026, 9, day, tzinfo=UTC) for day in range(1, 8)]
INSTANT = timedelta(microseconds=1)


def measured(log: pl.DataFrame, *names: str, zone: ZoneInfo = ZONE, **scope: Any) -> list[Measurement]:
    """Return the measurements of metrics, by name."""
    return measure(log, [catalog.metric(name) for name in names], Scope(zone, **scope))


def values(log: pl.DataFrame, name: str, **scope: Any) -> dict[Any, float | None]:
    """Return the values of one metric by slice; a slice of one column is its value alone."""
    found = {tuple(m.slice.values()): m.value for m in measured(log, name, **scope)}
    return {key[0] if len(key) == 1 else key: value for key, value in found.items()}


def approx(bound: float | None) -> Any:
    """Return what equals a bound of an interval to 12 digits."""
    return pytest.approx(bound, rel=1e-12) if bound else bound


def week() -> pl.DataFrame:
    """Return six calls a day of a week, with a cost that tells them apart, some exactly at midnight."""
    rows = [{"ts": day + timedelta(hours=4 * i), "cost_usd": 2.0**-n} for n, day in enumerate(DAYS) for i in range(6)]
    return events(*rows)


@pytest.mark.parametrize("cut", DAYS[1:-1])
@pytest.mark.parametrize("name", TOTALS)
def test_windows_are_half_open(name: str, cut: datetime) -> None:
    """Two windows that meet add up to the whole, for every total: no row is in both, none in neither."""
    whole = values(week(), name)[()]

    parts = [values(week(), name, window=window)[()] for window in (Window(None, cut), Window(cut, None))]

    assert whole == sum(part or 0 for part in parts)


def test_window_holds_its_first_instant_only() -> None:
    """A row at the beginning of a window is in it, a row at its end is not."""
    log = events(*({"ts": when} for when in (DAYS[0] - INSTANT, DAYS[0], DAYS[1] - INSTANT, DAYS[1])))
    expected = {(): 2}

    actual = values(log, "calls", window=Window(DAYS[0], DAYS[1]))

    assert expected == actual


def test_rows_without_time_are_in_no_window() -> None:
    """A row without a time counts where nothing is cut, and in no window."""
    log = events({"ts": None}, {"ts": DAYS[1]})
    expected = [{(): 2}, {(): 1}]

    actual = [values(log, "calls"), values(log, "calls", window=Window(since=DAYS[0]))]

    assert expected == actual


def test_rows_are_cut_before_sums() -> None:
    """A share of users is of those in the window: what a user did outside it is not counted."""
    log = events(
        {"ts": DAYS[0], "user_id": "a", "cost_usd": 100.0},
        {"ts": DAYS[1], "user_id": "a", "cost_usd": 1.0},
        {"ts": DAYS[1], "user_id": "b", "cost_usd": 3.0},
    )
    expected = {(): 1.5}

    actual = values(log, "user-cost-over-mean", window=Window(DAYS[1], DAYS[2]))

    assert expected == actual


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("hour", {"2026-03-29T01:00:00+01:00": 1, "2026-03-29T03:00:00+02:00": 2, "2026-03-30T00:00:00+02:00": 1}),
        ("day", {"2026-03-29": 3, "2026-03-30": 1}),
        ("week", {"2026-W13": 3, "2026-W14": 1}),
        ("weekday", {"Mon": 1, "Sun": 3}),
        ("month", {"2026-03": 4}),
    ],
)
def test_calendar_when_clocks_go_forward(column: str, expected: Mapping[str, int]) -> None:
    """In Berlin the hour from two to three of 29 March 2026 does not exist, and the day has 23 hours."""
    times = ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:59:59Z", "2026-03-29T22:00:00Z")

    actual = values(events(*({"ts": ts} for ts in times)), "calls", zone=BERLIN, by=(column,))

    assert expected == actual


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("hour", {"2026-10-25T02:00:00+02:00": 2, "2026-10-25T02:00:00+01:00": 1, "2026-10-26T00:00:00+01:00": 1}),
        ("minute", {
            "2026-10-25T02:30:00+02:00": 1, "2026-10-25T02:59:00+02:00": 1,
            "2026-10-25T02:30:00+01:00": 1, "2026-10-26T00:00:00+01:00": 1,
        }),
        ("day", {"2026-10-25": 3, "2026-10-26": 1}),
        ("week", {"2026-W43": 3, "2026-W44": 1}),
        ("weekday", {"Mon": 1, "Sun": 3}),
    ],
)  # fmt: skip
def test_calendar_when_clocks_go_back(column: str, expected: Mapping[str, int]) -> None:
    """In Berlin the hour from two to three of 25 October 2026 comes twice, and is two hours."""
    times = ("2026-10-25T00:30:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:30:00Z", "2026-10-25T23:00:00Z")

    actual = values(events(*({"ts": ts} for ts in times)), "calls", zone=BERLIN, by=(column,))

    assert list(expected.items()) == list(actual.items())


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
def test_calendar_is_that_of_python(zone: str) -> None:
    """Day, week, month and weekday of any instant are those that Python's own calendar gives in the zone."""
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=5 * i, minutes=7 * i) for i in range(1750)]
    local = [instant.astimezone(ZoneInfo(zone)) for instant in instants]
    expected = [
        (at.date(), at.date() - timedelta(days=at.weekday()), at.date().replace(day=1), at.isoweekday()) for at in local
    ]

    frame = events(*({"ts": instant} for instant in instants)).select(calendar(ZoneInfo(zone)))

    assert expected == frame.select("day", "week", "month", "weekday").rows()


def test_dau_counts_days_of_the_zone() -> None:
    """A user who is active on both sides of midnight in Berlin is active on two days, in UTC on one."""
    log = events(
        {"ts": "2026-09-01T21:30:00Z", "user_id": "a"},
        {"ts": "2026-09-01T22:30:00Z", "user_id": "a"},
        {"ts": "2026-09-01T22:30:00Z", "user_id": "b"},
    )
    expected = [{(): 2}, {(): 1.5}]

    actual = [values(log, "dau", zone=zone) for zone in (ZONE, BERLIN)]

    assert expected == actual


def test_calendar_is_only_computed_where_it_is_used() -> None:
    """A plan that groups by no calendar column computes none, and reads the columns that it needs."""
    rows = prepared(week(), Scope(BERLIN, Window(DAYS[1], DAYS[2])))

    plan = rows.group_by("event").agg(pl.len()).explain()

    assert not [name for name in CALENDAR if f'"{name}"' in plan]
    assert "convert_time_zone" not in plan
    assert "PROJECT" in plan
    assert "2/3 COLUMNS" in plan


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("feature = 'draft'", 2),
        ("feature = 'draft' AND latency_ms > 5000", 1),
        ("feature IN ('draft', 'search') OR latency_ms IS NULL", 4),
        ("feature LIKE 's%'", 1),
        ("NOT (latency_ms BETWEEN 1 AND 9000)", None),
        ("ts >= DATE '2026-09-02'", 1),
        ("tenant IS NULL", 4),
        ("feature = 'O''Brien'", None),
    ],
)
def test_where_is_sql(where: str, expected: int | None) -> None:
    """Rows are filtered by SQL, over columns that the log lacks too."""
    log = events(
        {"feature": "draft", "latency_ms": 9_000},
        {"feature": "draft", "latency_ms": 100},
        {"feature": "search", "ts": "2026-09-02T00:00:00Z"},
        {"feature": None},
    )

    actual = values(log, "calls", where=where)[()]

    assert expected == actual


@pytest.mark.parametrize(
    "where",
    [
        "'; DROP", "1; DROP TABLE events", "feature = 'a'; DELETE FROM events", "feature = 'a' UNION SELECT 1",
        "feature IN (SELECT feature FROM self)", "EXISTS(SELECT 1)", "read_csv('/etc/passwd')", "SELECT 1", "*", " ",
        "feature =", "feature = 'a', latency_ms > 1", "feature", "latency_ms + 1", "NULL", "feature = 5",
        "latency_ms > 'slow'", "ts > 'yesterday'", "feature ~ '('",
    ],
)  # fmt: skip
def test_where_is_one_condition(where: str) -> None:
    """What is no condition on the columns is a usage error, before any row is looked at."""
    with pytest.raises(UsageError, match="--where"):
        predicate(where)


@pytest.mark.parametrize(
    ("where", "help"),
    [
        ("featur = 'draft'", "did you mean 'feature'?"),
        ("FEATURE = 'draft'", "did you mean 'feature'?"),
        ("latency > 5", "did you mean 'latency_ms'?"),
        ("zzz = 'draft'", "aiopsctl explain columns lists the columns"),
    ],
)
def test_where_names_the_nearest_column(where: str, help: str) -> None:
    """An unknown column in a condition is a usage error that names the nearest one."""
    with pytest.raises(UsageError, match="unknown column") as error:
        predicate(where)

    assert help == error.value.help


@pytest.mark.parametrize("column", ["prompt", "output", "comment", "final_text"])
def test_text_is_not_asked_for(column: str) -> None:
    """What people and models wrote can be neither grouped by nor filtered by."""
    with pytest.raises(UsageError, match=f"unknown column '{column}'"):
        check_by([column])
    with pytest.raises(UsageError, match=f"unknown column '{column}'"):
        predicate(f"{column} = 'x'")


def test_by_names_the_nearest_column() -> None:
    """An unknown column to group by is a usage error that names the nearest one."""
    with pytest.raises(UsageError) as error:
        measured(week(), "calls", by=("featrue",))

    assert error.value.help == "did you mean 'feature'?"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("timeout-rate", "the log has no status"),
        ("cost-per-mau", "the log has no cost_usd and no user_id"),
        ("latency-p95", "no rows to compute it from"),
    ],
)
def test_unknown_has_a_reason(name: str, reason: str) -> None:
    """A metric that cannot be computed is unknown, and says which column is missing, or that rows are."""
    (actual,) = measured(events({"latency_ms": None}), name)

    assert (None, "unknown", reason) == (actual.value, actual.status, actual.reason)


@pytest.mark.parametrize("name", ["cost-total", "cost-per-call", "cost-per-call-p95", "cost-per-mau", "user-cost-p50"])
@pytest.mark.parametrize(("unpriced", "status"), [(5, "ok"), (6, "unknown")])
def test_cost_of_too_few_calls_is_unknown(name: str, unpriced: int, status: str) -> None:
    """A cost that is known for less than 95 % of the calls is unknown, but its value is kept."""
    rows = [{"user_id": "a", "cost_usd": 1.0 if i >= unpriced else None} for i in range(100)]

    (actual,) = measured(events(*rows), name)

    assert status == actual.status
    assert actual.value is not None
    assert (actual.reason == "cost is known for 94.0% of the calls") == (status == "unknown")


def test_failed_calls_need_no_cost() -> None:
    """A call that failed costs nothing where no cost is recorded; one that was cancelled is unpriced."""
    log = events({"cost_usd": 1.0, "status": "ok"}, *({"status": s} for s in ("error", "timeout", "rate_limited")))
    more = pl.concat([log, events({"status": "cancelled", "cost_usd": None})], how="diagonal")
    expected = ["ok", "unknown"]

    actual = [measured(each, "cost-total")[0].status for each in (log, more)]

    assert expected == actual


def test_window_that_is_no_month_says_so() -> None:
    """What is defined for a calendar month says so where the window is none."""
    log = events({"user_id": "a", "cost_usd": 1.0})
    month = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    note = catalog.metric("mau").note
    expected = [note, None, None]

    scopes: list[dict[str, Any]] = [{}, {"window": month}, {"by": ("month",)}]
    actual = [measured(log, "mau", **scope)[0].reason for scope in scopes]

    assert expected == actual


@pytest.mark.parametrize(
    ("window", "reference"),
    [
        (Window(DAYS[3], DAYS[6]), Window(DAYS[0], DAYS[3])),
        (Window(DAYS[2], DAYS[5]), Window(DAYS[0], DAYS[4])),
        (Window(DAYS[2], DAYS[3]), Window(DAYS[0], DAYS[6])),
        (Window(DAYS[2], DAYS[3]), Window()),
        (Window(DAYS[2], DAYS[3]), Window(DAYS[2], DAYS[3])),
    ],
    ids=["before", "overlapping", "around", "everything", "the same"],
)
def test_reference_is_a_run_of_its_own(window: Window, reference: Window) -> None:
    """The values of a reference are those of a run on its window, also where the two windows share rows."""
    log = week().with_columns(
        user_id=pl.int_range(pl.len()).cast(pl.String).str.tail(1), latency_ms=pl.int_range(pl.len())
    )
    names = ("calls", "cost-per-call", "cost-per-mau", "latency-p50", "dau", "peak-rpm")
    expected = [(m.value, m.n, approx(m.low), approx(m.high)) for m in measured(log, *names, window=reference)]

    found = measured(log, *names, window=window, reference=reference)

    assert expected == [(r.value, r.n, r.low, r.high) for m in found if (r := m.reference)]
    assert [m.value for m in measured(log, *names, window=window)] == [m.value for m in found]


def test_reference_says_what_it_is() -> None:
    """A reference carries its name and its window in the zone of the run."""
    (found,) = measured(week(), "calls", zone=BERLIN, reference=Window(DAYS[0], DAYS[1]), reference_name="baseline:x")

    assert found.reference is not None
    assert found.reference.name == "baseline:x"
    assert found.reference.since == "2026-09-01T02:00:00+02:00"
    assert found.reference.until == "2026-09-02T02:00:00+02:00"


def test_reference_of_too_few_costs_is_unknown() -> None:
    """A reference whose cost is known for too few calls has no value to compare with."""
    expected = (None, 1)
    rows = [{"ts": DAYS[0], "cost_usd": 1.0}, {"ts": DAYS[0], "cost_usd": None}, {"ts": DAYS[1], "cost_usd": 1.0}]

    (found,) = measured(events(*rows), "cost-total", window=Window(DAYS[1]), reference=Window(DAYS[0], DAYS[1]))

    assert found.reference is not None
    assert expected == (found.reference.value, found.reference.n)


def test_slices_are_sorted_and_null_is_last() -> None:
    """Every value of a column is a slice, in order, and rows without one are a slice of their own."""
    log = events(*({"feature": name, "tier": "pro"} for name in ("b", None, "a", "b")))
    expected = [
        ({"feature": "a", "tier": "pro"}, 1),
        ({"feature": "b", "tier": "pro"}, 2),
        ({"feature": None, "tier": "pro"}, 1),
    ]

    actual = [(m.slice, m.value) for m in measured(log, "calls", by=("feature", "tier"))]

    assert expected == actual


def test_every_metric_has_every_slice() -> None:
    """A slice that one metric has is a slice of all, so that tables have no holes."""
    log = events({"feature": "a", "latency_ms": 5}, {"feature": "b", "kind": "thumb", "value": 1})
    expected = [
        ("latency-p50", "a", 5),
        ("latency-p50", "b", None),
        ("thumbs-up-rate", "a", None),
        ("thumbs-up-rate", "b", 1),
    ]

    found = measured(log, "latency-p50", "thumbs-up-rate", by=("feature",))

    assert expected == [(m.metric, m.slice["feature"], m.value) for m in found]


def test_slice_that_only_an_unknown_metric_tells() -> None:
    """A feature with calls and no ratings is a slice of ratings and flags, though the log has no flags: both are unknown."""
    log = events({"feature": "rated", "kind": "thumb", "value": 1}, {"feature": "called", "status": "ok"})

    found = {
        (m.metric, m.slice["feature"]): m.value for m in measured(log, "thumbs-up-rate", "flag-rate", by=("feature",))
    }

    assert found == {
        ("thumbs-up-rate", "called"): None, ("thumbs-up-rate", "rated"): 1.0,
        ("flag-rate", "called"): None, ("flag-rate", "rated"): None,
    }  # fmt: skip


def test_nothing_at_all_is_one_slice() -> None:
    """Without rows there is one measurement of each metric, unknown in every column."""
    expected = {"feature": None, "day": None}
    (actual,) = measured(events(), "calls", by=("feature", "day"))

    assert expected == actual.slice


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (("value",), {1.0: 1, 5.0: 2}),
        (("cache_hit",), {None: 3}),
        (("user_id", "user_id"), {"a": 2, "b": 1}),
        (("ts",), {"2026-09-01T12:00:00+00:00": 3}),
        (("event",), {"feedback": 3}),
    ],
)
def test_any_column_slices(by: tuple[str, ...], expected: Mapping[Any, float]) -> None:
    """Every column can be grouped by, also one that the metric counts, one that no row has, and one named twice."""
    answers = [("a", 1), ("a", 5), ("b", 5)]
    log = events(*({"kind": "nps", "user_id": user, "value": value} for user, value in answers))

    actual = {next(iter(m.slice.values())): m.n for m in measured(log, "nps", by=by)}

    assert expected == actual


def test_same_input_same_answer() -> None:
    """The same log gives the same to the last bit, on every run and in any order of its rows."""
    log = pl.concat([events(*metric.example[0]) for metric in catalog.metrics().values()], how="diagonal")
    log = log.with_columns(pl.col("user_id").fill_null("nobody"))
    every = tuple(catalog.metrics())
    expected = measured(log, *every, by=("day",))

    runs = [measured(log.sample(fraction=1, shuffle=True, seed=seed), *every, by=("day",)) for seed in range(2)]

    assert [expected] * 2 == runs


def test_complete_has_every_column() -> None:
    """Columns that no row fills are there, as nulls of their dtype, so that every expression can be evaluated."""
    frame = complete(events({"latency_ms": 5})).collect()

    assert frame.select(*COLUMNS).shape == (1, len(COLUMNS))
    assert frame["cost_usd"].dtype == pl.Float64


def test_newest() -> None:
    """The newest time is of any row; a log without times has none."""
    expected = [DAYS[-1] + timedelta(hours=20), None, None]

    actual = [newest(week()), newest(events()), newest(week().drop("ts"))]

    assert expected == actual


COSTS = [{"cost_usd": 1.0, "cost_source": "recorded"}] * 9 + [{"cost_source": "unpriced"}]
"""Ten calls, of which nine have a known cost."""


@pytest.mark.parametrize(("least", "expected"), [(0.95, "unknown"), (0.9, "ok"), (0.0, "ok")])
def test_least_coverage_of_a_cost(least: float, expected: str) -> None:
    """A cost is unknown below the coverage that is asked for, and what else is measured has no coverage."""
    cost, calls = measured(events(*COSTS), "cost-total", "calls", min_coverage=least)

    assert (expected, 0.9) == (cost.status, cost.coverage)
    assert ("ok", None) == (calls.status, calls.coverage)


@pytest.mark.parametrize(
    "where",
    [
        " AND ".join(["latency_ms > 1"] * 20_000),
        "latency_ms > " + "+".join(["1"] * 20_000),
        "CASE WHEN cache_hit THEN " * 24 + "1",
        "NOT " * 20_000 + "cache_hit",
        "model = '\ud83d'",
    ],
    ids=["conditions", "sum", "cases", "negations", "half a character"],
)
def test_conditions_that_kill_the_engine(where: str) -> None:
    """A condition of so many steps that the engine would crash or never end is refused at once, and so is what is no text."""
    with pytest.raises(UsageError, match="--where"):
        predicate(where)


def test_condition_with_many_values() -> None:
    """A list of values may be of any length, whatever is in them."""
    ids = ", ".join(f"'{number}-case-and-or-{number}+1'" for number in range(20_000))

    assert predicate(f"user_id IN ({ids})").meta.root_names() == ["user_id"]
