"""The `users` and `tickets` formats: what a table says of users, and the traps of its cells."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reading import head, pick, read

from aiopsctl.sources import tickets, users
from aiopsctl.sources.detect import claimed
from aiopsctl.sources.opening import Reading
from aiopsctl.sources.read import read as read_files
from aiopsctl.sources.source import Head

Event = tuple[str, str]


def did(**user: Any) -> list[Event]:
    """Return what a user of the table did, and when."""
    rows = read(users.SOURCE, {"user_id": "a"} | user)
    assert {row["user_id"] for row in rows} == {"a"}
    return [(row["kind"], f"{row['ts']:%m-%d %H:%M:%S}") for row in rows]


def test_a_user_signs_up_and_turns_the_feature_on_and_off() -> None:
    """Signing up and being seen is activity in the product; the plan is the tier."""
    row = {"id": 7, "plan": "pro", "signup": "2026-08-01T10:00:00Z", "opted_in": "2026-09-01T10:00:00Z",
           "opted_out": "2026-09-05T10:00:00+02:00", "last_seen": "2026-10-01T10:00:00Z", "country": "FR"}  # fmt: skip
    expected = [("active", 8, 1, 10), ("opt_in", 9, 1, 10), ("opt_out", 9, 5, 8), ("active", 10, 1, 10)]

    rows = read(users.SOURCE, row)

    assert expected == [(r["kind"], r["ts"].month, r["ts"].day, r["ts"].hour) for r in rows]
    for each in rows:
        assert pick(each, "event", "user_id", "tier", "country") == {
            "event": "activity", "user_id": "7", "tier": "pro", "country": "FR"
        }  # fmt: skip


@pytest.mark.parametrize("empty", [None, "", "  ", "false", "0", "no", False])
def test_what_did_not_happen_is_no_event(empty: Any) -> None:
    """An empty cell, and one that says no, is no opt-in and no opt-out."""
    expected = [("active", "08-01 00:00:00")]

    assert expected == did(signup="2026-08-01", opted_in=empty, opted_out=empty, last_seen="2026-08-01")


@pytest.mark.parametrize("yes", ["true", "1", "Yes", True])
def test_what_happened_at_an_unknown_time(yes: Any) -> None:
    """An opt-in without a time is as old as the account, an opt-out is of the day last seen."""
    expected = [("active", "08-01 00:00:00"), ("opt_in", "08-01 00:00:00"), ("opt_out", "10-02 23:59:59"),
                ("active", "10-02 00:00:00")]  # fmt: skip

    assert expected == did(signup="2026-08-01", opted_in=yes, opted_out=yes, last_seen="2026-10-02")


def test_opting_out_on_the_day_of_opting_in() -> None:
    """An opt-out that is only a date comes after an opt-in of that date."""
    expected = [("opt_in", "09-03 00:00:00"), ("opt_out", "09-03 23:59:59")]

    assert expected == did(opted_in="2026-09-03", opted_out="2026-09-03")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",,,", "no_time"),
        (",true,,", "no_time"),
        (",,true,", "no_time"),
        ("n/a,,,", "bad_time"),
        (",9/3/26,,", "bad_time"),
    ],
)
def test_a_user_without_a_time_is_rejected(tmp_path: Path, cells: str, reason: str) -> None:
    """A user of whom nothing has a place in time is counted, with the line and the reason."""
    path = tmp_path / "users.csv"
    path.write_text(f"user_id,signup,opted_in,opted_out,last_seen\na,2026-08-01,,,\nb,{cells}\n")

    log = read_files([str(path)])

    assert {reason: 1} == dict(log.account.reasons)
    assert log.events["user_id"].to_list() == ["a"]


def test_a_date_is_of_the_zone(tmp_path: Path) -> None:
    """Dates and times without a zone are read in the zone of the run."""
    path = tmp_path / "users.csv"
    path.write_text("user_id,signup,last_seen\na,2026-08-01,2026-08-02 12:00:00\n")
    expected = [datetime(2026, 7, 31, 22, tzinfo=UTC), datetime(2026, 8, 2, 10, tzinfo=UTC)]

    assert expected == read_files([str(path)], how=Reading(tz="Europe/Berlin")).events["ts"].to_list()


def test_parquet_has_dates_and_booleans(tmp_path: Path) -> None:
    """Dates, times and booleans of a Parquet file are taken as what they are."""
    path = tmp_path / "users.parquet"
    pl.DataFrame(
        {
            "user_id": [1, 2],
            "plan": ["pro", None],
            "signup": [date(2026, 8, 1), date(2026, 8, 2)],
            "opted_in": [datetime(2026, 9, 1, 10, tzinfo=UTC), None],
            "opted_out": [False, True],
            "last_seen": [datetime(2026, 10, 1, 10), None],  # noqa: DTZ001 - a time without a zone
        }
    ).write_parquet(path)

    log = read_files([str(path)])

    assert [("1", "active"), ("1", "opt_in"), ("1", "active"), ("2", "active")] == log.events["user_id", "kind"].rows()
    assert {"no_time": 1} == dict(log.account.reasons)
    assert log.account.rows_read == 5


def test_rows_of_events_are_no_table_of_users() -> None:
    """A log that has a time and a kind of its own is no table of users, whatever else it tells."""
    of_users = head({"user_id": "a", "signup": "2026-08-01", "opted_in": None})
    of_events = head({"user_id": "a", "signup": "2026-08-01", "last_seen": None, "ts": 1, "kind": "active"})

    assert (True, False) == (users.SOURCE.detects(of_users), users.SOURCE.detects(of_events))


def test_a_ticket() -> None:
    """A row is a ticket of its category; what else it names of the call is kept, its words are not."""
    row = {"id": "T-1", "created_at": "2026-09-02T10:00:00Z", "category": "accuracy", "user_id": "a", "feature": "draft",
           "status": "closed", "subject": "words", "request_id": "r1"}  # fmt: skip
    expected = {
        "_line": 1, "ts": datetime(2026, 9, 2, 10, tzinfo=UTC), "event": "feedback", "kind": "ticket", "tags": "T-1",
        "category": "accuracy", "user_id": "a", "feature": "draft", "request_id": "r1",
    }  # fmt: skip

    assert [expected] == read(tickets.SOURCE, row)


def test_tickets_of_one_day_stay_two(tmp_path: Path) -> None:
    """Two tickets of a user on a day, alike but for their id, are two; the same ticket twice is one."""
    path = tmp_path / "tickets.csv"
    path.write_text("id,created_at,category,user_id\n" + "".join(f"{i},2026-09-02,billing,a\n" for i in (1, 2, 2)))

    log = read_files([str(path)])

    assert (2, 1) == (log.events.height, log.account.rows_duplicate)


def test_tickets_with_columns_of_another_name(tmp_path: Path) -> None:
    """With the format named, a map says where time and category are."""
    path = tmp_path / "desk.csv"
    path.write_text("Nr,Raised,Area,Customer\n1,2026-09-02,billing,a\n")
    how = Reading(source="tickets", columns=("ts=Raised", "category=Area", "user_id=Customer"))

    (row,) = read_files([str(path)], how=how).events.to_dicts()

    assert ("ticket", "billing", "a", datetime(2026, 9, 2, tzinfo=UTC)) == (
        row["kind"], row["category"], row["user_id"], row["ts"]
    )  # fmt: skip


@pytest.mark.parametrize(
    "names", [{"id", "created_at", "model", "category"}, {"created_at", "category"}, {"id", "ts", "kind"}]
)
def test_other_tables_are_no_tickets(names: set[str]) -> None:
    """A table of calls, or of anything without an id and a category, is no table of tickets."""
    found = claimed(Head("csv", frozenset(names)))

    assert found is None or found.name != "tickets"
