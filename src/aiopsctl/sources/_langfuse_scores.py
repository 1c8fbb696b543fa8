"""Langfuse's scores as feedback: by who gave them, and what was given through the API by its name and its numbers.

People's annotations are a `review`, an evaluator's scores an `eval`. The API takes both and users' own ratings: a name
of users' feedback with nothing but 0 and 1 is a `thumb`, with nothing but 1 to 5 a `star`, everything else an `eval`.
A correction has no number, and neither has a text: Langfuse writes 0. Comments and texts are never read.
"""

import polars as pl

from aiopsctl.sources import _export as export
from aiopsctl.sources.source import LINE, first_of

SCORE: dict[str, tuple[str, ...]] = {
    "ts": ("timestamp",),
    "request_id": ("observation_id", "observationId"),
    "trace_id": ("trace_id", "traceId"),
    "session_id": ("session_id", "sessionId"),
    "user_id": ("user_id", "userId"),
    "environment": ("environment",),
    "name": ("name",),
    "value": ("value",),
    "label": ("string_value", "stringValue"),
    "type": ("data_type", "dataType"),
    "source": ("source",),
}
"""What a score says, and the names that say it."""

_BY_USERS = (
    r"thumb|vote|(^|[^a-z])(likes?|stars?)([^a-z]|$)|(user|customer|human|explicit)[^a-z]*(feedback|rating|score)"
    r"|^(feedback|rating)$"
)
_STARS = r"(^|[^a-z])stars?([^a-z]|$)|rating"
_UNNUMBERED = ("CORRECTION", "TEXT")
_MOST_STARS = 5


def feedback(rows: pl.DataFrame) -> pl.DataFrame:
    """Return scores as feedback on the observation that they name, else on the trace, else on the session."""
    found = export.said(rows, SCORE).with_columns(
        pl.col("type").str.to_uppercase(), pl.col("source").str.to_uppercase(), number=_number()
    )
    return found.select(
        LINE,
        "request_id",
        "trace_id",
        "session_id",
        "user_id",
        "environment",
        event=pl.lit("feedback"),
        ts=export.utc(pl.col("ts")),
        kind=_kind(),
        value="number",
        category=_category(),
    )


def _number() -> pl.Expr:
    """Return what was given as a number; a boolean may be written as a word."""
    words = {"true": 1.0, "false": 0.0}
    given = first_of(pl.col("value"), pl.col("label")).str.to_lowercase()
    number = first_of(
        export.number(pl.col("value")), given.replace_strict(words, default=None, return_dtype=pl.Float64)
    )
    return pl.when(~pl.col("type").str.to_uppercase().is_in(_UNNUMBERED).fill_null(value=False)).then(number)


def _kind() -> pl.Expr:
    """Return the kind; the scale of what users gave is told by all the values of one name."""
    name = pl.col("name").str.replace_all("([a-z])([A-Z])", "${1}_${2}").str.to_lowercase()
    by_api = pl.col("source") == "API"
    number = pl.col("number")
    rated = by_api & name.str.contains(_BY_USERS) & number.is_not_null()
    same = ["name", "source"]
    binary = number.is_in([-1.0, 0.0, 1.0]).all().over(same)
    starred = number.is_between(1, _MOST_STARS).all().over(same) & (pl.col("type") != "BOOLEAN").fill_null(value=True)
    return (
        pl.when(pl.col("type") == "CORRECTION").then(pl.lit("correction"))
        .when(pl.col("source") == "ANNOTATION").then(pl.lit("review"))
        .when(rated & starred & name.str.contains(_STARS)).then(pl.lit("star"))
        .when(rated & binary).then(pl.lit("thumb"))
        .when(rated & starred).then(pl.lit("star"))
        .otherwise(pl.lit("eval"))
    )  # fmt: skip


def _category() -> pl.Expr:
    """Return the name of the score, and with it the label where one of several was chosen."""
    labelled = (pl.col("type") == "CATEGORICAL") & pl.col("label").is_not_null()
    return pl.when(labelled).then(pl.format("{}={}", "name", "label")).otherwise("name")
