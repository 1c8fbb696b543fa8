"""What tests share: every engine, and logs that others wrote."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import typer
from hypothesis import settings
from typer import testing

from aiopsctl import demo
from aiopsctl.engine import local
from aiopsctl.engine.plan import Reduction
from aiopsctl.measure import calendar, complete

settings.register_profile("by count, not by clock", deadline=None)
settings.load_profile("by count, not by clock")

testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]  # the application is built once, not for every command

Sums = list[pl.DataFrame]
Engine = Callable[[pl.DataFrame, Sequence[Reduction]], Sums]

ENGINES: dict[str, Callable[[pl.LazyFrame, Sequence[Reduction]], Sums]] = {"local": local.reduce}
"""Every engine: from canonical events and reductions to the sums of each. One more engine is one more entry."""

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on where it runs."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return a function that sums events, of each engine in turn."""
    reduce = ENGINES[request.param]
    return lambda events, plan: reduce(complete(events).with_columns(calendar(ZoneInfo("UTC"))), plan)


@pytest.fixture(scope="session")
def healthy_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 90 days of logs without any fault, which no test may change."""
    folder = tmp_path_factory.mktemp("healthy") / "sample_data"
    demo.write(folder, faults=())
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of logs that others wrote, or skip where it does not lie beside the project."""
    if not SHARED.is_dir():
        pytest.skip("needs logs that others wrote, in shared/data beside the project")
    return SHARED
