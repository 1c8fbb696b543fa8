"""JUnit XML: one suite, one case a check and slice. What XML forbids never gets out, for every text is cleaned."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from aiopsctl.formats.findings import details, subject, unjudged, words
from aiopsctl.formats.format import Format, Look
from aiopsctl.formats.tabular import header
from aiopsctl.formats.verdicts import slice_of
from aiopsctl.readable import clean
from aiopsctl.result import Result, Verdict

_LONGEST = 2000
_TAGS = {"critical": "failure", "unknown": "error", "skipped": "skipped", "blind": "skipped", "muted": "skipped"}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the suite: critical fails, warning passes unless warnings fail the run, unknown is an error."""
    root = Element("testsuites", name="aiopsctl")
    time = {"timestamp": result.window.until} if result.window.until else {}
    suite = _add(root, "testsuite", name="aiopsctl check", **time)
    properties = _add(suite, "properties")
    _add(properties, "property", name="window", value=f"{result.window.since or '?'} to {result.window.until or '?'}")
    _add(properties, "property", name="rows", value="; ".join(header(result)[1:]))
    for check in result.checks or ():
        _case(suite, check, failing=("critical", "warning") if result.fail_on == "warning" else ("critical",))
    if why := unjudged(result):
        case = _add(suite, "testcase", classname="aiopsctl", name="not judged", time="0")
        _add(case, "error", why, type="not judged", message=why)
    for part in (root, suite):
        part.attrib |= {"tests": str(len(suite.findall("testcase"))), "time": "0"}
        part.attrib |= {name: str(len(suite.findall(f"testcase/{tag}"))) for name, tag in _COUNTED.items()}
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(suite: Element, check: Verdict, failing: tuple[str, ...]) -> None:
    at = {"file": check.at["file"], "line": str(check.at["line"])} if check.at else {}
    name = f"{check.metric} {slice_of(check)}"
    case = _add(suite, "testcase", classname=f"aiopsctl.{check.id}", name=name, time="0", **at)
    message = f"{check.status}: {subject(check)}: {words(check)}"
    tag = "failure" if check.status in failing else _TAGS.get(check.status)
    if tag:
        _add(case, tag, message, *details(check), type=check.status, message=message)
    elif check.status != "ok" or check.reason:
        _add(case, "system-out", message, *details(check))


def _add(parent: Element, tag: str, *lines: str, **attributes: str) -> Element:
    """Add an element; message and body say the same, as some readers show only one of them."""
    found = SubElement(parent, tag, {name: clean(value, _LONGEST) for name, value in attributes.items()})
    if lines:
        found.text = "\n".join(clean(line, _LONGEST) for line in lines)
    return found


FORMAT = Format("junit", (".xml",), render, of_check=True)
