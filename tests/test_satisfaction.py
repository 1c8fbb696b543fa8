"""Satisfaction and engagement on small logs: what an absence means, how slices are cut, and what a window allows."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from building import events

from aiopsctl import catalog
from aiopsctl.facts import FACTS, Setting
from aiopsctl.measure import Scope, measure
from aiopsctl.result import Measurement
from aiopsctl.window import Window

UTC_ZONE = ZoneInfo("UTC")
SEPTEMBER = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
LATER = "2026-10-05T12:00:00Z"


def found(rows: pl.DataFrame, name: str, *by: str, **scope: Any) -> list[Measurement]:
    """Return one metric of a log."""
    return measure(rows, [catalog.metric(name)], Scope(UTC_ZONE, by=by, **scope))


def values(rows: pl.DataFrame, name: str, by: str, **scope: Any) -> dict[Any, float | None]:
    """Return the value of each slice."""
    return {m.slice[by]: m.value for m in found(rows, name, by, **scope)}


KINDS = {
    "nps-users": "nps", "csat": "csat", "tickets": "ticket", "ticket-rate": "ticket", "opt-out-rate": "activate",
    "retention-30d-others": "active", "ai-completion-rate": "complete",
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), KINDS.items(), ids=KINDS)
def test_a_kind_that_is_never_logged_is_unknown(name: str, kind: str) -> None:
    """A log that never has the kind says nothing of it, and the reason names it."""
    (actual,) = found(events({"user_id": "a", "kind": "share", "value": 1}, {"user_id": "a"}), name)

    assert (None, "unknown") == (actual.value, actual.status)
    assert kind in (actual.reason or "")


@pytest.mark.parametrize("name", ["tickets", "ticket-rate", "opt-out-rate"])
def test_none_in_the_window_is_zero(name: str) -> None:
    """Where the log has tickets and opt-outs, a window without any has none."""
    rows = events(
        {"user_id": "a"},
        {"user_id": "a", "kind": "ticket", "ts": LATER},
        {"user_id": "a", "kind": "opt_out", "ts": LATER},
    )

    (actual,) = found(rows, name, window=SEPTEMBER)

    assert (0, "ok") == (actual.value, actual.status)


def test_ticket_rate_by_category_is_of_all_active_users() -> None:
    """Every category is over the same users, who are counted once; a category of flags is none of tickets."""
    rows = events(
        *({"user_id": user} for user in "abcd"),
        {"user_id": "a", "kind": "ticket", "category": "accuracy"},
        {"user_id": "a", "kind": "ticket", "category": "accuracy"},
        {"user_id": "b", "kind": "ticket", "category": "billing"},
        {"user_id": "c", "kind": "flag", "category": "wrong"},
    )
    expected = {"accuracy": 500, "billing": 250}

    actual = found(rows, "ticket-rate", "category")

    assert expected == {m.slice["category"]: m.value for m in actual}
    assert [4, 4] == [m.n for m in actual]


def test_a_category_of_the_window_before_has_none_now() -> None:
    """A category whose tickets stopped is zero, not gone."""
    rows = events(
        {"user_id": "a", "ts": LATER}, {"user_id": "a", "kind": "ticket", "category": "billing"}, {"user_id": "a"}
    )
    (actual,) = found(
        rows, "ticket-rate", "category",
        window=Window(SEPTEMBER.until, datetime(2026, 11, 1, tzinfo=UTC)), reference=SEPTEMBER,
    )  # fmt: skip

    assert actual.reference is not None
    assert (0, 1000) == (actual.value, actual.reference.value)


def test_adoption_by_feature_is_of_all_users() -> None:
    """Who uses a feature is set against all users of the product, active rows and other features among them."""
    rows = events(
        {"user_id": "a", "feature": "draft"},
        {"user_id": "a", "feature": "search"},
        {"user_id": "b", "feature": "search"},
        {"user_id": "c", "kind": "active"},
        {"user_id": "d", "kind": "active"},
    )

    assert values(rows, "adoption-rate", "feature") == {"draft": 0.25, "search": 0.5}


@pytest.mark.parametrize(("by", "expected"), [((), 0.1), (("month",), 0.1), (("feature",), 0.1), (("tier",), 0.5)])
def test_adoption_of_the_product_that_the_config_gives(by: tuple[str, ...], expected: float) -> None:
    """The users of the product are those of the config, but of a tier, of which it does not tell, those of the log."""
    rows = events(
        {"user_id": "a", "feature": "draft", "tier": "pro"}, {"user_id": "b", "kind": "active", "tier": "pro"}
    )
    config = SimpleNamespace(product_mau={"2026-09": 10})

    (actual,) = found(rows, "adoption-rate", *by, config=config)

    assert expected == actual.value


CUT = {
    "retention-30d": ("month", "week"), "retention-30d-others": ("month", "feature"), "nps-non-users": ("feature",),
    "csat-gap": ("model",), "wau": ("month", "day"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "by"), [(name, by) for name, cuts in CUT.items() for by in cuts])
def test_what_a_cut_would_falsify_is_unknown(name: str, by: str) -> None:
    """A cohort outlives its month, and users without AI have no feature: such slices are unknown and say so."""
    rows = events({"user_id": "a", "kind": "nps", "value": 9}, {"user_id": "a", "kind": "csat", "value": 5},
                  {"user_id": "a", "kind": "active"}, {"user_id": "a", "feature": "draft", "model": "m"})  # fmt: skip

    for actual in found(rows, name, by):
        assert (None, f"it cannot be told by {by}") == (actual.value, actual.reason)


def test_retention_of_a_short_log_says_what_is_missing() -> None:
    """Where no cohort is old enough, retention is unknown and says how old one must be."""
    (actual,) = found(events({"user_id": "a", "kind": "activate"}), "retention-60d")

    assert (None, 0) == (actual.value, actual.n)
    assert actual.reason == "no users began 67 days or more before the end of the window"


def test_retention_ends_with_the_window() -> None:
    """Old enough is by the end of the window, where it is later than the log's."""
    rows = events(
        {"user_id": "a", "kind": "activate"}, {"user_id": "b", "kind": "activate", "ts": "2026-09-02T12:00:00Z"}
    )
    until = datetime(2026, 9, 1, 12, tzinfo=UTC) + timedelta(days=37)

    (actual,) = found(rows, "retention-30d", window=Window(None, until))

    assert (0, 1) == (actual.value, actual.n)


def test_retention_of_a_feature_is_its_own() -> None:
    """By feature, only calls of the feature are use: activity in the product keeps nobody in a feature."""
    rows = events(
        {"user_id": "a", "kind": "activate", "feature": "draft"},
        {"user_id": "a", "kind": "active", "ts": "2026-10-20T12:00:00Z"},
        {"user_id": "b", "kind": "activate", "feature": "search"},
        {"user_id": "b", "feature": "search", "ts": "2026-10-20T12:00:00Z"},
    )

    assert values(rows, "retention-30d", "feature") == {"draft": 0, "search": 1}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-08-31", "2026-09-14", ["2026-08-31", "2026-09-07"]),
        ("2026-09-01", "2026-09-14", ["2026-09-07"]),
        ("2026-08-31", "2026-09-13", ["2026-08-31"]),
        ("2026-09-02", "2026-09-08", []),
    ],
)
def test_whole_weeks(since: str, until: str, expected: list[str]) -> None:
    """A week counts from Monday to Sunday, if the window has all of it; in Berlin by Berlin's midnights."""
    zone = ZoneInfo("Europe/Berlin")
    first, last = (datetime.fromisoformat(day).replace(tzinfo=zone) for day in (since, until))

    actual = FACTS["whole_week"].read(Setting(None, zone, since=first, until=last))

    assert expected == [str(week) for week in actual]


def test_wau_of_a_part_of_a_week_is_unknown() -> None:
    """A log of one day has no whole week, and no weekly users."""
    (actual,) = found(events({"user_id": "a"}), "wau")

    assert (None, "the window covers no whole week from Monday to Sunday") == (actual.value, actual.reason)
