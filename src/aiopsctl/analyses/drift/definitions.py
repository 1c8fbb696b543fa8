"""What the numbers of `drift` are, where others might mean something else: for its JSON, `explain` and the documentation."""

from collections.abc import Iterator

from aiopsctl.analyses.drift.moves import ALPHA, DOF, EVENTS, USERS
from aiopsctl.analyses.drift.signals import SURE, WEEKS
from aiopsctl.analyses.drift.tails import FEWEST
from aiopsctl.events import COLUMNS
from aiopsctl.stats import breakpoints, decompose, distance, trend

DEFINITIONS = {
    **distance.DEFINITIONS,
    **trend.DEFINITIONS,
    **decompose.DEFINITIONS,
    "cost_usd": "costs are counted in whole nano-dollars, rounded to four significant digits",
    "change": "of numbers the relative change of the mean, of ordinals its difference, of categories the tvd",
    "p_adjusted": "of a change of the mean, or of the share that moved most times the number of shares, with the calls of a "
    "user as dependent and days that wander; of columns corrected by Holm, of signals by Benjamini and Hochberg, the "
    "whole and the slices apart",
    "status": f"warning and critical where p_adjusted is at most {ALPHA}, the change is past its gate, and is not that of one "
    "user or day: columns tvd 10 and 20 points or mean 10 and 20 %; rates 3 and 5 points, rare ones 0.5 points and 1.5 "
    "times, 1 point and 2 times; scores 0.15 and 0.3; tickets 50 and 100 %. Unknown below "
    f"{EVENTS} events (categories: 200), {USERS} users or {DOF} degrees of freedom, and where the 95 % interval reaches a critical change; distances alone decide nothing",
    "tail": "of tokens and latencies the share of events beyond what 95 % did not exceed in the reference (inverted "
    "distribution function), one-sided, tested as a mean is; warning from 2.5 points and 1.5 times, critical from 5 points "
    f"and twice what it was (5 % where values differ), {FEWEST} events in both windows; judged_by: what gives a column its "
    "status, the worse of the two",
    "detectable": "the smallest change that would be seen 8 times in 10, one-sided at p_adjusted's limit",
    "label": f"sustained rise or decline where the trend of up to {WEEKS} complete weeks has kendall_p of at most {SURE} in the "
    f"harmful direction, and the change is no step; one with p of at most {SURE} is a change whatever p_adjusted is",
    "changed_at": "the day of the least-squares break of daily means, weekdays allowed for, in level or into a slope; of "
    "several breaks the largest in the direction of the change",
    "changes_at": breakpoints.DEFINITION,
}
"""What the numbers of `drift` are, by their names in its JSON."""

ALSO = {
    "psi": "population stability index",
    "js_distance": "Jensen-Shannon distance",
    "hellinger": "Hellinger distance",
    "wasserstein": "Wasserstein distance, earth mover's distance",
    "wasserstein_normalized": "normalized Wasserstein distance",
    "ks": "Kolmogorov-Smirnov test",
    "chi2": "chi-square test",
    "cramers_v": "Cramér's V",
    "tvd": "total variation distance",
    "slope_per_week": "Theil-Sen",
    "kendall_p": "Kendall, Mann-Kendall",
    "p_adjusted": "Holm, Benjamini-Hochberg",
    "changed_at": "change point",
    "changes_at": "change points, PELT",
    "mix": "Kitagawa decomposition, mix and within",
    "detectable": "minimum detectable effect",
    "tail": "exceedance",
}
"""What else each is called, separated by commas."""


BINNED = ("psi", "js_distance", "hellinger")


def statistics() -> Iterator[tuple[str, str, str]]:
    """Yield the name of each, what else it is called, and what it is."""
    yield from ((name, ALSO.get(name, ""), text) for name, text in DEFINITIONS.items())


def statistic(name: str) -> str | None:
    """Return the name of a statistic by any of its names, None of what is none, or is a column of the log."""
    wanted = _plain(name)
    if name in COLUMNS:
        return None
    names = ((each, (each, *also.split(", "))) for each, also, _ in statistics())
    return next((each for each, every in names if wanted in map(_plain, every)), None)


def _plain(name: str) -> str:
    """Return a name without case, marks between words, and what most of them are."""
    return name.lower().replace("-", "_").replace(" ", "_").removesuffix("_distance").removesuffix("_test")
