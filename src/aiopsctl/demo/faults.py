"""The planted faults: each is declared here once, and the logs and their page of faults are made from that.

A fault says what is wrong, where, when (counted back from the last day of the log), how large it is,
and where it shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

SATURDAY = 5


@dataclass(frozen=True)
class Window:
    """A stretch of time in UTC, half-open: `since` is in it, `until` is not."""

    since: datetime
    until: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Return whether the moment lies in the window."""
        return self.since <= moment < self.until

    def passed(self, moment: datetime) -> float:
        """Return how much of the window is over at the moment, from 0 before it to 1 after it."""
        return min(1.0, max(0.0, (moment - self.since) / (self.until - self.since)))


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    `usual` and `faulty` are the measure without and with the fault; `size` puts them into words, `shows` says
    in which column and how. `command` makes it visible, and its `{since}` is that of the fault.
    """

    name: str
    what: str
    feature: str
    usual: float
    faulty: float
    size: str
    metric: str
    shows: str
    command: str
    window: Callable[[date], Window]

    @property
    def change(self) -> float:
        """What the fault adds to the usual measure."""
        return self.faulty - self.usual


def midnight(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(), UTC)


def last_days(end: date, days: int) -> Window:
    """Return the given number of days up to the end of the last day."""
    until = midnight(end) + timedelta(days=1)
    return Window(until - timedelta(days=days), until)


def last_month(end: date) -> Window:
    """Return the calendar month of the last day, up to the end of that day."""
    return last_days(end, end.day)


def afternoon_hour(end: date) -> Window:
    """Return 14:00 to 15:00 ten days before the last day, or on the Friday before where that is a weekend."""
    day = end - timedelta(days=10)
    day -= timedelta(days=max(0, day.weekday() - SATURDAY + 1))
    since = midnight(day) + timedelta(hours=14)
    return Window(since, since + timedelta(hours=1))


LOOP_USER = "u-0042"
LOOP_GAP = timedelta(hours=2)
OLD_PROMPT, NEW_PROMPT = "v3", "v4"
HOUR_CALLS = 80

RATINGS_FALL = Fault(
    name="ratings-fall",
    what="The drafts get slowly worse: fewer and fewer of their ratings are thumbs up, without any release.",
    feature="draft",
    usual=0.75,
    faulty=0.65,
    size="{usual:.0%} thumbs up, falling in a straight line to {faulty:.0%} over eight weeks; steady before",
    metric="thumbs-up-rate",
    shows="`value` of the `thumb` rows in `feedback.jsonl.gz`; all other features keep their rate",
    command="aiopsctl quality {folder} --by feature,week",
    window=lambda end: last_days(end, 56),
)
PROMPT_GROWS = Fault(
    name="prompt-grows",
    what=f"A longer prompt template comes into use: `prompt_version` goes from {OLD_PROMPT} to {NEW_PROMPT}.",
    feature="search-answer",
    usual=1.0,
    faulty=1.3,
    size=(
        "{change:+.0%} input tokens a call, all of them in `system_tokens`, from one call to the next "
        "(the last 30 days against the 30 before hold 25 days of it: about +25%)"
    ),
    metric="input-tokens",
    shows="`input_tokens` by `prompt_version` in `calls.jsonl.gz`; each call of the feature costs more, too",
    command="aiopsctl cost {folder} --by feature,prompt_version --metrics calls,input-tokens",
    window=lambda end: last_days(end, 25),
)
USER_LOOPS = Fault(
    name="user-loops",
    what=(
        f"An automated workflow runs under the name of user `{LOOP_USER}`: the same prompt every "
        f"{LOOP_GAP.seconds // 3600} hours, day and night, without a session and without any feedback."
    ),
    feature="draft",
    usual=1.0,
    faulty=25.0,
    size="the user costs {faulty:g} times the mean of the month's active users (that user among them)",
    metric="user-cost-over-mean",
    shows="`cost_usd` by `user_id` in `calls.jsonl.gz`; one `prompt_hash`; cost per MAU rises, too",
    command="aiopsctl cost {folder} --since {since:%Y-%m-%d} --by user_id --metrics calls,cost-total",
    window=last_month,
)
RATE_LIMIT_HOUR = Fault(
    name="rate-limit-hour",
    what=f"A rush of {HOUR_CALLS} calls in one hour of a weekday afternoon meets the providers' rate limits.",
    feature="all",
    usual=0.0,
    faulty=0.5,
    size="{faulty:.0%} of the hour's calls are refused with HTTP 429; hardly any at other times",
    metric="rate-limited-rate",
    shows="`status` (`rate_limited`) and `http_status` (429) in `calls.jsonl.gz`",
    command="aiopsctl latency {folder} --since {since:%Y-%m-%d} --until {day_after:%Y-%m-%d} --by hour",
    window=afternoon_hour,
)

FAULTS: tuple[Fault, ...] = (RATINGS_FALL, PROMPT_GROWS, USER_LOOPS, RATE_LIMIT_HOUR)
"""Every fault that is planted unless asked otherwise."""


def page(faults: tuple[Fault, ...], *, folder: str, since: date, end: date, seed: int) -> str:
    """Return the page that says what is wrong in the logs, so that a finding can be held against it."""
    opening = (
        "# Planted faults\n\n"
        f"The logs in this folder are made up, {since} to {end} (UTC), seed {seed}. "
        "Failed calls have no output tokens and cost 0, timeouts have no cost at all. "
        "The product is healthy"
    )
    if not faults:
        return f"{opening}: no fault is planted.\n"
    told = "\n".join(_section(fault, folder, end) for fault in faults)
    return f"{opening} but for these planted faults. Times are half-open.\n\n{told}"


def _section(fault: Fault, folder: str, end: date) -> str:
    window = fault.window(end)
    size = fault.size.format(usual=fault.usual, faulty=fault.faulty, change=fault.change)
    next_day = window.since + timedelta(days=1)
    command = fault.command.format(folder=folder, since=window.since, until=window.until, day_after=next_day)
    return (
        f"## {fault.name}\n\n{fault.what}\n\n"
        f"- Where (feature): {fault.feature}\n"
        f"- When: {window.since:%Y-%m-%d %H:%M} to {window.until:%Y-%m-%d %H:%M}\n"
        f"- How large: {size}\n"
        f"- Metric: `{fault.metric}`\n"
        f"- Seen in: {fault.shows}\n\n"
        f"```console\n$ {command}\n```\n"
    )
