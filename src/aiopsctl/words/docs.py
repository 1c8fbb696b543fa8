"""The pages that are written from the declarations: `docs/metrics.md`, `docs/reference`, and the names to complete.

`python -m aiopsctl.words.docs docs` writes all of them; without a folder the page of all metrics is printed.
"""

import sys
from pathlib import Path

from aiopsctl import catalog
from aiopsctl.analyses.drift.definitions import statistics
from aiopsctl.formats.md_page import escape
from aiopsctl.metric import Metric
from aiopsctl.readable import plural
from aiopsctl.words import names
from aiopsctl.words.example import Grid, worked
from aiopsctl.words.explain import interval_of, limit_of, nano_note, needed, unit_of
from aiopsctl.words.reference import pages, table

_HEAD = """\
# Metrics

Every metric that aiopsctl knows, by dimension: what it is for, how it is computed, and an example worked step by step.
This page is written from the declarations in `src/aiopsctl/metrics/` by `python -m aiopsctl.words.docs docs`; the same is
printed by `aiopsctl explain NAME`.

A metric is sums at a grain, and a value over those sums. Intervals are 95 %. Limits are those of the handbook that the
project is built on; a config sets others.
"""


def as_markdown() -> str:
    """Return the page: contents by dimension, then each metric."""
    dimensions: dict[str, list[Metric]] = {}
    for metric in catalog.metrics().values():
        dimensions.setdefault(metric.dimension, []).append(metric)
    parts = [_HEAD]
    for name, own in dimensions.items():
        links = ", ".join(f"[{metric.name}](#{metric.name})" for metric in own)
        parts.append(f"- **[{name}](#{name})**: {links}")
    parts += ["- **[drift](#drift)**: its statistics", ""]
    for name, own in dimensions.items():
        parts += [f"## {name}\n", *map(_metric, own)]
    parts += [
        "## drift\n",
        "What the numbers of `aiopsctl drift` are, where others might mean something else.\n",
    ]
    rows = [(name, escape(also), escape(text)) for name, also, text in statistics()]
    return "\n".join([*parts, table(("name", "also", "what"), rows), ""])


def _metric(metric: Metric) -> str:
    rows = [
        ("formula", metric.formula), ("computed as", metric.value.words), ("unit", unit_of(metric)),
        ("needs", ", ".join(metric.needs)), *needed(metric), ("summed by", ", ".join(metric.grain) or "nothing"),
        ("interval", interval_of(metric)), ("dashboard", metric.dashboard or "no"), ("handbook", metric.handbook),
        *(("limit", limit_of(metric, threshold)) for threshold in metric.thresholds),
    ]  # fmt: skip
    told = table(("", escape(metric.title)), [(name, escape(text)) for name, text in rows])
    return f"### {metric.name}\n\n{escape(metric.why)}\n\n{told}\n\n{_example(metric)}\n"


def _example(metric: Metric) -> str:
    """Return the steps of the worked example."""
    found = worked(metric)
    by = f" by {', '.join(found.by)}" if found.by else ""
    parts = [
        f"Example: {plural(found.events.height, 'event')},", _grid(found.events),
        f"summed{escape(by)}{escape(nano_note(metric))},", _grid(found.sums),
        *(f"given {escape(given)}," for given in found.given),
        f"gives {escape(found.value)}.",
    ]  # fmt: skip
    return "\n\n".join(parts)


def _grid(grid: Grid) -> str:
    return table([escape(name) for name in grid.columns], [[escape(cell) for cell in row] for row in grid.rows])


def written(folder: Path) -> dict[Path, str]:
    """Return every file that is written from the declarations, with its text; `folder` is that of the documentation."""
    reference = {folder / "reference" / name: text for name, text in pages().items()}
    return {folder / "metrics.md": as_markdown(), **reference, names.PATH: names.as_json()}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for path, text in written(Path(sys.argv[1])).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(as_markdown())
