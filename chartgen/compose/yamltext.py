"""Data as YAML text that people read: what PyYAML would lay out otherwise."""

from __future__ import annotations

import json
from typing import Any

from ..reading.yamlscalar import plain


def flow(value: Any) -> str:
    """A value on one line, as YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_text(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: dict[str, Any], depth: int) -> str:
    """A map over several lines, as YAML, indented by two spaces a level."""
    lines = []
    for key, inner in value.items():
        head = f"{'  ' * depth}{key_text(key)}:"
        nested = isinstance(inner, dict) and inner
        lines.append(f"{head}\n{block(inner, depth + 1)}" if nested else f"{head} {flow(inner)}\n")
    return "".join(lines)


def document(value: Any, depth: int = 0) -> str:
    """A map or a list over several lines, as YAML; a text of several lines is a `|` block."""
    indent = "  " * depth
    if isinstance(value, list):
        items = [document(item, depth + 1) if isinstance(item, dict) and item else f"{flow(item)}\n" for item in value]
        return "".join(f"{indent}- {item.lstrip(' ')}" for item in items)
    return "".join(f"{indent}{key_text(key)}:{_inner(inner, depth)}" for key, inner in value.items())


def _inner(value: Any, depth: int) -> str:
    """What is written after `key:`."""
    if isinstance(value, dict | list) and value:
        return "\n" + document(value, depth + isinstance(value, dict))
    if isinstance(value, str) and _blocks(value):
        lines = value.removesuffix("\n").split("\n")
        indent = "  " * (depth + 1)
        return f" |{'' if value.endswith(chr(10)) else '-'}\n" + "".join(
            f"{indent}{line}\n" if line else "\n" for line in lines
        )
    return f" {flow(value)}\n"


def _blocks(text: str) -> bool:
    """Whether a `|` block can hold a text: no indented first line, at most one line break at its end."""
    if "\n" not in text or text[0] in " \n" or text.endswith("\n\n"):
        return False
    return text.replace("\n", "").isprintable()


def scalar(value: Any) -> str:
    """A scalar as YAML: text is quoted unless it is a plain word."""
    word = isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and value[0].isalpha()
    if word and value.lower() not in ("true", "false", "yes", "no", "on", "off", "null", "y", "n"):
        return value
    return _quoted(value)


def key_text(key: str) -> str:
    """A key as YAML: quoted unless it is a word that is read as text, which `80`, `on` and `y` are not."""
    word = key != "" and all(char.isalnum() or char in "-_./" for char in key)
    return key if word and plain(key) == key else _quoted(key)


def _quoted(value: Any) -> str:
    """A scalar as JSON, which is YAML but for some characters that nobody sees."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
