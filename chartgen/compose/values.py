"""Schemas -> the commented values.yaml: the one place where Python writes YAML that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..conventions import ONE_SERVER, SERVERS
from ..sources.stack import Stack
from .schema import Values, closed, default
from .yamltext import block, flow

WIDTH = 110

HEAD = """\
# yaml-language-server: $schema=values.schema.json
# The values of {name}. Made by chartgen from the stack's fragments; change a default in its values.schema.yaml.
"""


def text(stack: Stack, values: Values) -> str:
    """values.yaml: every server's defaults, the servers, then the release; each value under what it means."""
    parts = [HEAD.format(name=stack.chart["name"])]
    if values.server:
        servers = stack.values.get(SERVERS, ONE_SERVER)
        parts += ["\n# Defaults of every model server. An entry of `servers` sets the values that differ.\n"]
        parts += _entries(values.server, 0)
        parts += [
            "\n# Model servers of the release by name, each with the values that differ from the defaults above.\n"
        ]
        parts += [f"{SERVERS}: {flow(servers)}\n" if not any(servers.values()) else f"{SERVERS}:\n{block(servers, 1)}"]
        parts += ["\n# The release.\n"]
    parts += _entries(values.release, 0)
    return "".join(parts)


def _entries(properties: dict[str, Any], depth: int) -> Iterator[str]:
    for key, schema in properties.items():
        value = default(schema)
        if value is None and not closed(schema):
            continue  # named in the comment of the object it belongs to
        if depth == 0:
            yield "\n"
        yield from _comment(schema, depth)
        indent = "  " * depth
        if closed(schema) and value:
            yield f"{indent}{key}:\n"
            yield from _entries(schema["properties"], depth + 1)
        elif isinstance(value, dict) and value and len(flow(value)) > 60:
            yield f"{indent}{key}:\n{block(value, depth + 1)}"
        else:
            yield f"{indent}{key}: {flow(value)}\n"


def _comment(schema: dict[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for n, line in enumerate(_lines(explain(schema), WIDTH - len(indent) - 5)):
        yield f"{indent}# {'-- ' if n == 0 else ''}{line}\n"


def _lines(text: str, width: int) -> Iterator[str]:
    """A text in lines of at most `width` characters, unless a word is longer. textwrap takes ten times as long."""
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def explain(schema: dict[str, Any]) -> str:
    """What a value means and may be, in one paragraph."""
    said = [" ".join(schema.get("description", "").split())]
    most = schema.get("maximum")
    numbers = re.findall(r"\d[\d,]*(?:[.]\d+)?", said[0])
    if (
        most is not None
        and not re.search("most|maximum", said[0])
        and str(most) not in [n.replace(",", "") for n in numbers]
    ):
        said.append(f"At most {most}.")
    if "enum" in schema:
        said.append(f"One of: {', '.join(map(flow, schema['enum']))}.")
    optional = {k: v for k, v in schema.get("properties", {}).items() if default(v) is None}
    if optional:
        said.append("May hold: " + "; ".join(f"{k} ({_first(v)})" for k, v in optional.items()) + ".")
    if schema.get("examples"):
        said.append("For example: " + ", or ".join(map(flow, schema["examples"])) + ".")
    return " ".join(filter(None, said))


def _first(schema: dict[str, Any]) -> str:
    return " ".join(schema.get("description", "").split()).rstrip(".") or schema.get("type", "any")
