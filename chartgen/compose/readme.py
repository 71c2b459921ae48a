"""Schemas -> the chart's README.md: its introduction with tables of all values in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..conventions import ONE_SERVER, SERVERS
from ..sources.stack import Stack
from .schema import Values, closed, default
from .values import explain, flow

PLACE = "<!-- values -->"


def readme(stack: Stack, values: Values) -> str:
    """The stack's README.md with the reference in place of `<!-- values -->`, at the end where it has none."""
    intro = stack.readme or f"# {stack.chart['name']}\n\n{stack.chart.get('description', '')}\n\n{PLACE}\n"
    if PLACE not in intro:
        intro = f"{intro.rstrip()}\n\n{PLACE}\n"
    made = "<!-- Made by chartgen from the fragments' values.schema.yaml. -->"
    tables = [made, *(_servers(stack, values) if values.server else []), *_table(values, values.release)]
    return intro.replace(PLACE, "\n".join(tables))


def _servers(stack: Stack, values: Values) -> list[str]:
    servers = flow(stack.values.get(SERVERS, ONE_SERVER))
    return [
        "### Every model server",
        "",
        f"Defaults of all model servers. An entry of `{SERVERS}` takes the same keys, for the values that differ. "
        "Maps are merged; lists, and maps that are marked *Replaced*, are replaced completely.",
        "",
        *_table(values, values.server),
        "",
        "### The model servers",
        "",
        *_head(),
        f"| `{SERVERS}` | map | `{servers}` | Model servers of the release by name, each with the values that "
        "differ from the defaults above. A name has at most 30 lowercase letters, digits and dashes, and begins with "
        "a letter. "
        "To remove a server that is in the default, set `enabled: false` in its entry. |",
        "",
        "### The release",
        "",
    ]


def _head() -> list[str]:
    return ["| key | type | default | meaning |", "|---|---|---|---|"]


def _table(values: Values, properties: dict[str, Any]) -> list[str]:
    return [*_head(), *(_row(values, path, schema) for path, schema in rows(properties))]


def rows(properties: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value that is not an object of ours: (dotted path, schema)."""
    for key, schema in properties.items():
        if closed(schema):
            yield f"{path}{key}", schema
            yield from rows(schema["properties"], f"{path}{key}.")
        else:
            yield f"{path}{key}", schema


def _row(values: Values, path: str, schema: dict[str, Any]) -> str:
    if closed(schema):
        meaning = " ".join(schema.get("description", "").split())
        return f"| **`{path}`** | | | {_cell(meaning)} |"
    value = default(schema)
    shown = "" if value is None else f"`{flow(value)}`"
    kind = type_name(schema, values.definitions)
    meaning = explain(schema)
    if path.split(".")[0] in values.server and kind == "map" and not schema.get("x-merge"):
        meaning += " *Replaced.*"
    return f"| `{path}` | {kind} | {_cell(shown)} | {_cell(meaning)} |"


def type_name(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The type of a value for people: text, integer, list, map, or several of these."""
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name in definitions:
        schema = definitions[name]
    if "$ref" in schema or "x-kubernetes" in schema:
        return "map"
    if "enum" in schema and "type" not in schema:
        return "integer" if all(type(option) is int for option in schema["enum"]) else "text"
    kinds = schema.get("type") or [option.get("type", "map") for option in schema.get("anyOf", [])]
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join({"object": "map", "array": "list", "string": "text"}.get(kind, kind) for kind in kinds)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
