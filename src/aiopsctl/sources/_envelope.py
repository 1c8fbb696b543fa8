"""What an application writes around a provider's object: its own names for time, user, latency, outcome and request.

Canonical names and the common ones in `_NAMES` are read; they win over what the object says, that over the request, and
that over the `metadata` of either. Latency is from start to end where both are there, else as it is stated:
`latency_ms`, `duration_ms` and `elapsed_ms` are milliseconds; `latency`, `duration` and `elapsed` are seconds. An error is read for its code, type or class alone, never for its words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct

from aiopsctl.events import COLUMNS, TEXT
from aiopsctl.sources import times
from aiopsctl.sources.source import LINE, Head, first_of, shape, text

_STARTS, _ENDS = ("start_time", "startTime", "started_at"), ("end_time", "endTime", "ended_at")
_NAMES: dict[str, tuple[str, ...]] = {
    "ts": ("timestamp", "time", *_STARTS),
    "user_id": ("user",),
    "session_id": ("conversation_id", "thread_id"),
    "http_status": ("status_code",),
    "retries": ("retry_count",),
}
"""Names of the application for canonical columns, after the canonical name itself."""

TIMES = ("ts", *_NAMES["ts"])
"""Names of the application for the time of a call."""

_DURATIONS: dict[str, dict[str, float]] = {
    "latency_ms": {
        "latency_ms": 1, "duration_ms": 1, "elapsed_ms": 1, "response_time_ms": 1,
        "latency_s": 1e3, "duration_s": 1e3, "elapsed_s": 1e3, "latency": 1e3, "duration": 1e3, "elapsed": 1e3,
    },
    "ttft_ms": {
        "ttft_ms": 1, "time_to_first_token_ms": 1, "ttft_s": 1e3, "ttft": 1e3, "time_to_first_token": 1e3,
    },
}  # fmt: skip
"""Names of the application for durations, and how many milliseconds their unit has."""

METADATA = (
    "user_id", "session_id", "feature", "query_type", "prompt_version", "tenant", "tier", "segment", "country",
    "language", "environment",
)  # fmt: skip
"""Canonical columns that an application may give to the provider as metadata."""

_ERROR_TYPE = (
    r"""["']code["']\s*:\s*["']([A-Za-z][\w.-]*)["']""",
    r"""["']type["']\s*:\s*["']([A-Za-z][\w.-]*)["']""",
    r"\b([A-Z]\w*(?:Error|Exception|Timeout))\b",
)
"""The name of an error in its JSON or in the text of an exception, the most precise first."""

_ERROR_WRAPPER = r"""["']type["']\s*:\s*["']error["']\s*,?"""
_ERROR_WORDS = {r"(?i)time.?d? ?out": "timeout", r"(?i)rate.?limit|too many requests": "rate_limit"}
_ERROR_STATUS = r"""(?:Error code:|["'](?:code|status|status_code)["']\s*:)\s*["']?([1-5]\d\d)\b"""
_NO_ERROR = ("", "null", "none", "false", "0", "{}", "[]")
_FAILED = 400
_CANONICAL = tuple(name for name in COLUMNS if name not in (*TEXT, "event", "kind", "value", "category"))
TOLD = tuple(name for name in _CANONICAL if name != "status")
"""The canonical columns that `Layout.read` gives as they are; `status` takes the format's own rules."""


class Layout(Struct, frozen=True):
    """Where a record has a provider's object, and where object and request have canonical columns.

    `places` are the paths that may lead to the object, the innermost first; the last is the top level, which is the
    envelope at the same time. `fields` are the object's fields there, `nested` those that it has only inside a record.
    """

    places: tuple[tuple[str, ...], ...]
    columns: Mapping[str, tuple[str, ...]]
    request: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, Any]
    nested: Mapping[str, Any]

    def schema(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is parsed of a record: envelope, request, and the object at each of its places."""
        named = (*_CANONICAL, *_ENDS, *(name for names in (*_NAMES.values(), *_DURATIONS.values()) for name in names))
        asked = dict.fromkeys(name for names in self.request.values() for name in names)
        tree: dict[str, Any] = {**dict.fromkeys((*named, "exception")), **self.fields, **extra}
        tree["request"] = {**asked, "metadata": dict.fromkeys(METADATA)}
        for place in reversed(self.places[:-1]):
            inside = tree
            for step in place:
                inside[step] = dict(inside.get(step) or {})
                inside = inside[step]
            inside.update({**self.fields, **self.nested})
        return shape(tree)

    def everywhere(self, *paths: str) -> list[pl.Expr]:
        """Return a field at each place where an object may be, the innermost first."""
        return [text(*place, *path.split(".")) for path in paths for place in self.places]

    def read(
        self,
        raw: pl.DataFrame,
        schema: Mapping[str, Any],
        shaped: Mapping[str, list[pl.Expr]],
        *,
        errors: Sequence[pl.Expr] = (),
        took: pl.Expr | None = None,
        **also: pl.Expr,
    ) -> pl.DataFrame:
        """Return rows with the columns of `TOLD`, those that `status` needs, whether they were `requested`, and `also`.

        `shaped` are canonical columns that take more than a path to find in an object, `errors` more places of errors,
        `took` a latency that goes before a stated one.
        """
        states = self.everywhere("status")
        said = [*self.everywhere("error"), *errors, text("exception")]
        plain = [name for name in TOLD if name not in (*_DURATIONS, "model")]
        found = _whole(raw, schema).select(
            LINE,
            *(first_of(*self._column(name, shaped.get(name, []))).alias(name) for name in plain),
            latency_ms=_duration(
                "latency_ms", shaped.get("latency_ms", []), [_span(), *([] if took is None else [took])]
            ),
            ttft_ms=_duration("ttft_ms", shaped.get("ttft_ms", []), []),
            model=first_of(text("request", "model"), text("model"), *self.everywhere("model")),
            word=first_of(*(pl.when(~_is_number(state)).then(state) for state in states)).str.to_lowercase(),
            number=first_of(*(pl.when(_is_number(n)).then(n) for n in (*self.everywhere("status_code"), *states))),
            error=first_of(*(_error(each) for each in said)),
            requested=text("request").is_not_null(),
            **also,
        )
        return found.with_columns(
            error_type=first_of(pl.col("error_type"), error_type(pl.col("error"))),
            http_status=first_of(pl.col("http_status"), pl.col("number"), pl.col("error").str.extract(_ERROR_STATUS)),
        )

    def _column(self, name: str, shaped: list[pl.Expr]) -> list[pl.Expr]:
        """Return where a canonical column is: envelope, object, request, and the metadata, in this order."""
        envelope = [text(each) for each in (name, *_NAMES.get(name, ()))]
        request = [text("request", each) for each in self.request.get(name, ())]
        inside = [*self.everywhere(f"metadata.{name}"), text("request", "metadata", name)]
        metadata = inside if name in METADATA else []
        return [*envelope, *self.everywhere(*self.columns.get(name, ())), *shaped, *request, *metadata]


def status(*, filtered: pl.Expr, answered: pl.Expr) -> pl.Expr:
    """Return how a call ended; null leaves it to its HTTP status or the name of its error, which say more."""
    word, error, code = pl.col("word"), pl.col("error_type"), pl.col("http_status").cast(pl.Int64, strict=False)
    vague = word.is_in(["error", "failed", "failure"]) & ((code >= _FAILED) | (code.is_null() & error.is_not_null()))
    return (
        pl.when(filtered).then(pl.lit("filtered"))
        .when(vague).then(None)
        .when(word.is_not_null()).then(word)
        .when(error.is_not_null() & (code < _FAILED)).then(pl.lit("error"))
        .when(error.is_null() & code.is_null() & answered).then(pl.lit("ok"))
    )  # fmt: skip


def error_type(said: pl.Expr) -> pl.Expr:
    """Return the name of an error by its code, type or class, else what its words are about; never the words."""
    inner = said.str.replace(_ERROR_WRAPPER, "")
    named = (inner.str.extract(pattern) for pattern in _ERROR_TYPE)
    about = (pl.when(inner.str.contains(words)).then(pl.lit(kind)) for words, kind in _ERROR_WORDS.items())
    return first_of(*named, *about, pl.when(inner.is_not_null()).then(pl.lit("error")))


def within(places: Iterable[tuple[str, ...]], head: Head, name: str) -> list[tuple[str, ...]]:
    """Return the places at which the records of a head can have an object with a name."""
    return [place for place in places if (place[0] if place else name) in head.names]


def at(record: Any, path: tuple[str, ...]) -> Any:
    """Return what a decoded record has at a path, or None."""
    for step in path:
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record


def _whole(raw: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return raw rows with every column of the schema: those that no record of a chunk has are not parsed."""
    absent = (pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in raw.columns)
    return raw.with_columns(absent)


def _span() -> pl.Expr:
    """Return the milliseconds from the envelope's start to its end."""
    first, last = (first_of(*(times.to_utc(n, pl.String(), "UTC") for n in names)) for names in (_STARTS, _ENDS))
    return pl.when(last >= first).then((last - first).dt.total_microseconds() / 1e3)


def _duration(name: str, shaped: list[pl.Expr], spans: list[pl.Expr]) -> pl.Expr:
    """Return milliseconds, as text; a duration that is no number stays as it is, to be reported."""
    known = [
        first_of((text(each).cast(pl.Float64, strict=False) * factor).cast(pl.String), text(each))
        for each, factor in _DURATIONS[name].items()
    ]
    before, after = ([each.cast(pl.String) for each in exprs] for exprs in (spans, shaped))
    return first_of(*before, *known, *after)


def _is_number(said: pl.Expr) -> pl.Expr:
    return said.str.contains(r"^\d+$")


def _error(said: pl.Expr) -> pl.Expr:
    return pl.when(~said.str.strip_chars().str.to_lowercase().is_in(_NO_ERROR)).then(said)
