"""The names that a shell completes, `names.json`: written from the declarations, read without importing them."""

import json
from pathlib import Path

from aiopsctl import catalog
from aiopsctl.analyses.analysis import Analysis
from aiopsctl.events import CALENDAR, COLUMNS, TEXT
from aiopsctl.formats.format import formats
from aiopsctl.sources.detect import sources

PATH = Path(__file__).parent / "names.json"


def as_json() -> str:
    """Return metrics and columns with what they are, formats with whether they are of checks alone, and log formats.

    Of each analysis of scale the options, so that its help needs no import of it.
    """
    document = {
        "metrics": {metric.name: metric.title for metric in catalog.metrics().values()},
        "columns": {name: column.meaning for name, column in COLUMNS.items() if name not in TEXT},
        "calendar": list(CALENDAR),
        "formats": {name: found.of_check for name, found in formats().items()},
        "sources": list(sources()),
        "scale": {name: _options(name) for name in _analyses()},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _analyses() -> dict[str, Analysis]:
    return {
        module.__name__.rpartition(".")[2].replace("_", "-"): module.ANALYSIS
        for module in catalog.modules("aiopsctl.analyses.scale")
        if hasattr(module, "ANALYSIS")
    }


def _options(name: str) -> list[dict[str, object]]:
    options = _analyses()[name].options
    return [{"flag": o.flag, "default": o.default, "help": o.help, "metavar": o.metavar} for o in options]
