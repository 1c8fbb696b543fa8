"""Prometheus text for the textfile collector: value, limit, status and samples of each check, and the time of the run."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from aiopsctl.formats.cells import NONE
from aiopsctl.formats.findings import repeats
from aiopsctl.formats.format import Format, Look
from aiopsctl.readable import clean
from aiopsctl.result import Result, Verdict

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

CODES = ("ok", "warning", "critical", "unknown", "blind", "skipped", "muted")
"""A status as a number: its place here; the first four are those of monitors."""

_STATUS = "status of the check: " + ", ".join(f"{number} {status}" for number, status in enumerate(CODES))
_OWN = ("check", "metric", "window", "unit")
_NAME = re.compile(r"[^a-zA-Z0-9_]")

Labels = dict[str, str]


class _Collected(Struct, frozen=True):
    """Families as a registry gives them."""

    families: Sequence["GaugeMetricFamily"]

    def collect(self) -> Iterable["GaugeMetricFamily"]:
        return self.families


def render(result: Result, look: Look) -> str:  # noqa: ARG001 - every format takes a look
    """Return the gauges; what is unknown has a status and no value. The time of the run is the end of its window."""
    from prometheus_client import generate_latest

    labelled = list(zip(_labels(result.checks or []), result.checks or (), strict=True))
    limits = [
        (of | {"kind": c.limit["kind"], "mode": c.limit["mode"]}, c.limit["value"]) for of, c in labelled if c.limit
    ]
    data, until = result.data, result.window.until
    rows = {"used": data.rows_used, "rejected": data.rows_rejected, "duplicate": data.rows_duplicate,
            "filtered": data.rows_filtered}  # fmt: skip
    families = [
        _gauge("check_status", _STATUS, [(of, CODES.index(check.status)) for of, check in labelled]),
        _gauge("check_value", "value of the metric, in its unit", [(of, check.value) for of, check in labelled]),
        _gauge(
            "check_limit",
            "limit that the value was judged by: kind is the bad side; a rise or fall is relative (0.2 is 20 %), absolute or a factor",
            limits,
        ),
        _gauge("check_samples", "samples that the value rests on", [(of, check.n) for of, check in labelled]),
        _gauge("rows", "rows that were read, by what became of them", [({"outcome": k}, n) for k, n in rows.items()]),
        _gauge("exit_code", "exit code of the run", [({}, result.exit_code)]),
        _gauge("last_run_timestamp_seconds", "end of the window that the run judged", [({}, _seconds(until))]),
    ]
    return generate_latest(_Collected(families)).decode()


def _gauge(name: str, help: str, samples: Sequence[tuple[Labels, float | None]]) -> "GaugeMetricFamily":
    """Return a gauge; all its samples have the same labels, as a label that is empty is none."""
    from prometheus_client.core import GaugeMetricFamily

    names = list(dict.fromkeys(label for labels, _ in samples for label in labels))
    family = GaugeMetricFamily(f"aiopsctl_{name}", help, labels=names)
    for labels, value in samples:
        if value is not None:
            family.add_metric([labels.get(label, "") for label in names], value)
    return family


def _labels(checks: Sequence[Verdict]) -> list[Labels]:
    """Return the labels of each verdict; no two are the same, or the collector would refuse the file."""
    found = [
        {"check": clean(c.id), "metric": c.metric, "window": clean(c.window["name"]), "unit": c.unit}
        | {_label(name): _value(value) for name, value in c.slice.items()}
        for c in checks
    ]
    again = repeats(tuple(sorted(labels.items())) for labels in found)
    return [of | {"check": f"{of['check']} #{n + 1}"} if n else of for of, n in zip(found, again, strict=True)]


def _label(name: str) -> str:
    """Return the name of a column as one of a label: never one of our own, nor one that Prometheus keeps."""
    plain = _NAME.sub("_", name)
    return f"by_{plain}" if plain in (*_OWN, "kind", "mode") or not plain[:1].isalpha() else plain


def _value(value: Any) -> str:
    return NONE if value is None else clean(value)


def _seconds(when: str | None) -> float | None:
    return datetime.fromisoformat(when).timestamp() if when else None


FORMAT = Format("prometheus", (".prom",), render, of_check=True)
