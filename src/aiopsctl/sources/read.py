"""Reads logs: paths in, canonical events and their account out."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TextIO

import polars as pl

from aiopsctl.errors import AiopsctlError, UsageError
from aiopsctl.sources import detect, files, lines, mapping, tables
from aiopsctl.sources.coerce import coerce, empty
from aiopsctl.sources.files import Input
from aiopsctl.sources.join import with_call_facts, without_duplicates
from aiopsctl.sources.lines import Chunk, Parsed, Reject
from aiopsctl.sources.log import Account, Log
from aiopsctl.sources.source import LINE, Head, Source

_EXAMPLES = 3


@dataclass(frozen=True)
class Reading:
    """How to read: the zone of zone-less times, a forced format, a column map, and where rejects are saved."""

    tz: str = "UTC"
    source: str | None = None
    columns: Sequence[str] = ()
    rejects: str | None = None
    with_text: bool = False


def read(paths: Sequence[str], feedback: Sequence[str] = (), how: Reading = Reading()) -> Log:  # noqa: B008 - frozen
    """Return the events of all files, joined and without duplicates.

    Raises `UsageError` for a path that does not exist and a named file whose format cannot be told.
    """
    inputs = files.expand([*paths, *feedback])
    account = Account()
    with _Rejects(how, account) as rejects:
        frames = [frame for each in inputs for frame in _file(each, how, account, rejects)]
    events = pl.concat(frames, how="diagonal") if frames else empty()
    unique = without_duplicates(events)
    account.rows_duplicate = events.height - unique.height
    joined, account.feedback_joined_ratio = with_call_facts(unique)
    return Log(joined, account)


def _file(each: Input, how: Reading, account: Account, rejects: "_Rejects") -> Iterator[pl.DataFrame]:
    try:
        head = detect.head_of(each)
        if head is None:
            account.files += 1
            return
        source = _source(each, head, how)
    except AiopsctlError as error:
        if each.named:
            raise
        account.notes.append(f"skipped: {error.what}")
        return
    account.files += 1
    account.sources[source.name] += 1
    for parsed in _raw(each, head, source):
        rejects.save(each, parsed.rejects)
        account.rows_read += len(parsed.rejects)
        if parsed.replaced:
            account.field_errors["lone_surrogate"] += parsed.replaced
        if parsed.rows.height:
            yield _canonical(each, source, parsed.rows, how, account, rejects)


def _source(each: Input, head: Head, how: Reading) -> Source:
    mapped = mapping.parse(how.columns)
    source = detect.source_named(how.source) if how.source else detect.detect(each, head, mapped=bool(mapped))
    source = mapping.apply(source, mapped, head)
    if source.name == "native" and "ts" not in head.names and not any(m.column == "ts" for m in mapped):
        from dataclasses import replace

        return replace(source, timed=False)
    return source


def _raw(each: Input, head: Head, source: Source) -> Iterator[Parsed]:
    if head.container == "parquet":
        yield from tables.parquet_rows(each, source.schema)
    elif head.container == "csv":
        yield from tables.csv_rows(each)
    elif head.container == "json":
        elements = detect.json_elements(each)
        yield lines.parse(Chunk(b"\n".join(elements), 1), source.schema)
    else:
        with files.open_bytes(each) as stream:
            for chunk in lines.chunks(stream):
                yield lines.parse(chunk, source.schema)


def _canonical(
    each: Input, source: Source, raw: pl.DataFrame, how: Reading, account: Account, rejects: "_Rejects"
) -> pl.DataFrame:
    found = source.events(raw)
    account.rows_read += found.height
    if "_other" in found.columns:
        is_event = ~pl.col("_other").fill_null(value=False)
        kept = found.filter(is_event).drop("_other")
        account.rows_other += found.height - kept.height
        found = kept
    coerced = coerce(found, tz=how.tz, timed=source.timed)
    rejects.save(each, coerced.rejects)
    for column, (count, line) in coerced.field_errors.items():
        account.field_errors[column] += count
        account.field_places.setdefault(column, f"{each.shown}:{line}")
    if coerced.zoneless:
        _note_once(account, f"{each.shown}: times without a zone are read as {how.tz} (--tz)")
    filled = [c for c in coerced.rows.columns if c in ("ts", "event") or coerced.rows[c].null_count() < coerced.rows.height]
    return coerced.rows.select(c for c in filled if c != LINE)


def _note_once(account: Account, note: str) -> None:
    if note not in account.notes:
        account.notes.append(note)


@dataclass
class _Rejects:
    """Counts rejected rows, keeps the first few places, and saves all of them where a file is named."""

    how: Reading
    account: Account
    file: TextIO | None = field(default=None, init=False)

    def __enter__(self) -> "_Rejects":
        if self.how.rejects:
            try:
                self.file = open(self.how.rejects, "w", encoding="utf-8")  # noqa: SIM115 - closed in __exit__
            except OSError as error:
                raise UsageError(f"cannot write {self.how.rejects}: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.file:
            self.file.close()

    def save(self, each: Input, rejects: Sequence[Reject]) -> None:
        """Count the rejects of one chunk, and write each as one JSON line; their text only when text is asked for."""
        for reject in rejects:
            self.account.rows_rejected += 1
            self.account.reasons[reject.reason] += 1
            if len(self.account.examples) < _EXAMPLES:
                self.account.examples.append(f"{each.shown}:{reject.line} {reject.reason}")
            if self.file:
                record = {"file": each.shown, "line": reject.line, "reason": reject.reason, "bytes": reject.length}
                if self.how.with_text:
                    record["text"] = reject.text.decode("utf-8", "backslashreplace")
                self.file.write(json.dumps(record) + "\n")
