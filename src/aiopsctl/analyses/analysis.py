"""What an analysis declares, what it is given, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiopsctl.config import Config
from aiopsctl.measure import Scope
from aiopsctl.metric import Metric
from aiopsctl.prices.rates import Book
from aiopsctl.result import Section
from aiopsctl.sources.log import Log
from aiopsctl.sources.opening import Reading


@dataclass(frozen=True)
class Option:
    """An option of an analysis: its flag, what it is by default (which gives its type), and what it is for."""

    flag: str
    default: str | int | float | bool
    help: str
    metavar: str = ""

    @property
    def name(self) -> str:
        """The name under which its value is given to the analysis."""
        return self.flag.removeprefix("--").replace("-", "_")


@dataclass(frozen=True)
class Asked:
    """What an analysis works on: a log, the rows and slices that are asked for, the config, the clock and its options.

    `found` is what analyses of the same rows have found for one another.
    """

    log: Log
    scope: Scope
    config: Config
    book: Book
    now: datetime
    options: Mapping[str, Any]
    found: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """Return what is found under a name; find it the first time."""
        if name not in self.found:
            self.found[name] = find()
        return self.found[name]


@dataclass(frozen=True)
class Answer:
    """What an analysis answers: `data` for machines, `sections` for people, `records` for tables of machines.

    `notes` go to stderr. `refused` says why there is no answer, and what would help; the exit code is then 3. `files`
    are texts to write, by path.
    """

    data: Mapping[str, Any]
    sections: tuple[Section, ...] = ()
    records: Sequence[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Analysis:
    """An analysis: what it does, the options that it takes, and the metrics that stand beside its answer.

    `reader` reads the logs in place of `sources.read`, where it needs more than other commands do.
    """

    run: Callable[[Asked], Answer]
    options: tuple[Option, ...] = ()
    metrics: tuple[Metric, ...] = ()
    reader: Callable[[Sequence[str], Sequence[str], Reading], Log] | None = None
