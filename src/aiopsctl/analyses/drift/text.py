"""What is asked, answered and said: how far the text of the window is from that of the weeks before; with `--with-text` alone.

Each week of the window is set against all weeks before, and each week before against the others: only what is further
away than weeks usually are is drift, and never more than a warning.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import polars as pl

from aiopsctl.analyses.drift.columns import APPLY
from aiopsctl.analyses.drift.moves import UNDATED, alone
from aiopsctl.engine.kept import Events
from aiopsctl.measure import WINDOW, Scope, prepared
from aiopsctl.stats.change import holm
from aiopsctl.stats.text import Moved, log_odds, moved, plain, profile, words
from aiopsctl.window import Window

TEXTS = ("prompt", "output", "comment")
ALPHA = 0.001
"""A larger p-value, corrected for the number of texts, is no sign: words are not independent of one another."""

FEWEST, WEEKS, MOST = 300, 8, 2_000
"""The fewest texts of a week, and weeks before; of each week as many are taken as of the smallest, and this at most."""

TERMS, TERM_USERS, SURE = 8, 5, 3.3
"""How many key terms are shown of each direction, who must have used each at least, and its smallest z."""

_LONGEST = 40
_MICROSECONDS = 7 * 86_400_000_000
_WEEK, _TEXT, _NOW = "week", "text", pl.col(WINDOW) == 0
_SCATTER, _RING = 2_654_435_761, 2**32

DEFINITIONS = {
    "text": f"columns of kind text: js_distance is the mean of the distances of the window's weeks to all weeks before; p is by t "
    f"with weeks - 1 degrees of freedom from the distances of the {WEEKS} weeks or more before, each to the others. "
    f"Weeks are of 7 days back from the windows' ends, with {FEWEST} texts or more, and equally many of each. A warning at p_adjusted (Holm, among "
    f"texts) of at most {ALPHA:g} that is not of one user; never critical: a new topic of a tenth of the texts is mostly not seen",
    "terms": f"words with a letter, that at least {TERM_USERS} users used in the window where they are more frequent, so that "
    f"nobody's own words are shown; |z| of {SURE:g} or more",
}


@dataclass(frozen=True)
class Text:
    """A column of text by week: `rows` have window, `week` (0 is the last of each window), `user_id` and plain `text`."""

    name: str
    rows: pl.DataFrame

    @cached_property
    def weeks(self) -> pl.DataFrame:
        """How many texts each week has that has enough, by window and week."""
        found = self.rows.group_by(WINDOW, _WEEK).len("n").filter(pl.col("n") >= FEWEST)
        return found.sort(WINDOW, _WEEK)

    @cached_property
    def lack(self) -> str:
        """Why nothing can be said, else an empty string."""
        now, before = (int((self.weeks[WINDOW] == side).sum()) for side in (0, 1))
        if not now:
            return f"no week of the window has {FEWEST} texts"
        if before < WEEKS:
            return f"{before} weeks of the window before have {FEWEST} texts, {WEEKS} are needed"
        return ""

    @cached_property
    def taken(self) -> pl.DataFrame:
        """The texts that are compared: equally many of each week, drawn by their place in the log."""
        size = min(self.weeks["n"].min(), MOST)  # type: ignore[type-var]  # a count
        own = self.rows.join(self.weeks, on=[WINDOW, _WEEK], how="semi", maintain_order="left").with_row_index("_at")
        drawn = (pl.col("_at").cast(pl.Int64) * _SCATTER % _RING).rank("ordinal").over(WINDOW, _WEEK)
        return own.filter(drawn <= size)

    @cached_property
    def moved(self) -> Moved | None:
        """How far the text moved, None where nothing can be said."""
        if self.lack:
            return None
        parts = self.taken.sort(WINDOW, _WEEK).partition_by(WINDOW, _WEEK, maintain_order=True, as_dict=True)
        profiles = {key: profile(own[_TEXT]) for key, own in parts.items()}
        now, before = ([each for key, each in profiles.items() if key[0] == side] for side in (0, 1))
        return moved(now, before)

    def without_heaviest(self) -> "Text | None":
        """Return the text without the user with most of it in the window, None where no user is known."""
        heaviest = (
            self.rows.filter(_NOW)["user_id"]
            .drop_nulls()
            .value_counts()
            .sort("count", "user_id", descending=[True, False])
        )
        if not heaviest.height:
            return None
        return Text(self.name, self.rows.filter(pl.col("user_id").ne_missing(heaviest["user_id"][0])))


def texts(events: Events, scope: Scope) -> list[dict[str, Any]]:
    """Return an object for every column of text that was read, shaped as those of other columns."""
    found = [Text(name, _rows(events, name, scope)) for name in TEXTS if name in events.columns]
    found = [each for each in found if each.rows.height]
    p = {each.name: each.moved.p for each in found if each.moved}
    corrected = dict(zip(p, holm(list(p.values())), strict=True))
    return [_told(each, p.get(each.name), corrected.get(each.name)) for each in found]


def _rows(events: Events, name: str, scope: Scope) -> pl.DataFrame:
    """Return the texts of both windows, with the week before the window's end in which each lies."""
    rows = prepared(events, scope).filter(pl.col(name).is_not_null())
    own = rows.select("ts", "user_id", plain(pl.col(name)).alias(_TEXT)).collect()
    windows = [scope.window, *([scope.reference] if scope.reference else [])]
    return pl.concat(
        _weekly(own, window, scope).with_columns(pl.lit(i).alias(WINDOW)) for i, window in enumerate(windows)
    )


def _weekly(rows: pl.DataFrame, window: Window, scope: Scope) -> pl.DataFrame:
    """Return the texts of the whole weeks of a window."""

    def clock(when: pl.Expr) -> pl.Expr:
        return when.dt.convert_time_zone(scope.tz.key).dt.replace_time_zone(None)

    since, until = pl.lit(window.since), pl.lit(window.until)
    first, last = (clock(each) for each in (pl.col("ts").min(), pl.col("ts").max() + timedelta(microseconds=1)))
    begin = first if window.since is None else clock(since)
    end = last if window.until is None else clock(until)
    inside = (pl.col("ts") >= since if window.since else True) & (pl.col("ts") < until if window.until else True)
    back = ((end - clock(pl.col("ts"))).dt.total_microseconds() - 1) // _MICROSECONDS
    whole = back < (end - begin).dt.total_microseconds() // _MICROSECONDS
    return rows.filter(inside).filter(whole).select("user_id", _TEXT, back.alias(_WEEK))


def _told(text: Text, p: float | None, adjusted: float | None) -> dict[str, Any]:
    """Return a text as the answer has it."""
    status, reason = _judged(text, adjusted)
    far = text.moved
    n, before = (int((text.rows[WINDOW] == side).sum()) for side in (0, 1))
    return {
        "column": text.name, "kind": "text", "status": status, "change": far and far.distance - far.mean, "direction": None,
        "mean": None, "mean_reference": None, "moved": None, "n": n, "n_reference": before, "p": p, "p_adjusted": adjusted,
        "detectable": far and far.detectable(ALPHA), **dict.fromkeys(APPLY), "js_distance": far and far.distance,
        "js_distance_reference": far and far.mean, "reason": reason, **UNDATED, "terms": terms(text.rows),
    }  # fmt: skip


def _judged(text: Text, p: float | None) -> tuple[str, str | None]:
    if p is None:
        return "unknown", text.lack
    if p > ALPHA:
        return "ok", None
    rest = text.without_heaviest()
    if rest is None or rest.lack:
        return (
            "unknown",
            "no user is known, so that it may be one user alone"
            if rest is None
            else f"without its heaviest user {rest.lack}",
        )
    return ("ok", f"{alone('user_id')} makes the change") if rest.moved and rest.moved.p > ALPHA else ("warning", None)


def terms(rows: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return the words that tell the windows apart, most telling first: `more` frequent now, and `less`."""
    found = _counted(rows)
    if not found.height:
        return {"more": [], "less": []}
    now, before = (found[name].to_numpy().astype(float) for name in ("n0", "n1"))
    z = pl.Series("z", log_odds(now, before))
    users = pl.when(pl.col("z") > 0).then("users0").otherwise("users1").alias("users")
    letters = pl.col("term").str.contains(r"\p{L}") & (pl.col("term").str.len_chars() <= _LONGEST)
    shown = found.with_columns(z).select("term", "z", users, texts="n0", texts_reference="n1")
    shown = shown.filter(letters & (pl.col("users") >= TERM_USERS) & (pl.col("z").abs() >= SURE)).sort("z", "term")
    less = shown.filter(pl.col("z") < 0).head(TERMS)
    more = shown.filter(pl.col("z") > 0).sort("z", "term", descending=[True, False]).head(TERMS)
    return {"more": more.to_dicts(), "less": less.to_dicts()}


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return in how many texts of each window a word is, and how many users are known to have used it there."""
    said = (
        rows.select(WINDOW, "user_id", words(rows[_TEXT]).list.unique().alias("term"))
        .explode("term")
        .drop_nulls("term")
    )
    sides = [_NOW, ~_NOW]
    return (
        said.group_by("term")
        .agg(
            *(side.sum().cast(pl.Int64).alias(f"n{i}") for i, side in enumerate(sides)),
            *(
                pl.col("user_id").filter(side).drop_nulls().n_unique().cast(pl.Int64).alias(f"users{i}")
                for i, side in enumerate(sides)
            ),
        )
        .sort("term")
    )
