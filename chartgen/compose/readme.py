"""Schemas -> the chart's README.md: its introduction with tables of the values at the top.

Helm keeps the README in the Secret of every revision of a release, so it does not hold what values.yaml says too.
"""

from __future__ import annotations

from typing import Any

from ..conventions import ONE_SERVER, SERVERS
from ..sources.stack import Stack
from .schema import Values, closed, default, type_name
from .values import explain, flow

PLACE = "<!-- values -->"


def readme(stack: Stack, values: Values) -> str:
    """The stack's README.md with the reference in place of `<!-- values -->`, at the end where it has none."""
    intro = stack.readme or f"# {stack.chart['name']}\n\n{stack.chart.get('description', '')}\n\n{PLACE}\n"
    if PLACE not in intro:
        intro = f"{intro.rstrip()}\n\n{PLACE}\n"
    name = stack.chart["name"]
    tables = [
        "<!-- Made by chartgen from the fragments' values.schema.yaml. -->",
        "These are the values at the top. `values.yaml` describes each of them and all that they contain; "
        f"`helm show values {name}`, with the folder, package or reference of the chart for `{name}`, prints it.",
        "",
        *(_servers(stack, values) if values.server else []),
        *_table(values, values.release),
    ]
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
    return [*_head(), *(_row(values, key, schema) for key, schema in properties.items())]


def _row(values: Values, key: str, schema: dict[str, Any]) -> str:
    if closed(schema):
        meaning = " ".join(schema.get("description", "").split())
        return f"| `{key}` | map | | {_cell(meaning)} |"
    value = default(schema)
    shown = "" if value is None else f"`{flow(value)}`"
    kind = type_name(schema, values.definitions)
    meaning = explain(schema)
    if key in values.server and kind == "map" and not schema.get("x-merge"):
        meaning += " *Replaced.*"
    return f"| `{key}` | {kind} | {_cell(shown)} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
