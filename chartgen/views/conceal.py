"""What is not printed of manifests: texts that are credentials by their names, and users and keys in URLs."""

from __future__ import annotations

import re
from typing import Any

from ..reading.yamlfile import Key

WORDS = (
    r"(?:passw(?:or)?d|passphrase|pwd|token|secret|credentials?"
    r"|(?:api|secret|private|access|auth|master|encryption|signing)[-_]?key)"
)
# The end of the name of a variable, an option or a key that holds a credential.
NAME = re.compile(rf"{WORDS}$", re.IGNORECASE)
# The same inside a text, such as a command of a shell or a line of JSON: NAME=…, NAME: …, --name …, and what a header
# Authorization says.
WRITTEN = re.compile(
    rf"""((?:{WORDS}\\?["']?[ \t]*[=:][ \t]*|(?<![\w-])--?[\w-]*{WORDS}[ \t]+|\b(?:Bearer|Basic)[ \t]+))"""
    r"""("(?:[^"\\]|\\.)*"|'[^']*'|\\"[^"\\]*\\"|[^\s"';&|,)}]+)""",
    re.IGNORECASE,
)
USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
# A parameter of a URL's query that holds a credential, such as ?key=… of some providers.
QUERY = re.compile(
    r"([?&][^?&=\s]*(?:key|token|secret|passw(?:or)?d|pwd|sig(?:nature)?|credentials?)=)[^&#;\s]+", re.IGNORECASE
)
HIDDEN = "…"


def named(path: Key) -> bool:
    """Whether the name of a place says that it holds a credential: a variable, or a key of any object."""
    steps = [str(step) for step in path]
    if len(steps) > 1 and steps[-1] == "value":
        return bool(NAME.search(steps[-2].strip("[]")))
    return bool(steps) and bool(NAME.search(steps[-1]))


def concealed(value: Any) -> Any:
    """A value without the credentials in it."""
    if isinstance(value, dict):
        variable = str(value.get("name", ""))
        names = {key: variable if key == "value" else str(key) for key in value}
        return {
            key: HIDDEN if isinstance(inner, str) and NAME.search(names[key]) else concealed(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            HIDDEN if n and _holds(value[n - 1]) and isinstance(each, str) else concealed(each)
            for n, each in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    name, equals, _ = value.partition("=")
    if equals and NAME.search(name) and " " not in name:
        return f"{name}={HIDDEN}"
    return WRITTEN.sub(rf"\1{HIDDEN}", QUERY.sub(rf"\1{HIDDEN}", USER.sub(rf"\1{HIDDEN}@", value)))


def _holds(word: Any) -> bool:
    """Whether a word of a command is an option whose value, the next word, is a credential."""
    return isinstance(word, str) and option(word) and bool(NAME.search(word))


def option(word: str) -> bool:
    """Whether a word of a command is an option whose value is the next word."""
    return word.startswith("-") and "=" not in word
