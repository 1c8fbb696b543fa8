"""The JSON Schema of the config, draft-07, for editors; from the same types that the loader reads by."""

from typing import Any

import msgspec

from aiopsctl.config.quantity import Quantity
from aiopsctl.config.types import Settings, Source

DRAFT = "http://json-schema.org/draft-07/schema#"

QUANTITY = {
    "description": "A number with its unit, such as 20%, 1500ms, 8 points, 5x or 18_400 USD.",
    "type": ["string", "number"],
}

# NOTE: to YAML 1.2, and so to editors, 2_000_000 is text.
WITH_UNDERSCORES = {"type": "string", "pattern": "^[1-9][0-9]*(?:_[0-9]+)+$"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `aiopsctl.yaml`."""
    made = msgspec.json.schema(Settings)
    definitions = {name: _draft_07(each) for name, each in made["$defs"].items()}
    top = definitions.pop(Settings.__name__)
    definitions[Quantity.__name__] = QUANTITY
    definitions[Source.__name__] = _or_short(definitions[Source.__name__], Source.short)
    return {"$schema": DRAFT, **top, "title": "aiopsctl.yaml", "definitions": definitions}


def _draft_07(node: Any) -> Any:
    if isinstance(node, list):
        return [_draft_07(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _draft_07(value) for key, value in node.items() if key != "default"}
    for change in (_reference, _without_null, _one_or_many, _underscores):
        made = change(made)
    return made | _default(node)


def _reference(node: dict[str, Any]) -> dict[str, Any]:
    """Point to `definitions`; draft-07 ignores what stands beside a `$ref`, so that goes around it."""
    if not isinstance(node.get("$ref"), str):
        return node
    target = {"$ref": node["$ref"].replace("#/$defs/", "#/definitions/")}
    rest = {key: value for key, value in node.items() if key != "$ref"}
    return {**rest, "allOf": [target]} if rest else target


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """Leave out null: a key without a value is refused."""
    if "anyOf" not in node:
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    return {**choices[0], **rest} if len(choices) == 1 and "$ref" not in choices[0] else {**rest, "anyOf": choices}


def _one_or_many(node: dict[str, Any]) -> dict[str, Any]:
    """Let a list be written as its only item."""
    if node.get("type") != "array":
        return node
    rest = {key: value for key, value in node.items() if key not in ("type", "items")}
    return {**rest, "anyOf": [node["items"], {"type": "array", "items": node["items"], "minItems": 1}]}


def _underscores(node: dict[str, Any]) -> dict[str, Any]:
    """Let a whole number be written with underscores."""
    if node.get("type") != "integer":
        return node
    number = {key: node[key] for key in ("type", "minimum") if key in node}
    rest = {key: value for key, value in node.items() if key not in number}
    return {**rest, "anyOf": [number, WITH_UNDERSCORES]}


def _default(node: dict[str, Any]) -> dict[str, Any]:
    """Keep a default that can be written: no null, no section."""
    default = node.get("default")
    if isinstance(default, dict) and "text" in default:
        return {"default": default["text"]}
    return {} if default is None or isinstance(default, (dict, list, tuple)) else {"default": default}


def _or_short(definition: dict[str, Any], short: str) -> dict[str, Any]:
    return {"description": definition["description"], "anyOf": [definition["properties"][short], definition]}
