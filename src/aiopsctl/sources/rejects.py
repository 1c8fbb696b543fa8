"""The file to which rejected rows are saved: one JSON object a row, readable by its owner alone."""

import json
import os
from types import TracebackType
from typing import Self, TextIO

from aiopsctl.errors import UsageError
from aiopsctl.sources.lines import Reject


class RejectsFile:
    """Writes rejected rows to a file, where one is named; their text only when text is asked for."""

    def __init__(self, path: str | None, *, with_text: bool) -> None:
        self.path, self.with_text = path, with_text
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self.path:
            try:
                self._file = open(self.path, "w", encoding="utf-8", opener=_private)
            except OSError as error:
                raise UsageError(f"cannot write {self.path}: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def save(self, file: str, line: int, reject: Reject) -> None:
        """Write one rejected row; a row that was refused for its values has no length of its own."""
        if self._file:
            record = {"file": file, "line": line, "reason": reject.reason, "bytes": reject.length or None}
            if self.with_text:
                record["text"] = reject.text.decode("utf-8", "backslashreplace")
            self._file.write(json.dumps(record) + "\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
