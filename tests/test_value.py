"""Values and intervals, against NumPy, SciPy and what can be counted by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, t

from aiopsctl.values import (
    Value,
    adopted,
    count_beside,
    count_of_last_day,
    counted_quantile,
    distinct,
    distinct_rate,
    largest_over_mean,
    longest_wait,
    maximum,
    mean,
    mean_gap,
    opted_out,
    per_active_user,
    per_user,
    rate,
    rate_of_last_days,
    retained,
    share,
    stickiness,
    student_t,
    top_share,
    total,
    user_quantile,
    waiting,
)

Numbers = NDArray[np.float64]
USERS = ["a", "b", "c", "d"]
TOLERANCE = 1e-4


def said(value: Value, **columns: Any) -> dict[str, Any]:
    """Return what a value says of summed rows: n, value, low and high."""
    rows = value.stepped(pl.DataFrame(columns).group_by(pl.lit(0).alias("all")).agg(**value.parts))
    value_low_high = {"value": value.value / value.per, "low": value.low / value.per, "high": value.high / value.per}
    return rows.select(n=value.n, **value_low_high).row(0, named=True)


def sums_of_users(users: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return hits and events of users who differ in how active and in how lucky they are."""
    rng = np.random.default_rng(seed)
    events = 1 + rng.poisson(3 * rng.lognormal(0, 1.3, users))
    return rng.binomial(events, rng.beta(5, 2, users)), events


def clustered(num: NDArray[Any], den: NDArray[Any]) -> tuple[float, float, float]:
    """Return a ratio, its user-clustered variance and the degrees of freedom, written as a textbook would."""
    ratio = num.sum() / den.sum()
    d = (num - ratio * den) / den.sum()
    users = len(den)
    return float(ratio), float(users / (users - 1) * (d**2).sum()), float((d**2).sum() ** 2 / (d**4).sum())


def score_interval(p: float, n: float, z: float) -> tuple[float, float]:
    """Return the shares that lie `z` standard errors of their own from `p`: Wilson's interval, by root finding."""

    def past(share: float) -> float:
        return (p - share) ** 2 - z**2 * share * (1 - share) / n

    return float(brentq(past, 0, p, xtol=1e-15)), float(brentq(past, p, 1, xtol=1e-15))


@pytest.mark.parametrize("df", [1, 1.5, 2, 3, 4, 5, 10, 30, 1000, 1e7])
def test_student_t(df: float) -> None:
    """The t quantile is scipy's to 0.002 %, for fractions of degrees of freedom too."""
    expected = t.ppf(0.975, df)

    actual = pl.select(student_t(pl.lit(df))).item()

    assert pytest.approx(expected, rel=2e-5) == actual


@pytest.mark.parametrize("df", [0.0, 0.99, None])
def test_student_t_without_degrees_of_freedom(df: float | None) -> None:
    """Below one degree of freedom there is no quantile."""
    assert pl.select(student_t(pl.lit(df, pl.Float64))).item() is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("users", [2, 3, 8, 50, 2000])
def test_mean_interval(users: int, seed: int) -> None:
    """The interval of a mean is the clustered one of the ratio of sums, with t at its degrees of freedom."""
    num, den = sums_of_users(users, seed)
    centre, variance, df = clustered(num, den)
    half = t.ppf(0.975, df) * sqrt(variance)

    actual = said(mean("num", "den", least=-100), num=num, den=den, user_id=np.arange(users))

    assert pytest.approx(centre) == actual["value"]
    assert pytest.approx(half, rel=TOLERANCE) == (actual["high"] - actual["low"]) / 2
    assert den.sum() == actual["n"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("users", [2, 3, 8, 50, 2000])
def test_rate_interval(users: int, seed: int) -> None:
    """The interval of a rate is Wilson's, of the sample that the design effect leaves, with t for z."""
    num, den = sums_of_users(users, seed)
    p, variance, df = clustered(num, den)
    effect = max(variance / (p * (1 - p) / den.sum()), 1)
    expected = score_interval(p, den.sum() / effect, t.ppf(0.975, df))

    actual = said(rate("num", "den"), num=num, den=den, user_id=np.arange(users))

    assert pytest.approx(p) == actual["value"]
    assert pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE) == (actual["low"], actual["high"])


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (1, 7), (7, 7), (13, 200), (9_000, 10_000)])
def test_rate_interval_without_users(hits: int, n: int) -> None:
    """Where no user is known, the interval of a rate is scipy's Wilson interval."""
    expected = binomtest(hits, n).proportion_ci(method="wilson")

    actual = said(rate("num", "den"), num=[hits], den=[n], user_id=[None])

    assert pytest.approx((expected.low, expected.high), abs=1e-12) == (actual["low"], actual["high"])


def test_rate_interval_of_users_with_one_event() -> None:
    """Of 4,000 users with one event each the interval is Wilson's, but for the t quantile of 4,000 units for z."""
    hits = np.tile([0, 1], 2000)
    expected = binomtest(2000, 4000).proportion_ci(method="wilson")

    actual = said(rate("num", "den"), num=hits, den=np.ones(4000, int), user_id=np.arange(4000))

    assert pytest.approx(expected.high - 0.5, rel=6e-4) == actual["high"] - 0.5
    assert expected.high < actual["high"]


def test_rate_of_users_all_alike() -> None:
    """Where every user has the same rate, the interval is that of independent events, not of no width."""
    expected = binomtest(20, 40).proportion_ci(method="wilson")

    actual = said(rate("num", "den"), num=[5] * 4, den=[10] * 4, user_id=USERS)

    assert pytest.approx((expected.low, expected.high)) == (actual["low"], actual["high"])


def test_rate_of_one_loud_user() -> None:
    """Where one user gave most of the events, unlike all others, little is known: the interval is nearly everything."""
    hits, events = np.r_[0, [10] * 50], np.r_[1000, [10] * 50]

    actual = said(rate("num", "den"), num=hits, den=events, user_id=np.arange(51))

    assert actual["high"] - actual["low"] > 0.9


def test_mean_of_users_all_alike() -> None:
    """Where every user has the same mean, how far users differ is not known: no interval."""
    expected = (7.0, 22, None, None)
    actual = said(mean("num", "den"), num=[49, 98, 7], den=[7, 14, 1], user_id=USERS[:3])

    assert expected == (actual["value"], actual["n"], actual["low"], actual["high"])


def test_one_user() -> None:
    """Of one user a mean has no interval, and a rate that of independent events."""
    interval = binomtest(20, 50).proportion_ci(method="wilson")
    expected = [(None, None), pytest.approx((interval.low, interval.high))]

    found = [said(value("num", "den"), num=[20], den=[50], user_id=["a"]) for value in (mean, rate)]

    assert expected == [(each["low"], each["high"]) for each in found]


@pytest.mark.parametrize("value", [mean, rate])
def test_user_without_events_is_no_unit(value: Callable[[str, str], Value]) -> None:
    """A user who has none of the events neither widens nor narrows the interval."""
    expected = said(value("num", "den"), num=[10, 30, 20], den=[40, 50, 60], user_id=USERS[:3])

    actual = said(value("num", "den"), num=[10, 30, 20, 0], den=[40, 50, 60, 0], user_id=USERS)

    assert expected == actual


def test_mean_keeps_to_its_bounds() -> None:
    """An interval ends where the mean can be no more and no less."""
    expected = (0, -100, 100)
    actual = said(mean("num", "den", least=-100, most=100), num=[-100, 100], den=[1, 1], user_id=["a", "b"])

    assert expected == (actual["value"], actual["low"], actual["high"])


def test_rows_without_user_count() -> None:
    """Events of nobody known count in a mean; while they are less than 5 %, the users give the interval."""
    num, den = np.array([10, 30, 20, 7]), np.array([40, 50, 60, 4])
    ratio = 67 / 154
    d = (num[:3] - ratio * den[:3]) / 150
    half = t.ppf(0.975, (d**2).sum() ** 2 / (d**4).sum()) * sqrt(3 / 2 * (d**2).sum())

    actual = said(mean("num", "den", least=-9), num=num, den=den, user_id=["a", "b", "c", None])

    assert (ratio, 154) == (actual["value"], actual["n"])
    assert pytest.approx(half, rel=TOLERANCE) == (actual["high"] - actual["low"]) / 2


def test_many_rows_without_user() -> None:
    """Where more than 5 % of the events are of nobody known, a mean has no interval."""
    expected = (0.6, None, None)
    actual = said(mean("num", "den"), num=[10, 30, 20], den=[40, 50, 10], user_id=["a", "b", None])

    assert expected == (actual["value"], actual["low"], actual["high"])


def test_rate_that_nobody_judged() -> None:
    """A rate is unknown where what it needs to know is known of no event."""
    actual = said(rate("num", "den", known="known"), num=[0], den=[9], known=[0], user_id=["a"])

    assert actual["value"] is None


def test_per_user_interval() -> None:
    """The mean over users has the t interval of as many users, and users without activity are none."""
    expected = (4.0, 4)
    spent = np.array([3.0, 1.0, 8.0, 4.0])
    half = t.ppf(0.975, 3) * spent.std(ddof=1) / 2

    actual = said(per_user("cost", "calls"), cost=[3, 1, 8, 4, 0], calls=[1, 2, 3, 4, 0], user_id=[*USERS, "e"])

    assert expected == (actual["value"], actual["n"])
    assert pytest.approx(half, rel=TOLERANCE) == actual["high"] - 4
    assert actual["low"] == 0


def test_per_user_counts_the_cost_of_nobody() -> None:
    """Cost without a user is cost, but nobody is no user."""
    expected = (6.0, 2)
    actual = said(per_user("cost", "calls"), cost=[3, 1, 8], calls=[1, 1, 5], user_id=["a", "b", None])

    assert expected == (actual["value"], actual["n"])


@pytest.mark.parametrize("seed", range(20))
def test_quantile(seed: int) -> None:
    """A quantile is the smallest value that at least that share does not exceed, as in a sorted list."""
    rng = np.random.default_rng(seed)
    values = np.sort(rng.integers(0, 50, rng.integers(1, 400)))
    distinct_values, counts = np.unique(values, return_counts=True)
    shuffled = rng.permutation(len(counts))
    rows = {"ms": distinct_values[shuffled], "n": counts[shuffled]}
    percents = [1, 5, 25, 50, 75, 90, 95, 99, 100]
    expected = [values[ceil(Fraction(percent, 100) * len(values)) - 1] for percent in percents]

    actual = [said(counted_quantile("ms", "n", percent / 100), **rows)["value"] for percent in percents]

    assert expected == actual


@pytest.mark.parametrize(
    ("q", "n", "low", "high"),
    [
        (0.5, 100, 40, 61),  # 50 -+ 1.96 * 5 = 40.2 and 59.8
        (0.95, 1000, 936, 965),  # 950 -+ 1.96 * 6.892 = 936.5 and 963.5
        (0.99, 100, 97, None),  # 99 -+ 1.96 * 0.995 = 97.05 and 100.95: there is no rank 102
        (0.5, 3, None, None),  # 1.5 -+ 1.96 * 0.866 = -0.2 and 3.2
    ],
)
def test_quantile_interval(q: float, n: int, low: int | None, high: int | None) -> None:
    """The interval of a quantile is from rank to rank: rounded outwards, and open where there is no such rank."""
    actual = said(counted_quantile("ms", "n", q), ms=np.arange(1, n + 1), n=np.ones(n, int))

    assert (low, high) == (actual["low"], actual["high"])


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [50, 100, 473, 2_000, 30_000])
def test_quantile_interval_covers(q: float, n: int) -> None:
    """The two ranks hold the quantile in at least 95 % of samples, by the binomial distribution of how many lie below."""
    said_of = said(counted_quantile("ms", "n", q), ms=np.arange(1, n + 1), n=np.ones(n, int))
    low, high = said_of["low"] or 0, said_of["high"] or n + 1

    actual = binom.cdf(high - 1, n, q) - binom.cdf(low - 1, n, q)

    assert actual >= 0.95


def test_quantile_of_events_only() -> None:
    """A value at which nothing was counted is no value."""
    expected = (3, 1)
    actual = said(counted_quantile("ms", "n", 0.5), ms=[1, 2, 3, 4], n=[0, 0, 1, 0])

    assert expected == (actual["value"], actual["n"])


@pytest.mark.parametrize(("q", "expected"), [(0.5, 2), (0.51, 4), (0.75, 4), (0.76, 9), (1.0, 9)])
def test_user_quantile(q: float, expected: int) -> None:
    """A quantile of users is over the totals of those who were active."""
    actual = said(user_quantile("cost", "calls", q), cost=[9, 1, 4, 2, 70], calls=[1, 1, 1, 1, 0])

    assert (expected, 4) == (actual["value"], actual["n"])


@pytest.mark.parametrize(("users", "top"), [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (201, 3)])
def test_top_share(users: int, top: int) -> None:
    """The top 1 % of users is rounded up to whole users."""
    spent = np.arange(1, users + 1)
    expected = spent[-top:].sum() / spent.sum()

    actual = said(top_share("cost", "calls", 0.01), cost=np.r_[spent, 1000], calls=np.r_[np.ones(users, int), 0])

    assert (pytest.approx(expected), users) == (actual["value"], actual["n"])


def test_largest_over_mean() -> None:
    """The heaviest user is measured against the mean of active users, himself among them."""
    expected = (2.25, 3)
    actual = said(largest_over_mean("cost", "calls"), cost=[1, 2, 9, 50], calls=[1, 1, 1, 0])

    assert expected == (actual["value"], actual["n"])


def test_total() -> None:
    """A total is in the unit that it is shown in, and unknown where there was nothing to add."""
    expected = [2.000000005, None]
    actual = [said(total("cost", "n", per=1e9), cost=[2_000_000_000, 5], n=[n, 0])["value"] for n in (3, 0)]

    assert expected == actual


def test_distinct() -> None:
    """What was active is counted once; by period, it is the mean over the periods in which anything was."""
    expected = [(3, 5), (1.5, 5)]
    rows = {"calls": [3, 1, 0, 1], "day": [1, 1, 1, 2], "user_id": ["a", "b", "c", "a"]}

    actual = [said(distinct("calls"), **rows), said(distinct("calls", per="day"), **rows)]

    assert expected == [(each["value"], each["n"]) for each in actual]


def marked(value: Value, **columns: Any) -> dict[str, Any]:
    """Return what a value over units of its own says of a slice of all the rows."""
    assert value.units is not None
    return said(value, **value.units(pl.DataFrame(columns).with_columns(slice=0), ["slice"]).to_dict(as_series=False))


def test_distinct_rate() -> None:
    """A call counts once, whoever marks it and how often; the events are those where marks are taken at all."""
    interval = binomtest(2, 8).proportion_ci(method="wilson")
    expected = {"n": 8, "value": 0.25, "low": interval.low, "high": interval.high}
    rows = {
        "feature": ["a"] * 6 + ["b", "a"],
        "takes": [1] * 6 + [None, 1],
        "marked_call": ["", "", "r1", "r1", "r2", "", "", "r3"],
        "flags": [0, 0, 2, 1, 1, 0, 0, 0],
        "calls": [3, 3, 0, 0, 0, 2, 5, 0],
        "user_id": [None] * 8,
    }

    actual = marked(distinct_rate("flags", "calls", where="takes"), **rows)

    assert pytest.approx(expected) == actual


def test_distinct_rate_of_dependent_calls() -> None:
    """The interval is that of a rate whose users each bring their calls and their marks."""
    users = {"user_id": ["a", "b", "c"], "marks": [3, 0, 1], "calls": [10, 12, 5]}
    expected = said(rate("marks", "calls"), **users)
    rows = {
        "marked_call": ["", "r1", "r2", "r3", "", "", "r4", "r5"],
        "flags": [0, 1, 1, 2, 0, 0, 1, 0],
        "calls": [10, 0, 0, 0, 12, 5, 0, 0],
        "user_id": ["a", "a", "a", "a", "b", "c", "c", "c"],
    }

    actual = marked(distinct_rate("flags", "calls"), **rows)

    assert pytest.approx(expected) == actual


def test_rate_of_last_days() -> None:
    """Only the last days of the window count, the last one included; the days of a user are one unit."""
    days = [date(2026, 9, day) for day in (1, 2, 3, 3, 4)]
    rows = {"day": days, "last_day": [date(2026, 9, 4)] * 5, "up": [9, 1, 0, 3, 2], "n": [9, 4, 2, 3, 2]}
    users = {"user_id": ["a", "b"], "up": [3, 3], "n": [8, 3]}
    expected = said(rate("up", "n"), **users)

    actual = marked(rate_of_last_days("up", "n", 3), **rows, user_id=["a", "a", "a", "b", "a"])

    assert pytest.approx(expected) == actual


def test_share() -> None:
    """A share of independent units has Wilson's interval, and is unknown where what it is judged by is."""
    interval = binomtest(3, 8).proportion_ci(method="wilson")
    value = share(pl.col("down").sum(), pl.col("minutes").sum(), "down / minutes", known="judged")
    expected = [{"n": 8, "value": 0.375, "low": interval.low, "high": interval.high}, None]

    actual = [said(value, down=[1, 2], minutes=[3, 5], judged=[judged, 0]) for judged in (1, 0)]

    assert pytest.approx(expected[0]) == actual[0]
    assert actual[1]["value"] is None


def test_waiting() -> None:
    """What is sampled waits until it is done, from its first sample to the end of the window."""
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    since = [None, noon - timedelta(hours=9), noon - timedelta(hours=5), noon - timedelta(hours=7)]
    rows = {"marked_call": ["", "r1", "r2", "r3"], "samples": [0, 2, 1, 1], "reviews": [0, 1, 0, 0], "calls": [9, 0, 0, 0],
            "first": since, "window_end": [noon] * 4}  # fmt: skip
    expected = [(2, 9), (7, 9), (0, 9)]
    done = rows | {"reviews": [0, 1, 1, 1]}

    actual = [
        said(waiting("samples", "reviews", "calls"), **rows),
        said(longest_wait("first", "samples", "reviews", "calls"), **rows),
        said(longest_wait("first", "samples", "reviews", "calls"), **done),
    ]

    assert expected == [(each["value"], each["n"]) for each in actual]


def test_count_beside() -> None:
    """A count is 0 where there is none of it beside other events, which are its sample."""
    expected = [(0, 7), (3, 7), (3, 3), (1, 7)]
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    ended = {"window_end": [noon] * 3, "at": [datetime(1970, 1, 1, tzinfo=UTC), noon - timedelta(hours=25), noon - timedelta(hours=24)]}  # fmt: skip

    actual = [
        said(count_beside("escalated", "calls"), escalated=[0], calls=[7]),
        said(count_beside("escalated", "calls"), escalated=[3], calls=[7]),
        said(count_beside("escalated", "calls"), escalated=[3], calls=[0]),
        said(count_of_last_day("escalated", "calls", "at"), escalated=[0, 2, 1], calls=[7, 0, 0], **ended),
    ]

    assert expected == [(each["value"], each["n"]) for each in actual]


def test_maximum() -> None:
    """The largest row is found, and all events are its sample."""
    expected = (8, 6)
    actual = said(maximum("tokens", "calls"), tokens=[3, 8, 5], calls=[1, 2, 3])

    assert expected == (actual["value"], actual["n"])


ACTIVATED = {"activations": [1, 1, 1, 0], "last_activation": [5, 5, 5, None]}
NOBODY_ACTIVATED = {"activations": [0] * 4, "last_activation": pl.Series([None] * 4, dtype=pl.Int64)}
OPTED_OUT = {"opt_outs": [1, 1, 0, 1], "last_opt_out": [6, 4, None, 9]}
NOBODY_OPTED_OUT = {"opt_outs": [0] * 4, "last_opt_out": pl.Series([None] * 4, dtype=pl.Int64)}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ACTIVATED | OPTED_OUT, 1 / 3),
        (NOBODY_ACTIVATED | OPTED_OUT, 1 / 2),
        (NOBODY_ACTIVATED | NOBODY_OPTED_OUT, 0),
    ],
    ids=["of those who activated", "nobody activated: of those who called", "nobody opted out"],
)
def test_opted_out(rows: dict[str, Any], expected: float | None) -> None:
    """The last word of a user counts; without activations, users with a call are the base."""
    actual = said(opted_out(), **rows, calls=[3, 0, 1, 0])

    assert expected == actual["value"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("having", [True, False])
def test_mean_among(having: bool, seed: int) -> None:  # noqa: FBT001 - which part of the users
    """The mean of users with calls, or of those without, is that of their rows alone, and so is its interval."""
    num, den = sums_of_users(60, seed)
    calls = np.arange(60) % 3
    own = (calls > 0) == having
    centre, variance, df = clustered(num[own], den[own])
    value = mean("num", "den", having="calls") if having else mean("num", "den", lacking="calls")

    actual = said(value, num=num, den=den, calls=calls, user_id=np.arange(60))

    assert (pytest.approx(centre), den[own].sum()) == (actual["value"], actual["n"])
    assert pytest.approx(centre + t.ppf(0.975, df) * sqrt(variance), rel=TOLERANCE) == actual["high"]


@pytest.mark.parametrize("seed", range(5))
def test_mean_gap_is_welchs(seed: int) -> None:
    """With one answer of each user, the interval of a gap is Welch's, but for the degrees of freedom of each side."""
    rng = np.random.default_rng(seed)
    calls, value = np.arange(90) % 3, rng.integers(1, 6, 90)
    one, other = value[calls > 0], value[calls == 0]
    spread = [float(np.var(side, ddof=1)) / len(side) for side in (one, other)]
    free = [((side - side.mean()) ** 2).sum() ** 2 / ((side - side.mean()) ** 4).sum() for side in (one, other)]
    df = sum(spread) ** 2 / sum(v**2 / f for v, f in zip(spread, free, strict=True))
    half = t.ppf(0.975, df) * sqrt(sum(spread))

    actual = said(
        mean_gap("points", "answers", between="calls", most=4),
        points=value, answers=[1] * 90, calls=calls, user_id=np.arange(90),
    )  # fmt: skip

    assert pytest.approx(one.mean() - other.mean()) == actual["value"]
    assert pytest.approx(half, rel=TOLERANCE) == (actual["high"] - actual["low"]) / 2
    assert actual["n"] == 90


def test_mean_gap_without_one_side() -> None:
    """Where nobody of one side answers there is no gap, and no interval."""
    gap = mean_gap("points", "answers", between="calls", most=4)
    actual = said(gap, points=[4], answers=[1], calls=[1], user_id=["a"])

    assert np.isnan(actual["value"])
    assert (actual["low"], actual["high"]) == (None, None)


@pytest.mark.parametrize("seed", range(3))
def test_per_active_user(seed: int) -> None:
    """Tickets over active users: a ratio over all users, of whom some file tickets and use nothing."""
    rng = np.random.default_rng(seed)
    tickets, calls = rng.poisson(0.4, 80), rng.poisson(1.5, 80)
    active = (calls > 0).astype(int)
    ratio = tickets.sum() / active.sum()
    seen = (tickets > 0) | (active > 0)
    d = ((tickets - ratio * active) / active.sum())[seen]
    variance = seen.sum() / (seen.sum() - 1) * (d**2).sum()
    half = t.ppf(0.975, (d**2).sum() ** 2 / (d**4).sum()) * sqrt(variance)

    actual = said(per_active_user("tickets", "calls", per=0.001), tickets=tickets, calls=calls, user_id=np.arange(80))

    assert pytest.approx(1000 * ratio) == actual["value"]
    assert pytest.approx(1000 * half, rel=TOLERANCE) == actual["high"] - actual["value"]
    assert active.sum() == actual["n"]


@pytest.mark.parametrize(("unknown", "bounded"), [(0, True), (3, False)])
def test_per_active_user_of_unknown_users(unknown: int, bounded: bool) -> None:  # noqa: FBT001 - whether bounds exist
    """Tickets of unknown users count in the value, and leave no interval where they are more than 5 %."""
    rows = {"tickets": [1] + [0] * 29 + [unknown], "calls": [1] * 30 + [0], "user_id": [*range(30), None]}

    actual = said(per_active_user("tickets", "calls"), **rows)

    assert pytest.approx((1 + unknown) / 30) == actual["value"]
    assert bounded == (actual["high"] is not None)


FIRST = datetime(2026, 6, 1, tzinfo=UTC)
AT = pl.Datetime("us", "UTC")
STARTS = ("first_activation", "first_call", "first_active", "last_in_use")


def users_of(*users: tuple[int | None, int | None, int | None, int], end: int) -> dict[str, pl.Series]:
    """Return users by the days of their first activation, first call, first active row, and of their last use."""
    days = dict(zip(STARTS, zip(*users, strict=True), strict=True)) | {"window_end": (end,) * len(users)}
    return {
        name: pl.Series([None if d is None else FIRST + timedelta(days=d) for d in column], dtype=AT)
        for name, column in days.items()
    }


@pytest.mark.parametrize(
    ("users", "end", "expected"),
    [
        ([(0, 0, 0, 30), (0, 0, 0, 29), (None, 0, 0, 40)], 37, (1, 2)),
        ([(None, 0, 0, 30), (None, 0, 0, 29), (None, 0, 0, 40)], 37, (2, 3)),
        ([(0, 0, 0, 30), (1, 1, 1, 36)], 37, (1, 1)),
    ],
    ids=["activated", "nobody activated: first calls", "one too young"],
)
def test_retained(users: list[Any], end: int, expected: tuple[int, int]) -> None:
    """Users count who began 37 days before the end; they stay who are in use 30 days after they began, or later."""
    stayed, began = expected

    actual = said(retained(30, settle=7), **users_of(*users, end=end))

    assert (began, pytest.approx(stayed / began)) == (actual["n"], actual["value"])


def test_retained_too_soon() -> None:
    """Where nobody began long enough ago, nobody counts."""
    assert said(retained(30, settle=7), **users_of((0, 0, 0, 30), end=36))["n"] == 0


def test_retained_others() -> None:
    """The others neither activated nor called, and begin when they are first active; the interval is Wilson's."""
    rows = users_of((None, None, 0, 30), (None, None, 0, 3), (None, 0, 0, 36), (0, None, 0, 36), end=37)
    low, high = binomtest(1, 2).proportion_ci(method="wilson")

    actual = said(retained(30, settle=7, others=True), **rows)

    assert (2, 0.5) == (actual["n"], actual["value"])
    assert pytest.approx((low, high)) == (actual["low"], actual["high"])


@pytest.mark.parametrize(
    ("product", "expected"),
    [([10, 10, 20, 20], 3 / 30), ([10, 10, None, None], 2 / 3), ([None] * 4, 2 / 3)],
    ids=["given by month", "a month is not given", "none is given"],
)
def test_adopted(product: list[int | None], expected: float) -> None:
    """Users with a call in each month over those of the product, else distinct users over all in the log."""
    months = [date(2026, 9, 1)] * 2 + [date(2026, 10, 1)] * 2
    rows = {"user_id": ["a", "b", "a", "c"], "calls": [1, 5, 2, 0], "in_product": [1, 5, 2, 1], "month": months}

    actual = said(adopted(), **rows, product_mau=pl.Series(product, dtype=pl.Int64))

    assert pytest.approx(expected) == actual["value"]


def test_stickiness() -> None:
    """Two users on one day and one on the other are 1.5 a day, of three."""
    rows = {"day": [1, 1, 2, 2], "user_id": ["a", "b", "c", "a"], "calls": [1, 1, 4, 0]}

    assert said(stickiness("calls"), **rows)["value"] == 0.5


def coverage(users: int, mean_share: float, icc: float, spread: float) -> float:
    """Return how often the interval of a rate holds the truth, over 4,000 samples of users who differ."""
    rng = np.random.default_rng(1)
    events = 1 + rng.poisson(3 * rng.lognormal(0, spread, (4_000, users)))
    shares = rng.beta(mean_share * (1 - icc) / icc, (1 - mean_share) * (1 - icc) / icc, events.shape)
    value = rate("num", "den")
    sums = pl.DataFrame(
        {
            "sample": np.repeat(np.arange(4_000), users),
            "user_id": np.tile(np.arange(users), 4_000),
            "num": rng.binomial(events, shares).ravel(),
            "den": events.ravel(),
        }
    )
    found = value.stepped(sums.group_by("sample").agg(**value.parts)).select(low=value.low, high=value.high)
    return float(found.select(((pl.col("low") <= mean_share) & (pl.col("high") >= mean_share)).mean()).item())


@pytest.mark.parametrize(
    ("users", "mean_share", "icc", "spread"),
    [
        (200, 0.75, 0.12, 1.3),
        (50, 0.75, 0.12, 1.3),
        (20, 0.75, 0.12, 1.3),
        (200, 0.75, 0.12, 0.3),
        (200, 0.02, 0.3, 1.3),
    ],
)
def test_interval_covers(users: int, mean_share: float, icc: float, spread: float) -> None:
    """The 95 % interval of a rate holds the truth in 93 to 97 % of samples, though events of a user are alike."""
    assert 0.93 <= coverage(users, mean_share, icc, spread) <= 0.97
