"""The parts that reports share: verdicts, drift, scale, what changed, what is next, definitions, data quality."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from aiopsctl import catalog
from aiopsctl.charts.chart import drawings
from aiopsctl.formats.tabular import header
from aiopsctl.formats.verdicts import counted
from aiopsctl.page import Figure, Part, Section
from aiopsctl.readable import change_words, clean, number, plural
from aiopsctl.reports.found import Found
from aiopsctl.reports.tables import onward, signed, title, verdicts, without_empty, worst_first
from aiopsctl.result import Verdict
from aiopsctl.views import short

_CHANGED = "what changed"
_SCALES = {
    "users": ("Heavy users", 3), "prompts": ("Prompt growth", 3), "limits": ("Fair use limits", 2),
    "rate-limits": ("Rate limits", 2), "forecast": ("Forecast", 3), "languages": ("Languages", 1),
}  # fmt: skip
"""What each analysis of scale is called, and how many of its tables a report shows."""

SCALES = tuple(_SCALES)
_UNTOLD = ("skipped",)
_KEY = (
    "thumbs-up-rate", "error-rate", "latency-p95", "cost-total", "cost-per-mau", "task-completion-rate", "mau", "retention-30d",
    "nps", "calls", "cost-per-call", "latency-p50",
)  # fmt: skip
_FIGURES = 8


def figures(found: Found) -> tuple[Figure, ...]:
    """Return the numbers that stand out."""
    tiles = {tile["metric"]: tile for tile in found.measured.extra.get("dashboard", ())}
    worst = {v.metric: v.status for v in reversed(worst_first(found.check.checks or ()))}
    shown = []
    for name in _KEY:
        if (m := found.metric(name)) and m.status == "ok":
            tile, status = tiles.get(name), worst.get(name)
            moved = change_words(tile["change"], m.unit) if tile else ""
            when = (
                {"7d": "last 7 days", "previous": "on the window before"}.get(tile["against"] or "", "") if tile else ""
            )
            told = signed(status) if status in ("critical", "warning", "ok") else ""
            shown.append(
                Figure(title(name), number(m.value, m.unit), f"{moved}, {when}".strip(", ") if moved else "", told)
            )
    return tuple(shown[:_FIGURES])


def lead(found: Found) -> str:
    """Return what was judged, in a sentence."""
    checks = found.check.checks or []
    bad = [v for v in worst_first(checks) if v.status in ("critical", "warning")]
    named = list(dict.fromkeys(title(v.metric) for v in bad))
    more = f": {', '.join(named[:4])}{', ...' if len(named) > 4 else ''}" if named else ""
    return f"{counted(found.check)} of {plural(len(checks), 'verdict')}{more}."


def judged(found: Found, levels: Sequence[str] | None = None) -> Part:
    """Return the verdicts: what is bad and what could not be told, of which levels are asked for; then how many passed."""
    checks = found.check.checks or []
    told = [v for v in checks if (v.status in levels if levels else v.status not in ("ok", *_UNTOLD))]
    passed, skipped = (sum(v.status == status for v in checks) for status in ("ok", "skipped"))
    words = [f"{plural(passed, 'verdict')} passed." if passed else "No verdict passed."]
    words += (
        [f"{plural(skipped, 'verdict')} skipped: too few samples, or nothing in the config to judge by."]
        if skipped
        else []
    )
    if not told:
        words = [_calm(found), *words]
    return Part("Verdicts", tuple(words), sections=(verdicts(found, told),) if told else ())


def _calm(found: Found) -> str:
    """Return what is said where no verdict is bad: of a run that judged nothing it is no good news."""
    judged = any(v.status not in ("unknown", "skipped") for v in found.check.checks or ())
    return "Nothing is in breach." if judged else "Nothing could be judged."


def drift(found: Found) -> Part:
    """Return what `drift` says, but for what changed, which has a part of its own."""
    if found.drift is None or not found.drift.sections:
        return Part("Drift", (sentence(found.refused.get("drift") or "Drift was not looked at"),))
    first, *rest = found.drift.sections
    words = tuple(sentence(str(row[0])) for row in first.rows)
    own = tuple(without_empty(_signed(s)) for s in rest if not s.title.startswith(_CHANGED))
    return Part("Drift", words, sections=own)


def _signed(of: Section) -> Section:
    """Return a table whose verdicts have signs."""
    if "status" not in of.columns:
        return of
    at = of.columns.index("status")
    return replace(of, rows=tuple((*row[:at], signed(row[at] or ""), *row[at + 1 :]) for row in of.rows))


def sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    text = clean(text, 2000)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def changed(found: Found) -> Part:
    """Return what changed: models, prompts and providers near a drift or a breach, and the mix over time."""
    own = [s for s in (found.drift.sections if found.drift else ()) if s.title.startswith(_CHANGED)]
    pictures = tuple(d for mix in found.mixes for d in drawings(mix))
    why = found.refused.get("drift")
    none = f"Not known: {why}." if why else "Nothing came, went or moved by 10 points within three days of a drift."
    words = () if own else (none,)
    sections = tuple(replace(section, title="near a drift, which need not be its cause") for section in own)
    return Part("What changed", words, pictures, sections)


def scale(found: Found) -> Part:
    """Return the analyses of scale, each with its first tables."""
    own = []
    for name, (words, tables) in _SCALES.items():
        if result := found.scale.get(name):
            shown = drawings(replace(result, measurements=[]))
            own.append(Part(words, drawings=tuple(shown), sections=_first(result.sections, tables)))
    missing = [f"{_SCALES[name][0]}: {why}." for name, why in found.refused.items() if name in _SCALES]
    return Part("Scale", tuple(missing), parts=tuple(own))


def _first(sections: Sequence[Section], most: int) -> tuple[Section, ...]:
    return tuple(without_empty(_signed(section)) for section in sections if section.rows)[:most]


def onwards(found: Found, checks: Iterable[Verdict] | None = None) -> Part:
    """Return what to do next."""
    table = onward(found, list(found.check.checks or () if checks is None else checks))
    words = (
        "Each command shows the rows behind a verdict."
        if table
        else f"{_calm(found)} aiopsctl doctor says what is missing."
    )
    return Part("What to do next", (words,), sections=(table,) if table else ())


def definitions(named: Iterable[str]) -> Part:
    """Return how the metrics that the report names are computed."""
    rows = []
    for name in dict.fromkeys(named):
        m = catalog.metric(name)
        rows.append((title(name), name, m.formula, m.unit))
    words = (
        "A percentile is the smallest value that at least that share of calls does not exceed.",
        "Intervals are 95 % and count the calls of one user as dependent.",
        "aiopsctl explain NAME works an example of each metric.",
    )
    table = Section("", ("metric", "name", "formula", "unit"), tuple(rows))
    return Part("Definitions", words, sections=(table,) if rows else ())


def data_quality(found: Found, notes: Sequence[str] = ()) -> Part:
    """Return the account of what was read, what is unknown and why, and what should be known of the input."""
    data, window = found.measured.data, found.measured.window
    rows: list[tuple[str, object]] = [
        ("window", f"{short(window.since)} to {short(window.until)} {window.tz}{' (partial)' if window.partial else ''}"),
        ("files", data.files), ("rows read", data.rows_read), ("used", data.rows_used), ("rejected", data.rows_rejected),
        ("duplicate", data.rows_duplicate), ("filtered", data.rows_filtered), ("values not readable", data.fields_rejected),
        ("calls without a price", data.unpriced_calls),
    ]  # fmt: skip
    if data.feedback_joined_ratio is not None:
        rows.append(("feedback joined to its call", number(data.feedback_joined_ratio, "ratio")))
    rows += [("log formats", ", ".join(f"{clean(name)} ({count})" for name, count in data.sources.items()))]
    rows += [("price table", clean(data.prices))] if data.prices else []
    rows += [(f"rejected: {clean(why)}", count) for why, count in data.rejected.items()]
    rows += [(f"unpriced: {clean(model)}", count) for model, count in list(data.unpriced_models.items())[:10]]
    rows += [(f"tokens contradict: {clean(rule)}", count) for rule, count in data.contradictory_tokens.items()]
    account = Section(
        "what was read", ("of the input", "rows"), tuple((what, _shown(of)) for what, of in rows), ("rows",)
    )
    unknown = Section("what is unknown, and why", ("metrics", "why"), tuple(_unknown(found)))
    words = tuple(sentence(note) for note in notes if not note.startswith("error:"))
    return Part("Data quality", words, sections=(account, unknown) if unknown.rows else (account,))


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _unknown(found: Found) -> Iterable[tuple[str, str]]:
    reasons: dict[str, list[str]] = {}
    for m in found.measured.measurements:
        if m.value is None and m.reason:
            reasons.setdefault(m.reason, []).append(m.metric)
    return ((", ".join(names), clean(reason, 400)) for reason, names in reasons.items())


def account(found: Found) -> tuple[str, ...]:
    """Return what the report rests on, in lines."""
    first, *rest = header(found.measured)
    return (first.removeprefix(f"aiopsctl {found.measured.command}").strip(), *rest)
