"""Reads logs: paths in, canonical events and their account out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

import polars as pl
from msgspec import Struct, field
from polars.exceptions import PolarsError

from aiopsctl.errors import UsageError
from aiopsctl.sources import chunks, documents, edits, files, languages, lines, meter, tables, texts, traces
from aiopsctl.sources.chunks import Chunk, Reject
from aiopsctl.sources.coerce import coerce, empty
from aiopsctl.sources.files import Input
from aiopsctl.sources.join import FOUND, joined_ratio, with_call_facts, without_duplicates
from aiopsctl.sources.lines import Parsed
from aiopsctl.sources.log import Account, Log
from aiopsctl.sources.opening import Opened, Reading, open_all
from aiopsctl.sources.pseudonyms import pseudonymized
from aiopsctl.sources.rejects import RejectsFile
from aiopsctl.sources.source import FILE_BITS, LINE
from aiopsctl.sources.spans import Spans
from aiopsctl.sources.state import events_of, gathered, with_state

_MASK = (1 << FILE_BITS) - 1
_PLAIN = Reading()
T = TypeVar("T")


def read(paths: Sequence[str], feedback: Sequence[str] = (), how: Reading = _PLAIN) -> Log:
    """Return the events of all files, joined and without duplicates.

    Raises `UsageError` for a path that does not exist and a named file whose format cannot be told.
    """
    inputs = files.expand([*paths, *feedback])
    meter.expect(each.path for each in inputs)
    account = Account()
    if not inputs:
        account.note(f"no logs in {', '.join(map(files.printable, [*paths, *feedback]))}")
    opened = open_all(inputs, how, account)
    with RejectsFile(how.rejects, with_text=how.with_text) as rejects:
        run = Run(how, account, rejects, inputs)
        events = run.events_of(opened)
    return finished(run, opened, events)


def finished(run: "Run", opened: Sequence[Opened], events: pl.DataFrame) -> Log:
    """Return the log of the events of a run: without what is corrupt or double, feedback joined to its calls."""
    account = run.account
    events = run.without_corrupt(events)
    spans = Spans()
    spans.add(events)
    account.read += [spans.told(one, run.refused[one.number]) for one in opened]
    note_zone(account, run.how)
    events = edits.sized(events, opened, run.reread)
    if run.how.detect_languages:
        events = languages.with_languages(events, opened, run.reread)
    if run.how.keep_text:
        events = texts.with_texts(events, opened, run.reread)
    events = events.drop(LINE, strict=False)
    unique = without_duplicates(events)
    account.rows_duplicate = events.height - unique.height
    whole = traces.with_trace_facts(unique, run.traces)
    joined = with_call_facts(whole)
    account.feedback_joined_ratio = joined_ratio(joined)
    joined = joined.drop(FOUND, strict=False)
    key = run.how.pseudonym_key
    return Log(joined if key is None else pseudonymized(joined, key), account)


def note_zone(account: Account, how: Reading) -> None:
    """Note in which zone the times are read that do not tell theirs."""
    if account.zoneless:
        account.note(f"{account.zoneless}: times without a zone are read as {how.tz} (--tz)")


def _groups(opened: Sequence[Opened]) -> Iterator[list[Opened]]:
    """Yield files that are read together, each once.

    Where rows of a format need each other, its files are together wherever they are among the others.
    """
    first: dict[object, int] = {}
    places = [first.setdefault(_alike(one), i) if one.source.together else i for i, one in enumerate(opened)]
    ordered = [opened[i] for i in sorted(range(len(opened)), key=places.__getitem__)]
    yield from (list(group) for _, group in groupby(ordered, _alike))


def _alike(one: Opened) -> object:
    """Return what files have in common that can be read together."""
    return id(one.source), "jsonl" if one.head.container == "json" else one.head.container


class Run(Struct):
    """Reads files of one format after another, and keeps the account."""

    how: Reading
    account: Account
    rejects: RejectsFile
    inputs: Sequence[Input] | Mapping[int, Input]
    corrupt: set[int] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    traces: list[pl.DataFrame] = field(default_factory=list)

    def events_of(self, opened: Sequence[Opened]) -> pl.DataFrame:
        """Return the canonical events of files, with the run's line numbers."""
        frames = list(self.events(opened))
        return pl.concat(frames, how="diagonal") if frames else empty()

    def events(self, opened: Sequence[Opened]) -> Iterator[pl.DataFrame]:
        """Yield the canonical events of files, whatever they are, some at a time."""
        for alike in _groups(opened):
            for parsed, before in with_state(gathered(self._parsed(alike)), alike[0].source):
                self._reject(parsed.rejects)
                self.account.rows_read += len(parsed.rejects)
                self._lose(parsed.field_errors)
                if parsed.rows.height:
                    yield self._canonical(parsed.rows, before, alike[0])

    def _parsed(self, alike: Sequence[Opened]) -> Iterator[Parsed]:
        """Yield raw rows and rejects, with the run's numbers."""
        if alike[0].head.container in ("jsonl", "json"):
            found = (chunk for one in alike for chunk in self._unless_damaged(one, _chunks(one)))
            yield from lines.parse_ahead(chunks.joined(found), alike[0].source.schema)
            return
        for one in alike:
            yield from _numbered(one, self._unless_damaged(one, _table(one)))

    def reread(self, one: Opened) -> Iterator[pl.DataFrame]:
        """Yield the raw rows of a file that has been read and accounted for."""
        yield from (parsed.rows for parsed in self._parsed([one]) if parsed.rows.height)

    def _unless_damaged(self, one: Opened, found: Iterator[T]) -> Iterator[T]:
        """Yield what is found in a file; one that turns out to be damaged is an error only where it was named.

        What has been read of a Parquet file that is damaged further on is not believed.
        """
        begun = False
        try:
            for each in found:
                yield each
                begun = True
        except UsageError as error:
            if one.each.named:
                raise
            self.account.note(f"skipped: {error.what}")
            if begun and one.head.container == "parquet":
                self.corrupt.add(one.number)

    def _canonical(self, raw: pl.DataFrame, before: pl.DataFrame, one: Opened) -> pl.DataFrame:
        found = _events(raw, before, one, self._file(raw[LINE][0]))
        self.account.rows_read += found.height
        if "_other" in found.columns:
            kept = found.remove("_other").drop("_other")
            self._trace(found.filter("_other"))
            self.account.rows_other += found.height - kept.height
            found = kept
        coerced = coerce(found, tz=self.how.tz, timed=one.source.timed)
        self._reject(coerced.rejects)
        self._lose(coerced.field_errors)
        if coerced.zoneless and not self.account.zoneless:
            self.account.zoneless = self._file(coerced.zoneless)
        for each in coerced.contradictions:
            self.account.contradict(each.rule, one.source.name, each.rows, self._place(each.line))
        rows = coerced.rows
        filled = [c for c in rows.columns if rows[c].null_count() < rows.height]
        for column in filled:
            self.account.filled_by.setdefault(column, set()).add(one.source.name)
        return rows.select(c for c in rows.columns if c in ("ts", "event") or c in filled)

    def _trace(self, passed: pl.DataFrame) -> None:
        """Keep what rows that are no events say of their traces."""
        rows = passed.filter(pl.col("event") == traces.TRACE) if "event" in passed.columns else passed.clear()
        if rows.height:
            self.traces.append(traces.told(coerce(rows.drop("event"), tz=self.how.tz, timed=False).rows))

    def _file(self, line: int) -> str:
        return self.inputs[line >> FILE_BITS].shown

    def _place(self, line: int) -> str:
        return f"{self._file(line)}:{line & _MASK}"

    def _reject(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            file, line = self._file(reject.line), reject.line & _MASK
            self.account.reject(f"{file}:{line}", reject.reason)
            self.rejects.save(file, line, reject)
            self.refused[reject.line >> FILE_BITS] += 1
            if reject.reason == "corrupt_stream":
                self._distrust(reject.line >> FILE_BITS)

    def _distrust(self, number: int) -> None:
        error = files.damaged(self.inputs[number], "corrupt_stream")
        if self.inputs[number].named:
            raise error
        self.corrupt.add(number)
        self.account.note(f"skipped: {error.what}")

    def _lose(self, fields: Mapping[str, tuple[int, int]]) -> None:
        for name, (count, line) in fields.items():
            self.account.lose(name, count, self._place(line))

    def without_corrupt(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return events without those of files whose checksum is wrong: each of their rows is rejected."""
        for number in sorted(self.corrupt):
            kept = events.remove(pl.col(LINE) // 2**FILE_BITS == number)
            self.lost(number, events.height - kept.height)
            events = kept
        return events

    def lost(self, number: int, rows: int) -> None:
        """Count rows of a corrupt file as rejected."""
        self.account.rows_rejected += rows
        self.account.reasons["corrupt_stream"] += rows
        self.refused[number] += rows


def _events(raw: pl.DataFrame, before: pl.DataFrame, one: Opened, file: str) -> pl.DataFrame:
    """Return what the format makes of raw rows; a table may lack the records that a forced format is made of."""
    try:
        return events_of(raw, before, one.source)
    except PolarsError:
        if one.head.container in ("jsonl", "json"):
            raise
        what = f"{file} cannot be read as {one.source.name}"
        raise UsageError(what, help="leave the format to be found") from None


def _table(one: Opened) -> Iterator[Parsed]:
    """Return the rows of a table, numbered in their file."""
    if one.head.container == "parquet":
        return tables.parquet_rows(one.each, one.source.schema)
    return tables.csv_rows(one.each)


def _chunks(one: Opened) -> Iterator[Chunk]:
    """Yield the lines or records of a file, with the run's numbers."""
    first = (one.number << FILE_BITS) + (one.each.part.first if one.each.part else 1)
    if one.head.container == "json":
        yield from chunks.of_records(documents.records(one.each, one.head.inside), first)
    else:
        with files.open_bytes(one.each) as stream:
            yield from chunks.chunks(stream, first=first)


def _numbered(one: Opened, found: Iterator[Parsed]) -> Iterator[Parsed]:
    """Yield rows and rejects of a table with the run's numbers."""
    before = one.number << FILE_BITS
    for parsed in found:
        rows = parsed.rows.with_columns(pl.col(LINE) + before) if parsed.rows.width else parsed.rows
        yield Parsed(rows, [replace(reject, line=reject.line + before) for reject in parsed.rejects])
