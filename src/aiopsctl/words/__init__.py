"""What `explain` and the documentation say, derived from the declarations."""

from aiopsctl.words.explain import as_json, as_text, schema

__all__ = ["as_json", "as_text", "schema"]
