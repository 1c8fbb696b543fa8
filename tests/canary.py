"""Texts that must not come out: each is unlike anything else, so that a search for one of them is sure."""

import re
from collections.abc import Mapping

CANARY = re.compile("canary[ _-]?[a-z]*[0-9a-f]{6}", re.IGNORECASE)

PROMPT, OUTPUT, COMMENT = "canaryp3f9a1c", "canaryo71b20d", "canaryc0e44f7"
BEFORE, AFTER = "canaryb5d8801", "canarya92c3e6"
USER = "canaryu64af19"
TEXTS = {
    "prompt": f"How do I reset my password? {PROMPT}", "output": f"Dear customer, {OUTPUT}",
    "final_text": f"Dear Ms Doe, {AFTER}", "comment": f"wrong, {COMMENT}", "system": f"You are {BEFORE}",
    "messages": [{"role": "user", "content": f"hello {PROMPT}"}], "completion": f"bye {OUTPUT}",
}  # fmt: skip
"""What people and models wrote, under the names of our columns and of others."""


def leaks(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the canaries that are in texts, by the name of the text."""
    found = {name: {each.lower() for each in CANARY.findall(text)} - {USER} for name, text in texts.items()}
    return {name: those for name, those in found.items() if those}
