"""User ids as pseudonyms: a report is passed on, and who a user is stays out of it."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from aiopsctl.page import Page, Part, Section
from aiopsctl.result import Result, Verdict
from aiopsctl.sources.pseudonyms import pseudonyms

_COLUMNS = ("user", "user_id")
_GIVEN = re.compile(r"user \d+|u_[0-9a-f]{12,}")
_NAMED = re.compile(r"user_id = '((?:[^']|'')*)'")


class Disguise:
    """Replaces user ids: with a key by the hashes of `--pseudonymize`, else by numbers in the order in which they are met."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._names: dict[str, str] = {}

    def result(self, of: Result) -> Result:
        """Return an answer without user ids: in its tables, its slices, and the commands that it gives."""
        return replace(
            of, sections=tuple(self._section(section) for section in of.sections),
            measurements=[replace(m, slice=self._slice(m.slice)) if "user_id" in m.slice else m for m in of.measurements],
            checks=None if of.checks is None else [self._verdict(v) for v in of.checks],
            breaches=tuple(self._verdict(v) for v in of.breaches), extra=self._value(of.extra),
            page=self._page(of.page) if of.page else None,
        )  # fmt: skip

    def name(self, user: Any) -> Any:
        """Return what stands for a user, the same each time."""
        if user is None or _GIVEN.fullmatch(str(user)):
            return user
        id = str(user)
        if id not in self._names:
            self._names[id] = pseudonyms([id], self._key)[0] if self._key else f"user {len(self._names) + 1}"
        return self._names[id]

    def _section(self, of: Section) -> Section:
        users = {at for at, column in enumerate(of.columns) if column in _COLUMNS}
        rows = (tuple(self.name(v) if at in users else v for at, v in enumerate(row)) for row in of.rows)
        return replace(of, rows=tuple(rows)) if users else of

    def _slice(self, of: Mapping[str, Any]) -> dict[str, Any]:
        return {column: self.name(value) if column == "user_id" else value for column, value in of.items()}

    def _verdict(self, of: Verdict) -> Verdict:
        command = of.next and _NAMED.sub(lambda m: f"user_id = '{self.name(m[1])}'", of.next)
        return replace(of, slice=self._slice(of.slice), next=command)

    def _value(self, of: Any) -> Any:
        if isinstance(of, Mapping):
            return {k: self.name(v) if k == "user_id" and isinstance(v, str) else self._value(v) for k, v in of.items()}
        return [self._value(each) for each in of] if isinstance(of, list) else of

    def _page(self, of: Page) -> Page:
        return replace(of, parts=tuple(self._part(part) for part in of.parts))

    def _part(self, of: Part) -> Part:
        own = tuple(self._part(part) for part in of.parts)
        return replace(of, sections=tuple(self._section(section) for section in of.sections), parts=own)
