"""From the answers of the commands to one report."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.page import Page, Part, Section
from aiopsctl.reports import dimensions, parts
from aiopsctl.reports.cadence import REVIEWS
from aiopsctl.reports.found import Found
from aiopsctl.result import Result


def report(found: Found, title: str = "", cadence: str = "") -> Result:
    """Return the report: verdicts first, definitions and data quality at the end; of a cadence its review."""
    review = REVIEWS.get(cadence)
    if found.measured.data.rows_used:
        own = [*(review.parts(found) if review else _whole(found)), parts.onwards(found)]
        own.append(parts.definitions(_named(own)))
    else:
        own = [parts.judged(found)]
    own.append(parts.data_quality(found, found.measured.notes))
    facts = parts.account(found)
    if review:
        facts = (f"Owner: {found.owner or review.owner}", review.activity, *facts)
    page = Page(
        title or f"{f'{cadence.capitalize()} review' if review else 'Report'}: {_span(found.measured)}",
        found.check.verdict or "", parts.lead(found), facts, parts.figures(found), tuple(own),
    )  # fmt: skip
    check = found.check
    sections = tuple(section for part in page.parts for section in _sections(part))
    return replace(
        found.measured, command="report", exit_code=check.exit_code, checks=check.checks, verdict=check.verdict,
        counts=check.counts, page=page, sections=sections, extra={}, breaches=(), measured=False,
    )  # fmt: skip


def _whole(found: Found) -> Iterable[Part]:
    yield parts.judged(found)
    yield from (dimensions.part(found, of) for of in dimensions.DIMENSIONS)
    yield parts.drift(found)
    yield parts.scale(found)
    yield parts.changed(found)


def _sections(part: Part) -> Iterable[Section]:
    yield from part.sections
    for own in part.parts:
        yield from _sections(own)


def _named(own: Iterable[Part]) -> list[str]:
    """Return the metrics that tables and pictures name, by their titles."""
    titles = {metric.title.lower(): name for name, metric in catalog.metrics().items()}
    cells = [
        str(cell).lower()
        for part in own for section in (*part.sections, *(s for p in part.parts for s in p.sections))
        for cell in (*(row[0] for row in section.rows), *(row[1] for row in section.rows if len(row) > 1), *section.columns)
    ]  # fmt: skip
    return [titles[cell] for cell in dict.fromkeys(cells) if cell in titles]


def _span(result: Result) -> str:
    """Return the days of a window as people write them: `3 Aug to 31 Oct 2026`."""
    if not (result.window.since and result.window.until):
        return "a log without times"
    first, end = datetime.fromisoformat(result.window.since), datetime.fromisoformat(result.window.until)
    last = end - timedelta(microseconds=1)
    if first.date() == last.date():
        return f"{first.day} {first:%b %Y}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {first:%b}{year} to {last.day} {last:%b %Y}"
