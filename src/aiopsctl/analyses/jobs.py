"""The jobs that run `check` for a team: a workflow of GitHub, a job of GitLab, a line of cron."""

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from aiopsctl.config.problem import is_harmless
from aiopsctl.errors import UsageError

FILES: Mapping[str, str] = MappingProxyType(
    {"github": ".github/workflows/aiopsctl.yml", "gitlab": ".gitlab-ci.aiopsctl.yml"}
)
"""Where each service looks for its job, from the root of the repository."""

KINDS = (*FILES, "cron")

_GITHUB = """\
# Judges the limits of aiopsctl.yaml. The job fails where a critical one is passed (exit 1), and where nothing could be
# judged (exit 3); each breach is annotated at its line of the config.
name: aiopsctl
on:
  push:
  pull_request:
  schedule:
    - cron: "0 6 * * *"  # every day, in UTC
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # Logs that are not in the repository: fetch them here, to where `sources` of the config says.
      - run: python -m pip install "aiopsctl==%(version)s"
      - run: aiopsctl check%(options)s -o junit=aiopsctl-junit.xml -o sarif=aiopsctl.sarif
      - uses: actions/upload-artifact@v4
        if: ${{ !cancelled() }}
        with:
          name: aiopsctl
          path: |
            aiopsctl-junit.xml
            aiopsctl.sarif
"""

_GITLAB = """\
# Judges the limits of aiopsctl.yaml. The job fails where a critical one is passed (exit 1), and where nothing could be
# judged (exit 3). In .gitlab-ci.yml:
#   include:
#     - local: .gitlab-ci.aiopsctl.yml
aiopsctl:
  image: python:3.12-slim
  script:
    # Logs that are not in the repository: fetch them here, to where `sources` of the config says.
    - python -m pip install "aiopsctl==%(version)s"
    - aiopsctl check%(options)s -o junit=aiopsctl-junit.xml -o gitlab=aiopsctl-quality.json
  artifacts:
    when: always
    reports:
      junit: aiopsctl-junit.xml
      codequality: aiopsctl-quality.json
"""

_TEXTS = {"github": _GITHUB, "gitlab": _GITLAB}


def job(kind: str, version: str, options: str) -> str:
    """Return the file of a service; `options` are those of `check`."""
    return _TEXTS[kind] % {"version": version, "options": f" {options}" if options else ""}


def cron_line(folder: str, program: str, options: str) -> str:
    """Return the line of a crontab; it prints on a breach alone, which cron sends by mail. `program` is quoted already.

    Raises `UsageError` for a folder whose name no line can hold.
    """
    if not all(map(is_harmless, folder + program)):
        raise UsageError("the name of this folder cannot stand in a crontab", help="use a folder with a plain name")
    command = f"cd {shlex.quote(folder)} && {program} check -q{f' {options}' if options else ''}"
    # NOTE: cron takes a bare % for the end of the command.
    return "0 6 * * * " + command.replace("%", r"\%")
