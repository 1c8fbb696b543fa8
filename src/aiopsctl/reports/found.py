"""What a report is put together from: the answers of the commands, and who is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aiopsctl.result import Measurement, Result


@dataclass(frozen=True)
class Found:
    """The answers of a run: each is what the command of its name would say of the same logs.

    `measured` has every metric over the window, `cut` the same by feature, `daily` by day, `categories` those of feedback
    by category. `mixes` are calls by week and a column more. `scale` are the analyses that had an answer, and `refused`
    says of the others why. `owners` are those of the features, `owner` is who the review is for.
    """

    check: Result
    measured: Result
    cut: Result
    daily: Result
    categories: Result
    mixes: tuple[Result, ...] = ()
    drift: Result | None = None
    scale: Mapping[str, Result] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""

    def metric(self, name: str) -> Measurement | None:
        """Return a metric of the whole window, None where it is unknown."""
        return next((m for m in self.measured.measurements if m.metric == name and m.value is not None), None)

    def disguised(self, change: Callable[[Result], Result]) -> "Found":
        """Return the same with each answer changed."""
        return replace(
            self, check=change(self.check), measured=change(self.measured), cut=change(self.cut), daily=change(self.daily),
            categories=change(self.categories), mixes=tuple(change(mix) for mix in self.mixes),
            drift=change(self.drift) if self.drift else None,
            scale={name: change(of) for name, of in self.scale.items()},
        )  # fmt: skip
