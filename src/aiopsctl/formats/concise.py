"""One line a verdict, to search: `aiopsctl.yaml:58: critical thumbs-up thumbs-up-rate feature=draft 61.8 % fell ...`."""

from aiopsctl.formats.findings import findings, place, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.tabular import closing
from aiopsctl.formats.verdicts import slice_of
from aiopsctl.readable import clean
from aiopsctl.result import Result, Verdict


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return a line for each verdict that is not ok, or for all where they are asked for, and the verdict of the run."""
    return "".join(f"{line}\n" for line in (*map(_line, findings(result)), closing(result)[-1]))


def _line(check: Verdict) -> str:
    what = f"{check.status} {clean(check.id)} {check.metric} {slice_of(check, ',')}"
    return f"{place(check) or 'handbook'}: {what} {words(check)}"


FORMAT = Format("concise", (), render, human=True, of_check=True)
