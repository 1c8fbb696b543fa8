"""The config: a whole one loads, and everything wrong with one is told at once, at its place."""

import json
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from aiopsctl.config import (
    Config,
    Limit,
    LimitKind,
    Mute,
    Place,
    Quantity,
    Source,
    Tier,
    as_limit,
    find,
    load,
    quantity,
    schema,
)
from aiopsctl.errors import ConfigError, UsageError

EXAMPLE = """\
# yaml-language-server: $schema=./.aiopsctl/config.schema.json
version: 1
timezone: Europe/Berlin
preset: handbook                    # limits of the handbook; anything below overrides

sources:
  calls:    logs/calls/*.jsonl.gz   # format detected; `format: otel` to force
  feedback: logs/feedback/*.jsonl
  users:    data/users.parquet      # plan, signup, opted_in, opted_out
  tickets:  data/tickets.csv
columns:                            # only what detection got wrong
  feature: metadata.feature
  language: metadata.locale
max_rejected: 1%

features:
  autocomplete: {class: inline,     owner: ed, personalised: true}
  draft:        {class: on-demand,  owner: pia}
  doc-analysis: {class: background}
  nightly:      {class: async}
classes:                            # handbook's figures are the defaults
  inline:     {p50: 500ms, p95: 1500ms, timeout: 5s}
  on-demand:  {p50: 3s,    p95: 8s}
  background: {p50: 30s,   p95: 90s}
  async:      {}                    # no latency limit

tiers:
  free: {revenue: 0 USD,          soft: 50,   hard: 200,   notify_at: 80%}
  pro:  {revenue: 20 USD / month, soft: 250,  hard: 1000,  notify_at: 80%}
  team: {revenue: 55 USD / month, soft: 2000, hard: 10000, notify_at: 80%}
providers:
  acme: {tpm: 2_000_000, rpm: 10_000}
forecast:
  2026-11: 18_400 USD

baselines:
  launch:   {since: 2026-09-01, until: 2026-09-29, note: "canary, 5 % of users"}
  previous: {relative: previous}    # the period before, same number of days

defaults: {window: 7d, min_samples: 50, on_no_data: unknown, on_few_samples: skip, confidence: 95%}

checks:
  cost-growth:
    metric: cost-per-mau
    window: month
    compare: previous
    warning:  {rise: 20%}
    critical: {rise: 50%}
    min_samples: 200                # users
  tier-margin:
    metric: cost-share-of-revenue
    by: tier
    warning:  {above: 20%}
    critical: {above: 35%}
  heavy-users:
    metric: user-cost-over-mean
    window: month
    warning:  {above: 5x}
    critical: {above: 20x}
  prompt-creep:
    metric: input-tokens
    window: 30d
    compare: previous
    warning: {rise: 20%}
  latency:
    metric: [latency-p50, latency-p95]
    by: feature
    critical: {above: class}        # the limit of the feature's class
    for: 2d
  thumbs-up:
    metric: thumbs-up-rate
    by: feature
    compare: launch
    warning:  {fall: 4 points}
    critical: {fall: 8 points}      # the whole interval must be past the limit
    judge: interval                 # or: value
    runbook: https://wiki.example.org/ai/quality
  reviews:
    metric: review-coverage
    window: month
    warning: {below: 0.5%}
    required: true                  # too few samples is then exit 3

mutes:
  - {check: latency, where: "feature = 'nightly'", reason: migration, until: 2026-12-15}
"""

METRICS = {
    "cost-per-mau": "usd",
    "cost-share-of-revenue": "ratio",
    "error-rate": "ratio",
    "input-tokens": "tokens",
    "latency-p50": "ms",
    "latency-p95": "ms",
    "nps": "points",
    "review-coverage": "ratio",
    "thumbs-up-rate": "ratio",
    "user-cost-over-mean": "x",
}
COLUMNS = ["feature", "language", "model", "tier", "user_id"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(text: str | bytes, *, checks: list[str] | None = None) -> Config:
    """Return the config that `text` is, with the names that the tests know."""
    path = Path("aiopsctl.yaml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, metrics=METRICS, columns=COLUMNS, checks=checks)


def refused(text: str | bytes, *, checks: list[str] | None = None) -> str:
    """Return the message with which `text` is refused."""
    with pytest.raises(ConfigError) as caught:
        loaded(text, checks=checks)
    return str(caught.value)


def a_check(*lines: str, metric: str = "error-rate") -> str:
    """Return a config with one check, whose lines begin at line 4."""
    body = lines or ("critical: {above: 5%}",)
    return "\n".join(["checks:", "  one:", f"    metric: {metric}", *(f"    {line}" for line in body), ""])


def what(message: str) -> list[str]:
    """Return the headlines of a message."""
    return [line.removeprefix("error: ") for line in message.splitlines() if line.startswith("error: ")]


# Reading


def test_example_loads() -> None:
    """The example of the documentation loads without a problem."""
    config = loaded(EXAMPLE)

    assert list(config.checks) == [
        "cost-growth",
        "tier-margin",
        "heavy-users",
        "prompt-creep",
        "latency",
        "thumbs-up",
        "reviews",
    ]


def test_values_are_typed() -> None:
    """Numbers, shares, money, dates and lists become values of their types."""
    config = loaded(EXAMPLE)

    assert config.sources.calls == (Source(path="logs/calls/*.jsonl.gz"),)
    assert config.max_rejected == Quantity(0.01, "%")
    assert config.features["autocomplete"].class_ == "inline"
    assert config.classes["on-demand"].p50 == Quantity(3000.0, "ms")
    assert config.tiers["pro"] == Tier(
        revenue=Quantity(20.0, "USD / month"), soft=250, hard=1000, notify_at=Quantity(0.8, "%")
    )
    assert config.providers["acme"].tpm == 2_000_000
    assert config.forecast == {"2026-11": Quantity(18_400.0, "USD")}
    assert config.baselines["launch"].until == date(2026, 9, 29)
    assert config.checks["latency"].metric == ("latency-p50", "latency-p95")
    assert config.checks["latency"].critical is not None
    assert config.checks["latency"].critical.above == "class"
    assert config.checks["latency"].for_ == "2d"
    assert config.checks["tier-margin"].by == ("tier",)
    assert config.mutes == (
        Mute(check="latency", where="feature = 'nightly'", reason="migration", until=date(2026, 12, 15)),
    )


def test_quantities_keep_their_text() -> None:
    """A limit is shown as it was written."""
    config = loaded(EXAMPLE)

    assert config.checks["thumbs-up"].critical is not None
    assert str(config.checks["thumbs-up"].critical.fall) == "8 points"


def test_defaults_hold_without_a_file() -> None:
    """No config leaves the preset open, in UTC, over seven days."""
    config = Config()

    assert (config.preset, config.timezone, config.defaults.window) == (None, "UTC", "7d")


def test_places_are_where_keys_are_written() -> None:
    """Each key remembers its line and column, each item too."""
    config = loaded(EXAMPLE)

    assert config.place("checks", "thumbs-up") == Place(70, 3)
    assert config.place("checks", "thumbs-up", "critical", "fall") == Place(75, 16)
    assert config.place("checks", "latency", "metric", 1) == Place(66, 27)
    assert config.place("mutes", 0) == Place(85, 5)
    assert config.place("store") is None


def test_sources_may_be_many_and_force_a_format() -> None:
    """A source is a path, or a path with its format, or a list of both."""
    config = loaded("sources:\n  calls: [a.jsonl, {path: b.jsonl, format: otel}]\n")

    assert config.sources.calls == (Source(path="a.jsonl"), Source(path="b.jsonl", format="otel"))


@pytest.mark.parametrize("written", ["no", "1e3", "12:30", "010", "1.10", "2026-11", "0x1f", "true", '"null"'])
def test_text_stays_what_is_written(written: str) -> None:
    """Where text is expected YAML's guesses do not apply."""
    config = loaded(f"features:\n  draft: {{owner: {written}}}\n")

    assert config.features["draft"].owner == written.strip('"')


def test_text_may_hold_any_script() -> None:
    """Text of any script is text, with its own kinds of spaces."""
    config = loaded("features:\n  été: {owner: 'Zoë\N{NO-BREAK SPACE}日本'}\n")

    assert config.features["été"].owner == "Zoë\N{NO-BREAK SPACE}日本"


def test_byte_order_mark_is_no_text() -> None:
    """A file saved with a byte order mark is read, and its places are right."""
    config = loaded(b"\xef\xbb\xbfversion: 1\n")

    assert config.place("version") == Place(1, 1)


@pytest.mark.parametrize(
    "compare",
    ["previous", "launch", "baseline:launch", "2026-09", "2026-W37", "2026-09-01..2026-10-01", "last-month"],
)
def test_references_that_exist(compare: str) -> None:
    """A check compares with the period before, a baseline, or a range."""
    text = a_check(f"compare: {compare}", "critical: {rise: 20%}")
    text += "baselines: {launch: {since: 2026-09-01, until: 2026-09-29}}\n"

    assert loaded(text).checks["one"].compare == compare


# Quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("20%", 0.2, "%"),
        ("0.5 %", 0.005, "%"),
        ("57%", 0.57, "%"),
        ("8 points", 8.0, "points"),
        ("1 point", 1.0, "points"),
        ("1.5x", 1.5, "x"),
        ("1500ms", 1500.0, "ms"),
        ("3s", 3000.0, "ms"),
        ("2 min", 120_000.0, "ms"),
        ("36h", 129_600_000.0, "ms"),
        ("1d", 86_400_000.0, "ms"),
        ("0.02 USD", 0.02, "USD"),
        ("18_400 USD", 18_400.0, "USD"),
        ("20 USD / month", 20.0, "USD / month"),
        ("20 USD/month", 20.0, "USD / month"),
        ("2_000 tokens", 2000.0, "tokens"),
        ("2_000_000", 2_000_000.0, ""),
        ("-10 points", -10.0, "points"),
        ("0", 0.0, ""),
    ],
)
def test_quantity(text: str, value: float, unit: str) -> None:
    """A number with its unit is read as people write it."""
    assert quantity(text) == Quantity(value, unit)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "5 parsecs",
            ("error: unknown unit 'parsecs'\n  help: units: %, points, x, ms, s, min, h, d, USD, USD / month, tokens"),
        ),
        ("5 usd", "error: unknown unit 'usd'\n  help: did you mean 'USD'?"),
        ("5 ponts", "error: unknown unit 'ponts'\n  help: did you mean 'points'?"),
        ("18,400 USD", "error: '18,400 USD' is not a plain number\n  help: write it as 1500, 0.25 or 18_400"),
        ("1e3", "error: '1e3' is not a plain number\n  help: write it as 1500, 0.25 or 18_400"),
        ("010", "error: '010' is not a plain number\n  help: write it as 1500, 0.25 or 18_400"),
        (
            "-.inf",
            (
                "error: '-.inf' is not a finite number\n"
                "  help: write a number with its unit, such as 20%, 1500ms, 8 points, 5x or 18_400 USD"
            ),
        ),
        (
            "many",
            (
                "error: 'many' is not a quantity\n"
                "  help: write a number with its unit, such as 20%, 1500ms, 8 points, 5x or 18_400 USD"
            ),
        ),
        (
            "9" * 20,
            "error: '99999999999999999999' is too large\n  help: the largest number is 1_000_000_000_000_000",
        ),
    ],
)
def test_quantity_refused(text: str, message: str) -> None:
    """What is no quantity is refused with what would be one."""
    with pytest.raises(UsageError) as caught:
        quantity(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "metric_unit", "limit"),
    [
        ("20%", "ratio", Limit("above", 0.2, "absolute")),
        ("0.2", "ratio", Limit("above", 0.2, "absolute")),
        ("0.5%", "ratio", Limit("below", 0.005, "absolute")),
        ("1500ms", "ms", Limit("above", 1500, "absolute")),
        ("3s", "ms", Limit("above", 3000, "absolute")),
        ("3s", "s", Limit("above", 3, "absolute")),
        ("0.02 USD", "usd", Limit("above", 0.02, "absolute")),
        ("2_000 tokens", "tokens", Limit("above", 2000, "absolute")),
        ("5x", "x", Limit("above", 5, "absolute")),
        ("30 points", "score", Limit("below", 30, "absolute")),
        ("-10", "points", Limit("below", -10, "absolute")),
        ("10_000", "rpm", Limit("above", 10_000, "absolute")),
        ("20%", "ratio", Limit("rise", 0.2, "relative")),
        ("20%", "usd", Limit("fall", 0.2, "relative")),
        ("1.5x", "tokens", Limit("rise", 1.5, "factor")),
        ("0.5x", "calls", Limit("fall", 0.5, "factor")),
        ("8 points", "ratio", Limit("fall", 0.08, "absolute")),
        ("57 points", "ratio", Limit("fall", 0.57, "absolute")),
        ("8 points", "points", Limit("fall", 8, "absolute")),
        ("200ms", "ms", Limit("rise", 200, "absolute")),
        ("0.01 USD", "usd", Limit("rise", 0.01, "absolute")),
        ("100", "users", Limit("fall", 100, "absolute")),
    ],
)
def test_limit(text: str, metric_unit: str, limit: Limit) -> None:
    """A quantity means what suits the metric: its own unit, a change, a factor, or a difference."""
    assert as_limit(quantity(text), metric_unit, limit.kind) == limit


@pytest.mark.parametrize(
    ("text", "metric_unit", "kind", "message"),
    [
        (
            "20%",
            "ms",
            "above",
            "error: 'above: 20%' does not suit a metric in ms\n  help: write it as above: 1500ms",
        ),
        (
            "8 points",
            "ratio",
            "above",
            "error: 'above: 8 points' does not suit a metric in ratio\n  help: write it as above: 20%",
        ),
        (
            "20",
            "ratio",
            "above",
            "error: 'above: 20' is more than the whole of a ratio\n  help: write it as above: 20%",
        ),
        (
            "5x",
            "calls",
            "above",
            "error: 'above: 5x' does not suit a metric in calls\n  help: write it as above: 200",
        ),
        (
            "3s",
            "ratio",
            "fall",
            ("error: 'fall: 3s' does not suit a metric in ratio\n  help: write it as fall: 20% or fall: 8 points"),
        ),
        (
            "8 points",
            "usd",
            "rise",
            ("error: 'rise: 8 points' does not suit a metric in usd\n  help: write it as rise: 20% or rise: 0.02 USD"),
        ),
        (
            "3s",
            "calls",
            "rise",
            "error: 'rise: 3s' does not suit a metric in calls\n  help: write it as rise: 20%",
        ),
        (
            "-5%",
            "usd",
            "rise",
            "error: 'rise: -5%' is not positive\n  help: write how far it may rise, such as rise: 20%",
        ),
        ("150%", "usd", "fall", "error: 'fall: 150%' cannot happen\n  help: nothing falls by more than 100%"),
        (
            "0.5x",
            "usd",
            "rise",
            "error: 'rise: 0.5x' is no rise\n  help: a rise to half as much again is 1.5x",
        ),
        (
            "2x",
            "usd",
            "fall",
            "error: 'fall: 2x' is no fall\n  help: a fall to half of the reference is 0.5x",
        ),
    ],
)
def test_limit_refused(text: str, metric_unit: str, kind: LimitKind, message: str) -> None:
    """A quantity that does not suit the metric is refused with one that would."""
    with pytest.raises(UsageError) as caught:
        as_limit(quantity(text), metric_unit, kind)

    assert str(caught.value) == message


# Problems, as they are shown


def test_unknown_metric_is_shown_at_its_place() -> None:
    """An unknown metric is underlined, with the nearest that exists."""
    assert refused(a_check("critical: {above: 2s}", metric="latency-p59")) == (
        "error: unknown metric 'latency-p59' in check 'one'\n"
        "  --> aiopsctl.yaml:3:13\n"
        " 3 |     metric: latency-p59\n"
        "   |             ^^^^^^^^^^^ did you mean 'latency-p95'?\n"
        "\n"
        "1 problem in aiopsctl.yaml"
    )


def test_duplicate_key_is_shown_with_both_lines() -> None:
    """A key that is written twice is refused, and both lines are named."""
    assert refused(a_check("critical: {above: 5%}", "critical: {above: 6%}")) == (
        "error: key 'critical' is written twice in check 'one'\n"
        "  --> aiopsctl.yaml:5:5\n"
        " 5 |     critical: {above: 6%}\n"
        "   |     ^^^^^^^^ first written on line 4\n"
        "\n"
        "1 problem in aiopsctl.yaml"
    )


def test_unit_that_does_not_suit_is_shown() -> None:
    """A limit in a unit that the metric does not have is shown with one that would do."""
    assert refused(a_check("critical: {above: 20%}", metric="[error-rate, latency-p95]")) == (
        "error: 'above: 20%' does not suit a metric in ms (latency-p95) in check 'one'\n"
        "  --> aiopsctl.yaml:4:23\n"
        " 4 |     critical: {above: 20%}\n"
        "   |                       ^^^ write it as above: 1500ms\n"
        "\n"
        "1 problem in aiopsctl.yaml"
    )


def test_comparison_sign_is_answered_with_a_key() -> None:
    """Who writes a limit as a comparison learns that it is a key."""
    assert refused(a_check("warning: > 20%")) == (
        "error: not YAML: expected a comment or a line break, but found '2'\n"
        "  --> aiopsctl.yaml:4:16\n"
        " 4 |     warning: > 20%\n"
        "   |                ^ > begins a text; a limit is a key, such as {above: 20%}\n"
        "\n"
        "1 problem in aiopsctl.yaml"
    )


def test_all_problems_are_shown_at_once() -> None:
    """Problems of every kind come together, in the order of the file."""
    text = """\
timezon: UTC
max_rejected: 5 parsecs
features:
  draft: {class: inlne, personalised: yes}
checks:
  latency:
    metric: latency-p95
    by: [feature, modle]
    window: 7 days
    warning: {above: 9s, rise: 20%}
    critical: {above: 8s}
mutes:
  - {check: latency, until: tomorrow}
"""

    assert refused(text) == (
        "error: unknown key 'timezon'\n"
        "  --> aiopsctl.yaml:1:1\n"
        " 1 | timezon: UTC\n"
        "   | ^^^^^^^ did you mean 'timezone'?\n"
        "\n"
        "error: unknown unit 'parsecs' in 'max_rejected'\n"
        "  --> aiopsctl.yaml:2:15\n"
        " 2 | max_rejected: 5 parsecs\n"
        "   |               ^^^^^^^^^ such as 20% or 0.2\n"
        "\n"
        "error: unknown class 'inlne' in feature 'draft'\n"
        "  --> aiopsctl.yaml:4:18\n"
        " 4 |   draft: {class: inlne, personalised: yes}\n"
        "   |                  ^^^^^ did you mean 'inline'?\n"
        "\n"
        "error: 'yes' is neither true nor false in 'personalised' of feature 'draft'\n"
        "  --> aiopsctl.yaml:4:39\n"
        " 4 |   draft: {class: inlne, personalised: yes}\n"
        "   |                                       ^^^ write true\n"
        "\n"
        "error: unknown column 'modle' in check 'latency'\n"
        "  --> aiopsctl.yaml:8:19\n"
        " 8 |     by: [feature, modle]\n"
        "   |                   ^^^^^ did you mean 'model'?\n"
        "\n"
        "error: '7 days' is not a window in 'window' of check 'latency'\n"
        "  --> aiopsctl.yaml:9:13\n"
        " 9 |     window: 7 days\n"
        "   |             ^^^^^^ such as 7d or 36h or month\n"
        "\n"
        "error: warning 'above: 9s' lies beyond critical 'above: 8s' in check 'latency'\n"
        "  --> aiopsctl.yaml:10:22\n"
        " 10 |     warning: {above: 9s, rise: 20%}\n"
        "    |                      ^^ a warning comes before\n"
        "\n"
        "error: 'rise' without 'compare' in check 'latency'\n"
        "  --> aiopsctl.yaml:10:26\n"
        " 10 |     warning: {above: 9s, rise: 20%}\n"
        "    |                          ^^^^ add compare: previous\n"
        "\n"
        "error: mute 1 lacks 'reason'\n"
        "  --> aiopsctl.yaml:13:5\n"
        " 13 |   - {check: latency, until: tomorrow}\n"
        "    |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ add reason: …\n"
        "\n"
        "error: 'tomorrow' is not a date in 'until' of mute 1\n"
        "  --> aiopsctl.yaml:13:29\n"
        " 13 |   - {check: latency, until: tomorrow}\n"
        "    |                             ^^^^^^^^ such as 2026-11-30\n"
        "\n"
        "10 problems in aiopsctl.yaml"
    )


def test_wide_characters_and_tabs_keep_the_caret_in_place() -> None:
    """The caret stands under the word, also after characters that are two columns wide."""
    assert refused("columns: {日本語: a, featur: b}") == (
        "error: unknown column '日本語' in 'columns'\n"
        "  --> aiopsctl.yaml:1:11\n"
        " 1 | columns: {日本語: a, featur: b}\n"
        "   |           ^^^^^^ known: feature, language, model, tier, user_id\n"
        "\n"
        "error: unknown column 'featur' in 'columns'\n"
        "  --> aiopsctl.yaml:1:19\n"
        " 1 | columns: {日本語: a, featur: b}\n"
        "   |                      ^^^^^^ did you mean 'feature'?\n"
        "\n"
        "2 problems in aiopsctl.yaml"
    )


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    """A control character is refused, and its message holds none."""
    assert refused('features: {"a\\x1b[31m": {}}') == (
        "error: a control character in 'a\N{REPLACEMENT CHARACTER}[31m' in 'features'\n"
        "  --> aiopsctl.yaml:1:12\n"
        ' 1 | features: {"a\\x1b[31m": {}}\n'
        "   |            ^^^^^^^^^^^ write visible characters only\n"
        "\n"
        "1 problem in aiopsctl.yaml"
    )


# Problems, by kind


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("thresold: 1", "unknown key 'thresold'"),
        ("sources: {fedback: x}", "unknown key 'fedback' in 'sources'"),
        (
            "sources: {calls: [a, {path: b, fromat: c}]}",
            "unknown key 'fromat' in item 2 of 'calls' of 'sources'",
        ),
        ("checks: [a]", "'checks' must be a mapping"),
        ("store: [a]", "'store' must be text"),
        ("store: ''", "empty text in 'store'"),
        ("store:", "nothing is written for 'store'"),
        ("features: {draft: ~}", "nothing is written for feature 'draft'"),
        ("version: 2", "unknown value '2' in 'version'"),
        ("preset: handbok", "unknown value 'handbok' in 'preset'"),
        ("providers: {a: {tpm: many}}", "'many' is not a whole number in 'tpm' of provider 'a'"),
        ("providers: {a: {tpm: '5'}}", "'5' is not a whole number in 'tpm' of provider 'a'"),
        ("providers: {a: {tpm: 1.5}}", "'1.5' is not a whole number in 'tpm' of provider 'a'"),
        ("providers: {a: {tpm: 1e3}}", "'1e3' is not a whole number in 'tpm' of provider 'a'"),
        ("providers: {a: {tpm: 010}}", "'010' has a leading zero in 'tpm' of provider 'a'"),
        ("providers: {a: {tpm: 0}}", "0 is less than 1 in 'tpm' of provider 'a'"),
        (
            "features: {a: {personalised: no}}",
            "'no' is neither true nor false in 'personalised' of feature 'a'",
        ),
        ("features: {a: {class: fast}}", "unknown class 'fast' in feature 'a'"),
        ("classes: {inline: {p50: 500}}", "'500' is not a time in 'p50' of class 'inline'"),
        ("classes: {inline: {p50: 2s, p95: 1s}}", "'p50' is more than 'p95' in class 'inline'"),
        ("tiers: {pro: {soft: 5, hard: 2}}", "'soft' is more than 'hard' in tier 'pro'"),
        ("tiers: {pro: {revenue: 20 EUR}}", "unknown unit 'EUR' in 'revenue' of tier 'pro'"),
        ("max_rejected: 1", "'1' is not a share in 'max_rejected'"),
        ("max_rejected: .nan", "'.nan' is not a finite number in 'max_rejected'"),
        ("max_rejected: -.inf", "'-.inf' is not a finite number in 'max_rejected'"),
        ("defaults: {confidence: 100%}", "'100%' is not a confidence in 'confidence' of 'defaults'"),
        ("defaults: {confidence: 90%}", "intervals are 95%, not 90%"),
        ("defaults: {window: 12:30}", "'12:30' is not a window in 'window' of 'defaults'"),
        ("forecast: {November: 5 USD}", "'November' is not a month in 'forecast'"),
        (
            "baselines: {a: {since: 2026-02-30, until: 2026-03-01}}",
            "'2026-02-30' is not a date in 'since' of baseline 'a'",
        ),
        ("baselines: {a: {since: 2026-02-01}}", "baseline 'a' lacks 'until'"),
        ("baselines: {a: {since: 2026-02-01, until: 2026-01-01}}", "baseline 'a' ends before it begins"),
        ("baselines: {a: {since: 2026-02-01, relative: previous}}", "baseline 'a' is relative and has dates"),
        ("columns: {featur: a}", "unknown column 'featur' in 'columns'"),
        ("timezone: Europe/Berln", "unknown timezone 'Europe/Berln'"),
        ("? [a]\n: b", "a key that is no text"),
        ("store: a\nstore: b", "key 'store' is written twice"),
        ("- a", "the config must be a mapping"),
        ("hello", "the config must be a mapping"),
        ("", "the config is empty"),
        ("# nothing yet\n", "the config is empty"),
        ("store: a\n---\nstore: b", "a second document in the config"),
        ("store:\n\ta: b", "not YAML: found character '\\t' that cannot start any token"),
        ("store: a\0b", "control character U+0000 in the config"),
        (b"store: caf\xe9", "the config is not UTF-8: byte 0xe9"),
    ],
)
def test_problem(text: str | bytes, headline: str) -> None:
    """Each mistake is one problem with a headline that names it."""
    assert what(refused(text)) == [headline]


@pytest.mark.parametrize(
    ("lines", "headline"),
    [
        (["by: feature"], "check 'one' has neither warning nor critical"),
        (["warning: {}"], "'warning' of check 'one' has no limit"),
        (["warning: {abov: 5%}"], "unknown key 'abov' in 'warning' of check 'one'"),
        (["critical: {fall: 5%}"], "'fall' without 'compare' in check 'one'"),
        (["compare: lunch", "critical: {fall: 5%}"], "unknown baseline 'lunch' in check 'one'"),
        (["compare: 7d", "critical: {fall: 5%}"], "unknown baseline '7d' in check 'one'"),
        (["compare: 2026-13", "critical: {fall: 5%}"], "unknown baseline '2026-13' in check 'one'"),
        (["critical: {above: class}"], "'above: class' does not suit error-rate in check 'one'"),
        (["critical: {below: class}"], "'class' is not a quantity in 'below' of 'critical' of check 'one'"),
        (["critical: {above: 5%}", "for: 36h"], "'36h' is not a number of days in 'for' of check 'one'"),
        (
            ["critical: {above: 5%}", "judge: intervall"],
            "unknown value 'intervall' in 'judge' of check 'one'",
        ),
        (["critical: {above: 5%}", "by: []"], "'by' of check 'one' is an empty list"),
        (["critical: {above: 5%}", "by: [model, ~]"], "nothing is written for item 2 of 'by' of check 'one'"),
        (
            ["warning: {above: 5%}", "critical: {above: 2%}"],
            "warning 'above: 5%' lies beyond critical 'above: 2%' in check 'one'",
        ),
        (
            ["warning: {below: 2%}", "critical: {below: 0.05}"],
            "warning 'below: 2%' lies beyond critical 'below: 0.05' in check 'one'",
        ),
        (
            ["compare: previous", "warning: {rise: 2x}", "critical: {rise: 50%}"],
            "warning 'rise: 2x' lies beyond critical 'rise: 50%' in check 'one'",
        ),
        (
            ["compare: previous", "warning: {fall: 0.5x}", "critical: {fall: 0.8x}"],
            "warning 'fall: 0.5x' lies beyond critical 'fall: 0.8x' in check 'one'",
        ),
    ],
)
def test_problem_of_a_check(lines: list[str], headline: str) -> None:
    """Each mistake in a check is one problem with a headline that names it."""
    assert what(refused(a_check(*lines))) == [headline]


def test_check_without_metric() -> None:
    """A check that lacks its metric is still looked at as a whole."""
    assert what(refused("checks: {one: {compare: lunch, critical: {above: 5%}}}")) == [
        "check 'one' lacks 'metric'",
        "unknown baseline 'lunch' in check 'one'",
    ]


def test_limits_are_looked_at_without_known_metrics() -> None:
    """Without the metrics' units, limits in the same unit are still put in order."""
    Path("aiopsctl.yaml").write_text(a_check("warning: {above: 9s}", "critical: {above: 8s}", metric="any"))

    with pytest.raises(ConfigError) as caught:
        load(Path("aiopsctl.yaml"))

    assert what(str(caught.value)) == ["warning 'above: 9s' lies beyond critical 'above: 8s' in check 'one'"]


def test_mute_of_an_unknown_check() -> None:
    """A mute that silences nothing is refused, as soon as the preset's checks are known."""
    text = a_check() + "mutes: [{check: onne, reason: r, until: 2026-12-15}]\n"

    assert what(refused(text, checks=["error-rate"])) == ["unknown check 'onne' in mute 1"]


def test_mute_of_a_check_of_the_preset() -> None:
    """A check of the preset can be muted."""
    config = loaded("mutes: {check: error-rate, reason: r, until: 2026-12-15}\n", checks=["error-rate"])

    assert [mute.check for mute in config.mutes] == ["error-rate"]


def test_many_problems_end_somewhere() -> None:
    """After a hundred problems nobody looks for more."""
    message = refused("\n".join(f"key{number}: 1" for number in range(20_000)))

    assert len(what(message)) == 100
    assert message.splitlines()[-1] == "more than 100 problems in aiopsctl.yaml"


def test_missing_file() -> None:
    """A file that does not exist is told by its name."""
    with pytest.raises(ConfigError) as caught:
        load(Path("other.yaml"))

    assert str(caught.value) == "error: cannot read the config: No such file or directory\n  --> other.yaml"


# Attacks


BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        (BOMB, "anchors and aliases are refused"),
        ("store: *nowhere", "anchors and aliases are refused"),
        ("store: " + "[" * 100_000, "nested more than 32 deep"),
        ("- " * 100_000, "nested more than 32 deep"),
        ("? " * 100_000, "nested more than 32 deep"),
        ("store: !!python/object/apply:os.mkdir [pwned]", "tags are refused"),
        ("store: ! a", "tags are refused"),
        ("store: " + "x" * 10_000_000, "the config is larger than 256 KiB"),
        (
            "providers: {a: {tpm: " + "9" * 100_000 + "}}",
            f"'{'9' * 60}…' is too large in 'tpm' of provider 'a'",
        ),
        ("max_rejected: " + "9" * 100_000, f"'{'9' * 40}…' is not a quantity in 'max_rejected'"),
        (
            "%YAML 1." + "9" * 100_000 + "\n---\na: b",
            "not YAML: a number in a directive or an escape is too large",
        ),
        ('store: "\\UFFFFFFFF"', "not YAML: a number in a directive or an escape is too large"),
        (
            'store: "\\ud800"',
            "a control character in '\N{REPLACEMENT CHARACTER}' in 'store'",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_attack(text: str, headline: str) -> None:
    """What is made to harm is refused at once, without effect, in a short message."""
    started = monotonic()
    message = refused(text)

    assert what(message) == [headline]
    assert len(message) < 2_000
    assert monotonic() - started < 2
    assert not Path("pwned").exists()


# Finding


def test_find_looks_upwards() -> None:
    """The nearest config upwards is found."""
    Path("a/b").mkdir(parents=True)
    Path("aiopsctl.yaml").touch()

    assert find(Path("a/b")) == Path.cwd() / "aiopsctl.yaml"


def test_find_stops_at_the_root_of_the_repository() -> None:
    """A config above the repository belongs to something else."""
    Path("a/b/.git").mkdir(parents=True)
    Path("a/b/c").mkdir()
    Path("aiopsctl.yaml").touch()

    assert find(Path("a/b/c")) is None


# Schema


def properties(node: Any, at: str = "") -> dict[str, dict[str, Any]]:
    """Return every property of a schema, by where it is."""
    found = {f"{at}/{key}": value for key, value in node.get("properties", {}).items()}
    for key, value in [(f"{at}/{key}", value) for key, value in node.get("definitions", {}).items()]:
        found |= properties(value, key)
    for value in node.get("anyOf", []):
        found |= properties(value, at)
    return found


def test_schema_is_draft_07() -> None:
    """The schema is one, of the draft that editors know."""
    made = schema()

    Draft7Validator.check_schema(made)
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$defs" not in json.dumps(made)


def test_schema_accepts_the_example() -> None:
    """The example is valid in an editor too."""
    example = json.loads(json.dumps(yaml.safe_load(EXAMPLE), default=str))

    assert list(Draft7Validator(schema()).iter_errors(example)) == []


@pytest.mark.parametrize(
    "text",
    [
        "thresold: 1",
        "checks: {one: {metrik: a}}",
        "checks: {one: {}}",
        "preset: mine",
        "defaults: {window: soon}",
    ],
)
def test_schema_refuses(text: str) -> None:
    """The schema refuses what the loader refuses, as far as types go."""
    assert not Draft7Validator(schema()).is_valid(yaml.safe_load(text))


def test_schema_describes_every_property() -> None:
    """Hover is the manual: each key has a description."""
    silent = [name for name, each in properties(schema()).items() if not each.get("description")]

    assert silent == []
    assert "/Check/for" in properties(schema())
