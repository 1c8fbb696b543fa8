"""Every log format has a sample, and is told by its content."""

from pathlib import Path

import pytest

from aiopsctl.sources.detect import sources
from aiopsctl.sources.read import read

FOLDER = Path(__file__).parents[1] / "sample_data" / "_formats"
SAMPLED = {name: source.sample for name, source in sources().items() if name != "native"}


@pytest.mark.parametrize(("name", "sample"), SAMPLED.items(), ids=SAMPLED)
def test_a_sample_is_read_as_its_format(name: str, sample: str) -> None:
    """The sample of a format is detected by content, and gives calls or feedback."""
    log = read([str(FOLDER / sample)])

    assert [name] == list(log.account.sources)
    assert log.events.height > 0


@pytest.mark.parametrize(("name", "sample"), SAMPLED.items(), ids=SAMPLED)
def test_every_row_of_a_sample_is_accounted_for(name: str, sample: str) -> None:
    """Rows read are events, rejected, duplicates or other records."""
    log = read([str(FOLDER / sample)])
    a = log.account

    assert a.rows_read == log.events.height + a.rows_rejected + a.rows_duplicate + a.rows_other, name
