"""The config of the sample logs."""

from datetime import datetime

from aiopsctl.demo.faults import Window

_TEXT = """\
# The sample logs: five features, three tiers. Every limit is the handbook's.
version: 1
timezone: UTC
now: data   # these logs end; leave it out where logs grow, so that a log that stopped is noticed

sources:
  calls: calls.jsonl.gz
  feedback: feedback.jsonl.gz
  users: users.jsonl.gz
  tickets: tickets.jsonl.gz

features:
  autocomplete: {class: inline, owner: ed}
  draft: {class: on-demand, owner: pia}
  search-answer: {class: on-demand, owner: pia}
  doc-analysis: {class: background, owner: ole}
  nightly-digest: {class: async, owner: ole}

checks:
  cost-growth:
    metric: cost-per-mau
    window: month
    compare: previous
    warning: {rise: 20%}
    critical: {rise: 50%}
  heavy-users:
    metric: user-cost-over-mean
    window: month
    warning: {above: 5x}
    critical: {above: 20x}
  prompt-creep:
    metric: input-tokens
    by: feature
    window: 30d
    compare: previous
    warning: {rise: 20%}
  latency:
    metric: [latency-p50, latency-p95]
    by: feature
    critical: {above: class}
  thumbs-up:
    metric: thumbs-up-rate
    by: feature
    window: 28d
    compare: GOOD
    warning: {fall: 3 points}
    critical: {fall: 5 points}
  errors:
    metric: error-rate
    by: day
    window: 28d
    warning: {above: 2%}
    critical: {above: 5%}
"""


def config(span: Window, falls: datetime | None) -> str:
    """Return the config of logs that cover a span; `falls` is when ratings begin to fall, None where they do not."""
    good = "previous"
    if falls is not None:
        good = f"{span.since:%Y-%m-%d}..{falls:%Y-%m-%d}   # a good period: before the ratings of draft began to fall"
    return _TEXT.replace("GOOD", good)
