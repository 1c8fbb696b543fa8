"""The config: `aiopsctl.yaml` as typed, frozen values, or every problem in it at once.

types       every key of the file, with its type and its description
kinds       the kinds of values that keys share
quantity    `20%`, `3s`, `18_400 USD`: a number with its unit
limit       a quantity as the limit of a metric
document    the file as YAML nodes, defended against hostile input
scalar      one word of the file as a strict value
walk        nodes -> values, by the types
view        what the rules look at
meaning     what types cannot say: names exist, dates and limits are in order
judging     the same for checks: references exist, units suit
problem     one thing that is wrong, shown at its place
monthly     what is known by month, from a table beside the config
loader      `load` and `find`
schema      the JSON Schema of the file, from the same types
"""

from aiopsctl.config.limit import Limit, LimitKind, as_limit
from aiopsctl.config.loader import find, load
from aiopsctl.config.quantity import Quantity, quantity
from aiopsctl.config.schema import schema
from aiopsctl.config.types import (
    CLASS_LIMITS,
    HANDBOOK_CLASSES,
    Baseline,
    Check,
    Config,
    Defaults,
    Feature,
    LatencyClass,
    Limits,
    Mute,
    Place,
    Price,
    Provider,
    Settings,
    Source,
    Sources,
    Tier,
)

__all__ = [
    "CLASS_LIMITS",
    "HANDBOOK_CLASSES",
    "Baseline",
    "Check",
    "Config",
    "Defaults",
    "Feature",
    "LatencyClass",
    "Limit",
    "LimitKind",
    "Limits",
    "Mute",
    "Place",
    "Price",
    "Provider",
    "Quantity",
    "Settings",
    "Source",
    "Sources",
    "Tier",
    "as_limit",
    "find",
    "load",
    "quantity",
    "schema",
]
