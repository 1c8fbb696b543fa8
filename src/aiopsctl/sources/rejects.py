"""The file to which rejected rows are saved: one JSON object a row, readable by its owner alone."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import mkstemp
from types import TracebackType
from typing import Self, TextIO

from aiopsctl.errors import UsageError
from aiopsctl.sources.chunks import Reject


class RejectsFile:
    """Writes rejected rows to a file, where one is named; their text only when text is asked for.

    It is written under another name beside its own, and has its own once it is whole; a device is written to as it is.
    Raises `UsageError` where it cannot be written.
    """

    def __init__(self, path: str | None, *, with_text: bool) -> None:
        self.path, self.with_text = path, with_text
        self._file: TextIO | None = None
        self._beside = ""

    def __enter__(self) -> Self:
        if self.path:
            with self._writing():
                self._file = self._opened(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file:
            return
        try:
            with self._writing():
                self._file.close()
                if self._beside and self.path and kind is None:
                    os.replace(self._beside, os.path.realpath(self.path))
                    self._beside = ""
        finally:
            if self._beside:
                os.unlink(self._beside)

    def save(self, file: str, line: int, reject: Reject) -> None:
        """Write one rejected row; a row that was refused for its values has no length of its own."""
        if self._file:
            record = {"file": file, "line": line, "reason": reject.reason, "bytes": reject.length or None}
            if self.with_text:
                record["text"] = reject.text.decode("utf-8", "backslashreplace")
            with self._writing():
                self._file.write(json.dumps(record) + "\n")

    def _opened(self, path: str) -> TextIO:
        """Open a file that its owner alone may read."""
        if os.path.lexists(path) and not os.path.isfile(path):
            return open(path, "w", encoding="utf-8")
        handle, self._beside = mkstemp(dir=os.path.dirname(os.path.realpath(path)), prefix=".rejects.")
        return os.fdopen(handle, "w", encoding="utf-8")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {error.strerror}") from None
