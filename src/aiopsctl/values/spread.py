"""How far a value may be off: Student's t, the variance of a ratio over clustered units, Wilson's interval."""

from functools import reduce

import polars as pl

Z95 = 1.959963984540054
_ALL = pl.lit(value=True)
_T95 = (1.210247, 0.707073, 0.169555, -0.319659, 0.101962)


def student_t(df: pl.Expr) -> pl.Expr:
    """Return the 97.5 % quantile of Student's t for `df` degrees of freedom, which may be fractions; null below 1.

    Its logarithm is a polynomial in 1/df, exact at infinity and fitted to scipy's: within 0.002 % everywhere.
    """
    log = reduce(lambda higher, c: (higher + c) / df, reversed(_T95), pl.lit(0.0))
    return pl.when(df >= 1).then(Z95 * log.exp())


def clustered(num: str, den: str, cluster: str, among: pl.Expr = _ALL, of: str = "") -> dict[str, pl.Expr]:
    """Return the parts of a ratio of sums and of its cluster-robust variance (delta method): one row, one unit.

    Only rows `among` those count; `of` begins the names of the parts.
    """
    top, bottom = (pl.when(among).then(name).otherwise(0) for name in (num, den))
    known = pl.col(cluster).is_not_null() & (bottom > 0)
    residual = (top - top.sum() / bottom.sum() * bottom).filter(known)
    square = residual * residual
    parts = {
        "top": top.sum(),
        "size": bottom.sum(),
        "units": known.sum(),
        "covered": bottom.filter(known).sum(),
        "squares": square.sum(),
        "fourths": (square * residual * residual).sum(),
    }
    return {f"{of}{name}": part for name, part in parts.items()}


def enough(of: str = "") -> pl.Expr:
    """Return whether at least 95 % of the denominator belongs to known units, and there are two or more of them."""
    return (pl.col(f"{of}units") > 1) & (pl.col(f"{of}covered") >= 0.95 * pl.col(f"{of}size"))


def variance(of: str = "") -> pl.Expr:
    """Return the variance of the ratio."""
    units, covered = pl.col(f"{of}units"), pl.col(f"{of}covered")
    return units / (units - 1) * pl.col(f"{of}squares") / covered / covered


def varies(of: str = "") -> pl.Expr:
    """Return whether the units differ by more than the error of a float: of units all alike no variance is known."""
    return pl.col(f"{of}squares") > 1e-30 * pl.col(f"{of}top") * pl.col(f"{of}top")


def freedom(of: str = "") -> pl.Expr:
    """Return degrees of freedom that the data drive: few where few units dominate."""
    return pl.col(f"{of}squares") * pl.col(f"{of}squares") / pl.col(f"{of}fourths")


ENOUGH, VARIANCE, VARIES = enough(), variance(), varies()
FREEDOM = {"freedom": freedom()}
"""The step that `T` needs."""
T = pl.when(VARIES).then(student_t(pl.col("freedom"))).otherwise(Z95)


def wilson(p: pl.Expr, n: pl.Expr, z: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the bounds of Wilson's score interval (Wilson 1927); exactly 0 and 1 where nothing or all counted."""
    n = n.cast(pl.Float64)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)).sqrt()
    low, high = (centre - half).clip(0, 1), (centre + half).clip(0, 1)
    return pl.when(p > 0).then(low).otherwise(0.0), pl.when(p < 1).then(high).otherwise(1.0)
