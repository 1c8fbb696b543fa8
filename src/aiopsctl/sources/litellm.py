"""LiteLLM: the `StandardLoggingPayload` of its callbacks, and rows of the proxy's `LiteLLM_SpendLogs` table.

Payloads write times as seconds since 1970, the table as datetimes in UTC; metadata and tags are objects in the one and
JSON text in the other, and only known names are looked into. Prompt tokens include the cached ones; a count below its
own cached part does not. LiteLLM writes 0 tokens where it knows no usage, and a cost of 0 for a model without a price:
both are unknown, except that an answer from LiteLLM's own cache (`cache_hit`) is free. The time to the first token is
written for streams alone: otherwise it is the end.

Each attempt that failed is a record of its own; `attempted_retries` are the retries before this one. A call's feature is
the one in its metadata, else in a tag `feature:...`, else its only tag; the tags that LiteLLM adds for the user agent
are none. The user is the end user, else the owner of the key. Requests that manage files and batches, without tokens or
cost, are passed over. Rate limits are in the payload alone; Groq's requests are by the day. Messages, responses and the
words of errors are never read.
"""

import polars as pl

from aiopsctl.sources import _export as export
from aiopsctl.sources.source import LINE, TOTAL, Head, Source, first_of, shape, text

_SAID: dict[str, tuple[str, ...]] = {
    "request_id": ("request_id", "id", "litellm_call_id"),
    "trace_id": ("trace_id",),
    "session_id": ("session_id",),
    "call_type": ("call_type",),
    "status": ("status",),
    "started": ("startTime",),
    "ended": ("endTime",),
    "answered": ("completionStartTime",),
    "duration_ms": ("request_duration_ms",),
    "model": ("model", "model_group"),
    "provider": ("custom_llm_provider",),
    "prompt_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cost": ("response_cost", "spend"),
    "cache_hit": ("cache_hit",),
    "tags": ("request_tags",),
    "end_user": ("end_user",),
    "owner": ("user",),
    "organization": ("organization_id",),
    "team": ("team_id",),
    "metadata": ("metadata",),
    "headers": ("hidden_params",),
}
"""What a record says, and the names that say it: of the table, then of the payload."""

_PARTS: dict[str, tuple[str, ...]] = {
    "cache_read_tokens": ("cache_read_input_tokens", "cached_tokens"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_creation_tokens"),
    "cache_write_1h_tokens": ("ephemeral_1h_input_tokens",),
    "reasoning_tokens": ("reasoning_tokens",),
}
"""Parts of the usage, and the names that they have in the metadata."""

_NAMES = export.names(_SAID)
_PAYLOAD = frozenset({"id", "call_type", "response_cost", "startTime", "endTime", "model"})
_TABLE = frozenset({"request_id", "call_type", "spend", "startTime", "endTime", "model"})
_MANAGES = r"(?i)batch|file|fine_?tun|vector_store|assistant|thread|list|retrieve|delete|cancel|mcp"
_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")
_FAILED, _HTTP, _DAY = 400, (100, 599), 86_400
_ERROR = ("error_class", "error_code")
_AS_SAID = ("request_id", "trace_id", "session_id", "model", "provider")


def _detects(head: Head) -> bool:
    return head.names >= _PAYLOAD or head.names >= _TABLE


def _events(raw: pl.DataFrame) -> pl.DataFrame:
    found = export.said(export.flat(raw, _NAMES), _SAID)
    found = found.hstack(_error(raw)).with_columns(
        export.number(pl.col("prompt_tokens")),
        export.number(pl.col("output_tokens")),
        export.number(pl.col("cost")),
        *_cached(),
        cache_hit=_flag("cache_hit"),
        failed=(pl.col("status").str.to_lowercase() == "failure").fill_null(value=False),
        tags=_tags(),
    )
    code = first_of(pl.col("error_code"), pl.col("metadata").str.extract(r'"error_code"\s*:\s*"?(\d+)'))
    found = found.with_columns(
        used=pl.sum_horizontal("prompt_tokens", "output_tokens") > 0,
        error_class=first_of(pl.col("error_class"), export.text_in(pl.col("metadata"), "error_class")),
        error_code=pl.when(export.number(code).is_between(*_HTTP)).then(code),
    )
    return found.select(
        LINE,
        *_AS_SAID,
        "cache_hit",
        event=pl.lit("call"),
        ts=export.utc(pl.col("started")),
        user_id=_user(),
        tenant=_tenant(),
        feature=_feature(),
        tags=pl.col("tags").list.join(",").replace("", None),
        prompt_version=export.text_in(pl.col("metadata"), "prompt_id"),
        retries=export.number_in(pl.col("metadata"), "attempted_retries"),
        status=_status(),
        http_status=pl.when("failed").then("error_code"),
        error_type=pl.when("failed").then("error_class"),
        latency_ms=first_of(export.milliseconds("started", "ended"), export.number(pl.col("duration_ms"))),
        ttft_ms=_ttft(),
        input_tokens=pl.when("used").then(_input()),
        output_tokens=pl.when("used").then("output_tokens"),
        **{part: pl.when("used").then(part) for part in _PARTS},
        cost_usd=_cost(),
        **_limits(),
        **{TOTAL: _total()},
        _other=_other(),
    )


def _error(raw: pl.DataFrame) -> pl.DataFrame:
    """Return class and code of the payload's error; the table has them in its metadata."""
    inside = isinstance(raw.schema.get("error_information"), pl.Struct)
    said = {name: text("error_information", name) if inside else pl.lit(None, pl.String) for name in _ERROR}
    return raw.select(LINE, *(value.replace("", None).alias(name) for name, value in said.items())).drop(LINE)


def _cached() -> list[pl.Expr]:
    """Return parts of the usage, which providers name differently: of two names for one part the larger number."""
    found = {part: [export.number_in(pl.col("metadata"), name) for name in names] for part, names in _PARTS.items()}
    return [pl.max_horizontal(*numbers).alias(part) for part, numbers in found.items()]


def _flag(name: str) -> pl.Expr:
    word = pl.col(name).str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(pl.lit(value=True)).when(word.is_in(_FALSE)).then(pl.lit(value=False))


def _tags() -> pl.Expr:
    """Return the labels of a call as a list, without those of the user agent."""
    label = pl.element().str.strip_chars('"')
    found = pl.col("tags").str.extract_all(r'"(?:[^"\\]|\\.)+"')
    return found.list.eval(label.filter(~label.str.starts_with("User-Agent:")))


def _feature() -> pl.Expr:
    tagged = pl.col("tags").list.join("\n").str.extract(r"(?im)^feature[:=]\s*(.+)$")
    only = pl.when(pl.col("tags").list.len() == 1).then(pl.col("tags").list.first())
    return first_of(export.text_in(pl.col("metadata"), "feature"), tagged, only)


def _user() -> pl.Expr:
    inside = export.text_in(pl.col("metadata"), "user_api_key_end_user_id", "user_api_key_user_id")
    return first_of(pl.col("end_user"), inside, pl.col("owner"))


def _tenant() -> pl.Expr:
    inside = (export.text_in(pl.col("metadata"), name) for name in ("user_api_key_org_id", "user_api_key_team_id"))
    organization, team = inside
    return first_of(pl.col("organization"), organization, pl.col("team"), team)


def _status() -> pl.Expr:
    """Return how a call ended; null leaves a failure to its HTTP status or the class of its error, which say more."""
    told = (export.number(pl.col("error_code")) >= _FAILED) | pl.col("error_class").is_not_null()
    return (
        pl.when(pl.col("failed") & pl.col("error_class").str.contains("ContentPolicy")).then(pl.lit("filtered"))
        .when(pl.col("failed") & told.fill_null(value=False)).then(None)
        .otherwise("status")
    )  # fmt: skip


def _ttft() -> pl.Expr:
    first, last = export.milliseconds("started", "answered"), export.milliseconds("started", "ended")
    return pl.when(first < last).then(first)


def _input() -> pl.Expr:
    return export.whole_input(pl.col("prompt_tokens"), pl.col("cache_read_tokens"), pl.col("cache_write_tokens"))


def _total() -> pl.Expr:
    """Return the total that is stated, where the input is taken as it is written."""
    return pl.when(pl.col("used") & (_input() == pl.col("prompt_tokens"))).then(export.number(pl.col("total_tokens")))


def _cost() -> pl.Expr:
    free = pl.col("cache_hit").fill_null(value=False) | (pl.col("failed") & ~pl.col("used"))
    return pl.when((pl.col("cost") != 0) | free).then("cost")


def _limits() -> dict[str, pl.Expr]:
    """Return the provider's rate limits; of the headers that say in which time they hold, none is written."""
    found = {
        f"{what}_{of}": export.number(
            pl.col("headers").str.extract(rf'"(?:llm_provider-)?x[_-]ratelimit[_-]{what}[_-]{of}"\s*:\s*"?(\d+)')
        )
        for what in ("limit", "remaining")
        for of in ("requests", "tokens")
    }
    by_day = pl.col("provider").str.to_lowercase() == "groq"
    return found | {"limit_requests_window_s": pl.when(by_day & found["limit_requests"].is_not_null()).then(_DAY)}


def _other() -> pl.Expr:
    idle = ~pl.col("used") & (pl.col("cost").fill_null(0) == 0)
    return (idle & pl.col("call_type").str.contains(_MANAGES)).fill_null(value=False)


SOURCE = Source(
    name="litellm",
    title="LiteLLM logging payloads and spend logs",
    detects=_detects,
    schema=shape({**dict.fromkeys(_NAMES), "error_information": dict.fromkeys(_ERROR)}),
    events=_events,
    rank=0,
    sample="litellm.jsonl",
)
