"""The reference pages below `docs/reference`, written from the declarations: columns, config, JSON, exit codes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiopsctl.config import schema as config_schema
from aiopsctl.document import schema as result_schema
from aiopsctl.errors import EXIT_CODES
from aiopsctl.events import COLUMNS, TEXT, Column

_WRITTEN = "This page is written by `python -m aiopsctl.words.docs docs`."


def pages() -> dict[str, str]:
    """Return the text of each page, by its name."""
    made = {"columns": _columns(), "config": _config(), "json": _json(), "exit-codes": _exit_codes()}
    return {f"{name}.md": text for name, text in made.items()}


def _cell(text: str) -> str:
    """Return our own words, in which there may be Markdown, as a cell."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; its cells are Markdown already."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _columns() -> str:
    head = (
        "# Columns\n\nThe canonical columns: every log format is read into them, `--by` and `--where` name them, and "
        "`--map CANONICAL=COLUMN` says where one is found. Text ("
        + ", ".join(f"`{name}`" for name in TEXT)
        + ") is read "
        f"only where `--with-text` asks for it. `aiopsctl explain NAME` says which metrics need a column. {_WRITTEN}"
    )
    rows = [(f"`{c.name}`", c.dtype, _cell(c.unit), _cell(c.meaning) + _values(c)) for c in COLUMNS.values()]
    return f"{head}\n\n{table(('column', 'type', 'unit', 'what it is'), rows)}\n"


def _values(column: Column) -> str:
    return f"; one of {', '.join(f'`{value}`' for value in column.values)}" if column.values else ""


def _config() -> str:
    found = config_schema()
    head = (
        "# Config\n\nEvery key of `aiopsctl.yaml`. It is found upwards from the current folder, or named by `--config` or "
        "`AIOPSCTL_CONFIG`; a flag goes before the environment, that before the file. `aiopsctl explain config` shows the "
        f"values that hold with where each comes from, `aiopsctl explain --schema config` the schema for editors. {_WRITTEN}"
    )
    parts = [head, "## At the top", _keys(found["properties"])]
    for name, of in found["definitions"].items():
        own = next((each for each in (of, *of.get("anyOf", ())) if "properties" in each), None)
        parts += [f"## {name}", _cell(of.get("description", "")), *([_keys(own["properties"])] if own else [])]
    return "\n\n".join(parts) + "\n"


def _keys(properties: Mapping[str, Any]) -> str:
    rows = [(f"`{key}`", _type(of), _default(of), _cell(_told(of))) for key, of in properties.items()]
    return table(("key", "type", "default", "what it is"), rows)


def _told(of: Mapping[str, Any]) -> str:
    examples = ", ".join(map(str, of.get("examples", ())))
    return str(of.get("description", "")) + (f" For example: {examples}." if examples else "")


def _default(of: Mapping[str, Any]) -> str:
    return (
        f"`{str(of['default']).lower() if isinstance(of['default'], bool) else of['default']}`"
        if "default" in of
        else ""
    )


def _type(of: Mapping[str, Any]) -> str:
    """Return a type of a schema in words; a section is a link."""
    if "$ref" in of:
        name = str(of["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in of:
        return ", ".join(f"`{value}`" for value in of["enum"])
    choices = [each for key in ("allOf", "anyOf", "oneOf") for each in of.get(key, ())]
    if choices:
        return " or ".join(dict.fromkeys(map(_type, choices)))
    kind = of.get("type", "anything")
    if kind == "array":
        return f"list of {_type(next(iter(of.get('prefixItems', ())), of.get('items') or {}))}"
    inner = of.get("additionalProperties")
    if kind == "object":
        return f"name: {_type(inner)}" if isinstance(inner, dict) else "section"
    return str(kind) if isinstance(kind, str) else " or ".join(kind)


def _json() -> str:
    found = result_schema()
    head = (
        "# JSON\n\nWhat `-f json` writes, for every command: one document of one shape. A minor version only adds; unknown is "
        "`null`, never 0; numbers have full precision and times their offset. An analysis adds keys of its own. "
        f"`aiopsctl explain --schema result` prints the schema. {_WRITTEN}"
    )
    parts = [head, "## The document", _fields(found)]
    for name, of in found["$defs"].items():
        parts += [f"## {name}", _cell(" ".join(of.get("description", "").split())), _fields(of)]
    return "\n\n".join(parts) + "\n"


def _fields(of: Mapping[str, Any]) -> str:
    always = of.get("required", ())
    rows = [(f"`{key}`", _type(own), "yes" if key in always else "") for key, own in of.get("properties", {}).items()]
    return table(("key", "type", "always there"), rows)


def _exit_codes() -> str:
    head = (
        "# Exit codes\n\nThe same for every command. Usage and bugs stop a run; a breach goes before what could not be judged. "
        "A reader that closes the pipe changes nothing. `--exit-codes nagios` maps a check to 0 ok, 1 warning, 2 critical, "
        f"3 unknown. {_WRITTEN}"
    )
    return f"{head}\n\n{table(('code', 'meaning'), [(str(code), _cell(told)) for code, told in EXIT_CODES.items()])}\n"
