"""Every key of `aiopsctl.yaml`, with its type and its description.

The loader, the JSON Schema and the help are derived from here. A key that is no Python name ends in `_`.
A list may be written as its only item.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, NamedTuple

from msgspec import Struct, field

from aiopsctl.config.kinds import (
    Confidence,
    Days,
    Many,
    Money,
    Month,
    MonthlyMoney,
    Share,
    Time,
    Window,
    says,
)
from aiopsctl.config.quantity import Quantity, quantity

HANDBOOK_CLASSES = ("inline", "on-demand", "background", "async")
"""The classes of features that exist without being written."""

CLASS_LIMITS: Mapping[str, str] = MappingProxyType({"latency-p50": "p50", "latency-p95": "p95"})
"""The metrics that `above: class` may limit, and the key of the class that holds the limit."""

CONFIDENCE = quantity("95%")
"""The confidence of every interval."""


class Place(NamedTuple):
    """Where something is written, counted from 1."""

    line: int
    column: int


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files of one kind of rows; a path alone will do."""

    short: ClassVar[str] = "path"

    path: Annotated[str, says("A file, a folder or a glob, relative to the config.")]
    format: Annotated[str | None, says("The log format, when detection by content should not decide.")] = None


class Sources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read when a command is given no paths."""

    calls: Annotated[tuple[Source, ...], says("Logs of AI calls.")] = ()
    feedback: Annotated[tuple[Source, ...], says("Logs of explicit and implicit feedback.")] = ()
    activity: Annotated[tuple[Source, ...], says("Logs of users being active in the product.")] = ()
    users: Annotated[tuple[Source, ...], says("A table of users: plan, signup, opted_in, opted_out.")] = ()
    tickets: Annotated[tuple[Source, ...], says("A table of support tickets.")] = ()
    surveys: Annotated[tuple[Source, ...], says("Answers to NPS and satisfaction surveys.")] = ()
    reviews: Annotated[tuple[Source, ...], says("Grades that people gave to reviewed outputs.")] = ()


class Feature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no log says about a feature."""

    class_: Annotated[str | None, says("The class of the feature, which sets its latency limits.")] = field(
        name="class", default=None
    )
    owner: Annotated[str | None, says("Who is asked when a check of this feature fails.")] = None
    personalised: Annotated[
        bool, says("Whether answers depend on the user, so that they cannot be cached for others.")
    ] = False


class LatencyClass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The latency limits of a class of features; without a key there is no limit."""

    p50: Annotated[Time | None, says("The limit of the median latency.")] = None
    p95: Annotated[Time | None, says("The limit of the 95th percentile.")] = None
    timeout: Annotated[Time | None, says("When a call of this class is given up.")] = None


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user of this tier pays and may use."""

    revenue: Annotated[MonthlyMoney | None, says("Revenue from one user in a month.")] = None
    soft: Annotated[Many | None, says("Calls of one user in a month that flag the user for review.")] = None
    hard: Annotated[Many | None, says("Calls of one user in a month after which no more are served.")] = None
    notify_at: Annotated[Share | None, says("The share of a limit at which the user is told.")] = None


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rate limits that a provider has granted."""

    tpm: Annotated[Many | None, says("Tokens per minute.")] = None
    rpm: Annotated[Many | None, says("Requests per minute.")] = None
    input_tpm: Annotated[Many | None, says("Input tokens per minute, where they are limited apart.")] = None
    output_tpm: Annotated[Many | None, says("Output tokens per minute, where they are limited apart.")] = None
    tpd: Annotated[Many | None, says("Tokens per day.")] = None
    rpd: Annotated[Many | None, says("Requests per day.")] = None


class Baseline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A good period to compare with: from `since` up to, without, `until`; or relative to the window."""

    since: Annotated[date | None, says("The first day.")] = None
    until: Annotated[date | None, says("The day after the last day.")] = None
    relative: Annotated[
        Literal["previous", "lagged"] | None,
        says(
            "`previous`: the period before the window, as long as it and with the same weekdays; `lagged`: the eight "
            "weeks that ended four weeks ago."
        ),
    ] = None
    note: Annotated[str | None, says("What made this period a good one.")] = None


class Defaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every check that does not say otherwise."""

    window: Annotated[Window, says("The time that a check looks at, back from now.")] = "7d"
    min_samples: Annotated[Many, says("With fewer samples than this, nothing is judged.")] = 50
    on_no_data: Annotated[
        Literal["unknown", "ok", "warning", "critical"], says("The status of a check without any data.")
    ] = "unknown"
    on_few_samples: Annotated[
        Literal["skip", "unknown", "judge"], says("What to do with fewer than `min_samples`.")
    ] = "skip"
    confidence: Annotated[Confidence, says("The confidence of the intervals: 95 %, and no other.")] = CONFIDENCE


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a metric is bad; with several keys, any of them is enough."""

    above: Annotated[
        Quantity | Literal["class"] | None,
        says("Bad above this; `class` is the limit of the feature's class.", ["20%", "1500ms"]),
    ] = None
    below: Annotated[Quantity | None, says("Bad below this.", ["0.5%"])] = None
    rise: Annotated[
        Quantity | None,
        says(
            "Bad when it rose this far from the reference: `%` of it, `x` times it, or a difference.",
            ["20%", "1.5x", "4 points"],
        ),
    ] = None
    fall: Annotated[
        Quantity | None,
        says(
            "Bad when it fell this far from the reference: `%` of it, to `x` times it, or a difference.",
            ["20%", "0.5x", "8 points"],
        ),
    ] = None


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric, where it is looked at, and when it is bad."""

    metric: Annotated[tuple[str, ...], says("The metric, or several; see `aiopsctl explain`.")]
    by: Annotated[tuple[str, ...], says("Judge each value of these columns for itself.")] = ()
    where: Annotated[str | None, says("Only these rows, as SQL.", ["feature = 'chat' AND latency_ms > 5000"])] = None
    window: Annotated[Window | None, says("The time that the check looks at, back from now.")] = None
    compare: Annotated[
        str | None,
        says(
            "The reference of `rise` and `fall`: `previous`, `lagged` (the eight weeks that ended four weeks ago), a "
            "baseline, or a range of dates. Of a saved baseline only values and intervals are kept: those of both sides "
            "decide.",
            ["previous", "lagged", "baseline:launch", "2026-09-01..2026-10-01", "2026-09"],
        ),
    ] = None
    warning: Annotated[Limits | None, says("When to warn; the exit code stays 0.")] = None
    critical: Annotated[Limits | None, says("When the check is breached; exit code 1.")] = None
    min_samples: Annotated[Many | None, says("With fewer samples than this, nothing is judged.")] = None
    judge: Annotated[
        Literal["interval", "value"] | None,
        says(
            "What must be past the limit: the whole interval (the default for rates), or the value alone. Without this "
            "key a rise or fall of a mean of events is bad where the change is past its limit and chance does not "
            "explain it, at the yearly budget of `alarms`."
        ),
    ] = None
    for_: Annotated[Days | None, says("How long the limit must have been passed, day by day.")] = field(
        name="for", default=None
    )
    required: Annotated[bool, says("Whether a check that cannot be judged exits 3.")] = False
    runbook: Annotated[str | None, says("Where it is written what to do, usually a link.")] = None


class Alarms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many false alarms a year without change may bring, for all rise and fall limits of the config together."""

    warnings: Annotated[Many, says("Warnings by chance in a year of daily runs.")] = 12
    criticals: Annotated[Many, says("Criticals by chance in a year of daily runs.")] = 1


class Mute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A check that is known to fail, silenced for a reason and for a time."""

    check: Annotated[str, says("The check's name.")]
    where: Annotated[str | None, says("Only these slices of it, as SQL.")] = None
    reason: Annotated[str, says("Why it may fail.")]
    until: Annotated[date, says("The day on which it fires again.")]


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What calls of some models cost, instead of what the shipped table says."""

    model: Annotated[str, says("The model that was asked for or that answered; * stands for any text.", ["my-tune-*"])]
    provider: Annotated[str | None, says("Only at this provider.")] = None
    since: Annotated[date | None, says("The first day on which it holds (UTC).")] = None
    until: Annotated[date | None, says("The day from which it holds no more (UTC).")] = None
    input: Annotated[Money | None, says("A million input tokens.")] = None
    output: Annotated[Money | None, says("A million output tokens.")] = None
    cache_read: Annotated[Money | None, says("A million input tokens read from the provider's cache.")] = None
    cache_write: Annotated[Money | None, says("A million input tokens written to the provider's cache.")] = None
    cache_write_1h: Annotated[Money | None, says("A million of those that are kept for an hour.")] = None
    request: Annotated[Money | None, says("One call, whatever its tokens.")] = None
    retrieval: Annotated[Money | None, says("The retrieval layer of one call.")] = None
    infra: Annotated[Money | None, says("The infrastructure layer of one call.")] = None
    free: Annotated[bool, says("Whether the model costs nothing, such as one on own machines.")] = False


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The config of aiopsctl."""

    version: Annotated[Literal[1], says("The version of this file's shape.")] = 1
    timezone: Annotated[str, says("The zone of days and months: filter, grouping, labels.", ["Europe/Berlin"])] = "UTC"
    now: Annotated[
        Literal["clock", "data"],
        says("Where windows end when no paths are given: at the clock, or at the newest row of the logs."),
    ] = "clock"
    preset: Annotated[
        Literal["handbook", "none"] | None,
        says("Whether the handbook's limits are judged too; without this key they are when the file has no checks."),
    ] = None
    sources: Annotated[Sources, says("What is read when a command is given no paths.")] = Sources()
    columns: Annotated[
        dict[str, str],
        says("Canonical column -> the log's column, only for what detection got wrong."),
    ] = {}
    max_rejected: Annotated[
        Share | None,
        says("The share of unreadable rows above which nothing is judged; a check allows 1 % or ten rows by default."),
    ] = None
    min_coverage: Annotated[
        Share, says("The share of calls whose cost must be known; below it, a cost is unknown.", ["95%"])
    ] = quantity("95%")
    pseudonymize: Annotated[bool, says("Whether user ids are replaced by pseudonyms, as by `--pseudonymize`.")] = False
    pseudonym_key_env: Annotated[
        str, says("The environment variable that holds the key of the pseudonyms; the key itself has no place here.")
    ] = "AIOPSCTL_PSEUDONYM_KEY"
    store: Annotated[str | None, says("The folder that remembers what has been read already.")] = None
    features: Annotated[dict[str, Feature], says("What no log says about each feature.")] = {}
    classes: Annotated[
        dict[str, LatencyClass],
        says("Latency limits by class of feature; what is not written is the handbook's."),
    ] = {}
    tiers: Annotated[dict[str, Tier], says("What each tier pays and may use.")] = {}
    providers: Annotated[dict[str, Provider], says("Each provider's rate limits.")] = {}
    forecast: Annotated[dict[Month, Money], says("The expected total cost of each month.")] = {}
    revenue: Annotated[dict[Month, Money], says("The revenue of the whole product in each month.")] = {}
    product_mau: Annotated[
        dict[Month, Many], says("Monthly active users of the whole product, for the adoption rate.")
    ] = {}
    monthly: Annotated[
        str | None,
        says(
            "A CSV table beside this file: month, forecast_usd, revenue_usd, product_mau. What this file says of a month "
            "goes before it."
        ),
    ] = None
    prices: Annotated[tuple[Price, ...], says("Own prices; where several hold, the last one written.")] = ()
    baselines: Annotated[dict[str, Baseline], says("Good periods to compare with, by name; before saved ones.")] = {}
    defaults: Annotated[Defaults, says("What holds for every check that does not say otherwise.")] = Defaults()
    alarms: Annotated[Alarms, says("The false alarms of a year that changes are judged by.")] = Alarms()
    checks: Annotated[dict[str, Check], says("What is judged, by name.")] = {}
    mutes: Annotated[tuple[Mute, ...], says("Checks that are silenced for a time.")] = ()
    reviews: Annotated[
        dict[Literal["daily", "weekly", "monthly", "quarterly"], str],
        says("Who holds each review of `report --cadence`."),
    ] = {}


class Config(Settings, frozen=True, kw_only=True):
    """The settings, and where each of them is written; `Config()` is the config of no file."""

    path: Path | None = None
    places: dict[tuple[str | int, ...], Place] = {}

    def place(self, *key: str | int) -> Place | None:
        """Return where `key` is written, such as `place("checks", "latency")`; None if it is not."""
        return self.places.get(key)
