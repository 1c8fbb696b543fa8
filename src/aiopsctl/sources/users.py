"""A table of users, one row each: when they signed up, turned the feature on and off, and were last seen.

Signing up and being seen is activity in the product (`active`), so that users without AI are known. A cell is a time, a
date, or whether it happened: then an opt-in is as old as the account, and an opt-out is of the day last seen. An opt-out
that is only a date is at the end of that day, for an opt-in of the same day came before it.
"""

import polars as pl

from aiopsctl.sources.source import LINE, Head, Source, shape

_USER = ("user_id", "id")
_PLAN = ("plan", "tier")
_SIGNUP = ("signup", "signup_at", "signup_date", "signed_up", "signed_up_at")
_OPTED_IN = ("opted_in", "opted_in_at")
_OPTED_OUT = ("opted_out", "opted_out_at")
_LAST_SEEN = ("last_seen", "last_seen_at", "last_active", "last_active_at")
_TIMES = (_SIGNUP, _OPTED_IN, _OPTED_OUT, _LAST_SEEN)
_ABOUT = ("tenant", "segment", "country", "language")
_OF_EVENTS = frozenset({"ts", "event", "kind", "model", "request_id"})
_TELLING = 2
_YES, _NO = ("true", "1", "1.0", "yes", "t", "y"), ("false", "0", "0.0", "no", "f", "n")
_DAY = r"^\d{4}-\d{2}-\d{2}$"


def _detects(head: Head) -> bool:
    told = sum(not head.names.isdisjoint(names) for names in _TIMES)
    return told >= _TELLING and not head.names.isdisjoint(_USER) and head.names.isdisjoint(_OF_EVENTS)


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    signup, opted_in, opted_out, seen = (_cell(raw, names) for names in _TIMES)
    users = raw.select(
        LINE,
        *(name for name in _ABOUT if name in raw.columns),
        user_id=_cell(raw, _USER),
        tier=_cell(raw, _PLAN),
        signup=_time(signup),
        opted_in=_time(opted_in, _time(signup)),
        opted_out=_end_of_day(_time(opted_out, _time(seen))),
        seen=_time(seen),
        is_in=_happened(opted_in),
        is_out=_happened(opted_out),
    )
    first, last = (
        pl.col("signup").is_not_null(),
        pl.col("seen").is_not_null() & pl.col("seen").ne_missing(pl.col("signup")),
    )
    nothing = ~(first | last | pl.col("is_in") | pl.col("is_out"))
    rows = [
        _rows(users.filter(first | nothing), "active", "signup"),
        _rows(users.filter("is_in"), "opt_in", "opted_in"),
        _rows(users.filter("is_out"), "opt_out", "opted_out"),
        _rows(users.filter(last), "active", "seen"),
    ]
    return pl.concat(rows).with_columns(_other=pl.lit(value=False)).sort(LINE, maintain_order=True)


def _rows(users: pl.DataFrame, kind: str, ts: str) -> pl.DataFrame:
    about = [name for name in _ABOUT if name in users.columns]
    return users.select(LINE, "user_id", "tier", *about, event=pl.lit("activity"), kind=pl.lit(kind), ts=ts)


def _cell(raw: pl.DataFrame, names: tuple[str, ...]) -> pl.Expr:
    """Return the first of several spellings of a column as text, null where it is empty."""
    found = [_as_text(name, raw.schema[name]) for name in names if name in raw.columns]
    return pl.coalesce(pl.when(cell != "").then(cell) for cell in found) if found else pl.lit(None, pl.String)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, (pl.Date, pl.Datetime)):
        return pl.col(name).dt.to_string("iso:strict")
    return pl.col(name).cast(pl.String, strict=False).str.strip_chars()


def _happened(cell: pl.Expr) -> pl.Expr:
    return (cell.is_not_null() & ~cell.str.to_lowercase().is_in(_NO)).fill_null(value=False)


def _time(cell: pl.Expr, otherwise: pl.Expr | None = None) -> pl.Expr:
    """Return when it happened; where the cell only says that it did, the time `otherwise`."""
    word = cell.str.to_lowercase()
    known = pl.when(~word.is_in((*_YES, *_NO))).then(cell)
    return known if otherwise is None else pl.when(word.is_in(_YES)).then(otherwise).otherwise(known)


def _end_of_day(time: pl.Expr) -> pl.Expr:
    return pl.when(time.str.contains(_DAY)).then(time + "T23:59:59").otherwise(time)


SOURCE = Source(
    name="users",
    title="a table of users with signup, opt-in and opt-out",
    detects=_detects,
    schema=shape(dict.fromkeys((*_USER, *_PLAN, *(name for names in _TIMES for name in names), *_ABOUT))),
    events=_events,
    sample="users.csv",
)
