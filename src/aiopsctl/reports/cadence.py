"""The reviews of the handbook, by cadence: what each looks at, over which days, and who holds it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from aiopsctl.charts.chart import drawings
from aiopsctl.page import Part, Section
from aiopsctl.readable import number
from aiopsctl.reports import dimensions, parts
from aiopsctl.reports.found import Found
from aiopsctl.reports.tables import by_slice, metrics, title, without_empty, worst_first
from aiopsctl.result import Measurement


@dataclass(frozen=True)
class Review:
    """A review: its activity and owner in the handbook's words, its days, how many are drawn, what it needs, its parts."""

    activity: str
    owner: str
    days: int
    drawn: int
    drifts: bool
    parts: Callable[[Found], Iterable[Part]]


def _categories(found: Found, names: tuple[str, ...], heading: str) -> Section | None:
    known = [m for m in found.categories.measurements if m.slice.get("category") is not None and m.value]
    return by_slice(known, names, heading) or _single(known, names, heading)


def _single(known: list[Measurement], names: tuple[str, ...], heading: str) -> Section | None:
    """Return the table of one category, which has nothing to be compared with."""
    own = [m for m in known if m.metric in names]
    rows = tuple((str(m.slice["category"]), title(m.metric), number(m.value, m.unit), m.n) for m in own)
    return Section(heading, ("category", "metric", "value", "n"), rows, ("value",)) if rows else None


def _given(*sections: Section | None) -> tuple[Section, ...]:
    return tuple(section for section in sections if section)


def _daily(found: Found) -> Iterable[Part]:
    own = _given(
        metrics(found, ("escalations", "escalation-rate", "flag-rate", "review-queue"), "all features"),
        by_slice(found.cut.measurements, dimensions.MARKED, "by feature"), _categories(found, ("escalations", "flag-rate"), "by category"),
    )  # fmt: skip
    words = () if own else (dimensions.lack(found, dimensions.MARKED),)
    yield Part(
        "Escalations and critical flags", words, tuple(dimensions.daily(found, ("escalations", "flag-rate"))), own
    )
    yield replace(parts.judged(found, ("critical",)), title="Critical verdicts")
    health = _given(
        metrics(found, dimensions.HEALTH), by_slice(found.cut.measurements, dimensions.LATENCY.cut, "by feature")
    )
    yield Part("Health of the day", (), tuple(dimensions.daily(found, ("error-rate", "latency-p95"))), health)


def _weekly(found: Found) -> Iterable[Part]:
    yield parts.judged(found)
    yield dimensions.part(found, dimensions.QUALITY)
    errors = _given(
        metrics(found, dimensions.HEALTH), by_slice(found.cut.measurements, dimensions.LATENCY.cut, "by feature")
    )
    yield Part("Error rates", (), tuple(dimensions.daily(found, ("error-rate", "timeout-rate", "latency-p95"))), errors)
    yield _negative(found)


def _negative(found: Found) -> Part:
    table = _categories(found, ("flag-rate", "escalations", "tickets"), "")
    words = () if table else ("No feedback of this window has a category.",)
    return Part("Top negative feedback categories", words, sections=_given(table))


def _monthly(found: Found) -> Iterable[Part]:
    yield parts.judged(found)
    sample = (*dimensions.REVIEWED, "review-queue", "review-queue-age", "eval-score")
    audit = _given(metrics(found, sample), by_slice(found.cut.measurements, dimensions.REVIEWED, "by feature"))
    words = () if audit else (dimensions.lack(found, sample),)
    yield Part("Human evaluation sample", words, sections=audit)
    yield dimensions.part(found, dimensions.QUALITY)
    yield replace(parts.drift(found), title="Trends")
    yield parts.changed(found)
    yield _negative(found)
    yield backlog(found)


def backlog(found: Found) -> Part:
    """Return what could be improved, in order: breaches, what drifted, what users complain of."""
    rows: list[tuple[str, str, str]] = []
    for v in worst_first(found.check.checks or ()):
        if v.status in ("critical", "warning"):
            of = f" of {v.slice['feature']}" if v.slice.get("feature") else ""
            rows.append(
                (f"{title(v.metric)}{of}", str(v.reason or ""), found.owners.get(str(v.slice.get("feature")), ""))
            )
    breached = {row[0] for row in rows}
    for signal in found.drift.extra.get("signals", ()) if found.drift else ():
        of = ", ".join(str(part) for part in signal["slice"].values())
        what = f"{title(signal['metric'])}{f' of {of}' if of else ''}"
        if signal["status"] in ("critical", "warning") and what not in breached:
            why = f"drifted from {number(signal['value_reference'], signal['unit'])} to {number(signal['value'], signal['unit'])}"
            rows.append((what, why, found.owners.get(of, "")))
    known = [
        m for m in found.categories.measurements if m.metric == "flag-rate" and m.slice.get("category") and m.value
    ]
    flagged = sorted(known, key=lambda m: -(m.value or 0))[:3]
    rows += [(f"Flags: {m.slice['category']}", f"{number(m.value, m.unit)} of calls", "") for m in flagged]
    table = Section("", ("rank", "what", "why", "owner"), tuple((i, *row) for i, row in enumerate(rows, 1)))
    words = () if rows else ("Nothing is in breach, drifted or flagged.",)
    return Part("Improvement backlog", words, sections=(without_empty(table),) if rows else ())


_QUESTIONS: tuple[tuple[str, str, str | None, str], ...] = (
    ("Do users take it up?", "adoption-rate", None, "higher"),
    ("Do its users stay longer than others?", "retention-30d", "retention-30d-others", "higher"),
    ("Do its users stay longer than others, after 60 days?", "retention-60d", "retention-60d-others", "higher"),
    ("Are its users more satisfied?", "nps-gap", "", "higher"),
    ("Does it finish tasks?", "task-completion-rate", None, "higher"),
    ("Are its answers liked?", "thumbs-up-rate", None, "higher"),
    ("Do users keep it on?", "opt-out-rate", None, "lower"),
    ("Does it pay?", "cost-share-of-revenue", None, "lower"),
    ("Does a user cost no more than before?", "cost-per-mau", None, "lower"),
)
"""Questions, the metric that answers each, what it is compared with ("" with nothing, None with the quarter before)."""


def _quarterly(found: Found) -> Iterable[Part]:
    yield hypothesis(found)
    yield parts.judged(found)
    satisfied = dimensions.part(found, dimensions.SATISFACTION)
    yield satisfied
    yield dimensions.part(found, dimensions.QUALITY)
    cost = dimensions.part(found, dimensions.COST)
    lorenz = [
        d for name in ("users",) if name in found.scale for d in drawings(replace(found.scale[name], measurements=[]))
    ]
    yield replace(cost, drawings=(*cost.drawings, *lorenz))
    if found.scale:
        yield parts.scale(found)


def hypothesis(found: Found) -> Part:
    """Return the evidence on whether the feature is worth it: each question is answered where the intervals leave no doubt."""
    rows = []
    for question, name, other, better in _QUESTIONS:
        m = found.metric(name)
        if m is None:
            rows.append((question, title(name), "", "", "? unknown"))
            continue
        low, high, shown, against = _against(found, m, other)
        rows.append(
            (question, title(name), number(m.value, m.unit), shown, _answer(found, m, low, high, better, against))
        )
    yes, no = (sum(str(row[4]).startswith(word) for row in rows) for word in ("yes", "no"))
    words = (
        f"{yes} of {len(rows)} questions are answered with yes, {no} with no; the others are open: unknown here, or within chance.",
        "An answer compares the value with the one beside it.",
    )
    columns = ("question", "metric", "value", "beside", "answer")
    return Part(
        "Is the value hypothesis met?", words, sections=(Section("", columns, tuple(rows), ("value", "beside")),)
    )


def _against(found: Found, m: Measurement, other: str | None) -> tuple[float | None, float | None, str, str]:
    """Return the interval that a value is set beside, and words for it."""
    if other == "":
        return 0.0, 0.0, "no gap", "gap"
    beside = found.metric(other) if other else None
    if beside is not None:
        return beside.low, beside.high, f"{number(beside.value, m.unit)} of others", "others"
    if other is None and m.reference and m.reference.value is not None:
        before = m.reference
        return before.low, before.high, f"{number(before.value, m.unit)} before", "before"
    return None, None, "", ""


def _answer(found: Found, m: Measurement, low: float | None, high: float | None, better: str, against: str) -> str:
    worst = {v.status for v in found.check.checks or () if v.metric == m.metric}
    if "critical" in worst:
        return "no: critical"
    if m.low is None or m.high is None or low is None or high is None:
        return "open: nothing to compare with" if not against else "open: no interval"
    above, below = m.low > high, m.high < low
    good, bad = (above, below) if better == "higher" else (below, above)
    words = {"gap": "", "others": " than others", "before": " than before"}[against]
    if good or bad:
        return f"{'yes' if good else 'no'}: {'higher' if above else 'lower'}{words}"
    return "open: within chance"


REVIEWS = {
    "daily": Review("Review of escalations and critical flags", "PM + relevant expert", 1, 28, False, _daily),
    "weekly": Review("Review of quality, error rates and negative feedback", "PM + ML/AI team", 7, 28, False, _weekly),
    "monthly": Review("Quality audit: sample, trends, backlog", "PM + ML/AI team", 28, 84, True, _monthly),
    "quarterly": Review("Strategic review: is the value hypothesis met", "PM + leadership", 91, 91, False, _quarterly),
}  # fmt: skip
"""The handbook's feedback cadence."""
