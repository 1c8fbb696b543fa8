"""Phoenix spans with OpenInference attributes (Parquet or JSON), and the annotations that were put on them.

A call is a span of kind LLM or EMBEDDING; one that wraps another (a framework and its client, both instrumented) gives
way to the inner one where both are read together. All other spans are passed over, but a user or session that they
name is that of their trace. Attributes are columns of their own or stand inside columns of dicts, and a missing number
is NaN where Pandas wrote the file. Prompt tokens include the cached ones; a count below its own cached part does not.
The cost is in dollars, and 0 for used tokens is unknown. A call's feature is the one in its metadata, else the name of
the root span that it is under.

Annotations of people are thumbs where name and score are a thumb's, else reviews; those of models and code are `eval`.
They name the span that they are about. Explanations, inputs and outputs are never read.
"""

from typing import Any

import polars as pl

from aiopsctl.sources import times
from aiopsctl.sources._paths import nested
from aiopsctl.sources.source import LINE, Head, Source, first_of, shape
from aiopsctl.sources.traces import TRACE

_SPAN: dict[str, tuple[str, ...]] = {
    "kind": ("span_kind", "attributes.openinference.span.kind"),
    "name": ("name",),
    "parent_id": ("parent_id",),
    "request_id": ("context.span_id",),
    "trace_id": ("context.trace_id",),
    "code": ("status_code",),
    "exception": ("attributes.exception.type",),
    "user_id": ("attributes.user.id",),
    "session_id": ("attributes.session.id",),
    "feature": ("attributes.metadata.feature",),
    "provider": ("attributes.llm.provider", "attributes.llm.system"),
    "model": ("attributes.llm.request.model_name", "attributes.llm.model_name", "attributes.embedding.model_name"),
    "model_version": ("attributes.llm.response.model_name",),
    "prompt_version": ("attributes.llm.prompt_template.version", "attributes.prompt.id"),
    "finish_reason": ("attributes.llm.finish_reason",),
    "input_tokens": ("attributes.llm.token_count.prompt",),
    "cache_read_tokens": ("attributes.llm.token_count.prompt_details.cache_read",),
    "cache_write_tokens": ("attributes.llm.token_count.prompt_details.cache_write",),
    "output_tokens": ("attributes.llm.token_count.completion",),
    "reasoning_tokens": ("attributes.llm.token_count.completion_details.reasoning",),
    "cost_usd": ("attributes.llm.cost.total",),
}
"""What a span says, and the columns that say it, the best first."""

_AS_SAID = (
    "parent_id", "request_id", "trace_id", "user_id", "session_id", "model", "model_version", "prompt_version",
    "finish_reason", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
_NOTE: dict[str, tuple[str, ...]] = {
    "name": ("annotation_name", "name"),
    "by": ("annotator_kind",),
    "label": ("result.label",),
    "score": ("result.score",),
    "request_id": ("span_id",),
    "trace_id": ("trace_id",),
    "session_id": ("session_id",),
}
"""What an annotation says, and its columns."""

_SPAN_SHAPE = frozenset({"span_kind", "start_time", "end_time", "status_code"})
_NOTE_SHAPE = frozenset({"annotator_kind", "created_at"})
_CALLS = ("LLM", "EMBEDDING")
_DICTS = ("attributes.user", "attributes.session", "attributes.metadata")
"""Columns of dicts, whose values come as JSON text unless the file is Parquet."""

_THUMB_NAME = r"(?i)thumb|user.?feedback|\blikes?\b"
_WORDS = {
    "up": 1, "thumbs-up": 1, "thumbs_up": 1, "correct": 1, "pass": 1, "good": 1, "positive": 1, "true": 1, "yes": 1,
    "down": 0, "thumbs-down": 0, "thumbs_down": 0, "incorrect": 0, "fail": 0, "bad": 0, "negative": 0, "false": 0, "no": 0,
}  # fmt: skip
"""Labels that are a score where none is given."""


def _detects(head: Head) -> bool:
    spans = head.names >= _SPAN_SHAPE and bool(head.names & {"context", "context.span_id"})
    return spans or (head.names >= _NOTE_SHAPE and bool(head.names & {"result", "result.label", "result.score"}))


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    if "annotator_kind" not in raw.columns:
        return _spans(raw)
    about_spans = pl.col("annotator_kind").is_not_null()
    notes, spans = _annotations(raw.filter(about_spans)), raw.remove(about_spans)
    if not spans.height:
        return notes
    return pl.concat([_spans(spans), notes], how="diagonal_relaxed").sort(LINE, maintain_order=True)


def _spans(raw: pl.DataFrame) -> pl.DataFrame:
    said = (_said(raw, *told) for told in _SPAN.items())
    found = raw.select(LINE, "start_time", _duration(raw), _exception(raw), *said)
    found = _related(found.with_columns(pl.col("kind").str.to_uppercase()))
    error = first_of(pl.col("exception"), pl.col("recorded"))
    other = ~pl.col("kind").is_in(_CALLS).fill_null(value=False) | pl.col("wraps").is_not_null()
    return found.select(
        LINE,
        *_AS_SAID,
        "latency_ms",
        event=pl.when(other).then(pl.lit(TRACE)).otherwise(pl.lit("call")),
        ts="start_time",
        feature=first_of(pl.col("feature"), pl.col("root")),
        provider=pl.col("provider").str.to_lowercase(),
        status=_status(error),
        error_type=error,
        input_tokens=_input_tokens(),
        cost_usd=pl.when(_number("cost_usd") > 0).then("cost_usd"),
        _other=other,
    )


def _related(spans: pl.DataFrame) -> pl.DataFrame:
    """Return spans with the name of the root that they are under, and whether they wrap another of their kind."""
    is_call, keys = pl.col("kind").is_in(_CALLS), ["trace_id", "request_id", "kind"]
    inner = spans.filter(is_call).select("trace_id", "kind", request_id="parent_id", wraps=True)
    roots = spans.filter(pl.col("parent_id").is_null() & ~is_call).select("trace_id", root="name")
    return (
        spans.join(inner.drop_nulls("request_id").unique(keys), on=keys, how="left", maintain_order="left")
        .join(roots.unique("trace_id", keep="first", maintain_order=True), on="trace_id", how="left", maintain_order="left")
    )  # fmt: skip


def _duration(raw: pl.DataFrame) -> pl.Series:
    """Return the milliseconds from start to end."""
    start, end = (times.read(raw[name], "UTC")[0] for name in ("start_time", "end_time"))
    return ((end - start).dt.total_microseconds() / 1e3).alias("latency_ms")


def _exception(raw: pl.DataFrame) -> pl.Expr:
    """Return the type of the first exception among a span's events, which are dicts or their JSON text."""
    events, dtype = pl.col("events"), raw.schema.get("events")
    if dtype == pl.String:
        found = events.str.extract(r'"exception\.type":\s*"([^"]+)"')
    elif isinstance(dtype, pl.List):
        types = _inside(pl.element(), dtype.inner, ["attributes", "exception", "type"])
        found = events.list.eval(first_of(*types).drop_nulls()).list.first() if types else pl.lit(None, pl.String)
    else:
        found = pl.lit(None, pl.String)
    return found.alias("recorded")


def _status(error: pl.Expr) -> pl.Expr:
    """Return how a call ended; null leaves it to the name of its error. A span without a status ended well."""
    failed = (pl.col("code").str.to_uppercase() == "ERROR").fill_null(value=False)
    return pl.when(failed & error.is_null()).then(pl.lit("error")).when(~failed & error.is_null()).then(pl.lit("ok"))


def _input_tokens() -> pl.Expr:
    cached = pl.sum_horizontal(_number("cache_read_tokens"), _number("cache_write_tokens"))
    said = _number("input_tokens")
    return pl.when(said < cached).then(said + cached).otherwise(said)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _annotations(raw: pl.DataFrame) -> pl.DataFrame:
    found = raw.select(LINE, "created_at", *(_said(raw, *told) for told in _NOTE.items()))
    label = pl.col("label").str.to_lowercase().str.strip_chars()
    score = first_of(_number("score"), label.replace_strict(_WORDS, default=None, return_dtype=pl.Float64))
    thumb = pl.col("name").str.contains(_THUMB_NAME) & score.is_in([-1.0, 0.0, 1.0])
    by_people = (pl.col("by").str.to_uppercase() == "HUMAN").fill_null(value=False)
    return found.select(
        LINE,
        "request_id",
        "trace_id",
        "session_id",
        event=pl.lit("feedback"),
        ts="created_at",
        kind=pl.when(~by_people).then(pl.lit("eval")).when(thumb).then(pl.lit("thumb")).otherwise(pl.lit("review")),
        value=score,
        category="name",
        _other=pl.lit(value=False),
    )


def _said(raw: pl.DataFrame, name: str, paths: tuple[str, ...]) -> pl.Expr:
    """Return a value as text, from the first of its columns that has one."""
    ways = [way for path in paths for way in _ways(raw, path.split("."))]
    return first_of(*ways, pl.lit(None, pl.String)).alias(name)


def _ways(raw: pl.DataFrame, steps: list[str]) -> list[pl.Expr]:
    """Return where a dotted path may be found: in a column of its own, then inside columns of dicts."""
    cuts = ((".".join(steps[:cut]), steps[cut:]) for cut in range(len(steps), 0, -1))
    return [way for name, rest in cuts if name in raw.columns for way in _inside(pl.col(name), raw.schema[name], rest)]


def _inside(value: pl.Expr, dtype: Any, steps: list[str]) -> list[pl.Expr]:
    """Return where a path may be found in a value: dicts are records, or their JSON text."""
    if isinstance(dtype, pl.Struct):
        fields = {field.name: field.dtype for field in dtype.fields}
        cuts = ((".".join(steps[:cut]), steps[cut:]) for cut in range(len(steps), 0, -1))
        return [
            way
            for name, rest in cuts
            if name in fields
            for way in _inside(value.struct.field(name), fields[name], rest)
        ]
    if steps:
        return [value.str.extract(rf'"{steps[-1]}":\s*"?([^",}}]+)')] if dtype == pl.String else []
    if dtype.is_nested():
        return []
    return [(value.fill_nan(None) if dtype.is_float() else value).cast(pl.String, strict=False)]


_COLUMNS = [path for paths in (*_SPAN.values(), *_NOTE.values()) for path in paths]
_FLAT = [path for path in _COLUMNS if not path.startswith(_DICTS)]
_INNER = [path.removeprefix("attributes.") for path in _COLUMNS if path.startswith("attributes.")]
_INNER_DICTS = ("user", "session", "metadata")
_NESTED = nested(path for path in _INNER if not path.startswith(_INNER_DICTS))

SOURCE = Source(
    name="phoenix",
    title="Phoenix spans and annotations",
    detects=_detects,
    schema=shape(
        {
            **dict.fromkeys((*_FLAT, "attributes.user.id", "attributes.session.id", *_DICTS)),
            **dict.fromkeys(("start_time", "end_time", "created_at", "events")),
            "attributes": {**dict.fromkeys((*_INNER, *_INNER_DICTS)), **_NESTED},
            "context": dict.fromkeys(("span_id", "trace_id")),
            "result": dict.fromkeys(("label", "score")),
        }
    ),
    events=_events,
    together=True,
    sample="phoenix.parquet",
)
