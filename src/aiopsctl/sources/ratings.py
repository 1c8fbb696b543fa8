"""What people gave as a rating: words and thumbs as numbers, and the ends of the scales."""

import polars as pl

_BOOLEANS = {"true": 1.0, "false": 0.0}
_THUMBS = {
    "up": 1.0, "thumbs_up": 1.0, "thumbs-up": 1.0, "positive": 1.0, "good": 1.0, "like": 1.0, "yes": 1.0,
    "down": 0.0, "thumbs_down": 0.0, "thumbs-down": 0.0, "negative": 0.0, "bad": 0.0, "dislike": 0.0, "no": 0.0,
}  # fmt: skip
_SCALES = {"thumb": (0, 1), "star": (1, 5), "csat": (1, 5), "nps": (0, 10)}
_UNWORDED = ("star", "csat", "nps")
"""Scales of numbers: `true` or `good` is no place on them."""


def rating(number: pl.Expr, dtype: pl.DataType, kind: pl.Expr | None) -> pl.Expr:
    """Return the number that a value of the dtype stands for in feedback of a kind, null where it stands for none."""
    if kind is None:
        return number
    is_thumb = kind == "thumb"
    if dtype == pl.String:
        word = pl.col("value").str.to_lowercase().str.strip_chars()
        worded = word.replace_strict(_BOOLEANS, default=None, return_dtype=pl.Float64)
        thumbed = word.replace_strict(_THUMBS | _BOOLEANS, default=None, return_dtype=pl.Float64)
        worded = pl.when(is_thumb).then(thumbed).otherwise(worded)
    else:
        worded = pl.col("value").cast(pl.Float64) if dtype == pl.Boolean else pl.lit(None, pl.Float64)
    found = pl.coalesce(
        pl.when(is_thumb & (number == -1)).then(pl.lit(0.0)).otherwise(number),
        pl.when(~kind.is_in(_UNWORDED)).then(worded),
    )
    off = pl.lit(value=False)
    for name, (low, high) in _SCALES.items():
        off |= (kind == name) & ~found.is_between(low, high)
    return pl.when(~off.fill_null(value=False)).then(found)
