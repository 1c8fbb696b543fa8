"""What the project's files say of it is true."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiopsctl import catalog
from aiopsctl.checks.check import Check, from_config, handbook
from aiopsctl.checks.preset import as_yaml
from aiopsctl.cli.app import app
from aiopsctl.config import load
from aiopsctl.facts import untold

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
UNITS = {name: metric.unit for name, metric in catalog.metrics().items()}


def block(marker: str) -> str:
    """Return the fenced block behind a marker of the README."""
    found = re.search(rf"<!-- {marker} -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found[1]


@cache
def run(command: str) -> tuple[int, str]:
    """Run an `aiopsctl` command of the README from the project's folder, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        result = CliRunner().invoke(app, shlex.split(command)[1:])
    return result.exit_code, result.stdout


def told(check: Check) -> tuple[object, ...]:
    """Return what a check judges, without where it comes from."""
    limits = {level: of for level, of in check.limits.items() if of}
    return check.metric.name, limits, check.by, check.window, check.compare, check.of_class


def test_handbook_config_is_fresh() -> None:
    """`configs/handbook.yaml` is what the declarations of the metrics say."""
    expected = as_yaml()
    actual = (ROOT / "configs" / "handbook.yaml").read_text()

    assert expected == actual


def test_handbook_config_judges_what_no_config_judges() -> None:
    """The handbook's limits are the same from the file and from the declarations, but for what a config has to tell."""
    path = ROOT / "configs" / "handbook.yaml"
    expected = [told(check) for check in handbook() if not untold(check.metric.facts, None)]
    actual = [told(check) for check in from_config(load(path, metrics=UNITS), str(path))]

    assert expected == actual


def test_first_command_of_the_readme_finds_the_faults() -> None:
    """The main job of the README runs on the sample logs: the summary is shown, and the check fails."""
    commands = [part.strip() for part in block("run").split("&&") if part.strip().startswith("aiopsctl")]
    actual = [run(command)[0] for command in commands]

    assert [0, 1] == actual


def test_shown_output_of_the_readme_is_real() -> None:
    """What the README shows of the check is what the check prints, but for columns left out."""
    _, output = run("aiopsctl check -c sample_data/aiopsctl.yaml")
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown
    missing = [
        part
        for line in shown[1].splitlines()
        for part in re.split(r"\s{2,}", line)
        if re.sub(r"\s+", " ", part) not in re.sub(r"\s+", " ", output)
    ]

    assert [] == missing


def test_readme_names_every_format() -> None:
    """Each log format and each output format has a row in a table of the README."""
    from aiopsctl.formats.format import formats
    from aiopsctl.sources.detect import sources

    missing = [name for name in (*sources(), *formats()) if f"| {name} |" not in README]

    assert [] == missing


def test_commands_that_show_the_faults_run() -> None:
    """Each command that the page of planted faults names works when pasted."""
    commands = re.findall(r"^\$ (aiopsctl .*)$", (ROOT / "sample_data" / "FAULTS.md").read_text(), re.MULTILINE)
    actual = [run(command)[0] for command in commands]

    assert [0, 0, 0, 0] == actual
