"""How far a mean moved, and whether chance explains it: against regression, SciPy and hand-worked sums."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import exp, inf, log, sqrt

import numpy as np
import pytest
from building import events
from scipy import stats

from aiopsctl import catalog
from aiopsctl.changes import changes
from aiopsctl.measure import Scope
from aiopsctl.stats.change import Change, Days, Scale, Units, change, cutoff, holm
from aiopsctl.window import Window, moment, zone

ZONE = zone("UTC")
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def sample(seed: int, users: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return events of users in two windows: the user, whether it is in the later one, and 0 or 1."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, 600)
    taste = rng.beta(3, 1, users)
    late = rng.random(600) < 0.4
    return user, late, (rng.random(600) < taste[user] - 0.05 * late).astype(float)


def units(user: np.ndarray, late: np.ndarray, y: np.ndarray) -> Units:
    """Return the sums of every user in both windows."""
    both = [np.bincount(user[where], weights=w[where], minlength=user.max() + 1)
            for where in (late, ~late) for w in (y, np.ones_like(y))]  # fmt: skip
    return Units(both[0], both[1], both[2], both[3])


def of(sums: Units, days: Days | None = None, scale: Scale = "difference") -> Change:
    """Return a change that there is."""
    found = change(sums, days, scale)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
def test_error_is_that_of_regression(seed: int) -> None:
    """The error is that of a regression on the window, with a sandwich clustered by user."""
    user, late, y = sample(seed)
    x = np.column_stack([np.ones_like(y), late])
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    scores = np.array([(x[user == u] * (y - x @ beta)[user == u, None]).sum(axis=0) for u in np.unique(user)])
    expected = sqrt((bread @ (scores.T @ scores) @ bread)[1, 1] * len(scores) / (len(scores) - 1))

    found = of(units(user, late, y))

    assert found.delta == pytest.approx(beta[1], rel=1e-12)
    assert found.error == pytest.approx(expected, rel=1e-12)


def test_quotient_by_hand() -> None:
    """The logarithm of a quotient: means of 3 and 2, three users, each residual over its mean and number."""
    sums = Units(*(np.array(each, float) for each in ([2, 4, 0], [1, 1, 0], [2, 0, 2], [1, 0, 1])))
    parts = [(2 - 3) / (2 * 3) - 0, (4 - 3) / (2 * 3), 0]
    expected = sqrt(3 / 2 * sum(part**2 for part in parts))

    found = of(sums, scale="log")

    assert (found.delta, found.error) == pytest.approx((log(3 / 2), expected))
    assert found.interval(0.5)[0] == pytest.approx(3 / 2 * exp(-stats.t.ppf(0.75, found.dof) * expected) - 1)


@pytest.mark.parametrize("harm", [1, -1, 0])
def test_p_is_that_of_students_t(harm: int) -> None:
    """The p-value is a tail of Student's t: one-sided where a direction is harmful, else both."""
    t = stats.t(7.5)
    expected = {1: t.sf(1.5), -1: t.cdf(1.5), 0: 2 * t.sf(1.5)}

    assert Change(0.3, 0.2, 7.5, "difference").p(harm) == pytest.approx(expected[harm])


def test_detectable_is_seen_eight_times_in_ten() -> None:
    """A change as large as the detectable one passes the bar with a probability of 80 %."""
    found = Change(0.0, 0.01, 1e6, "difference")
    bar = stats.norm.isf(1e-4) * found.error

    assert stats.norm.sf(bar, loc=found.detectable(1e-4), scale=found.error) == pytest.approx(0.8, abs=0.001)


def test_days_that_wander_widen_the_error() -> None:
    """Daily means that differ by more than their users explain add their variance, for the window and the baseline."""
    user, late, y = sample(1)
    mean = np.array([0.7, 0.8] * 14)
    days = Days(np.arange(28) % 7 + 1, mean, np.full(28, 0.0001), window=7)
    residual = [m - mean[np.arange(28) % 7 == i % 7].mean() for i, m in enumerate(mean)]
    wander = sum(r * r for r in residual) / (28 - 7) - 0.0001
    expected = sqrt(of(units(user, late, y)).error ** 2 + wander * (1 / 7 + 1 / 28))

    assert of(units(user, late, y), days).error == pytest.approx(expected)
    assert of(units(user, late, y), days).dof < of(units(user, late, y)).dof + 21


def test_few_users_have_few_degrees_of_freedom() -> None:
    """Where one user makes nearly all of a change, there is hardly a degree of freedom to believe it by."""
    loud = Units(
        np.array([0.0, 5, 5, 5]), np.array([500.0, 10, 10, 10]), np.array([0.0, 5, 5, 5]), np.array([0.0, 10, 10, 10])
    )

    assert of(loud).dof < 2
    assert of(loud).p(-1) > 0.001


@pytest.mark.parametrize("empty", [0, 2])
def test_nothing_on_one_side(empty: int) -> None:
    """Without events in one of the windows there is no change to tell."""
    sums = [np.array([1.0, 2]), np.array([2.0, 3]), np.array([1.0, 2]), np.array([2.0, 3])]
    sums[empty], sums[empty + 1] = np.zeros(2), np.zeros(2)

    assert change(Units(*sums), None, "difference") is None


@pytest.mark.parametrize("p", [[0.001, 0.2, 0.011, 0.04], [0.5, 0.9], [0.012, 0.013, 0.014]])
def test_cutoff_is_that_of_scipy(p: Sequence[float]) -> None:
    """What lies at or below the cutoff is what SciPy's procedure discovers."""
    expected = [adjusted <= 0.05 for adjusted in stats.false_discovery_control(p)]

    assert expected == [value <= cutoff(p, 0.05) for value in p]


def test_changes_of_a_log() -> None:
    """From events to the statistic: by slice and window, the same sums as by hand."""
    user, late, y = sample(3)
    rows = [
        {
            "kind": "thumb",
            "value": v,
            "user_id": f"u{u}",
            "feature": "draft",
            "ts": f"2026-09-{25 if w else 10:02}T12:00:00Z",
        }
        for u, w, v in zip(user, late, y, strict=True)
    ]
    window = Window(moment("7d", NOW, ZONE), NOW)
    scope = Scope(ZONE, window, Window(moment("28d", NOW, ZONE), window.since), by=("feature",))

    found = changes(events(*rows), [catalog.metric("thumbs-up-rate"), catalog.metric("mau")], scope)

    (((name, slice_), moved),) = found.items()
    assert (name, slice_) == ("thumbs-up-rate", (("feature", "draft"),))
    assert (moved.delta, moved.error) == pytest.approx((of(units(user, late, y)).delta, of(units(user, late, y)).error))


def test_error_of_a_quotient_with_days() -> None:
    """Tokens by user and day, of days that wander: the error is that of the definitions, one loop after the other."""
    rng = np.random.default_rng(11)
    taste, drift = rng.lognormal(5, 0.4, 30), rng.lognormal(0, 0.3, 35)
    rows = [
        {"user_id": f"u{u}", "input_tokens": int(taste[u] * drift[day] * rng.lognormal(0, 0.2)),
         "ts": (moment("35d", NOW, ZONE) + timedelta(days=day, hours=n)).isoformat()}
        for day in range(35) for u in range(30) if (u + day) % 3 for n in range(1 + (u * day) % 2)
    ]  # fmt: skip
    start = moment("7d", NOW, ZONE)
    late, early = (
        [row for row in rows if (datetime.fromisoformat(row["ts"]) >= start) is side] for side in (True, False)
    )
    by_user = []
    for u in range(30):
        parts = 0.0
        for side, sign in ((late, 1), (early, -1)):
            mean = sum(row["input_tokens"] for row in side) / len(side)
            own = [row["input_tokens"] for row in side if row["user_id"] == f"u{u}"]
            parts += sign * (sum(own) - mean * len(own)) / (len(side) * mean)
        by_user.append(parts)
    whole = sum(row["input_tokens"] for row in early) / len(early)
    means, noise, weekdays = [], [], []
    for day in range(28):
        of_day = [
            row for row in early if row["ts"][:10] == (moment("35d", NOW, ZONE) + timedelta(days=day)).isoformat()[:10]
        ]
        mean = sum(row["input_tokens"] for row in of_day) / len(of_day)
        users = {row["user_id"] for row in of_day}
        rest = [sum(row["input_tokens"] - mean for row in of_day if row["user_id"] == user) for user in users]
        means.append(mean / whole)
        noise.append(sum(r * r for r in rest) / len(of_day) ** 2 * len(users) / (len(users) - 1) / whole**2)
        weekdays.append(day % 7)
    usual = [np.mean([m for m, other in zip(means, weekdays, strict=True) if other == own]) for own in range(7)]
    wander = sum((m - usual[w]) ** 2 for m, w in zip(means, weekdays, strict=True)) / (28 - 7) - np.mean(noise)
    expected = sqrt(sum(p * p for p in by_user) * 30 / 29 + wander * (1 / 7 + 1 / 28))
    scope = Scope(ZONE, Window(start, NOW), Window(moment("35d", NOW, ZONE), start))

    ((found),) = changes(events(*rows), [catalog.metric("input-tokens")], scope).values()

    assert wander > 0
    assert found.scale == "log"
    assert found.delta == pytest.approx(log(sum(r["input_tokens"] for r in late) / len(late) / whole))
    assert found.error == pytest.approx(expected)


def test_events_without_users_depend_by_day() -> None:
    """Where nobody is named, the days are the units: seven days of 0.5 after seven of 0.75."""
    rows = [
        {"kind": "thumb", "value": v, "ts": f"2026-09-{day:02}T12:00:00Z"}
        for day in range(17, 31)
        for v in ((1, 1, 1, 0) if day < 24 else (1, 1, 0, 0))
    ]
    window = Window(moment("7d", NOW, ZONE), NOW)
    scope = Scope(ZONE, window, Window(moment("14d", NOW, ZONE), window.since))

    ((moved),) = changes(events(*rows), [catalog.metric("thumbs-up-rate")], scope).values()

    assert (moved.delta, moved.error) == (-0.25, 0)


@pytest.mark.parametrize("late", [np.array([50.0, 0, 0]), np.array([0.0, 0, 50])])
def test_one_unit_tells_no_error(late: np.ndarray) -> None:
    """A window of one unit (a day, a user) lies wholly on its own mean: no change of it is believed, and none is seen."""
    before = np.array([80.0, 90, 0])

    moved = of(Units(late, 2 * late, before, np.array([100.0, 100, 0])))

    assert moved.delta == pytest.approx(0.5 - 0.85)
    assert (moved.error, moved.p(-1), moved.detectable(0.01)) == (inf, 0.5, inf)


@pytest.mark.parametrize("user", [None, "only-one"])
def test_two_single_days_are_no_evidence(user: str | None) -> None:
    """Without users, or with one alone, a day beside the day before does not say how far days differ."""
    rows = [
        {"kind": "thumb", "value": v, "user_id": user, "ts": f"2026-09-{day}T12:00:00Z"}
        for day in (29, 30)
        for v in ((1, 1, 1, 0) if day == 29 else (1, 0, 0, 0))
    ]
    window = Window(moment("1d", NOW, ZONE), NOW)
    scope = Scope(ZONE, window, Window(moment("2d", NOW, ZONE), window.since))

    ((moved),) = changes(events(*rows), [catalog.metric("thumbs-up-rate")], scope).values()

    assert (moved.delta, moved.error) == (-0.5, inf)


def test_days_are_the_units_of_a_single_user() -> None:
    """One user in a log is no sample of users: its days are, as where nobody is named."""
    named, unnamed = (
        [
            {"kind": "thumb", "value": v, "user_id": user, "ts": f"2026-09-{day:02}T12:00:00Z"}
            for day in range(17, 31)
            for v in (1, day % 2, int(day < 24), 0)
        ]
        for user in ("only-one", None)
    )
    window = Window(moment("7d", NOW, ZONE), NOW)
    scope = Scope(ZONE, window, Window(moment("14d", NOW, ZONE), window.since))
    metric = catalog.metric("thumbs-up-rate")

    assert changes(events(*named), [metric], scope) == changes(events(*unnamed), [metric], scope) != {}


def test_holm_by_hand() -> None:
    """The smallest of three p-values counts three times, the next twice, and none less than one before it."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_means_are_of_their_own_sums() -> None:
    """Numerator and denominator of every mean of events are sums of its metric."""
    assert not [m.name for m in catalog.metrics().values() if not set(m.value.ratio or ()) <= set(m.sums)]


@pytest.mark.parametrize(
    ("delta", "harm", "p"), [(-1.0, 0, 0.0), (1.0, 0, 0.0), (0.0, 0, 1.0), (-1.0, 1, 1.0), (-1.0, -1, 0.0)]
)
def test_certain_change(delta: float, harm: int, p: float) -> None:
    """A change without an error is certain in the direction that it has, and in any direction where none is harmful."""
    assert Change(delta, 0.0, inf, "difference").p(harm) == p
