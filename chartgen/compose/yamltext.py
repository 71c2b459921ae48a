"""Data as YAML text that people read: what PyYAML would lay out otherwise."""

from __future__ import annotations

import json
from typing import Any


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


def scalar(value: Any) -> str:
    """A scalar as YAML: text is quoted unless it is a plain word."""
    plain = isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and value[0].isalpha()
    if plain and value.lower() not in ("true", "false", "yes", "no", "on", "off", "null", "y", "n"):
        return value
    return json.dumps(value, ensure_ascii=False)


def key_text(key: str) -> str:
    """A key as YAML."""
    return key if all(char.isalnum() or char in "-_./" for char in key) else json.dumps(key)
