"""What `explain` says of the config: each value with where it comes from, and its checks; and of exit codes."""

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiopsctl.cli.options import Common
from aiopsctl.errors import EXIT_CODES, UsageError, nearest

if TYPE_CHECKING:
    from aiopsctl.checks.check import Check
    from aiopsctl.config import Config

SUBJECTS = ("config", "check", "exit-codes")
_CONFIG = "AIOPSCTL_CONFIG"


def asked(name: str | None, more: str | None, common: Common, fmt: str) -> str | None:
    """Return what is said of the config, of a check of it, or of exit codes; None where `name` is none of them."""
    if more is not None and name != "check":
        raise UsageError(f"'{more}' is one name too many", help="explain takes one, or check and an ID")
    if name == "exit-codes":
        return (
            _as_json(exit_codes=dict(EXIT_CODES))
            if fmt == "json"
            else _columns([(str(c), words) for c, words in EXIT_CODES.items()])
        )
    if name == "config":
        return _config(common, fmt)
    if name == "check" or (name and not _is_declared(name)):
        found = _checks(name if more is None and name != "check" else more, common, named=name == "check")
        return _told(found, fmt) if found else None
    return None


def _is_declared(name: str) -> bool:
    from aiopsctl import catalog
    from aiopsctl.events import COLUMNS

    if name in ("columns", "drift") or name in COLUMNS or name in catalog.metrics():
        return True
    from aiopsctl.analyses.drift.definitions import statistic

    return statistic(name) is not None


def _config(common: Common, fmt: str) -> str:
    from aiopsctl.analyses.effective import as_rows, effective

    given, origin = _found(common)
    config, file = given
    settings = effective(config, file, _flags(common))
    environment = [{"name": name, "set": bool(os.environ.get(name))} for name in (_CONFIG, config.pseudonym_key_env)]
    if fmt == "json":
        values = [asdict(each) for each in settings]
        return _as_json(config={"file": file or None, "origin": origin}, settings=values, environment=environment)
    variables = [(str(of["name"]), "set" if of["set"] else "not set", "environment") for of in environment]
    return _columns([("config", file or "none", origin), *as_rows(settings), *variables])


def _found(common: Common) -> "tuple[tuple[Config, str], str]":
    """Return the config that holds, its name, and why it is this one."""
    from aiopsctl.cli.configured import configuration

    if common.isolated:
        return configuration(common), "--isolated"
    if common.config:
        return configuration(common), "--config"
    if of_environment := os.environ.get(_CONFIG):
        return configuration(common.but(config=of_environment)), f"environment: {_CONFIG}"
    found = configuration(common)
    return found, "found from here upwards" if found[1] else "none found from here upwards"


def _flags(common: Common) -> dict[str, tuple[Any, str]]:
    """Return what the command line says instead of the config, each with its flag."""
    flags: dict[str, tuple[Any, str]] = {}
    if common.tz:
        from aiopsctl.window import zone

        flags["timezone"] = zone(common.tz).key, "--tz"
    if common.max_rejected:
        flags["max_rejected"] = common.max_rejected, "--max-rejected"
    if common.pseudonymize:
        flags["pseudonymize"] = True, "--pseudonymize"
    if common.columns:
        from aiopsctl.sources.mapping import parse

        parse(common.columns)
    pairs = (pair.partition("=") for pair in common.columns or [])
    return flags | {f"columns.{column}": (raw, "--map") for column, _, raw in pairs}


def _checks(name: str | None, common: Common, *, named: bool) -> "list[Check]":
    """Return the checks of a name, one a metric, or of no name all; where it may be no check, none for an unknown."""
    from aiopsctl.checks.check import from_config

    try:
        (config, file), _ = _found(common)
    except UsageError:
        if named or common.config:
            raise
        return []
    every = from_config(config, file)
    found = [check for check in every if name in (None, check.id)]
    if named and not found:
        known = tuple(dict.fromkeys(check.id for check in every))
        raise UsageError(f"unknown check '{name}'", help=nearest(str(name), known) or f"checks: {', '.join(known)}")
    return found


def _told(checks: "list[Check]", fmt: str) -> str:
    from aiopsctl.analyses.effective import check_rows, described
    from aiopsctl.readable import clean

    if fmt == "json":
        return _as_json(checks=[described(check) for check in checks])
    pages = [
        "\n".join([f"{clean(check.id)} (check)", *(f"  {name:<12}{text}" for name, text in check_rows(check))])
        for check in checks
    ]
    return "\n\n".join(pages)


def _as_json(**document: Any) -> str:
    from aiopsctl.result import SCHEMA_VERSION

    return json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, ensure_ascii=False)


def _columns(rows: "list[tuple[str, ...]]") -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
