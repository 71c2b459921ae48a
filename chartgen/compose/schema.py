"""All values of a stack -> the chart's values.schema.json; what a schema means.

What an author writes is JSON Schema with six words of our own, none of which reaches the chart but the last:

- `x-choice: true` on a text: its values are those that the stack's fragments add with `choice`.
- `x-keys-of: files/NAME.yaml` on a text: its values are the keys of that data file.
- `x-merge: true` on a free-form map: an entry of `servers` adds to it, where other free-form maps and all lists are
  replaced whole; `x-merge: keys` where what stands under one key is replaced whole.
- `x-block: true` on an object with properties: one of Kubernetes' blocks, which an entry replaces whole.
- `x-kubernetes: io.k8s.api.…` in place of a type: Kubernetes' own definition.
- `x-message: text` beside a pattern: what it asks for, in words. reading/unprinted.py says in which form.

Objects with `properties` are closed, and each property with a default is required, so that `--set gpu=null` gets a
sentence from Helm instead of a template's error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..conventions import ENTRY, ONE_SERVER, SERVERS
from ..reading.unprinted import HOLDS, NESTED, NESTED_LISTS, NESTED_MAPS, sealed
from ..sources.stack import Stack

OURS = ("x-choice", "x-keys-of", "x-merge", "x-block", "x-kubernetes")


@dataclass(frozen=True)
class Values:
    """All values of a stack: key -> schema, each scope in the stack's order, with defaults as the stack sets them."""

    server: dict[str, Any]
    release: dict[str, Any]
    definitions: dict[str, Any]


def children(schema: dict[str, Any]) -> list[Any]:
    """The schemas directly inside `schema`, booleans included."""
    found: list[Any] = []
    for word, value in schema.items():
        kind = HOLDS.get(word)
        if kind:
            found += value.values() if kind == "map" else value if kind == "list" else (value,)
    return found


def copied(value: Any) -> Any:
    """A copy of what came from YAML; copy.deepcopy, which could meet anything, takes five times as long."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def closed(schema: dict[str, Any]) -> bool:
    """Whether it is an object of ours: known properties, merged key by key."""
    return "properties" in schema and not schema.get("x-block")


def default(schema: dict[str, Any]) -> Any:
    """The default of a property: its own, or that of its properties; None where it has none."""
    if "default" in schema:
        return copied(schema["default"])
    return defaults(schema["properties"]) if closed(schema) else None


def defaults(properties: dict[str, Any]) -> dict[str, Any]:
    """The values that stand in values.yaml for these properties."""
    found = {key: default(schema) for key, schema in properties.items()}
    return {key: value for key, value in found.items() if value is not None}


def replaced(properties: dict[str, Any], path: tuple[str, ...] = ()) -> list[str]:
    """The dotted paths that an entry of `servers` replaces whole; `env.*` is each entry of `env`.

    Half of one `valueFrom` and half of another would be none.
    """
    found = []
    for key, schema in properties.items():
        if closed(schema):
            found += replaced(schema["properties"], (*path, key))
        elif not schema.get("x-merge"):
            found.append(".".join((*path, key)))
        elif schema["x-merge"] == "keys":
            found.append(".".join((*path, key, "*")))
    return found


def by_first_key(paths: list[str]) -> dict[str, list[str]]:
    """Dotted paths by their first key."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(path.partition(".")[0], []).append(path)
    return found


def values_schema(stack: Stack, values: Values, kubernetes: dict[str, Any]) -> dict[str, Any]:
    """The chart's values.schema.json: draft-07, one self-contained document, closed at every depth.

    `kubernetes` are Kubernetes' definitions by name; those that are used come along.
    """
    entry = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _overlay(schema) for key, schema in values.server.items()},
    }
    server_names = sorted(stack.values.get(SERVERS, ONE_SERVER))
    servers = {
        "type": "object",
        "description": "Model servers of the release by name, each with the values that differ from the defaults.",
        "propertyNames": {
            "pattern": "^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$",
            "x-message": "a name of at most 30 lowercase letters, digits and dashes that begins with a letter",
        },
        "required": server_names,
        "additionalProperties": {"$ref": f"#/definitions/{ENTRY}"},
    }
    properties = {key: _required(schema) for key, schema in values.server.items()}
    if values.server:
        properties[SERVERS] = servers
    properties |= {key: _required(schema) for key, schema in values.release.items()}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by chartgen from its fragments' values.schema.yaml; do not edit.",
        "title": f"Values of {stack.chart['name']}",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(key for key, schema in properties.items() if key == SERVERS or default(schema) is not None),
        "properties": properties,
        "definitions": {ENTRY: entry} | {name: _strict(schema) for name, schema in values.definitions.items()},
    }
    document["definitions"] |= _reached(document, kubernetes)
    return _unreferenced_dropped(_without(document, OURS))


def text(document: dict[str, Any]) -> str:
    """The document as JSON, a line for each value and each definition: to be read, compared and parsed fast."""
    lines = []
    for key, value in sealed(document).items():
        if key in ("properties", "definitions"):
            inner = ",\n".join(f"  {json.dumps(name)}: {_line(schema)}" for name, schema in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _required(schema: dict[str, Any]) -> dict[str, Any]:
    """The form of a property outside an entry: everything that has a default is required."""
    if not closed(schema):
        return _strict(schema)
    needed = schema.get("required", sorted(defaults(schema["properties"])))
    properties = {key: _required(inner) for key, inner in schema["properties"].items()}
    return _object(schema, properties) | ({"required": needed} if needed else {})


def _overlay(schema: dict[str, Any]) -> dict[str, Any]:
    """The form of a property in an entry of `servers`: nothing is required, nothing has a default."""
    kept = {
        word: value for word, value in schema.items() if word not in ("required", "default", "description", "examples")
    }
    if not closed(schema):
        return _strict({**kept, **({"required": schema["required"]} if "required" in schema else {})})
    return _object(kept, {key: _overlay(inner) for key, inner in schema["properties"].items()})


def _object(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, **schema, "properties": properties}


def _strict(schema: Any) -> Any:
    """Objects inside free-form maps and lists: closed, what is required is what their author says."""
    if not isinstance(schema, dict):
        return schema
    strict = dict(schema)
    for word, value in schema.items():
        if word in NESTED:
            strict[word] = _strict(value)
        elif word in NESTED_MAPS:
            strict[word] = {key: _strict(inner) for key, inner in value.items()}
        elif word in NESTED_LISTS:
            strict[word] = [_strict(inner) for inner in value]
    return _object(strict, strict["properties"]) if "properties" in strict else strict


def _reached(document: dict[str, Any], kubernetes: dict[str, Any]) -> dict[str, Any]:
    """Those of Kubernetes' definitions that the document refers to, and what they refer to."""
    found: dict[str, Any] = {}
    waiting = _references(document)
    while waiting:
        name = waiting.pop()
        if name in kubernetes and name not in found:
            found[name] = kubernetes[name]
            waiting |= _references(kubernetes[name])
    return dict(sorted(found.items()))


def _references(schema: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "$ref" in each:
                found.add(each["$ref"].removeprefix("#/definitions/"))
            waiting += children(each)
    return found


def _without(value: Any, words: tuple[str, ...]) -> Any:
    """The schema without our own words; what stands beside a reference goes too, since draft-07 ignores it."""
    if isinstance(value, list):
        return [_without(item, words) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _without(inner, words) for key, inner in value.items() if key not in words}


def _unreferenced_dropped(document: dict[str, Any]) -> dict[str, Any]:
    """Definitions that nothing refers to any more (objects that were put in place) are left out."""
    used: set[str] = set()
    waiting = _references({**document, "definitions": {}})
    while waiting:
        name = waiting.pop()
        if name not in used and name in document["definitions"]:
            used.add(name)
            waiting |= _references(document["definitions"][name])
    document["definitions"] = {name: schema for name, schema in document["definitions"].items() if name in used}
    return document


def rows(properties: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value below properties, in order: (dotted path, schema). Lists, and maps of the user's keys, are one."""
    for key, schema in properties.items():
        yield f"{path}{key}", schema
        if closed(schema):
            yield from rows(schema["properties"], f"{path}{key}.")


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
